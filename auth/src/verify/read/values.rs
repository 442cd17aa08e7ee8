//! Reads the few values that a check names out of a request.
//!
//! Nothing else of an unverified body is looked at. Whatever can be read in two
//! ways is refused, since the vendor may have signed one and a later step may use
//! the other: a header sent twice, a parameter given twice, a key that an object
//! has twice.

use std::borrow::Cow;

use mef_ports::read_json;
use mef_source::{Path, Root};
use serde_json::Value;
use serde_json::value::RawValue;

use super::json;
use crate::query::{form_decode, pieces};
use crate::request::Request;
use crate::verify::denied::Denied;
use crate::verify::request_part::RequestPart;

/// A request, and the part of its body at which paths into the body start.
#[derive(Clone, Copy)]
pub(crate) struct RequestView<'r> {
    pub(crate) request: &'r Request,
    record: &'r [u8],
}

impl<'r> RequestView<'r> {
    /// Views a request whose paths start at the body.
    pub(crate) fn whole(request: &'r Request) -> RequestView<'r> {
        RequestView { request, record: request.body() }
    }

    /// Views a request whose paths start at this value of the body.
    pub(crate) fn within(request: &'r Request, value: &'r RawValue) -> RequestView<'r> {
        RequestView { request, record: value.get().as_bytes() }
    }

    /// Reads the one value of the body at `path`; `None` if it is null.
    pub(crate) fn json(self, path: &Path) -> Result<Option<&'r RawValue>, Denied> {
        json::one(self.record, path)
    }

    /// Reads the one value at `path`, if there is one, as bytes: a header as it
    /// came, a query parameter decoded, and of the body the text of a string or
    /// the JSON text of a number or boolean.
    pub(crate) fn bytes(self, path: &Path) -> Result<Option<Cow<'r, [u8]>>, Denied> {
        Ok(match path.root() {
            Root::Header => header(self.request, path.name())?.map(Cow::Borrowed),
            Root::Query => query(self.request, path.name())?.map(Cow::Owned),
            Root::Form => form(self.request, path.name())?.map(Cow::Owned),
            _ => match self.json(path)?.map(|value| json::scalar(value, path)).transpose()? {
                None => None,
                Some(Cow::Borrowed(text)) => Some(Cow::Borrowed(text.as_bytes())),
                Some(Cow::Owned(text)) => Some(Cow::Owned(text.into_bytes())),
            },
        })
    }

    /// Reads the one value at `path` as [`RequestView::bytes`] does, but as text.
    pub(crate) fn text(self, path: &Path) -> Result<Option<Cow<'r, str>>, Denied> {
        let text = match self.bytes(path)? {
            None => return Ok(None),
            Some(Cow::Borrowed(bytes)) => std::str::from_utf8(bytes).ok().map(Cow::Borrowed),
            Some(Cow::Owned(bytes)) => String::from_utf8(bytes).ok().map(Cow::Owned),
        };
        text.map(Some).ok_or_else(|| Denied::NotText(RequestPart::of(path)))
    }
}

/// Reads the one value of a header, if it was sent.
pub(crate) fn header<'r>(request: &'r Request, name: &str) -> Result<Option<&'r [u8]>, Denied> {
    let mut lines = request.headers().iter().filter(|(line, _)| line == name);
    let first = lines.next().map(|(_, value)| value.as_slice());
    match lines.next() {
        Some(_) => Err(Denied::Duplicated(RequestPart::Header(name.to_owned()))),
        None => Ok(first),
    }
}

/// Reads the one decoded value of a query parameter, if it was given.
pub(crate) fn query(request: &Request, name: &str) -> Result<Option<Vec<u8>>, Denied> {
    let mut values = request.query_values(name);
    let first = values.next();
    match values.next() {
        Some(_) => Err(Denied::Duplicated(RequestPart::Query(name.to_owned()))),
        None => Ok(first),
    }
}

/// Reads the one decoded value of a form's field, if it was sent.
///
/// The body must say that it is a form: JSON can be read as one too (`{"a":"&b=1"}`), and a request must not
/// mean two things.
pub(crate) fn form(request: &Request, name: &str) -> Result<Option<Vec<u8>>, Denied> {
    let part = || RequestPart::Form(name.to_owned());
    // Nothing is in an empty body, whatever it should be.
    if request.body().is_empty() {
        return Ok(None);
    }
    let body = form_body(request).ok_or_else(|| Denied::BodyNotForm(part()))?;
    let mut values = pieces(body).filter(|(_, key, _)| form_decode(key) == name.as_bytes());
    let first = values.next().map(|(_, _, value)| form_decode(value).into_owned());
    match values.next() {
        Some(_) => Err(Denied::Duplicated(part())),
        None => Ok(first),
    }
}

/// Returns the text of a body that is a form.
pub(crate) fn form_body(request: &Request) -> Option<&str> {
    std::str::from_utf8(request.body()).ok().filter(|_| request.is_form())
}

/// Reads the one value at `path` in a request that may be anybody's: the text of
/// a header, a query parameter or a form's field, and of the JSON body a string, number or boolean.
/// `None` if there is nothing.
///
/// # Errors
///
/// Fails if it is there twice, is not text, is a list or object, or if the body
/// is not JSON.
pub fn read_value(request: &Request, path: &Path) -> Result<Option<Value>, Denied> {
    let view = RequestView::whole(request);
    if !matches!(path.root(), Root::Record) {
        return Ok(view.text(path)?.map(|text| Value::String(text.into_owned())));
    }
    let Some(found) = view.json(path)? else { return Ok(None) };
    let text = json::scalar(found, path)?;
    if found.get().starts_with('"') {
        return Ok(Some(Value::String(text.into_owned())));
    }
    read_json(&text).map(Some).map_err(|_| Denied::BodyNotJson(RequestPart::of(path)))
}

/// Returns whether something is at `path`, whatever it is; an empty text is
/// nothing, and there is nothing in an empty body.
///
/// # Errors
///
/// Fails if it is there twice, or if the body is not JSON.
pub fn is_present(request: &Request, path: &Path) -> Result<bool, Denied> {
    let view = RequestView::whole(request);
    if !matches!(path.root(), Root::Record) {
        return Ok(view.bytes(path)?.is_some_and(|bytes| !bytes.is_empty()));
    }
    if request.body().is_empty() {
        return Ok(false);
    }
    Ok(view.json(path)?.is_some_and(|found| found.get() != "\"\""))
}
