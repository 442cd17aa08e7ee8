//! From a proven request to the answer that its rule says.
//!
//! What is given back is bounded, never breaks a header in two, and is never
//! taken for a page. What cannot be given back is refused as a whole.

use mef_auth::verify::{AnswerKey, Denied, RequestPart};
use mef_source::checked::{Answer, AnswerBody, Handshake};
use mef_source::template::{Rendered, Variables};
use mef_source::{Path, Template};
use serde_json::Value;

use super::Proven;
use crate::answer::Response;

/// What a browser is told: take the content type as it is written.
const NO_SNIFFING: (&str, &str) = ("x-content-type-options", "nosniff");

/// Checks what the rule says of the request's values.
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

/// The answer, made of the request's values.
pub(super) fn render(
    answer: &Answer,
    request: &Proven<'_>,
    key: Option<&AnswerKey>,
) -> Result<Response, Denied> {
    let mut scope = Scope { values: Vec::new(), key };
    for path in answer.templates().into_iter().flat_map(Template::paths) {
        if scope.find(path).is_none() {
            scope.values.push((path, request.value(path)?));
        }
    }
    let mut headers = Vec::new();
    for (name, template) in &answer.headers {
        headers.push((name.clone().into(), header(template, &scope)?));
    }
    let (content_type, body) = match &answer.body {
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
    Ok(Response { status: answer.status, headers, body })
}

/// Visible ASCII and spaces: RFC 9110 §5.5 allows little more, and a line break
/// would begin another header.
pub(super) fn is_header_value(text: &str) -> bool {
    text.bytes().all(|byte| matches!(byte, b' '..=b'~'))
}

struct Scope<'s> {
    values: Vec<(&'s Path, Value)>,
    key: Option<&'s AnswerKey>,
}

impl Scope<'_> {
    fn find(&self, path: &Path) -> Option<&Value> {
        self.values.iter().find(|(known, _)| *known == path).map(|(_, value)| value)
    }
}

impl Variables for Scope<'_> {
    fn get<'v>(&'v self, path: &Path) -> Rendered<'v> {
        Rendered::json(self.find(path))
    }

    fn sign(&self, text: &[u8]) -> Option<Vec<u8>> {
        self.key.map(|key| key.sign(text))
    }
}

/// A value that a filter cannot take, such as a time that is none, or that is
/// nothing in the end.
fn unusable(template: &Template) -> Denied {
    let mut places: Vec<_> = template.paths().map(RequestPart::of).collect();
    let place = if places.len() == 1 { places.pop() } else { None };
    Denied::WrongType(place.unwrap_or(RequestPart::AnyOf(places)))
}

fn value(template: &Template, scope: &Scope<'_>) -> Result<Value, Denied> {
    match template.render(scope) {
        Ok(rendered) if !rendered.is_null() => Ok(rendered.into_json()),
        _ => Err(unusable(template)),
    }
}

fn text(template: &Template, scope: &Scope<'_>) -> Result<String, Denied> {
    let rendered = template.render(scope).map_err(|_| unusable(template))?;
    match rendered.to_text() {
        Ok(text) if !rendered.is_null() => Ok(text.into_owned()),
        _ => Err(unusable(template)),
    }
}

fn header(template: &Template, scope: &Scope<'_>) -> Result<String, Denied> {
    let text = text(template, scope)?;
    if is_header_value(&text) {
        return Ok(text);
    }
    let places = template.paths().map(RequestPart::of).collect();
    Err(Denied::NotForHeader(RequestPart::AnyOf(places)))
}
