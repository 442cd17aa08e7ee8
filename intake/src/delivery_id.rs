//! The vendor's id of a delivery, which shows a repeat.

use std::borrow::Cow;

use mef_auth::verify::Verified;
use mef_pipeline::Admitted;
use mef_source::template::{Rendered, Variables};
use mef_source::{Path, Root, Template};
use serde_json::Value;

/// Returns the first of `ids` of which all is found.
///
/// A path into the body leads into what the events are made of, in whatever format it came. What cannot be
/// read has no id.
pub(crate) fn find(request: &Verified, admitted: &Admitted, ids: &[Template]) -> Option<String> {
    let scope = DeliveryScope { request, admitted };
    ids.iter().find_map(|id| {
        let id = id.render(&scope).ok()?;
        let id = id.to_text().ok()?;
        (!id.is_empty()).then(|| id.into_owned())
    })
}

struct DeliveryScope<'s> {
    request: &'s Verified,
    admitted: &'s Admitted,
}

impl DeliveryScope<'_> {
    fn find(&self, path: &Path) -> Option<Value> {
        let text = match path.root() {
            Root::Header => self.request.header(path.name())?.to_owned(),
            Root::Query => self.request.query(path.name())?,
            Root::Body => std::str::from_utf8(self.request.body()).ok()?.to_owned(),
            Root::Form => self.request.value(path).ok()??.as_str()?.to_owned(),
            _ => match self.admitted.find(path)? {
                Value::String(text) => text,
                number @ Value::Number(_) => return Some(number),
                _ => return None,
            },
        };
        // Nothing tells two events apart that both have an empty id.
        (!text.is_empty()).then_some(Value::String(text))
    }
}

impl Variables for DeliveryScope<'_> {
    fn get<'v>(&'v self, path: &Path) -> Rendered<'v> {
        self.find(path).map_or(Rendered::Null, |value| Rendered::Json(Cow::Owned(value)))
    }
}
