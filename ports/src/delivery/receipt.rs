//! The proof of a delivery, which a cursor or a delivery mark asks for.

/// The proof that every record of an outcome is in the queue or in the dead
/// letters.
///
/// A cursor moves, and a webhook's delivery is marked done, only by showing it.
/// Only the pipeline's `deliver` makes one: `clippy.toml` refuses
/// [`Receipt::of_delivery`] everywhere else.
#[derive(Debug, PartialEq, Eq)]
#[must_use = "a cursor moves by this receipt"]
pub struct Receipt {
    delivered: u64,
    rejected: u64,
}

impl Receipt {
    /// The receipt for `delivered` events that the queue took and `rejected`
    /// records that the dead letters took, when no record is left.
    pub fn of_delivery(delivered: u64, rejected: u64) -> Receipt {
        Receipt { delivered, rejected }
    }

    /// How many events the queue took.
    pub fn delivered(&self) -> u64 {
        self.delivered
    }

    /// How many records went to the dead letters.
    pub fn rejected(&self) -> u64 {
        self.rejected
    }
}
