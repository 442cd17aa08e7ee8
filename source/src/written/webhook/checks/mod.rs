//! The checks of `webhook.verify`: what a request must prove.

mod check;
mod jwt;
mod secret_use;
mod signed;

pub use check::{AwsSns, Basic, Check, Digest, Hmac, Ip, PublicKey, PublicKeyAlgorithm, Token};
pub use jwt::{Jwt, JwtAlgorithm, JwtKeys};
pub use secret_use::{RetiringSecret, SecretUse};
pub use signed::{Bare, Signature, SignedTime, TimeUnit};
