//! A value that must never be printed.

use std::fmt;

use secrecy::{ExposeSecret, SecretString};

/// A credential: a shared key, a password, an access token.
///
/// It prints as `***`, is wiped when dropped, and cannot be serialised. The
/// text leaves only through [`Secret::expose`], which a reader can search for.
#[derive(Clone)]
pub struct Secret(SecretString);

impl Secret {
    /// Takes over the credential's text.
    pub fn new(text: impl Into<String>) -> Secret {
        Secret(SecretString::from(text.into()))
    }

    /// The text itself, for the line that signs with it or sends it.
    pub fn expose(&self) -> &str {
        self.0.expose_secret()
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("***")
    }
}

impl fmt::Display for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("***")
    }
}
