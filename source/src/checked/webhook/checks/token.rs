//! What the checks mean that compare what was sent with a secret: `token` and
//! `basic`.

use super::secret_use::{SecretUse, secrets};
use super::surroundings::REQUEST_ROOTS;
use crate::checked::checker::{Checker, Told};
use crate::path::{Path, Root};
use crate::written::{self, Located};

/// A fixed token.
#[derive(Clone, Debug)]
pub struct Token {
    /// Where it is.
    pub from: TokenFrom,
    /// What comes before it.
    pub prefix: Option<String>,
    /// The secrets that are taken; never empty.
    pub secrets: Vec<SecretUse>,
}

/// Where a token is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum TokenFrom {
    /// A header, by its name in lower case.
    Header(String),
    /// A query parameter.
    Query(String),
    /// A path into the JSON body, in which `*` stands for every element; all
    /// of them must hold the token, and there must be one.
    Json(Path),
}

impl TokenFrom {
    pub(crate) fn of(path: Path) -> TokenFrom {
        match path.root() {
            Root::Header => TokenFrom::Header(path.name().to_owned()),
            Root::Query => TokenFrom::Query(path.name().to_owned()),
            _ => TokenFrom::Json(path),
        }
    }
}

/// A user's name and password (RFC 7617).
#[derive(Clone, Debug)]
pub struct Basic {
    /// The user's name; where there is none, a secret is `user:password`.
    pub username: Option<String>,
    /// The secrets that are taken; never empty.
    pub secrets: Vec<SecretUse>,
}

/// Understands a `token` check.
pub(crate) fn token(
    written: &Located<written::Token>,
    checker: &mut Checker<'_>,
) -> Result<Token, Told> {
    let path = checker.path(&written.from, REQUEST_ROOTS);
    let secrets = secrets(&written.secrets, checker);
    let from = TokenFrom::of(path?);
    Ok(Token { from, prefix: written.prefix.clone(), secrets: secrets? })
}

/// Understands a `basic` check.
pub(crate) fn basic(
    written: &Located<written::Basic>,
    checker: &mut Checker<'_>,
) -> Result<Basic, Told> {
    let secrets = secrets(&written.secrets, checker);
    if let Some(name) = written.username.as_ref().filter(|name| name.contains(':')) {
        return Err(checker.error_with(
            name.place(),
            "a user's name cannot hold `:`",
            "what follows the first `:` is the password (RFC 7617); leave `username` out and store `user:password` as the secret",
        ));
    }
    let username = written.username.as_ref().map(|name| (**name).clone());
    Ok(Basic { username, secrets: secrets? })
}
