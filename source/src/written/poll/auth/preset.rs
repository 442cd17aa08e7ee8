//! A kind of `poll.auth` that is a preset: which keys it takes is data.

use std::borrow::Cow;
use std::fmt;
use std::sync::LazyLock;

use schemars::{JsonSchema, Schema, SchemaGenerator, schema_for};
use serde::de::value::EnumAccessDeserializer;
use serde::de::{
    DeserializeSeed, EnumAccess, Error, IntoDeserializer as _, MapAccess, VariantAccess, Visitor,
};
use serde::{Deserialize, Deserializer};
use serde_json::Value;

use super::kind::Auth;
use crate::located::Located;
use crate::presets::auth::{AuthPreset, Given, auth_preset, auth_presets};

/// How we prove who we are: in a kind of the language, or in one that is a preset.
#[derive(Debug)]
pub enum AuthOrPreset {
    /// A kind of the language.
    Auth(Auth),
    /// A kind that stands for another.
    Preset(AuthPresetUse),
}

/// A preset of `poll.auth`, and what the source says for it.
#[derive(Debug)]
pub struct AuthPresetUse {
    pub(crate) preset: &'static AuthPreset,
    pub(crate) given: Given,
}

impl AuthOrPreset {
    /// Returns the text of the preset's file, if it names one.
    pub(crate) fn preset_text(&self) -> Option<&'static str> {
        match self {
            AuthOrPreset::Auth(_) => None,
            AuthOrPreset::Preset(named) => Some(named.preset.text),
        }
    }
}

/// The names of all kinds, for the error about another one.
static KINDS: LazyLock<Vec<&'static str>> = LazyLock::new(|| {
    let schema = schema_for!(AuthOrPreset);
    let kinds = schema.get("oneOf").and_then(Value::as_array).into_iter().flatten();
    let names = kinds.filter_map(|kind| kind.pointer("/required/0")?.as_str());
    names.map(|name| &*name.to_owned().leak()).collect()
});

impl<'de> Deserialize<'de> for AuthOrPreset {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_enum("Auth", &KINDS, KindVisitor)
    }
}

struct KindVisitor;

impl<'de> Visitor<'de> for KindVisitor {
    type Value = AuthOrPreset;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a kind of `auth`")
    }

    fn visit_enum<A: EnumAccess<'de>>(self, kinds: A) -> Result<AuthOrPreset, A::Error> {
        let (kind, body) = kinds.variant_seed(Name { known: &KINDS, is_kind: true })?;
        match auth_preset(kind) {
            Some(preset) => body.newtype_variant_seed(Body(preset)).map(AuthOrPreset::Preset),
            None => Auth::deserialize(EnumAccessDeserializer::new(Kind { kind, body }))
                .map(AuthOrPreset::Auth),
        }
    }
}

/// A kind whose name is read already.
struct Kind<V> {
    kind: &'static str,
    body: V,
}

impl<'de, V: VariantAccess<'de>> EnumAccess<'de> for Kind<V> {
    type Error = V::Error;
    type Variant = V;

    fn variant_seed<S: DeserializeSeed<'de>>(self, seed: S) -> Result<(S::Value, V), V::Error> {
        Ok((seed.deserialize(self.kind.into_deserializer())?, self.body))
    }
}

/// Reads the name of a kind or a key. An unknown one is refused while it is read, when the parser
/// knows its place.
struct Name {
    known: &'static [&'static str],
    is_kind: bool,
}

impl<'de> DeserializeSeed<'de> for Name {
    type Value = &'static str;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<&'static str, D::Error> {
        deserializer.deserialize_identifier(self)
    }
}

impl Visitor<'_> for Name {
    type Value = &'static str;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a name")
    }

    fn visit_str<E: Error>(self, name: &str) -> Result<&'static str, E> {
        let known = self.known.iter().find(|known| **known == name);
        known.copied().ok_or_else(|| match self.is_kind {
            true => E::unknown_variant(name, self.known),
            false => E::unknown_field(name, self.known),
        })
    }
}

/// Reads the keys that a preset takes, as strictly as a struct is read.
struct Body(&'static AuthPreset);

impl<'de> DeserializeSeed<'de> for Body {
    type Value = AuthPresetUse;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<AuthPresetUse, D::Error> {
        deserializer.deserialize_struct(&self.0.name, &self.0.keys, self)
    }
}

impl<'de> Visitor<'de> for Body {
    type Value = AuthPresetUse;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<AuthPresetUse, A::Error> {
        let Body(preset) = self;
        let mut given = Given::new();
        while let Some(key) = map.next_key_seed(Name { known: &preset.keys, is_kind: false })? {
            let taken = preset.takes.iter().find(|taken| taken.key == key);
            let value = match taken {
                Some(taken) if taken.list => map.next_value()?,
                Some(taken) if taken.required => one(map.next_value()?),
                _ => match map.next_value::<Option<_>>()? {
                    Some(text) => one(text),
                    None => continue,
                },
            };
            given.push((key, value));
        }
        for (taken, key) in preset.takes.iter().zip(&preset.keys) {
            if taken.required && !given.iter().any(|(there, _)| there == key) {
                return Err(A::Error::missing_field(key));
            }
        }
        Ok(AuthPresetUse { preset, given })
    }
}

fn one(text: Located<String>) -> Located<Vec<Located<String>>> {
    text.with(()).with(vec![text])
}

impl JsonSchema for AuthOrPreset {
    fn schema_name() -> Cow<'static, str> {
        "Auth".into()
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        let mut schema = Auth::json_schema(generator);
        if let Some(Value::Array(kinds)) = schema.ensure_object().get_mut("oneOf") {
            kinds.extend(auth_presets().iter().map(|preset| preset.schema().to_value()));
        }
        schema
    }
}
