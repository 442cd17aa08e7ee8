//! The checks of `webhook.verify`: what a request must prove.

mod check;
mod jwt;
mod secret_use;
mod signed;

pub use check::*;
pub use jwt::*;
pub use secret_use::*;
pub use signed::*;
