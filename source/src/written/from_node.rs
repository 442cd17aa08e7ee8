//! Reads a written type out of a [`Node`] instead of a file.
//!
//! A preset and a source's changes to it are merged as nodes. The result is
//! read by the same types as a file, just as strictly. Every value keeps the
//! place of its node.

use std::fmt;

use serde::de::value::{MapAccessDeserializer, StrDeserializer};
use serde::de::{
    DeserializeSeed, Error as _, IntoDeserializer as _, MapAccess, SeqAccess, Visitor,
};
use serde::{Deserialize, Deserializer, forward_to_deserialize_any};

use crate::located::{Located, within};
use crate::node::Node;
use crate::problem::Place;

/// Why a node could not be read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct NodeError {
    /// What is wrong.
    pub(crate) message: String,
    /// Where it is.
    pub(crate) place: Option<Place>,
}

impl fmt::Display for NodeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl std::error::Error for NodeError {}

impl serde::de::Error for NodeError {
    fn custom<T: fmt::Display>(message: T) -> NodeError {
        NodeError { message: message.to_string(), place: None }
    }
}

/// Reads `T` out of `node`.
pub(crate) fn from_node<'n, T: Deserialize<'n>>(node: &'n Located<Node>) -> Result<T, NodeError> {
    read(node, std::marker::PhantomData)
}

/// Reads `node`, and gives an error the node's place if it has none yet.
fn read<'n, S: DeserializeSeed<'n>>(
    node: &'n Located<Node>,
    seed: S,
) -> Result<S::Value, NodeError> {
    within(node.place(), || seed.deserialize(Placed(node)))
        .map_err(|error| NodeError { place: error.place.or(node.place()), ..error })
}

struct Placed<'n>(&'n Located<Node>);

impl<'de> Deserializer<'de> for Placed<'de> {
    type Error = NodeError;

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, NodeError> {
        match &**self.0 {
            Node::Null => visitor.visit_unit(),
            Node::Bool(value) => visitor.visit_bool(*value),
            Node::Number(number) => match (number.as_u64(), number.as_i64(), number.as_f64()) {
                (Some(value), ..) => visitor.visit_u64(value),
                (_, Some(value), _) => visitor.visit_i64(value),
                (.., Some(value)) => visitor.visit_f64(value),
                _ => Err(NodeError::custom("this number is too large")),
            },
            Node::Text(text) => visitor.visit_str(text),
            Node::List(list) => visitor.visit_seq(Elements(list.iter())),
            Node::Object(object) => visitor.visit_map(Entries { rest: object.iter(), value: None }),
        }
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, NodeError> {
        match &**self.0 {
            Node::Null => visitor.visit_none(),
            _ => visitor.visit_some(self),
        }
    }

    fn deserialize_enum<V: Visitor<'de>>(
        self,
        name: &'static str,
        variants: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, NodeError> {
        match &**self.0 {
            Node::Object(object) if object.len() == 1 => {
                let entries = Entries { rest: object.iter(), value: None };
                MapAccessDeserializer::new(entries).deserialize_enum(name, variants, visitor)
            }
            Node::Object(_) => Err(NodeError::custom("one choice is wanted here")),
            Node::Text(text) => {
                let text: StrDeserializer<'_, NodeError> = text.as_str().into_deserializer();
                text.deserialize_enum(name, variants, visitor)
            }
            _ => self.deserialize_any(visitor),
        }
    }

    fn deserialize_string<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, NodeError> {
        match &**self.0 {
            // Where text is expected, digits without quotes are text in YAML.
            Node::Number(number) if !number.is_f64() => visitor.visit_string(number.to_string()),
            _ => self.deserialize_any(visitor),
        }
    }

    fn deserialize_str<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, NodeError> {
        self.deserialize_string(visitor)
    }

    forward_to_deserialize_any! {
        bool i8 i16 i32 i64 i128 u8 u16 u32 u64 u128 f32 f64 char bytes byte_buf unit unit_struct
        newtype_struct seq tuple tuple_struct map struct identifier ignored_any
    }
}

struct Elements<'n>(std::slice::Iter<'n, Located<Node>>);

impl<'n> SeqAccess<'n> for Elements<'n> {
    type Error = NodeError;

    fn next_element_seed<S: DeserializeSeed<'n>>(
        &mut self,
        seed: S,
    ) -> Result<Option<S::Value>, NodeError> {
        self.0.next().map(|node| read(node, seed)).transpose()
    }
}

struct Entries<'n> {
    rest: std::slice::Iter<'n, (String, Located<Node>)>,
    value: Option<&'n Located<Node>>,
}

impl<'n> MapAccess<'n> for Entries<'n> {
    type Error = NodeError;

    fn next_key_seed<S: DeserializeSeed<'n>>(
        &mut self,
        seed: S,
    ) -> Result<Option<S::Value>, NodeError> {
        let Some((key, value)) = self.rest.next() else { return Ok(None) };
        self.value = Some(value);
        let key: StrDeserializer<'_, NodeError> = key.as_str().into_deserializer();
        // The error about an unknown key points at its value, as the key has no place.
        seed.deserialize(key)
            .map(Some)
            .map_err(|error| NodeError { place: error.place.or(value.place()), ..error })
    }

    fn next_value_seed<S: DeserializeSeed<'n>>(&mut self, seed: S) -> Result<S::Value, NodeError> {
        match self.value.take() {
            Some(node) => read(node, seed),
            None => Err(NodeError::custom("a value was read twice")),
        }
    }
}
