//! Keys of items, which no two things share.

use std::collections::HashMap;

use aws_lc_rs::digest::{SHA256, digest};
use mef_ports::StreamKey;

use crate::table::attributes::{Item, string};

/// The longest key, in bytes. DynamoDB takes 1,024 for `sk`.
const LONGEST_KEY: usize = 1_000;

/// Joins source and partition. The source is escaped, so that the first slash ends
/// it: ("a/b", "") and ("a", "b") differ.
pub(super) fn stream_key(stream: &StreamKey) -> String {
    let source = stream.source.replace('%', "%25").replace('/', "%2F");
    bounded(format!("{source}/{}", stream.partition))
}

/// Returns `key`, or if it is too long its beginning and a hash of it.
pub(crate) fn bounded(key: String) -> String {
    if key.len() <= LONGEST_KEY {
        return key;
    }
    let hash = hex::encode(digest(&SHA256, key.as_bytes()));
    let mut end = LONGEST_KEY - hash.len() - 1;
    while !key.is_char_boundary(end) {
        end -= 1;
    }
    let (begin, _) = key.split_at(end);
    format!("{begin}#{hash}")
}

/// Returns the key attributes of an item.
pub(super) fn key(pk: &str, sk: &str) -> Item {
    HashMap::from([("pk".to_owned(), string(pk)), ("sk".to_owned(), string(sk))])
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn stream(source: &str, partition: &str) -> String {
        stream_key(&StreamKey { source: source.to_owned(), partition: partition.to_owned() })
    }

    #[test]
    fn keys_can_be_read_and_are_told_apart() {
        assert_eq!(stream("okta", ""), "okta/");
        assert_eq!(stream("github", "org/repo"), "github/org/repo");
        assert_eq!(stream("a/b", ""), "a%2Fb/");
        assert_ne!(stream("a/b", ""), stream("a%2Fb", ""));
    }

    #[test]
    fn a_long_partition_is_shortened_and_still_told_apart() {
        let long = "é".repeat(1_000);
        let (one, other) = (stream("a", &long), stream("a", &format!("{long}x")));
        assert!(one.len() <= LONGEST_KEY && one.starts_with("a/éé"), "{one}");
        assert_ne!(one, other);
    }

    proptest! {
        #[test]
        fn no_two_streams_share_a_key(
            one in ("[a%/2F]{0,4}", "[a%/2F]{0,4}"),
            other in ("[a%/2F]{0,4}", "[a%/2F]{0,4}"),
        ) {
            prop_assert_eq!(one == other, stream(&one.0, &one.1) == stream(&other.0, &other.1));
        }
    }
}
