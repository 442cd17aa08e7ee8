//! A body, and what its records are read from.
//!
//! A body is decompressed and its records' borders are found once. Each record stays text until its turn
//! comes: as values, a few megabytes of small records would take a hundred times their bytes.

use std::ops::Range;
use std::vec;

use bytes::Bytes;
use mef_source::checked::{Charset, Decode};
use serde_json::Value;

use super::borders::{MOST_RECORDS, begin, elements, one_after_another};
use super::charset::Charsets;
use super::error::DecodeError;
use super::form::{self, Form};
use super::json::{MOST_VALUES, decode_record, syntax_error};
use super::unpack::{is_packed, unpack};
use super::xml::read_xml;

/// What came, and what its headers say about it.
#[derive(Debug)]
pub(crate) struct Packed {
    pub(crate) bytes: Bytes,
    pub(crate) content_type: Option<String>,
    pub(crate) content_encoding: Option<String>,
}

/// How a body is read, as the source file says.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Decoding {
    pub(crate) format: Decode,
    pub(crate) charset: Option<Charset>,
}

/// What is to be read as one value.
#[derive(Debug)]
pub(crate) enum Whole {
    Value(Value),
    Text(Text),
    Unreadable(Unreadable),
}

/// The text of one value.
#[derive(Debug)]
pub(crate) struct Text {
    pub(crate) bytes: Bytes,
    /// Where it is in the body.
    pub(crate) place: String,
    /// Whether it has several records if it is a list: a line, and not what is in a list already.
    pub(crate) may_be_list: bool,
}

impl Text {
    /// Returns a text that was kept with its `place` in the body.
    pub(crate) fn kept(bytes: Bytes, place: String) -> Text {
        let may_be_list = !place.contains('/');
        Text { bytes, place, may_be_list }
    }
}

/// What cannot be read, and why.
#[derive(Debug)]
pub(crate) struct Unreadable {
    pub(crate) raw: Bytes,
    pub(crate) error: DecodeError,
    pub(crate) place: String,
}

/// What a body is made of, one after another.
#[derive(Debug)]
pub(crate) enum Body {
    One(Option<Whole>),
    Texts { text: Bytes, spans: vec::IntoIter<Span>, are: Are },
}

/// What the texts of a body are.
#[derive(Debug)]
pub(crate) enum Are {
    Lines,
    /// JSON values that follow each other.
    Values,
    /// Elements of the list at this place.
    Elements(String),
}

/// Where a text stands, in a body of at most 64 MiB.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Span {
    from: u32,
    to: u32,
    /// The number of its line, from 1, or of the value, from 0.
    number: u32,
}

/// How large a body may be to be read at once: reading a larger one takes milliseconds.
const SMALL: usize = 256 * 1024;

impl Packed {
    /// Returns whether reading it takes no time to speak of.
    pub(crate) fn is_small(&self) -> bool {
        self.bytes.len() <= SMALL && !is_packed(&self.bytes)
    }

    /// Decompresses it and finds the borders of its records.
    pub(crate) fn read(self, decoding: Decoding) -> Body {
        let plain = match unpack(&self.bytes, self.content_encoding.as_deref()) {
            Ok(plain) => plain,
            Err(error) => return unreadable(self.bytes, error),
        };
        let content_type = self.content_type.as_deref();
        let charsets = Charsets::of(decoding.charset, content_type);
        // What is too much stays as small as it came.
        read(&plain, effective(decoding.format, content_type), charsets).unwrap_or_else(|error| {
            match error {
                DecodeError::TooManyRecords(_) => unreadable(self.bytes, error),
                error => unreadable(plain, error),
            }
        })
    }
}

