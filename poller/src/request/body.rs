//! The body of a request, made of the source file's templates.

use bytes::Bytes;
use http::header::HeaderValue;
use mef_source::checked::{RequestBody, Slot};
use mef_source::template::Variables;
use mef_source::{Path, Template};
use serde_json::{Map, Value};
use url::form_urlencoded::Serializer;

use crate::request::render::{RequestError, error, plain, render, render_json};

/// Renders a body and its content type. The page value `at` goes where `slot` says.
pub(crate) fn body(
    body: &RequestBody,
    variables: &dyn Variables,
    slot: Option<(&Slot, &Value)>,
) -> Result<(Bytes, HeaderValue), RequestError> {
    match body {
        RequestBody::Json(template) => {
            let mut fill = |template: &Template| {
                let value = render_json(template, variables, "a value of the body")?;
                Ok(value.or_else(|| template.says_null().then_some(Value::Null)))
            };
            let mut value = template.fill(&mut fill)?.unwrap_or_default();
            if let Some((Slot::Json(path), at)) = slot {
                put(&mut value, path, at.clone())
                    .ok_or_else(|| error(format!("`{path}` in the body"), "is inside a value"))?;
            }
            Ok((value.to_string().into(), HeaderValue::from_static("application/json")))
        }
        RequestBody::Form(fields) => {
            let mut form = Serializer::new(String::new());
            let own = match slot {
                Some((Slot::Form(name), at)) => Some((name, plain(at))),
                _ => None,
            };
            for (name, template) in fields {
                if own.as_ref().is_some_and(|(field, _)| *field == name) {
                    continue;
                }
                if let Some(value) = render(template, variables, name)? {
                    form.append_pair(name, &value);
                }
            }
            if let Some((name, value)) = own {
                form.append_pair(name, &value);
            }
            let kind = HeaderValue::from_static("application/x-www-form-urlencoded");
            Ok((form.finish().into(), kind))
        }
        RequestBody::Raw { text, content_type } => {
            let text = render(text, variables, "body")?.ok_or_else(|| {
                error("the body".to_owned(), "has a placeholder that stands for nothing")
            })?;
            let kind = HeaderValue::from_str(content_type).map_err(|_| {
                error("the content type".to_owned(), "has characters that no header may have")
            })?;
            Ok((text.into(), kind))
        }
    }
}

/// Puts `new` where `path` leads, and makes the objects on the way.
fn put(value: &mut Value, path: &Path, new: Value) -> Option<()> {
    let mut place = value;
    for segment in path.segments() {
        if place.is_null() {
            *place = Value::Object(Map::new());
        }
        place = match place {
            Value::Object(object) => object.entry(segment.as_str()).or_insert(Value::Null),
            Value::Array(list) => list.get_mut(segment.parse::<usize>().ok()?)?,
            _ => return None,
        };
    }
    *place = new;
    Some(())
}

#[cfg(test)]
mod tests {
    use mef_source::Root;
    use serde_json::json;

    use super::*;

    #[test]
    fn a_value_is_put_where_its_path_leads() {
        for (before, path, after) in [
            (json!({}), "cursor", Some(json!({"cursor": 1}))),
            (json!({"a": {"b": 0}}), "/a/c/d", Some(json!({"a": {"b": 0, "c": {"d": 1}}}))),
            (json!({"a": [{}, {}]}), "a.1.x", Some(json!({"a": [{}, {"x": 1}]}))),
            (json!({"a": "text"}), "a.b", None),
            (json!({"a": []}), "a.0", None),
        ] {
            let path = Path::parse(path, &[Root::Record]).unwrap();
            let mut value = before.clone();
            let done = put(&mut value, &path, json!(1));
            assert_eq!(done.map(|()| value), after, "{path} into {before}");
        }
    }
}
