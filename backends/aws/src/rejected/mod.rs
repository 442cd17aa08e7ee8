//! The dead letters, in a queue that can only be received from.
//!
//! [`letter`] writes and reads a message, [`queue`] sends and receives them, and
//! [`dead_letters`] builds the port on that: a look, a take, a settlement.

mod dead_letters;
pub(crate) mod letter;
pub(crate) mod queue;
