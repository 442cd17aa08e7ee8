//! A webhook request as a file: what `mef run --capture` writes, what `mef
//! explain` judges and what `mef test` takes for input.
//!
//! People also write such files by hand from what a vendor's console shows, so an error names the key
//! that is wrong and what would be right. An unknown key is not an error, since notes are allowed; but it
//! is reported, since it may be a misspelt one.

use std::path::Path;

use anyhow::{Context as _, bail};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use jiff::Timestamp;
use mef_auth::Request;
use serde_json::{Map, Value};

/// The known keys; some of them are only for people.
const KEYS: [&str; 10] = [
    "method",
    "path",
    "headers",
    "body",
    "body_base64",
    "peer",
    "received_at",
    "source",
    "reason",
    "masked",
];

/// A request from a file.
pub(crate) struct Captured {
    /// The request.
    pub(crate) request: Request,
    /// When it came, if the file says so.
    pub(crate) received_at: Option<Timestamp>,
    /// Whether its credentials were masked when it was written: it cannot be found authentic.
    pub(crate) is_masked: bool,
    /// The unknown keys.
    pub(crate) unknown: Vec<String>,
}

impl Captured {
    /// Reads the file at `path`.
    pub(crate) fn read(path: &Path) -> anyhow::Result<Captured> {
        let file = path.display();
        let bytes = std::fs::read(path).with_context(|| format!("cannot read {file}"))?;
        let text = std::str::from_utf8(&bytes).with_context(|| {
            format!("{file} is not UTF-8: a body that is not text goes into `body_base64`")
        })?;
        Captured::parse(text).with_context(|| format!("{file} is not a captured request"))
    }

    /// Parses the text of a file.
    pub(crate) fn parse(text: &str) -> anyhow::Result<Captured> {
        let value: Value = serde_json::from_str(text).context("it is not JSON")?;
        let Value::Object(keys) = value else {
            bail!(r#"it is not an object `{{"method", "path", "headers", "body"}}`"#)
        };
        let method = string(&keys, "method", "the method, such as `\"POST\"`")?;
        let path = string(&keys, "path", "the path and query as sent, such as `\"/github?x=1\"`")?;
        if method.is_empty() {
            bail!("`method` is empty: it is the method, such as `\"POST\"`");
        }
        if !path.starts_with('/') {
            bail!("`path` is `{path}`: it is the path and query as sent, such as `/github?x=1`");
        }
        // A fragment is no part of a request (RFC 9112 §3.2): a server drops it.
        let path = path.split_once('#').map_or(path, |(path, _)| path);
        let (path, query) = path.split_once('?').unwrap_or((path, ""));
        let received_at = match keys.get("received_at") {
            None | Some(Value::Null) => None,
            Some(value) => Some(value.as_str().and_then(|text| text.parse().ok()).context(
                "`received_at` is not a moment: it is RFC 3339, such as `\"2026-11-24T12:00:00Z\"`",
            )?),
        };
        let peer = match keys.get("peer") {
            None | Some(Value::Null) => None,
            Some(value) => Some(value.as_str().and_then(|text| text.parse().ok()).context(
                "`peer` is not an address: it is where the request came from, such as `\"192.0.2.1\"`",
            )?),
        };
        let request = Request::new(method, path, query, headers(&keys)?, body(&keys)?);
        Ok(Captured {
            request: request.from_peer(peer),
            received_at,
            is_masked: keys.get("masked") == Some(&Value::Bool(true)),
            unknown: keys.keys().filter(|key| !KEYS.contains(&key.as_str())).cloned().collect(),
        })
    }
}

fn string<'v>(keys: &'v Map<String, Value>, key: &str, right: &str) -> anyhow::Result<&'v str> {
    match keys.get(key) {
        Some(Value::String(text)) => Ok(text),
        Some(_) => bail!("`{key}` is not a string: it is {right}"),
        None => bail!("`{key}` is missing: it is {right}"),
    }
}

fn headers(keys: &Map<String, Value>) -> anyhow::Result<Vec<(String, Vec<u8>)>> {
    const RIGHT: &str = "it is a list of pairs, one a header line, such as `[[\"content-type\", \"application/json\"]]`";
    let lines = match keys.get("headers") {
        Some(Value::Array(lines)) => lines,
        Some(_) => bail!("`headers` is not a list: {RIGHT}"),
        None => bail!("`headers` is missing: {RIGHT}"),
    };
    let mut headers = Vec::with_capacity(lines.len());
    for (index, line) in lines.iter().enumerate() {
        let (name, value) = match line.as_array().map(Vec::as_slice) {
            Some([Value::String(name), value]) => (name, value),
            _ => bail!("`headers[{index}]` is not a pair of a name and a value: {RIGHT}"),
        };
        if name.is_empty() {
            bail!("`headers[{index}]` has no name");
        }
        let bytes = match value {
            Value::String(text) => text.clone().into_bytes(),
            Value::Object(object) if object.len() == 1 && object.contains_key("base64") => {
                let text = object.get("base64").and_then(Value::as_str).unwrap_or_default();
                STANDARD.decode(text).with_context(|| {
                    format!("the `base64` of `headers[{index}]` (`{name}`) is not base64")
                })?
            }
            _ => bail!(
                "the value of `headers[{index}]` (`{name}`) is not a string, nor {{\"base64\": \"…\"}} for bytes that \
                 are not text"
            ),
        };
        // As a server reads a line (RFC 9112 §5.1).
        let is_blank = |byte: &u8| matches!(byte, b' ' | b'\t');
        let start = bytes.iter().position(|byte| !is_blank(byte)).unwrap_or(bytes.len());
        let end = bytes.iter().rposition(|byte| !is_blank(byte)).map_or(start, |last| last + 1);
        headers.push((name.clone(), bytes.get(start..end).unwrap_or_default().to_vec()));
    }
    Ok(headers)
}

