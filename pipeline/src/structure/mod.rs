//! The fourth stage: from a valid record to the event that MozDef reads from its
//! queue.
//!
//! The fields are those of a MozDef event, the defaults those of the original
//! framework. A value that the record lacks is no error here: the event's field
//! falls back to its default, and that is counted.

mod details;
mod event_time;

use std::borrow::Cow;
use std::collections::BTreeMap;

use jiff::Timestamp;
use mef_ports::queue_text;
use mef_source::checked::{EventSpec, Mapping};
use mef_source::template::{Rendered, Variables};
use mef_source::{Path, Root, Template, event_severity};
use serde::Serialize;
use serde_json::{Map, Value};

use crate::admitted::Context;
use crate::event_id::{Identity, event_id};
use crate::fallbacks::Fallbacks;
use crate::jq::{Input, Programs};
use crate::split::{Record, remove};
use crate::structure::details::Details;
use crate::structure::event_time::{EventTime, event_time};

/// An event as text, its id, and how many of its fields fell back to their
/// defaults.
pub(crate) struct Structured {
    pub(crate) event_id: String,
    pub(crate) body: String,
    pub(crate) fallbacks: Fallbacks,
}

/// Why a record cannot become an event.
#[derive(Debug, thiserror::Error)]
pub(crate) enum StructureError {
    /// A program failed or exceeded its bounds.
    #[error("the jq program of `map.{key}` fails: {reason}")]
    Jq { key: String, reason: String },
    /// The event cannot be written as JSON.
    #[error(transparent)]
    Json(#[from] serde_json::Error),
}

/// Makes the event of one record.
pub(crate) fn structure(
    source: &str,
    spec: &EventSpec,
    programs: &Programs,
    context: &Context,
    record: &Record,
) -> Result<Structured, StructureError> {
    let input = Input::new(context, record.parent.as_deref(), &record.value);
    let scope = EventScope { spec, programs, context, record, input };
    let mut fields = Fields { scope: &scope, fallbacks: Fallbacks::default(), fault: None };
    let event = Event {
        category: fields.text("category", || source.to_owned()),
        details: fields.details(source),
        hostname: fields.text("hostname", || format!("{source}_host")),
        processid: fields.value("processid").unwrap_or_else(|| Cow::Owned(Value::from("none"))),
        processname: fields.text("processname", || source.to_owned()),
        severity: fields.severity(),
        source: fields.text("source", || "api_aws_lambda".to_owned()),
        summary: fields.text("summary", || format!("{source}_event")),
        tags: fields.tags(source),
        timestamp: fields.timestamp(context.received_at),
        eventsource: fields.text("eventsource", || format!("{source}_api")),
    };
    if let Some(fault) = fields.fault {
        return Err(fault);
    }
    let event_id = identity(source, &scope, &mut fields.fallbacks);
    Ok(Structured { event_id, body: queue_text(&event)?, fallbacks: fields.fallbacks })
}

fn identity(source: &str, scope: &EventScope<'_>, fallbacks: &mut Fallbacks) -> String {
    if let Some(template) = &scope.spec.id {
        if let Some(id) = render_text(template, scope) {
            return event_id(source, &Identity::Declared(&id));
        }
        fallbacks.add("id");
    }
    let record = scope.record;
    if let Some(id) = &scope.context.delivery_id {
        return event_id(source, &Identity::Delivery { id, number: &record.number });
    }
    if let Some(id) = &record.cursor_id {
        return event_id(source, &Identity::Cursor(id));
    }
    let parent: Cow<'_, str> = match (&record.parent_digest, &record.parent) {
        (Some(digest), _) => Cow::Borrowed(digest),
        (None, Some(parent)) => Cow::Owned(parent.to_string()),
        (None, None) => Cow::Borrowed(""),
    };
    event_id(source, &Identity::Record { json: &record.value.to_string(), parent: &parent })
}

/// The MozDef event, in the order in which its fields are written.
#[derive(Serialize)]
struct Event<'r> {
    category: Cow<'r, str>,
    details: Details<'r>,
    hostname: Cow<'r, str>,
    processid: Cow<'r, Value>,
    processname: Cow<'r, str>,
    severity: Cow<'r, str>,
    source: Cow<'r, str>,
    summary: Cow<'r, str>,
    tags: Cow<'r, Value>,
    timestamp: Cow<'r, Value>,
    eventsource: Cow<'r, str>,
}

