//! Where the values of a JSON text begin and end, whatever is wrong inside of them.
//!
//! One damaged record must not spoil its neighbours. So the borders of a list's elements are found by
//! brackets, quotes and commas alone: bytes that are no UTF-8, control characters, broken escapes, words
//! such as `NaN` and any depth are passed over, and show when the one element is read. Where a text is
//! JSON, its borders are those that a parser finds. Also, a text takes a tenth of the memory of its
//! values, so they are read one by one.

use std::ops::Range;

use super::error::DecodeError;

/// The most records of a body or a page.
pub const MOST_RECORDS: usize = 200_000;

/// Returns how many values the JSON `text` has at most.
pub fn values_in(text: &[u8]) -> usize {
    let (mut values, mut at) = (1, 0);
    while let Some(byte) = text.get(at) {
        match byte {
            b'"' => match string_end(text, at) {
                Some(end) => at = end,
                None => break,
            },
            b',' | b'[' | b'{' => {
                values += 1;
                at += 1;
            }
            _ => at += 1,
        }
    }
    values
}

/// Returns where the elements of the list stand that `text` is; `None` if it is no list, or if where
/// they end cannot be found.
///
/// # Errors
///
/// Fails if there are more than [`MOST_RECORDS`].
pub(super) fn elements(text: &[u8]) -> Result<Option<Vec<Range<usize>>>, DecodeError> {
    let mut found = Vec::new();
    match list_end(text, begin(text), &mut found)? {
        Some(end) if is_nothing(text, end) => Ok(Some(found)),
        _ => Ok(None),
    }
}

fn take(found: &mut Vec<Range<usize>>, element: Range<usize>) -> Result<(), DecodeError> {
    if found.len() == MOST_RECORDS {
        return Err(DecodeError::TooManyRecords(MOST_RECORDS));
    }
    found.push(element);
    Ok(())
}

/// Returns where the values stand that follow each other in `text`, with or without blanks between;
/// `None` if where one ends cannot be found.
///
/// # Errors
///
/// Fails if there are more than [`MOST_RECORDS`].
pub fn one_after_another(text: &[u8]) -> Result<Option<Vec<Range<usize>>>, DecodeError> {
    let mut found = Vec::new();
    let mut at = begin(text);
    while !is_nothing(text, at) {
        let end = match text.get(at) {
            Some(b'"') => string_end(text, at),
            Some(b'[' | b'{') => bracket_end(text, at),
            _ => word_end(text, at),
        };
        let Some(end) = end.filter(|end| *end > at) else { return Ok(None) };
        take(&mut found, at..end)?;
        at = blanks_end(text, end);
    }
    Ok(Some(found))
}

/// Returns whether `text` is one list or object from its first bracket to its last one, whatever is wrong
/// inside.
pub fn is_closed(text: &[u8]) -> bool {
    let at = begin(text);
    matches!(text.get(at), Some(b'[' | b'{'))
        && bracket_end(text, at).is_some_and(|end| is_nothing(text, end))
}

/// Adds the values of the object that begins `at` to `found`, and returns where it ends.
pub(super) fn map_end(
    text: &[u8],
    at: usize,
    found: &mut Vec<Range<usize>>,
) -> Result<Option<usize>, DecodeError> {
    if text.get(at) != Some(&b'{') {
        return Ok(None);
    }
    let mut at = blanks_end(text, at + 1);
    if text.get(at) == Some(&b'}') {
        return Ok(Some(at + 1));
    }
    loop {
        let Some(begin) = member_value(text, at) else { return Ok(None) };
        let Some(end) = value_end(text, begin) else { return Ok(None) };
        let value = text.get(begin..end).unwrap_or_default().trim_ascii_end();
        if value.is_empty() {
            return Ok(None);
        }
        take(found, begin..begin + value.len())?;
        at = match text.get(end) {
            Some(b',') => blanks_end(text, end + 1),
            Some(b'}') => return Ok(Some(end + 1)),
            _ => return Ok(None),
        };
    }
}

