//! What the `webhook` part means.
//!
//! A check that is only half written would verify nothing, so nothing here has
//! a quiet default: what a check needs is there or the file does not load.

use jiff::Timestamp;
use std::time::Duration;
use url::Url;

use super::checker::Checker;
use super::event::EventSpec;
use super::signing_text::{SignedPart, SigningText};
use crate::written::{self, Bare, Decode, Encoding, Hash, KeyEncoding, Located, TimeUnit};
use crate::{Path, Root};

const DEFAULT_MAX_BODY: usize = 6 * 1024 * 1024;
const LARGEST_MAX_BODY: usize = 10 * 1024 * 1024;

/// Where a check or an id may look in a request.
const REQUEST_ROOTS: &[Root] = &[Root::Record, Root::Header, Root::Query];
const TIME_ROOTS: &[Root] = &[Root::Record, Root::Header, Root::Query, Root::Signature];

/// How a source is pushed.
#[derive(Clone, Debug)]
pub struct Webhook {
    /// What a request must pass.
    pub verify: Verify,
    /// The methods taken, in upper case.
    pub methods: Vec<String>,
    /// The URL that the vendor was given.
    pub public_url: Option<Url>,
    /// The largest body taken, in bytes as sent.
    pub max_body: usize,
    /// Where the delivery id is: the first found counts.
    pub delivery_id: Vec<Path>,
    /// How the body is read.
    pub decode: Decode,
    /// What a record is and what event it becomes.
    pub event: EventSpec,
}

/// What a request must pass.
#[derive(Clone, Debug)]
pub enum Verify {
    /// All of these; never empty.
    All(Vec<Check>),
    /// Nothing, for the reason that the operator wrote down.
    Nothing {
        /// The reason.
        reason: String,
    },
}

/// One check.
#[derive(Clone, Debug)]
pub enum Check {
    /// A signature made with a shared secret.
    Hmac(Box<Hmac>),
    /// A fixed token.
    Token(Token),
}

impl Check {
    /// The secrets that the check may use.
    pub fn secrets(&self) -> &[SecretUse] {
        match self {
            Check::Hmac(hmac) => &hmac.secrets,
            Check::Token(token) => &token.secrets,
        }
    }
}

/// A secret that a check may use.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SecretUse {
    /// Its name.
    pub name: String,
    /// The moment after which it counts no more.
    pub not_after: Option<Timestamp>,
}

/// A signature made with a shared secret.
#[derive(Clone, Debug)]
pub struct Hmac {
    /// The hash.
    pub hash: Hash,
    /// The secrets that may have signed; never empty.
    pub secrets: Vec<SecretUse>,
    /// How a secret becomes the key.
    pub key: Key,
    /// Where the signature is and how it is written.
    pub signature: Signature,
    /// What is signed.
    pub text: SigningText,
    /// The signed time.
    pub timestamp: Option<SignedTime>,
    /// Where the signed message id is; the first found counts.
    pub id: Vec<Path>,
}

/// How a secret becomes the key.
#[derive(Clone, Debug)]
pub struct Key {
    /// How the key is written.
    pub encoding: KeyEncoding,
    /// What comes before it.
    pub strip_prefix: Option<String>,
}

/// Where a signature is and how it is written.
#[derive(Clone, Debug)]
pub struct Signature {
    /// The places to look in; never empty.
    pub from: Vec<SignatureFrom>,
    /// What separates items.
    pub split: Option<String>,
    /// What separates an item's key from its value.
    pub pair: Option<String>,
    /// The keys whose values are signatures; never empty where `pair` is set.
    pub take: Vec<String>,
    /// What an item without a key is.
    pub bare: Bare,
    /// How the signature's bytes are written.
    pub encoding: Encoding,
}

/// A place that may hold a signature.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SignatureFrom {
    /// A header, query parameter or value of the body.
    Path(Path),
    /// The headers whose name is this followed by a number from 1 to 100.
    NumberedHeaders(String),
}

/// The signed time.
#[derive(Clone, Debug)]
pub struct SignedTime {
    /// Where it is.
    pub from: Path,
    /// How it is written.
    pub unit: TimeUnit,
    /// The oldest taken, before now.
    pub max_age: Duration,
    /// The newest taken, after now.
    pub max_future: Duration,
}

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

impl Webhook {
    pub(super) fn check(
        written: &written::Webhook,
        event: EventSpec,
        checker: &mut Checker,
    ) -> Option<Webhook> {
        let public_url = written.public_url.as_ref().and_then(|url| public_url(url, checker));
        let max_body = checker.size_or(written.max_body.as_ref(), DEFAULT_MAX_BODY);
        if max_body > LARGEST_MAX_BODY {
            checker.error_with(
                written.max_body.as_ref().and_then(Located::place),
                "`max_body` is above 10 MiB",
                "no API gateway hands over more than 10 MiB",
            );
        }
        let delivery_id = written.delivery_id.as_ref().map_or(Vec::new(), |paths| {
            paths
                .iter()
                .filter_map(|path| checker.path_at(paths.place(), path, REQUEST_ROOTS))
                .collect()
        });
        Some(Webhook {
            verify: verify(written, public_url.is_some(), checker)?,
            methods: methods(written, checker),
            public_url,
            max_body,
            delivery_id,
            decode: written.decode,
            event,
        })
    }

