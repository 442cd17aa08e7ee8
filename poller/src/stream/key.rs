//! The position of a record in a stream that is read by id, and which of two comes first.

use std::cmp::Ordering;

use jiff::Timestamp;
use mef_ports::Position;

/// A record's time, if the cursor has one, and its id.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Key {
    pub(crate) time: Option<Timestamp>,
    /// `None` if a person set the cursor to a moment.
    pub(crate) id: Option<String>,
}

impl Key {
    /// Returns the key of a stored position, if it is of this kind. A position set by hand is a
    /// moment or a text.
    pub(crate) fn from_position(position: &Position, with_time: bool) -> Option<Key> {
        let (time, id) = match position {
            Position::TimeId { time, id } if with_time => (Some(*time), Some(id)),
            Position::Time(time) if with_time => (Some(*time), None),
            Position::Id(id) | Position::Token(id) if !with_time => (None, Some(id)),
            _ => return None,
        };
        Some(Key { time, id: id.cloned() })
    }

    pub(crate) fn to_position(&self) -> Option<Position> {
        match (self.time, &self.id) {
            (Some(time), Some(id)) => Some(Position::TimeId { time, id: id.clone() }),
            (Some(time), None) => Some(Position::Time(time)),
            (None, Some(id)) => Some(Position::Id(id.clone())),
            (None, None) => None,
        }
    }
}

impl Ord for Key {
    fn cmp(&self, other: &Key) -> Ordering {
        self.time.cmp(&other.time).then_with(|| match (&self.id, &other.id) {
            (Some(one), Some(other)) => compare_ids(one, other),
            (one, other) => one.cmp(other),
        })
    }
}

impl PartialOrd for Key {
    fn partial_cmp(&self, other: &Key) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

/// Compares numbers by size, whatever their length, and anything else byte by byte: that is how ids
/// that carry a time (ULID, UUIDv7) are ordered.
fn compare_ids(one: &str, other: &str) -> Ordering {
    match (digits(one), digits(other)) {
        (Some(one), Some(other)) => one.len().cmp(&other.len()).then_with(|| one.cmp(other)),
        _ => one.cmp(other),
    }
}

fn digits(id: &str) -> Option<&str> {
    let is_number = !id.is_empty() && id.bytes().all(|byte| byte.is_ascii_digit());
    is_number.then(|| id.trim_start_matches('0'))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(time: Option<i64>, id: &str) -> Key {
        let time = time.map(|second| Timestamp::from_second(second).unwrap());
        Key { time, id: Some(id.to_owned()) }
    }

    #[test]
    fn numbers_are_compared_exactly_and_text_byte_by_byte() {
        for (less, more) in [
            ("9", "10"),
            ("9007199254740992", "9007199254740993"),
            ("99999999999999999999", "100000000000000000000"),
            ("01ARZ3NDEKTSV4RRFFQ69G5FAV", "01BX5ZZKBKACTAV9WEVGEMMVRZ"),
        ] {
            assert!(key(None, less) < key(None, more), "{less} {more}");
        }
        assert!(key(Some(1), "9") < key(Some(2), "1"));
        assert!(key(Some(1), "1") < key(Some(1), "2"));
        let moment = Key { time: Timestamp::from_second(1).ok(), id: None };
        assert!(moment < key(Some(1), "0"), "a moment stands before every record of it");
    }

    #[test]
    fn what_is_stored_comes_back_and_another_kind_does_not() {
        for (key, with_time) in [(key(None, "7"), false), (key(Some(3), "x"), true)] {
            let position = key.to_position().unwrap();
            assert_eq!(Key::from_position(&position, with_time), Some(key));
            assert_eq!(Key::from_position(&position, !with_time), None);
        }
    }
}
