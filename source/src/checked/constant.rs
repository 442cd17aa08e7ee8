//! Values in which nothing is a template.

use serde_json::{Number, Value};

use super::checker::Checker;
use crate::problem::Place;
use crate::written::{Located, Node};

/// Reads a node as a constant: no text in it is a template.
///
/// Numbers keep the digits of the file, which the YAML parser's floats lose: the
/// API version `1.10` is not `1.1`.
pub(crate) fn constant(node: &Located<Node>, checker: &mut Checker<'_>) -> Value {
    match &**node {
        Node::Null => Value::Null,
        Node::Bool(value) => Value::Bool(*value),
        Node::Number(number) => Value::Number(as_written(number, node.place(), checker)),
        Node::Text(text) => Value::String(text.clone()),
        Node::List(list) => list.iter().map(|node| constant(node, checker)).collect(),
        Node::Object(object) => {
            object.iter().map(|(key, node)| (key.clone(), constant(node, checker))).collect()
        }
    }
}

fn as_written(read: &Number, place: Option<Place>, checker: &mut Checker<'_>) -> Number {
    let written = place.and_then(|place| {
        let start = place.offset?;
        checker.text.get(start..start.checked_add(place.len)?)
    });
    let Some(written) = written.map(str::trim) else { return read.clone() };
    // An alias has no digits of its own, and neither has what came out of a preset.
    if !written.starts_with(|first: char| first.is_ascii_digit() || "+-.".contains(first)) {
        return read.clone();
    }
    match serde_json::from_str::<Number>(written) {
        Ok(number) => number,
        Err(_) => {
            checker.error_with(
                place,
                format!("`{written}` is a number to some programs and text to others"),
                format!("write `\"{written}\"` or `{read}`"),
            );
            read.clone()
        }
    }
}