    /// The names of the secrets that its checks use.
    pub fn secret_names(&self) -> impl Iterator<Item = String> + '_ {
        let checks = match &self.verify {
            Verify::All(checks) => checks.as_slice(),
            Verify::Nothing { .. } => &[],
        };
        checks.iter().flat_map(Check::secrets).map(|secret| secret.name.clone())
    }
}

fn public_url(text: &Located<String>, checker: &mut Checker) -> Option<Url> {
    match Url::parse(text) {
        Ok(url) if matches!(url.scheme(), "https" | "http") && url.query().is_none() => Some(url),
        _ => {
            checker.error_with(
                text.place(),
                format!("`{}` is not a webhook's URL", &**text),
                "write the URL that the vendor was given, such as `https://hooks.example.com/github`, without a query",
            );
            None
        }
    }
}

fn methods(written: &written::Webhook, checker: &mut Checker) -> Vec<String> {
    let Some(methods) = &written.methods else { return vec!["POST".to_owned()] };
    let mut checked = Vec::new();
    for method in methods {
        match method.to_ascii_uppercase() {
            method if matches!(method.as_str(), "POST" | "PUT" | "PATCH") => checked.push(method),
            _ => checker.error_with(
                method.place(),
                format!("`{}` is not a method that brings events", &**method),
                "one of `POST`, `PUT`, `PATCH`",
            ),
        }
    }
    checked
}

fn verify(
    written: &written::Webhook,
    has_public_url: bool,
    checker: &mut Checker,
) -> Option<Verify> {
    match (&written.verify, &written.unauthenticated) {
        (Some(checks), None) if !checks.is_empty() => {
            let verify: Vec<_> =
                checks.iter().map(|check| self::check(check, has_public_url, checker)).collect();
            if checks.iter().all(|check| matches!(check, written::Check::Token(_))) {
                checker.warn(
                    checks.place(),
                    "only a fixed token proves who is calling",
                    "whoever sees one request can forge the next; use a signature where the vendor offers one",
                );
            }
            verify.into_iter().collect::<Option<_>>().map(Verify::All)
        }
        (None, Some(reason)) if !reason.trim().is_empty() => {
            checker.warn(reason.place(), "anybody can push events to this source", &**reason);
            Some(Verify::Nothing { reason: (**reason).clone() })
        }
        (Some(checks), Some(_)) => {
            checker.error(checks.place(), "`verify` and `unauthenticated` exclude each other");
            None
        }
        (verify, reason) => {
            let place =
                verify.as_ref().map_or(reason.as_ref().and_then(Located::place), Located::place);
            checker.error_with(
                place,
                "the webhook verifies nothing",
                "list at least one check under `verify`, or write `unauthenticated: \"<reason>\"`",
            );
            None
        }
    }
}

fn check(written: &written::Check, has_public_url: bool, checker: &mut Checker) -> Option<Check> {
    match written {
        written::Check::Hmac(hmac) => {
            self::hmac(hmac, has_public_url, checker).map(|hmac| Check::Hmac(Box::new(hmac)))
        }
        written::Check::Token(token) => self::token(token, checker).map(Check::Token),
    }
}

fn secrets(
    written: &Located<Vec<Located<written::SecretUse>>>,
    checker: &mut Checker,
) -> Option<Vec<SecretUse>> {
    if written.is_empty() {
        checker.error_with(
            written.place(),
            "the check has no secret",
            "name at least one, such as `secrets: [webhook_secret]`",
        );
        return None;
    }
    let mut checked = Vec::new();
    for secret in written.iter() {
        super::load::check_secret_name(secret.name(), secret.place(), checker)?;
        let not_after = match &**secret {
            written::SecretUse::Name(_) => None,
            written::SecretUse::Retiring(retiring) => Some(checker.time(&retiring.not_after)?),
        };
        checked.push(SecretUse { name: secret.name().to_owned(), not_after });
    }
    if checked.len() > 2 {
        checker.warn(
            written.place(),
            "more than two secrets are live",
            "a rotation needs the present and the previous one",
        );
    }
    Some(checked)
}

fn token(written: &Located<written::Token>, checker: &mut Checker) -> Option<Token> {
    let path = checker.path(&written.from, REQUEST_ROOTS);
    let secrets = secrets(&written.secrets, checker);
    let path = path?;
    let from = match path.root() {
        Root::Header => TokenFrom::Header(path.name().to_owned()),
        Root::Query => TokenFrom::Query(path.name().to_owned()),
        _ => TokenFrom::Json(path),
    };
    Some(Token { from, prefix: written.prefix.clone(), secrets: secrets? })
}

