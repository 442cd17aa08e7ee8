//! The roles of the functions: what each does with an event.

pub(crate) mod authorizer;
pub(crate) mod handler;
pub(crate) mod poller;
pub(crate) mod redrive;
