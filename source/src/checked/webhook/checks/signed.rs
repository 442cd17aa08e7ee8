//! What all kinds of signatures have in common: what is signed, where the signature
//! is, and how near its time must be.

use std::time::Duration;

use super::signing_text::{SignedPart, SigningText};
use super::surroundings::{REQUEST_ROOTS, Surroundings};
use crate::checked::checker::{Checker, Told};
use crate::path::{Path, Root};
use crate::written::{self, Bare, Encoding, Located, OneOrMany, TimeUnit};

const TIME_ROOTS: &[Root] = &[Root::Record, Root::Header, Root::Query, Root::Signature];

/// What is signed, where the signature is, and when it counts.
#[derive(Clone, Debug)]
pub struct Signed {
    /// Where the signature is and how it is written.
    pub signature: Signature,
    /// What is signed.
    pub text: SigningText,
    /// The signed time.
    pub timestamp: Option<SignedTime>,
    /// Where the signed message id is; the first that is found counts.
    pub id: Vec<Path>,
    /// The values of the body that are each signed separately, at least one. Paths into the body
    /// then start at such a value. `None` if the whole request is signed once.
    pub each: Option<Path>,
    /// Whether `{url}` may be signed both with and without its port.
    pub url_port_variants: bool,
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
    /// The keys whose values are signatures; never empty if `pair` is set.
    pub take: Vec<String>,
    /// What an item without a key is.
    pub bare: Bare,
    /// How the signature's bytes are written.
    pub encoding: Encoding,
}

impl Signature {
    /// Returns whether it may be in the body.
    pub fn reads_body(&self) -> bool {
        let in_body = |from: &SignatureFrom| matches!(from, SignatureFrom::Path(path) if path.root() == Root::Record);
        self.from.iter().any(in_body)
    }
}

/// A place that may hold a signature.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SignatureFrom {
    /// A header, query parameter or value of the body.
    Path(Path),
    /// The headers whose names are this and a number from 1 to 100.
    NumberedHeaders(String),
}

/// The signed time.
#[derive(Clone, Debug)]
pub struct SignedTime {
    /// Where it is.
    pub from: Path,
    /// How it is written.
    pub unit: TimeUnit,
    /// How long before now it may be.
    pub max_age: Duration,
    /// How long after now it may be.
    pub max_future: Duration,
}

/// The keys that every check of a signature has.
pub(crate) struct Written<'w> {
    signature: &'w written::Signature,
    text: &'w Located<String>,
    timestamp: Option<&'w Located<written::SignedTime>>,
    id: Option<&'w Located<OneOrMany>>,
    each: Option<&'w Located<String>>,
    url_port_variants: Option<&'w Located<bool>>,
}

impl<'w> From<&'w written::Hmac> for Written<'w> {
    fn from(hmac: &'w written::Hmac) -> Written<'w> {
        Written {
            signature: &hmac.signature,
            text: &hmac.text,
            timestamp: hmac.timestamp.as_ref(),
            id: hmac.id.as_ref(),
            each: hmac.each.as_ref(),
            url_port_variants: hmac.url_port_variants.as_ref(),
        }
    }
}

impl<'w> From<&'w written::PublicKey> for Written<'w> {
    fn from(key: &'w written::PublicKey) -> Written<'w> {
        Written {
            signature: &key.signature,
            text: &key.text,
            timestamp: key.timestamp.as_ref(),
            id: key.id.as_ref(),
            each: key.each.as_ref(),
            url_port_variants: key.url_port_variants.as_ref(),
        }
    }
}