fn hmac(
    written: &Located<written::Hmac>,
    has_public_url: bool,
    checker: &mut Checker,
) -> Option<Hmac> {
    if written.hash == Hash::Sha1 {
        checker.warn(
            written.place(),
            "SHA-1 is used",
            "an HMAC with it still stands, but use SHA-256 if the vendor offers it",
        );
    }
    let secrets = secrets(&written.secrets, checker);
    let signature = signature(&written.signature, checker);
    let text = SigningText::check(&written.text, checker);
    let timestamp = written.timestamp.as_ref().map(|time| signed_time(time, checker));
    let id: Vec<_> = written.id.as_ref().map_or(Vec::new(), |paths| {
        paths
            .iter()
            .filter_map(|path| checker.path_at(paths.place(), path, REQUEST_ROOTS))
            .collect()
    });
    let text = text?;
    if text.contains(&SignedPart::Url) && !has_public_url {
        checker.error_with(
            written.text.place(),
            "`{url}` is signed, but there is no `public_url`",
            "write the URL that the vendor was given; the request's own Host header can be forged",
        );
    }
    if text.contains(&SignedPart::Id) != written.id.is_some() {
        checker.error_with(
            written.text.place(),
            "`{id}` in `text` and `id` need each other",
            "`id` says where the signed message id is, such as `id: header.webhook-id`",
        );
    }
    let timestamp = match timestamp {
        None => None,
        Some(timestamp) => Some(timestamp?),
    };
    check_time_is_signed(written, &text, timestamp.as_ref(), checker);
    Some(Hmac {
        hash: written.hash,
        secrets: secrets?,
        key: Key { encoding: written.key.encoding, strip_prefix: written.key.strip_prefix.clone() },
        signature: signature?,
        text,
        timestamp,
        id,
    })
}

/// A time outside the signed text can be set to now by whoever replays the
/// request, so that checking it would only look like a check.
fn check_time_is_signed(
    written: &Located<written::Hmac>,
    text: &SigningText,
    timestamp: Option<&SignedTime>,
    checker: &mut Checker,
) {
    let Some(timestamp) = timestamp else {
        if text.contains(&SignedPart::Timestamp) {
            checker.error_with(
                written.text.place(),
                "`{timestamp}` is signed, but there is no `timestamp`",
                "say where it is: `timestamp: { from: header.X-Timestamp, unit: s, max_age: 300s }`",
            );
        }
        return;
    };
    let in_signed_body = timestamp.from.root() == Root::Record && text.contains(&SignedPart::Body);
    if !text.contains(&SignedPart::Timestamp) && !in_signed_body {
        checker.error_with(
            written.timestamp.as_ref().and_then(Located::place),
            "the timestamp is not part of what is signed",
            "an attacker can change it at will; leave `timestamp` out, or sign `{timestamp}`",
        );
    }
}

fn signature(written: &written::Signature, checker: &mut Checker) -> Option<Signature> {
    let place = written.from.place();
    let from: Vec<_> = written
        .from
        .iter()
        .filter_map(|text| {
            let path = checker.path_at(place, text, REQUEST_ROOTS)?;
            Some(match path.name().strip_suffix('#') {
                Some(prefix) if path.root() == Root::Header => {
                    SignatureFrom::NumberedHeaders(prefix.to_owned())
                }
                _ => SignatureFrom::Path(path),
            })
        })
        .collect();
    if from.is_empty() {
        checker.error(place, "`signature.from` names no place");
        return None;
    }
    for separator in [&written.split, &written.pair].into_iter().flatten() {
        if separator.is_empty() {
            checker.error(separator.place(), "a separator cannot be empty");
            return None;
        }
    }
    if written.pair.is_some() == written.take.is_empty() {
        checker.error_with(
            written.pair.as_ref().map_or(place, Located::place),
            "`pair` and `take` need each other",
            "`pair: \"=\"` splits `v0=…`, and `take: [v0]` says whose value is the signature",
        );
        return None;
    }
    Some(Signature {
        from,
        split: written.split.as_ref().map(|text| (**text).clone()),
        pair: written.pair.as_ref().map(|text| (**text).clone()),
        take: written.take.clone(),
        bare: written.bare,
        encoding: written.encoding,
    })
}

fn signed_time(
    written: &Located<written::SignedTime>,
    checker: &mut Checker,
) -> Option<SignedTime> {
    let from = checker.path(&written.from, TIME_ROOTS);
    let max_age = checker.duration(&written.max_age);
    let max_future = match &written.max_future {
        Some(text) => checker.duration(text),
        None => max_age,
    };
    Some(SignedTime { from: from?, unit: written.unit, max_age: max_age?, max_future: max_future? })
}
