//! Values of any form, such as those under `map` and `vars`.

use std::borrow::Cow;
use std::{fmt, iter};

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::de::{Error, MapAccess, SeqAccess, Visitor};
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use serde_json::Number;

use crate::located::Located;

/// A YAML value that knows the place of everything in it.
#[derive(Clone, Debug)]
pub enum Node {
    /// `null` or nothing.
    Null,
    /// `true` or `false`.
    Bool(bool),
    /// A number.
    Number(Number),
    /// Text, which may be a template.
    Text(String),
    /// A list.
    List(Vec<Located<Node>>),
    /// An object, in the order it was written.
    Object(Vec<(String, Located<Node>)>),
}

impl Node {
    /// Returns the value of a key; `None` if this is not an object or lacks the key.
    pub fn key(&self, wanted: &str) -> Option<&Located<Node>> {
        let Node::Object(object) = self else { return None };
        object.iter().find(|(key, _)| key == wanted).map(|(_, value)| value)
    }

    /// Returns the key and the value of an object with a single key, which is how a choice is
    /// written.
    pub fn choice(&self) -> Option<(&str, &Located<Node>)> {
        let Node::Object(object) = self else { return None };
        let [(kind, body)] = object.as_slice() else { return None };
        Some((kind, body))
    }
}

impl Serialize for Node {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Node::Null => serializer.serialize_unit(),
            Node::Bool(value) => serializer.serialize_bool(*value),
            // Not by serde_json, which writes its exact numbers as a map in other formats.
            Node::Number(number) => match (number.as_u64(), number.as_i64(), number.as_f64()) {
                (Some(value), ..) => serializer.serialize_u64(value),
                (_, Some(value), _) => serializer.serialize_i64(value),
                (.., value) => serializer.serialize_f64(value.unwrap_or(f64::NAN)),
            },
            Node::Text(text) => serializer.serialize_str(text),
            Node::List(list) => serializer.collect_seq(list),
            Node::Object(object) => {
                serializer.collect_map(object.iter().map(|(key, value)| (key, value)))
            }
        }
    }
}

impl<'de> Deserialize<'de> for Node {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(NodeVisitor)
    }
}

struct NodeVisitor;

impl<'de> Visitor<'de> for NodeVisitor {
    type Value = Node;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("text, a number, a boolean, a list or an object")
    }

    fn visit_unit<E: Error>(self) -> Result<Node, E> {
        Ok(Node::Null)
    }

    fn visit_none<E: Error>(self) -> Result<Node, E> {
        Ok(Node::Null)
    }

    fn visit_bool<E: Error>(self, value: bool) -> Result<Node, E> {
        Ok(Node::Bool(value))
    }

    fn visit_i64<E: Error>(self, value: i64) -> Result<Node, E> {
        Ok(Node::Number(value.into()))
    }

    fn visit_u64<E: Error>(self, value: u64) -> Result<Node, E> {
        Ok(Node::Number(value.into()))
    }

    fn visit_f64<E: Error>(self, value: f64) -> Result<Node, E> {
        Number::from_f64(value).map(Node::Number).ok_or_else(|| E::custom("not a JSON number"))
    }

    fn visit_str<E: Error>(self, value: &str) -> Result<Node, E> {
        Ok(Node::Text(value.to_owned()))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Node, A::Error> {
        iter::from_fn(|| seq.next_element().transpose()).collect::<Result<_, _>>().map(Node::List)
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Node, A::Error> {
        iter::from_fn(|| map.next_entry().transpose()).collect::<Result<_, _>>().map(Node::Object)
    }
}

impl JsonSchema for Node {
    fn schema_name() -> Cow<'static, str> {
        "Template".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({
            "description": "A constant, a template such as `{actor.name|lower}`, a program `{ jq: \"…\" }`, or a list or object of them.",
            "type": ["null", "boolean", "number", "string", "array", "object"]
        })
    }
}
