//! What is stored of a stream: how far it is read, and what is under way.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::de::Error as _;
use serde::{Deserialize, Deserializer, Serialize};

use crate::position::Position;
use crate::receipt::Receipt;
use crate::run_summary::{PastRun, RunSummary};

/// Where to go on inside an open window.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ResumeAt {
    /// The vendor's next URL.
    Url(String),
    /// The vendor's page token.
    Token(String),
}

/// How much of what is open was read, and how much there is as the vendor counts it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Counted {
    /// How many records the vendor counted on the last page.
    pub total: u64,
    /// How many were read.
    pub read: u64,
    /// By how much the total has shrunk meanwhile.
    #[serde(default)]
    pub shrunk: u64,
}

/// The window that is being read. Its bounds are frozen when it is opened.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct OpenWindow {
    /// Its first moment.
    pub start: Timestamp,
    /// The moment it ends before.
    pub end: Timestamp,
    /// Up to where it could be read, if that is before its end: the vendor's clock had come no
    /// further when it was first asked for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cut_to: Option<Timestamp>,
    /// What `done` was when the window was opened: records before it are repeats or came late.
    pub done_before: Timestamp,
    /// Whether nothing of the stream had been delivered when the window was opened.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub first: bool,
    /// The next page; `None` if the window is read from its start.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub next: Option<ResumeAt>,
    /// How often the window was read again from its start because the vendor refused the next page.
    #[serde(default)]
    pub restarts: u32,
    /// Whether every record so far came in ascending order. If not, `done` waits for the window's
    /// end.
    pub ascending: bool,
    /// Whether a page showed that order: a record newer than the one before it.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub rises: bool,
    /// What was counted of it so far, if the vendor tells a total.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub counted: Option<Counted>,
    /// A digest of the request in the source file. A window that was opened under another request
    /// is read again from its start.
    pub request_digest: String,
}

impl OpenWindow {
    /// Returns up to where the window can be read.
    pub fn read_to(&self) -> Timestamp {
        self.cut_to.map_or(self.end, |cut_to| cut_to.min(self.end))
    }
}

/// A stream without windows that is being read newest first, or in no order: `done` waits until all
/// of its pages are delivered.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct OpenPass {
    /// Where `done` stood when the pass began: what its requests ask for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub from: Option<Position>,
    /// The newest record delivered in it: where `done` moves at its end.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub newest: Option<Position>,
    /// The request to make next.
    pub next: ResumeAt,
    /// Whether the source file promises ascending order and every record so far kept to it.
    pub ascending: bool,
    /// Records newer than this are left for a later pass.
    pub horizon: Timestamp,
    /// What was counted of it so far, if the vendor tells a total.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub counted: Option<Counted>,
    /// A digest of the request in the source file. A pass that was begun under another request is
    /// read again from its start.
    pub request_digest: String,
}

/// What the requests before the first page brought. A later run asks for the same job and starts no
/// other.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SetupDone {
    /// How many of these requests are done.
    pub steps: usize,
    /// When the last of them was done.
    pub at: Timestamp,
    /// The values taken from their responses, by their names in the source file.
    pub values: BTreeMap<String, String>,
    /// A digest of the requests in the source file. If they change, all of it is done again.
    pub request_digest: String,
    /// Whether the last thing that was asked of it failed in a way that may pass. The next time, it is
    /// given up.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub doubtful: bool,
}

/// A job that the vendor has not finished. A later run asks for it again.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct OpenWait {
    /// What is waited for.
    pub of: WaitedFor,
    /// Since when.
    pub since: Timestamp,
    /// The values taken from the responses so far, by their names in the source file.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub values: BTreeMap<String, String>,
    /// A digest of the requests in the source file. If they change, the wait begins anew.
    pub request_digest: String,
}

/// The request whose response is waited for.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum WaitedFor {
    /// A step of the setup, counted from 0.
    Step(usize),
    /// The page that this leads to; `None` for the first page.
    Page(Option<ResumeAt>),
}

/// A `Date` of the vendor that was behind our clock.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct VendorDate {
    /// The vendor's time.
    pub date: Timestamp,
    /// Our time when it was new.
    pub at: Timestamp,
}

/// The version of the written form that this program knows. Fields may be added under it: a program
/// that does not know them passes over them. What would be misread needs a higher one.
const KNOWN_VERSION: u64 = 1;

/// Stands for the version of a record, which is written down only from 2 on. Reading a higher one
/// than [`KNOWN_VERSION`] fails.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Version;

