//! Presets of `poll.auth`: how one vendor gives access tokens, as data.

use std::sync::LazyLock;

use schemars::{Schema, json_schema};
use serde::Deserialize;
use serde_json::{Map, Value, json};

use super::catalogue::{AUTH_FILES, read};
use crate::located::Located;
use crate::node::Node;

static PRESETS: LazyLock<Vec<AuthPreset>> =
    LazyLock::new(|| AUTH_FILES.iter().filter_map(|(_, text)| parse(text).ok()).collect());

/// A kind of `poll.auth` that a file under `presets/auth/` says in the general language.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct AuthPreset {
    /// The kind that sources use; also the name of the file.
    #[serde(rename = "preset")]
    pub(crate) name: String,
    /// The vendor's name, for people.
    pub(super) vendor: String,
    /// The vendor's own page about it.
    pub(super) docs: String,
    /// What it is, for people.
    pub(super) description: String,
    /// The keys that a source writes.
    pub(crate) takes: Vec<TakenKey>,
    /// Their names.
    #[serde(skip)]
    pub(crate) keys: Vec<&'static str>,
    /// What stands for it, with `{preset.KEY}` where the value of a key goes.
    auth: Located<Node>,
    /// The text of its file.
    #[serde(skip)]
    pub(crate) text: &'static str,
}

/// A key that a source writes.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct TakenKey {
    pub(crate) key: String,
    pub(super) description: String,
    #[serde(default)]
    pub(crate) required: bool,
    /// Whether its value is a list, whose elements are put in with blanks between them.
    #[serde(default)]
    pub(crate) list: bool,
    /// Its value if the source leaves it out.
    #[serde(default)]
    pub(super) default: Option<String>,
}

/// The values that a source writes, by key, in its order. One that is no list has one element.
pub(crate) type Given = Vec<(&'static str, Located<Vec<Located<String>>>)>;

/// Returns every preset of `poll.auth`, sorted by name. One that does not parse is left out,
/// which a test finds.
pub(crate) fn auth_presets() -> &'static [AuthPreset] {
    &PRESETS
}

/// Returns the preset of `poll.auth` called `name`.
pub(crate) fn auth_preset(name: &str) -> Option<&'static AuthPreset> {
    auth_presets().iter().find(|preset| preset.name == name)
}

fn parse(text: &'static str) -> Result<AuthPreset, String> {
    let mut preset: AuthPreset = read(text)?;
    preset.keys = preset.takes.iter().map(|taken| &*taken.key.clone().leak()).collect();
    preset.text = text;
    Ok(preset)
}

impl AuthPreset {
    /// Returns what stands for it once the values of a source are put in. A text has the place of
    /// the first value in it; one that names a key which the source leaves out is left out too.
    pub(crate) fn filled(&self, given: &Given) -> Located<Node> {
        let first = given.first().map_or_else(Located::default, |(_, value)| value.with(()));
        self.node(&self.auth, given, &first).unwrap_or_else(|| first.with(Node::Null))
    }

    fn node(
        &self,
        node: &Located<Node>,
        given: &Given,
        place: &Located<()>,
    ) -> Option<Located<Node>> {
        let filled = |node| self.node(node, given, place);
        let node = match &**node {
            Node::Text(text) => return self.text_with(text, given, place),
            Node::List(list) => Node::List(list.iter().filter_map(filled).collect()),
            Node::Object(object) => {
                let keys =
                    object.iter().filter_map(|(key, node)| Some((key.clone(), filled(node)?)));
                Node::Object(keys.collect())
            }
            node => node.clone(),
        };
        Some(place.with(node))
    }

    fn text_with(&self, text: &str, given: &Given, place: &Located<()>) -> Option<Located<Node>> {
        let (mut rest, mut filled, mut first) = (text, String::new(), None);
        while let Some((before, after)) = rest.split_once("{preset.") {
            let (key, after) = after.split_once('}')?;
            let value = match given.iter().find(|(known, _)| *known == key) {
                Some((_, value)) => {
                    first.get_or_insert(value.with(()));
                    value.iter().map(|text| text.as_str()).collect::<Vec<_>>().join(" ")
                }
                None => self.takes.iter().find(|taken| taken.key == key)?.default.clone()?,
            };
            filled.push_str(before);
            // The slash after a URL is there whether or not the source wrote one.
            filled.push_str(match after.starts_with('/') {
                true => value.trim_end_matches('/'),
                false => &value,
            });
            rest = after;
        }
        filled.push_str(rest);
        Some(first.as_ref().unwrap_or(place).with(Node::Text(filled)))
    }

