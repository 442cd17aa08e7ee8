//! What an error says about a response that is no success.
//!
//! To mend a source file, a person needs three things first: what was asked, the status, and the
//! vendor's own words. The words are cut, so the secrets in them are masked here: nobody could
//! recognise half a secret later.

use std::fmt;

use http::{Method, StatusCode};
use mef_auth::Redactor;
use mef_ports::HttpResponse;
use url::Url;

/// How many characters of the vendor's words are kept.
const WORDS: usize = 200;
/// A response with more bytes than this is no message, and none of it is shown.
const LONGEST: usize = 256 * 1024;

/// A response that is no success: to what, and what the vendor says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refusal {
    /// The status of the response.
    pub status: StatusCode,
    /// The method and the URL without its query.
    pub asked: String,
    /// The beginning of the response's text. Empty if it has none, and if the status is good: then
    /// it may hold records, which belong in no log.
    pub words: String,
}

impl Refusal {
    /// Returns what `response` to `method` and `url` says, without the secrets that `redactor`
    /// knows.
    pub(crate) fn new(
        method: &Method,
        url: &Url,
        response: &HttpResponse,
        redactor: &Redactor,
    ) -> Refusal {
        let mut place = url.clone();
        place.set_query(None);
        place.set_fragment(None);
        let asked = format!("{method} {place}");
        let status = response.status;
        let is_told = !status.is_success() && response.body.len() <= LONGEST;
        let words = if is_told { words(&response.body, redactor) } else { String::new() };
        Refusal { status, asked, words }
    }
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "the vendor answered {} to {}", self.status, self.asked)?;
        if self.words.is_empty() { Ok(()) } else { write!(f, " ({})", self.words) }
    }
}

/// A response that a rule of `errors` gives up on.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{refusal}, which rule {rule} of `errors` is about")]
pub struct RuledOut {
    /// The response.
    pub refusal: Refusal,
    /// The rule's number, from 1.
    pub rule: usize,
}

/// Returns the beginning of a text as one line; nothing of a web page.
fn words(body: &[u8], redactor: &Redactor) -> String {
    let text = String::from_utf8_lossy(body);
    let text = redactor.mask(&text);
    if text
        .trim_start()
        .get(..5)
        .is_some_and(|tag| tag.eq_ignore_ascii_case("<html") || tag.eq_ignore_ascii_case("<!doc"))
    {
        return String::new();
    }
    let line = text.split(|c: char| c.is_whitespace() || c.is_control());
    let line = line.filter(|word| !word.is_empty()).take(WORDS).collect::<Vec<_>>().join(" ");
    match line.char_indices().nth(WORDS) {
        Some((end, _)) => format!("{}…", &line[..end]),
        None => line,
    }
}

#[cfg(test)]
mod tests {
    use mef_ports::Secret;

    use super::*;

    #[test]
    fn what_may_have_records_in_it_is_not_told() {
        let said = |status, method| {
            let url = Url::parse("https://api.example.com/a?key=k#f").unwrap();
            let body = bytes::Bytes::from_static(b"{\"id\": 1}");
            let response = HttpResponse { status, headers: http::HeaderMap::new(), body };
            Refusal::new(&method, &url, &response, &Redactor::default()).to_string()
        };
        assert_eq!(
            said(StatusCode::OK, Method::GET),
            "the vendor answered 200 OK to GET https://api.example.com/a"
        );
        assert_eq!(
            said(StatusCode::CONFLICT, Method::POST),
            "the vendor answered 409 Conflict to POST https://api.example.com/a ({\"id\": 1})"
        );
    }

    #[test]
    fn a_secret_with_white_space_in_it_is_found_before_that_is_joined() {
        let redactor = Redactor::default();
        redactor.learn(&Secret::new("correct  horse\nbattery"));
        let body = b"{\"bad\":\n  \"correct  horse\nbattery\"}";
        assert_eq!(words(body, &redactor), "{\"bad\": \"***\"}");
    }

    #[test]
    fn the_vendors_words_are_one_short_line() {
        let words = |body: &[u8]| words(body, &Redactor::default());
        assert_eq!(
            words(b"{\"error\":\n  \"no\\u0007 such\"\x1b[2J }"),
            "{\"error\": \"no\\u0007 such\" [2J }"
        );
        assert_eq!(words(b"<!DOCTYPE html><p>Sorry"), "");
        assert_eq!(words(" <HTML>".as_bytes()), "");
        assert_eq!(words("é".repeat(300).as_bytes()).chars().count(), WORDS + 1);
        assert_eq!(words(b""), "");
    }
}
