//! What the YAML parser says, in this project's words: once the place, and the
//! nearest known name where one was misspelt.

use crate::{Place, Problem};

/// The parser's error as a problem.
pub(super) fn problem(error: &serde_saphyr::Error) -> Problem {
    let location = error.location().filter(|location| location.line() > 0);
    let place = location.map(|location| Place {
        line: location.line(),
        column: location.column(),
        offset: location.span().byte_offset().and_then(|n| usize::try_from(n).ok()),
        len: location.span().byte_len().and_then(|n| usize::try_from(n).ok()).unwrap_or_default(),
    });
    let message = error.without_snippet().to_string();
    // The place is told once, and the parser's options are none of the user's.
    let message = message.split(" at line ").next().unwrap_or_default();
    let message = message.split(", set DuplicateKeyPolicy").next().unwrap_or_default();
    let problem = Problem::error(place, in_our_words(message));
    match meant(message) {
        Some(name) => problem.help(format!("did you mean `{name}`?")),
        None => problem,
    }
}

/// The parser's words for its own calls and events mean nothing to the user.
fn in_our_words(message: &str) -> &str {
    match message {
        "expected mapping start" => "an object (`key: value`) is wanted here",
        "expected sequence start" => "a list is wanted here",
        "expected string scalar" => "text is wanted here",
        "unexpected end of input" => "the file ends here, and is not whole",
        message if message.starts_with("multiple YAML documents") => {
            "a second YAML document begins here: one file is one source"
        }
        message => message,
    }
}

/// The known name that is nearest to the unknown one, if it is near.
fn meant(message: &str) -> Option<&str> {
    let (_, rest) = message.split_once('`')?;
    let (written, rest) = rest.split_once('`')?;
    let (_, known) = rest.split_once("expected one of ")?;
    known
        .split(", ")
        .map(|name| (distance(written, name), name))
        .min()
        .filter(|(distance, name)| *distance <= 2.min(name.len() / 2))
        .map(|(_, name)| name)
}

/// How many letters have to be added, left out, changed or swapped with their
/// neighbour to get from one word to the other.
fn distance(from: &str, to: &str) -> usize {
    let (from, to): (Vec<_>, Vec<_>) = (from.chars().collect(), to.chars().collect());
    let mut before_last: Vec<usize> = Vec::new();
    let mut last: Vec<usize> = (0..=to.len()).collect();
    for (i, a) in from.iter().enumerate() {
        let mut row = vec![i + 1];
        for (j, b) in to.iter().enumerate() {
            let at =
                |row: &[usize], column: usize| row.get(column).copied().unwrap_or(usize::MAX / 2);
            let mut best =
                (at(&last, j) + usize::from(a != b)).min(at(&last, j + 1) + 1).min(at(&row, j) + 1);
            let swapped = i > 0 && j > 0 && from.get(i - 1) == Some(b) && to.get(j - 1) == Some(a);
            if swapped {
                best = best.min(at(&before_last, j - 1) + 1);
            }
            row.push(best);
        }
        before_last = std::mem::replace(&mut last, row);
    }
    last.last().copied().unwrap_or_default()
}
