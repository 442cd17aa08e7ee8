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
    checker: &mut Checker<'_>,
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
    let id = written
        .id
        .as_ref()
        .and_then(|paths| checker.alternatives("id", paths, REQUEST_ROOTS))
        .unwrap_or_default();
    let text = text?;
    check_body_is_signed(written, &text, checker);
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
    if let Some(time) = timestamp.as_ref().filter(|time| time.from.root() == Root::Signature)
        && written.signature.pair.is_none()
    {
        checker.error_with(
            written.timestamp.as_ref().and_then(|time| time.from.place()),
            format!("`{}` is never found: the signature has no keys", time.from),
            "say what separates a key from its value, such as `split: \",\", pair: \"=\", take: [v1]`",
        );
    }
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

/// A signature over constants alone is the same for every request, and one that
/// leaves out the body lets it be exchanged.
fn check_body_is_signed(
    written: &Located<written::Hmac>,
    text: &SigningText,
    checker: &mut Checker<'_>,
) {
    let place = written.text.place();
    if text.0.iter().all(|part| matches!(part, SignedPart::Literal(_))) {
        checker.error_with(
            place,
            "the signed text is the same for every request",
            "who has seen one signature could sign anything; sign at least `{body}`",
        );
    } else if !text.contains(&SignedPart::Body) {
        checker.warn(
            place,
            "the body is not part of what is signed",
            "who has seen one signature can send another body with it; sign `{body}` if the vendor does",
        );
    }
}

/// A time outside the signed text can be set to now by whoever replays the
/// request, so that checking it would only look like a check.
fn check_time_is_signed(
    written: &Located<written::Hmac>,
    text: &SigningText,
    timestamp: Option<&SignedTime>,
    checker: &mut Checker<'_>,
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
    let from = &timestamp.from;
    let signed = text.0.iter().any(|part| match (part, from.root()) {
        (SignedPart::Timestamp, _)
        | (SignedPart::Body, Root::Record)
        | (SignedPart::Url | SignedPart::PathQuery, Root::Query) => true,
        (SignedPart::Json(path), Root::Record) => path == from,
        (SignedPart::Header(name), Root::Header) | (SignedPart::Query(name), Root::Query) => {
            name == from.name()
        }
        _ => false,
    });
    if !signed {
        checker.error_with(
            written.timestamp.as_ref().and_then(Located::place),
            "the timestamp is not part of what is signed",
            "an attacker can change it at will; leave `timestamp` out, or sign `{timestamp}`",
        );
    }
}

fn signature(written: &written::Signature, checker: &mut Checker<'_>) -> Option<Signature> {
    let place = written.from.place();
    let from = checker
        .alternatives("signature.from", &written.from, REQUEST_ROOTS)?
        .into_iter()
        .map(|path| match path.name().strip_suffix('#') {
            Some(prefix) if path.root() == Root::Header => {
                SignatureFrom::NumberedHeaders(prefix.to_owned())
            }
            _ => SignatureFrom::Path(path),
        })
        .collect();
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
    if written.pair.is_none() && written.bare == Bare::Inherit {
        checker.error_with(
            place,
            "`bare: inherit` means nothing without `pair`",
            "only items with keys have something to inherit",
        );
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
    checker: &mut Checker<'_>,
) -> Option<SignedTime> {
    let from = checker.path(&written.from, TIME_ROOTS);
    let max_age = checker.duration(&written.max_age);
    if max_age.is_some_and(|age| age.is_zero()) {
        checker.warn(
            written.max_age.place(),
            "`max_age` is zero: next to no request is young enough",
            "such as `300s`",
        );
    }
    let max_future = match &written.max_future {
        Some(text) => checker.duration(text),
        None => max_age,
    };
    Some(SignedTime { from: from?, unit: written.unit, max_age: max_age?, max_future: max_future? })
}
