//! Which fields of events the records had no value for.

use std::collections::BTreeMap;

/// Counts, by field, the events that had no value for it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Fallbacks {
    fields: BTreeMap<String, u64>,
}

impl Fallbacks {
    /// Counts one event whose `field` fell back to its default.
    pub(crate) fn add(&mut self, field: &str) {
        match self.fields.get_mut(field) {
            Some(count) => *count += 1,
            None => drop(self.fields.insert(field.to_owned(), 1)),
        }
    }

    /// Adds what was counted elsewhere.
    pub fn merge(&mut self, other: Fallbacks) {
        for (field, count) in other.fields {
            *self.fields.entry(field).or_default() += count;
        }
    }

    /// Returns how many fields of events fell back to their defaults. A value within a field, such as
    /// `details.user`, has no default: it is null, and not counted here.
    pub fn total(&self) -> u64 {
        self.fields.iter().filter(|(field, _)| !field.contains('.')).map(|(_, count)| count).sum()
    }

    /// Returns the number of events by field; `details.user` is a value within `details`.
    pub fn into_fields(self) -> BTreeMap<String, u64> {
        self.fields
    }
}
