//! The fourth stage: from a valid record to the event that MozDef reads from its
//! queue.
//!
//! The fields are those of a MozDef event, the defaults those of the original
//! framework. A value that the record lacks is no error here: the event's field
//! falls back to its default, and that is counted.

use std::borrow::Cow;
use std::collections::BTreeMap;

use jiff::Timestamp;
use mef_ports::queue_text;
use mef_source::checked::{EventSpec, Mapping, TimeFormat};
use mef_source::template::{Rendered, Variables};
use mef_source::{Path, Root, Template};
use serde::{Serialize, Serializer};
use serde_json::{Map, Value};

use crate::admitted::Context;
use crate::event_id::{Identity, event_id};
use crate::fallbacks::Fallbacks;
use crate::jq::{Input, Programs};
use crate::split::{Record, remove};

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
        details: fields.details(),
        hostname: fields.text("hostname", || format!("{source}_host")),
        processid: fields.value("processid").unwrap_or_else(|| Cow::Owned(Value::from("none"))),
        processname: fields.text("processname", || source.to_owned()),
        severity: fields.text("severity", || "INFO".to_owned()),
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

/// The field `details`. MozDef needs an object there; any other value goes under `value`.
struct Details<'r>(Cow<'r, Value>);

impl Serialize for Details<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self.0.as_ref() {
            object @ Value::Object(_) => object.serialize(serializer),
            other => serializer.collect_map([("value", other)]),
        }
    }
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
        nulls(mapping, &value, name, &mut self.fallbacks);
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

    fn details(&mut self) -> Details<'r> {
        Details(self.value("details").unwrap_or(Cow::Borrowed(&self.scope.record.value)))
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
        let rfc3339 = |time: Timestamp| Cow::Owned(Value::from(time.to_string()));
        let Some(value) = self.value("timestamp") else { return rfc3339(received_at) };
        let text = match value.as_ref() {
            Value::String(text) => Cow::Borrowed(text.as_str()),
            other => Cow::Owned(other.to_string()),
        };
        if TimeFormat::Rfc3339.read(&text).is_some() {
            return value;
        }
        if let Some(time) = TimeFormat::Auto.read(&text) {
            return rfc3339(time);
        }
        self.fallbacks.add("timestamp");
        rfc3339(received_at)
    }
}

/// Counts what a mapping of names to templates left null: nobody means to write a null, and a path that
/// is wrong gives nothing else.
fn nulls(mapping: &Mapping, value: &Value, name: &str, fallbacks: &mut Fallbacks) {
    let (Mapping::Object(mappings), Value::Object(values)) = (mapping, value) else { return };
    for (key, mapping) in mappings {
        match values.get(key) {
            Some(Value::Null) if !matches!(mapping, Mapping::Constant(_)) => {
                fallbacks.add(&format!("{name}.{key}"));
            }
            Some(value @ Value::Object(_)) => {
                nulls(mapping, value, &format!("{name}.{key}"), fallbacks);
            }
            _ => {}
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
            let entries = object
                .iter()
                .map(|(key, mapping)| Ok((key.clone(), map_value(mapping, scope)?.into_owned())));
            Cow::Owned(Value::Object(entries.collect::<Result<_, String>>()?))
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
