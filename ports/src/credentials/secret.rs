//! A value that must never be printed.

use std::fmt;

use secrecy::{ExposeSecret, SecretString};

/// A credential: a shared key, a password, an access token.
///
/// It prints as `***`, is wiped when it is dropped, and cannot be serialised.
/// [`Secret::expose`] is the only way to its text, so every use can be searched
/// for.
#[derive(Clone)]
pub struct Secret(SecretString);

impl Secret {
    /// Wraps the credential's text.
    pub fn new(text: impl Into<String>) -> Secret {
        Secret(SecretString::from(text.into()))
    }

    /// Returns the text itself, to sign with it or to send it.
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
