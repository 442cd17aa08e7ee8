//! Puts `***` in the place of every value that a check reads as a credential.
//!
//! What comes after verification is stored, queued and shown, so it must never
//! see one. All other bytes stay as they came: the body is cut at byte ranges, not
//! written anew.

use std::collections::BTreeSet;
use std::ops::Range;

use bytes::Bytes;
use serde_json::value::RawValue;

use crate::query::masked_fields;
use crate::request::Request;
use crate::verify::read::credential::{Credential, numbered};
use crate::verify::read::json;

const MASKED_JSON: &[u8] = b"\"***\"";

/// The places that checks read credentials from.
#[derive(Clone, Default)]
pub(crate) struct Mask {
    headers: BTreeSet<String>,
    numbered_headers: BTreeSet<String>,
    query: BTreeSet<String>,
    form: BTreeSet<String>,
    /// Starts and ends of JSON values in the body; one may lie in another.
    body: BTreeSet<(usize, usize)>,
}

impl Mask {
    /// Adds a place of a request that is proven, or whose values are few. A value that is not there needs no
    /// mask.
    pub(crate) fn credential(&mut self, credential: &Credential<'_>, request: &Request) {
        match credential {
            Credential::Header(name) => self.header(name),
            Credential::NumberedHeaders(prefix) => {
                self.numbered_headers.insert((*prefix).to_owned());
            }
            Credential::Query(name) => self.query(name),
            Credential::Form(name) => {
                self.form.insert((*name).to_owned());
            }
            Credential::Body => {
                self.body.insert((0, request.body().len()));
            }
            Credential::Json(path) => {
                let values = json::all_proven(request.body(), path).unwrap_or_default();
                values.iter().for_each(|value| self.json(request.body(), value));
            }
        }
    }

    /// Adds a header.
    pub(crate) fn header(&mut self, name: &str) {
        self.headers.insert(name.to_owned());
    }

    /// Adds a query parameter.
    pub(crate) fn query(&mut self, name: &str) {
        self.query.insert(name.to_owned());
    }

    /// Adds a value that was read out of `body` and borrows from it.
    pub(crate) fn json(&mut self, body: &[u8], value: &RawValue) {
        let text = value.get();
        // Both addresses lie in the same buffer.
        let start = (text.as_ptr() as usize).saturating_sub(body.as_ptr() as usize);
        self.body.insert((start, start + text.len()));
    }

    /// Removes all places in the body.
    pub(crate) fn forget_body(&mut self) {
        self.body.clear();
        self.form.clear();
    }

    /// Returns whether a place is in the body.
    pub(crate) fn changes_body(&self) -> bool {
        !self.body.is_empty() || !self.form.is_empty()
    }

    /// Masks the values at all places.
    pub(crate) fn apply(&self, request: Request) -> Request {
        let body = self.masked_body(&request);
        self.masked(request, body)
    }

    /// Masks the values at all places but those of the body, which something else replaces.
    pub(crate) fn apply_to_head(&self, request: Request) -> Request {
        self.masked(request, Bytes::new())
    }

    fn masked_body(&self, request: &Request) -> Bytes {
        let body = mask_body(request.body(), self.body.iter().map(|&(start, end)| start..end));
        // JSON may come under the type of a form.
        match std::str::from_utf8(&body) {
            Ok(form) if request.is_form() && !self.form.is_empty() => {
                masked_fields(form, |name| has(&self.form, name)).into()
            }
            _ => body,
        }
    }

    fn masked(&self, request: Request, body: Bytes) -> Request {
        let masks_header = |name: &str| {
            self.headers.contains(name)
                || self.numbered_headers.iter().any(|prefix| numbered(name, prefix).is_some())
        };
        request.masked(masks_header, |name: &[u8]| has(&self.query, name), body)
    }
}

fn has(names: &BTreeSet<String>, name: &[u8]) -> bool {
    names.iter().any(|masked| masked.as_bytes() == name)
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
