//! Puts presets in place.
//!
//! This works on the file's nodes and not on its types, so the result is what a
//! person could have written: it can be shown, and is read as any other file.
//! What comes from a preset has the place where the source names the preset; what
//! the source changes keeps its own place.

use crate::checked::checker::{Checker, Told, all};
use crate::checked::yaml_error;
use crate::presets::{self, Preset, described, overridden};
use crate::problem::Place;
use crate::spelling::near;
use crate::written::{self, Located, Node, PresetUse, from_node};

/// A source's `webhook` with its presets in place.
#[derive(Clone, Debug)]
pub struct Expansion {
    /// The presets, in the order of the file.
    pub presets: Vec<ExpandedPreset>,
    /// The `webhook` as it would be written without them.
    pub webhook: Node,
}

/// What a preset became in a source.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ExpandedPreset {
    /// The preset's name.
    pub name: String,
    /// Its checks, with what the source changed, one line each.
    pub checks: Vec<String>,
    /// The places in the file that belong to it.
    places: Vec<Place>,
}

/// Puts the presets of a file in place, if it names any.
///
/// Where that fails the presets stay where they are.
pub(crate) fn expand(
    file: &mut written::SourceFile,
    options: serde_saphyr::Options,
    checker: &mut Checker<'_>,
) -> Result<Option<Expansion>, Told> {
    let checks = file.webhook.as_ref().and_then(|webhook| webhook.verify.as_ref());
    if !checks.is_some_and(|checks| checks.iter().any(written::Check::names_preset)) {
        return Ok(None);
    }
    let node: Located<Node> = serde_saphyr::from_str_with_options(checker.text, options)
        .map_err(|error| checker.report(yaml_error::problem(&error, checker.text)))?;
    let Some((webhook, verify)) =
        node.key("webhook").and_then(|webhook| Some((webhook, webhook.key("verify")?)))
    else {
        return Ok(None);
    };
    let mut presets = Presets {
        has_public_url: webhook.key("public_url").is_some(),
        used: Vec::new(),
        found: Vec::new(),
        checker,
    };
    let verify = presets.list(verify, Within::All)?;
    let Presets { used, found, checker, .. } = presets;
    let mut keys: Vec<_> = match &**webhook {
        Node::Object(keys) => keys.clone(),
        _ => Vec::new(),
    };
    set(&mut keys, "verify", verify);
    let split_is_written = file.event.split.is_some();
    for (preset, place) in &found {
        complete(&mut keys, preset, place, split_is_written);
    }
    let webhook = webhook.with(Node::Object(keys));
    let expanded = from_node(&webhook).map_err(|error| {
        let told = checker.report(yaml_error::worded(error.place, &error.message));
        name_the_preset(&used, checker);
        told
    })?;
    file.webhook = Some(expanded);
    Ok(Some(Expansion { presets: used, webhook: (*webhook).clone() }))
}

/// Adds the name of the preset to the problems that are about one.
pub(crate) fn name_the_preset(used: &[ExpandedPreset], checker: &mut Checker<'_>) {
    for problem in &mut checker.problems {
        let of = |preset: &&ExpandedPreset| {
            problem.place.is_some_and(|place| preset.places.contains(&place))
        };
        if let Some(preset) = used.iter().find(of)
            && !problem.message.contains("preset `")
        {
            problem.message = format!("in the preset `{}`: {}", preset.name, problem.message);
        }
    }
}

/// Adds the keys that the source leaves out.
fn complete(
    keys: &mut Vec<(String, Located<Node>)>,
    preset: &Preset,
    place: &Located<()>,
    split_is_written: bool,
) {
    if let Node::Object(brought) = &*preset.webhook {
        for (key, value) in brought {
            if is_left_out(keys, key) {
                set(keys, key, moved(value, place));
            }
        }
    }
    let Some(split) = preset.event.split.as_ref().filter(|_| !split_is_written) else { return };
    let mut event = match keys.iter().find(|(key, _)| key == "event") {
        Some((_, event)) => match &**event {
            Node::Object(event) => event.clone(),
            _ => Vec::new(),
        },
        None => Vec::new(),
    };
    if is_left_out(&event, "split") {
        set(&mut event, "split", moved(split, place));
        set(keys, "event", place.with(Node::Object(event)));
    }
}

