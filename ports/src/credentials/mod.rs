//! Credentials: the secrets that a source names, the access tokens that are got
//! with them, and the rate limits that vendors put on them.

mod limits;
mod secret;
mod secrets;
mod tokens;

pub use limits::*;
pub use secret::*;
pub use secrets::*;
pub use tokens::*;
