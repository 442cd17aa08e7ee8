//! What an `hmac` check means.

use std::time::Duration;

use super::checker::Checker;
use super::signing_text::{SignedPart, SigningText};
use super::webhook::{REQUEST_ROOTS, SecretUse, secrets};
use crate::written::{self, Bare, Encoding, Hash, KeyEncoding, Located, TimeUnit};
use crate::{Path, Root};

const TIME_ROOTS: &[Root] = &[Root::Record, Root::Header, Root::Query, Root::Signature];

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

/// Understands an `hmac` check.
pub(super) fn check(
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
