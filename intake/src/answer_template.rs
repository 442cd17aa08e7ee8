//! Answers as a source file says them, with values of the request in them.
//!
//! An echoed value is bounded, never breaks a header in two, and is never taken for a page. If one value
//! cannot be echoed, there is no such answer.

use jiff::Timestamp;
use mef_auth::verify::{AnswerKey, Denied, RequestPart};
use mef_source::checked::{AnswerBody, AnswerTemplate};
use mef_source::template::{Rendered, Variables};
use mef_source::{Path, Root, Template};
use serde_json::Value;

use crate::answer::Answer;
use crate::proven::Proven;

/// Tells a browser to take the content type as it is.
const NO_SNIFFING: (&str, &str) = ("x-content-type-options", "nosniff");

/// What an answer may say beside values of the request.
#[derive(Clone, Copy, Default)]
pub(crate) struct Beside<'b> {
    /// The key of its HMACs.
    pub(crate) key: Option<&'b AnswerKey>,
    /// When the request was received.
    pub(crate) received_at: Option<Timestamp>,
    /// The code of why the request is denied.
    pub(crate) denied: Option<&'static str>,
}

/// Fills in the answer with the request's values.
///
/// # Errors
///
/// Fails if a value is missing, too long, or of no use where it should stand.
pub(crate) fn render(
    said: &AnswerTemplate,
    request: &Proven<'_>,
    beside: Beside<'_>,
) -> Result<Answer, Denied> {
    let mut scope = AnswerScope { values: Vec::new(), beside };
    for path in said.templates().into_iter().flat_map(Template::paths) {
        let is_of_request = !matches!(path.root(), Root::ReceivedAt | Root::Denied);
        if is_of_request && scope.find(path).is_none() {
            scope.values.push((path, request.value(path)?));
        }
    }
    let mut headers = Vec::new();
    for (name, template) in &said.headers {
        headers.push((name.clone().into(), header(template, &scope)?));
    }
    let (content_type, body) = match &said.body {
        AnswerBody::Empty => (None, String::new()),
        AnswerBody::Text(template) => (Some("text/plain"), text(template, &scope)?),
        AnswerBody::Json(node) => (Some("application/json"), {
            let filled = node.fill(&mut |template| value(template, &scope).map(Some))?;
            filled.unwrap_or_default().to_string()
        }),
    };
    let content_type = content_type.map(|kind| ("content-type", kind));
    for (name, value) in content_type.into_iter().chain([NO_SNIFFING]) {
        headers.push((name.into(), value.to_owned()));
    }
    Ok(Answer { status: said.status, headers, body })
}

/// Returns whether `text` is visible ASCII and spaces: RFC 9110 §5.5 allows little more, and a line break
/// would begin another header.
pub(crate) fn is_header_value(text: &str) -> bool {
    text.bytes().all(|byte| matches!(byte, b' '..=b'~'))
}

struct AnswerScope<'s> {
    values: Vec<(&'s Path, Value)>,
    beside: Beside<'s>,
}

impl AnswerScope<'_> {
    fn find(&self, path: &Path) -> Option<&Value> {
        self.values.iter().find(|(known, _)| *known == path).map(|(_, value)| value)
    }
}

impl Variables for AnswerScope<'_> {
    fn get<'v>(&'v self, path: &Path) -> Rendered<'v> {
        match path.root() {
            Root::ReceivedAt => self.beside.received_at.map_or(Rendered::Null, Rendered::Time),
            Root::Denied => Rendered::text(self.beside.denied),
            _ => Rendered::json(self.find(path)),
        }
    }

    fn sign(&self, text: &[u8]) -> Option<Vec<u8>> {
        self.beside.key.map(|key| key.sign(text))
    }
}

/// Returns the error for a value that a filter cannot take, such as a malformed time, or that is null.
fn unusable(template: &Template) -> Denied {
    let mut places: Vec<_> = template.paths().map(RequestPart::of).collect();
    let place = if places.len() == 1 { places.pop() } else { None };
    Denied::WrongType(place.unwrap_or(RequestPart::AnyOf(places)))
}

fn value(template: &Template, scope: &AnswerScope<'_>) -> Result<Value, Denied> {
    match template.render(scope) {
        Ok(rendered) if !rendered.is_null() => Ok(rendered.into_json()),
        _ => Err(unusable(template)),
    }
}

fn text(template: &Template, scope: &AnswerScope<'_>) -> Result<String, Denied> {
    let rendered = template.render(scope).map_err(|_| unusable(template))?;
    match rendered.to_text() {
        Ok(text) if !rendered.is_null() => Ok(text.into_owned()),
        _ => Err(unusable(template)),
    }
}

fn header(template: &Template, scope: &AnswerScope<'_>) -> Result<String, Denied> {
    let text = text(template, scope)?;
    if is_header_value(&text) {
        return Ok(text);
    }
    let places = template.paths().map(RequestPart::of).collect();
    Err(Denied::NotForHeader(RequestPart::AnyOf(places)))
}
