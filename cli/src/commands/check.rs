//! `mef check`: every source file, with the place of every problem.

use std::path::Path;
use std::process::ExitCode;

use mef_source::Severity;

use crate::args::Global;
use crate::{catalogue, output, problems};

pub(super) fn check(global: &Global, dir: Option<&Path>) -> anyhow::Result<ExitCode> {
    let files = catalogue::read(dir.unwrap_or(&global.sources))?;
    let (mut errors, mut warnings) = (0, 0);
    for file in &files {
        problems::show(&file.path, &file.text, &file.problems, global.json)?;
        for problem in &file.problems {
            match problem.severity {
                Severity::Error => errors += 1,
                Severity::Warning => warnings += 1,
            }
        }
    }
    output::say(&format!(
        "{} checked: {errors} {}, {warnings} {}",
        count(files.len(), "source file"),
        plural(errors, "error"),
        plural(warnings, "warning"),
    ));
    Ok(if errors == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

fn count(n: usize, word: &str) -> String {
    format!("{n} {}", plural(n, word))
}

fn plural(n: usize, word: &str) -> String {
    if n == 1 { word.to_owned() } else { format!("{word}s") }
}
