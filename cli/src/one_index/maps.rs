//! What the maps of a source say of its events' fields, without a record.

use mef_source::checked::{EventSpec, Mapping};
use mef_source::template::Filter;
use mef_source::{Path, Root, Source, Template};
use serde_json::Value;

use super::events::{ADDRESSES, value};
use super::fields::{Fields, Kind, Seen};

/// Notes what the maps of `source` make of `details`; returns what an index may refuse.
pub(super) fn note(source: &Source, seen: &Seen, fields: &mut Fields) -> Vec<String> {
    let of_webhook = source.webhook.iter().map(|webhook| &webhook.event);
    let mut refused = Vec::new();
    for spec in of_webhook.chain(source.poll.iter().map(|poll| &poll.event)) {
        let mut path = vec!["details".to_owned()];
        match spec.map.get("details") {
            None | Some(Mapping::Pick(_) | Mapping::Omit(_)) => {
                path.push(source.name.to_string());
                fields.note(&path, Kind::Object, seen);
            }
            Some(mapping) => {
                note_mapping(spec, &mut path, mapping, seen, fields);
                refused.extend(addresses(mapping));
            }
        }
    }
    refused.dedup();
    refused
}

fn note_mapping(
    spec: &EventSpec,
    path: &mut Vec<String>,
    mapping: &Mapping,
    seen: &Seen,
    fields: &mut Fields,
) {
    let kind = match mapping {
        Mapping::Constant(constant) => return value(path, constant, seen, fields),
        Mapping::Template(template) => of_template(spec, template),
        Mapping::List(elements) => {
            return elements
                .iter()
                .for_each(|element| note_mapping(spec, path, element, seen, fields));
        }
        Mapping::Object(members) => {
            for (name, member) in members {
                let before = path.len();
                path.extend(name.split('.').map(str::to_owned));
                note_mapping(spec, path, member, seen, fields);
                path.truncate(before);
            }
            Some(Kind::Object)
        }
        Mapping::Pick(_) | Mapping::Omit(_) => Some(Kind::Object),
        Mapping::Jq(_) => None,
    };
    if let Some(kind) = kind {
        fields.note(path, kind, seen);
    }
}

/// Returns the kind of value that a template gives, if that can be told.
fn of_template(spec: &EventSpec, template: &Template) -> Option<Kind> {
    let Some((path, filters)) = template.as_value() else { return Some(Kind::Text) };
    match filters.iter().rfind(|filter| !matches!(filter, Filter::Default(_))) {
        None => of_path(spec, path),
        Some(
            Filter::Epoch | Filter::EpochMs | Filter::EpochUs | Filter::EpochNs | Filter::Plus(_),
        ) => Some(Kind::Number),
        Some(Filter::Lookup(_)) => None,
        Some(_) => Some(Kind::Text),
    }
}

fn of_path(spec: &EventSpec, path: &Path) -> Option<Kind> {
    match path.root() {
        Root::Record => {
            let schema = &*spec.schema.as_ref()?.json;
            let found = path.segments().iter().try_fold(schema, |schema, segment| {
                schema.get("properties")?.get(segment.as_str())
            })?;
            match found.get("type").and_then(Value::as_str)? {
                "object" => Some(Kind::Object),
                "string" => Some(Kind::Text),
                "integer" | "number" => Some(Kind::Number),
                "boolean" => Some(Kind::Boolean),
                _ => None,
            }
        }
        Root::Header | Root::Query | Root::ReceivedAt | Root::DeliveryId => Some(Kind::Text),
        _ => None,
    }
}

/// Returns the addresses that a vendor may write as something else.
fn addresses(details: &Mapping) -> Vec<String> {
    let Mapping::Object(members) = details else { return Vec::new() };
    let is_held = |template: &Template| {
        let filters = template.as_value().map(|(_, filters)| filters);
        filters.is_some_and(|filters| filters.contains(&Filter::Ip))
    };
    let told = members.iter().filter_map(|(name, mapping)| match mapping {
        Mapping::Template(template) if ADDRESSES.contains(&name.as_str()) && !is_held(template) => {
            Some(format!(
                "`details.{name}` may be no IP address, and MozDef's index takes nothing else there: \
                 end its template with `|ip`"
            ))
        }
        _ => None,
    });
    told.collect()
}
