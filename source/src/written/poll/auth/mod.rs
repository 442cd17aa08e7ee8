//! `poll.auth`: how we prove to a vendor who we are.
//!
//! Everything that can come from a secret is a template, so that no file has to
//! hold a credential. Kinds that need an access token say where to ask for it.
//! The token is sent only to the source's origin. A kind of one vendor is no type here, but a
//! preset: a file under `presets/auth/`.

mod grants;
mod kind;
mod login;
mod pairs;
mod preset;
mod sign;
mod token;

pub use grants::*;
pub use kind::*;
pub use login::*;
pub use pairs::*;
pub use preset::*;
pub use sign::*;
pub use token::*;
