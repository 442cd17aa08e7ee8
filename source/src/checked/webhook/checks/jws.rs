//! What a `jws` check means.
//!
//! A signature says who signed, and not for whom. Keys that are published sign for every customer of their
//! vendor, and perhaps tokens too, so beside them something has to tell that the request is ours.

use super::kind::{Kind, Proof};
use super::secret_use::SecretUse;
use super::token::TokenFrom;
use super::token_keys::{JwtKeys, Written, shared_signer};
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
    if let Ok(as_written) = keys.keys(checker)
        && let Some(shared) = shared_signer(&[], &as_written)
    {
        checker.error_with(
            as_written.place(),
            format!("the keys at `{}` sign tokens for anybody", shared.name),
            "whoever has a token could send its claims as a body; name keys that sign nothing but these requests",
        );
    }
    let keys = keys.check(checker);
    Ok(Jws {
        from: TokenFrom::of(path?),
        prefix: written.prefix.clone(),
        algorithms: (*written.algorithms).clone(),
        keys: keys?,
    })
}
