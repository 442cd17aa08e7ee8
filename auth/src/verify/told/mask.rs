//! Puts `***` in the place of every value that a check read as a credential.
//!
//! What comes after verification is stored, queued and shown, so it never sees
//! one. All other bytes stay as they came: the places inside the body are byte
//! ranges, not a document that is written anew.

use std::collections::BTreeSet;
use std::ops::Range;

use bytes::Bytes;
use mef_source::checked::{Check, SignatureFrom, Signed, TokenFrom, Webhook};
use mef_source::{Path, Root};
use serde_json::value::RawValue;

use super::explanation::Trace;
use crate::Request;
use crate::verify::AUTHORIZATION;
use crate::verify::read::values as read;

const MASKED_JSON: &[u8] = b"\"***\"";

/// The places that checks read credentials from.
#[derive(Clone, Default)]
pub(crate) struct Mask {
    headers: BTreeSet<String>,
    numbered_headers: BTreeSet<String>,
    query: BTreeSet<String>,
    /// Starts and ends of JSON values in the body; one may lie in another.
    body: BTreeSet<(usize, usize)>,
    /// What the checks say of themselves, if somebody asked.
    pub(crate) trace: Trace,
}

impl Mask {
    /// A mask of a request whose judgement is to be explained.
    pub(crate) fn explaining() -> Mask {
        Mask { trace: Trace::on(), ..Mask::default() }
    }

    pub(crate) fn path(&mut self, path: &Path) {
        match path.root() {
            Root::Header => self.headers.insert(path.name().to_owned()),
            Root::Query => self.query.insert(path.name().to_owned()),
            _ => false,
        };
    }

    pub(crate) fn header(&mut self, name: &str) {
        self.headers.insert(name.to_owned());
    }

    pub(crate) fn query(&mut self, name: &str) {
        self.query.insert(name.to_owned());
    }

    pub(crate) fn numbered_headers(&mut self, prefix: &str) {
        self.numbered_headers.insert(prefix.to_owned());
    }

    /// `value` was read out of `body`, and borrows from it.
    pub(crate) fn json(&mut self, body: &[u8], value: &RawValue) {
        let text = value.get();
        // Both addresses lie in the same buffer.
        let start = (text.as_ptr() as usize).saturating_sub(body.as_ptr() as usize);
        self.body.insert((start, start + text.len()));
    }

    /// Masks what checks of `webhook` would have read as a credential, where
    /// another alternative passed before they came to it.
    pub(crate) fn what_was_not_read(&mut self, webhook: &Webhook, request: &Request) {
        for check in webhook.single_checks() {
            match check {
                Check::Hmac(hmac) => self.signatures(&hmac.signed, request),
                Check::PublicKey(key) => self.signatures(&key.signed, request),
                Check::Token(token) => self.token(&token.from, request),
                Check::Jwt(jwt) => self.token(&jwt.from, request),
                Check::Basic(_) => self.header(AUTHORIZATION),
                _ => {}
            }
        }
    }

    fn signatures(&mut self, signed: &Signed, request: &Request) {
        for from in &signed.signature.from {
            match from {
                SignatureFrom::NumberedHeaders(prefix) => self.numbered_headers(prefix),
                SignatureFrom::Path(path) if path.root() == Root::Record => {
                    self.json_at(&within(signed.each.as_ref(), path), request);
                }
                SignatureFrom::Path(path) => self.path(path),
            }
        }
    }

    /// Masks the token at `from`, whether or not it is one.
    pub(crate) fn token(&mut self, from: &TokenFrom, request: &Request) {
        match from {
            TokenFrom::Header(name) => self.header(name),
            TokenFrom::Query(name) => self.query(name),
            TokenFrom::Json(path) => self.json_at(path, request),
        }
    }

    fn json_at(&mut self, path: &Path, request: &Request) {
        let values = read::json_all(request.body(), path).unwrap_or_default();
        values.iter().for_each(|value| self.json(request.body(), value));
    }

    /// No value of the body is masked.
    pub(crate) fn forget_body(&mut self) {
        self.body.clear();
    }

    pub(crate) fn changes_body(&self) -> bool {
        !self.body.is_empty()
    }

    pub(crate) fn apply(&self, request: Request) -> Request {
        let body = mask_body(request.body(), self.body.iter().map(|&(start, end)| start..end));
        let masks_header = |name: &str| {
            self.headers.contains(name)
                || self.numbered_headers.iter().any(|prefix| numbered(name, prefix).is_some())
        };
        let masks_query = |name: &[u8]| self.query.iter().any(|masked| masked.as_bytes() == name);
        request.masked(masks_header, masks_query, body)
    }
}

/// The number from 1 to 100 that follows `prefix` in a header's `name`.
pub(crate) fn numbered(name: &str, prefix: &str) -> Option<u8> {
    let digits = name.strip_prefix(prefix)?;
    let plain = !digits.starts_with('0') && digits.bytes().all(|b| b.is_ascii_digit());
    digits.parse().ok().filter(|number| plain && (1..=100).contains(number))
}

/// The place from the start of the body on, where `path` starts at each value
/// of a list.
pub(crate) fn within(each: Option<&Path>, path: &Path) -> Path {
    let Some(each) = each else { return path.clone() };
    let pointer = format!("{}{}", each.pointer(), path.pointer());
    Path::parse(&pointer, &[Root::Record]).unwrap_or_else(|_| path.clone())
}

fn mask_body(body: &Bytes, credentials: impl Iterator<Item = Range<usize>>) -> Bytes {
    let mut masked = Vec::new();
    let mut copied = 0;
    for range in credentials {
        if range.start < copied {
            continue;
        }
        masked.extend_from_slice(body.get(copied..range.start).unwrap_or_default());
        masked.extend_from_slice(MASKED_JSON);
        copied = range.end;
    }
    if copied == 0 {
        return body.clone();
    }
    masked.extend_from_slice(body.get(copied..).unwrap_or_default());
    Bytes::from(masked)
}
