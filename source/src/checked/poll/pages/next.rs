//! The way from page to page.

use std::fmt;

use serde_json::Value;

use crate::checked::checker::Told;
use crate::checked::constant::constant;
use crate::checked::poll::request::scope::RequestScope;
use crate::path::{Path, Root};
use crate::problem::Place;
use crate::written::{self, Located, Node, Take, TokenFormat};

/// Where a page may say how to go on.
pub(crate) const PAGE_ROOTS: &[Root] = &[Root::Record, Root::Header];

/// Where a page says how to get the next.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Next {
    /// A link in the `Link` header.
    Link {
        /// Its relation.
        relation: String,
        /// What of it leads on.
        take: Take,
    },
    /// A URL in the body or in a header.
    Url {
        /// Where it is.
        from: Path,
        /// What of it leads on.
        take: Take,
        /// Values that mean that there is none.
        none: Vec<Value>,
    },
    /// A token.
    Token {
        /// Where the token is: in the body or in a header.
        from: Path,
        /// What it is.
        form: TokenForm,
        /// What takes it in the next request.
        to: Option<Slot>,
        /// Values that mean that there is none.
        none: Vec<Value>,
        /// Whether the vendor keeps the place under the token, which may stay the same.
        again: bool,
    },
    /// The page's number.
    Page {
        /// What takes it in every request.
        to: Option<Slot>,
        /// The first page's.
        start: u64,
    },
    /// How many records to pass over.
    Offset {
        /// What takes it in every request.
        to: Option<Slot>,
        /// The first page's.
        start: u64,
        /// By how much it grows; `None` for the number of records on the page.
        step: Option<u64>,
    },
    /// A value of the last record.
    Last {
        /// Where the record has it.
        from: Path,
        /// What is added to it.
        plus: u64,
        /// What takes it in the next request.
        to: Option<Slot>,
    },
    /// The same request again: the vendor keeps the position.
    Again,
}

/// What a token is, and how it is sent back.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum TokenForm {
    /// A text or a number.
    Text,
    /// A list of texts or numbers, sent as one text with this between them.
    Joined(String),
    /// A list or an object, or the text of one, sent as JSON.
    Json,
}

/// The part of a request that takes the way to a page.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Slot {
    /// A query parameter.
    Query(String),
    /// A header.
    Header(String),
    /// A place in the JSON body.
    Json(Path),
    /// A field of the form.
    Form(String),
}

impl Next {
    /// Returns the part of a request that takes the way to a page, if the file names it.
    pub fn slot(&self) -> Option<&Slot> {
        match self {
            Next::Link { .. } | Next::Url { .. } | Next::Again => None,
            Next::Token { to, .. }
            | Next::Page { to, .. }
            | Next::Offset { to, .. }
            | Next::Last { to, .. } => to.as_ref(),
        }
    }

    /// Returns what templates call the way to a page: `{page.NAME}`.
    pub fn variable(&self) -> Option<&'static str> {
        match self {
            Next::Link { .. } | Next::Url { .. } | Next::Again => None,
            Next::Token { .. } => Some("token"),
            Next::Page { .. } => Some("number"),
            Next::Offset { .. } => Some("offset"),
            Next::Last { .. } => Some("last"),
        }
    }

    /// Returns whether no page says that it is the last. Then a page without records is
    /// the last, unless something else on it says that there are more.
    pub fn never_ends(&self) -> bool {
        matches!(self, Next::Page { .. } | Next::Offset { .. } | Next::Last { .. }) || self.moves()
    }

    /// Returns whether it leads on from a page without records.
    pub fn passes_empty_pages(&self) -> bool {
        matches!(
            self,
            Next::Page { .. }
                | Next::Offset { step: Some(_), .. }
                | Next::Token { again: true, .. }
        )
    }

    /// Returns whether the vendor keeps the place, so that a request for a later page brings
    /// another one each time.
    pub fn moves(&self) -> bool {
        matches!(self, Next::Again | Next::Token { again: true, .. })
    }

    /// Returns whether a page names the URL of the next.
    pub fn is_url(&self) -> bool {
        matches!(self, Next::Link { .. } | Next::Url { .. })
    }

    /// Returns where a count of pages or records begins.
    pub fn start(&self) -> Option<u64> {
        match self {
            Next::Page { start, .. } | Next::Offset { start, .. } => Some(*start),
            // The count is not sent; it tells one page from another.
            Next::Again => Some(1),
            _ => None,
        }
    }
}

impl fmt::Display for Next {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Next::Link { relation, .. } => write!(f, "link `{relation}` in its header"),
            Next::Url { from, .. } => write!(f, "URL at `{from}`"),
            Next::Token { from, .. } => write!(f, "token at `{from}`"),
            Next::Page { .. } => f.write_str("number"),
            Next::Offset { .. } => f.write_str("offset"),
            Next::Last { from, .. } => write!(f, "value at `{from}` in a record"),
            Next::Again => f.write_str("way to the same request again"),
        }
    }
}

