//! Event ids: the same event always has the same id, however often and by
//! whatever way it comes, so that a consumer can drop what it has.

use aws_lc_rs::digest::{Context, SHA256};

use crate::numbering::Place;

/// What an id is made of. The kinds never collide: each is hashed under its
/// own label.
pub(crate) enum Identity<'i> {
    /// What `event.id` gives: the same for a push and a pull.
    Declared(&'i str),
    /// The vendor's delivery and the place in it.
    Delivery { id: &'i str, place: &'i Place },
    /// The id that the cursor finds in the record.
    Cursor(&'i str),
    /// The whole record, and what it was split out of.
    Record { json: &'i str, parent: &'i str },
}

/// 32 hexadecimal digits: half of SHA-256 over the source and the identity.
pub(crate) fn event_id(source: &str, identity: &Identity<'_>) -> String {
    let at;
    let (label, parts): (_, [&[u8]; 2]) = match identity {
        Identity::Declared(id) => ("id", [id.as_bytes(), b""]),
        Identity::Delivery { id, place } => {
            at = place.bytes();
            ("delivery", [id.as_bytes(), &at])
        }
        Identity::Cursor(id) => ("cursor", [id.as_bytes(), b""]),
        Identity::Record { json, parent } => ("record", [json.as_bytes(), parent.as_bytes()]),
    };
    let mut context = Context::new(&SHA256);
    for part in [source.as_bytes(), label.as_bytes()].into_iter().chain(parts) {
        // Lengths first: no two lists of parts are the same bytes.
        context.update(&(part.len() as u64).to_be_bytes());
        context.update(part);
    }
    let mut hex = hex::encode(context.finish());
    hex.truncate(32);
    hex
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn kinds_sources_and_places_are_told_apart() {
        let place = |index, part: &[u64]| Place { index, part: part.to_vec() };
        let at = |place: Place| event_id("a", &Identity::Delivery { id: "x", place: &place });
        let ids = [
            event_id("a", &Identity::Declared("x")),
            event_id("b", &Identity::Declared("x")),
            event_id("a", &Identity::Cursor("x")),
            event_id("a", &Identity::Record { json: "x", parent: "" }),
            event_id("a", &Identity::Record { json: "x", parent: "y" }),
            at(place(0, &[])),
            at(place(1, &[])),
            at(place(0, &[0])),
            at(place(0, &[1])),
            at(place(1, &[0])),
            at(place(0, &[1, 0])),
        ];
        let distinct: std::collections::BTreeSet<_> = ids.iter().collect();
        assert_eq!(distinct.len(), ids.len());
        assert!(ids.iter().all(|id| id.len() == 32));
        assert_eq!(ids[0], event_id("a", &Identity::Declared("x")));
    }

    #[test]
    fn ids_are_those_that_were_given_out_already() {
        let place = Place { index: 7, part: Vec::new() };
        let id = event_id("acme", &Identity::Delivery { id: "d-1", place: &place });
        assert_eq!(id, "f57fe18478146ae858ae60cef685e9b3");
    }
}
