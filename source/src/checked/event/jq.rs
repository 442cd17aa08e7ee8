//! Reads the jq programs of a source file.

use crate::checked::checker::{Checker, Told};
use crate::jq::Program;
use crate::problem::Place;
use crate::written::{Located, Node};

/// What to do about a jq program in the place of a template.
pub(crate) const NO_PROGRAM: &str =
    "here stands a template, such as `{actor.id|lower}`; `jq` is for `event.map` and `event.split`";

/// Returns whether one of its keys is `jq` with a text.
pub(crate) fn runs_jq(node: &Node) -> bool {
    let Node::Object(object) = node else { return false };
    object.iter().any(|(key, node)| key == "jq" && matches!(**node, Node::Text(_)))
}

/// Reads a program. `next` counts the programs of one event.
pub(crate) fn program(
    written: &Located<String>,
    next: &mut usize,
    checker: &mut Checker<'_>,
) -> Result<Program, Told> {
    let slot = *next;
    *next += 1;
    Program::check(written, slot).map_err(|faults| {
        let told = faults.into_iter().fold(None, |_, fault| {
            let place = written
                .place()
                .map(|place| inside(place, written, checker.text, fault.at.start, fault.at.len()));
            Some(checker.error_with(place, fault.message, fault.help))
        });
        told.unwrap_or_else(|| checker.error(written.place(), "this is not a jq program"))
    })
}

/// Returns the place in `file` of byte `start` of `text`, which is written at
/// `place`; or `place`, if the byte cannot be found in the file.
fn inside(place: Place, text: &str, file: &str, start: usize, len: usize) -> Place {
    let offset = place.offset.and_then(|from| {
        let raw = file.get(from..from.checked_add(place.len)?)?;
        Some(from + written_at(raw, text.get(..start)?)?)
    });
    let Some(offset) = offset else { return place };
    let Some(before) = file.get(..offset) else { return place };
    let line = before.bytes().filter(|byte| *byte == b'\n').count() + 1;
    let column = before.rsplit('\n').next().unwrap_or_default().chars().count() + 1;
    Place { line: line as u64, column: column as u64, offset: Some(offset), len }
}

/// Returns at which byte of the YAML scalar `raw` its value goes on after `before`.
fn written_at(raw: &str, before: &str) -> Option<usize> {
    let quoted = raw.starts_with('"');
    let mut rest = match raw.chars().next()? {
        // The value of a block begins on the next line, behind its indentation.
        '|' | '>' => raw.split_once('\n')?.1.trim_start_matches([' ', '\n']),
        '"' | '\'' => raw.get(1..)?,
        _ => raw,
    };
    for wanted in before.chars() {
        rest = after(rest, wanted, quoted)?;
    }
    // What follows a line's end stands behind the next one's indentation.
    if before.ends_with('\n') {
        rest = rest.trim_start_matches(' ');
    }
    Some(raw.len() - rest.len())
}

/// Returns what follows `wanted` in `rest`.
fn after(mut rest: &str, wanted: char, quoted: bool) -> Option<&str> {
    loop {
        let mut chars = rest.chars();
        let found = chars.next()?;
        let left = chars.as_str();
        match found {
            '\\' if quoted => {
                chars.next()?;
                return Some(chars.as_str());
            }
            found if found == wanted => {
                let doubled = found == '\'' && !quoted && left.starts_with("''");
                return Some(if doubled { left.get(1..)? } else { left });
            }
            // A folded line: its end and the next one's indentation are one blank.
            '\n' if wanted == ' ' => return Some(left.trim_start_matches([' ', '\n'])),
            ' ' | '\n' | '\r' | '\'' => rest = left,
            _ => return None,
        }
    }
}
