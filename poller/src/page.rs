//! From an answer to records and the way to the next page.

use aws_lc_rs::digest::{SHA256, digest};
use mef_pipeline::{DecodeError, decode_json};
use mef_ports::{HttpResponse, ResumeAt};
use mef_source::checked::{Cursor, Next, Poll};
use serde_json::Value;
use url::Url;

use crate::link_header;
use crate::next_link::without_secrets;

/// One page of records.
#[derive(Debug)]
pub(crate) struct Page {
    /// The records.
    pub(crate) records: Vec<Value>,
    /// Where the vendor says the next page is.
    pub(crate) next: Option<ResumeAt>,
    /// For a cursor by token: the token for what comes next.
    pub(crate) cursor_token: Option<String>,
    /// Tells two pages apart.
    pub(crate) digest: [u8; 32],
}

impl Page {
    /// A page without records, and the last.
    pub(crate) fn empty(body: &[u8]) -> Page {
        let mut page = [0; 32];
        page.copy_from_slice(digest(&SHA256, body).as_ref());
        Page { records: Vec::new(), next: None, cursor_token: None, digest: page }
    }
}

/// Why an answer is no page.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PageError {
    /// The body cannot be read.
    #[error("the page cannot be read")]
    Decode(#[source] DecodeError),
    /// The list of records is not where the source file says.
    #[error("the page has no list of records at `{place}`, but {found}")]
    NoRecords {
        /// The path in the source file.
        place: String,
        /// What is there instead.
        found: &'static str,
    },
    /// The next page's URL or token is not text.
    #[error("the page names the next one by {found}, at `{place}`")]
    Next {
        /// The path in the source file.
        place: String,
        /// What is there.
        found: &'static str,
    },
}

/// Reads the answer to a request to `url`.
pub(crate) fn read(poll: &Poll, url: &Url, response: &HttpResponse) -> Result<Page, PageError> {
    let mut page = [0; 32];
    page.copy_from_slice(digest(&SHA256, &response.body).as_ref());
    let mut body = decode_json(&response.body).map_err(PageError::Decode)?;
    let next = match &poll.next {
        None => None,
        Some(Next::Link(relation)) => {
            link_header::find(&response.headers, relation).map(ResumeAt::Url)
        }
        Some(Next::Url(path)) => text(path, &body)?.map(ResumeAt::Url),
        Some(Next::Token { from, .. }) => text(from, &body)?.map(ResumeAt::Token),
    };
    let next = match next {
        // A relative link is relative to the page it stands on (RFC 3986 §5).
        Some(ResumeAt::Url(link)) => {
            let next = match url.join(&link) {
                Ok(url) => without_secrets(url, poll).to_string(),
                // It leads nowhere; its query may have our secrets in it.
                Err(_) => link.split('?').next().unwrap_or_default().to_owned(),
            };
            Some(ResumeAt::Url(next))
        }
        next => next,
    };
    let cursor_token = match &poll.cursor {
        Cursor::Token(cursor) => text(&cursor.token, &body)?,
        _ => None,
    };
    let place = poll.records.pointer();
    let records = match body.pointer_mut(&place).map(Value::take) {
        Some(Value::Array(records)) => records,
        // Some servers write an empty list as null.
        Some(Value::Null) => Vec::new(),
        other => {
            let found = other.as_ref().map_or("nothing", kind);
            return Err(PageError::NoRecords { place, found });
        }
    };
    Ok(Page { records, next, cursor_token, digest: page })
}

/// The text or number at `path`; nothing where there is nothing, or nothing in
/// it.
fn text(path: &mef_source::Path, body: &Value) -> Result<Option<String>, PageError> {
    match path.find(body) {
        None | Some(Value::Null | Value::Bool(false)) => Ok(None),
        Some(Value::String(text)) if text.is_empty() => Ok(None),
        Some(Value::String(text)) => Ok(Some(text.clone())),
        Some(Value::Number(number)) => Ok(Some(number.to_string())),
        Some(other) => Err(PageError::Next { place: path.pointer(), found: kind(other) }),
    }
}

fn kind(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "a boolean",
        Value::Number(_) => "a number",
        Value::String(_) => "a text",
        Value::Array(_) => "a list",
        Value::Object(_) => "an object",
    }
}
