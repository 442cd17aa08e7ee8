//! The vendor's id of a delivery, which shows a repeat.

use mef_auth::verify::Verified;
use mef_pipeline::{MAX_DECODED, decode_json, gunzip};
use mef_source::{Path, Root};
use serde_json::Value;

/// Returns the id at the first of `paths` that leads to one.
///
/// The body is read only if a path leads into it; an unreadable body has no id.
pub(crate) fn find(request: &Verified, paths: &[Path]) -> Option<String> {
    let mut body = None;
    paths.iter().find_map(|path| {
        let id = match path.root() {
            Root::Header => request.header(path.name())?.to_owned(),
            Root::Query => request.query(path.name())?.to_string(),
            Root::Form => request.value(path).ok()??.as_str()?.to_owned(),
            _ => match path.find(body.get_or_insert_with(|| read_body(request)))? {
                Value::String(id) => id.clone(),
                Value::Number(id) => id.to_string(),
                _ => return None,
            },
        };
        (!id.is_empty()).then_some(id)
    })
}

fn read_body(request: &Verified) -> Value {
    let gzip = request.header("content-encoding").is_some_and(|encoding| encoding.contains("gzip"));
    let plain = match gzip {
        true => gunzip(request.body(), MAX_DECODED),
        false => Ok(request.body().to_vec()),
    };
    plain.and_then(|plain| decode_json(&plain)).unwrap_or(Value::Null)
}
