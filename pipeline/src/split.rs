//! The second stage: from a value to its records. A list at the root is split, and
//! so is a list inside if the source file says where; what encloses it is kept.

use std::sync::Arc;

use bytes::Bytes;
use mef_source::Path;
use mef_source::jq::Program;
use mef_source::sha256_hex;
use serde_json::Value;

use crate::admitted::Context;
use crate::jq::{Input, Programs};
use crate::numbering::RecordNumber;

/// A record and what enclosed it.
#[derive(Debug)]
pub(crate) struct Record {
    pub(crate) value: Value,
    /// The text that it was read from, if known.
    pub(crate) text: Option<Bytes>,
    pub(crate) parent: Option<Arc<Value>>,
    /// The digest of the parent, for the record's id; `None` if the parent's text goes into the id.
    pub(crate) parent_digest: Option<Arc<str>>,
    pub(crate) number: RecordNumber,
    pub(crate) cursor_id: Option<String>,
}

/// What is kept of a record until the queue has its event.
#[derive(Debug)]
pub(crate) enum Kept {
    /// The text that it was read from.
    Text { text: Bytes, number: RecordNumber, cursor_id: Option<String> },
    /// The record itself.
    Record(Record),
}

impl Record {
    pub(crate) fn into_kept(self) -> Kept {
        match self {
            Record { text: Some(text), parent: None, number, cursor_id, .. } => {
                Kept::Text { text, number, cursor_id }
            }
            record => Kept::Record(record),
        }
    }
}

/// Why a value cannot be split.
#[derive(Debug)]
pub(crate) struct NotThere {
    pub(crate) value: Value,
    pub(crate) reason: String,
    pub(crate) place: String,
}

/// Returns the elements of the list at `path` in `value`, and the rest of `value`,
/// which is the parent of each. With `one_is_a_list`, as in XML, any other value is
/// a list of one, an empty text is an empty list, and so is a list that is missing
/// from an object that is there.
pub(crate) fn nested(
    mut value: Value,
    path: &Path,
    one_is_a_list: bool,
) -> Result<(Vec<Value>, Arc<Value>), NotThere> {
    let is_left_out = one_is_a_list && is_enclosed(&value, path);
    let list = match value.pointer_mut(&path.pointer()) {
        Some(Value::Array(list)) => std::mem::take(list),
        Some(Value::String(text)) if one_is_a_list && text.trim().is_empty() => Vec::new(),
        Some(one) if one_is_a_list => vec![one.take()],
        None if is_left_out => Vec::new(),
        found => {
            let reason = match found {
                None => "there is no list to split".to_owned(),
                Some(_) => "what should be split is not a list".to_owned(),
            };
            return Err(NotThere { value, reason, place: path.pointer() });
        }
    };
    remove(&mut value, path.segments());
    Ok((list, Arc::new(value)))
}

/// Whether the value that would enclose the list at `path` exists.
fn is_enclosed(value: &Value, path: &Path) -> bool {
    let Some((_, enclosing)) = path.segments().split_last() else { return false };
    let mut found = Some(value);
    for segment in enclosing {
        found = found.and_then(|value| value.get(segment));
    }
    let is_blank = |value: &Value| value.as_str().is_some_and(|text| text.trim().is_empty());
    found.is_some_and(|value| value.is_object() || is_blank(value))
}

/// The most bytes that all copies of a parent may take, one with each of its parts.
/// A program removes nothing from the parent, so each part keeps all of it.
const MOST_KEPT: usize = 64 * 1024 * 1024;

/// The records, their parent, and what stands for the parent in their ids.
type Split = (Vec<Value>, Arc<Value>, Arc<str>);

/// Returns the records that a program makes of `value`, which is their parent.
pub(crate) fn by_program(
    value: Value,
    program: &Program,
    programs: &Programs,
    context: &Context,
) -> Result<Split, NotThere> {
    let refused = |value, reason| NotThere { value, reason, place: String::new() };
    let list = match programs.records(program, &Input::new(context, None, &value)) {
        Ok(list) => list,
        Err(reason) => {
            return Err(refused(value, format!("the jq program of `split` fails: {reason}")));
        }
    };
    let text = value.to_string();
    if text.len().saturating_mul(list.len()) > MOST_KEPT {
        let reason = format!(
            "jq splits {} bytes into {} records, and would keep the whole with each; split it by a path",
            text.len(),
            list.len()
        );
        return Err(refused(value, reason));
    }
    Ok((list, Arc::new(value), parent_digest(&text)))
}

/// Returns what stands for a parent in the ids of many records.
pub(crate) fn parent_digest(text: &str) -> Arc<str> {
    sha256_hex(text).into()
}

/// Removes what `segments` lead to from `value`.
pub(crate) fn remove(value: &mut Value, segments: &[String]) {
    let Some((last, before)) = segments.split_last() else { return };
    let holder = before.iter().try_fold(value, |value, segment| match value {
        Value::Object(object) => object.get_mut(segment),
        Value::Array(list) => list.get_mut(segment.parse::<usize>().ok()?),
        _ => None,
    });
    if let Some(Value::Object(object)) = holder {
        object.shift_remove(last);
    }
}
