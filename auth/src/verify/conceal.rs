//! A denied request without the credentials in it, to be kept for a while.
//!
//! The source file may be wrong about where the credential is, so values with
//! telling names are masked too.

use mef_source::checked::{
    HandshakeAuth, Respond, Signature, SignatureFrom, Signed, SignedTime, Webhook,
};
use mef_source::{Path, Root};
use serde::de::IgnoredAny;

use super::checks;
use super::denied::Denied;
use super::read::credential::{Credential, numbered};
use super::read::json;
use super::read::values::form_body;
use super::signed::signature::pieces;
use super::told::mask::Mask;
use crate::query::{self, form_decode};
use crate::request::Request;

const MASKED: &str = "***";
/// Words in the names of headers and query parameters that hold credentials.
const TELLING: [&str; 11] = [
    "auth",
    "token",
    "secret",
    "signature",
    "hmac",
    "password",
    "apikey",
    "api-key",
    "api_key",
    "cookie",
    "jwt",
];

/// Returns `request` with `***` in the place of every value that a check of
/// `webhook` reads as a credential, and of those whose name says that they are
/// one. Of a list of signatures the keys and the time stay. The whole body is
/// masked if a credential should be in it and cannot be found.
pub fn without_credentials(webhook: &Webhook, request: &Request) -> Request {
    let mut concealed = Concealed { mask: Mask::default(), signatures: Vec::new(), whole: false };
    for check in checks::singles(webhook) {
        let signed = check.signed();
        concealed.signatures.extend(signed);
        for credential in check.credentials() {
            match &credential {
                Credential::Body => concealed.whole = true,
                // A form that is not said to be one, or is no text.
                Credential::Form(_) if hides_a_form(request) => concealed.whole = true,
                Credential::Json(path) => match json::all(request.body(), path) {
                    Ok(_) => concealed.mask.credential(&credential, request),
                    Err(_) => concealed.whole = true,
                },
                // Of a signature's header the keys and the time stay.
                Credential::Header(_) | Credential::NumberedHeaders(_) if signed.is_some() => {}
                _ => concealed.mask.credential(&credential, request),
            }
        }
    }
    for rule in &webhook.handshake {
        // Only a handshake's own requests have its token, so a body without it is
        // not masked whole.
        let token = match &rule.auth {
            HandshakeAuth::Token(token) => Some(Credential::of_token(&token.from)),
            _ => None,
        };
        let stored = match &rule.respond {
            Respond::StoredSecret(stored) => Some(Credential::of_path(&stored.from)),
            _ => None,
        };
        for credential in token.into_iter().chain(stored) {
            match &credential {
                Credential::Json(path) if holds_too_many(request, path) => concealed.whole = true,
                _ => concealed.mask.credential(&credential, request),
            }
        }
    }
    concealed.apply(request)
}

/// Returns whether there are more values at `path` than are masked one by one.
fn holds_too_many(request: &Request, path: &Path) -> bool {
    matches!(json::all(request.body(), path), Err(Denied::TooManySignatures { .. }))
}

fn hides_a_form(request: &Request) -> bool {
    let is_json = || serde_json::from_slice::<IgnoredAny>(request.body()).is_ok();
    form_body(request).is_none() && !is_json()
}

struct Concealed<'c> {
    mask: Mask,
    signatures: Vec<&'c Signed>,
    /// Whether the whole body is masked.
    whole: bool,
}

impl Concealed<'_> {
    fn apply(mut self, request: &Request) -> Request {
        let headers = request.headers().iter().map(|(name, value)| {
            let signed = self.signatures.iter().find(|signed| reads(&signed.signature, name));
            let value = match signed {
                Some(signed) => {
                    items(&signed.signature, signed.timestamp.as_ref(), value).into_bytes()
                }
                None if tells(name) => MASKED.as_bytes().to_vec(),
                None => value.clone(),
            };
            (name.clone(), value)
        });
        let headers = headers.collect();
        let (method, path, raw_query) = (request.method(), request.path(), request.raw_query());
        let body = match self.whole && !request.body().is_empty() {
            true => MASKED.into(),
            false => request.body().clone(),
        };
        if self.whole {
            self.mask.forget_body();
        }
        for (_, name, _) in query::pieces(raw_query) {
            let name = form_decode(name);
            let name = String::from_utf8_lossy(&name);
            if tells(&name) {
                self.mask.query(&name);
            }
        }
        let concealed = Request::new(method, path, raw_query, headers, body);
        self.mask.apply(concealed.from_peer(request.peer()))
    }
}

/// Returns whether `signature` is read from the header `name`.
fn reads(signature: &Signature, name: &str) -> bool {
    signature.from.iter().any(|from| match from {
        SignatureFrom::Path(path) => path.root() == Root::Header && path.name() == name,
        SignatureFrom::NumberedHeaders(prefix) => numbered(name, prefix).is_some(),
    })
}

/// Returns whether a name says that its value is a credential.
fn tells(name: &str) -> bool {
    let name = name.to_ascii_lowercase();
    TELLING.iter().any(|word| name.contains(word))
}

/// Returns a signature header with its keys and its time, and `***` for the rest.
fn items(signature: &Signature, time: Option<&SignedTime>, value: &[u8]) -> String {
    let Ok(text) = std::str::from_utf8(value) else { return MASKED.to_owned() };
    let time_key = time
        .filter(|time| time.from.root() == Root::Signature)
        .map(|time| time.from.name().to_owned());
    let item = |index: usize, piece: &str| {
        let Some(pair) = &signature.pair else {
            let is_time = time_key.as_deref().is_some_and(|key| key.parse() == Ok(index));
            return if is_time { piece.to_owned() } else { MASKED.to_owned() };
        };
        match piece.split_once(pair.as_str()) {
            Some((key, _)) if time_key.as_deref() == Some(key.trim()) => piece.to_owned(),
            Some((key, _)) => format!("{key}{pair}{MASKED}"),
            None => MASKED.to_owned(),
        }
    };
    let pieces = pieces(&signature.split, text).enumerate();
    pieces.map(|(index, (piece, separator))| item(index, piece) + separator).collect()
}
