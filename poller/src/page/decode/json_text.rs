//! Lines and rows as the JSON text of a record.
//!
//! A byte that is no UTF-8 stays as it is. So the record cannot be read, and its dead letter has all of
//! it: it can be run again once the source file says in which character set the vendor writes.

use serde_json::Value;

/// Returns the JSON text of an object of texts.
pub(super) fn object<'m>(members: impl Iterator<Item = (&'m str, &'m [u8])>) -> Vec<u8> {
    let mut text = vec![b'{'];
    for (number, (name, value)) in members.enumerate() {
        if number > 0 {
            text.push(b',');
        }
        string(name.as_bytes(), &mut text);
        text.push(b':');
        string(value, &mut text);
    }
    text.push(b'}');
    text
}

fn string(bytes: &[u8], text: &mut Vec<u8>) {
    text.push(b'"');
    for chunk in bytes.utf8_chunks() {
        let quoted = Value::from(chunk.valid()).to_string();
        text.extend(quoted.bytes().skip(1).take(quoted.len() - 2));
        text.extend(chunk.invalid());
    }
    text.push(b'"');
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn it_is_what_the_library_writes_but_for_bytes_that_are_no_text() {
        let value = "a\"\\\u{1}\n\u{fffd}é";
        let text = object([("k\"", value.as_bytes()), ("b", b"")].into_iter());
        let expected = json!({"k\"": value, "b": ""}).to_string();
        assert_eq!(String::from_utf8(text).unwrap(), expected);
        let text = object([("a", &b"x\xff\"\xc3"[..])].into_iter());
        assert_eq!(text, b"{\"a\":\"x\xff\\\"\xc3\"}");
    }
}
