//! The DynamoDB table, which holds cursors, delivery marks, access tokens and
//! limits: small items that are changed under conditions.
//!
//! [`items`] reads and writes items, [`keys`] names them, [`attributes`] converts what stands in them.
//! Each port has a file of its own.

pub(crate) mod attributes;
mod cursors;
mod deliveries;
mod directory;
mod history;
pub(crate) mod items;
pub(crate) mod keys;
mod limits;
mod seen;
mod tokens;