/// Returns where the value of the member begins whose key begins `at`.
pub(super) fn member_value(text: &[u8], at: usize) -> Option<usize> {
    let colon = blanks_end(text, string_end(text, at)?);
    (text.get(colon) == Some(&b':')).then(|| blanks_end(text, colon + 1))
}

/// Adds the elements of the list that begins `at` to `found`, and returns where it ends.
pub(super) fn list_end(
    text: &[u8],
    at: usize,
    found: &mut Vec<Range<usize>>,
) -> Result<Option<usize>, DecodeError> {
    if text.get(at) != Some(&b'[') {
        return Ok(None);
    }
    let mut at = blanks_end(text, at + 1);
    if text.get(at) == Some(&b']') {
        return Ok(Some(at + 1));
    }
    loop {
        let Some(end) = value_end(text, at) else { return Ok(None) };
        let element = text.get(at..end).unwrap_or_default().trim_ascii_end();
        if element.is_empty() {
            return Ok(None);
        }
        take(found, at..at + element.len())?;
        at = match text.get(end) {
            Some(b',') => blanks_end(text, end + 1),
            Some(b']') => return Ok(Some(end + 1)),
            _ => return Ok(None),
        };
    }
}

/// Returns where the element or member that begins `at` ends: at a comma, or at the bracket that closes
/// what it stands in.
pub(super) fn value_end(text: &[u8], mut at: usize) -> Option<usize> {
    loop {
        match text.get(at)? {
            b'"' => at = string_end(text, at)?,
            b'[' | b'{' => at = bracket_end(text, at)?,
            b',' | b']' | b'}' => return Some(at),
            _ => at += 1,
        }
    }
}

/// Returns where the bracket ends that opens `at`.
pub(super) fn bracket_end(text: &[u8], mut at: usize) -> Option<usize> {
    let mut depth = 0_usize;
    loop {
        match text.get(at)? {
            b'"' => {
                at = string_end(text, at)?;
                continue;
            }
            b'[' | b'{' => depth += 1,
            b']' | b'}' => depth = depth.checked_sub(1)?,
            _ => {}
        }
        at += 1;
        if depth == 0 {
            return Some(at);
        }
    }
}

/// Returns where the string ends that begins `at`.
pub(super) fn string_end(text: &[u8], at: usize) -> Option<usize> {
    if text.get(at) != Some(&b'"') {
        return None;
    }
    let mut at = at + 1;
    loop {
        let found = text.get(at..)?.iter().position(|byte| matches!(byte, b'"' | b'\\'))?;
        at += found;
        match text.get(at)? {
            b'"' => return Some(at + 1),
            // Whatever is escaped ends nothing.
            _ => at += 2,
        }
    }
}

/// Returns where a number or a word ends that begins `at`.
fn word_end(text: &[u8], at: usize) -> Option<usize> {
    let ends = |byte: &u8| byte.is_ascii_whitespace() || b"\",:[]{}\0".contains(byte);
    let rest = text.get(at..)?;
    Some(at + rest.iter().position(ends).unwrap_or(rest.len()))
}

/// Returns where the first value begins: behind a byte order mark and blanks.
pub(super) fn begin(text: &[u8]) -> usize {
    blanks_end(text, if text.starts_with(b"\xef\xbb\xbf") { 3 } else { 0 })
}

pub(super) fn blanks_end(text: &[u8], at: usize) -> usize {
    let rest = text.get(at..).unwrap_or_default();
    at + rest.iter().take_while(|byte| byte.is_ascii_whitespace()).count()
}

