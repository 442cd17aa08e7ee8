//! JSON with templates in it: bodies of requests, of logins and of answers.
//!
//! What a template may name differs between these, so a closure reads and fills
//! the templates.

use serde_json::{Map, Value};

use crate::checked::checker::Told;
use crate::template::Template;
use crate::written::{Located, Node};

/// A JSON value with templates in it.
#[derive(Clone, Debug)]
pub enum JsonTemplate {
    /// A value that is always the same.
    Constant(Value),
    /// A value that is made each time.
    Template(Template),
    /// A list.
    List(Vec<JsonTemplate>),
    /// An object, in the order of the file.
    Object(Vec<(String, JsonTemplate)>),
}

impl JsonTemplate {
    /// Reads `node`; `leaf` reads everything but lists and objects.
    pub(crate) fn check(
        node: &Located<Node>,
        leaf: &mut impl FnMut(&Located<Node>) -> Result<JsonTemplate, Told>,
    ) -> Result<JsonTemplate, Told> {
        match &**node {
            Node::List(list) => list
                .iter()
                .map(|node| Self::check(node, leaf))
                .collect::<Result<_, _>>()
                .map(JsonTemplate::List),
            Node::Object(object) => object
                .iter()
                .map(|(key, node)| Ok((key.clone(), Self::check(node, leaf)?)))
                .collect::<Result<_, _>>()
                .map(JsonTemplate::Object),
            _ => leaf(node),
        }
    }

    /// Makes a constant of a template without placeholders.
    pub(crate) fn of(template: Template) -> JsonTemplate {
        match template.as_literal() {
            Some(text) => JsonTemplate::Constant(Value::String(text.to_owned())),
            None => JsonTemplate::Template(template),
        }
    }

    /// Returns every template in it.
    pub fn templates(&self) -> Vec<&Template> {
        match self {
            JsonTemplate::Constant(_) => Vec::new(),
            JsonTemplate::Template(template) => vec![template],
            JsonTemplate::List(list) => list.iter().flat_map(JsonTemplate::templates).collect(),
            JsonTemplate::Object(object) => {
                object.iter().flat_map(|(_, json)| json.templates()).collect()
            }
        }
    }

    /// Makes the value. `fill` gives the value of each template; one without a value
    /// is left out of its list or object.
    ///
    /// # Errors
    ///
    /// Fails if `fill` does.
    pub fn fill<E>(
        &self,
        fill: &mut impl FnMut(&Template) -> Result<Option<Value>, E>,
    ) -> Result<Option<Value>, E> {
        Ok(Some(match self {
            JsonTemplate::Constant(value) => value.clone(),
            JsonTemplate::Template(template) => return fill(template),
            JsonTemplate::List(list) => {
                let mut values = Vec::with_capacity(list.len());
                for json in list {
                    values.extend(json.fill(fill)?);
                }
                Value::Array(values)
            }
            JsonTemplate::Object(object) => {
                let mut values = Map::new();
                for (key, json) in object {
                    if let Some(value) = json.fill(fill)? {
                        values.insert(key.clone(), value);
                    }
                }
                Value::Object(values)
            }
        }))
    }
}
