//! A webhook request as a file, as `mef explain` reads it.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use jiff::Timestamp;
use mef_auth::Request;
use mef_auth::verify::without_credentials;
use mef_source::Source;
use serde_json::{Map, Value, json};

/// Returns the file of a `request` that `source` refused at `at` for `reason`. If `masked`, credentials
/// are masked as far as they can be known.
pub(crate) fn refused_request_file(
    source: &Source,
    request: &Request,
    at: Timestamp,
    reason: &str,
    masked: bool,
) -> String {
    let mut more = Map::new();
    more.insert("source".to_owned(), source.name.as_str().into());
    more.insert("received_at".to_owned(), at.to_string().into());
    more.insert("reason".to_owned(), reason.into());
    match source.webhook.as_ref().filter(|_| masked) {
        Some(webhook) => {
            more.insert("masked".to_owned(), true.into());
            request_file(&without_credentials(webhook, request), more)
        }
        None => request_file(request, more),
    }
}

/// Returns the file of `request`, with the keys of `more` beside its own.
pub fn request_file(request: &Request, more: Map<String, Value>) -> String {
    let path = match request.raw_query() {
        "" => request.path().to_owned(),
        query => format!("{}?{query}", request.path()),
    };
    let headers: Vec<_> = request
        .headers()
        .iter()
        .map(|(name, value)| match std::str::from_utf8(value) {
            Ok(text) => json!([name, text]),
            Err(_) => json!([name, { "base64": STANDARD.encode(value) }]),
        })
        .collect();
    let mut file = more;
    file.insert("method".to_owned(), request.method().into());
    file.insert("path".to_owned(), path.into());
    if let Some(peer) = request.peer() {
        file.insert("peer".to_owned(), peer.to_string().into());
    }
    file.insert("headers".to_owned(), headers.into());
    match std::str::from_utf8(request.body()) {
        Ok(text) => file.insert("body".to_owned(), text.into()),
        Err(_) => file.insert("body_base64".to_owned(), STANDARD.encode(request.body()).into()),
    };
    format!("{:#}\n", Value::Object(file))
}