impl<'de> Deserialize<'de> for Version {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Version, D::Error> {
        match u64::deserialize(deserializer)? {
            0..=KNOWN_VERSION => Ok(Version),
            newer => Err(D::Error::custom(format!(
                "a newer program wrote this cursor, in version {newer} of its form, and this one knows \
                 {KNOWN_VERSION}: deploy the newer program again"
            ))),
        }
    }
}

/// The cursor of one stream, as it is stored.
///
/// How far the stream is read is private: it moves by [`CursorRecord::advance`], which takes the
/// [`Receipt`] of a delivery. Without a receipt, reading can only go back to the beginning of what
/// is open.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct CursorRecord {
    #[serde(default, skip_serializing)]
    version: Version,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    done: Option<Position>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    open: Option<OpenWindow>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pass: Option<OpenPass>,
    /// What `setup` brought for the window, or for what else is being read.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub setup: Option<SetupDone>,
    /// What the vendor does not have ready yet.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub wait: Option<OpenWait>,
    /// The vendor's clock, where it was last seen behind ours: if it stands still, it is none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub vendor_date: Option<VendorDate>,
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    asked: bool,
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    refused: bool,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    reached: Option<Timestamp>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    anchor: Option<Timestamp>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    link_request: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    leads_back: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    passed: Option<usize>,
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    ids_say_passed: bool,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    leads_in_a_circle: Option<ResumeAt>,
    /// What the last run did.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_run: Option<RunSummary>,
    /// When the next run is due, if it is before the schedule's next tick.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub next_run: Option<Timestamp>,
    /// When a person paused the stream: no run reads it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub paused: Option<Timestamp>,
    /// The earlier runs that moved the cursor or failed, oldest first.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub history: Vec<PastRun>,
}

/// How far a stream is read after a delivery: see [`CursorRecord::advance`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Move {
    /// Everything before it is delivered or in the dead letters.
    pub done: Option<Position>,
    /// The window being read.
    pub open: Option<OpenWindow>,
    /// The pass being read, for a cursor without windows.
    pub pass: Option<OpenPass>,
    /// The newest time delivered, for a cursor that is the vendor's token or link.
    pub reached: Option<Timestamp>,
    /// Where the next run begins while there is no `done` to go on from.
    pub anchor: Option<Timestamp>,
    /// For a cursor that is a link: a digest of the request in the source file that led to it.
    pub link_request: Option<String>,
    /// A token or link that led back to where reading had begun.
    pub leads_back: Option<String>,
}

impl Move {
    /// Keeps what was counted of what is open, for the run that goes on in it.
    pub fn count(&mut self, counted: Option<Counted>) {
        if let Some(open) = &mut self.open {
            open.counted = counted;
        }
        if let Some(pass) = &mut self.pass {
            pass.counted = counted;
        }
    }
}

impl CursorRecord {
    /// Returns the record of a stream that is read up to `position` because a person says so.
    pub fn at(position: Position) -> CursorRecord {
        CursorRecord { done: Some(position), ..CursorRecord::default() }
    }

    /// Returns up to where everything is delivered or in the dead letters; `None` before the first
    /// delivery.
    pub fn done(&self) -> Option<&Position> {
        self.done.as_ref()
    }

    /// Returns the window being read.
    pub fn open(&self) -> Option<&OpenWindow> {
        self.open.as_ref()
    }

    /// Returns the pass being read, for a cursor without windows.
    pub fn pass(&self) -> Option<&OpenPass> {
        self.pass.as_ref()
    }

    /// Returns what was counted so far of what is open.
    pub fn counted(&self) -> Option<Counted> {
        let of_window = self.open.as_ref().and_then(|open| open.counted);
        of_window.or_else(|| self.pass.as_ref()?.counted)
    }

    /// Returns the newest time delivered, for a cursor that is the vendor's token or link: reading
    /// begins again there if the vendor refuses it.
    pub fn reached(&self) -> Option<Timestamp> {
        self.reached
    }

    /// Returns the latest moment at which reading may begin while there is no `done` to go on from.
    pub fn anchor(&self) -> Option<Timestamp> {
        self.anchor
    }

    /// Returns a digest of the request in the source file that led to the kept link.
    pub fn link_request(&self) -> Option<&str> {
        self.link_request.as_deref()
    }

    /// Returns a token or link that led back to where reading had begun: no place to go on from.
    pub fn leads_back(&self) -> Option<&str> {
        self.leads_back.as_deref()
    }

    /// Returns how many of the stored ids, from the first on, are of records on pages before the one
    /// that is asked for next, besides those that say so themselves. `None` if none of them counts as
    /// that: an older program stored them, which did not say, or reading begins again.
    pub fn passed(&self) -> Option<usize> {
        self.passed.or(self.ids_say_passed.then_some(0))
    }

