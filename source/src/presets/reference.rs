//! The manual's page about presets, generated from their files.

use std::fmt::Write as _;

use super::auth::{TakenKey, auth_presets};
use super::preset::{Need, presets};

/// Returns the page `docs/presets.md`: every preset, what it checks and what it
/// needs.
pub fn presets_reference() -> String {
    let mut page = String::from(
        "# Presets\n\n\
         Generated from `source/presets/`. `verify: [ { preset: NAME } ]` does what the row says;\n\
         [source-file.md](source-file.md#preset) says how to change parts of it.\n\n\
         | name | vendor | what is checked | what the source must say | secrets | handshakes |\n\
         | --- | --- | --- | --- | --- | --- |\n",
    );
    let all: Vec<_> = presets().collect();
    for preset in &all {
        let needs: Vec<_> = preset.needs.iter().map(|need| need_in_words(*need)).collect();
        let secrets: Vec<_> =
            preset.secrets.iter().map(|(name, what)| format!("`{name}`: {what}")).collect();
        let row = [
            format!("`{}`", preset.name),
            format!("[{}]({})", preset.vendor, preset.docs),
            code_lines(&preset.checks()),
            needs.join(", "),
            secrets.join("<br>"),
            code_lines(&preset.handshakes()),
        ];
        let row = row.map(|cell| cell.replace('|', "\\|"));
        let _ = writeln!(page, "| {} |", row.join(" | "));
    }
    page.push_str("\n## What to know\n\n");
    for preset in &all {
        if let Some(notes) = &preset.notes {
            let _ = writeln!(page, "- **{}**: {notes}", preset.name);
        }
    }
    page.push_str(
        "\n## Kinds of `poll.auth`\n\n\
         Generated from `source/presets/auth/`. `auth: { KIND: { KEY: VALUE } }` does what the file says in the\n\
         [general language](source-file.md#auth).\n\n\
         | kind | vendor | what it is | keys |\n\
         | --- | --- | --- | --- |\n",
    );
    for preset in auth_presets() {
        let keys: Vec<_> = preset.takes.iter().map(TakenKey::described).collect();
        let (name, vendor, docs) = (&preset.name, &preset.vendor, &preset.docs);
        let _ = writeln!(
            page,
            "| `{name}` | [{vendor}]({docs}) | {} | {} |",
            preset.description,
            keys.join("<br>")
        );
    }
    page
}

/// Writes `lines` as code, one below the other in a cell of a table.
fn code_lines(lines: &[String]) -> String {
    lines.iter().map(|line| format!("`{line}`")).collect::<Vec<_>>().join("<br>")
}

fn need_in_words(need: Need) -> String {
    match need.is_of_webhook() {
        true => format!("`webhook.{}`", need.key()),
        false => format!("`{}`", need.key()),
    }
}
