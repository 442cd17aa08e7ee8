//! `mef init`: a source folder from the catalogue, and what to do next.
//!
//! The catalogue is the presets that are built into the binary. The new folder holds what only the
//! operator can decide. What the vendor decides stays in the preset, so that an update fixes it for all.

mod folder;

use std::process::ExitCode;

use anyhow::{Context as _, bail};
use mef_ports::SecretRef;
use mef_source::{Preset, SourceName, preset, preset_names_near, presets};
use mef_sqlite::LocalSecrets;
use serde_json::json;

use crate::args::{Global, InitOptions};
use crate::output;
use crate::sources::files;

pub(super) fn init(global: &Global, options: &InitOptions) -> anyhow::Result<ExitCode> {
    match &options.vendor {
        None => list(global),
        Some(vendor) => create(global, vendor, options.name.as_deref()),
    }
}

fn list(global: &Global) -> anyhow::Result<ExitCode> {
    let mut rows = Vec::new();
    for preset in presets() {
        if global.json {
            output::json(&json!({
                "name": preset.name,
                "vendor": preset.vendor,
                "docs": preset.docs,
                "notes": preset.notes,
                "needs": needs(&preset),
                "secrets": preset.secrets,
                "checks": preset.checks(),
                "handshakes": preset.handshakes(),
            }))?;
        }
        let secrets: Vec<_> = preset.secrets.keys().map(String::as_str).collect();
        rows.push(vec![
            preset.name.clone(),
            preset.vendor.clone(),
            secrets.join(", "),
            needs(&preset).join(", "),
        ]);
    }
    if !global.json {
        output::table(&["NAME", "VENDOR", "SECRETS", "YOU ADD"], &rows)?;
        output::say("`mef init NAME` writes a source folder for one of them");
    }
    Ok(ExitCode::SUCCESS)
}

fn create(global: &Global, vendor: &str, name: Option<&str>) -> anyhow::Result<ExitCode> {
    let found = preset(vendor).with_context(|| unknown(vendor))?;
    let preset = found.map_err(|error| anyhow::anyhow!("the preset `{vendor}`: {error}"))?;
    let written = name.unwrap_or(vendor);
    let name = SourceName::new(written).with_context(|| {
        format!(
            "`{written}` cannot be a source's name: write 1 to 64 of `a-z`, `0-9`, `-` and `_` after --name, with a letter \
             or digit first"
        )
    })?;
    if let Some(path) = files::find(&global.sources, name.as_str()) {
        bail!(
            "there is a source `{name}` already, in {}: choose another name with --name",
            path.display()
        );
    }
    let dir = global.sources.join(name.as_str());
    let files = folder::write(&dir, &preset, &name)?;
    let variables: Vec<_> =
        preset.secrets.iter().map(|(secret, what)| (variable(&name, secret), what)).collect();
    if global.json {
        let files: Vec<_> = files.iter().map(|file| file.display().to_string()).collect();
        let variables: Vec<_> = variables.iter().map(|(variable, _)| variable).collect();
        output::json(&json!({
            "source": name.as_str(),
            "preset": preset.name,
            "files": files,
            "needs": needs(&preset),
            "secrets": variables,
        }))?;
    }
    for file in &files {
        output::say(&format!("written  {}", file.display()));
    }
    output::say("\nnext:");
    for step in steps(global, &preset, &name, &variables) {
        output::say(&format!("- {step}"));
    }
    Ok(ExitCode::SUCCESS)
}

/// Returns the next steps, in order.
fn steps(
    global: &Global,
    preset: &Preset,
    name: &SourceName,
    variables: &[(String, &String)],
) -> Vec<String> {
    let mut steps = Vec::new();
    let file = global.sources.join(name.as_str()).join("source.yml");
    let needs = needs(preset);
    if !needs.is_empty() {
        steps.push(format!("write {} into {}", needs.join(" and "), file.display()));
    }
    steps.push(format!(
        "at {}: let it push to https://<your host>/{name}, as {} says",
        preset.vendor, preset.docs
    ));
    for (variable, what) in variables {
        steps.push(format!(
            "write the line `{variable}=…` into {} (chmod 600): {what}",
            global.secrets.display()
        ));
    }
    for secret in preset.secrets.keys() {
        steps.push(format!("on AWS: `mef --backend aws secrets set {name} {secret} < FILE`"));
    }
    if !preset.handshakes().is_empty() {
        steps.push(format!(
            "start `mef run` or deploy the stack first: {} sends a handshake, which is answered",
            preset.vendor
        ));
    }
    steps.extend(preset.notes.iter().map(|notes| format!("note: {notes}")));
    steps.push("`mef check`, then `mef run --capture refused`: refused requests are kept there, and `mef explain` says why".to_owned());
    steps
}

/// Returns the keys that the operator has to write.
fn needs(preset: &Preset) -> Vec<&'static str> {
    preset.needs.iter().map(|need| need.key()).collect()
}

fn variable(name: &SourceName, secret: &str) -> String {
    LocalSecrets::variable(&SecretRef { source: name.to_string(), name: secret.to_owned() })
}

fn unknown(vendor: &str) -> String {
    let near = preset_names_near(vendor);
    let near = match near.is_empty() {
        true => ":".to_owned(),
        false => format!(", did you mean `{}`?", near.join("` or `")),
    };
    format!(
        "the catalogue has no `{vendor}`{near} `mef init` lists what it has; for any other vendor write the checks \
         yourself, by docs/source-file.md"
    )
}
