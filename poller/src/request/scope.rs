//! What the templates of a request can read.

use std::collections::BTreeMap;

use jiff::Timestamp;
use mef_ports::{Secret, SetupDone};
use mef_source::template::{Rendered, Variables};
use mef_source::{Path, Root};
use serde_json::Value;

/// One of the streams of a source that has several.
#[derive(Default)]
pub(crate) struct Partition {
    pub(crate) name: String,
    /// The values that were listed with it.
    pub(crate) values: BTreeMap<String, String>,
    /// The path of a value that should have been listed with it and was not.
    pub(crate) missing: Option<String>,
}

/// What the templates of a request can read.
#[derive(Clone, Copy)]
pub(crate) struct RequestScope<'r> {
    pub(crate) secrets: &'r BTreeMap<String, Secret>,
    /// The window's first moment and its end.
    pub(crate) window: Option<(Timestamp, Timestamp)>,
    /// The window's first moment again; `None` in the first window.
    pub(crate) window_since: Option<Timestamp>,
    /// The token kept from the last run.
    pub(crate) cursor_token: Option<&'r str>,
    /// How far back a first run begins; `None` in later runs.
    pub(crate) cursor_start: Option<Timestamp>,
    /// What a vendor that keeps the place is asked for; `None` in the first run.
    pub(crate) cursor_ask: Option<&'static str>,
    /// The time of the newest record, for a cursor by time and id.
    pub(crate) cursor_time: Option<Timestamp>,
    /// The id of the newest record, for a cursor by id.
    pub(crate) cursor_id: Option<&'r str>,
    /// The partition that is read.
    pub(crate) partition: Option<&'r Partition>,
    /// What the setup brought.
    pub(crate) setup: Option<&'r SetupDone>,
    /// The item whose details are asked for.
    pub(crate) item: Option<&'r Value>,
    /// The run that asks.
    pub(crate) run: RunVariables<'r>,
}

/// What is the same in all requests of a run.
#[derive(Clone, Copy)]
pub(crate) struct RunVariables<'r> {
    pub(crate) id: &'r str,
    pub(crate) started: Timestamp,
}

impl<'r> RequestScope<'r> {
    /// Returns a scope with only what is the same in all requests of a run.
    pub(crate) fn new(
        secrets: &'r BTreeMap<String, Secret>,
        run: RunVariables<'r>,
    ) -> RequestScope<'r> {
        RequestScope {
            secrets,
            window: None,
            window_since: None,
            cursor_token: None,
            cursor_start: None,
            cursor_ask: None,
            cursor_time: None,
            cursor_id: None,
            partition: None,
            setup: None,
            item: None,
            run,
        }
    }
}

impl Variables for RequestScope<'_> {
    fn get<'v>(&'v self, path: &Path) -> Rendered<'v> {
        let time = |time: Option<Timestamp>| time.map_or(Rendered::Null, Rendered::Time);
        match (path.root(), path.name()) {
            (Root::Secret, name) => Rendered::text(self.secrets.get(name).map(Secret::expose)),
            (Root::Window, "start") => time(self.window.map(|(start, _)| start)),
            (Root::Window, "since") => time(self.window_since),
            (Root::Window, "end") => time(self.window.map(|(_, end)| end)),
            (Root::Cursor, "token") => Rendered::text(self.cursor_token),
            (Root::Cursor, "start") => time(self.cursor_start),
            (Root::Cursor, "ask") => Rendered::text(self.cursor_ask),
            (Root::Run, "id") => Rendered::text(Some(self.run.id)),
            (Root::Run, "started") => Rendered::Time(self.run.started),
            (Root::Cursor, "time") => time(self.cursor_time),
            (Root::Cursor, "id") => Rendered::text(self.cursor_id),
            (Root::Partition, "") => {
                Rendered::text(self.partition.map(|partition| partition.name.as_str()))
            }
            (Root::Partition, name) => {
                let value = self.partition.and_then(|partition| partition.values.get(name));
                Rendered::text(value.map(String::as_str))
            }
            (Root::Setup, name) => {
                let value = self.setup.and_then(|setup| setup.values.get(name));
                Rendered::text(value.map(String::as_str))
            }
            (Root::Item, _) => Rendered::json(self.item.and_then(|item| path.find(item))),
            _ => Rendered::Null,
        }
    }
}

/// A request's scope with the way to the page that is asked for.
pub(crate) struct PageScope<'r> {
    pub(crate) run: &'r RequestScope<'r>,
    pub(crate) at: Option<&'r Value>,
}

impl Variables for PageScope<'_> {
    fn get<'v>(&'v self, path: &Path) -> Rendered<'v> {
        match path.root() {
            Root::Page => Rendered::json(self.at),
            _ => self.run.get(path),
        }
    }
}
