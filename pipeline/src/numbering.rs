//! The numbers of the records of one delivery.
//!
//! An event id may contain its record's number, so a record must have the same
//! number each time it is run. A whole body counts from 0. A redriven record
//! keeps its number. If today's source file splits it, each part gets that
//! number and a second one, like subsections.

/// A record's number in its delivery.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct RecordNumber {
    /// Counts from 0.
    pub(crate) index: u64,
    /// The number among the parts of the record at `index`. It has one element
    /// for each redrive that split the record.
    pub(crate) part: Vec<u64>,
}

impl RecordNumber {
    /// Returns eight bytes for each element, so numbers of different depth
    /// are different bytes.
    pub(crate) fn bytes(&self) -> Vec<u8> {
        let elements = std::iter::once(&self.index).chain(&self.part);
        elements.flat_map(|element| element.to_be_bytes()).collect()
    }
}

/// Gives out numbers in order.
#[derive(Debug)]
pub(crate) enum Numbering {
    /// Numbers the records of a whole body or page.
    Whole { next: u64 },
    /// Gives the number of one record, or numbers its parts once it is split.
    Inside { record: RecordNumber, next: Option<u64> },
}

impl Numbering {
    pub(crate) fn whole() -> Numbering {
        Numbering::Whole { next: 0 }
    }

    pub(crate) fn inside(record: RecordNumber) -> Numbering {
        Numbering::Inside { record, next: None }
    }

    /// Says that the next numbers are for the parts of what was one record.
    pub(crate) fn begin_parts(&mut self) {
        if let Numbering::Inside { next, .. } = self {
            next.get_or_insert(0);
        }
    }

    pub(crate) fn next(&mut self) -> RecordNumber {
        match self {
            Numbering::Whole { next } => {
                let number = RecordNumber { index: *next, part: Vec::new() };
                *next += 1;
                number
            }
            Numbering::Inside { record, next } => {
                let mut number = record.clone();
                if let Some(next) = next {
                    number.part.push(*next);
                    *next += 1;
                }
                number
            }
        }
    }
}
