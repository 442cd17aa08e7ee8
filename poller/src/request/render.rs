//! Rendering one template: as text, as a JSON value, as a header.

use std::borrow::Cow;

use http::header::{HeaderMap, HeaderName, HeaderValue};
use mef_source::template::{Rendered, Variables};
use mef_source::{Root, Template};
use serde_json::Value;

/// The source file asks for a request that cannot be made.
#[derive(Debug, thiserror::Error)]
#[error("the request cannot be made: {place} {reason}")]
pub struct RequestError {
    place: String,
    reason: String,
}

/// Renders a template as text; `None` if it has no value, which leaves the parameter or header out.
pub(crate) fn render(
    template: &Template,
    scope: &dyn Variables,
    name: &str,
) -> Result<Option<String>, RequestError> {
    let text = rendered(template, scope, name)?.map(|rendered| {
        let text = rendered.to_text().map(Cow::into_owned);
        text.map_err(|reason| error(format!("`{name}`"), &reason.to_string()))
    });
    text.transpose()
}

/// Renders a template as JSON; `None` if it has no value.
pub(crate) fn render_json(
    template: &Template,
    scope: &dyn Variables,
    name: &str,
) -> Result<Option<Value>, RequestError> {
    Ok(rendered(template, scope, name)?.map(Rendered::into_json))
}

fn rendered<'s>(
    template: &'s Template,
    scope: &'s dyn Variables,
    name: &str,
) -> Result<Option<Rendered<'s>>, RequestError> {
    let rendered = template.render(scope);
    let rendered = rendered.map_err(|reason| error(format!("`{name}`"), &reason.to_string()))?;
    Ok((!rendered.is_null()).then_some(rendered))
}

pub(crate) fn uses_secret(template: &Template) -> bool {
    template.paths().any(|path| path.root() == Root::Secret)
}

/// Returns whether the template gets its value only when the request is made again.
pub(crate) fn waits(template: &Template) -> bool {
    template.paths().any(|path| path.root() == Root::Wait)
}

pub(crate) fn put_header(
    headers: &mut HeaderMap,
    name: &str,
    value: &str,
    sensitive: bool,
) -> Result<(), RequestError> {
    let unusable = |reason: &str| error(format!("the header `{name}`"), reason);
    let name: HeaderName = name.parse().map_err(|_| unusable("has no valid name"))?;
    let mut value = HeaderValue::from_str(value)
        .map_err(|_| unusable("has characters that no header may have"))?;
    value.set_sensitive(sensitive);
    headers.insert(name, value);
    Ok(())
}

pub(crate) fn error(place: String, reason: &str) -> RequestError {
    RequestError { place, reason: reason.to_owned() }
}

/// Returns the text of a value, as queries, headers and forms have it.
pub(crate) fn plain(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        value => value.to_string(),
    }
}
