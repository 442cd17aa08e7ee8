//! Errors of the YAML parser in the words of this project, with the nearest known
//! name where one was misspelt.

use super::event::jq::NO_PROGRAM;
use strsim::osa_distance;

use crate::problem::{Place, Problem};

/// Turns the parser's error about the file `text` into a problem.
pub(crate) fn problem(error: &serde_saphyr::Error, text: &str) -> Problem {
    let location = error.location().filter(|location| location.line() > 0);
    let place = location.map(|location| Place {
        line: location.line(),
        column: location.column(),
        offset: location.span().byte_offset().and_then(|n| usize::try_from(n).ok()),
        len: location.span().byte_len().and_then(|n| usize::try_from(n).ok()).unwrap_or_default(),
    });
    let problem = worded(place, &error.without_snippet().to_string());
    let begins = place.and_then(|place| text.get(place.offset?..)).unwrap_or_default();
    let begins = begins.trim_start_matches(['{', ' ']);
    if problem.message == TEXT_WANTED && begins.starts_with("jq:") {
        return problem.help(NO_PROGRAM);
    }
    problem
}

const TEXT_WANTED: &str = "text is wanted here";

/// Turns what serde says about a value into a problem.
pub(crate) fn worded(place: Option<Place>, message: &str) -> Problem {
    // The place is shown anyway, and users cannot set the parser's options.
    let message = message.split(" at line ").next().unwrap_or_default();
    let message = message.split(", set DuplicateKeyPolicy").next().unwrap_or_default();
    let problem = Problem::error(place, told(message));
    match (meant(message), remedy(message)) {
        (Some(name), _) => problem.help(format!("did you mean `{name}`?")),
        (None, Some(help)) => problem.help(help),
        (None, None) => problem,
    }
}

/// Translates a message, including one that quotes the file.
fn told(message: &str) -> String {
    let types = message
        .strip_prefix("invalid type: ")
        .and_then(|types| types.split_once(", expected "))
        .map(|(found, wanted)| (in_yaml(found), wanted));
    let infinite = || message.strip_prefix("non-finite float ")?.split_once(" rejected");
    match (types, message.strip_prefix("duplicate mapping key: "), infinite()) {
        (Some((found, wanted)), ..) => format!("{wanted} is wanted here, not {found}"),
        (_, Some(key), _) => format!("the key `{key}` is written twice"),
        (.., Some((number, _))) => format!("{number} is no finite number"),
        _ => in_our_words(message).to_owned(),
    }
}

/// Translates serde's word for what it found into YAML's.
fn in_yaml(found: &str) -> &str {
    match found {
        "unit value" => "nothing",
        "sequence" => "a list",
        "map" => "an object",
        found => found,
    }
}

/// Translates a message about the parser's own calls and events.
fn in_our_words(message: &str) -> &str {
    match message {
        "expected mapping start" => "an object (`key: value`) is wanted here",
        "expected sequence start" => "a list is wanted here",
        "expected string scalar" => TEXT_WANTED,
        "unexpected end of input" => "the file ends here, and is not whole",
        "invalid u32" => "a whole number is wanted here",
        "expected end of mapping after enum variant value" => {
            "a second choice stands where there is one"
        }
        "recursive references require weak recursion types" => {
            "this alias stands inside its anchor"
        }
        "alias references unknown anchor" => "no anchor before this alias has its name",
        "recursion limit exceeded" => "the file is nested too deeply",
        message if message.starts_with("budget breached") => {
            "the file is too large once its aliases are put in"
        }
        message if message.starts_with("cannot deserialize null") => {
            "text is wanted here, and there is nothing"
        }
        message if message.starts_with("multiple YAML documents") => {
            "a second YAML document begins here: one file is one source"
        }
        message => message,
    }
}

/// Returns what to do about a common mistake.
fn remedy(message: &str) -> Option<&'static str> {
    let remedies = [
        ("unknown variant `type`", "the kind is the key: `- hmac: { … }`"),
        ("missing field", "it has no default"),
        ("duplicate mapping key", "keep one of them"),
        ("expected end of mapping after enum", "begin each with a `-` of its own"),
        ("multiple YAML documents", "write each source into a file of its own"),
        ("recursion limit", "no source file needs more than a few levels"),
        ("budget breached", "write less with anchors and aliases"),
        ("non-finite float", "write it in quotes"),
        ("invalid u32", "without quotes, decimals or a unit"),
    ];
    if message.contains("tab") && (message.contains("scanning") || message.contains("disallowed")) {
        return Some("use spaces");
    }
    remedies.into_iter().find(|(start, _)| message.starts_with(start)).map(|(_, help)| help)
}

/// Returns the known name that is nearest to the unknown one, if it is near.
fn meant(message: &str) -> Option<&str> {
    let (_, rest) = message.split_once('`')?;
    let (written, rest) = rest.split_once('`')?;
    let (_, known) = rest.split_once("expected one of ")?;
    known
        .split(", ")
        .map(|name| name.trim_matches('`'))
        .map(|name| (osa_distance(written, name), name))
        .min()
        .filter(|(distance, name)| *distance <= 2.min(name.len() / 2))
        .map(|(_, name)| name)
}
