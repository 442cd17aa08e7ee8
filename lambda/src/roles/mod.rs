//! What a function does: one file a role.

pub(crate) mod authorizer;
pub(crate) mod handler;
pub(crate) mod poller;
pub(crate) mod redrive;
pub(crate) mod role;
