//! Character sets other than UTF-8.
//!
//! The source file says in which character set a text comes. Where it does not, a byte order mark of
//! UTF-16 does. What `Content-Type` declares counts only for a record that is no UTF-8: JSON has no such
//! parameter (RFC 8259 §11), and senders declare what their library is set to. So no text is taken apart
//! that was whole.

use bytes::Bytes;
use encoding_rs::{Encoding, UTF_16BE, UTF_16LE, WINDOWS_1252};
use mef_source::checked::Charset;

use super::error::DecodeError;

/// In which character set a text comes, as far as that is known.
#[derive(Clone, Copy, Debug, Default)]
pub struct Charsets {
    said: Option<Charset>,
    declared: Option<Charset>,
}

impl Charsets {
    /// Returns what the source file says and what the header `Content-Type` declares.
    pub fn of(said: Option<Charset>, content_type: Option<&str>) -> Charsets {
        Charsets { said, declared: content_type.and_then(declared) }
    }

    /// Returns the same for the document of XML `text`, which may declare itself what it is in (XML 1.0 §4.3.3).
    pub(crate) fn of_document(self, text: &[u8]) -> Charsets {
        match self.declared {
            Some(Charset::Latin1 | Charset::Windows1252) => self,
            declared => Charsets { declared: in_declaration(text).or(declared), ..self },
        }
    }

    /// Returns whether a text that begins with `begin` may be in another character set than UTF-8 as a
    /// whole.
    pub fn may_change(self, begin: &[u8]) -> bool {
        self.whole_is(begin).is_some()
    }

    /// Returns the whole `text` in UTF-8; `None` if it stays as it is.
    ///
    /// # Errors
    ///
    /// Fails if it is not in the character set in which it should be.
    pub fn whole(self, text: &[u8]) -> Result<Option<Vec<u8>>, DecodeError> {
        match self.whole_is(text) {
            Some(Charset::Utf16) if self.said.is_none() && !self.names_utf16(text) => {
                Err(DecodeError::UnsaidUtf16)
            }
            Some(Charset::Latin1 | Charset::Windows1252) => Ok(Some(single_byte(text))),
            Some(Charset::Utf16) => utf16(text).map(Some),
            None | Some(Charset::Utf8) => Ok(None),
        }
    }

    /// Returns the character set of the whole text that begins with `begin`, unless that is UTF-8.
    fn whole_is(self, begin: &[u8]) -> Option<Charset> {
        match self.said {
            Some(Charset::Utf8) => None,
            Some(said) => Some(said),
            None if self.names_utf16(begin) || has_two_bytes(begin) => Some(Charset::Utf16),
            None => None,
        }
    }

    /// Returns whether the text says itself that it is UTF-16, or the header does and the text looks so.
    fn names_utf16(self, begin: &[u8]) -> bool {
        byte_order(begin).is_some() || self.declared == Some(Charset::Utf16) && has_two_bytes(begin)
    }

    /// Returns the text of one record in UTF-8, if it is in the character set that is declared, or said
    /// since the record could not be read.
    pub fn record(self, text: &Bytes) -> Bytes {
        match self.said.or(self.declared) {
            Some(Charset::Latin1 | Charset::Windows1252) if std::str::from_utf8(text).is_err() => {
                single_byte(text).into()
            }
            _ => text.clone(),
        }
    }
}

/// Returns the parameter `charset` of a `Content-Type` (RFC 9110 §8.3.2), if it is a known one.
fn declared(content_type: &str) -> Option<Charset> {
    let value = content_type.split(';').skip(1).find_map(|parameter| {
        let (name, value) = parameter.split_once('=')?;
        name.trim().eq_ignore_ascii_case("charset").then(|| value.trim().trim_matches('"'))
    })?;
    named(value)
}

/// Returns the encoding that a document of XML names, if it is a known one.
fn in_declaration(text: &[u8]) -> Option<Charset> {
    let rest = text.trim_ascii_start().strip_prefix(b"<?xml")?;
    let end = rest.windows(2).position(|two| two == b"?>")?;
    let declaration = std::str::from_utf8(rest.get(..end)?).ok()?;
    let (_, value) = declaration.split_once("encoding")?.1.split_once('=')?;
    named(value.trim().split(['"', '\'']).nth(1)?)
}

/// Returns the character set of this name, if it is a known one.
fn named(name: &str) -> Option<Charset> {
    Some(match name.to_ascii_lowercase().as_str() {
        "utf-8" | "utf8" => Charset::Utf8,
        "iso-8859-1" | "latin1" | "us-ascii" => Charset::Latin1,
        "windows-1252" | "cp1252" => Charset::Windows1252,
        "utf-16" | "utf-16le" | "utf-16be" => Charset::Utf16,
        _ => return None,
    })
}

/// Reads a text of one byte a character. Each byte is one.
fn single_byte(text: &[u8]) -> Vec<u8> {
    let (text, _) = WINDOWS_1252.decode_without_bom_handling(text);
    text.into_owned().into_bytes()
}

