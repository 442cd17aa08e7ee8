//! Conditions on a response: its status, headers and body.

use std::ops::RangeInclusive;

use regex::Regex;
use serde_json::Value;

use crate::checked::checker::{Checker, Told, all};
use crate::path::{Path, Root, is_header_name};
use crate::written::{self, Located, Node};

/// Which responses are meant; all of this holds.
#[derive(Clone, Debug)]
pub struct ResponseWhen {
    /// The statuses.
    pub status: Statuses,
    /// Headers, by their names in lower case, each with what it must be.
    pub headers: Vec<(String, Condition)>,
    /// Paths in a body of JSON or XML, each with what the value must be.
    pub body: Vec<(Path, Condition)>,
}

/// Statuses of a response; no range stands for all statuses.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Statuses(Vec<RangeInclusive<u16>>);

impl Statuses {
    /// Returns whether `status` is one of them.
    pub fn contains(&self, status: u16) -> bool {
        self.0.is_empty() || self.0.iter().any(|range| range.contains(&status))
    }

    /// Returns the ranges; none for all statuses.
    pub(crate) fn ranges(&self) -> &[RangeInclusive<u16>] {
        &self.0
    }

    fn all(&self) -> impl Iterator<Item = u16> {
        (100..=599).filter(|status| self.contains(*status))
    }
}

/// What a value must be.
#[derive(Clone, Debug)]
pub enum Condition {
    /// One of these: texts, numbers or booleans.
    OneOf(Vec<Value>),
    /// A text that the expression matches from beginning to end.
    Matches(Regex),
    /// Neither missing nor `null`, `false`, an empty text, list or object.
    NotEmpty,
}

impl Condition {
    /// Returns whether a text is what it must be.
    pub fn holds_for_text(&self, text: &str) -> bool {
        match self {
            Condition::OneOf(values) => values.iter().any(|value| plain(value) == text),
            Condition::Matches(regex) => regex.is_match(text),
            Condition::NotEmpty => !text.is_empty(),
        }
    }

    /// Returns whether a value of a body is what it must be.
    pub fn holds(&self, value: Option<&Value>) -> bool {
        match value {
            None | Some(Value::Null) => false,
            Some(Value::String(text)) => self.holds_for_text(text),
            Some(value) => match self {
                Condition::OneOf(values) => values.contains(value),
                Condition::Matches(regex) => match value {
                    Value::Number(number) => regex.is_match(&number.to_string()),
                    _ => false,
                },
                Condition::NotEmpty => match value {
                    Value::Array(list) => !list.is_empty(),
                    Value::Object(object) => !object.is_empty(),
                    Value::Bool(value) => *value,
                    _ => true,
                },
            },
        }
    }
}

impl PartialEq for Condition {
    fn eq(&self, other: &Condition) -> bool {
        match (self, other) {
            (Condition::OneOf(a), Condition::OneOf(b)) => a == b,
            (Condition::Matches(a), Condition::Matches(b)) => a.as_str() == b.as_str(),
            (Condition::NotEmpty, Condition::NotEmpty) => true,
            _ => false,
        }
    }
}

fn plain(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        other => other.to_string(),
    }
}

impl ResponseWhen {
    /// Returns whether it reads the bodies of responses with `status`.
    pub fn reads_body(&self, status: u16) -> bool {
        !self.body.is_empty() && self.status.contains(status)
    }

    /// Returns whether it depends on the status alone.
    pub(crate) fn is_by_status_alone(&self) -> bool {
        self.headers.is_empty() && self.body.is_empty()
    }

    /// Returns whether every response that `other` means is meant here too.
    pub(crate) fn covers(&self, other: &ResponseWhen) -> bool {
        other.status.all().all(|status| self.status.contains(status))
            && self.headers.iter().all(|condition| other.headers.contains(condition))
            && self.body.iter().all(|condition| other.body.contains(condition))
    }

    pub(crate) fn check(
        when: &Located<written::AnswerWhen>,
        checker: &mut Checker<'_>,
    ) -> Result<ResponseWhen, Told> {
        let status = when.status.as_ref().map(|node| statuses(node, checker)).transpose();
        if when.status.is_none() && when.header.is_empty() && when.body.is_empty() {
            return Err(checker.error_with(
                when.place(),
                "this is about every answer",
                "say which: `status`, `header` or `body`",
            ));
        }
        let headers = all(when.header.iter().map(|(name, node)| {
            if !is_header_name(name) {
                let message = format!("`{name}` is not a header's name");
                return Err(checker.error(node.place(), message));
            }
            Ok((name.to_ascii_lowercase(), condition(node, checker)?))
        }));
        let body = all(when.body.iter().map(|(path, node)| {
            let path = checker.path_at(node.place(), path, &[Root::Record]);
            let condition = condition(node, checker);
            Ok((path?, condition?))
        }));
        Ok(ResponseWhen { status: status?.unwrap_or_default(), headers: headers?, body: body? })
    }
}

fn statuses(node: &Located<Node>, checker: &mut Checker<'_>) -> Result<Statuses, Told> {
    let ranges: Option<Vec<_>> = match &**node {
        Node::List(list) if !list.is_empty() => list.iter().map(|node| range(node)).collect(),
        one => range(one).map(|range| vec![range]),
    };
    ranges.map(Statuses).ok_or_else(|| {
        checker.error_with(
            node.place(),
            "`status` is not a status",
            "write `403`, `5xx`, or a list of such; redirects are followed and never come here",
        )
    })
}

fn range(node: &Node) -> Option<RangeInclusive<u16>> {
    let range = match node {
        Node::Number(number) => {
            let status = u16::try_from(number.as_u64()?).ok()?;
            status..=status
        }
        Node::Text(text) => {
            let class: u16 = text.strip_suffix("xx")?.parse().ok()?;
            class.checked_mul(100)?..=class.checked_mul(100)?.checked_add(99)?
        }
        _ => return None,
    };
    ((200..=299).contains(range.start()) || (400..=599).contains(range.start())).then_some(range)
}

fn condition(node: &Located<Node>, checker: &mut Checker<'_>) -> Result<Condition, Told> {
    match &**node {
        Node::List(list) if !list.is_empty() => {
            let values: Option<_> = list.iter().map(|node| scalar(node)).collect();
            if let Some(values) = values {
                return Ok(Condition::OneOf(values));
            }
        }
        Node::Object(_) => match node.choice() {
            Some(("not_empty", value)) if matches!(**value, Node::Bool(true)) => {
                return Ok(Condition::NotEmpty);
            }
            Some(("matches", value)) => {
                if let Node::Text(text) = &**value {
                    return Regex::new(&format!("^(?s:{text})$")).map(Condition::Matches).map_err(
                        |_| {
                            let message = format!("`{text}` is not a regular expression");
                            checker.error(value.place(), message)
                        },
                    );
                }
            }
            _ => {}
        },
        one => {
            if let Some(value) = scalar(one) {
                return Ok(Condition::OneOf(vec![value]));
            }
        }
    }
    Err(checker.error_with(
        node.place(),
        "this is no value to compare with",
        "write a text, a number or a boolean, a list of such, `{ matches: REGEX }` or `{ not_empty: true }`",
    ))
}

fn scalar(node: &Node) -> Option<Value> {
    match node {
        Node::Bool(value) => Some((*value).into()),
        Node::Number(number) => Some(number.clone().into()),
        Node::Text(text) => Some(text.clone().into()),
        Node::Null | Node::List(_) | Node::Object(_) => None,
    }
}
