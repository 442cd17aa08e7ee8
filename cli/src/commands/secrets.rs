//! `mef secrets`: the secrets that the source files name, and whether they are set. No value is ever
//! printed. None is taken from the command line, which every process can read.

use std::process::ExitCode;

use anyhow::bail;
use jiff::Timestamp;
use mef_auth::Redactor;
use mef_ports::{SecretRef, SecretVersion, SecretsError};
use serde::Serialize;

use crate::args::{Global, SecretsCommand};
use crate::output;
use crate::sources::{files, known};

/// A secret as a line of JSON.
#[derive(Serialize)]
struct SecretLine {
    source: String,
    name: String,
    set: bool,
    version: Option<String>,
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
        SecretsCommand::Set { source, name, at_once, key } => {
            let sources = files::load_all(&global.sources)?;
            let named = sources.iter().find(|known| known.name.as_str() == source);
            if !named.is_some_and(|known| known.secret_names().contains(name)) {
                bail!(
                    "no source file in {} names the secret `{source}/{name}`: `mef secrets list` shows those that are named",
                    global.sources.display()
                );
            }
            let reference = SecretRef { source: source.clone(), name: name.clone() };
            set(global, &reference, *at_once, key.as_deref()).await
        }
    }
}

async fn list(
    global: &Global,
    source: Option<&str>,
    redactor: &Redactor,
) -> anyhow::Result<ExitCode> {
    let named = named(global, redactor).await?;
    if let Some(source) = source {
        let sources: Vec<_> = named.iter().map(|(secret, _)| secret.source.as_str()).collect();
        known::must_be_known(&global.sources, source, &sources)?;
    }
    let wanted = named.iter().filter(|(secret, _)| source.is_none_or(|name| name == secret.source));
    let line = |(secret, found): &Named| {
        let found = found.as_ref().ok();
        SecretLine {
            source: secret.source.clone(),
            name: secret.name.clone(),
            set: found.is_some(),
            version: found.map(|found| found.version.clone()),
            since: found.and_then(|found| found.since),
        }
    };
    let lines: Vec<_> = wanted.map(line).collect();
    let headings = ["SOURCE", "NAME", "SET", "VERSION", "SINCE"];
    output::list(global.json, &lines, &headings, |line| {
        vec![
            line.source.clone(),
            line.name.clone(),
            if line.set { "yes" } else { "no" }.to_owned(),
            output::or_dash(line.version.clone()),
            output::or_dash(line.since.map(output::moment)),
        ]
    })?;
    Ok(ExitCode::SUCCESS)
}

async fn check(global: &Global, redactor: &Redactor) -> anyhow::Result<ExitCode> {
    let named = named(global, redactor).await?;
    let missing: Vec<_> = named.iter().filter_map(|(_, found)| found.as_ref().err()).collect();
    for error in &missing {
        output::say(&error.to_string());
    }
    for (secret, found) in &named {
        if found.as_ref().is_ok_and(|found| found.value.has_blank_ends()) {
            output::say(&blank_ends(secret));
        }
    }
    output::say(&format!("{} of {} secrets are set", named.len() - missing.len(), named.len()));
    Ok(ExitCode::from(u8::from(!missing.is_empty())))
}

/// Says what nobody sees. A line of the secrets file is trimmed; elsewhere each character counts.
fn blank_ends(secret: &SecretRef) -> String {
    format!(
        "warning: the secret `{secret}` begins or ends with white space, which is part of it: if the vendor's has none, set it again without"
    )
}

/// A secret that a source names, and its present version.
type Named = (SecretRef, Result<SecretVersion, SecretsError>);

/// Reads every secret that a source names; fails if the store is away.
async fn named(global: &Global, redactor: &Redactor) -> anyhow::Result<Vec<Named>> {
    let secrets = crate::backend::secrets(global, redactor).await?;
    let mut named = Vec::new();
    for source in files::load_all(&global.sources)? {
        for name in source.secret_names() {
            let reference = SecretRef { source: source.name.to_string(), name };
            match secrets.get(&reference).await {
                Err(SecretsError::Store(error)) => return Err(error.into()),
                found => named.push((reference, found)),
            }
        }
    }
    Ok(named)
}

#[cfg(not(feature = "aws"))]
#[expect(clippy::unused_async, reason = "with the feature it asks AWS")]
async fn set(global: &Global, _: &SecretRef, _: bool, _: Option<&str>) -> anyhow::Result<ExitCode> {
    match global.backend {
        crate::args::Backend::Local => Err(set_by_hand(global)),
        crate::args::Backend::Aws => Err(crate::backend::without_aws()),
    }
}

#[cfg(feature = "aws")]
async fn set(
    global: &Global,
    reference: &SecretRef,
    at_once: bool,
    key: Option<&str>,
) -> anyhow::Result<ExitCode> {
    use std::io::Read as _;

    if global.backend == crate::args::Backend::Local {
        return Err(set_by_hand(global));
    }
    let mut value = String::new();
    std::io::stdin().read_to_string(&mut value)?;
    let value = mef_ports::Secret::new(without_line_end(&value));
    if value.expose().trim().is_empty() {
        bail!("stdin is empty: pipe the value in, such as `mef secrets set … < FILE`");
    }
    if value.has_blank_ends() {
        output::say(&blank_ends(reference));
    }
    crate::remote::set_secret(global, reference, &value, at_once, key).await?;
    output::say(&match at_once {
        true => format!("`{reference}` is set; the previous value is no longer accepted"),
        false => {
            format!("`{reference}` is set; the previous value is accepted for another 24 hours")
        }
    });
    Ok(ExitCode::SUCCESS)
}

/// Returns `text` without the line end that `echo` and editors add, on Windows `\r\n`.
#[cfg(any(feature = "aws", test))]
fn without_line_end(text: &str) -> &str {
    let text = text.strip_suffix('\n').unwrap_or(text);
    text.strip_suffix('\r').unwrap_or(text)
}

fn set_by_hand(global: &Global) -> anyhow::Error {
    anyhow::anyhow!(
        "on this machine a secret is the environment variable MEF_SECRET_<SOURCE>_<NAME>, or that \
         line of {}: write it there (`--backend aws` sets it in Parameter Store)",
        global.secrets.display()
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_line_end_of_an_editor_is_no_part_of_a_secret() {
        for text in ["s", "s\n", "s\r\n"] {
            assert_eq!(without_line_end(text), "s");
        }
        // More was meant, or is told.
        assert_eq!(without_line_end("s \n\n"), "s \n");
    }
}
