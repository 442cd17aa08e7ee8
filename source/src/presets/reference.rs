//! The manual's page on presets, made from their files.

use std::fmt::Write as _;

use super::{Need, presets};

/// The page `docs/presets.md`: every preset, what it checks and what it needs.
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
            preset
                .checks()
                .iter()
                .map(|check| format!("`{check}`"))
                .collect::<Vec<_>>()
                .join("<br>"),
            needs.join(", "),
            secrets.join("<br>"),
            preset
                .handshakes()
                .iter()
                .map(|rule| format!("`{rule}`"))
                .collect::<Vec<_>>()
                .join("<br>"),
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
    page
}

fn need_in_words(need: Need) -> String {
    match need.is_of_webhook() {
        true => format!("`webhook.{}`", need.key()),
        false => format!("`{}`", need.key()),
    }
}
