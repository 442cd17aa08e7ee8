//! Where the keys of tokens come from. They must fit the algorithms.

use url::Url;

use super::secret_use::{SecretUse, secrets};
use crate::checked::checker::{Checker, Told};
use crate::checked::origin::Origin;
use crate::problem::Place;
use crate::written::{self, JwtAlgorithm, Located};

/// Issuers that give tokens to anybody, and the URLs of their keys.
const SHARED_SIGNERS: &str = include_str!("shared_signers.txt");

/// A signer that gives tokens to anybody.
pub(crate) struct SharedSigner {
    /// The issuer, or the URL of its keys.
    pub(crate) name: &'static str,
    /// The claims that tell to whom a token was given.
    pub(crate) pins: &'static str,
}

/// Returns the signer that gives tokens to anybody, if one is among the `issuers` or publishes the `keys`.
pub(crate) fn shared_signer(issuers: &[String], keys: &written::JwtKeys) -> Option<SharedSigner> {
    let url = match keys {
        written::JwtKeys::JwksUrl(url) => Url::parse(url).ok(),
        _ => None,
    };
    // However the URL is written, it leads to the same document.
    let is_url = |name: &str| {
        url.as_ref().is_some_and(|url| {
            Url::parse(name).is_ok_and(|known| {
                url.host() == known.host()
                    && url.path().trim_end_matches('/') == known.path().trim_end_matches('/')
                    && known.path() != "/"
            })
        })
    };
    SHARED_SIGNERS
        .lines()
        .filter(|line| !line.starts_with('#'))
        .filter_map(|line| line.split_once(' '))
        .find(|(name, _)| issuers.iter().any(|issuer| issuer == name) || is_url(name))
        .map(|(name, pins)| SharedSigner { name, pins })
}

/// Where a token's keys come from.
#[derive(Clone, Debug)]
pub enum JwtKeys {
    /// The issuer's JSON Web Key Set: `https`, or loopback.
    Jwks(Url),
    /// Secrets that are the key of an HMAC; never empty.
    Secrets(Vec<SecretUse>),
    /// Secrets that hold a JSON Web Key or a set of them; never empty.
    Jwk(Vec<SecretUse>),
    /// Secrets that hold a public key as PEM; never empty.
    Pem(Vec<SecretUse>),
}

impl JwtKeys {
    /// Returns the secrets that they are made of.
    pub(crate) fn secrets(&self) -> &[SecretUse] {
        match self {
            JwtKeys::Jwks(_) => &[],
            JwtKeys::Secrets(secrets) | JwtKeys::Jwk(secrets) | JwtKeys::Pem(secrets) => secrets,
        }
    }
}

/// The keys of a check at `place`, as they are written: in one of two ways.
pub(crate) struct Written<'w> {
    pub(crate) place: Option<Place>,
    pub(crate) algorithms: &'w Located<Vec<JwtAlgorithm>>,
    pub(crate) keys: Option<&'w Located<written::JwtKeys>>,
    pub(crate) secrets: Option<&'w Located<Vec<Located<written::SecretUse>>>>,
}

impl Written<'_> {
    /// Returns the keys in the form that names them all.
    pub(crate) fn keys(
        &self,
        checker: &mut Checker<'_>,
    ) -> Result<Located<written::JwtKeys>, Told> {
        match (self.keys, self.secrets) {
            (Some(keys), None) => Ok(keys.clone()),
            (None, Some(secrets)) => {
                Ok(secrets.with(written::JwtKeys::Secrets(secrets.clone())))
            }
            (keys, _) => Err(checker.error_with(
                keys.map_or(self.place, Located::place),
                match keys {
                    Some(_) => "`keys` and `secrets` exclude each other",
                    None => "the check names no keys",
                },
                "write `secrets: [jwt_secret]` for `HS…`, or `keys` with one of `jwks_url`, `jwk` and `pem`",
            )),
        }
    }

    /// Reads them.
    pub(crate) fn check(&self, checker: &mut Checker<'_>) -> Result<JwtKeys, Told> {
        let written = self.keys(checker)?;
        let fits = algorithms_fit(self.algorithms, &written, checker);
        let keys = keys(&written, checker);
        fits?;
        keys
    }
}

/// Reports algorithms that do not fit the keys. Public keys are public: if one were
/// taken for a shared secret, anybody could sign.
fn algorithms_fit(
    algorithms: &Located<Vec<JwtAlgorithm>>,
    keys: &Located<written::JwtKeys>,
    checker: &mut Checker<'_>,
) -> Result<(), Told> {
    let symmetric = algorithms.iter().filter(|algorithm| algorithm.is_symmetric()).count();
    if algorithms.is_empty() {
        return Err(checker.error_with(
            algorithms.place(),
            "no algorithm is taken",
            "list what the vendor signs with, such as `algorithms: [RS256]`",
        ));
    }
    if symmetric != 0 && symmetric != algorithms.len() {
        return Err(checker.error_with(
            algorithms.place(),
            "`HS…` algorithms are mixed with those of public keys",
            "whoever knows a public key could use it as the secret; write two checks under `any`",
        ));
    }
    let (message, help) = match (&**keys, symmetric == 0) {
        (written::JwtKeys::JwksUrl(_) | written::JwtKeys::Pem(_), false) => (
            "`HS…` algorithms are used with public keys",
            "whoever knows a public key could sign with it; take out the `HS…` ones, or name the shared secret: `secrets: [jwt_secret]`",
        ),
        (written::JwtKeys::Secrets(_), true) => (
            "a shared secret verifies only `HS…` algorithms",
            "name the public key with `jwks_url`, `jwk` or `pem`",
        ),
        _ => return Ok(()),
    };
    Err(checker.error_with(keys.place(), message, help))
}

fn keys(written: &Located<written::JwtKeys>, checker: &mut Checker<'_>) -> Result<JwtKeys, Told> {
    Ok(match &**written {
        written::JwtKeys::JwksUrl(url) => JwtKeys::Jwks(jwks_url(url, checker)?),
        written::JwtKeys::Secrets(names) => JwtKeys::Secrets(secrets(names, checker)?),
        written::JwtKeys::Jwk(names) => JwtKeys::Jwk(secrets(names, checker)?),
        written::JwtKeys::Pem(names) => JwtKeys::Pem(secrets(names, checker)?),
    })
}

fn jwks_url(text: &Located<String>, checker: &mut Checker<'_>) -> Result<Url, Told> {
    let url = Url::parse(text).ok().filter(|url| {
        let loopback = Origin::of(url).is_some_and(|origin| origin.is_loopback());
        (url.scheme() == "https" || (url.scheme() == "http" && loopback))
            && url.username().is_empty()
            && url.password().is_none()
            && url.fragment().is_none()
    });
    url.ok_or_else(|| {
        checker.error_with(
            text.place(),
            "`jwks_url` is not a URL that keys can be trusted from",
            "write the issuer's `jwks_uri`, with `https` (`http` only for this machine) and without a password",
        )
    })
}
