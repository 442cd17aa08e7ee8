//! Puts together the text that was signed or hashed.
//!
//! It stays in pieces, so that the body is not copied to be hashed.

use std::borrow::Cow;

use mef_source::Path;
use mef_source::checked::{SignedPart, SigningText};

use super::canonical;
use super::signature::Items;
use crate::request::Request;
use crate::verify::denied::Denied;
use crate::verify::read::values::{self, RequestView};
use crate::verify::request_part::RequestPart;

/// A signed text in pieces.
pub(crate) type SignedText<'r> = Vec<Cow<'r, [u8]>>;

/// What a signed text may be made of.
pub(crate) struct Around<'r, 't> {
    /// The request, and where paths into its body start.
    pub(crate) view: RequestView<'r>,
    /// The URL that the vendor was given.
    pub(crate) url: Option<&'t str>,
    /// The timestamp, as it came.
    pub(crate) time: Option<&'t str>,
    /// A header that a list of signed headers must name.
    pub(crate) time_header: Option<&'t str>,
    /// Where the message id may be.
    pub(crate) id: &'t [Path],
    /// The items of the signature.
    pub(crate) items: Option<&'t Items>,
}

impl<'r> Around<'r, '_> {
    /// Uses a request alone, without a timestamp and an id.
    pub(crate) fn request<'t>(request: &'r Request, url: Option<&'t str>) -> Around<'r, 't> {
        let view = RequestView::whole(request);
        Around { view, url, time: None, time_header: None, id: &[], items: None }
    }
}

/// Puts the signed text together.
///
/// # Errors
///
/// Fails if something that it is made of is missing or is there twice.
pub(crate) fn signed_text<'r>(
    text: &'r SigningText,
    around: &Around<'r, '_>,
) -> Result<SignedText<'r>, Denied> {
    let parts = &text.0;
    let pieces = parts.iter().enumerate().map(|(at, part)| {
        let (next, after) = (parts.get(at + 1), parts.get(at + 2));
        let piece = piece(part, next, around)?;
        match (named(part), next, after) {
            (Some(named), Some(SignedPart::Literal(separator)), Some(after))
                if holds(&piece, separator) && !is_apart(&piece, after, around) =>
            {
                Err(Denied::AmbiguousPart(named))
            }
            _ => Ok(piece),
        }
    });
    pieces.collect()
}

/// Returns the name of a header or query parameter, whose value could take in what follows it.
fn named(part: &SignedPart) -> Option<RequestPart> {
    match part {
        SignedPart::Header(name) => Some(RequestPart::Header(name.clone())),
        SignedPart::Query(name) => Some(RequestPart::Query(name.clone())),
        SignedPart::Default(part, _) => named(part),
        _ => None,
    }
}

fn holds(piece: &[u8], separator: &str) -> bool {
    piece.windows(separator.len()).any(|part| part == separator.as_bytes())
}

/// Returns whether `piece` holds nothing of what stands `after` it, though it holds what separates the two: a
/// time has colons.
fn is_apart(piece: &[u8], after: &SignedPart, around: &Around<'_, '_>) -> bool {
    *after == SignedPart::Body
        && canonical::begins_as_json(around.view.request.body())
        && !canonical::may_hold_json(piece)
}

fn piece<'r>(
    part: &'r SignedPart,
    next: Option<&SignedPart>,
    around: &Around<'r, '_>,
) -> Result<Cow<'r, [u8]>, Denied> {
    let request = around.view.request;
    Ok(match part {
        SignedPart::Literal(literal) => Cow::Borrowed(literal.as_bytes()),
        SignedPart::Body => Cow::Borrowed(request.body().as_ref()),
        SignedPart::Timestamp => {
            Cow::Owned(around.time.ok_or(Denied::NoTimestamp)?.as_bytes().to_vec())
        }
        SignedPart::Id => Cow::Owned(id(around, next)?),
        SignedPart::Method => Cow::Borrowed(request.method().as_bytes()),
        SignedPart::Url => {
            Cow::Owned(with_query(around.url.ok_or(Denied::NoPublicUrl)?, request).into_bytes())
        }
        SignedPart::PathQuery => Cow::Owned(with_query(request.path(), request).into_bytes()),
        SignedPart::EscapedPathQuery => {
            Cow::Owned(canonical::escaped_path_query(request).into_bytes())
        }
        SignedPart::Header(name) => values::header(request, name)?
            .map(Cow::Borrowed)
            .ok_or_else(|| Denied::Missing(RequestPart::Header(name.clone())))?,
        SignedPart::Query(name) => values::query(request, name)?
            .map(Cow::Owned)
            .ok_or_else(|| Denied::Missing(RequestPart::Query(name.clone())))?,
        SignedPart::Json(path) => {
            around.view.bytes(path)?.ok_or_else(|| Denied::Missing(RequestPart::of(path)))?
        }
        SignedPart::FormSorted => Cow::Owned(canonical::form_sorted(request.body())?),
        SignedPart::SignedHeaders(name) => {
            Cow::Owned(canonical::signed_headers(request, name, around.time_header)?)
        }
        SignedPart::AtlassianCanonical => {
            Cow::Owned(canonical::method_path_query(request)?.into_bytes())
        }
        SignedPart::Form(name) => values::form(request, name)?
            .map(Cow::Owned)
            .ok_or_else(|| Denied::Missing(RequestPart::Form(name.clone())))?,
        SignedPart::Item(key) => Cow::Owned(item(around, key)?.as_bytes().to_vec()),
        SignedPart::ListedHeaders(key) => {
            Cow::Owned(canonical::header_values(request, item(around, key)?)?)
        }
        SignedPart::Digest(digest, part) => {
            Cow::Owned(digest.of(&piece(part, None, around)?).into_bytes())
        }
        SignedPart::Default(part, default) => match piece(part, None, around) {
            Err(Denied::Missing(_)) => Cow::Borrowed(default.as_bytes()),
            found => found?,
        },
    })
}

fn item<'t>(around: &Around<'_, 't>, key: &str) -> Result<&'t str, Denied> {
    let missing = || Denied::Missing(RequestPart::Signature(key.to_owned()));
    around.items.ok_or_else(missing)?.one(key)
}

fn with_query(before: &str, request: &Request) -> String {
    match request.raw_query() {
        "" => before.to_owned(),
        query => format!("{before}?{query}"),
    }
}

/// Reads the message id: the first that is there and not empty.
///
/// It must not hold the text that follows it (`.` in `{id}.{timestamp}.{body}`):
/// the same signature would then be good for another id and timestamp, which
/// Standard Webhooks rules out for senders.
fn id(around: &Around<'_, '_>, next: Option<&SignedPart>) -> Result<Vec<u8>, Denied> {
    for path in around.id {
        let Some(id) = around.view.text(path)?.filter(|id| !id.is_empty()) else {
            continue;
        };
        return match next {
            Some(SignedPart::Literal(separator)) if id.contains(separator.as_str()) => {
                Err(Denied::AmbiguousId(RequestPart::of(path)))
            }
            _ => Ok(id.into_owned().into_bytes()),
        };
    }
    Err(Denied::Missing(RequestPart::any_of(around.id)))
}
