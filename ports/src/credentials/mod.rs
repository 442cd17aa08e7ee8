//! Credentials: the secrets that a source names, the access tokens that are got
//! with them, and the rate limits that vendors put on them.

mod limits;
mod secret;
mod secrets;
mod tokens;

pub use limits::Limits;
pub use secret::Secret;
pub use secrets::{SecretRef, SecretVersion, Secrets, SecretsError};
pub use tokens::{AccessToken, TokenClaim, TokenKey, Tokens};
