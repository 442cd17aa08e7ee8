//! The answer that a handshake's rule gives to a proven request.
//!
//! An echoed value is bounded, never breaks a header in two, and is never taken for a page. If one value
//! cannot be echoed, the whole request is denied.

use mef_auth::verify::{AnswerKey, Denied, RequestPart};
use mef_source::checked::{AnswerBody, AnswerTemplate, Handshake};
use mef_source::template::{Rendered, Variables};
use mef_source::{Path, Template};
use serde_json::Value;

use super::proven::Proven;
use crate::answer::Answer;

/// Tells a browser to take the content type as it is.
const NO_SNIFFING: (&str, &str) = ("x-content-type-options", "nosniff");

/// Checks the request's values against the constraints of the rule.
pub(super) fn constrained(rule: &Handshake, request: &Proven<'_>) -> Result<(), Denied> {
    for constraint in &rule.constrain {
        let matches = match request.value(&constraint.path)? {
            Value::String(text) => constraint.pattern.is_match(&text),
            value => constraint.pattern.is_match(&value.to_string()),
        };
        if !matches {
            return Err(Denied::Unconstrained(RequestPart::of(&constraint.path)));
        }
    }
    Ok(())
}

/// Fills in the answer with the request's values.
pub(super) fn render(
    said: &AnswerTemplate,
    request: &Proven<'_>,
    key: Option<&AnswerKey>,
) -> Result<Answer, Denied> {
    let mut scope = HandshakeScope { values: Vec::new(), key };
    for path in said.templates().into_iter().flat_map(Template::paths) {
        if scope.find(path).is_none() {
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
pub(super) fn is_header_value(text: &str) -> bool {
    text.bytes().all(|byte| matches!(byte, b' '..=b'~'))
}

struct HandshakeScope<'s> {
    values: Vec<(&'s Path, Value)>,
    key: Option<&'s AnswerKey>,
}

impl HandshakeScope<'_> {
    fn find(&self, path: &Path) -> Option<&Value> {
        self.values.iter().find(|(known, _)| *known == path).map(|(_, value)| value)
    }
}

impl Variables for HandshakeScope<'_> {
    fn get<'v>(&'v self, path: &Path) -> Rendered<'v> {
        Rendered::json(self.find(path))
    }

    fn sign(&self, text: &[u8]) -> Option<Vec<u8>> {
        self.key.map(|key| key.sign(text))
    }
}

/// Returns the error for a value that a filter cannot take, such as a malformed time, or that is null.
fn unusable(template: &Template) -> Denied {
    let mut places: Vec<_> = template.paths().map(RequestPart::of).collect();
    let place = if places.len() == 1 { places.pop() } else { None };
    Denied::WrongType(place.unwrap_or(RequestPart::AnyOf(places)))
}

fn value(template: &Template, scope: &HandshakeScope<'_>) -> Result<Value, Denied> {
    match template.render(scope) {
        Ok(rendered) if !rendered.is_null() => Ok(rendered.into_json()),
        _ => Err(unusable(template)),
    }
}

fn text(template: &Template, scope: &HandshakeScope<'_>) -> Result<String, Denied> {
    let rendered = template.render(scope).map_err(|_| unusable(template))?;
    match rendered.to_text() {
        Ok(text) if !rendered.is_null() => Ok(text.into_owned()),
        _ => Err(unusable(template)),
    }
}

fn header(template: &Template, scope: &HandshakeScope<'_>) -> Result<String, Denied> {
    let text = text(template, scope)?;
    if is_header_value(&text) {
        return Ok(text);
    }
    let places = template.paths().map(RequestPart::of).collect();
    Err(Denied::NotForHeader(RequestPart::AnyOf(places)))
}
