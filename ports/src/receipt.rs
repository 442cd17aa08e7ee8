//! The proof of a delivery, without which no cursor moves.

/// The proof that every record of a delivery is in the queue or in the dead
/// letters.
///
/// A cursor moves, and a webhook's delivery is marked done, only with a receipt.
/// Only the pipeline's `deliver` makes one: `clippy.toml` forbids
/// [`Receipt::of_delivery`] everywhere else.
#[derive(Debug, PartialEq, Eq)]
#[must_use = "a cursor moves by this receipt"]
pub struct Receipt {
    delivered: u64,
    rejected: u64,
}

impl Receipt {
    /// Makes the receipt for `delivered` events that are in the queue and `rejected`
    /// records that are in the dead letters, once no record is left.
    pub fn of_delivery(delivered: u64, rejected: u64) -> Receipt {
        Receipt { delivered, rejected }
    }

    /// Returns how many events the queue accepted.
    pub fn delivered(&self) -> u64 {
        self.delivered
    }

    /// Returns how many records went to the dead letters.
    pub fn rejected(&self) -> u64 {
        self.rejected
    }
}
