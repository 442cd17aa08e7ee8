//! How long a sender may take, and how many and how much may come at once.

use std::time::Duration;

/// The bounds of a server.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Limits {
    /// The most connections.
    pub(crate) connections: usize,
    /// From the first byte of a request to the end of its headers.
    pub(crate) head: Duration,
    /// From the end of the headers to the end of the body; and how long a sender may leave an answer
    /// unread.
    pub(crate) body: Duration,
    /// A body that takes longer than this has to go if there are too many connections.
    pub(crate) slow_body: Duration,
    /// Without a byte of a request.
    pub(crate) idle: Duration,
    /// The most bytes of bodies that are held.
    pub(crate) room: usize,
    /// How long a body waits if so many are held.
    pub(crate) room_wait: Duration,
}
