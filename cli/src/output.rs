//! The one writer of the command line: data to stdout, words to stderr.

use std::collections::BTreeMap;
use std::io::{self, IsTerminal as _, Write as _};
use std::process::ExitCode;

use jiff::Timestamp;
use mef_auth::Redactor;
use serde::Serialize;

/// The exit status for "try again later": `EX_TEMPFAIL` of sysexits.
pub(crate) const NOT_NOW: u8 = 75;

/// Prints one line of data. Ends the process if nobody reads stdout any more, as after `| head`.
pub(crate) fn line(text: &str) -> anyhow::Result<()> {
    let mut stdout = io::stdout().lock();
    written(stdout.write_all(text.as_bytes()).and_then(|()| stdout.write_all(b"\n")))
}

fn written(result: io::Result<()>) -> anyhow::Result<()> {
    match result {
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => std::process::exit(0),
        result => Ok(result?),
    }
}

/// Prints bytes of data as they are.
pub(crate) fn bytes(bytes: &[u8]) -> anyhow::Result<()> {
    written(io::stdout().lock().write_all(bytes))
}

/// Prints one JSON object as a line of data.
pub(crate) fn json(value: &impl Serialize) -> anyhow::Result<()> {
    line(&serde_json::to_string(value)?)
}

/// Prints one JSON object as a line of data, with secrets masked. For data that may hold a URL from a
/// vendor; never for records, which must not be changed.
pub(crate) fn masked_json(redactor: &Redactor, value: &impl Serialize) -> anyhow::Result<()> {
    line(&redactor.mask(&serde_json::to_string(value)?))
}

/// Flushes stdout, before the printed data is deleted at its source.
pub(crate) fn flush() -> anyhow::Result<()> {
    Ok(io::stdout().flush()?)
}

/// Prints words for a person on stderr.
pub(crate) fn say(text: &str) {
    // A closed stderr is no reason to fail.
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

/// Ends the process at once, with a word: what is still being done is given up.
pub(crate) fn abandon(text: &str) -> ! {
    say(text);
    std::process::exit(1)
}

/// Prints why the command failed, with all causes and with secrets masked.
pub(crate) fn fail(redactor: &Redactor, error: &anyhow::Error) -> ExitCode {
    let text = format!("error: {error:#}");
    let lines: Vec<_> = redactor.mask(&text).lines().map(printable).collect();
    say(&lines.join("\n"));
    ExitCode::FAILURE
}

/// Prints a table, its columns as wide as needed.
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

/// Prints `items`: one JSON object a line, or a table for a person.
pub(crate) fn list<T: Serialize>(
    is_json: bool,
    items: &[T],
    headings: &[&str],
    row: impl Fn(&T) -> Vec<String>,
) -> anyhow::Result<()> {
    match is_json {
        true => items.iter().try_for_each(json),
        false => table(headings, &items.iter().map(row).collect::<Vec<_>>()),
    }
}

/// Returns a moment to the second.
pub(crate) fn moment(time: Timestamp) -> String {
    time.strftime("%Y-%m-%dT%H:%M:%SZ").to_string()
}

/// Returns `text`, or a dash for an empty cell.
pub(crate) fn or_dash(text: Option<String>) -> String {
    text.unwrap_or_else(|| "-".to_owned())
}

/// Returns a number with its word: `1 error`, `2 errors`.
pub(crate) fn count(n: usize, word: &str) -> String {
    format!("{n} {word}{}", if n == 1 { "" } else { "s" })
}

/// Says which fields of events fell back to their defaults, as `summary 3 of 3`; `None` if none did. A
/// field within a field is told only if no event has it: then its path is wrong, or the vendor never
/// sends it.
pub(crate) fn fallbacks(fields: &BTreeMap<String, u64>, events: u64) -> Option<String> {
    let told: Vec<_> = fields
        .iter()
        .filter(|(name, count)| !name.contains('.') || **count >= events)
        .map(|(name, count)| match name.contains('.') {
            false => format!("{name} fell back to its default in {count} of {events}"),
            true => format!("{name} is missing in all"),
        })
        .collect();
    (!told.is_empty() && events > 0).then(|| told.join(", "))
}

/// Replaces control characters, which could drive a terminal: vendors choose some of the text.
pub(crate) fn printable(text: &str) -> String {
    text.chars().map(|c| if c.is_control() { '\u{fffd}' } else { c }).collect()
}

/// Returns one line about an event, for a person.
pub(crate) fn summary_line(body: &str) -> String {
    let event: serde_json::Value = mef_ports::read_json(body).unwrap_or_default();
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