/// Returns whether a key is missing or has no value.
fn is_left_out(keys: &[(String, Located<Node>)], wanted: &str) -> bool {
    !keys.iter().any(|(key, value)| key == wanted && !matches!(**value, Node::Null))
}

fn set(keys: &mut Vec<(String, Located<Node>)>, wanted: &str, value: Located<Node>) {
    match keys.iter_mut().find(|(key, _)| key == wanted) {
        Some((_, old)) => *old = value,
        None => keys.push((wanted.to_owned(), value)),
    }
}

/// Returns a preset's node with the place where the source names the preset.
fn moved(node: &Located<Node>, place: &Located<()>) -> Located<Node> {
    place.with(match &**node {
        Node::List(list) => Node::List(list.iter().map(|node| moved(node, place)).collect()),
        Node::Object(object) => Node::Object(
            object.iter().map(|(key, node)| (key.clone(), moved(node, place))).collect(),
        ),
        node => node.clone(),
    })
}

/// What a list of checks means.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Within {
    /// Every check has to pass, so a preset's checks can stand among them.
    All,
    /// One check has to pass, so a preset's checks have to stay together.
    Any,
}

struct Presets<'c, 't> {
    has_public_url: bool,
    used: Vec<ExpandedPreset>,
    found: Vec<(Preset, Located<()>)>,
    checker: &'c mut Checker<'t>,
}

impl Presets<'_, '_> {
    /// Returns a list of checks with its presets in place.
    fn list(&mut self, list: &Located<Node>, within: Within) -> Result<Located<Node>, Told> {
        let Node::List(checks) = &**list else { return Ok(list.clone()) };
        let checks = all(checks.iter().map(|check| self.check(check, within)))?;
        Ok(list.with(Node::List(checks.into_iter().flatten().collect())))
    }

    fn check(&mut self, check: &Located<Node>, within: Within) -> Result<Vec<Located<Node>>, Told> {
        let nested = match check.choice() {
            Some(("preset", body)) => return self.preset(body, within),
            Some((kind @ "any", list)) => (kind, self.list(list, Within::Any)?),
            Some((kind @ "all", list)) => (kind, self.list(list, Within::All)?),
            _ => return Ok(vec![check.clone()]),
        };
        Ok(vec![check.with(Node::Object(vec![(nested.0.to_owned(), nested.1)]))])
    }

    fn preset(&mut self, body: &Located<Node>, within: Within) -> Result<Vec<Located<Node>>, Told> {
        let wanted: PresetUse = from_node(body).map_err(|error| {
            self.checker.report(yaml_error::worded(error.place, &error.message))
        })?;
        let preset = self.find(&wanted.name, body.place())?;
        self.needs(&preset, &wanted, body.place())?;
        self.no_empty_keys(&wanted)?;
        let place = body.with(());
        let mut checks = match preset.webhook.key("verify").map(|verify| moved(verify, &place)) {
            Some(verify) => match &*verify {
                Node::List(checks) => checks.clone(),
                _ => Vec::new(),
            },
            None => Vec::new(),
        };
        let mut places: Vec<_> = body.place().into_iter().collect();
        for (key, value) in &wanted.overrides {
            collect_places(value, &mut places);
            checks = overridden(checks, key, value);
        }
        let list = body.with(Node::List(checks));
        let lines = described(&list);
        self.used.push(ExpandedPreset { name: wanted.name, checks: lines, places });
        self.found.push((preset, place));
        Ok(in_place(&list, within))
    }

