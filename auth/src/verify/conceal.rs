//! A refused request without the credentials in it, to be kept for a while.
//!
//! It was refused, so it may be that the source file looks in the wrong place
//! and the credential is in another: what is called like one is masked too.

use mef_source::checked::{
    Check, HandshakeAuth, Respond, Signature, SignatureFrom, Signed, SignedTime, TokenFrom, Verify,
    Webhook,
};
use mef_source::{Path, Root};

use crate::verify::told::mask::{Mask, numbered, within};
use crate::Request;
use crate::verify::AUTHORIZATION;
use crate::verify::read::values as read;

const MASKED: &str = "***";
/// What the names of headers and query parameters that hold credentials hold.
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

/// `request` with `***` in the place of every value that a check of `webhook`
/// reads as a credential, and of those whose name tells that they are one. Of a
/// list of signatures the keys and the time stay. A body out of which a
/// credential should be read, and cannot, is masked whole.
pub fn without_credentials(webhook: &Webhook, request: &Request) -> Request {
    let checks = match &webhook.verify {
        Verify::All(checks) => checks.as_slice(),
        Verify::Nothing { .. } => &[],
    };
    let mut concealed = Concealed { mask: Mask::default(), signatures: Vec::new(), whole: false };
    checks.iter().for_each(|check| concealed.check(check, request));
    for rule in &webhook.handshake {
        // Only its own requests have it, so that no other is masked whole.
        if let HandshakeAuth::Token(token) = &rule.auth {
            concealed.mask.token(&token.from, request);
        }
        if let Respond::StoredSecret(stored) = &rule.respond {
            concealed.mask.header(&stored.header);
        }
    }
    concealed.apply(request)
}

struct Concealed<'c> {
    mask: Mask,
    signatures: Vec<(&'c Signature, Option<&'c SignedTime>)>,
    /// The whole body is masked.
    whole: bool,
}

impl<'c> Concealed<'c> {
    fn check(&mut self, check: &'c Check, request: &Request) {
        match check {
            Check::Hmac(hmac) => self.signed(&hmac.signed, request),
            Check::PublicKey(key) => self.signed(&key.signed, request),
            Check::Token(token) => self.token(&token.from, request),
            Check::Jwt(jwt) => self.token(&jwt.from, request),
            Check::Basic(_) => self.mask.header(AUTHORIZATION),
            // Neither an address nor a digest is a credential, and what SNS signed of one message
            // is no use for another.
            Check::Ip(_) | Check::Digest(_) | Check::AwsSns(_) => {}
            Check::Any(checks) | Check::All(checks) => {
                checks.iter().for_each(|check| self.check(check, request));
            }
        }
    }

    fn token(&mut self, from: &TokenFrom, request: &Request) {
        match from {
            TokenFrom::Header(name) => self.mask.header(name),
            TokenFrom::Query(name) => self.mask.query(name),
            TokenFrom::Json(path) => self.in_body(path, request),
        }
    }

    fn signed(&mut self, signed: &'c Signed, request: &Request) {
        let signature = &signed.signature;
        self.signatures.push((signature, signed.timestamp.as_ref()));
        for from in &signature.from {
            match from {
                SignatureFrom::Path(path) if path.root() == Root::Record => {
                    self.in_body(&within(signed.each.as_ref(), path), request);
                }
                SignatureFrom::Path(path) if path.root() == Root::Query => self.mask.path(path),
                SignatureFrom::Path(_) | SignatureFrom::NumberedHeaders(_) => {}
            }
        }
    }

    /// Masks the values of the body at `path`.
    fn in_body(&mut self, path: &Path, request: &Request) {
        match read::json_all(request.body(), path) {
            Ok(values) => values.iter().for_each(|value| self.mask.json(request.body(), value)),
            Err(_) => self.whole = true,
        }
    }

    fn apply(&self, request: &Request) -> Request {
        let headers = request.headers().iter().map(|(name, value)| {
            let signature = self.signatures.iter().find(|(signature, _)| reads(signature, name));
            let value = match signature {
                Some((signature, time)) => items(signature, *time, value).into_bytes(),
                None if tells(name) => MASKED.as_bytes().to_vec(),
                None => value.clone(),
            };
            (name.clone(), value)
        });
        let (method, path, query) = (request.method(), request.path(), request.raw_query());
        let body = match self.whole && !request.body().is_empty() {
            true => MASKED.into(),
            false => request.body().clone(),
        };
        let mut mask = self.mask.clone();
        if self.whole {
            mask.forget_body();
        }
        for (_, name, _) in crate::request::pieces(query) {
            let name = crate::request::form_decode(name);
            let name = String::from_utf8_lossy(&name);
            if tells(&name) {
                mask.query(&name);
            }
        }
        let concealed = Request::new(method, path, query, headers.collect(), body);
        mask.apply(concealed.from_peer(request.peer()))
    }
}

/// Whether `signature` is read from the header `name`.
fn reads(signature: &Signature, name: &str) -> bool {
    signature.from.iter().any(|from| match from {
        SignatureFrom::Path(path) => path.root() == Root::Header && path.name() == name,
        SignatureFrom::NumberedHeaders(prefix) => numbered(name, prefix).is_some(),
    })
}

/// Whether a name says that a credential is behind it.
fn tells(name: &str) -> bool {
    let name = name.to_ascii_lowercase();
    TELLING.iter().any(|word| name.contains(word))
}

/// A signature header with its keys and its time, and `***` for the rest.
fn items(signature: &Signature, time: Option<&SignedTime>, value: &[u8]) -> String {
    let Ok(text) = std::str::from_utf8(value) else { return MASKED.to_owned() };
    let time_key = time
        .filter(|time| time.from.root() == Root::Signature)
        .map(|time| time.from.segments().join("."));
    let item = |piece: &str| {
        let Some(pair) = &signature.pair else { return MASKED.to_owned() };
        match piece.split_once(pair.as_str()) {
            Some((key, _)) if time_key.as_deref() == Some(key.trim()) => piece.to_owned(),
            Some((key, _)) => format!("{key}{pair}{MASKED}"),
            None => MASKED.to_owned(),
        }
    };
    match &signature.split {
        Some(split) => text.split(split.as_str()).map(item).collect::<Vec<_>>().join(split),
        None => item(text),
    }
}
