//! A fixed token that the vendor sends with every request.

use std::borrow::Cow;

use aws_lc_rs::constant_time::verify_slices_are_equal;
use aws_lc_rs::digest::{SHA256, digest};
use mef_source::checked::{Token, TokenFrom};

use crate::Request;
use crate::verify::Context;
use crate::verify::keys::live_secrets as key;
use crate::verify::read::request_part::Place;
use crate::verify::read::values as read;
use crate::verify::told::denied::Denied;
use crate::verify::told::mask::Mask;

/// Checks the token and gives the name of the secret that it is.
///
/// Where there are several, in a body, each must be one of the secrets; the
/// name is that of the first.
pub(crate) fn check(
    token: &Token,
    context: Context<'_>,
    mask: &mut Mask,
) -> Result<String, Denied> {
    let request = context.request;
    let place = place(&token.from);
    let received = received(&token.from, request, mask)?;
    let received = received
        .iter()
        .map(|text| without_prefix(text, token.prefix.as_deref()))
        .collect::<Option<Vec<_>>>()
        .ok_or_else(|| Denied::TokenPrefix {
            place: place.clone(),
            prefix: token.prefix.clone().unwrap_or_default(),
        })?;
    let live = key::live(&token.secrets, context.secrets, context.now)?;
    // Digests are compared, so that not even the length of a secret shows, and
    // nothing ends early.
    let expected: Vec<_> =
        live.iter().map(|(_, secret)| digest(&SHA256, secret.expose().as_bytes())).collect();
    let mut decided_by = None;
    let mut all_match = !received.is_empty();
    for text in &received {
        let received = digest(&SHA256, text);
        let mut matched = None;
        for ((name, _), expected) in live.iter().zip(&expected) {
            let is_it = verify_slices_are_equal(expected.as_ref(), received.as_ref()).is_ok();
            mask.trace.tried(name, is_it);
            if is_it {
                matched = Some(*name);
            }
        }
        all_match &= matched.is_some();
        decided_by = decided_by.or(matched);
    }
    match decided_by {
        Some(name) if all_match => Ok(name.to_owned()),
        _ => Err(Denied::TokenMismatch { place, secrets: key::names(&live) }),
    }
}

/// Where a token is.
pub(crate) fn place(from: &TokenFrom) -> Place {
    match from {
        TokenFrom::Header(name) => Place::Header(name.clone()),
        TokenFrom::Query(name) => Place::Query(name.clone()),
        TokenFrom::Json(path) => Place::of(path),
    }
}

/// The tokens as they came; one, or of a body at least one.
pub(crate) fn received<'r>(
    from: &TokenFrom,
    request: &'r Request,
    mask: &mut Mask,
) -> Result<Vec<Cow<'r, [u8]>>, Denied> {
    let missing = || Denied::Missing { place: place(from) };
    Ok(match from {
        TokenFrom::Header(name) => {
            mask.header(name);
            vec![Cow::Borrowed(read::header(request, name)?.ok_or_else(missing)?)]
        }
        TokenFrom::Query(name) => {
            mask.query(name);
            vec![Cow::Owned(read::query(request, name)?.ok_or_else(missing)?)]
        }
        TokenFrom::Json(path) => {
            let mut tokens = Vec::new();
            for value in read::json_all(request.body(), path)? {
                mask.json(request.body(), value);
                tokens.push(Cow::Owned(read::string(value, path)?.into_owned().into_bytes()));
            }
            tokens
        }
    })
}

/// What follows the prefix. A prefix that ends with a space is a scheme, whose
/// case means nothing and which any number of spaces may follow (RFC 9110
/// §11.4).
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