/// What the templates and programs of an event can read.
struct EventScope<'r> {
    spec: &'r EventSpec,
    programs: &'r Programs,
    input: Input<'r>,
    context: &'r Context,
    record: &'r Record,
}

impl Variables for EventScope<'_> {
    fn get<'v>(&'v self, path: &Path) -> Rendered<'v> {
        let text = |map: &'v BTreeMap<String, String>| {
            Rendered::text(map.get(path.name()).map(String::as_str))
        };
        match path.root() {
            Root::Record => Rendered::json(path.find(&self.record.value)),
            Root::Parent => {
                Rendered::json(self.record.parent.as_ref().and_then(|parent| path.find(parent)))
            }
            Root::Header => text(&self.context.headers),
            Root::Query => text(&self.context.query),
            Root::Var => Rendered::json(self.spec.vars.get(path.name())),
            Root::ReceivedAt => Rendered::Time(self.context.received_at),
            Root::DeliveryId => Rendered::text(self.context.delivery_id.as_deref()),
            // The source file was checked: no other root can occur in an event.
            _ => Rendered::Null,
        }
    }
}

/// Renders a template. A value that a filter cannot take counts as missing: only
/// the schema rejects records.
fn render<'v>(template: &'v Template, scope: &'v EventScope<'_>) -> Rendered<'v> {
    template.render(scope).unwrap_or(Rendered::Null)
}

fn render_text(template: &Template, scope: &EventScope<'_>) -> Option<String> {
    let rendered = render(template, scope);
    if rendered.is_null() {
        return None;
    }
    Some(match rendered.to_text() {
        Ok(text) => text.into_owned(),
        Err(_) => rendered.into_json().to_string(),
    })
}

struct Fields<'r> {
    scope: &'r EventScope<'r>,
    fallbacks: Fallbacks,
    /// The first program that failed.
    fault: Option<StructureError>,
}

impl<'r> Fields<'r> {
    /// Returns the mapped value; `None` if the field is not mapped, or if its value
    /// is missing, which is counted.
    fn value(&mut self, name: &str) -> Option<Cow<'r, Value>> {
        let mapping = self.scope.spec.map.get(name)?;
        let value = match map_value(mapping, self.scope) {
            Ok(value) => value,
            Err(reason) => {
                let fault = StructureError::Jq { key: name.to_owned(), reason };
                self.fault.get_or_insert(fault);
                return None;
            }
        };
        if value.is_null() {
            self.fallbacks.add(name);
            return None;
        }
        missing(mapping, &value, name, &mut self.fallbacks);
        Some(value)
    }

    fn text(&mut self, name: &str, default: impl Fn() -> String) -> Cow<'r, str> {
        match self.value(name) {
            None => Cow::Owned(default()),
            Some(Cow::Borrowed(Value::String(text))) => Cow::Borrowed(text),
            Some(value) => match value.into_owned() {
                Value::String(text) => Cow::Owned(text),
                other => Cow::Owned(other.to_string()),
            },
        }
    }

    fn details(&mut self, source: &'r str) -> Details<'r> {
        let mapping = self.scope.spec.map.get("details");
        let is_own = !matches!(mapping, None | Some(Mapping::Pick(_) | Mapping::Omit(_)));
        let details = match self.value("details") {
            Some(value) if is_own && value.is_object() => Details::Own(value),
            Some(value) => Details::Record { source, value },
            None => Details::Record { source, value: Cow::Borrowed(&self.scope.record.value) },
        };
        details.fit_for_an_index(&mut self.fallbacks)
    }

    /// Returns one of MozDef's words. Any other value falls back, as if it were missing: nothing that
    /// looks for a severity would find it.
    fn severity(&mut self) -> Cow<'r, str> {
        const DEFAULT: &str = "INFO";
        let Some(value) = self.value("severity") else { return Cow::Borrowed(DEFAULT) };
        let known = value.as_str().and_then(event_severity);
        if known.is_none() {
            self.fallbacks.add("severity");
        }
        Cow::Borrowed(known.unwrap_or(DEFAULT))
    }

    fn tags(&mut self, source: &str) -> Cow<'r, Value> {
        match self.value("tags") {
            None => Cow::Owned(Value::from(vec![source])),
            // Null is no tag.
            Some(list) if list.as_array().is_some_and(|tags| tags.contains(&Value::Null)) => {
                let mut list = list.into_owned();
                list.as_array_mut().into_iter().for_each(|tags| tags.retain(|tag| !tag.is_null()));
                Cow::Owned(list)
            }
            Some(list) if list.is_array() => list,
            Some(one) => Cow::Owned(Value::Array(vec![one.into_owned()])),
        }
    }

    /// Returns the event's time as RFC 3339. What is no time falls back, as if it were missing: an
    /// index refuses the whole event for it.
    fn timestamp(&mut self, received_at: Timestamp) -> Cow<'r, Value> {
        let Some(value) = self.value("timestamp") else {
            return Cow::Owned(Value::from(received_at.to_string()));
        };
        match event_time(&value) {
            Some(EventTime::AsWritten) => value,
            Some(EventTime::Read(time)) => Cow::Owned(Value::from(time.to_string())),
            None => {
                self.fallbacks.add("timestamp");
                Cow::Owned(Value::from(received_at.to_string()))
            }
        }
    }
}