    fn find(&mut self, name: &str, place: Option<Place>) -> Result<Preset, Told> {
        match presets::preset(name) {
            Some(Ok(preset)) => Ok(preset),
            Some(Err(error)) => Err(self.checker.error(
                place,
                format!("the preset `{name}` of this program cannot be read: {error}"),
            )),
            None => {
                let near = near(name, presets::preset_names());
                let help = match near.as_slice() {
                    [] => "`docs/presets.md` lists them; a vendor without one is described with `hmac`, `token` and the other checks".to_owned(),
                    near => {
                        let near: Vec<_> = near.iter().map(|name| format!("`{name}`")).collect();
                        format!("did you mean {}?", near.join(" or "))
                    }
                };
                let message = format!("there is no preset `{}`", name.escape_debug());
                Err(self.checker.error_with(place, message, help))
            }
        }
    }

    /// Reports keys without a value: they would silently remove what the preset says,
    /// and so what it checks.
    fn no_empty_keys(&mut self, wanted: &PresetUse) -> Result<(), Told> {
        let empty = wanted.overrides.iter().filter(|(_, value)| matches!(**value, Node::Null));
        let mut told = Ok(());
        for (key, value) in empty {
            told = Err(self.checker.error_with(
                value.place(),
                format!("`{key}` of the preset `{}` has no value", wanted.name),
                "write one, or leave the key out for what the preset says",
            ));
        }
        told
    }

    /// Reports what the source leaves out although the preset cannot know it.
    fn needs(
        &mut self,
        preset: &Preset,
        wanted: &PresetUse,
        place: Option<Place>,
    ) -> Result<(), Told> {
        let mut told = Ok(());
        for need in &preset.needs {
            let (key, example) = (need.key(), need.example());
            let (is_given, help) = match need.is_of_webhook() {
                true => (
                    self.has_public_url,
                    format!(
                        "write `{key}: {example}` under `webhook`: the URL that the vendor was given"
                    ),
                ),
                false => (
                    wanted.overrides.iter().any(|(given, _)| given == key),
                    format!("such as `preset: {{ name: {}, {key}: {example} }}`", preset.name),
                ),
            };
            if !is_given {
                let message = format!("the preset `{}` needs `{key}`", preset.name);
                told = Err(self.checker.error_with(place, message, help));
            }
        }
        told
    }
}

/// Returns a preset's checks as they stand in a list.
fn in_place(checks: &Located<Node>, within: Within) -> Vec<Located<Node>> {
    match &**checks {
        Node::List(list) if within == Within::All || list.len() == 1 => list.clone(),
        _ => vec![checks.with(Node::Object(vec![("all".to_owned(), checks.clone())]))],
    }
}