fn read(plain: &Bytes, format: Decode, charsets: Charsets) -> Result<Body, DecodeError> {
    if format == Decode::Form {
        return form(plain, charsets);
    }
    let in_utf8 = charsets.whole(plain)?.map(Bytes::from);
    let text = in_utf8.as_ref().unwrap_or(plain);
    match format {
        Decode::Ndjson => lines(text),
        Decode::JsonSeq => sequence(text),
        Decode::Concatenated => {
            let found = one_after_another(text)?.ok_or_else(|| syntax_error(text))?;
            Ok(Body::texts(text, found, Are::Values))
        }
        Decode::Xml => {
            let text = charsets.of_document(text).record(text);
            let (value, _) = read_xml(text.as_ref(), MOST_VALUES)?;
            Ok(Body::One(Some(Whole::Value(value))))
        }
        Decode::Auto if begins_as_xml(text) => Err(DecodeError::UnsaidXml),
        // Its dead letter has to have the text as it came.
        _ if in_utf8.is_some() && !is_list(text) => {
            Ok(Body::One(Some(Whole::Value(decode_record(text)?))))
        }
        _ => json(text),
    }
}

fn unreadable(raw: Bytes, error: DecodeError) -> Body {
    Body::One(Some(Whole::Unreadable(Unreadable { raw, error, place: String::new() })))
}

fn effective(mode: Decode, content_type: Option<&str>) -> Decode {
    if mode != Decode::Auto {
        return mode;
    }
    let essence = content_type.unwrap_or("").split(';').next().unwrap_or("").trim();
    match essence.to_ascii_lowercase().as_str() {
        "application/x-www-form-urlencoded" => Decode::Form,
        "application/x-ndjson"
        | "application/ndjson"
        | "application/jsonl"
        | "application/x-jsonlines"
        | "application/jsonlines" => Decode::Ndjson,
        "application/json-seq" => Decode::JsonSeq,
        "application/json" | "text/json" => Decode::Json,
        _ => Decode::Auto,
    }
}

/// Returns whether `text` begins as XML does, and JSON never.
fn begins_as_xml(text: &[u8]) -> bool {
    text.get(begin(text)..).is_some_and(|text| text.starts_with(b"<"))
}

/// Reads a form, or the JSON in it.
fn form(text: &Bytes, charsets: Charsets) -> Result<Body, DecodeError> {
    let value = match form::decode(text, charsets)? {
        Form::Payload(json) if is_list(json.as_bytes()) => {
            return list(&Bytes::from(json), String::new());
        }
        Form::Payload(json) => decode_record(json.as_bytes())?,
        Form::Fields(fields) => fields,
    };
    Ok(Body::One(Some(Whole::Value(value))))
}

/// Reads one JSON value, or a list of them.
fn json(text: &Bytes) -> Result<Body, DecodeError> {
    if is_list(text) {
        return list(text, String::new());
    }
    let whole = Text { bytes: text.clone(), place: String::new(), may_be_list: false };
    Ok(Body::One(Some(Whole::Text(whole))))
}

/// Returns the elements of the list `text`, which stands at `place` in the body.
pub(crate) fn list(text: &Bytes, place: String) -> Result<Body, DecodeError> {
    let found = elements(text)?.ok_or_else(|| syntax_error(text))?;
    Ok(Body::texts(text, found, Are::Elements(place)))
}

/// The character RS, behind which each text of a sequence stands (RFC 7464 §2.2).
const RS: u8 = 0x1e;

/// Reads a sequence of JSON texts. Some senders write lines and call them so.
fn sequence(text: &Bytes) -> Result<Body, DecodeError> {
    if !text.contains(&RS) {
        return lines(text);
    }
    let found = separated(text, RS)?.into_iter().map(|(_, span)| span).collect();
    Ok(Body::texts(text, found, Are::Values))
}

/// Returns whether `text` begins as a list does.
pub(crate) fn is_list(text: &[u8]) -> bool {
    let text = text.strip_prefix(b"\xef\xbb\xbf").unwrap_or(text);
    text.trim_ascii_start().starts_with(b"[")
}