fn body(keys: &Map<String, Value>) -> anyhow::Result<Vec<u8>> {
    match (keys.get("body"), keys.get("body_base64")) {
        (Some(Value::String(text)), None) => Ok(text.clone().into_bytes()),
        (None, Some(Value::String(text))) => STANDARD.decode(text).context(
            "`body_base64` is not base64 with the usual alphabet, `+` and `/`, and with its `=`",
        ),
        (None, None) => Ok(Vec::new()),
        (Some(Value::Object(_) | Value::Array(_)), None) => bail!(
            "`body` is not a string: it is the body's text as sent, since a signature is over its bytes, such as \
             `\"{{\\\"a\\\": 1}}\"`"
        ),
        (Some(_), None) => bail!("`body` is not a string: it is the body's text as sent"),
        (None, Some(_)) => bail!("`body_base64` is not a string"),
        (Some(_), Some(_)) => {
            bail!("`body` and `body_base64` exclude each other: text goes into the first")
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn wrong(text: &str) -> String {
        match Captured::parse(text) {
            Ok(_) => panic!("{text} is taken"),
            Err(error) => format!("{error:#}"),
        }
    }

    #[test]
    fn a_mistake_names_the_key_and_what_is_right() {
        for (text, says) in [
            ("{", "it is not JSON"),
            ("[]", "it is not an object"),
            (r#"{"path":"/","headers":[]}"#, "`method` is missing: it is the method"),
            (r#"{"method":1,"path":"/","headers":[]}"#, "`method` is not a string"),
            (r#"{"method":"","path":"/","headers":[]}"#, "`method` is empty"),
            (r#"{"method":"POST","headers":[]}"#, "`path` is missing"),
            (r#"{"method":"POST","path":"https://x/","headers":[]}"#, "`path` is `https://x/`"),
            (r#"{"method":"POST","path":"/"}"#, "`headers` is missing: it is a list of pairs"),
            (r#"{"method":"POST","path":"/","headers":{"a":"b"}}"#, "`headers` is not a list"),
            (r#"{"method":"POST","path":"/","headers":[["a"]]}"#, "`headers[0]` is not a pair"),
            (r#"{"method":"POST","path":"/","headers":[["a",1]]}"#, "`headers[0]` (`a`)"),
            (r#"{"method":"POST","path":"/","headers":[["",""]]}"#, "`headers[0]` has no name"),
            (
                r#"{"method":"POST","path":"/","headers":[],"body":{}}"#,
                "as sent, since a signature",
            ),
            (r#"{"method":"POST","path":"/","headers":[],"body_base64":"*"}"#, "is not base64"),
            (r#"{"method":"POST","path":"/","headers":[],"body":"","body_base64":""}"#, "exclude"),
            (r#"{"method":"POST","path":"/","headers":[],"received_at":1}"#, "RFC 3339"),
            (r#"{"method":"POST","path":"/","headers":[],"peer":"here"}"#, "is not an address"),
        ] {
            let error = wrong(text);
            assert!(error.contains(says), "{text}: {error}");
        }
    }

    #[test]
    fn what_is_written_is_read_again_byte_for_byte() {
        let headers = vec![("x-a".to_owned(), b"\xff".to_vec()), ("x-a".to_owned(), b"b".to_vec())];
        for body in [b"{\"a\":\"\xc3\xa9\"}\r\n".to_vec(), b"\xff\x00".to_vec(), Vec::new()] {
            let request = Request::new("POST", "/hook", "a=%20&b", headers.clone(), body.clone())
                .from_peer("192.0.2.1".parse().ok());
            let mut more = Map::new();
            more.insert("received_at".to_owned(), "2026-11-24T12:00:00Z".into());
            let read = Captured::parse(&mef_intake::request_file(&request, more)).unwrap();
            assert_eq!(read.request.headers(), headers);
            assert_eq!(read.request.body(), &body);
            assert_eq!((read.request.path(), read.request.raw_query()), ("/hook", "a=%20&b"));
            assert_eq!(read.request.peer(), request.peer());
            assert_eq!(read.received_at, "2026-11-24T12:00:00Z".parse().ok());
            assert!(read.unknown.is_empty() && !read.is_masked);
        }
    }

    /// Else `mef explain` would judge another request than the server.
    #[test]
    fn a_path_and_a_header_are_read_as_a_server_reads_them() {
        let text =
            r##"{"method":"POST","path":"/a?b=%23#c?d","headers":[["x"," \t b c\t "],["y"," "]]}"##;
        let request = Captured::parse(text).unwrap().request;
        assert_eq!((request.path(), request.raw_query()), ("/a", "b=%23"));
        assert_eq!(request.header_values("x").collect::<Vec<_>>(), [b"b c"]);
        assert_eq!(request.header_values("y").collect::<Vec<_>>(), [b""]);
    }

    #[test]
    fn a_key_that_is_not_known_is_told() {
        let text = r#"{"method":"POST","path":"/","headers":[],"bdoy":"x"}"#;
        assert_eq!(Captured::parse(text).unwrap().unknown, ["bdoy"]);
    }
}
