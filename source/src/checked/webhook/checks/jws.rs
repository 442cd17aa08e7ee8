//! What a `jws` check means.

use super::kind::{Kind, Proof};
use super::secret_use::SecretUse;
use super::token::TokenFrom;
use super::token_keys::{JwtKeys, Written};
use crate::checked::checker::{Checker, Told};
use crate::path::Root;
use crate::written::{self, JwtAlgorithm, Located};

/// A detached signature over the body.
#[derive(Clone, Debug)]
pub struct Jws {
    /// Where it is: a header or a query parameter.
    pub from: TokenFrom,
    /// The prefix before it.
    pub prefix: Option<String>,
    /// The accepted algorithms; never empty, and symmetric ones are never mixed with
    /// others.
    pub algorithms: Vec<JwtAlgorithm>,
    /// Where the keys come from. They fit the algorithms.
    pub keys: JwtKeys,
}

impl Kind for Jws {
    fn key(&self) -> &'static str {
        "jws"
    }

    fn proof(&self) -> Proof {
        Proof::Signature
    }

    fn secrets(&self) -> &[SecretUse] {
        self.keys.secrets()
    }
}

/// Reads a `jws` check.
pub(crate) fn check(
    written: &Located<written::Jws>,
    checker: &mut Checker<'_>,
) -> Result<Jws, Told> {
    let path = checker.path(&written.from, &[Root::Header, Root::Query]);
    let keys = Written {
        place: written.place(),
        algorithms: &written.algorithms,
        keys: written.keys.as_ref(),
        secrets: written.secrets.as_ref(),
    };
    let keys = keys.check(checker);
    Ok(Jws {
        from: TokenFrom::of(path?),
        prefix: written.prefix.clone(),
        algorithms: (*written.algorithms).clone(),
        keys: keys?,
    })
}