    /// Returns the JSON Schema of its use in `poll.auth`.
    pub(crate) fn schema(&self) -> Schema {
        let keys = self.takes.iter().map(|taken| (taken.key.clone(), taken.schema()));
        let required = self.takes.iter().filter(|taken| taken.required).map(|taken| &taken.key);
        json_schema!({
            "description": self.description,
            "type": "object",
            "properties": {
                (&self.name): {
                    "type": "object",
                    "properties": keys.collect::<Map<_, _>>(),
                    "required": required.collect::<Vec<_>>(),
                    "additionalProperties": false
                }
            },
            "required": [self.name],
            "additionalProperties": false
        })
    }
}

impl TakenKey {
    fn description(&self) -> String {
        match (&self.default, self.required) {
            (Some(default), _) => format!("{} By default `{default}`.", self.description),
            (None, true) => self.description.clone(),
            (None, false) => format!("{} Optional.", self.description),
        }
    }

    /// Returns its line in the manual.
    pub(super) fn described(&self) -> String {
        format!("`{}`: {}", self.key, self.description())
    }

    fn schema(&self) -> Value {
        let description = self.description();
        match self.list {
            true => json!({
                "description": description, "type": "array", "items": { "type": "string" }, "minItems": 1
            }),
            false if self.required => json!({ "description": description, "type": "string" }),
            false => json!({ "description": description, "type": ["string", "null"] }),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_file_can_be_read_and_has_the_name_of_its_kind() {
        for (name, text) in AUTH_FILES {
            assert_eq!(parse(text).unwrap().name, *name);
        }
        assert_eq!(auth_presets().len(), AUTH_FILES.len());
        assert!(!AUTH_FILES.is_empty());
    }

    fn given(values: &[(&'static str, &[&str])]) -> Given {
        let nowhere = Located::<()>::default();
        let texts =
            |texts: &[&str]| texts.iter().map(|text| nowhere.with((*text).to_owned())).collect();
        values.iter().map(|(key, value)| (*key, nowhere.with(texts(value)))).collect()
    }

    #[test]
    fn every_key_goes_somewhere_and_every_place_is_filled() {
        for preset in auth_presets() {
            let all: Vec<_> = preset.keys.iter().map(|key| (*key, &["<value>"][..])).collect();
            let filled = |given: &Given| serde_json::to_string(&preset.filled(given)).unwrap();
            let whole = filled(&given(&all));
            assert!(!whole.contains("{preset."), "{whole}");
            for left_out in &preset.keys {
                let others: Vec<_> =
                    all.iter().copied().filter(|(key, _)| key != left_out).collect();
                assert_ne!(filled(&given(&others)), whole, "{left_out}");
            }
        }
    }

    #[test]
    fn values_are_put_in_and_what_names_a_missing_one_is_left_out() {
        let preset = parse(
            "{ preset: x, vendor: X, docs: x, description: x, takes: [
               { key: url, default: 'https://x', description: x }, { key: a, description: x },
               { key: b, list: true, description: x } ],
               auth: { u: '{preset.url}/t', a: 'x {preset.a}', b: '{preset.b}', c: '{var.c}', l: ['{preset.a}', d] } }",
        )
        .unwrap();
        let filled = |values| serde_json::to_value(preset.filled(&given(values))).unwrap();
        assert_eq!(
            filled(&[("b", &["p", "q"])]),
            json!({ "u": "https://x/t", "b": "p q", "c": "{var.c}", "l": ["d"] })
        );
        assert_eq!(
            filled(&[("a", &["{secret.s}"]), ("url", &["https://y/v/"])]),
            json!({ "u": "https://y/v/t", "a": "x {secret.s}", "c": "{var.c}", "l": ["{secret.s}", "d"] })
        );
    }
}
