//! What a `token` check means.

use super::kind::{Kind, Proof};
use super::secret_use::{SecretUse, secrets};
use super::surroundings::{REQUEST_ROOTS, lint_name};
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
    /// The body.
    Body,
    /// A path into the JSON body, in which `*` stands for every element. All of them
    /// must hold the token, and there must be at least one.
    Json(Path),
}

impl TokenFrom {
    /// Returns where it is in the body, if it is there in a part.
    pub(crate) fn in_body(&self) -> Vec<(Root, String)> {
        match self {
            TokenFrom::Json(path) => vec![(Root::Record, path.to_string())],
            TokenFrom::Form(name) => vec![(Root::Form, name.clone())],
            TokenFrom::Header(_) | TokenFrom::Query(_) | TokenFrom::Body => Vec::new(),
        }
    }

    pub(crate) fn of(path: Path) -> TokenFrom {
        match path.root() {
            Root::Header => TokenFrom::Header(path.name().to_owned()),
            Root::Query => TokenFrom::Query(path.name().to_owned()),
            Root::Form => TokenFrom::Form(path.name().to_owned()),
            Root::Body => TokenFrom::Body,
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

    fn in_body(&self) -> Vec<(Root, String)> {
        self.from.in_body()
    }
}

/// Reads a `token` check.
pub(crate) fn check(
    written: &Located<written::Token>,
    checker: &mut Checker<'_>,
) -> Result<Token, Told> {
    let path = checker.path(&written.from, REQUEST_ROOTS);
    lint_name(&written.from, written.from.place(), checker);
    let secrets = secrets(&written.secrets, checker);
    let path = path?;
    if path.root() == Root::Record && path.segments().is_empty() {
        checker.error_with(
            written.from.place(),
            "the path is empty, which is the whole body as JSON",
            "a token is a value of the body, such as `/token`, or `header.NAME`",
        );
    }
    let from = TokenFrom::of(path);
    Ok(Token { from, prefix: written.prefix.clone(), secrets: secrets? })
}
