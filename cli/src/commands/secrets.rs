//! `mef secrets`: which secrets the source files name, and whether they are
//! set. No value is ever printed, and none is taken from the command line,
//! where every process can read it.

use std::process::ExitCode;

use anyhow::bail;
use jiff::Timestamp;
use mef_auth::Redactor;
use mef_ports::{SecretRef, SecretVersion, SecretsError};
use serde::Serialize;

use crate::args::{Global, SecretsCommand};
use crate::backend::Backend;
use crate::output;
use crate::sources::files;

/// A secret as a line of JSON.
#[derive(Serialize)]
struct SecretLine<'s> {
    source: &'s str,
    name: &'s str,
    set: bool,
    version: Option<&'s str>,
    since: Option<Timestamp>,
}

pub(super) async fn secrets(
    global: &Global,
    command: &SecretsCommand,
    redactor: &Redactor,
) -> anyhow::Result<ExitCode> {
    match command {
        SecretsCommand::List { source } => list(global, source.as_deref(), redactor).await,
        SecretsCommand::Check => check(global, redactor).await,
        SecretsCommand::Set { source, name, at_once } => {
            let sources = files::load_all(&global.sources)?;
            let named = sources.iter().find(|known| known.name.as_str() == source);
            if !named.is_some_and(|known| known.secret_names().contains(name)) {
                bail!(
                    "no source file in {} names the secret `{source}/{name}`: `mef secrets list` shows those that are named",
                    global.sources.display()
                );
            }
            let reference = SecretRef { source: source.clone(), name: name.clone() };
            set(global, &reference, *at_once).await
        }
    }
}

async fn list(
    global: &Global,
    source: Option<&str>,
    redactor: &Redactor,
) -> anyhow::Result<ExitCode> {
    let mut rows = Vec::new();
    for (reference, found) in named(global, redactor).await? {
        if source.is_some_and(|source| source != reference.source) {
            continue;
        }
        let found = found.ok();
        if global.json {
            output::json(&SecretLine {
                source: &reference.source,
                name: &reference.name,
                set: found.is_some(),
                version: found.as_ref().map(|found| found.version.as_str()),
                since: found.as_ref().and_then(|found| found.since),
            })?;
        }
        let since = found.as_ref().and_then(|found| found.since);
        let since = since.map(|since| since.strftime("%Y-%m-%dT%H:%M:%SZ").to_string());
        rows.push(vec![
            reference.source,
            reference.name,
            if found.is_some() { "yes" } else { "no" }.to_owned(),
            found.map_or_else(|| "-".to_owned(), |found| found.version),
            since.unwrap_or_else(|| "-".to_owned()),
        ]);
    }
    if !global.json {
        output::table(&["SOURCE", "NAME", "SET", "VERSION", "SINCE"], &rows)?;
    }
    Ok(ExitCode::SUCCESS)
}

async fn check(global: &Global, redactor: &Redactor) -> anyhow::Result<ExitCode> {
    let named = named(global, redactor).await?;
    let missing: Vec<_> = named.iter().filter_map(|(_, found)| found.as_ref().err()).collect();
    for error in &missing {
        output::say(&error.to_string());
    }
    output::say(&format!("{} of {} secrets are set", named.len() - missing.len(), named.len()));
    Ok(ExitCode::from(u8::from(!missing.is_empty())))
}

/// A secret that a source names, and what the store has.
type Named = (SecretRef, Result<SecretVersion, SecretsError>);

/// Every secret that a source names; a store that is away is an error.
async fn named(global: &Global, redactor: &Redactor) -> anyhow::Result<Vec<Named>> {
    let backend = Backend::open(global, redactor).await?;
    let mut named = Vec::new();
    for source in files::load_all(&global.sources)? {
        for name in source.secret_names() {
            let reference = SecretRef { source: source.name.to_string(), name };
            match backend.ports.secrets.get(&reference).await {
                Err(SecretsError::Store(error)) => return Err(error.into()),
                found => named.push((reference, found)),
            }
        }
    }
    Ok(named)
}

#[cfg(not(feature = "aws"))]
#[expect(clippy::unused_async, reason = "with the feature it asks AWS")]
async fn set(global: &Global, _: &SecretRef, _: bool) -> anyhow::Result<ExitCode> {
    match global.backend {
        crate::args::Backend::Local => Err(set_by_hand(global)),
        crate::args::Backend::Aws => Err(crate::backend::without_aws()),
    }
}

#[cfg(feature = "aws")]
async fn set(global: &Global, reference: &SecretRef, at_once: bool) -> anyhow::Result<ExitCode> {
    use std::io::Read as _;

    if global.backend == crate::args::Backend::Local {
        return Err(set_by_hand(global));
    }
    let remote = crate::remote::Remote::open(global).await?;
    let mut value = String::new();
    std::io::stdin().read_to_string(&mut value)?;
    // What `echo` and editors put at the end.
    let value = mef_ports::Secret::new(value.strip_suffix('\n').unwrap_or(&value));
    if value.expose().trim().is_empty() {
        bail!("stdin is empty: pipe the value in, such as `mef secrets set … < FILE`");
    }
    remote.set_secret(reference, &value, at_once).await?;
    output::say(&match at_once {
        true => format!("`{reference}` is set; the value before it counts no more"),
        false => format!("`{reference}` is set; the value before it counts for another 24 hours"),
    });
    Ok(ExitCode::SUCCESS)
}

fn set_by_hand(global: &Global) -> anyhow::Error {
    anyhow::anyhow!(
        "on this machine a secret is the environment variable MEF_SECRET_<SOURCE>_<NAME>, or that \
         line of {}: write it there (`--backend aws` sets it in Parameter Store)",
        global.secrets.display()
    )
}
