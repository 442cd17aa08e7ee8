//! The grammar of signature headers: from what was sent to the signatures that
//! may count.
//!
//! Vendors write one signature, a list, or a list with keys (`t=1,v1=ab,v1=cd`).
//! Items under other keys are skipped and never trusted: they are older or test
//! schemes. Items that cannot be decoded are skipped too, as long as one can.

use std::borrow::Cow;
use std::collections::BTreeSet;

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD_PAD_INDIFFERENT, URL_SAFE_PAD_INDIFFERENT};
use mef_source::checked::{Bare, Encoding, Signature, SignatureFrom};
use mef_source::{Path, Root};

use crate::request::Request;
use crate::verify::denied::Denied;
use crate::verify::read::credential::numbered;
use crate::verify::read::json;
use crate::verify::read::values::RequestView;
use crate::verify::request_part::RequestPart;
use crate::verify::told::mask::Mask;

/// The most items that are read: DocuSign sends up to 100.
pub(crate) const MAX_ITEMS: usize = 128;

/// The items of a signature, as they came.
pub(crate) struct Items {
    part: RequestPart,
    /// Each with its key, if the grammar has keys.
    items: Vec<(Option<String>, String)>,
    /// Whether the grammar has no keys, so that an item is named by its place.
    by_place: bool,
}

/// Reads all places that may hold a signature. Those that are there count together.
pub(crate) fn read(
    signature: &Signature,
    view: RequestView<'_>,
    mask: &mut Mask,
) -> Result<Items, Denied> {
    let part = RequestPart::of_signature(&signature.from);
    let is_list = !signature.split.is_empty();
    let mut texts = Vec::new();
    for from in &signature.from {
        texts.extend(match from {
            SignatureFrom::Path(path) => at_path(path, is_list, view, mask)?,
            SignatureFrom::NumberedHeaders(prefix) => at_numbered(prefix, is_list, view.request)?,
        });
    }
    if texts.is_empty() {
        return Err(Denied::Missing(part));
    }
    let mut items = Vec::new();
    for text in &texts {
        split(signature, text, &mut items);
        if items.len() > MAX_ITEMS {
            return Err(Denied::TooManySignatures { part, limit: MAX_ITEMS });
        }
    }
    Ok(Items { part, items, by_place: signature.pair.is_none() })
}

impl Items {
    /// Returns no items, since the body that may hold them is not there yet.
    pub(crate) fn unread(signature: &Signature) -> Items {
        let part = RequestPart::of_signature(&signature.from);
        Items { part, items: Vec::new(), by_place: false }
    }

    /// Returns where the signature is.
    pub(crate) fn part(&self) -> &RequestPart {
        &self.part
    }

    /// Returns the values under `key`, as they came. Without keys, that is the item at the place `key`,
    /// from 0.
    pub(crate) fn under<'i>(&'i self, key: &str) -> impl Iterator<Item = &'i str> {
        let place = key.parse::<usize>().ok().filter(|_| self.by_place);
        let is_it = move |index: usize, item_key: Option<&str>| match place {
            Some(place) => place == index,
            None => item_key == Some(key),
        };
        let items = self.items.iter().enumerate();
        items
            .filter(move |(index, (key, _))| is_it(*index, key.as_deref()))
            .map(|(_, (_, v))| v.as_str())
    }

    /// Returns the one value under `key`, as it came. It may be there twice if it is the same.
    pub(crate) fn one<'i>(&'i self, key: &str) -> Result<&'i str, Denied> {
        let part = || RequestPart::Signature(key.to_owned());
        let mut values = self.under(key);
        let first = values.next().ok_or_else(|| Denied::Missing(part()))?;
        match values.all(|value| value == first) {
            true => Ok(first),
            false => Err(Denied::Duplicated(part())),
        }
    }

    /// Returns the bytes of every signature that may count; at least one.
    pub(crate) fn candidates(&self, signature: &Signature) -> Result<Vec<Vec<u8>>, Denied> {
        let counts = |key: &Option<String>| match key {
            Some(key) => signature.take.contains(key),
            None => signature.pair.is_none(),
        };
        let taken = self.items.iter().filter(|(key, value)| counts(key) && !value.is_empty());
        let mut taken = taken.peekable();
        if taken.peek().is_none() {
            let keys = signature.take.clone();
            return Err(Denied::NoCandidate { part: self.part.clone(), keys });
        }
        let encoding = signature.encoding;
        let decoded: Vec<_> = taken.filter_map(|(_, value)| decode(value, encoding)).collect();
        if decoded.is_empty() {
            return Err(Denied::MalformedSignature { part: self.part.clone(), encoding });
        }
        Ok(decoded)
    }
}

