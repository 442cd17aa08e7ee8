//! What a `token` check means.

use super::kind::{Kind, Proof};
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
    /// The prefix before it.
    pub prefix: Option<String>,
    /// The accepted secrets; never empty.
    pub secrets: Vec<SecretUse>,
}

/// Where a token is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum TokenFrom {
    /// A header, by its name in lower case.
    Header(String),
    /// A query parameter.
    Query(String),
    /// A field of a form.
    Form(String),
    /// A path into the JSON body, in which `*` stands for every element. All of them
    /// must hold the token, and there must be at least one.
    Json(Path),
}

impl TokenFrom {
    pub(crate) fn of(path: Path) -> TokenFrom {
        match path.root() {
            Root::Header => TokenFrom::Header(path.name().to_owned()),
            Root::Query => TokenFrom::Query(path.name().to_owned()),
            Root::Form => TokenFrom::Form(path.name().to_owned()),
            _ => TokenFrom::Json(path),
        }
    }
}

impl Kind for Token {
    fn key(&self) -> &'static str {
        "token"
    }

    fn proof(&self) -> Proof {
        Proof::Password
    }

    fn secrets(&self) -> &[SecretUse] {
        &self.secrets
    }
}

/// Reads a `token` check.
pub(crate) fn check(
    written: &Located<written::Token>,
    checker: &mut Checker<'_>,
) -> Result<Token, Told> {
    let path = checker.path(&written.from, REQUEST_ROOTS);
    let secrets = secrets(&written.secrets, checker);
    let from = TokenFrom::of(path?);
    Ok(Token { from, prefix: written.prefix.clone(), secrets: secrets? })
}