/// Returns what the byte order mark of UTF-16 says, and the text behind it.
fn byte_order(text: &[u8]) -> Option<(&'static Encoding, &[u8])> {
    match text {
        [0xff, 0xfe, rest @ ..] => Some((UTF_16LE, rest)),
        [0xfe, 0xff, rest @ ..] => Some((UTF_16BE, rest)),
        _ => None,
    }
}

/// Returns whether the first two characters, which are of ASCII in every format, have two bytes each.
fn has_two_bytes(begin: &[u8]) -> bool {
    matches!(begin, [0, 1..=255, 0, 1..=255, ..] | [1..=255, 0, 1..=255, 0, ..])
}

/// Without a mark, the first character says the byte order: in every format it is one of ASCII.
fn utf16(text: &[u8]) -> Result<Vec<u8>, DecodeError> {
    let by_first_character = match text {
        [0, ..] => (UTF_16BE, text),
        _ => (UTF_16LE, text),
    };
    let (order, text) = byte_order(text).unwrap_or(by_first_character);
    let read = order.decode_without_bom_handling_and_without_replacement(text);
    read.map(|text| text.into_owned().into_bytes()).ok_or(DecodeError::Charset("UTF-16"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_the_source_file_says_counts() {
        let said = |charset, text: &[u8]| {
            Charsets::of(Some(charset), Some("text/csv; charset=utf-8")).whole(text).unwrap()
        };
        assert_eq!(said(Charset::Latin1, b"M\xfcller \x80").unwrap(), "Müller €".as_bytes());
        assert_eq!(said(Charset::Windows1252, b"M\xfcller").unwrap(), "Müller".as_bytes());
        assert_eq!(said(Charset::Utf8, b"\xff\xfe"), None);
        for text in [&b"\xff\xfe{\0}\0"[..], b"\xfe\xff\0{\0}", b"{\0}\0", b"\0{\0}"] {
            assert_eq!(said(Charset::Utf16, text).unwrap(), b"{}", "{text:?}");
        }
        let half = Charsets::of(Some(Charset::Utf16), None).whole(b"{\0\x3d\xd8");
        assert_eq!(half, Err(DecodeError::Charset("UTF-16")));
    }

    #[test]
    fn a_byte_order_mark_says_so_itself() {
        assert_eq!(Charsets::default().whole(b"\xff\xfe{\0}\0").unwrap().unwrap(), b"{}");
        assert_eq!(Charsets::default().whole(b"\xef\xbb\xbf{}").unwrap(), None);
    }

    #[test]
    fn a_document_of_xml_declares_its_own_character_set() {
        let latin1 =
            Bytes::from_static(b"<?xml version=\"1.0\" encoding='ISO-8859-1' ?><n>M\xfcller</n>");
        for content_type in [None, Some("application/xml"), Some("application/xml; charset=utf-8")]
        {
            let read = Charsets::of(None, content_type).of_document(&latin1).record(&latin1);
            assert!(read.ends_with("<n>Müller</n>".as_bytes()), "{content_type:?}");
        }
        // What is UTF-8 stays so, whatever it says, and what the file says counts.
        let utf8 = Bytes::from("<?xml version='1.0' encoding='iso-8859-1'?><n>ü</n>");
        assert_eq!(Charsets::default().of_document(&utf8).record(&utf8), utf8);
        let said = Charsets::of(Some(Charset::Utf8), None).of_document(&latin1);
        assert_eq!(said.record(&latin1), latin1);
        for text in ["<n>encoding='iso-8859-1'</n>", "<?xml encoding", "<?xml encoding=x?>", ""] {
            assert_eq!(in_declaration(text.as_bytes()), None, "{text}");
        }
    }

    #[test]
    fn what_is_declared_counts_only_for_a_record_that_is_no_utf8() {
        let declared = Charsets::of(None, Some("application/json; Charset=\"ISO-8859-1\""));
        assert_eq!(declared.whole(b"M\xfcller").unwrap(), None);
        assert_eq!(declared.record(&Bytes::from_static(b"M\xfcller")), "Müller".as_bytes());
        assert_eq!(declared.record(&Bytes::from_static("Müller".as_bytes())), "Müller".as_bytes());
        let declared = Charsets::of(None, Some("application/json; charset=utf-16"));
        assert_eq!(declared.whole(b"{\0}\0").unwrap().unwrap(), b"{}");
        assert_eq!(declared.whole(b"{}").unwrap(), None);
        let unsaid = Charsets::default().whole(b"{\0}\0");
        assert_eq!(unsaid, Err(DecodeError::UnsaidUtf16));
        assert_eq!(Charsets::default().whole(b"7\0").unwrap(), None);
        let unknown = Charsets::of(None, Some("application/json; charset=x"));
        assert_eq!(unknown.record(&Bytes::from_static(b"\xfc")), &b"\xfc"[..]);
    }
}
