//! A value and where it stands in the file.

use std::borrow::Cow;
use std::cell::Cell;
use std::ops::Deref;

use schemars::{JsonSchema, Schema, SchemaGenerator};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::problem::Place;

/// A value with its place, so that problems that are found later can point at it.
#[derive(Clone, Debug, Default)]
pub struct Located<T> {
    value: T,
    place: Option<Place>,
}

impl<T> Located<T> {
    /// Returns where the value is; `None` if the parser does not know.
    pub fn place(&self) -> Option<Place> {
        self.place
    }

    /// Returns another value at the same place.
    pub fn with<U>(&self, value: U) -> Located<U> {
        Located { value, place: self.place }
    }
}

thread_local! {
    /// The place of the value that is being read out of a [`crate::node::Node`]. Serde gives a type only
    /// the deserializer, and the YAML parser has its own way to pass a place through it.
    static OF_NODE: Cell<Option<Option<Place>>> = const { Cell::new(None) };
}

/// Runs `read`, which reads a value at `place` out of a node.
pub(crate) fn within<T>(place: Option<Place>, read: impl FnOnce() -> T) -> T {
    let outer = OF_NODE.replace(Some(place));
    let result = read();
    OF_NODE.set(outer);
    result
}

impl<T> Deref for Located<T> {
    type Target = T;

    fn deref(&self) -> &T {
        &self.value
    }
}

impl<'de, T: Deserialize<'de>> Deserialize<'de> for Located<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        if let Some(place) = OF_NODE.get() {
            return T::deserialize(deserializer).map(|value| Located { value, place });
        }
        let spanned = serde_saphyr::Spanned::<T>::deserialize(deserializer)?;
        let location = spanned.referenced;
        let place = (location.line() > 0).then(|| Place {
            line: location.line(),
            column: location.column(),
            offset: location.span().byte_offset().and_then(|n| usize::try_from(n).ok()),
            len: location
                .span()
                .byte_len()
                .and_then(|n| usize::try_from(n).ok())
                .unwrap_or_default(),
        });
        Ok(Located { value: spanned.value, place })
    }
}

impl<T: Serialize> Serialize for Located<T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.value.serialize(serializer)
    }
}

impl<T: JsonSchema> JsonSchema for Located<T> {
    fn inline_schema() -> bool {
        T::inline_schema()
    }

    fn schema_name() -> Cow<'static, str> {
        T::schema_name()
    }

    fn schema_id() -> Cow<'static, str> {
        T::schema_id()
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        T::json_schema(generator)
    }
}
