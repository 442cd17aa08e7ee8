//! Where a signature is, and how it is written.

use crate::checked::checker::{Checker, Told};
use crate::checked::webhook::checks::surroundings::REQUEST_ROOTS;
use crate::path::{Path, Root};
use crate::problem::Place;
use crate::written::{self, Bare, Encoding, Located};

/// Where a signature is and how it is written.
#[derive(Clone, Debug)]
pub struct Signature {
    /// The places to look in; never empty.
    pub from: Vec<SignatureFrom>,
    /// What separates items: each of these; empty if there is one item.
    pub split: Vec<String>,
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
        self.from.iter().any(SignatureFrom::is_in_body)
    }

    /// Returns whether an item may have this key: the key itself if items have keys, or else the place of
    /// an item in the list, from 0.
    fn has_item(&self, key: &str) -> bool {
        self.pair.is_some() || (!self.split.is_empty() && key.parse::<usize>().is_ok())
    }

    /// Reports an item that is never found.
    pub(crate) fn expect_item(&self, key: &str, place: Option<Place>, checker: &mut Checker<'_>) {
        if !self.has_item(key) {
            checker.error_with(
                place,
                format!("`signature.{key}` is never found: the signature has no keys"),
                "say what separates a key from its value, such as `split: \",\", pair: \"=\", take: [v1]`; in a list without keys the first item is `signature.0`. A field of the body is written `/signature/…`",
            );
        }
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

impl SignatureFrom {
    /// Returns whether it is in the body.
    pub(crate) fn is_in_body(&self) -> bool {
        matches!(self, SignatureFrom::Path(path) if path.root().is_in_body())
    }
}

/// Reads where a signature is.
pub(crate) fn signature(
    written: &written::Signature,
    checker: &mut Checker<'_>,
) -> Result<Signature, Told> {
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
    let split: Vec<_> = written
        .split
        .iter()
        .flat_map(|split| split.iter().map(|(text, own)| (text.to_owned(), own.or(split.place()))))
        .collect();
    let pair = written.pair.iter().map(|pair| ((**pair).clone(), pair.place()));
    for (separator, place) in split.iter().cloned().chain(pair) {
        if separator.is_empty() {
            return Err(checker.error(place, "a separator cannot be empty"));
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
        split: split.into_iter().map(|(text, _)| text).collect(),
        pair: written.pair.as_ref().map(|text| (**text).clone()),
        take: written.take.clone(),
        bare: written.bare,
        encoding: written.encoding,
    })
}
