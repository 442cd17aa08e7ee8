//! Secrets in Parameter Store, kept in the process for a while.
//!
//! Parameter Store takes about 40 requests a second for a whole account and
//! region, and webhooks come in floods. So [`store`] reads ten values at a time,
//! one request serves all who wait, and [`cache`] keeps a value for about five
//! minutes. While the store is away or overloaded, the last values are used.

mod cache;
pub(crate) mod manage;
mod secrets;
pub(crate) mod store;
