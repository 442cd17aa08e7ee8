//! Event ids. An event has the same id however often it comes, pushed or
//! pulled, so a consumer can drop the repeats.

use crate::numbering::RecordNumber;
use crate::short_digest::short_digest;

/// What an id is made of. Ids of different kinds never collide: each kind is
/// hashed with its own label.
pub(crate) enum Identity<'i> {
    /// The value of `event.id`, which is the same for a push and a pull.
    Declared(&'i str),
    /// The vendor's delivery id and the record's number in the delivery.
    Delivery { id: &'i str, number: &'i RecordNumber },
    /// The id that the cursor finds in the record.
    Cursor(&'i str),
    /// The whole record, and the record that it was split out of.
    Record { json: &'i str, parent: &'i str },
}

/// Returns the event's id: 32 hexadecimal digits.
pub(crate) fn event_id(source: &str, identity: &Identity<'_>) -> String {
    let bytes;
    let (label, parts): (&str, [&[u8]; 2]) = match identity {
        Identity::Declared(id) => ("id", [id.as_bytes(), b""]),
        Identity::Delivery { id, number } => {
            bytes = number.bytes();
            ("delivery", [id.as_bytes(), &bytes])
        }
        Identity::Cursor(id) => ("cursor", [id.as_bytes(), b""]),
        Identity::Record { json, parent } => ("record", [json.as_bytes(), parent.as_bytes()]),
    };
    let [first, second] = parts;
    short_digest(&[source.as_bytes(), label.as_bytes(), first, second])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn kinds_sources_and_numbers_are_told_apart() {
        let number = |index, part: &[u64]| RecordNumber { index, part: part.to_vec() };
        let at =
            |number: RecordNumber| event_id("a", &Identity::Delivery { id: "x", number: &number });
        let ids = [
            event_id("a", &Identity::Declared("x")),
            event_id("b", &Identity::Declared("x")),
            event_id("a", &Identity::Cursor("x")),
            event_id("a", &Identity::Record { json: "x", parent: "" }),
            event_id("a", &Identity::Record { json: "x", parent: "y" }),
            at(number(0, &[])),
            at(number(1, &[])),
            at(number(0, &[0])),
            at(number(0, &[1])),
            at(number(1, &[0])),
            at(number(0, &[1, 0])),
        ];
        let distinct: std::collections::BTreeSet<_> = ids.iter().collect();
        assert_eq!(distinct.len(), ids.len());
        assert!(ids.iter().all(|id| id.len() == 32));
        assert_eq!(ids[0], event_id("a", &Identity::Declared("x")));
    }

    #[test]
    fn ids_are_those_that_were_given_out_already() {
        let number = RecordNumber { index: 7, part: Vec::new() };
        let id = event_id("acme", &Identity::Delivery { id: "d-1", number: &number });
        assert_eq!(id, "f57fe18478146ae858ae60cef685e9b3");
    }
}
