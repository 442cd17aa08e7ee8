//! Bytes as text that a person can compare with a vendor's documentation: every byte is visible, and
//! none can drive the terminal.

use std::fmt::Write as _;

/// Returns `bytes` as one line: text as it is, everything else with a backslash.
pub(super) fn escaped(bytes: &[u8]) -> String {
    let mut line = String::with_capacity(bytes.len());
    for chunk in bytes.utf8_chunks() {
        for c in chunk.valid().chars() {
            match c {
                '\\' => line.push_str("\\\\"),
                '\n' => line.push_str("\\n"),
                '\r' => line.push_str("\\r"),
                '\t' => line.push_str("\\t"),
                // Quotes and accents stay; invisible characters are escaped.
                '"' | '\'' => line.push(c),
                c => line.extend(c.escape_debug()),
            }
        }
        for byte in chunk.invalid() {
            let _ = write!(line, "\\x{byte:02x}");
        }
    }
    line
}

/// Returns the first `limit` bytes of `text`, or a few less to keep characters whole, and how many
/// bytes follow.
pub(super) fn bounded(text: &str, limit: usize) -> (&str, usize) {
    let shown = text.get(..text.floor_char_boundary(limit)).unwrap_or(text);
    (shown, text.len() - shown.len())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_byte_shows_and_none_acts() {
        for (bytes, line) in [
            (b"v0:17:{\"a\": 'b'}".as_slice(), "v0:17:{\"a\": 'b'}"),
            (b"a\r\n\tb\\n", "a\\r\\n\\tb\\\\n"),
            ("é\u{2028}\u{202e}\u{200b}x".as_bytes(), "é\\u{2028}\\u{202e}\\u{200b}x"),
            (b"\x1b[2J\xff\xc3", "\\u{1b}[2J\\xff\\xc3"),
            (b"", ""),
        ] {
            assert_eq!(escaped(bytes), line);
        }
    }

    #[test]
    fn a_cut_falls_between_characters() {
        assert_eq!(bounded("aé", 2), ("a", 2));
        assert_eq!(bounded("aé", 3), ("aé", 0));
        assert_eq!(bounded("abc", usize::MAX), ("abc", 0));
    }
}
