//! JSON values, read so that no key in them acts as a command.
//!
//! To keep the digits of a number, `serde_json` hands it over as an object with the key
//! `$serde_json::private::Number`, and takes every object that begins with this key for a number
//! (`…::RawValue` likewise). Whoever can name a key in a vendor's log could so change a record, keep it
//! out, or make a dead letter that cannot be read. Here a key is a key: a number is told apart by *how*
//! its key is handed over, which no text can imitate.

use std::fmt;

use serde::de::{DeserializeSeed, Deserializer, Error, MapAccess, SeqAccess, Visitor};
use serde::{Deserialize, de};
use serde_json::{Map, Number, Value};

/// Reads one JSON value. Numbers keep their digits.
///
/// # Errors
///
/// Fails if `text` is not exactly one JSON value, or is nested more than 127 levels deep.
pub fn read_json(text: &str) -> serde_json::Result<Value> {
    let mut json = serde_json::Deserializer::from_str(text);
    let value = Any.deserialize(&mut json)?;
    json.end().map(|()| value)
}

/// Reads a field that is any value. `deserializer` must read JSON text.
pub(crate) fn value<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Value, D::Error> {
    Any.deserialize(deserializer)
}

/// Reads a field that is any value and may be left out. `deserializer` must read JSON text.
pub(crate) fn optional<'de, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<Option<Value>, D::Error> {
    struct Optional;

    impl<'de> Visitor<'de> for Optional {
        type Value = Option<Value>;

        fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("a JSON value or null")
        }

        fn visit_unit<E: Error>(self) -> Result<Self::Value, E> {
            Ok(None)
        }

        fn visit_none<E: Error>(self) -> Result<Self::Value, E> {
            Ok(None)
        }

        fn visit_some<D: Deserializer<'de>>(self, json: D) -> Result<Self::Value, D::Error> {
            Any.deserialize(json).map(Some)
        }
    }

    deserializer.deserialize_option(Optional)
}

/// Any value.
struct Any;

impl<'de> DeserializeSeed<'de> for Any {
    type Value = Value;

    fn deserialize<D: Deserializer<'de>>(self, json: D) -> Result<Value, D::Error> {
        json.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Any {
    type Value = Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a JSON value")
    }

    fn visit_unit<E: Error>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_bool<E: Error>(self, value: bool) -> Result<Value, E> {
        Ok(Value::Bool(value))
    }

    fn visit_u64<E: Error>(self, number: u64) -> Result<Value, E> {
        Ok(Value::from(number))
    }

    fn visit_i64<E: Error>(self, number: i64) -> Result<Value, E> {
        Ok(Value::from(number))
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<Value, E> {
        Ok(Value::String(text.to_owned()))
    }

    fn visit_string<E: Error>(self, text: String) -> Result<Value, E> {
        Ok(Value::String(text))
    }

    fn visit_seq<S: SeqAccess<'de>>(self, mut list: S) -> Result<Value, S::Error> {
        let mut values = Vec::new();
        while let Some(value) = list.next_element_seed(Any)? {
            values.push(value);
        }
        Ok(Value::Array(values))
    }

    fn visit_map<M: MapAccess<'de>>(self, mut map: M) -> Result<Value, M::Error> {
        let mut object = Map::new();
        match map.next_key::<FirstKey>()? {
            None => return Ok(Value::Object(object)),
            Some(FirstKey::OfNumber) => {
                let digits: String = map.next_value()?;
                return digits.parse::<Number>().map(Value::Number).map_err(Error::custom);
            }
            Some(FirstKey::OfObject(key)) => {
                object.insert(key, map.next_value_seed(Any)?);
            }
        }
        while let Some(key) = map.next_key::<String>()? {
            object.insert(key, map.next_value_seed(Any)?);
        }
        Ok(Value::Object(object))
    }
}

/// The first key of what is either an object or a number.
enum FirstKey {
    /// A key that stands in the text.
    OfObject(String),
    /// The library's own key, which stands in no text.
    OfNumber,
}

impl<'de> Deserialize<'de> for FirstKey {
    fn deserialize<D: Deserializer<'de>>(json: D) -> Result<FirstKey, D::Error> {
        struct Key;

        impl<'de> Visitor<'de> for Key {
            type Value = FirstKey;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a key")
            }

            // A key in the text may be optional, as it is never null.
            fn visit_some<D: de::Deserializer<'de>>(self, key: D) -> Result<FirstKey, D::Error> {
                String::deserialize(key).map(FirstKey::OfObject)
            }

            // The key of a number is text, whatever is asked for.
            fn visit_borrowed_str<E: Error>(self, _: &'de str) -> Result<FirstKey, E> {
                Ok(FirstKey::OfNumber)
            }
        }

        json.deserialize_option(Key)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;

    /// Returns JSON text whose keys are the library's own.
    fn with_private_keys(value: &str) -> Vec<String> {
        ["Number", "RawValue"]
            .into_iter()
            .flat_map(|name| {
                let key = format!("$serde_json::private::{name}");
                let escaped = key.replace('$', "\\u0024");
                [key, escaped].map(|key| format!("{{\"{key}\":{value}}}"))
            })
            .collect()
    }

    #[test]
    fn a_vendors_key_is_never_taken_for_a_number_or_for_text_to_be_read() {
        for value in ["\"12\"", "\"x\"", "\"{\\\"a\\\":1}\"", "7", "{\"a\":1}", "null"] {
            for text in with_private_keys(value) {
                let read = read_json(&text).unwrap_or_else(|error| panic!("{text}: {error}"));
                let key = read.as_object().unwrap().keys().next().unwrap();
                assert!(key.starts_with("$serde_json::private::"), "{read}");
                assert_eq!(read.to_string(), text.replace("\\u0024", "$"));
                let nested = format!("[{{\"b\":1,\"a\":{text}}},{text}]");
                assert_eq!(read_json(&nested).unwrap(), json!([{"b": 1, "a": read}, read]));
            }
        }
    }

    #[test]
    fn what_is_not_json_is_refused_wherever_it_stands() {
        for text in [
            "",
            "{",
            "{\"a\"}",
            "{a:1}",
            "{1:2}",
            "{null:2}",
            "{\"a\":1,}",
            "[1,]",
            "1 2",
            "nul",
            "\"\u{1}\"",
            "{\"\u{1}\":1}",
            "{\"\\ud800\":1}",
            "{\"b\":1,\"\\ud800\":1}",
            "\"\\ud800\"",
            "01",
            "1.",
            "--1",
        ] {
            assert!(read_json(text).is_err(), "{text}");
        }
        assert!(read_json(&"[".repeat(1_000_000)).is_err());
    }

    #[test]
    fn of_two_equal_keys_the_last_one_counts() {
        assert_eq!(read_json(r#"{"a":1,"b":2,"a":3}"#).unwrap(), json!({"a": 3, "b": 2}));
    }

    proptest! {
        /// Text without the library's keys is read as the library reads it.
        #[test]
        fn it_is_what_the_library_reads(text in r#"([\[\]{},: ]|"[ab\\nu]{0,3}"|-?[0-9]{1,3}(\.[0-9])?(e[-+]?[0-9])?|true|null){0,12}"#) {
            let library = serde_json::from_str::<Value>(&text);
            let ours = read_json(&text);
            prop_assert_eq!(ours.as_ref().ok(), library.as_ref().ok(), "{}", text);
        }
    }
}
