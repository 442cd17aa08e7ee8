//! What all kinds of signatures have in common: what is signed, where the signature
//! is, and how near its time must be.

mod key_text;
mod signature;
mod signing_text;

use std::time::Duration;

use super::surroundings::{REQUEST_ROOTS, Surroundings, lint_name, lint_names};
use crate::checked::checker::{Checker, Told};
use crate::path::{Path, Root};
use crate::written::{self, Located, OneOrMany, TimeUnit};

pub use key_text::KeyText;
pub use signature::{Signature, SignatureFrom};
pub use signing_text::{SignedPart, SigningText};

const TIME_ROOTS: &[Root] = &[Root::Record, Root::Header, Root::Query, Root::Form, Root::Signature];

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
    /// What goes into the key of an HMAC beside the secret.
    pub key: Option<KeyText>,
}

impl Signed {
    /// Returns the parts of the body that it reads. Paths into elements are not among them.
    pub(crate) fn in_body(&self) -> Vec<(Root, String)> {
        let signatures = self.signature.from.iter().filter_map(|from| match from {
            SignatureFrom::Path(path) => in_body(path),
            SignatureFrom::NumberedHeaders(_) => None,
        });
        let time = self.timestamp.iter().filter_map(|time| in_body(&time.from));
        let id = self.id.iter().filter_map(in_body);
        signatures.chain(time).chain(id).chain(self.text.in_body()).collect()
    }
}

/// Returns the part of the body that a path leads to, if it leads there.
pub(crate) fn in_body(path: &Path) -> Option<(Root, String)> {
    match path.root() {
        Root::Record => Some((Root::Record, path.to_string())),
        Root::Form => Some((Root::Form, path.name().to_owned())),
        _ => None,
    }
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
    key: Option<&'w Located<String>>,
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
            key: hmac.key.text.as_ref(),
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
            key: None,
        }
    }
}

/// Reads what is signed.
pub(crate) fn check(
    written: &Written<'_>,
    around: Surroundings,
    checker: &mut Checker<'_>,
) -> Result<Signed, Told> {
    let signature = signature::signature(written.signature, checker);
    let text = SigningText::check(written.text, around.has_public_url, checker);
    let timestamp = written.timestamp.map(|time| signed_time(time, checker)).transpose();
    let id = written.id.map(|paths| checker.alternatives("id", paths, REQUEST_ROOTS)).transpose();
    let each = written.each.map(|path| each(path, checker)).transpose();
    let key = written.key.map(|text| KeyText::check(text, around.has_public_url, checker));
    let text = text?;
    let key = key.transpose()?;
    check_body_is_signed(written, &text, around, checker);
    if !text.signs_body() {
        lint_names(&written.signature.from, checker);
    }
    if let Some(id) = written.id {
        lint_names(id, checker);
    }
    text.lint_names(written.text, checker);
    text.check_separators(written.text.place(), checker);
    if text.signs(&SignedPart::Id) != written.id.is_some() {
        checker.error_with(
            written.text.place(),
            "`{id}` in `text` and `id` need each other",
            "`id` says where the signed message id is, such as `id: header.webhook-id`",
        );
    }
    let timestamp = timestamp?;
    check_time_is_signed(written, &text, key.as_ref(), timestamp.as_ref(), checker);
    let signature = signature?;
    check_items(written, &text, timestamp.as_ref(), &signature, checker);
    check_signature_is_outside(written, &text, &signature, checker);
    let (id, each) = (id?.unwrap_or_default(), each?);
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
    Ok(Signed { signature, text, timestamp, id, each, url_port_variants: variants, key })
}

/// Reports items of the signature that are never found, and listed headers whose names are not signed.
fn check_items(
    written: &Written<'_>,
    text: &SigningText,
    timestamp: Option<&SignedTime>,
    signature: &Signature,
    checker: &mut Checker<'_>,
) {
    if let Some(time) = timestamp.filter(|time| time.from.root() == Root::Signature) {
        let place = written.timestamp.and_then(|time| time.from.place());
        signature.expect_item(time.from.name(), place, checker);
    }
    let place = written.text.place();
    text.item_keys().for_each(|key| signature.expect_item(key, place, checker));
    for key in text.listed() {
        if !text.signs(&SignedPart::Item(key.to_owned())) {
            checker.error_with(
                place,
                format!("the names of the headers that `signature.{key}` lists are not signed"),
                format!("an attacker could let the same values stand for other headers; sign `{{signature.{key}}}` too"),
            );
        }
    }
}

/// Reports a signature that would have to sign itself: no sender can make one.
fn check_signature_is_outside(
    written: &Written<'_>,
    text: &SigningText,
    signature: &Signature,
    checker: &mut Checker<'_>,
) {
    let inside = signature.from.iter().filter(|from| from.is_in_body()).count();
    if !text.signs_body() || inside == 0 {
        return;
    }
    let place = written.signature.from.place();
    let names = signature.from.iter().filter_map(|from| match from {
        SignatureFrom::Path(path) if from.is_in_body() => Some(path),
        _ => None,
    });
    let names: Vec<_> = names.collect();
    let name = names.iter().map(ToString::to_string).collect::<Vec<_>>().join("` and `");
    let header =
        names.first().and_then(|path| path.segments().last()).map_or("NAME", String::as_str);
    let message =
        format!("the signature is looked for in the body, at `{name}`, and signs the body");
    let help = format!(
        "no sender can sign a text that holds the signature; if it is a header, write `header.{header}`"
    );
    match inside == signature.from.len() {
        true => drop(checker.error_with(place, message, help)),
        false => checker.warn(place, message, help),
    }
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
    } else if text.signs_crc_of_body() && !around.beside_digest {
        checker.warn(
            place,
            "of the body only a CRC-32 is signed",
            "who has seen one signature can send another body that has the same CRC-32; sign `{body}` if the vendor does",
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
    key: Option<&KeyText>,
    timestamp: Option<&SignedTime>,
    checker: &mut Checker<'_>,
) {
    let in_key = key.is_some_and(|key| key.holds(&SignedPart::Timestamp));
    let Some(timestamp) = timestamp else {
        if text.signs(&SignedPart::Timestamp) || in_key {
            checker.error_with(
                written.text.place(),
                "`{timestamp}` is signed, but there is no `timestamp`",
                "say where it is: `timestamp: { from: header.X-Timestamp, unit: s, max_age: 300s }`",
            );
        }
        return;
    };
    let from = &timestamp.from;
    let signed = text.signs(&SignedPart::Timestamp) || text.signs_at(from) || in_key;
    if !signed {
        checker.error_with(
            written.timestamp.and_then(Located::place),
            "the timestamp is not part of what is signed",
            "an attacker can change it at will; leave `timestamp` out, or sign `{timestamp}`",
        );
    }
}

fn signed_time(
    written: &Located<written::SignedTime>,
    checker: &mut Checker<'_>,
) -> Result<SignedTime, Told> {
    let from = checker.path(&written.from, TIME_ROOTS);
    lint_name(&written.from, written.from.place(), checker);
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
