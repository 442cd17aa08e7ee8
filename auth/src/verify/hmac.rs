//! A signature made with a shared secret (RFC 2104), in the many layouts that
//! vendors give it.

use std::borrow::Cow;

use aws_lc_rs::constant_time::verify_slices_are_equal;
use aws_lc_rs::hmac::{self, Context};
use jiff::Timestamp;
use mef_source::checked::{Hmac, SignedPart, Webhook};

use super::denied::{Denied, Place};
use super::mask::Mask;
use super::{LiveSecrets, key, read, signature, timestamp};
use crate::Request;

/// Checks the signature and gives the name of the secret that made it.
pub(super) fn check(
    hmac: &Hmac,
    webhook: &Webhook,
    request: &Request,
    secrets: &LiveSecrets,
    now: Timestamp,
    mask: &mut Mask,
) -> Result<String, Denied> {
    let items = signature::read(&hmac.signature, request, mask)?;
    let candidates = items.candidates(&hmac.signature)?;
    let time = match &hmac.timestamp {
        Some(time) => Some(timestamp::check(time, request, &items, now)?),
        None => None,
    };
    let text = signed_text(hmac, webhook, request, time)?;
    mask.trace.signed(&text);
    let live = key::live(&hmac.secrets, secrets, now)?;
    let keys = live
        .iter()
        .map(|(name, secret)| key::key(name, secret, &hmac.key, hmac.hash))
        .collect::<Result<Vec<_>, _>>()?;
    // Every secret is tried with every signature, whatever has matched by then:
    // how long it takes says nothing about which one was right.
    let mut signed_by = None;
    for ((name, _), key) in live.iter().zip(&keys) {
        let expected = sign(key, &text);
        let mut matches = false;
        for candidate in &candidates {
            matches |= verify_slices_are_equal(expected.as_ref(), candidate).is_ok();
        }
        mask.trace.tried(name, matches);
        if matches {
            signed_by = Some(*name);
        }
    }
    match signed_by {
        Some(name) => Ok(name.to_owned()),
        None => Err(Denied::SignatureMismatch {
            place: items.place().clone(),
            secrets: key::names(&live),
        }),
    }
}

fn sign(key: &hmac::Key, text: &[Cow<'_, [u8]>]) -> hmac::Tag {
    let mut context = Context::with_key(key);
    for part in text {
        context.update(part);
    }
    context.sign()
}

/// The signed text in pieces: the body is hashed where it lies.
fn signed_text<'r>(
    hmac: &'r Hmac,
    webhook: &'r Webhook,
    request: &'r Request,
    time: Option<Cow<'r, str>>,
) -> Result<Vec<Cow<'r, [u8]>>, Denied> {
    let parts = &hmac.text.0;
    let mut text = Vec::with_capacity(parts.len());
    for (index, part) in parts.iter().enumerate() {
        text.push(match part {
            SignedPart::Literal(literal) => Cow::Borrowed(literal.as_bytes()),
            SignedPart::Body => Cow::Borrowed(request.body().as_ref()),
            SignedPart::Timestamp => {
                let time = time.as_deref().ok_or(Denied::NoTimestamp)?;
                Cow::Owned(time.as_bytes().to_vec())
            }
            SignedPart::Id => Cow::Owned(id(hmac, request, parts.get(index + 1))?),
            SignedPart::Method => Cow::Borrowed(request.method().as_bytes()),
            SignedPart::Url => {
                let url = webhook.public_url.as_ref().ok_or(Denied::NoPublicUrl)?;
                Cow::Owned(with_query(url.as_str(), request).into_bytes())
            }
            SignedPart::PathQuery => Cow::Owned(with_query(request.path(), request).into_bytes()),
            SignedPart::Header(name) => read::header(request, name)?
                .map(Cow::Borrowed)
                .ok_or_else(|| Denied::Missing { place: Place::Header(name.clone()) })?,
            SignedPart::Query(name) => read::query(request, name)?
                .map(Cow::Owned)
                .ok_or_else(|| Denied::Missing { place: Place::Query(name.clone()) })?,
            SignedPart::Json(path) => read::bytes(request, path)?
                .ok_or_else(|| Denied::Missing { place: Place::of(path) })?,
        });
    }
    Ok(text)
}

fn with_query(before: &str, request: &Request) -> String {
    match request.raw_query() {
        "" => before.to_owned(),
        query => format!("{before}?{query}"),
    }
}

/// The message id: the first that is there and not empty.
///
/// It must not hold the text that follows it (`.` in `{id}.{timestamp}.{body}`):
/// the same signature would then be good for another id and timestamp, which
/// Standard Webhooks rules out for senders.
fn id(hmac: &Hmac, request: &Request, next: Option<&SignedPart>) -> Result<Vec<u8>, Denied> {
    for path in &hmac.id {
        let Some(id) = read::text(request, path)?.filter(|id| !id.is_empty()) else { continue };
        return match next {
            Some(SignedPart::Literal(separator)) if id.contains(separator.as_str()) => {
                Err(Denied::AmbiguousId { place: Place::of(path) })
            }
            _ => Ok(id.into_owned().into_bytes()),
        };
    }
    Err(Denied::Missing { place: Place::any_of(&hmac.id) })
}
