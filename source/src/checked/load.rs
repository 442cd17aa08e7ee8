//! The only way from the text of a source file to what it means.

use aws_lc_rs::digest::{Context, SHA256};
use serde_json::{Map, Value};

use super::checker::{Checker, Told};
use super::constant::constant;
use super::event::EventSpec;
use super::poll::Poll;
use super::source::Source;
use super::webhook::Webhook;
use super::webhook::preset::{ExpandedPreset, Expansion};
use super::webhook::preset::{expand, name_the_preset};
use crate::checked::yaml_error;
use crate::name::SourceName;
use crate::presets::text_of;
use crate::problem::Problem;
use crate::written::{Located, Node, SourceFile};

/// A source that was loaded, and what a person should still look at.
#[derive(Debug)]
pub struct Loaded {
    /// The source.
    pub source: Source,
    /// Warnings.
    pub warnings: Vec<Problem>,
    /// What its presets became, if it names any.
    pub expansion: Option<Expansion>,
}

/// Loads the source file `text`.
///
/// `files` reads a file beside it, by name; its error is shown to the user.
/// There is no other I/O.
///
/// # Errors
///
/// Returns every problem, including the warnings, if one of them is an error.
pub fn load(
    text: &str,
    files: &dyn Fn(&str) -> Result<String, String>,
) -> Result<Loaded, Vec<Problem>> {
    // YAML 1.2: `no` and `on` are words, not booleans.
    let options = serde_saphyr::options! { strict_booleans: true };
    let mut written: SourceFile = serde_saphyr::from_str_with_options(text, options.clone())
        .map_err(|error| vec![yaml_error::problem(&error, text)])?;
    let mut checker = Checker { text, problems: Vec::new() };
    let expansion = expand(&mut written, options, &mut checker).ok().flatten();
    let presets = expansion.as_ref().map_or(&[][..], |expansion| &expansion.presets);
    let source = check(&written, presets, files, &mut checker);
    name_the_preset(presets, &mut checker);
    checker.problems.sort_by_key(|problem| problem.place.map(|place| (place.line, place.column)));
    // What webhook and poll share is read once for each.
    let mut told: Vec<Problem> = Vec::new();
    checker.problems.retain(|problem| {
        let new = !told.contains(problem);
        told.extend(new.then(|| problem.clone()));
        new
    });
    match source {
        Ok(source) if checker.told().is_none() => {
            Ok(Loaded { source, warnings: checker.problems, expansion })
        }
        _ => Err(checker.problems),
    }
}

/// Reads the value of a variable, and reports text that looks like a template: it
/// would be sent as it stands.
fn variable(node: &Located<Node>, checker: &mut Checker<'_>) -> Value {
    let value = constant(node, checker);
    let text = value.to_string();
    if let Some(word) = ["{secret.", "{var."].into_iter().find(|word| text.contains(word)) {
        checker.error_with(
            node.place(),
            format!("a variable is a constant, in which `{word}…}}` stands for nothing"),
            format!("write `{word}…}}` where the variable is used"),
        );
    }
    value
}

fn check(
    written: &SourceFile,
    presets: &[ExpandedPreset],
    files: &dyn Fn(&str) -> Result<String, String>,
    checker: &mut Checker<'_>,
) -> Result<Source, Told> {
    if let Some(version) = written.version.as_ref().filter(|version| ***version != 1) {
        checker.error_with(
            version.place(),
            format!("this file's format has version {}, which is not known", **version),
            "the only version is 1",
        );
    }
    let name = SourceName::new(&written.source).ok_or_else(|| {
        checker.error_with(
            written.source.place(),
            format!("`{}` is not a source's name", written.source.escape_debug()),
            "use `a-z`, `0-9`, `-` and `_`, at most 64, beginning with a letter or digit",
        )
    });
    if written.source.as_str() == SourceName::HEALTH {
        checker.error_with(
            written.source.place(),
            format!("no source can have the name `{}`", SourceName::HEALTH),
            "a load balancer asks there whether `mef run` can take webhooks: use another name",
        );
    }
    if written.webhook.is_none() && written.poll.is_none() {
        checker.error_with(
            written.source.place(),
            "the source has neither `webhook` nor `poll`",
            "say how its events come; a `webhook:` with nothing in it says nothing",
        );
    }
    let vars: Map<String, Value> = written.poll.as_ref().map_or_else(Map::new, |poll| {
        poll.vars.iter().map(|(name, node)| (name.clone(), variable(node, checker))).collect()
    });
    let mut event = |own| EventSpec::check(&written.event, own, vars.clone(), files, checker);
    let webhook_event = written.webhook.as_ref().map(|webhook| event(webhook.event.as_ref()));
    let poll_event = written.poll.as_ref().map(|poll| event(poll.event.as_ref()));
    let lacks_id = |event: &Option<EventSpec>| event.as_ref().is_some_and(|e| e.id.is_none());
    if webhook_event.is_some()
        && poll_event.is_some()
        && (lacks_id(&webhook_event) || lacks_id(&poll_event))
    {
        checker.error_with(
            written.source.place(),
            "a source that is pushed and pulled needs `event.id` for both",
            "by it an event that comes both ways is known to be one; `webhook.event.id` and `poll.event.id` may differ",
        );
    }
    let presets = presets.iter().filter_map(|preset| text_of(&preset.name));
    let auth = written.poll.as_ref().and_then(|poll| poll.auth.as_ref()?.preset_text());
    let presets: Vec<_> = presets.chain(auth).collect();
    let version = version(checker.text, &presets, [&webhook_event, &poll_event]);
    let webhook = written
        .webhook
        .as_ref()
        .zip(webhook_event)
        .map(|(webhook, event)| Webhook::check(webhook, event, checker));
    let poll = written
        .poll
        .as_ref()
        .zip(poll_event)
        .map(|(poll, event)| Poll::check(poll, &vars, event, checker));
    Ok(Source {
        name: name?,
        description: written.description.clone(),
        version,
        webhook: webhook.transpose()?,
        poll: poll.transpose()?,
    })
}

fn version(text: &str, presets: &[&str], events: [&Option<EventSpec>; 2]) -> String {
    let schemas: Vec<_> = events
        .into_iter()
        .flatten()
        .filter_map(|event| event.schema.as_ref())
        .map(|schema| schema.json.to_string())
        .collect();
    let texts = std::iter::once(text)
        .chain(presets.iter().copied())
        .chain(schemas.iter().map(String::as_str));
    digest(texts.map(str::as_bytes))
}

/// Returns the first 16 hexadecimal digits of SHA-256 over all `parts`.
fn digest<'p>(parts: impl IntoIterator<Item = &'p [u8]>) -> String {
    let mut context = Context::new(&SHA256);
    for part in parts {
        context.update(part);
        context.update(b"\0");
    }
    let mut hex = hex::encode(context.finish());
    hex.truncate(16);
    hex
}
