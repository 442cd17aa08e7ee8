//! A signature over each request.

use std::collections::{BTreeMap, BTreeSet};

use super::words::with_record;
use crate::checked::checker::Told;
use crate::checked::key::Key;
use crate::checked::poll::request::scope::RequestScope;
use crate::checked::secret::reads_secret;
use crate::path::Root;
use crate::template::Template;
use crate::written::{self, Encoding, Hash, Located};

/// The words that a signed text may use.
const WORDS: [&str; 10] = [
    "method",
    "url",
    "host",
    "path",
    "query",
    "query_sorted",
    "body",
    "body_sha256",
    "date",
    "nonce",
];

/// A signature over each request.
#[derive(Clone, Debug)]
pub enum Sign {
    /// An HMAC, or a hash without a key, over a text of the file.
    Text(SignText),
    /// The Duo Admin API.
    Duo {
        /// The integration key.
        integration_key: Template,
        /// The secret key.
        secret_key: Template,
    },
    /// Akamai EdgeGrid.
    Edgegrid {
        /// The client token.
        client_token: Template,
        /// The client secret.
        client_secret: Template,
        /// The access token.
        access_token: Template,
    },
    /// AWS Signature Version 4.
    Sigv4 {
        /// The access key id.
        access_key: Template,
        /// The secret access key.
        secret_key: Template,
        /// The session token.
        session_token: Option<Template>,
        /// The region.
        region: Template,
        /// The service.
        service: Template,
    },
}

/// An HMAC, or a hash without a key, over a text of the file.
#[derive(Clone, Debug)]
pub struct SignText {
    /// The hash.
    pub hash: Hash,
    /// The secret of an HMAC, and how it becomes the key. If there is none, a secret
    /// stands in the text.
    pub key: Option<(Template, Key)>,
    /// What is signed.
    pub text: Template,
    /// How the signature is written.
    pub encoding: Encoding,
    /// The headers that are set, with their names in lower case.
    pub into: Vec<(String, Template)>,
}

impl Sign {
    pub(crate) fn kind(&self) -> &'static str {
        match self {
            Sign::Text(text) if text.key.is_none() => "hash",
            Sign::Text(_) => "hmac",
            Sign::Duo { .. } => "duo",
            Sign::Edgegrid { .. } => "edgegrid",
            Sign::Sigv4 { .. } => "sigv4",
        }
    }

    pub(crate) fn templates(&self) -> Vec<&Template> {
        match self {
            Sign::Text(text) => {
                let secret = text.key.iter().map(|(secret, _)| secret);
                let into = text.into.iter().map(|(_, value)| value);
                secret.chain([&text.text]).chain(into).collect()
            }
            Sign::Duo { integration_key, secret_key } => vec![integration_key, secret_key],
            Sign::Edgegrid { client_token, client_secret, access_token } => {
                vec![client_token, client_secret, access_token]
            }
            Sign::Sigv4 { access_key, secret_key, session_token, region, service } => {
                let mut templates = vec![access_key, secret_key, region, service];
                templates.extend(session_token);
                templates
            }
        }
    }

    pub(crate) fn headers(&self) -> Vec<String> {
        let names = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect();
        match self {
            Sign::Text(text) => text.into.iter().map(|(name, _)| name.clone()).collect(),
            Sign::Duo { .. } => names(&["authorization", "date"]),
            Sign::Edgegrid { .. } => names(&["authorization"]),
            Sign::Sigv4 { .. } => names(&["authorization", "x-amz-date", "x-amz-security-token"]),
        }
    }
}

pub(crate) fn check(
    written: &written::Sign,
    scope: &mut RequestScope<'_, '_>,
) -> Result<Sign, Told> {
    Ok(match written {
        written::Sign::Hmac(written) => {
            let key = (scope.secret(&written.secret)?, Key::of(&written.key));
            let into = (written.encoding, &written.into);
            Sign::Text(SignText {
                key: Some(key),
                ..sign_text(written.hash, &written.text, into, scope)?
            })
        }
        written::Sign::Hash(written) => {
            let into = (written.encoding, &written.into);
            let text = sign_text(written.hash, &written.text, into, scope)?;
            has_a_secret(&text.text, &written.text, scope)?;
            Sign::Text(text)
        }
        written::Sign::Duo(written) => Sign::Duo {
            integration_key: scope.template(&written.integration_key)?,
            secret_key: scope.secret(&written.secret_key)?,
        },
        written::Sign::Edgegrid(written) => Sign::Edgegrid {
            client_token: scope.template(&written.client_token)?,
            client_secret: scope.secret(&written.client_secret)?,
            access_token: scope.template(&written.access_token)?,
        },
        written::Sign::Sigv4(written) => Sign::Sigv4 {
            access_key: scope.template(&written.access_key)?,
            secret_key: scope.secret(&written.secret_key)?,
            session_token: written
                .session_token
                .as_ref()
                .map(|token| scope.secret(token))
                .transpose()?,
            region: scope.template(&written.region)?,
            service: scope.template(&written.service)?,
        },
    })
}

/// Reads what an HMAC and a hash without a key have in common.
fn sign_text(
    hash: Option<Hash>,
    written: &Located<String>,
    (encoding, headers): (Option<Encoding>, &BTreeMap<String, Located<String>>),
    scope: &mut RequestScope<'_, '_>,
) -> Result<SignText, Told> {
    let text = with_record(written, &WORDS, scope)?;
    if !text.paths().any(|path| matches!(path.root(), Root::Record | Root::Header)) {
        return Err(scope.checker.error_with(
            written.place(),
            "the signature covers nothing of the request",
            "name what the vendor wants signed, such as `{method}`, `{path}` and `{date}`",
        ));
    }
    let mut words = WORDS.to_vec();
    words.push("signature");
    let (mut into, mut names) = (Vec::new(), BTreeSet::new());
    for (name, value) in headers {
        scope.header_name(name, value.place())?;
        if !names.insert(name.to_ascii_lowercase()) {
            return Err(scope
                .checker
                .error(value.place(), format!("the header `{name}` is set twice")));
        }
        into.push((name.to_ascii_lowercase(), with_record(value, &words, scope)?));
    }
    let sends = |word: &str| {
        into.iter().flat_map(|(_, value)| value.paths()).any(|path| {
            path.root() == Root::Record
                && path.segments().first().is_some_and(|first| first == word)
        })
    };
    if !sends("signature") {
        return Err(scope.checker.error_with(
            written.place(),
            "no header sends the signature",
            "write `{signature}` into a header under `into`",
        ));
    }
    for word in ["date", "nonce"] {
        let signed = text.paths().any(|path| {
            path.root() == Root::Record
                && path.segments().first().is_some_and(|first| first == word)
        });
        if signed && !sends(word) {
            scope.checker.warn(
                written.place(),
                format!("`{{{word}}}` is signed, but no header sends it"),
                "the vendor can check the signature only if it is told",
            );
        }
    }
    Ok(SignText {
        hash: hash.unwrap_or(Hash::Sha256),
        key: None,
        text,
        encoding: encoding.unwrap_or(Encoding::Hex),
        into,
    })
}

/// Reports a hash that anybody could make: without a key, the text needs a secret.
fn has_a_secret(
    text: &Template,
    written: &Located<String>,
    scope: &mut RequestScope<'_, '_>,
) -> Result<(), Told> {
    if reads_secret(text) {
        return Ok(());
    }
    Err(scope.checker.error_with(
        written.place(),
        "what is hashed has no secret in it",
        "anybody could make that hash: write `{secret.api_key}` where the vendor wants it",
    ))
}
