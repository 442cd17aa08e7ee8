//! The bodies of requests to a vendor.

use std::collections::BTreeMap;

use super::scope::RequestScope;
use crate::checked::checker::Told;
use crate::checked::constant::constant;
use crate::checked::event::jq::{NO_PROGRAM, runs_jq};
use crate::checked::json_template::JsonTemplate;
use crate::problem::Place;
use crate::template::Template;
use crate::written::{Located, Node};

/// The body of a request.
#[derive(Clone, Debug)]
pub enum RequestBody {
    /// JSON.
    Json(JsonTemplate),
    /// A form (`application/x-www-form-urlencoded`), in the order of its names. A field
    /// that is sent more than once stands here as often.
    Form(Vec<(String, Template)>),
    /// Anything else.
    Raw {
        /// The body.
        text: Template,
        /// Its content type.
        content_type: String,
    },
}

impl RequestBody {
    /// Returns every template of the body.
    pub fn templates(&self) -> Vec<&Template> {
        match self {
            RequestBody::Json(json) => json.templates(),
            RequestBody::Form(fields) => fields.iter().map(|(_, template)| template).collect(),
            RequestBody::Raw { text, .. } => vec![text],
        }
    }
}

/// The keys of a request that make its body.
pub(crate) struct WrittenBody<'w> {
    pub(crate) json: Option<&'w Located<Node>>,
    pub(crate) form: Option<&'w BTreeMap<String, Located<Node>>>,
    pub(crate) raw: Option<&'w Located<String>>,
    pub(crate) content_type: Option<&'w Located<String>>,
}

impl RequestScope<'_, '_> {
    /// Reads the body, if there is one.
    pub(crate) fn body(
        &mut self,
        written: &WrittenBody<'_>,
        place: Option<Place>,
    ) -> Result<Option<RequestBody>, Told> {
        let ways = [written.json.is_some(), written.form.is_some(), written.raw.is_some()];
        if ways.into_iter().filter(|way| *way).count() > 1 {
            return Err(self.checker.error_with(
                place,
                "the request has more than one body",
                "write one of `json`, `form`, `body`",
            ));
        }
        if let (None, Some(content_type)) = (written.raw, written.content_type) {
            return Err(self.checker.error_with(
                content_type.place(),
                "`content_type` stands only with `body`",
                "`json` and `form` have a content type of their own; another one is written under `headers`",
            ));
        }
        if let Some(node) = written.json {
            return self.json(node).map(|json| Some(RequestBody::Json(json)));
        }
        if let Some(fields) = written.form {
            return Ok(Some(RequestBody::Form(self.query_pairs(fields))));
        }
        let Some(text) = written.raw else { return Ok(None) };
        let Some(content_type) = written.content_type else {
            return Err(self.checker.error_with(
                text.place(),
                "`body` has no `content_type`",
                "say what it is, such as `content_type: application/xml`",
            ));
        };
        if !content_type.contains('/') || content_type.chars().any(char::is_control) {
            return Err(self.checker.error_with(
                content_type.place(),
                format!("`{}` is not a content type", content_type.escape_debug()),
                "such as `application/xml`",
            ));
        }
        let text = self.template(text)?;
        Ok(Some(RequestBody::Raw { text, content_type: (**content_type).clone() }))
    }

    /// Warns of an object that was probably meant as a program, and is sent as it is.
    fn no_programs(&mut self, node: &Located<Node>) {
        match &**node {
            Node::Object(object) if object.len() == 1 && runs_jq(node) => {
                let message = "this goes out as an object with the key `jq`, and nothing runs it";
                self.checker.warn(node.place(), message, NO_PROGRAM);
            }
            Node::Object(object) => object.iter().for_each(|(_, node)| self.no_programs(node)),
            Node::List(list) => list.iter().for_each(|node| self.no_programs(node)),
            _ => {}
        }
    }

    /// Reads JSON in which each text is a template.
    pub(crate) fn json(&mut self, node: &Located<Node>) -> Result<JsonTemplate, Told> {
        self.no_programs(node);
        JsonTemplate::check(node, &mut |leaf| match &**leaf {
            Node::Text(text) => self.template(&leaf.with(text.clone())).map(JsonTemplate::of),
            _ => Ok(JsonTemplate::Constant(constant(leaf, self.checker))),
        })
    }
}