/// Returns whether nothing but blanks stands in `text` from `at` on, or what some senders end their
/// text with: NUL.
pub(super) fn is_nothing(text: &[u8], at: usize) -> bool {
    let rest = text.get(at..).unwrap_or_default();
    rest.iter().all(|byte| *byte == 0 || byte.is_ascii_whitespace())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::Value;

    use super::*;

    fn texts(text: &[u8]) -> Option<Vec<&[u8]>> {
        let found = elements(text).unwrap()?;
        Some(found.into_iter().map(|place| &text[place]).collect())
    }

    #[test]
    fn no_damage_inside_an_element_moves_a_border() {
        for damaged in [
            &b"{\"a\":\"\xff\"}"[..],
            b"{\"a\":\"\x00\n\"}",
            b"{\"a\":\"\\ud83d\"}",
            b"{\"a\":\"\\x\\\"]\"}",
            b"{\"a\":NaN,\"b\":-Infinity}",
            b"{\"a\":\x00}",
            b"{'a':1}",
            b"{\"a\"}",
            b"[1,]",
        ] {
            let text = [b" [1, ", damaged, b" ,{\"b\":[2,\"]\"]}]\x00\n"].concat();
            let expected = vec![&b"1"[..], damaged, &b"{\"b\":[2,\"]\"]}"[..]];
            assert_eq!(texts(&text), Some(expected), "{}", String::from_utf8_lossy(&text));
        }
        let deep = "[".repeat(1_000_000) + &"]".repeat(1_000_000);
        assert_eq!(texts(format!("[{deep},7]").as_bytes()).unwrap().len(), 2);
    }

    #[test]
    fn borders_that_cannot_be_found_fail_the_whole() {
        for text in [
            "", "7", "{}", "[", "[1", "[1,", "[1,]", "[,1]", "[1}", "[1]]", "[1] 2", "[\"a]", "[{]",
        ] {
            assert_eq!(texts(text.as_bytes()), None, "{text}");
        }
        assert_eq!(texts(b" [ ] "), Some(vec![]));
    }

    #[test]
    fn a_text_is_closed_if_its_first_bracket_ends_it() {
        for (text, closed) in [
            (&b" {\"a\":\"\xff}\", b}\r\n\0"[..], true),
            (b"\xef\xbb\xbf[NaN]", true),
            (b"{\"a\":1", false),
            (b"{}{}", false),
            (b"7", false),
            (b"", false),
        ] {
            assert_eq!(is_closed(text), closed, "{}", String::from_utf8_lossy(text));
        }
    }

    #[test]
    fn values_may_follow_each_other() {
        let apart = |text: &'static str| {
            let found = one_after_another(text.as_bytes()).unwrap()?;
            Some(found.into_iter().map(|place| &text[place]).collect::<Vec<_>>())
        };
        assert_eq!(
            apart("{\"a\":1}{}\n[2] 3\t\"x\"true\u{0}"),
            Some(vec!["{\"a\":1}", "{}", "[2]", "3", "\"x\"", "true"])
        );
        assert_eq!(apart("{}{"), None);
        assert_eq!(apart("{},{}"), None);
        assert_eq!(apart(""), Some(vec![]));
    }

    #[test]
    fn more_records_than_may_be_are_refused_and_not_held() {
        let text = format!("[{}7]", "1,".repeat(MOST_RECORDS));
        assert_eq!(elements(text.as_bytes()), Err(DecodeError::TooManyRecords(MOST_RECORDS)));
    }

    proptest! {
        /// Where a parser can read a list, it finds the same elements.
        #[test]
        fn they_are_those_that_a_parser_finds(list in prop::collection::vec(r#"[ ]?("([a\]\[,{}]|\\["\\]){0,4}"|\[[1, ]?[2]?\]|\{("a":\[\])?\}|1)[ ]?"#, 0..6)) {
            let text = format!("[{}]", list.join(","));
            if let Ok(whole) = serde_json::from_str::<Vec<Value>>(&text) {
                let found = elements(text.as_bytes()).unwrap().unwrap();
                let read = |place: Range<usize>| serde_json::from_str::<Value>(&text[place]).unwrap();
                prop_assert_eq!(found.into_iter().map(read).collect::<Vec<_>>(), whole);
            }
        }

        /// Whatever the bytes are, it ends, and what it finds stands in the text in order.
        #[test]
        fn any_bytes_have_borders_in_order_or_none(bytes in r#"[\[\]{}",:\\a1 ]{0,24}"#) {
            for found in [elements(bytes.as_bytes()).unwrap(), one_after_another(bytes.as_bytes()).unwrap()].into_iter().flatten() {
                let mut end = 0;
                for place in found {
                    prop_assert!(end <= place.start && place.start < place.end && place.end <= bytes.len());
                    end = place.end;
                }
            }
        }
    }
}
