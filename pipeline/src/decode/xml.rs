//! XML as JSON. An element is an object of its attributes (`@name`) and its elements. Elements of
//! one name are a list; an element with only text is that text.

use std::io::BufRead;

use quick_xml::errors::IllFormedError;
use quick_xml::escape::resolve_predefined_entity;
use quick_xml::events::{BytesStart, Event};
use quick_xml::reader::Reader;
use quick_xml::{Error, XmlVersion};
use serde_json::{Map, Value};

use super::error::DecodeError;
use super::json::MOST_LEVELS;

/// Why a document cannot be read.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum XmlError {
    /// It ends too early, or was garbled on its way.
    #[error("{0}")]
    CutOff(String),
    /// It will be no other the next time.
    #[error("{0}")]
    Other(String),
    /// It has more values than may be held.
    #[error("more than {0} values")]
    TooManyValues(usize),
    /// It has more records than are taken at once.
    #[error("more than {0} records")]
    TooManyRecords(usize),
}

impl XmlError {
    /// Returns the error of a document in which no record's end can be found either.
    pub(super) fn without_borders(self) -> XmlError {
        let told = |reason| format!("where its records end cannot be found: {reason}");
        match self {
            XmlError::CutOff(reason) => XmlError::CutOff(told(reason)),
            XmlError::Other(reason) => XmlError::Other(told(reason)),
            error => error,
        }
    }
}

impl From<XmlError> for DecodeError {
    fn from(error: XmlError) -> DecodeError {
        match error {
            XmlError::TooManyValues(most) => DecodeError::TooManyValues(most),
            XmlError::TooManyRecords(most) => DecodeError::TooManyRecords(most),
            error => DecodeError::Xml(error.to_string()),
        }
    }
}

fn broken(reason: impl ToString) -> XmlError {
    XmlError::CutOff(reason.to_string())
}

fn other(reason: impl ToString) -> XmlError {
    XmlError::Other(reason.to_string())
}

/// How many values a document may have, and how many it has.
struct Values {
    most: usize,
    count: usize,
}

impl Values {
    fn take(&mut self) -> Result<(), XmlError> {
        self.count += 1;
        if self.count > self.most { Err(XmlError::TooManyValues(self.most)) } else { Ok(()) }
    }
}

/// An element while it is read.
#[derive(Default)]
struct Element {
    name: String,
    members: Map<String, Value>,
    text: String,
}

/// Reads a document of at most `most` values, and returns how many it has. Only XML's own five entities
/// are known, so that none can grow.
///
/// # Errors
///
/// Fails if it is not XML, was cut off, declares something itself, or has more values.
pub fn read_xml(document: impl BufRead, most: usize) -> Result<(Value, usize), XmlError> {
    let mut values = Values { most, count: 0 };
    let mut reader = Reader::from_reader(document);
    let mut buffer = Vec::new();
    // The document holds the root.
    let mut open = vec![Element::default()];
    loop {
        buffer.clear();
        let event = reader.read_event_into(&mut buffer).map_err(unreadable)?;
        let Some(current) = open.last_mut() else { return Err(other("it is not nested")) };
        match event {
            Event::Start(start) => {
                if open.len() > MOST_LEVELS {
                    let reason = format!("nested more than {MOST_LEVELS} levels deep");
                    return Err(other(reason));
                }
                open.push(begin(&start, &mut values)?);
            }
            Event::Empty(start) => {
                let element = begin(&start, &mut values)?;
                current.add(element);
            }
            Event::End(_) => {
                let element = open.pop().unwrap_or_default();
                let parent = open.last_mut().ok_or_else(|| other("it is not nested"))?;
                parent.add(element);
            }
            Event::Text(text) => current.text.push_str(&text.xml10_content()),
            Event::CData(text) => current.text.push_str(&text.xml10_content()),
            Event::GeneralRef(entity) => match entity.resolve_char_ref().map_err(other)? {
                Some(character) => current.text.push(character),
                None => match resolve_predefined_entity(&entity) {
                    Some(text) => current.text.push_str(text),
                    None => return Err(other("an entity is not known")),
                },
            },
            // What a document type refers to is never fetched, and what it declares may grow.
            Event::DocType(kind) if kind.contains('[') => {
                return Err(other("a document type with declarations is not taken"));
            }
            Event::DocType(_) => {}
            Event::Comment(_) | Event::Decl(_) | Event::PI(_) => {}
            Event::Eof => break,
        }
    }
    match open.as_mut_slice() {
        [document] if !document.members.is_empty() => {
            Ok((Value::Object(std::mem::take(&mut document.members)), values.count))
        }
        _ => Err(broken("it ends before its root does")),
    }
}

/// A document that is not well-formed will be so again; everything else may be an end that came too
/// early.
fn unreadable(error: Error) -> XmlError {
    match error {
        Error::IllFormed(IllFormedError::UnclosedReference) => broken(error),
        Error::IllFormed(_) | Error::InvalidAttr(_) => other(error),
        error => broken(error),
    }
}

fn begin(start: &BytesStart<'_>, values: &mut Values) -> Result<Element, XmlError> {
    values.take()?;
    let name = start.name().as_ref().to_owned();
    let mut element = Element { name, ..Element::default() };
    for attribute in start.attributes() {
        values.take()?;
        let attribute = attribute.map_err(other)?;
        let value = attribute.normalized_value(XmlVersion::Implicit1_0).map_err(other)?;
        let name = format!("@{}", attribute.key.as_ref());
        element.members.insert(name, Value::from(value.into_owned()));
    }
    Ok(element)
}

impl Element {
    fn add(&mut self, element: Element) {
        let name = element.name.clone();
        let value = element.into_value();
        match self.members.get_mut(&name) {
            None => {
                self.members.insert(name, value);
            }
            Some(Value::Array(list)) => list.push(value),
            Some(first) => *first = Value::Array(vec![first.take(), value]),
        }
    }

    fn into_value(mut self) -> Value {
        if self.members.is_empty() {
            return Value::String(self.text);
        }
        let text = self.text.trim();
        if !text.is_empty() {
            self.members.insert("$text".to_owned(), Value::from(text));
        }
        Value::Object(self.members)
    }
}