/// Counts what a mapping of names to templates left out: a path that is wrong gives nothing else.
fn missing(mapping: &Mapping, value: &Value, name: &str, fallbacks: &mut Fallbacks) {
    let (Mapping::Object(mappings), Value::Object(values)) = (mapping, value) else { return };
    for (key, mapping) in mappings {
        let name = format!("{name}.{key}");
        match values.get(key) {
            None => fallbacks.add(&name),
            Some(value) => missing(mapping, value, &name, fallbacks),
        }
    }
}

/// Returns the value of a mapping, or why a program in it failed.
fn map_value<'r>(
    mapping: &'r Mapping,
    scope: &'r EventScope<'r>,
) -> Result<Cow<'r, Value>, String> {
    Ok(match mapping {
        Mapping::Constant(value) => Cow::Borrowed(value),
        Mapping::Template(template) => match render(template, scope) {
            Rendered::Json(value) => value,
            other => Cow::Owned(other.into_json()),
        },
        Mapping::List(list) => {
            let values = list.iter().map(|element| Ok(map_value(element, scope)?.into_owned()));
            Cow::Owned(Value::Array(values.collect::<Result<_, String>>()?))
        }
        Mapping::Object(object) => {
            let mut values = Map::new();
            for (key, mapping) in object {
                let value = map_value(mapping, scope)?;
                // What the record lacks is left out: a reader asks whether the key is there, and takes a
                // null for a value. One that the file writes is meant.
                if !value.is_null() || matches!(mapping, Mapping::Constant(_)) {
                    values.insert(key.clone(), value.into_owned());
                }
            }
            Cow::Owned(Value::Object(values))
        }
        Mapping::Jq(program) => Cow::Owned(scope.programs.value(program, &scope.input)?),
        Mapping::Pick(paths) => Cow::Owned(pick(&scope.record.value, paths)),
        Mapping::Omit(paths) => {
            let mut value = scope.record.value.clone();
            paths.iter().for_each(|path| remove(&mut value, path.segments()));
            Cow::Owned(value)
        }
    })
}

/// Returns the parts of `record` at `paths`, each at the same path as before.
fn pick(record: &Value, paths: &[Path]) -> Value {
    let mut picked = Map::new();
    for path in paths {
        let Some(found) = path.find(record) else { continue };
        let Some((last, before)) = path.segments().split_last() else { return record.clone() };
        let holder = before.iter().try_fold(&mut picked, |holder, segment| {
            let entry = holder.entry(segment.clone()).or_insert_with(|| Value::Object(Map::new()));
            entry.as_object_mut()
        });
        if let Some(holder) = holder {
            holder.insert(last.clone(), found.clone());
        }
    }
    Value::Object(picked)
}