fn collect_places(node: &Located<Node>, places: &mut Vec<Place>) {
    places.extend(node.place());
    match &**node {
        Node::List(list) => list.iter().for_each(|node| collect_places(node, places)),
        Node::Object(object) => {
            object.iter().for_each(|(_, node)| collect_places(node, places));
        }
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn node(text: &str) -> Located<Node> {
        serde_saphyr::from_str(text).unwrap()
    }

    /// The list with its presets in place, and what is said of it.
    fn put_in_place(list: &str, within: Within) -> (Option<Value>, Vec<String>) {
        let mut checker = Checker { text: "", problems: Vec::new() };
        let mut presets = Presets {
            has_public_url: false,
            used: Vec::new(),
            found: Vec::new(),
            checker: &mut checker,
        };
        let list = presets.list(&node(list), within);
        let list = list.ok().map(|list| serde_json::to_value(&list).unwrap());
        (list, checker.problems.iter().map(ToString::to_string).collect())
    }

    #[test]
    fn presets_stand_in_alternatives_and_in_groups() {
        let own = json!({ "token": { "from": "header.t" } });
        let text = "[ { any: [ { preset: github }, { all: [ { preset: stripe }, { token: { from: header.t } } ] } ] } ]";
        let (Some(list), problems) = put_in_place(text, Within::All) else { panic!() };
        assert_eq!(problems, Vec::<String>::new());
        let any = &list[0]["any"];
        assert_eq!(any[0]["hmac"]["text"], "{body}");
        assert_eq!(any[1]["all"][0]["hmac"]["text"], "{timestamp}.{body}");
        assert_eq!(any[1]["all"][1], own);
    }

    #[test]
    fn an_alternative_of_several_checks_stays_one_alternative() {
        let checks = node("[ { token: { from: a } }, { token: { from: b } } ]");
        assert_eq!(in_place(&checks, Within::All).len(), 2);
        let alternative = in_place(&checks, Within::Any);
        assert_eq!(
            serde_json::to_value(&alternative).unwrap(),
            json!([{ "all": [{ "token": { "from": "a" } }, { "token": { "from": "b" } }] }])
        );
        let one = node("[ { token: { from: a } } ]");
        assert_eq!(
            serde_json::to_value(in_place(&one, Within::Any)).unwrap(),
            json!([{ "token": { "from": "a" } }])
        );
    }

    #[test]
    fn every_preset_that_is_wrong_is_told() {
        let (list, problems) =
            put_in_place("[ { preset: githb }, { any: [ { preset: square } ] } ]", Within::All);
        assert_eq!(list, None);
        assert!(problems[0].contains("no preset `githb`"), "{problems:?}");
        assert!(problems[1].contains("needs `public_url`"), "{problems:?}");
    }

    #[test]
    fn what_only_the_preset_takes_is_asked_for_beside_its_name() {
        let preset: Preset = serde_saphyr::from_str(
            "{ preset: x, vendor: X, docs: x, needs: [audience, claims], secrets: {}, webhook: {} }",
        )
        .unwrap();
        let mut checker = Checker { text: "", problems: Vec::new() };
        let mut presets = Presets {
            has_public_url: false,
            used: Vec::new(),
            found: Vec::new(),
            checker: &mut checker,
        };
        let wanted: PresetUse = from_node(&node("{ name: x, claims: { sub: a } }")).unwrap();
        assert!(presets.needs(&preset, &wanted, None).is_err());
        let said: Vec<_> = checker.problems.iter().map(ToString::to_string).collect();
        assert_eq!(
            said,
            [
                "error: the preset `x` needs `audience` (such as `preset: { name: x, audience: https://hooks.example.com/source }`)"
            ]
        );
    }

    #[test]
    fn the_first_preset_that_has_a_key_counts_and_the_source_before_it() {
        let preset = |keys: &str| -> Preset {
            let text = format!(
                "{{ preset: x, vendor: X, docs: x, secrets: {{}}, webhook: {{ {keys} }}, event: {{ split: /{} }} }}",
                keys.len()
            );
            serde_saphyr::from_str(&text).unwrap()
        };
        let place = node("x").with(());
        let complete_all = |own: &str, split_is_written: bool| {
            let Node::Object(mut keys) = (*node(own)).clone() else { panic!("{own}") };
            for preset in [preset("decode: json"), preset("decode: form, max_body: 1MiB")] {
                complete(&mut keys, &preset, &place, split_is_written);
            }
            serde_json::to_value(Node::Object(keys)).unwrap()
        };
        assert_eq!(
            complete_all("{ event: { id: x } }", false),
            json!({ "event": { "id": "x", "split": "/12" }, "decode": "json", "max_body": "1MiB" })
        );
        assert_eq!(
            complete_all("{ decode: ndjson, event: { split: own } }", false),
            json!({ "decode": "ndjson", "event": { "split": "own" }, "max_body": "1MiB" })
        );
        assert_eq!(
            complete_all("{ decode: ndjson }", true),
            json!({ "decode": "ndjson", "max_body": "1MiB" })
        );
    }
}
