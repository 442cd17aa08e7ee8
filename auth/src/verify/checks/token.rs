//! A fixed token that the vendor sends with every request.

use std::borrow::Cow;

use aws_lc_rs::constant_time::verify_slices_are_equal;
use aws_lc_rs::digest::{self, SHA256};
use mef_source::checked::{Token, TokenFrom};

use super::single_check::SingleCheck;
use crate::request::{AUTHORIZATION, Request};
use crate::verify::context::Context;
use crate::verify::denied::Denied;
use crate::verify::keys::live_secrets::names;
use crate::verify::read::credential::Credential;
use crate::verify::read::{json, values};
use crate::verify::request_part::RequestPart;
use crate::verify::told::{explanation::Noticed, notes::Notes, noticed};

impl SingleCheck for Token {
    /// Of several tokens in a body, each must be one of the secrets, and the name
    /// is that of the first.
    fn check(&self, context: Context<'_>, notes: &mut Notes) -> Result<Option<String>, Denied> {
        let part = part(&self.from);
        let received = received(&self.from, context.request)?;
        let received = received
            .iter()
            .map(|text| without_prefix(text, self.prefix.as_deref()))
            .collect::<Option<Vec<_>>>()
            .ok_or_else(|| Denied::TokenPrefix {
                part: part.clone(),
                prefix: self.prefix.clone().unwrap_or_default(),
            })?;
        let live = context.secrets.live(&self.secrets, context.now)?;
        let expected: Vec<_> =
            live.iter().map(|(name, secret)| (*name, sha256(secret.expose().as_bytes()))).collect();
        let mut decided_by = None;
        let mut all_match = !received.is_empty();
        for text in &received {
            let matched = matching(text, &expected, notes);
            all_match &= matched.is_some();
            decided_by = decided_by.or(matched);
        }
        match decided_by {
            Some(name) if all_match => Ok(Some(name.to_owned())),
            _ => Err(Denied::TokenMismatch { part, secrets: names(&live) }),
        }
    }

    fn needs_body(&self) -> bool {
        is_in_body(&self.from)
    }

    fn notice(&self, context: Context<'_>) -> Vec<Noticed> {
        vec![notice(&self.from, context.request)]
    }

    fn credentials(&self) -> Vec<Credential<'_>> {
        vec![Credential::of_token(&self.from)]
    }

    fn is_authorization(&self) -> bool {
        is_authorization(&self.from)
    }
}

/// Returns whether a token is in the body.
pub(crate) fn is_in_body(from: &TokenFrom) -> bool {
    matches!(from, TokenFrom::Json(_) | TokenFrom::Form(_) | TokenFrom::Body)
}

/// Returns where a token is.
pub(crate) fn part(from: &TokenFrom) -> RequestPart {
    match from {
        TokenFrom::Header(name) => RequestPart::Header(name.clone()),
        TokenFrom::Query(name) => RequestPart::Query(name.clone()),
        TokenFrom::Form(name) => RequestPart::Form(name.clone()),
        TokenFrom::Body => RequestPart::Json(String::new()),
        TokenFrom::Json(path) => RequestPart::of(path),
    }
}

/// Returns whether a token is in the `authorization` header.
pub(crate) fn is_authorization(from: &TokenFrom) -> bool {
    matches!(from, TokenFrom::Header(name) if name == AUTHORIZATION)
}

/// Reads the tokens as they came; at least one, and more only from a body.
pub(crate) fn received<'r>(
    from: &TokenFrom,
    request: &'r Request,
) -> Result<Vec<Cow<'r, [u8]>>, Denied> {
    let missing = || Denied::Missing(part(from));
    match from {
        TokenFrom::Header(name) => {
            Ok(vec![Cow::Borrowed(values::header(request, name)?.ok_or_else(missing)?)])
        }
        TokenFrom::Query(name) => {
            Ok(vec![Cow::Owned(values::query(request, name)?.ok_or_else(missing)?)])
        }
        TokenFrom::Form(name) => {
            Ok(vec![Cow::Owned(values::form(request, name)?.ok_or_else(missing)?)])
        }
        TokenFrom::Body => Ok(vec![Cow::Borrowed(request.body().trim_ascii())]),
        TokenFrom::Json(path) => {
            let found = json::all(request.body(), path)?.into_iter();
            let bytes = |text: Cow<'_, str>| Cow::Owned(text.into_owned().into_bytes());
            found.map(|value| json::string(value, path).map(bytes)).collect()
        }
    }
}

/// Tells of the tokens that came.
pub(crate) fn notice(from: &TokenFrom, request: &Request) -> Noticed {
    let values: Vec<Vec<u8>> = match from {
        TokenFrom::Header(name) => request.header_values(name).map(<[u8]>::to_vec).collect(),
        TokenFrom::Query(name) => request.query_values(name).collect(),
        TokenFrom::Form(name) => request.form_values(name).collect(),
        TokenFrom::Body => vec![request.body().to_vec()],
        TokenFrom::Json(path) => {
            let found = json::all(request.body(), path).unwrap_or_default().into_iter();
            let strings = found.filter_map(|value| json::string(value, path).ok());
            strings.map(|text| text.into_owned().into_bytes()).collect()
        }
    };
    noticed::credentials("token", part(from), values)
}

/// Removes the prefix; `None` if it is not there. A prefix that ends with a space
/// is a scheme: its case does not matter, and any number of spaces may follow it
/// (RFC 9110 §11.4).
pub(crate) fn without_prefix<'t>(text: &'t [u8], prefix: Option<&str>) -> Option<&'t [u8]> {
    let Some(prefix) = prefix else { return Some(text) };
    if !prefix.ends_with(' ') {
        return text.strip_prefix(prefix.as_bytes());
    }
    let (start, rest) = text.split_at_checked(prefix.len())?;
    start.eq_ignore_ascii_case(prefix.as_bytes()).then(|| {
        let spaces = rest.iter().take_while(|byte| **byte == b' ').count();
        rest.get(spaces..).unwrap_or_default()
    })
}

/// Returns the name of the secret that `received` is.
///
/// Digests of the whole are compared, and with every secret: so the time it takes
/// tells neither a length nor where they differ.
pub(crate) fn matching<'s>(
    received: &[u8],
    expected: &[(&'s str, digest::Digest)],
    notes: &mut Notes,
) -> Option<&'s str> {
    let received = sha256(received);
    let mut matched = None;
    for (name, expected) in expected {
        let is_it = verify_slices_are_equal(expected.as_ref(), received.as_ref()).is_ok();
        notes.tried(name, is_it);
        if is_it {
            matched = Some(*name);
        }
    }
    matched
}

/// Returns the digest that [`matching`] compares.
pub(crate) fn sha256(text: &[u8]) -> digest::Digest {
    digest::digest(&SHA256, text)
}
