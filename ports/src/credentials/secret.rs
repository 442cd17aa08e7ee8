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

impl Secret {
    /// Returns whether the secret begins or ends with white space, which is part of it and which nobody
    /// sees. A line break at the end of a PEM or JSON file changes nothing, so it does not count.
    pub fn has_blank_ends(&self) -> bool {
        let (text, core) = (self.expose(), self.expose().trim());
        text != core && !core.starts_with("-----BEGIN ") && !core.starts_with('{')
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn white_space_at_the_ends_counts_where_it_changes_the_secret() {
        for text in ["s\n", " s", "s\r", "s\t", "\u{feff} s\u{a0}", "\n"] {
            assert!(Secret::new(text).has_blank_ends(), "{text:?}");
        }
        let pem = "-----BEGIN PRIVATE KEY-----\nAA==\n-----END PRIVATE KEY-----\n";
        for text in ["s", "a b", "", pem, "{\"type\":\"service_account\"}\n"] {
            assert!(!Secret::new(text).has_blank_ends(), "{text:?}");
        }
    }
}
