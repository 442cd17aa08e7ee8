//! Describes checks and handshakes in one line each, for people who compare
//! many sources.
//!
//! It reads only keys that checks share (`secrets`, `text`, `from`), so a new
//! kind of check needs no change here.

use std::fmt::Write as _;

use crate::node::Node;

/// Returns one line for each check of a list.
pub(crate) fn described(checks: &Node) -> Vec<String> {
    let Node::List(checks) = checks else { return Vec::new() };
    checks.iter().map(|check| one(check)).collect()
}

fn one(check: &Node) -> String {
    let Some((kind, body)) = check.choice() else { return "nothing".to_owned() };
    match kind {
        "any" => format!("either ({})", described(body).join(") or (")),
        "all" => described(body).join(" and "),
        kind => leaf(kind, body),
    }
}

fn leaf(kind: &str, body: &Node) -> String {
    let mut line = kind.to_owned();
    for key in ["hash", "algorithm", "algorithms"] {
        if let Some(value) = body.key(key) {
            let _ = write!(line, " {}", words(value));
        }
    }
    if let Some(signed) = body.key("text").or_else(|| body.key("of")) {
        let _ = write!(line, " over \"{}\"", words(signed));
    }
    let signature = body.key("signature").and_then(|signature| signature.key("from"));
    for key in [signature, body.key("from"), body.key("equals")].into_iter().flatten() {
        let _ = write!(line, ", {}", words(key));
    }
    let age = body.key("timestamp").and_then(|time| time.key("max_age"));
    if let Some(age) = age.or_else(|| body.key("max_age")) {
        let _ = write!(line, ", at most {} old", words(age));
    }
    for key in ["issuer", "audience", "username", "topics", "allow"] {
        if let Some(value) = body.key(key) {
            let _ = write!(line, ", {key} {}", words(value));
        }
    }
    match (body.key("secrets"), body.key("keys").map(|keys| &**keys)) {
        (Some(secrets), _) => {
            let _ = write!(line, ", secret {}", words(secrets));
        }
        (None, Some(Node::Object(keys))) => {
            for (key, value) in keys {
                let _ = write!(line, ", {key} {}", words(value));
            }
        }
        (None, Some(keys)) => {
            let _ = write!(line, ", key {}", words(keys));
        }
        (None, None) => {}
    }
    line
}

/// Returns one line for each handshake of a list: what its request has.
pub(super) fn handshakes(rules: &Node) -> Vec<String> {
    let Node::List(rules) = rules else { return Vec::new() };
    rules
        .iter()
        .map(|rule| {
            let Some(when) = rule.key("when") else { return "any request".to_owned() };
            let mut words_of = Vec::new();
            for key in ["method", "present"] {
                words_of.extend(when.key(key).map(|value| words(value)));
            }
            if let Some(Node::Object(equals)) = when.key("equals").map(|equals| &**equals) {
                words_of
                    .extend(equals.iter().map(|(path, value)| format!("{path}={}", words(value))));
            }
            words_of.join(" ")
        })
        .collect()
}

/// Writes a value for people.
fn words(node: &Node) -> String {
    match node {
        Node::Null => String::new(),
        Node::Bool(value) => value.to_string(),
        Node::Number(number) => number.to_string(),
        Node::Text(text) => text.replace('\n', "\\n"),
        Node::List(list) => list.iter().map(|node| words(node)).collect::<Vec<_>>().join(" or "),
        Node::Object(object) => match node.key("name") {
            Some(name) => words(name),
            None => object.iter().map(|(key, _)| key.as_str()).collect::<Vec<_>>().join(" or "),
        },
    }
}
