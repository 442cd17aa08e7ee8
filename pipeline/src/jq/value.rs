//! The values that a program works on.
//!
//! They have a type of our own for three reasons: numbers keep their digits and
//! keys their order; each value that is made or compared is paid for; and nothing
//! panics or overflows the stack.

use std::fmt;
use std::sync::Arc;

use indexmap::IndexMap;
use serde_json::{Map, Value};

use super::budget::{self, Over, VALUE};
use super::number::Num;
use crate::decode::json::MOST_LEVELS;

/// A JSON value whose parts are shared.
#[derive(Clone, Debug)]
pub(super) enum Val {
    Null,
    Bool(bool),
    Num(Num),
    Str(Arc<str>),
    Arr(Arc<List>),
    Obj(Arc<Object>),
}

/// A list and how deep it is nested.
#[derive(Clone, Debug, Default)]
pub(super) struct List {
    pub(super) items: Vec<Val>,
    pub(super) levels: usize,
}

/// An object and how deep it is nested.
#[derive(Clone, Debug, Default)]
pub(super) struct Object {
    pub(super) entries: IndexMap<Arc<str>, Val>,
    pub(super) levels: usize,
}

impl Val {
    pub(super) fn str(text: impl Into<Arc<str>>) -> Val {
        let text = text.into();
        budget::pay_bytes(text.len() as u64);
        Val::Str(text)
    }

    pub(super) fn list(items: Vec<Val>) -> Val {
        items.into_iter().collect()
    }

    pub(super) fn object(entries: IndexMap<Arc<str>, Val>) -> Val {
        budget::pay_bytes(entries.len() as u64 * 2 * VALUE);
        let deepest = entries.values().map(Val::levels).max().unwrap_or_default();
        Object { entries, levels: deepest + 1 }.into_val()
    }

    /// Returns how deep lists and objects are nested.
    pub(super) fn levels(&self) -> usize {
        match self {
            Val::Arr(list) => list.levels,
            Val::Obj(object) => object.levels,
            _ => 0,
        }
    }

    /// Converts a record. It is cut short if the budget runs out.
    pub(super) fn read(value: &Value) -> Val {
        match value {
            Value::Null => Val::Null,
            Value::Bool(bool) => Val::Bool(*bool),
            Value::Number(number) => Val::Num(Num::read(number)),
            Value::String(text) => Val::str(text.as_str()),
            Value::Array(list) => list.iter().map(Val::read).collect(),
            Value::Object(object) => {
                let mut entries = IndexMap::with_capacity(object.len());
                for (key, value) in object {
                    if !budget::pay_bytes(key.len() as u64) {
                        break;
                    }
                    entries.insert(Arc::from(key.as_str()), Val::read(value));
                }
                Val::object(entries)
            }
        }
    }

    /// Returns the value as JSON. It is cut short if the budget runs out.
    pub(super) fn to_json(&self) -> Value {
        match self {
            Val::Null => Value::Null,
            Val::Bool(bool) => Value::Bool(*bool),
            Val::Num(number) => number.to_json().map_or(Value::Null, Value::Number),
            Val::Str(text) => {
                if !budget::pay_bytes(text.len() as u64) {
                    return Value::Null;
                }
                Value::String(text.to_string())
            }
            Val::Arr(list) => Value::Array(
                list.items
                    .iter()
                    .take_while(|_| budget::pay_bytes(VALUE))
                    .map(Val::to_json)
                    .collect(),
            ),
            Val::Obj(object) => {
                let mut json = Map::new();
                for (key, value) in &object.entries {
                    if !budget::pay_bytes(key.len() as u64 + 2 * VALUE) {
                        break;
                    }
                    json.insert(key.to_string(), value.to_json());
                }
                Value::Object(json)
            }
        }
    }

    /// Returns a string as it is, and any other value as JSON text.
    pub(super) fn to_text(&self) -> Arc<str> {
        match self {
            Val::Str(text) => Arc::clone(text),
            other => other.to_json().to_string().into(),
        }
    }

    pub(super) fn is_true(&self) -> bool {
        !matches!(self, Val::Null | Val::Bool(false))
    }

    /// Returns the kind of value, in jq's words.
    pub(super) fn kind(&self) -> &'static str {
        match self {
            Val::Null => "null",
            Val::Bool(_) => "boolean",
            Val::Num(_) => "number",
            Val::Str(_) => "string",
            Val::Arr(_) => "array",
            Val::Obj(_) => "object",
        }
    }
}

impl List {
    pub(super) fn into_val(self) -> Val {
        if self.levels > MOST_LEVELS {
            budget::end(Over::Levels);
            return Val::Null;
        }
        Val::Arr(Arc::new(self))
    }
}

impl Object {
    pub(super) fn into_val(self) -> Val {
        if self.levels > MOST_LEVELS {
            budget::end(Over::Levels);
            return Val::Null;
        }
        Val::Obj(Arc::new(self))
    }
}

/// Makes a list. If the budget runs out or the list is too deep, the program ends, and
/// the value that is returned does not matter.
impl FromIterator<Val> for Val {
    fn from_iter<I: IntoIterator<Item = Val>>(values: I) -> Val {
        let mut list = List::default();
        for value in values {
            if !budget::pay_bytes(VALUE) {
                break;
            }
            list.levels = list.levels.max(value.levels());
            list.items.push(value);
        }
        list.levels += 1;
        list.into_val()
    }
}

impl From<bool> for Val {
    fn from(bool: bool) -> Val {
        Val::Bool(bool)
    }
}

impl From<isize> for Val {
    fn from(int: isize) -> Val {
        Val::Num(Num::Int(int as i64))
    }
}

impl From<usize> for Val {
    fn from(int: usize) -> Val {
        Val::Num(Num::Int(i64::try_from(int).unwrap_or(i64::MAX)))
    }
}

impl From<f64> for Val {
    fn from(float: f64) -> Val {
        Num::float(float).map_or(Val::Null, Val::Num)
    }
}

impl From<String> for Val {
    fn from(text: String) -> Val {
        Val::str(text)
    }
}

impl From<std::ops::Range<Option<Val>>> for Val {
    fn from(range: std::ops::Range<Option<Val>>) -> Val {
        let bounds = [("start", range.start), ("end", range.end)];
        let bounds = bounds.into_iter().filter_map(|(key, bound)| Some((Arc::from(key), bound?)));
        Val::object(bounds.collect())
    }
}

/// Writes only the kind: messages must not repeat what a record holds.
impl fmt::Display for Val {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Val::Null => "null",
            Val::Bool(_) => "a boolean",
            Val::Num(_) => "a number",
            Val::Str(_) => "a string",
            Val::Arr(_) => "an array",
            Val::Obj(_) => "an object",
        })
    }
}
