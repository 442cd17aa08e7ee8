//! A signature over each request.

use std::collections::BTreeSet;

use super::login::with_record;
use crate::Root;
use crate::Template;
use crate::checked::Key;
use crate::checked::poll::names_a_secret;
use crate::checked::request_scope::RequestScope;
use crate::written::{self, Encoding, Hash, Located};

/// What a signed text may name.
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
    /// An HMAC over a text that the file says.
    Hmac(SignHmac),
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

/// An HMAC over a text that the file says.
#[derive(Clone, Debug)]
pub struct SignHmac {
    /// The hash.
    pub hash: Hash,
    /// The secret.
    pub secret: Template,
    /// How the secret becomes the key.
    pub key: Key,
    /// What is signed.
    pub text: Template,
    /// How the signature is written.
    pub encoding: Encoding,
    /// The headers that are set, names in lower case.
    pub into: Vec<(String, Template)>,
}

impl Sign {
    pub(super) fn kind(&self) -> &'static str {
        match self {
            Sign::Hmac(_) => "hmac",
            Sign::Duo { .. } => "duo",
            Sign::Edgegrid { .. } => "edgegrid",
            Sign::Sigv4 { .. } => "sigv4",
        }
    }

    pub(super) fn templates(&self) -> Vec<&Template> {
        match self {
            Sign::Hmac(hmac) => {
                let mut templates = vec![&hmac.secret, &hmac.text];
                templates.extend(hmac.into.iter().map(|(_, value)| value));
                templates
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

    pub(super) fn headers(&self) -> Vec<String> {
        let names = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect();
        match self {
            Sign::Hmac(hmac) => hmac.into.iter().map(|(name, _)| name.clone()).collect(),
            Sign::Duo { .. } => names(&["authorization", "date"]),
            Sign::Edgegrid { .. } => names(&["authorization"]),
            Sign::Sigv4 { .. } => names(&["authorization", "x-amz-date", "x-amz-security-token"]),
        }
    }
}

pub(super) fn check(written: &written::Sign, scope: &mut RequestScope<'_, '_>) -> Option<Sign> {
    let secret = |text: &Located<String>, scope: &mut RequestScope<'_, '_>| {
        let template = scope.template(text)?;
        names_a_secret(&template, text, scope.checker);
        Some(template)
    };
    Some(match written {
        written::Sign::Hmac(written) => Sign::Hmac(hmac(written, scope)?),
        written::Sign::Duo(written) => Sign::Duo {
            integration_key: scope.template(&written.integration_key)?,
            secret_key: secret(&written.secret_key, scope)?,
        },
        written::Sign::Edgegrid(written) => Sign::Edgegrid {
            client_token: scope.template(&written.client_token)?,
            client_secret: secret(&written.client_secret, scope)?,
            access_token: scope.template(&written.access_token)?,
        },
        written::Sign::Sigv4(written) => Sign::Sigv4 {
            access_key: scope.template(&written.access_key)?,
            secret_key: secret(&written.secret_key, scope)?,
            session_token: match &written.session_token {
                Some(token) => Some(secret(token, scope)?),
                None => None,
            },
            region: scope.template(&written.region)?,
            service: scope.template(&written.service)?,
        },
    })
}

fn hmac(written: &written::SignHmac, scope: &mut RequestScope<'_, '_>) -> Option<SignHmac> {
    let secret = scope.template(&written.secret)?;
    names_a_secret(&secret, &written.secret, scope.checker);
    let text = with_record(&written.text, &WORDS, scope)?;
    if !text.paths().any(|path| matches!(path.root(), Root::Record | Root::Header)) {
        scope.checker.error_with(
            written.text.place(),
            "the signature covers nothing of the request",
            "name what the vendor wants signed, such as `{method}`, `{path}` and `{date}`",
        );
        return None;
    }
    let mut words = WORDS.to_vec();
    words.push("signature");
    let (mut into, mut names) = (Vec::new(), BTreeSet::new());
    for (name, value) in &written.into {
        scope.header_name(name, value.place())?;
        if !names.insert(name.to_ascii_lowercase()) {
            scope.checker.error(value.place(), format!("the header `{name}` is set twice"));
            return None;
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
        scope.checker.error_with(
            written.text.place(),
            "no header sends the signature",
            "write `{signature}` into a header under `into`",
        );
        return None;
    }
    for word in ["date", "nonce"] {
        let signed = text.paths().any(|path| {
            path.root() == Root::Record
                && path.segments().first().is_some_and(|first| first == word)
        });
        if signed && !sends(word) {
            scope.checker.warn(
                written.text.place(),
                format!("`{{{word}}}` is signed, but no header sends it"),
                "the vendor can check the signature only if it is told",
            );
        }
    }
    Some(SignHmac {
        hash: written.hash.unwrap_or(Hash::Sha256),
        secret,
        key: Key::of(&written.key),
        text,
        encoding: written.encoding.unwrap_or(Encoding::Hex),
        into,
    })
}
