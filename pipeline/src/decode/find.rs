//! Finds one value of a body, such as the delivery's id, also if something else in the body is damaged: the
//! body may become a dead letter, and is known when it comes again all the same.

use mef_source::Path;
use serde_json::Value;

use super::apart::Take;
use super::body::{Body, Whole};
use super::borders::{begin, blanks_end, list_end, member_value, string_end, value_end};
use super::error::DecodeError;
use super::json::{MOST_VALUES, decode_record};
use super::tags::elements_at;
use super::xml_apart::read_element;

impl Body {
    /// Returns the value at `path` in the body. If it has several values, it is a list of them.
    pub(crate) fn find(&self, path: &Path) -> Option<Value> {
        match self {
            Body::One(Some(Whole::Value(value))) => path.find(value).cloned(),
            Body::One(Some(Whole::Text(text))) => in_json(&text.bytes, path.segments()),
            Body::One(Some(Whole::Unreadable(whole))) => match whole.error {
                DecodeError::Xml(_) => in_damaged_xml(&whole.raw, path),
                _ => None,
            },
            Body::One(None) => None,
            Body::Texts { text, spans, are } => {
                let (first, rest) = path.segments().split_first()?;
                let span = spans.as_slice().get(first.parse::<usize>().ok()?)?;
                in_json(&span.text(text, are).bytes, rest)
            }
        }
    }
}

fn in_json(text: &[u8], path: &[String]) -> Option<Value> {
    match decode_record(text) {
        Ok(value) => path.iter().try_fold(&value, |value, segment| child(value, segment)).cloned(),
        Err(_) => {
            let found = path.iter().try_fold(text.get(begin(text)..)?, |text, s| text_of(text, s));
            decode_record(found?).ok()
        }
    }
}

fn child<'v>(value: &'v Value, segment: &str) -> Option<&'v Value> {
    match value {
        Value::Object(object) => object.get(segment),
        Value::Array(list) => list.get(segment.parse::<usize>().ok()?),
        _ => None,
    }
}

/// Returns the text of a child of the object or list `text`, found by its borders alone. Of a key that is
/// there twice, the last one counts, as it does where the whole can be read.
fn text_of<'t>(text: &'t [u8], segment: &str) -> Option<&'t [u8]> {
    if text.first() == Some(&b'[') {
        let mut elements = Vec::new();
        list_end(text, 0, &mut elements).ok()??;
        return text.get(elements.get(segment.parse::<usize>().ok()?)?.clone());
    }
    if text.first() != Some(&b'{') {
        return None;
    }
    let (mut found, mut at) = (None, blanks_end(text, 1));
    while text.get(at) == Some(&b'"') {
        let key = text.get(at..string_end(text, at)?)?;
        let begin = member_value(text, at)?;
        let end = value_end(text, begin)?;
        if serde_json::from_slice::<String>(key).is_ok_and(|key| key == segment) {
            found = text.get(begin..end);
        }
        match text.get(end) {
            Some(b',') => at = blanks_end(text, end + 1),
            _ => break,
        }
    }
    found.map(<[u8]>::trim_ascii_end)
}

/// Returns the first element at `path`.
fn in_damaged_xml(text: &[u8], path: &Path) -> Option<Value> {
    let place = elements_at(text, &[path], Take::Elements).ok()?.into_iter().next()?;
    read_element(text.get(place)?, MOST_VALUES).ok().map(|(value, _)| value)
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;
    use mef_source::Root;
    use mef_source::checked::Decode;
    use serde_json::json;

    use super::*;
    use crate::decode::body::{Decoding, Packed};

    fn find_as(format: Decode, bytes: &[u8], kind: &str, path: &str) -> Option<Value> {
        let packed = Packed {
            bytes: Bytes::copy_from_slice(bytes),
            content_type: Some(kind.to_owned()),
            content_encoding: None,
        };
        let body = packed.read(Decoding { format, charset: None });
        body.find(&Path::parse(path, &[Root::Record]).unwrap())
    }

    fn find(bytes: &[u8], kind: &str, path: &str) -> Option<Value> {
        find_as(Decode::Auto, bytes, kind, path)
    }

    #[test]
    fn a_value_of_the_body_is_found_by_its_path() {
        assert_eq!(find(b"{\"a\":{\"id\":7}}", "", "a.id"), Some(json!(7)));
        assert_eq!(find(b"[{\"id\":7},{\"id\":[8]}]", "", "1.id.0"), Some(json!(8)));
        assert_eq!(find(b"{\"id\":7}\n{\"id\":8}", "application/x-ndjson", "1.id"), Some(json!(8)));
        assert_eq!(find(b"id=7&x=1", "application/x-www-form-urlencoded", "id"), Some(json!("7")));
        assert_eq!(find(b"[{\"id\":7}", "", "0.id"), None);
    }

    #[test]
    fn an_id_is_found_in_json_that_is_damaged_elsewhere() {
        for damage in [
            &b"\"\xff\""[..],
            b"\"\\ud800\"",
            b"NaN",
            b"\"\x01\"",
            b"[[nothing]]",
            b"{\"id\":\"\xff\"}",
        ] {
            let body = [
                b"\xef\xbb\xbf { \"x\" : ",
                damage,
                b", \"a\": [0, {\"id\" : \"d-1\" } ] , \"z\":",
                damage,
                b"}",
            ]
            .concat();
            assert_eq!(find(&body, "", "a.1.id"), Some(json!("d-1")), "{body:?}");
            assert_eq!(find(&body, "", "a.2.id"), None);
            let line = [b"{\"id\":7,\"x\":", damage, b"}\n{\"id\":8}\n"].concat();
            assert_eq!(find(&line, "application/x-ndjson", "0.id"), Some(json!(7)), "{line:?}");
        }
        // Where it is damaged itself there is none, and what is there twice is what a parser would take.
        assert_eq!(find(b"{\"id\":NaN}", "", "id"), None);
        assert_eq!(find(b"{\"id\":1,\"id\":2,\"x\":NaN}", "", "id"), Some(json!(2)));
        assert_eq!(find(b"{\"x\":NaN,\"\\u0069d\":\"d\"}", "", "id"), Some(json!("d")));
    }

    #[test]
    fn an_id_is_found_in_xml_that_is_damaged_elsewhere() {
        let body = b"<e><id>d-1</id><list><r><m>&nothing;</m></r><r><m>ok</m></r></list></e>";
        assert_eq!(find_as(Decode::Xml, body, "", "e.id"), Some(json!("d-1")));
        assert_eq!(find_as(Decode::Xml, body, "", "e.list.r.m"), None);
        assert_eq!(find_as(Decode::Xml, body, "", "e.none"), None);
    }
}
