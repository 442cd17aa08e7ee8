//! Data to stdout, words to stderr.

use std::io::{self, IsTerminal as _, Write as _};
use std::process::ExitCode;

use mef_auth::Redactor;
use serde::Serialize;

/// Not now, but later: `EX_TEMPFAIL` of sysexits.
pub(crate) const NOT_NOW: u8 = 75;

/// Prints one line of data. A reader that has gone away is the reader's way of
/// saying "enough".
pub(crate) fn line(text: &str) -> anyhow::Result<()> {
    let mut stdout = io::stdout().lock();
    match stdout.write_all(text.as_bytes()).and_then(|()| stdout.write_all(b"\n")) {
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => std::process::exit(0),
        result => Ok(result?),
    }
}

/// Prints one JSON object as a line of data.
pub(crate) fn json(value: &impl Serialize) -> anyhow::Result<()> {
    line(&serde_json::to_string(value)?)
}

/// Prints one JSON object as a line of data, with secrets masked: of what may hold a
/// URL that a vendor named, and never of records.
pub(crate) fn masked_json(redactor: &Redactor, value: &impl Serialize) -> anyhow::Result<()> {
    line(&redactor.mask(&serde_json::to_string(value)?))
}

/// Pushes printed data out, before what it stands for is taken away.
pub(crate) fn flush() -> anyhow::Result<()> {
    Ok(io::stdout().flush()?)
}

/// Says something to the person.
pub(crate) fn say(text: &str) {
    // Words that nobody can read are no reason to fail.
    let _ = writeln!(io::stderr().lock(), "{text}");
}

/// Returns whether a person reads stdout.
pub(crate) fn is_terminal() -> bool {
    io::stdout().is_terminal()
}

/// Returns whether a person watches stderr: only then is there colour or progress.
pub(crate) fn is_watched() -> bool {
    io::stderr().is_terminal()
}

/// Says why the command failed, causes and all, with secrets masked.
pub(crate) fn fail(redactor: &Redactor, error: &anyhow::Error) -> ExitCode {
    let text = format!("error: {error:#}");
    let lines: Vec<_> = redactor.mask(&text).lines().map(printable).collect();
    say(&lines.join("\n"));
    ExitCode::FAILURE
}

/// Prints rows under headings, in columns as wide as needed.
pub(crate) fn table(headings: &[&str], rows: &[Vec<String>]) -> anyhow::Result<()> {
    let width = |column: usize| {
        let cells = rows.iter().filter_map(|row| row.get(column)).map(|cell| cell.chars().count());
        cells.chain(headings.get(column).map(|heading| heading.len())).max().unwrap_or(0)
    };
    let widths: Vec<_> = (0..headings.len()).map(width).collect();
    let format = |cells: &mut dyn Iterator<Item = &str>| {
        let padded: Vec<_> =
            cells.zip(&widths).map(|(cell, width)| format!("{cell:<width$}")).collect();
        printable(padded.join("  ").trim_end())
    };
    line(&format(&mut headings.iter().copied()))?;
    rows.iter().try_for_each(|row| line(&format(&mut row.iter().map(String::as_str))))
}

/// `text` without what could move the cursor of a person's terminal: a vendor
/// chose some of it.
pub(crate) fn printable(text: &str) -> String {
    text.chars().map(|c| if c.is_control() { '\u{fffd}' } else { c }).collect()
}

/// An event in one line for a person.
pub(crate) fn summary_line(body: &str) -> String {
    let event: serde_json::Value = serde_json::from_str(body).unwrap_or_default();
    let field = |name: &str| event.get(name).and_then(serde_json::Value::as_str).unwrap_or("-");
    let line = format!(
        "{}  {:8}  {:14}  {}",
        field("timestamp"),
        field("severity"),
        field("category"),
        field("summary")
    );
    printable(&line)
}
