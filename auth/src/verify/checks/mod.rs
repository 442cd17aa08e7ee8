//! The kinds of checks, each in a file of its own.

pub(crate) mod aws_sns;
pub(crate) mod basic;
pub(crate) mod digest;
pub(crate) mod hmac;
pub(crate) mod ip;
pub(crate) mod jwt;
pub(crate) mod public_key;
pub(crate) mod token;
