//! Signs in a request that the vendor leaves out what is at a window's very start.

use crate::checked::json_template::JsonTemplate;
use crate::checked::poll::request::{Request, RequestBody, Requests};
use crate::path::Root;
use crate::template::{Part, Template};

/// Returns the word or sign in a request that leaves out the records at `{window.start}` itself: `>`, `gt`
/// or `after` before it, in its text or as the last word of its parameter's name.
pub(super) fn sign(requests: &Requests<'_>) -> Option<&'static str> {
    requests.all().find_map(in_request)
}

fn in_request(request: &Request) -> Option<&'static str> {
    let named = |(name, template): &(String, Template)| in_template(Some(name), template);
    let body = || match request.body.as_ref()? {
        RequestBody::Json(json) => in_json(None, json),
        RequestBody::Form(fields) => fields.iter().find_map(named),
        RequestBody::Raw { text, .. } => in_template(None, text),
    };
    let url = || in_template(None, &request.url);
    request.query.iter().find_map(named).or_else(url).or_else(body)
}

fn in_json(name: Option<&str>, json: &JsonTemplate) -> Option<&'static str> {
    match json {
        JsonTemplate::Constant(_) => None,
        JsonTemplate::Template(template) => in_template(name, template),
        JsonTemplate::List(list) => list.iter().find_map(|json| in_json(name, json)),
        JsonTemplate::Object(object) => {
            object.iter().find_map(|(name, json)| in_json(Some(name), json))
        }
    }
}

fn in_template(name: Option<&str>, template: &Template) -> Option<&'static str> {
    let mut before = name;
    template.parts.iter().find_map(|part| match part {
        Part::Literal(text) => {
            before = Some(text);
            None
        }
        Part::Placeholder(placeholder) => {
            let path = &placeholder.path;
            let is_start = path.root() == Root::Window && matches!(path.name(), "start" | "since");
            before.take().filter(|_| is_start).and_then(excludes)
        }
    })
}

/// Returns the sign at the end of `text`, if it is one that excludes what follows.
fn excludes(text: &str) -> Option<&'static str> {
    let text = text.trim_end_matches(|c: char| c.is_whitespace() || "\"'()[]{}:+".contains(c));
    let word_of = text.rsplit(|c: char| !c.is_ascii_alphanumeric()).next().unwrap_or_default();
    match word_of {
        "" if text.ends_with('>') => Some(">"),
        "3E" | "3e" => Some(">"),
        "gt" | "GT" => Some("gt"),
        "after" | "After" | "AFTER" => Some("after"),
        word if word.ends_with("After") => Some("after"),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_leaves_the_bound_out_is_a_sign() {
        for (text, sign) in [
            ("timestamp > ", Some(">")),
            ("created>'", Some(">")),
            ("?filter=created%3E", Some(">")),
            ("published gt \"", Some("gt")),
            ("created[gt]", Some("gt")),
            ("published_after", Some("after")),
            ("createdAfter", Some("after")),
            ("timestamp >= ", None),
            ("published ge ", None),
            ("created[gte]", None),
            ("?from=", None),
            ("since", None),
            ("", None),
        ] {
            assert_eq!(excludes(text), sign, "{text}");
        }
    }
}