/// Reads the texts at one path: at most one, unless it is a list, which may be spread
/// over several header lines (RFC 9110 §5.3).
fn at_path<'r>(
    path: &Path,
    is_list: bool,
    view: RequestView<'r>,
    mask: &mut Mask,
) -> Result<Vec<Cow<'r, str>>, Denied> {
    match path.root() {
        Root::Header if is_list => {
            let lines = view.request.headers().iter().filter(|(name, _)| name == path.name());
            lines.map(|(name, line)| header_text(name, line)).collect()
        }
        Root::Header | Root::Query | Root::Form => Ok(view.text(path)?.into_iter().collect()),
        _ => {
            let Some(value) = view.json(path)? else { return Ok(Vec::new()) };
            let text = json::string(value, path)?;
            mask.json(view.request.body(), value);
            Ok(vec![text])
        }
    }
}

fn at_numbered<'r>(
    prefix: &str,
    is_list: bool,
    request: &'r Request,
) -> Result<Vec<Cow<'r, str>>, Denied> {
    let mut taken = BTreeSet::new();
    let mut texts = Vec::new();
    for (name, line) in request.headers() {
        let Some(number) = numbered(name, prefix) else { continue };
        if !taken.insert(number) && !is_list {
            return Err(Denied::Duplicated(RequestPart::Header(name.clone())));
        }
        texts.push(header_text(name, line)?);
    }
    Ok(texts)
}

fn header_text<'r>(name: &str, line: &'r [u8]) -> Result<Cow<'r, str>, Denied> {
    let text = std::str::from_utf8(line).map(Cow::Borrowed);
    text.map_err(|_| Denied::NotText(RequestPart::Header(name.to_owned())))
}

/// Splits one text into items, up to one more than are read.
pub(crate) fn split(signature: &Signature, text: &str, items: &mut Vec<(Option<String>, String)>) {
    let mut key_before: Option<String> = None;
    let pieces = pieces(&signature.split, text).map(|(piece, _)| piece.trim());
    for piece in pieces.filter(|piece| !piece.is_empty()) {
        let item = match signature.pair.as_deref().map(|pair| piece.split_once(pair)) {
            None => (None, piece),
            Some(Some((key, value))) => {
                key_before = Some(key.trim_end().to_owned());
                (key_before.clone(), value.trim_start())
            }
            Some(None) => match signature.bare {
                Bare::Inherit => (key_before.clone(), piece),
                Bare::Refuse => (None, piece),
            },
        };
        items.push((item.0, item.1.to_owned()));
        if items.len() > MAX_ITEMS {
            return;
        }
    }
}

/// Splits `text` at each of the separators. Every piece comes with the separator after it; the last with
/// nothing.
pub(crate) fn pieces<'t>(
    separators: &'t [String],
    text: &'t str,
) -> impl Iterator<Item = (&'t str, &'t str)> {
    let mut rest = Some(text);
    std::iter::from_fn(move || {
        let before = rest?;
        // Anybody sends this text, so it is read once, whatever stands in it. Of two separators that begin at
        // the same place, the longer one counts.
        let next = before.char_indices().find_map(|(at, _)| {
            let (_, tail) = before.split_at(at);
            let here = separators.iter().filter(|separator| tail.starts_with(separator.as_str()));
            Some((at, here.max_by_key(|separator| separator.len())?.as_str()))
        });
        let Some((at, separator)) = next else {
            rest = None;
            return Some((before, ""));
        };
        let (piece, after) = before.split_at(at);
        rest = after.strip_prefix(separator);
        Some((piece, separator))
    })
}

/// Decodes a text; `None` if it is not in that encoding.
pub(crate) fn decode(text: &str, encoding: Encoding) -> Option<Vec<u8>> {
    match encoding {
        Encoding::Hex => hex::decode(text).ok(),
        Encoding::Base64 => STANDARD_PAD_INDIFFERENT.decode(text).ok(),
        Encoding::Base64url => URL_SAFE_PAD_INDIFFERENT.decode(text).ok(),
    }
}