/// Reads one JSON value on each line. Some senders call lines what is one value over many lines.
fn lines(text: &Bytes) -> Result<Body, DecodeError> {
    if goes_over_lines(text)
        && let Some(found) = one_after_another(text)?
    {
        return Ok(Body::texts(text, found, Are::Values));
    }
    let spans =
        separated(text, b'\n')?.into_iter().map(|(number, span)| Span::new(span, number + 1));
    let spans = spans.collect::<Vec<_>>().into_iter();
    Ok(Body::Texts { text: text.clone(), spans, are: Are::Lines })
}

/// Returns whether the first line does no more than begin an object or a list, which no whole value does.
fn goes_over_lines(text: &[u8]) -> bool {
    let first = text.get(begin(text)..).and_then(|text| text.split(|byte| *byte == b'\n').next());
    matches!(first.map(<[u8]>::trim_ascii), Some(b"{" | b"["))
}

/// Returns the parts of `text` between separators, each with its number, without the empty ones.
fn separated(text: &[u8], separator: u8) -> Result<Vec<(usize, Range<usize>)>, DecodeError> {
    let mut found = Vec::new();
    let mut from = 0;
    for (number, part) in text.split(|byte| *byte == separator).enumerate() {
        let to = from + part.len();
        if !part.iter().all(|byte| *byte == 0 || byte.is_ascii_whitespace()) {
            if found.len() == MOST_RECORDS {
                return Err(DecodeError::TooManyRecords(MOST_RECORDS));
            }
            found.push((number, from..to));
        }
        from = to + 1;
    }
    Ok(found)
}

impl Span {
    fn new(span: Range<usize>, number: usize) -> Span {
        let short = |number: usize| u32::try_from(number).unwrap_or(u32::MAX);
        Span { from: short(span.start), to: short(span.end), number: short(number) }
    }

    pub(super) fn text(self, text: &Bytes, are: &Are) -> Text {
        let (from, to) = (self.from as usize, self.to as usize);
        let bytes = text.get(from..to).map(|part| text.slice_ref(part)).unwrap_or_default();
        let place = match are {
            Are::Lines => format!("line {}", self.number),
            Are::Values => format!("value {}", self.number),
            Are::Elements(list) => format!("{list}/{}", self.number),
        };
        Text { bytes, place, may_be_list: !matches!(are, Are::Elements(_)) }
    }
}

impl Iterator for Body {
    type Item = Whole;

    fn next(&mut self) -> Option<Whole> {
        match self {
            Body::One(whole) => whole.take(),
            Body::Texts { text, spans, are } => {
                spans.next().map(|span| Whole::Text(span.text(text, are)))
            }
        }
    }
}

