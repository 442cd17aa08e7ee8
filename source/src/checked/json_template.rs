//! JSON with templates in it: bodies of requests, of logins and of answers.
//!
//! What a template may name differs between these, so reading and filling leave
//! the templates to a closure.

use serde_json::{Map, Value};

use crate::checked::checker::Told;
use crate::template::Template;
use crate::written::{Located, Node};

/// A JSON value with templates in it.
#[derive(Clone, Debug)]
pub enum JsonTemplate {
    /// Always the same.
    Constant(Value),
    /// Made each time.
    Template(Template),
    /// A list.
    List(Vec<JsonTemplate>),
    /// An object, in the order it was written.
    Object(Vec<(String, JsonTemplate)>),
}

impl JsonTemplate {
    /// Reads `node`, of which `leaf` reads all that is no list and no object.
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

    /// What `template` makes, or the text that it always is.
    pub(crate) fn of(template: Template) -> JsonTemplate {
        match template.as_literal() {
            Some(text) => JsonTemplate::Constant(Value::String(text.to_owned())),
            None => JsonTemplate::Template(template),
        }
    }

    /// Every template in it.
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

    /// The value that it makes, where `fill` gives what each template stands
    /// for; what stands for nothing is left out of its list or object.
    ///
    /// # Errors
    ///
    /// That of `fill`.
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
