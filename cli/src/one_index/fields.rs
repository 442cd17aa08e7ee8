//! Which kinds of values the fields of events have, and where each was first seen.

use std::collections::BTreeMap;

/// A kind of value, of which a field can have one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Kind {
    Object,
    Text,
    Number,
    Boolean,
}

impl Kind {
    /// Returns the kind as a message names it.
    pub(super) fn word(self) -> &'static str {
        match self {
            Kind::Object => "an object",
            Kind::Text => "a text",
            Kind::Number => "a number",
            Kind::Boolean => "a boolean",
        }
    }
}

/// Where a kind of value was seen.
#[derive(Clone, Debug)]
pub(super) struct Seen {
    /// The number of the source file in its folder.
    pub(super) file: usize,
    /// The file and what in it shows the value, for a person.
    pub(super) place: String,
}

/// The fields of all events, by path.
#[derive(Debug, Default)]
pub(super) struct Fields {
    pub(super) kinds: BTreeMap<Vec<String>, BTreeMap<Kind, Seen>>,
}

impl Fields {
    /// Notes that the field at `path` has a value of this kind; the levels above it are objects.
    pub(super) fn note(&mut self, path: &[String], kind: Kind, seen: &Seen) {
        for end in 1..path.len() {
            self.note_one(path.get(..end).unwrap_or_default(), Kind::Object, seen);
        }
        self.note_one(path, kind, seen);
    }

    fn note_one(&mut self, path: &[String], kind: Kind, seen: &Seen) {
        if path.is_empty() {
            return;
        }
        let kinds = match self.kinds.get_mut(path) {
            Some(kinds) => kinds,
            None => self.kinds.entry(path.to_vec()).or_default(),
        };
        kinds.entry(kind).or_insert_with(|| seen.clone());
    }
}
