//! JSON text that every queue accepts.
//!
//! SQS accepts only
//! `#x9 | #xA | #xD | #x20–#xD7FF | #xE000–#xFFFD | #x10000–#x10FFFF`
//! (SendMessage, `MessageBody`). JSON writers escape control characters but
//! leave U+FFFE and U+FFFF as they are, so those are escaped here. The embedded
//! queue gets the same text, so that a laptop shows what AWS would hold.

use std::io;

use serde::Serialize;
use serde::ser::Error as _;
use serde_json::ser::{CompactFormatter, Formatter, Serializer};

/// Writes compact JSON in which U+FFFE and U+FFFF are escaped.
struct QueueFormatter(CompactFormatter);

impl Formatter for QueueFormatter {
    fn write_string_fragment<W: ?Sized + io::Write>(
        &mut self,
        writer: &mut W,
        fragment: &str,
    ) -> io::Result<()> {
        // In UTF-8 both begin with the byte EF, which most text does not have.
        if !fragment.as_bytes().contains(&0xef) {
            return self.0.write_string_fragment(writer, fragment);
        }
        let mut rest = fragment;
        while let Some(offset) = rest.find(['\u{fffe}', '\u{ffff}']) {
            let (before, from) = rest.split_at(offset);
            self.0.write_string_fragment(writer, before)?;
            let mut chars = from.chars();
            writer.write_all(match chars.next() {
                Some('\u{fffe}') => b"\\ufffe",
                _ => b"\\uffff",
            })?;
            rest = chars.as_str();
        }
        self.0.write_string_fragment(writer, rest)
    }
}

/// Writes `value` as JSON text that every queue accepts.
///
/// # Errors
///
/// Fails if `value` cannot be written as JSON.
pub fn queue_text(value: &impl Serialize) -> serde_json::Result<String> {
    let mut bytes = Vec::with_capacity(1024);
    value
        .serialize(&mut Serializer::with_formatter(&mut bytes, QueueFormatter(CompactFormatter)))?;
    String::from_utf8(bytes).map_err(serde_json::Error::custom)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::{Value, json};

    use super::*;

    fn sqs_takes(c: char) -> bool {
        matches!(c, '\t' | '\n' | '\r' | ' '..='\u{d7ff}' | '\u{e000}'..='\u{fffd}' | '\u{10000}'..)
    }

    #[test]
    fn what_sqs_refuses_is_escaped() {
        let value = json!({"k\u{fffe}": "a\u{0}b\u{ffff}c\u{1fffe}\u{7f}"});
        let text = queue_text(&value).unwrap();
        assert_eq!(text, "{\"k\\ufffe\":\"a\\u0000b\\uffffc\u{1fffe}\u{7f}\"}");
        assert_eq!(serde_json::from_str::<Value>(&text).unwrap(), value);
    }

    proptest! {
        #[test]
        fn any_text_survives_in_characters_that_sqs_takes(texts in prop::collection::vec(any::<String>(), 1..5)) {
            let text = queue_text(&texts).unwrap();
            prop_assert!(text.chars().all(sqs_takes));
            prop_assert_eq!(serde_json::from_str::<Vec<String>>(&text).unwrap(), texts);
        }
    }
}