/// Reads what is signed.
pub(crate) fn check(
    written: &Written<'_>,
    around: Surroundings,
    checker: &mut Checker<'_>,
) -> Result<Signed, Told> {
    let signature = signature(written.signature, checker);
    let text = SigningText::check(written.text, around.has_public_url, checker);
    let timestamp = written.timestamp.map(|time| signed_time(time, checker)).transpose();
    let id = written.id.map(|paths| checker.alternatives("id", paths, REQUEST_ROOTS)).transpose();
    let each = written.each.map(|path| each(path, checker)).transpose();
    let text = text?;
    check_body_is_signed(written, &text, around, checker);
    text.check_separators(written.text.place(), checker);
    if text.signs(&SignedPart::Id) != written.id.is_some() {
        checker.error_with(
            written.text.place(),
            "`{id}` in `text` and `id` need each other",
            "`id` says where the signed message id is, such as `id: header.webhook-id`",
        );
    }
    let timestamp = timestamp?;
    check_time_is_signed(written, &text, timestamp.as_ref(), checker);
    if let Some(time) = timestamp.as_ref().filter(|time| time.from.root() == Root::Signature)
        && written.signature.pair.is_none()
    {
        checker.error_with(
            written.timestamp.and_then(|time| time.from.place()),
            format!("`{}` is never found: the signature has no keys", time.from),
            "say what separates a key from its value, such as `split: \",\", pair: \"=\", take: [v1]`",
        );
    }
    let (signature, id, each) = (signature?, id?.unwrap_or_default(), each?);
    if each.is_some() && !text.reads_elements() {
        checker.error_with(
            written.each.and_then(Located::place),
            "`each` changes nothing: the signed text has no path into the body",
            "sign what an element holds, such as `text: \"{/id}:{/amount}\"`",
        );
    }
    let variants = written.url_port_variants.is_some_and(|variants| **variants);
    if variants && !text.signs(&SignedPart::Url) {
        checker.error_with(
            written.url_port_variants.and_then(Located::place),
            "`url_port_variants` means nothing where `{url}` is not signed",
            "leave it out",
        );
    }
    Ok(Signed { signature, text, timestamp, id, each, url_port_variants: variants })
}

/// Reads the path of what is signed one by one.
fn each(written: &Located<String>, checker: &mut Checker<'_>) -> Result<Path, Told> {
    let path = checker.path(written, &[Root::Record])?;
    if !path.segments().iter().any(|segment| segment == "*") {
        return Err(checker.error_with(
            written.place(),
            "`each` names one value, not several",
            "write `*` for every element, such as `/items/*`",
        ));
    }
    Ok(path)
}

/// Reports a signature over constants alone, which is the same for every request, and
/// warns of one without the body, which could be exchanged.
fn check_body_is_signed(
    written: &Written<'_>,
    text: &SigningText,
    around: Surroundings,
    checker: &mut Checker<'_>,
) {
    let place = written.text.place();
    if text.is_constant() {
        checker.error_with(
            place,
            "the signed text is the same for every request",
            "who has seen one signature could sign anything; sign at least `{body}`",
        );
    } else if !text.signs_body() && !around.beside_digest {
        checker.warn(
            place,
            "the body is not part of what is signed",
            "who has seen one signature can send another body with it; sign `{body}` if the vendor does",
        );
    }
}

/// Reports a time that is not signed: whoever replays the request can set it to now.
fn check_time_is_signed(
    written: &Written<'_>,
    text: &SigningText,
    timestamp: Option<&SignedTime>,
    checker: &mut Checker<'_>,
) {
    let Some(timestamp) = timestamp else {
        if text.signs(&SignedPart::Timestamp) {
            checker.error_with(
                written.text.place(),
                "`{timestamp}` is signed, but there is no `timestamp`",
                "say where it is: `timestamp: { from: header.X-Timestamp, unit: s, max_age: 300s }`",
            );
        }
        return;
    };
    let from = &timestamp.from;
    let signed = text.signs(&SignedPart::Timestamp) || text.signs_at(from);
    if !signed {
        checker.error_with(
            written.timestamp.and_then(Located::place),
            "the timestamp is not part of what is signed",
            "an attacker can change it at will; leave `timestamp` out, or sign `{timestamp}`",
        );
    }
}

fn signature(written: &written::Signature, checker: &mut Checker<'_>) -> Result<Signature, Told> {
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
            return Err(checker.error(separator.place(), "a separator cannot be empty"));
        }
    }
    if written.pair.is_some() == written.take.is_empty() {
        return Err(checker.error_with(
            written.pair.as_ref().map_or(place, Located::place),
            "`pair` and `take` need each other",
            "`pair: \"=\"` splits `v0=…`, and `take: [v0]` says whose value is the signature",
        ));
    }
    if written.pair.is_none() && written.bare == Bare::Inherit {
        checker.error_with(
            place,
            "`bare: inherit` means nothing without `pair`",
            "only items with keys have something to inherit",
        );
    }
    Ok(Signature {
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
) -> Result<SignedTime, Told> {
    let from = checker.path(&written.from, TIME_ROOTS);
    let max_age = checker.duration(&written.max_age);
    if max_age.is_ok_and(|age| age.is_zero()) {
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
    Ok(SignedTime { from: from?, unit: written.unit, max_age: max_age?, max_future: max_future? })
}
