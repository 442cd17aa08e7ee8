//! From an answer to records and the way to the next page.

use aws_lc_rs::digest::{SHA256, digest};
use mef_pipeline::{DecodeError, decode_json};
use mef_ports::{HttpResponse, ResumeAt};
use mef_source::checked::{Cursor, Next, Poll, PollAuth};
use serde_json::Value;
use url::{Url, form_urlencoded};

use crate::link_header;

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

/// A next link without our own credential, which some vendors repeat in it. It
/// is put on each request anew, and the link goes into the cursor, where people
/// read it. Every other byte of the query stays: tokens may depend on theirs.
fn without_credential(mut url: Url, auth: &PollAuth) -> Url {
    if let (PollAuth::Query { name, .. }, Some(query)) = (auth, url.query()) {
        let is_credential = |piece: &&str| {
            form_urlencoded::parse(piece.as_bytes()).next().is_some_and(|(key, _)| key == *name)
        };
        let kept: Vec<_> = query.split('&').filter(|piece| !is_credential(piece)).collect();
        let kept = kept.join("&");
        url.set_query(Some(kept.as_str()).filter(|kept| !kept.is_empty()));
    }
    url
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
            let next = url.join(&link).map(|url| without_credential(url, &poll.auth));
            Some(ResumeAt::Url(next.map_or(link, |url| url.to_string())))
        }
        next => next,
    };
    let cursor_token = match &poll.cursor {
        Cursor::Token(cursor) => text(&cursor.token, &body)?,
        Cursor::Time(_) => None,
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

#[cfg(test)]
mod tests {
    use mef_source::checked::PollAuth;

    use super::*;

    fn poll(auth: &str) -> Poll {
        let file = format!(
            "source: acme\npoll:\n  schedule: rate(1 minute)\n  auth: {auth}\n  \
             request: {{ get: \"https://api.example.com/\", query: {{ since: \"{{window.start}}\" }} }}\n  \
             next: {{ url: next }}\n  records: items\n  cursor: {{ time: t, overlap: 1s }}\n"
        );
        mef_source::load(&file, &|_| Err(String::new())).unwrap().source.poll.unwrap()
    }

    #[test]
    fn a_next_link_that_repeats_our_credential_is_kept_without_it() {
        let read = |poll: &Poll, link: &str| {
            let body = serde_json::json!({ "items": [], "next": link }).to_string();
            let response = HttpResponse {
                status: http::StatusCode::OK,
                headers: http::HeaderMap::new(),
                body: body.into(),
            };
            let url = Url::parse("https://api.example.com/logs").unwrap();
            match super::read(poll, &url, &response).unwrap().next {
                Some(ResumeAt::Url(next)) => next,
                other => panic!("{other:?}"),
            }
        };
        let by_query = poll("{ query: { name: api_key, value: \"{secret.key}\" } }");
        assert!(matches!(by_query.auth, PollAuth::Query { .. }));
        for (link, kept) in [
            ("?a=%2f+x&api_key=s3cr3t&page=2", "https://api.example.com/logs?a=%2f+x&page=2"),
            ("?api%5Fkey=s3cr3t", "https://api.example.com/logs"),
            ("?api_keys=1", "https://api.example.com/logs?api_keys=1"),
        ] {
            assert_eq!(read(&by_query, link), kept);
        }
        let by_header = poll("{ bearer: \"{secret.key}\" }");
        assert_eq!(read(&by_header, "?api_key=1"), "https://api.example.com/logs?api_key=1");
    }
}