    /// Returns the place that the page which is asked for next has named, if that was an earlier page
    /// of the same reading.
    pub fn leads_in_a_circle(&self) -> Option<&ResumeAt> {
        self.leads_in_a_circle.as_ref()
    }

    /// Returns whether a vendor that keeps the place itself was asked, and what it gave may not be
    /// delivered.
    pub fn asked(&self) -> bool {
        self.asked
    }

    /// Returns whether the vendor refused the place at `done`, and nothing is delivered since: reading
    /// begins again without it.
    pub fn refused(&self) -> bool {
        self.refused
    }

    /// Returns the move that changes nothing, to be changed in part.
    pub fn unmoved(&self) -> Move {
        let CursorRecord { done, open, pass, reached, anchor, link_request, leads_back, .. } =
            self.clone();
        Move { done, open, pass, reached, anchor, link_request, leads_back }
    }

    /// Moves the cursor, since what lies before is delivered: the receipt proves it, and moves one
    /// cursor once.
    pub fn advance(&mut self, moved: Move, _receipt: Receipt) {
        let Move { done, open, pass, reached, anchor, link_request, leads_back } = moved;
        self.anchor = anchor.filter(|_| done.is_none());
        (self.done, self.open, self.pass) = (done, open, pass);
        (self.reached, self.link_request, self.leads_back) = (reached, link_request, leads_back);
        (self.asked, self.refused) = (false, false);
        self.leads_in_a_circle = None;
    }

    /// Says where a stream begins that was never read. One that was read stays where it is.
    pub fn begin_at(&mut self, position: Position) {
        self.done.get_or_insert(position);
    }

    /// Opens `window`, or opens it anew, at its beginning.
    pub fn open_window(&mut self, window: OpenWindow) {
        self.open = Some(OpenWindow { next: None, ..window });
        self.passes_nothing();
    }

    /// Gives up the page at which the window or the pass stood: it is read again from its
    /// beginning.
    pub fn read_again(&mut self) {
        self.pass = None;
        self.passes_nothing();
        if let Some(open) = &mut self.open {
            open.next = None;
        }
    }

    /// Notes whether any of the ids that are stored with the record is of an earlier page. Each says it
    /// itself.
    pub fn note_passed(&mut self, any: bool) {
        let is_in_the_middle = self.open.as_ref().is_some_and(|open| open.next.is_some());
        // An older program does not know the ids that say it. Without a number it takes all for that.
        (self.passed, self.ids_say_passed) = (None, is_in_the_middle || any);
    }

    fn passes_nothing(&mut self) {
        (self.passed, self.ids_say_passed, self.leads_in_a_circle) = (None, false, None);
    }

    /// Notes that the page which is asked for again names an earlier one.
    pub fn note_circle(&mut self, named: ResumeAt) {
        self.leads_in_a_circle = Some(named);
    }

    /// Notes that the vendor refused the place at `done`.
    pub fn refuse(&mut self) {
        self.refused = true;
    }

    /// Sets the request digest of everything that is stored.
    pub fn keep_under(&mut self, request_digest: &str) {
        for digest in [
            self.open.as_mut().map(|open| &mut open.request_digest),
            self.pass.as_mut().map(|pass| &mut pass.request_digest),
            self.setup.as_mut().map(|setup| &mut setup.request_digest),
            self.wait.as_mut().map(|wait| &mut wait.request_digest),
        ]
        .into_iter()
        .flatten()
        {
            request_digest.clone_into(digest);
        }
    }

    /// Notes that a vendor that keeps the place itself is asked.
    pub fn ask(&mut self) {
        self.asked = true;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_record_with_fields_of_a_newer_program_can_still_be_read() {
        let text = r#"{"done": {"token": "t"}, "new": 1, "wait": {"of": {"step": 0}, "since": "2026-11-24T10:00:00Z", "request_digest": "d", "new": {}}}"#;
        let record: CursorRecord = serde_json::from_str(text).unwrap();
        assert_eq!(record.done(), Some(&Position::Token("t".to_owned())));
        assert!(record.wait.is_some());
    }

    #[test]
    fn a_record_in_a_form_that_is_not_known_says_what_to_do() {
        let read = |version: &str| serde_json::from_str(&format!("{{\"version\": {version}}}"));
        assert_eq!(read("1").unwrap(), CursorRecord::default());
        assert_eq!(serde_json::to_string(&CursorRecord::default()).unwrap(), "{}");
        let error = read("2").map(|_: CursorRecord| ()).unwrap_err().to_string();
        assert!(error.contains("deploy the newer program again"), "{error}");
    }
}
