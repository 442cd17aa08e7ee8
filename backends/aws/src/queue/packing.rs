//! Divides entries into requests: SQS takes ten entries, and 1 MiB of bodies and
//! attributes together (SendMessageBatch).

use std::borrow::Cow;
use std::ops::Range;

/// The largest message, and the largest request, in bytes.
pub(crate) const MESSAGE_LIMIT: usize = 1 << 20;

/// The most entries of a request.
pub(crate) const ENTRIES: usize = 10;

/// The type of every attribute. Its bytes count like those of name and value.
pub(crate) const ATTRIBUTE_TYPE: &str = "String";

/// The attribute that names the source.
pub(crate) const SOURCE: &str = "source";
/// The attribute that names the event.
pub(crate) const EVENT_ID: &str = "event_id";

/// One message on its way to a queue.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Entry<'a> {
    pub(crate) body: Cow<'a, str>,
    /// Names and values.
    pub(crate) attributes: Vec<(&'static str, Cow<'a, str>)>,
}

impl<'a> Entry<'a> {
    /// Leaves out empty attributes, which SQS does not take.
    pub(crate) fn new(
        body: impl Into<Cow<'a, str>>,
        attributes: impl IntoIterator<Item = (&'static str, &'a str)>,
    ) -> Entry<'a> {
        let attributes = attributes.into_iter().filter(|(_, value)| !value.is_empty());
        Entry {
            body: body.into(),
            attributes: attributes.map(|(name, value)| (name, Cow::Borrowed(value))).collect(),
        }
    }

    /// Counts its bytes as SQS does.
    pub(crate) fn size(&self) -> usize {
        let attributes = self.attributes.iter();
        attributes.fold(self.body.len(), |size, (name, value)| {
            size + name.len() + ATTRIBUTE_TYPE.len() + value.len()
        })
    }

    pub(crate) fn is_too_large(&self) -> bool {
        self.size() > MESSAGE_LIMIT
    }
}

/// Divides entries of these sizes into as few requests as their order allows.
///
/// An entry that is too large has a request of its own, so that SQS refuses nothing
/// else with it.
pub(crate) fn batches(sizes: impl IntoIterator<Item = usize>) -> Vec<Range<usize>> {
    let mut batches = Vec::new();
    let (mut start, mut end, mut bytes) = (0, 0, 0_usize);
    for size in sizes {
        if end > start && (end - start == ENTRIES || bytes.saturating_add(size) > MESSAGE_LIMIT) {
            batches.push(start..end);
            (start, bytes) = (end, 0);
        }
        end += 1;
        bytes = bytes.saturating_add(size);
    }
    if end > start {
        batches.push(start..end);
    }
    batches
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn ten_entries_or_a_mebibyte_fill_a_request() {
        assert_eq!(batches([1; 25]), [0..10, 10..20, 20..25]);
        assert_eq!(batches([]), Vec::<Range<usize>>::new());
        let half = MESSAGE_LIMIT / 2;
        assert_eq!(batches([half, half]).len(), 1);
        assert_eq!(batches([half, half, 1]), [0..2, 2..3]);
        assert_eq!(batches([half, half + 1]), [0..1, 1..2]);
    }

    #[test]
    fn an_entry_that_is_too_large_stands_alone() {
        assert_eq!(batches([1, MESSAGE_LIMIT + 1, 1]), [0..1, 1..2, 2..3]);
    }

    #[test]
    fn attributes_count_with_their_names_and_types() {
        let entry = Entry::new("ü", [("source", "acme"), ("event_id", "")]);
        assert_eq!(entry.size(), 2 + "source".len() + "String".len() + "acme".len());
        let room = MESSAGE_LIMIT - 16;
        assert!(!Entry::new("x".repeat(room), [("source", "acme")]).is_too_large());
        assert!(Entry::new("x".repeat(room + 1), [("source", "acme")]).is_too_large());
    }

    proptest! {
        #[test]
        fn every_entry_is_in_one_request_that_sqs_takes(
            sizes in prop::collection::vec(0..=MESSAGE_LIMIT, 0..60),
        ) {
            let batches = batches(sizes.iter().copied());
            let mut next = 0;
            for batch in &batches {
                prop_assert_eq!(batch.start, next);
                prop_assert!(!batch.is_empty() && batch.len() <= ENTRIES);
                prop_assert!(sizes[batch.clone()].iter().sum::<usize>() <= MESSAGE_LIMIT);
                next = batch.end;
            }
            prop_assert_eq!(next, sizes.len());
        }
    }
}
