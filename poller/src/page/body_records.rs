//! Finding the records of a page in its body.

use mef_source::checked::{MissingRecords, Next, PageDecode, Pages, Records};
use mef_source::{Path, Root};
use serde_json::Value;

use crate::page::decode::content::Content;
use crate::page::instead::Instead;
use crate::page::kind::kind;
use crate::page::page_error::PageError;
use crate::page::record::Unread;

/// Returns the paths of the records that can be taken out before the rest is read. Empty if `next`,
/// `stop` or `renew` reads something in or around them.
pub(super) fn apart_at<'p>(pages: &'p Pages, renewed: &[(String, Path)]) -> &'p [Path] {
    let lists = match &pages.records {
        Records::Lists(lists) => lists.as_slice(),
        Records::Values(map) => std::slice::from_ref(map),
        Records::One(one) => std::slice::from_ref(one),
        Records::Lines => return &[],
    };
    let way = match &pages.next {
        Some(Next::Url { from, .. } | Next::Token { from, .. }) => Some(from),
        _ => None,
    };
    let in_body = |path: &&Path| path.root() != Root::Header;
    let meets = |path: &Path| {
        let mut pairs = lists.iter().map(|list| path.segments().iter().zip(list.segments()));
        pairs.any(|mut pair| pair.all(|(segment, list)| segment == list))
    };
    let renewed = renewed.iter().map(|(_, path)| path);
    let mut others = pages.stop.paths().chain(way).chain(renewed).filter(in_body);
    if others.any(meets) { &[] } else { lists }
}

pub(super) fn how_many(pages: &Pages, content: &Content) -> usize {
    let in_list = |path: &Path, body: &Value| match path.find(body) {
        Some(value) if is_in_elements(pages) => elements(value).count(),
        Some(Value::Array(list)) => list.len(),
        Some(Value::Object(map)) if matches!(pages.records, Records::Values(_)) => map.len(),
        Some(one) if pages.decode == PageDecode::Xml => usize::from(!is_blank(one)),
        _ => 0,
    };
    let in_body = |body: &Value| match &pages.records {
        Records::Lists(paths) => paths.iter().map(|path| in_list(path, body)).sum(),
        Records::Values(path) => in_list(path, body),
        Records::One(path) => usize::from(path.find(body).is_some_and(|record| !record.is_null())),
        Records::Lines => 0,
    };
    let bodies =
        content.bodies.iter().enumerate().filter(|(at, _)| !content.taken_out.contains(at));
    content.records.len() + bodies.map(|(_, body)| in_body(body)).sum::<usize>()
}

pub(super) fn take_records(pages: &Pages, content: &mut Content) -> Result<Vec<Unread>, PageError> {
    let mut all = std::mem::take(&mut content.records);
    for (at, body) in content.bodies.iter_mut().enumerate() {
        if content.taken_out.contains(&at) {
            continue;
        }
        match &pages.records {
            Records::Lines => {}
            Records::One(path) => all.extend(take_one(pages, path, body)?.map(Unread::Value)),
            Records::Lists(paths) => {
                for path in paths {
                    all.extend(take_list(pages, path, body)?.into_iter().map(Unread::Value));
                }
            }
            Records::Values(path) => {
                all.extend(take_list(pages, path, body)?.into_iter().map(Unread::Value));
            }
        }
    }
    Ok(all)
}

fn take_one(pages: &Pages, path: &Path, body: &mut Value) -> Result<Option<Value>, PageError> {
    let may_be_empty = pages.missing_records == MissingRecords::Empty;
    let place = path.pointer();
    match body.pointer_mut(&place).map(Value::take) {
        Some(Value::Null) if may_be_empty => Ok(None),
        None if may_be_empty && is_left_out(pages, path, body) => Ok(None),
        none @ (Some(Value::Null) | None) => {
            let found = none.as_ref().map_or("nothing", kind);
            let instead = Instead::of(body, path.segments(), None);
            Err(PageError::NoRecord { place, found, instead, may_be_empty })
        }
        record => Ok(record),
    }
}

fn take_list(pages: &Pages, path: &Path, body: &mut Value) -> Result<Vec<Value>, PageError> {
    let is_map = matches!(pages.records, Records::Values(_));
    let is_xml = pages.decode == PageDecode::Xml;
    let place = path.pointer();
    Ok(match body.pointer_mut(&place).map(Value::take) {
        Some(within @ (Value::Object(_) | Value::Array(_))) if is_in_elements(pages) => {
            elements(&within).cloned().collect()
        }
        // Some languages write an empty map as a list.
        Some(Value::Array(records)) => records,
        Some(Value::Object(records)) if is_map => records.into_iter().map(|(_, one)| one).collect(),
        // Some servers write an empty list as null, and some what they failed to read.
        Some(Value::Null) if pages.missing_records == MissingRecords::Empty => Vec::new(),
        None if is_left_out(pages, path, body) => Vec::new(),
        // In XML a list of one is just that one, and an empty list is no element or an empty text.
        Some(record) if is_xml && is_blank(&record) => Vec::new(),
        Some(record) if is_xml && !is_map => vec![record],
        other => {
            let found = other.as_ref().map_or("nothing", kind);
            let may_be_empty = pages.missing_records == MissingRecords::Empty;
            let instead = Instead::of(body, path.segments(), other.as_ref());
            return Err(PageError::NoRecords { place, found, instead, may_be_empty });
        }
    })
}

/// Returns whether the records are the elements in an XML element, whatever their names.
fn is_in_elements(pages: &Pages) -> bool {
    pages.decode == PageDecode::Xml && matches!(pages.records, Records::Values(_))
}

/// Returns the elements in an XML element, or in several of one name. Its attributes and its own text
/// are none.
fn elements(within: &Value) -> impl Iterator<Item = &Value> {
    let members = one_or_all(within).iter().filter_map(Value::as_object).flatten();
    let elements = members.filter(|(name, _)| !name.starts_with(['@', '$']));
    elements.flat_map(|(_, elements)| one_or_all(elements))
}

/// Returns the elements of one name, of which XML makes a list if there are several.
fn one_or_all(value: &Value) -> &[Value] {
    match value {
        Value::Array(list) => list,
        one => std::slice::from_ref(one),
    }
}

/// Returns whether a missing value at `path` means that there are no records. What encloses the path has to be there, or else it is another kind of response.
fn is_left_out(pages: &Pages, path: &Path, body: &Value) -> bool {
    let Some((_, enclosing)) = path.segments().split_last() else { return false };
    let (mut found, mut inner) = (0, body);
    while let Some(value) = enclosing.get(found).and_then(|segment| inner.get(segment)) {
        (found, inner) = (found + 1, value);
    }
    let is_whole = found == enclosing.len();
    let may_be_empty = pages.missing_records == MissingRecords::Empty;
    match &pages.decode {
        // In XML an element with nothing in it is left out, and so is what encloses it. The root of
        // a document is always there.
        PageDecode::Xml => {
            found > 0 && (is_whole || may_be_empty) && (inner.is_object() || is_blank(inner))
        }
        _ => may_be_empty && is_whole && inner.is_object(),
    }
}

/// Returns whether `value` is an XML element with nothing in it.
fn is_blank(value: &Value) -> bool {
    value.as_str().is_some_and(|text| text.trim().is_empty())
}
