//! The places that records have in their delivery.
//!
//! An event's id may be made of its record's place, so that the same record has
//! the same place whenever it is run. A whole body counts from 0. A record that
//! a redrive brings has the place it had, between others that are not here: if
//! today's source file takes it apart, its parts need places that no other
//! record of the delivery has.

/// A record's place in its delivery.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Place {
    /// From 0.
    pub(crate) index: u64,
    /// The place among the parts of the record at `index`, once for each time
    /// that a redrive took it apart.
    pub(crate) part: Vec<u64>,
}

impl Place {
    /// Eight bytes a number, so that no two places of different depth are alike.
    pub(crate) fn bytes(&self) -> Vec<u8> {
        let numbers = std::iter::once(&self.index).chain(&self.part);
        numbers.flat_map(|number| number.to_be_bytes()).collect()
    }
}

/// Gives places, one after the other.
#[derive(Debug)]
pub(crate) enum Places {
    /// Those of a whole body or page.
    Whole { next: u64 },
    /// That of one record of it, or of its parts once it is taken apart.
    Inside { record: Place, next: Option<u64> },
}

impl Places {
    pub(crate) fn whole() -> Places {
        Places::Whole { next: 0 }
    }

    pub(crate) fn inside(record: Place) -> Places {
        Places::Inside { record, next: None }
    }

    /// What follows are parts of what was one record.
    pub(crate) fn take_apart(&mut self) {
        if let Places::Inside { next, .. } = self {
            next.get_or_insert(0);
        }
    }

    pub(crate) fn next(&mut self) -> Place {
        match self {
            Places::Whole { next } => {
                let place = Place { index: *next, part: Vec::new() };
                *next += 1;
                place
            }
            Places::Inside { record, next } => {
                let mut place = record.clone();
                if let Some(next) = next {
                    place.part.push(*next);
                    *next += 1;
                }
                place
            }
        }
    }
}
