//! `mef check`: every source file, with the place of every problem.

use std::process::ExitCode;

use mef_http::SystemClock;
use mef_ports::Clock as _;
use mef_source::Severity;

use crate::args::{CheckOptions, Global};
use crate::one_index;
use crate::output;
use crate::sources::{expansions, files, problems, retirements};

pub(super) fn check(global: &Global, options: &CheckOptions) -> anyhow::Result<ExitCode> {
    let mut files = files::read(options.dir.as_deref().unwrap_or(&global.sources))?;
    let now = SystemClock.now();
    for file in &mut files {
        let warnings = file.source.as_ref().map(|source| retirements::problems(source, now));
        file.problems.extend(warnings.unwrap_or_default());
    }
    one_index::warn(&mut files);
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
    match (global.json, options.expand) {
        (true, _) => expansions::json(&files)?,
        (false, true) => expansions::yaml(&files)?,
        (false, false) => expansions::lines(&files)?,
    }
    output::say(&format!(
        "{} checked: {}, {}",
        output::count(files.len(), "source file"),
        output::count(errors, "error"),
        output::count(warnings, "warning"),
    ));
    Ok(if errors == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}