/// The keys that say what takes the way to a page.
struct WrittenSlot<'w> {
    query: Option<&'w Located<String>>,
    header: Option<&'w Located<String>>,
    json: Option<&'w Located<String>>,
    form: Option<&'w Located<String>>,
}

macro_rules! slot_of {
    ($written:expr) => {
        WrittenSlot {
            query: $written.query.as_ref(),
            header: $written.header.as_ref(),
            json: $written.json.as_ref(),
            form: $written.form.as_ref(),
        }
    };
}

impl RequestScope<'_, '_> {
    pub(crate) fn next(&mut self, written: &Located<written::Next>) -> Result<Next, Told> {
        let place = written.place();
        match &**written {
            written::Next::Link(link) => {
                let relation = link.rel.clone();
                self.not_empty(&link.with(relation.clone()), "a link relation, such as `next`")?;
                Ok(Next::Link { relation, take: link.take })
            }
            written::Next::Url(url) => {
                let from = self.checker.path(&url.with(url.from.clone()), PAGE_ROOTS)?;
                Ok(Next::Url { from, take: url.take, none: self.constants(&url.none) })
            }
            written::Next::Token(token) => {
                let from = self.checker.path(&token.from, PAGE_ROOTS)?;
                let form = match (&token.join, token.format) {
                    (None, None) => TokenForm::Text,
                    (Some(between), None) => TokenForm::Joined(between.clone()),
                    (None, Some(TokenFormat::Json)) => TokenForm::Json,
                    (Some(_), Some(_)) => {
                        return Err(self.checker.error_with(
                            place,
                            "a token is sent back as one text or as JSON, not both",
                            "write `join` or `format`",
                        ));
                    }
                };
                let none = self.constants(&token.none);
                let again = token.again.as_ref().is_some_and(|again| **again);
                Ok(Next::Token { from, form, to: self.slot(&slot_of!(token), place)?, none, again })
            }
            written::Next::Page(page) => Ok(Next::Page {
                to: self.slot(&slot_of!(page), place)?,
                start: page.start.as_ref().map_or(1, |start| **start),
            }),
            written::Next::Offset(offset) => {
                if let Some(step) = offset.step.as_ref().filter(|step| ***step == 0) {
                    return Err(self.checker.error_with(
                        step.place(),
                        "with a `step` of 0 every page is the first",
                        "leave it out, or write how many records a page has",
                    ));
                }
                Ok(Next::Offset {
                    to: self.slot(&slot_of!(offset), place)?,
                    start: offset.start.as_ref().map_or(0, |start| **start),
                    step: offset.step.as_ref().map(|step| **step),
                })
            }
            written::Next::Last(last) => Ok(Next::Last {
                from: self.checker.path(&last.from, &[Root::Record])?,
                plus: last.plus.as_ref().map_or(0, |plus| **plus),
                to: self.slot(&slot_of!(last), place)?,
            }),
            written::Next::Again(again) => {
                if !**again {
                    self.checker.error_with(
                        again.place(),
                        "`again: false` leads to no page",
                        "leave `next` out where there is one",
                    );
                }
                Ok(Next::Again)
            }
        }
    }

    fn constants(&mut self, nodes: &[Located<Node>]) -> Vec<Value> {
        nodes.iter().map(|node| constant(node, self.checker)).collect()
    }

    /// Reads what takes the way to a page, if the file says so.
    fn slot(
        &mut self,
        written: &WrittenSlot<'_>,
        place: Option<Place>,
    ) -> Result<Option<Slot>, Told> {
        let ways = [written.query, written.header, written.json, written.form];
        if ways.into_iter().flatten().count() > 1 {
            return Err(self.checker.error_with(
                place,
                "this says twice what takes the way to the next page",
                "write one of `query`, `header`, `json`, `form`",
            ));
        }
        if let Some(name) = written.query {
            self.not_empty(name, "a query parameter's name")?;
            return Ok(Some(Slot::Query((**name).clone())));
        }
        if let Some(name) = written.header {
            self.header_name(name, name.place())?;
            return Ok(Some(Slot::Header((**name).clone())));
        }
        if let Some(path) = written.json {
            self.not_empty(path, "a path in the JSON body")?;
            return self.checker.path(path, &[Root::Record]).map(|path| Some(Slot::Json(path)));
        }
        if let Some(name) = written.form {
            self.not_empty(name, "a form field's name")?;
            return Ok(Some(Slot::Form((**name).clone())));
        }
        Ok(None)
    }
}