impl Body {
    fn texts(text: &Bytes, found: Vec<Range<usize>>, are: Are) -> Body {
        let spans = found.into_iter().enumerate().map(|(number, span)| Span::new(span, number));
        let spans = spans.collect::<Vec<_>>().into_iter();
        Body::Texts { text: text.clone(), spans, are }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn body(bytes: &[u8], content_type: Option<&str>, mode: Decode) -> Body {
        let content_type = content_type.map(str::to_owned);
        let decoding = Decoding { format: mode, charset: None };
        Packed { bytes: Bytes::copy_from_slice(bytes), content_type, content_encoding: None }
            .read(decoding)
    }

    fn values(bytes: &[u8], content_type: &str) -> Vec<Result<Value, String>> {
        body(bytes, Some(content_type), Decode::Auto)
            .map(|whole| match whole {
                Whole::Value(value) => Ok(value),
                Whole::Text(text) => {
                    decode_record(&text.bytes).map_err(|error| format!("{}: {error}", text.place))
                }
                Whole::Unreadable(whole) => Err(whole.error.to_string()),
            })
            .collect()
    }

    #[test]
    fn the_content_type_chooses_unless_the_source_file_does() {
        assert_eq!(values(b"{\"a\":1}", "application/json; charset=utf-8"), [Ok(json!({"a": 1}))]);
        assert_eq!(values(b"{\"a\":1}", "text/plain"), [Ok(json!({"a": 1}))]);
        assert_eq!(values(b"1\n\n2\r\n", "application/x-ndjson"), [Ok(json!(1)), Ok(json!(2))]);
        assert_eq!(
            values(b"payload=%7B%22a%22%3A1%7D", "application/x-www-form-urlencoded"),
            [Ok(json!({"a": 1}))]
        );
        assert_eq!(body(b"1\n2", Some("application/json"), Decode::Ndjson).count(), 2);
    }

    #[test]
    fn a_bad_record_spoils_only_itself_and_is_named() {
        let read = values(b"{\"a\":1}\n{\"a\":\n{\"a\":3}\n\0", "application/x-ndjson");
        assert_eq!((read.len(), read[0].is_ok(), read[2].is_ok()), (3, true, true));
        assert!(read[1].as_ref().unwrap_err().starts_with("line 2: not JSON"), "{read:?}");
        let read = values(b" [1,\"\xff\", 3 ]\0", "application/json");
        assert_eq!((read.len(), read[0].is_ok(), read[2].is_ok()), (3, true, true));
        assert_eq!(read[1], Err("/1: not UTF-8 from byte 1 on".to_owned()));
    }

    #[test]
    fn one_value_over_many_lines_is_read_though_it_is_called_lines() {
        let one = b"{\n  \"token\":\n    \"***\",\n  \"a\": 1\n}\n";
        assert_eq!(values(one, "application/x-ndjson"), [Ok(json!({"token": "***", "a": 1}))]);
        let two = [&one[..], b"{\n}"].concat();
        assert_eq!(values(&two, "application/x-ndjson").len(), 2);
        assert_eq!(values(b"[\r\n {},\r\n {}\r\n]", "application/x-ndjson"), [Ok(json!([{}, {}]))]);
        // Where it ends nowhere, each line is a dead letter as before.
        assert_eq!(values(b"{\n\"a\":1", "application/x-ndjson").len(), 2);
    }

    /// The example of RFC 7464 §2.1 and what its §2.3 says of a text that was cut off.
    #[test]
    fn a_sequence_of_json_texts_is_read_as_its_rfc_says() {
        let read = values(b"\x1e{\"a\":1}\n\x1e{\"b\":\x1e\x1e[2,\n3]\n", "application/json-seq");
        assert_eq!((read.len(), &read[0]), (3, &Ok(json!({"a": 1}))));
        assert!(read[1].as_ref().unwrap_err().starts_with("value 1: not JSON"), "{read:?}");
        assert_eq!(read[2], Ok(json!([2, 3])));
        assert_eq!(values(b"{\"a\":1}\n2\n", "application/json-seq").len(), 2);
    }

    #[test]
    fn values_that_follow_each_other_and_xml_are_read_where_that_is_said() {
        let read = |bytes: &[u8], mode| body(bytes, None, mode).collect::<Vec<_>>();
        let found = read(b"{\"a\":1}{}\n{\"a\":NaN}", Decode::Concatenated);
        assert_eq!(found.len(), 3);
        assert!(matches!(&found[2], Whole::Text(text) if text.place == "value 2"), "{found:?}");
        let found = read(b"<e id='7'><m>x</m></e>", Decode::Xml);
        assert!(
            matches!(&found[..], [Whole::Value(value)] if *value == json!({"e": {"@id": "7", "m": "x"}})),
            "{found:?}"
        );
        assert!(matches!(&read(b"<e>", Decode::Xml)[..], [Whole::Unreadable(_)]));
    }

    #[test]
    fn a_list_that_ends_nowhere_is_refused_whole_with_the_reason() {
        let read = values(b"[1,{\"a\":2}", "application/json");
        assert_eq!(read, [Err("where its records end cannot be found: EOF while parsing a list at line 1 column 10".to_owned())]);
    }
}
