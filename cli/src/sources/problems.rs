//! Problems of source files, for a person or as JSON.

use std::path::Path;

use mef_source::{Problem, Severity};
use miette::{GraphicalReportHandler, LabeledSpan, MietteDiagnostic, NamedSource, Report};
use serde::Serialize;

use crate::output;

/// A problem as a line of JSON.
#[derive(Serialize)]
struct ProblemLine<'p> {
    file: String,
    line: Option<u64>,
    column: Option<u64>,
    severity: &'static str,
    message: &'p str,
    help: Option<&'p str>,
}

/// Prints the problems of one file: as JSON on stdout, or for a person on stderr with the lines around
/// them.
pub(crate) fn show(
    file: &Path,
    text: &str,
    problems: &[Problem],
    json: bool,
) -> anyhow::Result<()> {
    for problem in problems {
        if json {
            output::json(&ProblemLine {
                file: file.display().to_string(),
                line: problem.place.map(|place| place.line),
                column: problem.place.map(|place| place.column),
                severity: match problem.severity {
                    Severity::Error => "error",
                    Severity::Warning => "warning",
                },
                message: &problem.message,
                help: problem.help.as_deref(),
            })?;
        } else {
            output::say(&drawn(file, text, problem));
        }
    }
    Ok(())
}

fn drawn(file: &Path, text: &str, problem: &Problem) -> String {
    let file = file.display().to_string();
    let at = problem.place.map_or(String::new(), |p| format!(":{}:{}", p.line, p.column));
    let severity = match problem.severity {
        Severity::Error => miette::Severity::Error,
        Severity::Warning => miette::Severity::Warning,
    };
    let mut diagnostic =
        MietteDiagnostic::new(format!("{file}{at}: {}", problem.message)).with_severity(severity);
    diagnostic.help.clone_from(&problem.help);
    let offset = problem.place.and_then(|place| Some((place.offset?, place.len)));
    let report = match offset {
        Some((offset, len)) if offset <= text.len() => {
            diagnostic = diagnostic
                .with_label(LabeledSpan::underline((offset, len.min(text.len() - offset))));
            Report::new(diagnostic).with_source_code(NamedSource::new(file, text.to_owned()))
        }
        _ => Report::new(diagnostic),
    };
    let mut drawn = String::new();
    let handler = GraphicalReportHandler::new_themed(theme());
    match handler.render_report(&mut drawn, report.as_ref()) {
        Ok(()) => drawn.trim_end().to_owned(),
        Err(_) => problem.to_string(),
    }
}

fn theme() -> miette::GraphicalTheme {
    if output::is_watched() {
        miette::GraphicalTheme::unicode()
    } else {
        miette::GraphicalTheme::unicode_nocolor()
    }
}
