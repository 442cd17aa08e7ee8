//! Handshakes through the receiver: what each vendor asks for and gets, and
//! what nobody gets. No one that is answered makes an event.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod answers;
mod attacks;
mod gate;
mod outside;
mod support;
mod vendors;
