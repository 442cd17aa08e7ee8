//! The files of a new source.

use std::fmt::Write as _;
use std::fs::{OpenOptions, create_dir_all};
use std::io::Write as _;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, bail};
use mef_source::{Need, Preset, SourceName};

/// Writes the folder `dir` of a source `name` that uses `preset`, and returns its files. Nothing is
/// overwritten.
pub(super) fn write(
    dir: &Path,
    preset: &Preset,
    name: &SourceName,
) -> anyhow::Result<Vec<PathBuf>> {
    if dir.exists() {
        bail!("{} is there already: choose another name with --name", dir.display());
    }
    let tests = dir.join("tests");
    create_dir_all(&tests).with_context(|| format!("cannot make {}", tests.display()))?;
    let files = [
        (dir.join("source.yml"), source_file(preset, name)),
        (tests.join("README.md"), readme(preset, name)),
    ];
    for (path, text) in &files {
        let created = OpenOptions::new().write(true).create_new(true).open(path);
        created
            .and_then(|mut file| file.write_all(text.as_bytes()))
            .with_context(|| format!("cannot write {}", path.display()))?;
    }
    Ok(files.into_iter().map(|(path, _)| path).collect())
}

fn source_file(preset: &Preset, name: &SourceName) -> String {
    let Preset { vendor, docs, .. } = preset;
    let mut file = format!("# {vendor} webhooks: {docs}\n");
    for (secret, what) in &preset.secrets {
        comment(&mut file, "", &format!("Secret `{secret}`: {what}"));
    }
    if let Some(notes) = &preset.notes {
        comment(&mut file, "", notes);
    }
    let _ = write!(
        file,
        "source: {name}\ndescription: {}\n\nwebhook:\n",
        quoted(&format!("{vendor} webhooks"))
    );
    let of_webhook = preset.needs.iter().filter(|need| need.is_of_webhook());
    for need in of_webhook {
        placeholder(&mut file, "  ", *need);
    }
    file.push_str("  # `mef check` prints what the preset stands for.\n  verify:\n");
    let of_preset: Vec<_> = preset.needs.iter().filter(|need| !need.is_of_webhook()).collect();
    match of_preset.as_slice() {
        [] => {
            let _ = writeln!(file, "    - preset: {}", preset.name);
        }
        needs => {
            let _ = writeln!(file, "    - preset:\n        name: {}", preset.name);
            needs.iter().for_each(|need| placeholder(&mut file, "        ", **need));
        }
    }
    let _ = write!(
        file,
        "
event:
  # A schema rejects what is not an event of theirs, and keeps it for a redrive.
  # schema: schema.json
  map:
    category: {name}
    # What an analyst reads: text with {{paths.into.the.record}}.
    summary: {}
    severity: INFO
    # When it happened, such as \"{{created_at}}\"; this is when it came.
    timestamp: \"{{received_at}}\"
    tags: [{name}]
",
        quoted(&format!("{} {{type|default(\"event\")}}", braces_doubled(vendor)))
    );
    file
}

/// Adds a key that the operator has to write, commented out.
fn placeholder(file: &mut String, indent: &str, need: Need) {
    let _ = writeln!(
        file,
        "{indent}# Required, and only you know it:\n{indent}# {}: {}",
        need.key(),
        need.example()
    );
}

/// Adds `text` as comment lines that are not too long.
fn comment(file: &mut String, indent: &str, text: &str) {
    let mut line = format!("{indent}#");
    for word in text.split_whitespace() {
        if line.chars().count() + word.chars().count() > 100 {
            let _ = writeln!(file, "{line}");
            line = format!("{indent}#");
        }
        let _ = write!(line, " {word}");
    }
    let _ = writeln!(file, "{line}");
}

/// Returns `text` as YAML in double quotes: a JSON string is one.
fn quoted(text: &str) -> String {
    serde_json::Value::from(text).to_string()
}

fn braces_doubled(text: &str) -> String {
    text.replace('{', "{{").replace('}', "}}")
}

fn readme(preset: &Preset, name: &SourceName) -> String {
    format!(
        "# Tests of `{name}`

`mef test` runs every `NAME.request.json` here through the real code, offline, and compares with
`NAME.expected.json`. There is none yet:

1. Run `mef run --capture refused`, and let {} send an event. If the secret here is not the vendor's,
   the event is refused and captured.
2. Move the file here as `NAME.request.json`. Remove whatever must not be in a repository; a changed
   body must be signed again.
3. Write the secret that signed it into `secrets.env`, as `MEF_SECRET_…=value`. Everybody may read
   it: never use one that is in use elsewhere.
4. `mef test --update` writes the result as `NAME.expected.json`. It runs at the moment when the
   request came (`received_at`), and writes no refusal unless you add `--accept-refusal`. Read the
   result, and commit it.

`mef explain {name} NAME.request.json` says why a request is refused.
",
        preset.vendor
    )
}
