//! One body to records: lists at the root, and lists inside with what encloses
//! them kept.

use std::sync::Arc;

use mef_source::Path;
use serde_json::Value;

use crate::places::Place;

/// One record, and what enclosed it.
#[derive(Debug)]
pub(crate) struct Record {
    pub(crate) value: Value,
    pub(crate) parent: Option<Arc<Value>>,
    pub(crate) place: Place,
    pub(crate) cursor_id: Option<String>,
}

/// The list is not where the source file says.
#[derive(Debug)]
pub(crate) struct NotThere {
    pub(crate) value: Value,
    pub(crate) reason: String,
    pub(crate) place: String,
}

/// The values of a list at the root, or the one value.
pub(crate) fn root_list(value: Value) -> Vec<Value> {
    match value {
        Value::Array(list) => list,
        value => vec![value],
    }
}

/// The elements of the list at `path` in `value`, each with what is left of
/// `value` as its parent.
pub(crate) fn nested(mut value: Value, path: &Path) -> Result<(Vec<Value>, Arc<Value>), NotThere> {
    let list = match value.pointer_mut(&path.pointer()) {
        Some(Value::Array(list)) => std::mem::take(list),
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

/// Takes what `segments` lead to out of `value`.
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
