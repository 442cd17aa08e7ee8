//! Reading by the records' id, or by time and id: what comes after the newest record delivered.
//!
//! A pass is the pages that lead on from where the cursor stands. In a pass that goes upwards each
//! page moves the cursor. Otherwise the cursor waits for the end of the pass, and the page that the
//! pass stands at is kept beside it.

use jiff::Timestamp;
use mef_ports::moment::before;
use mef_ports::{Move, OpenPass, ResumeAt};
use mef_source::checked::{Asked, IdCursor, Order};

use crate::news::gathered::Gathered;
use crate::news::known::{Known, known, named, note_late};
use crate::news::seen::needed::{LATEST, Needed};
use crate::news::seen::{ComesAgain, Stay};
use crate::page::record::{Record, Unread};
use crate::request::scope::RequestScope;
use crate::stream::key::Key;
use crate::stream::out_of_line::{Older, is_ahead};
use crate::stream::window::{floor_in, shown_once};
use crate::stream::{Again, Reading, Setback, Sorted, note_order, read_pages};
use crate::work::context::Run;
use crate::work::delivery::Turn;
use crate::work::report::{RunEnd, RunError};

/// A record without a time is kept as one of the latest.
const UNTIMED: Stay = Stay { time: Timestamp::UNIX_EPOCH, read: None, renews: true };

/// A pass while its pages are read.
struct Pass<'c> {
    cursor: &'c IdCursor,
    /// Up to which record everything is delivered.
    done: Option<Key>,
    /// Where the cursor stood when the pass began: what its requests ask for.
    from: Option<Key>,
    newest: Option<Key>,
    ascending: bool,
    /// Records newer than this are left for a later pass.
    horizon: Timestamp,
    /// The record before, which shows the order.
    last: Option<Key>,
    /// Whether a record of the last page was left for a later pass.
    held_back: bool,
    older: Older,
}

/// Reads what comes after the cursor until there is nothing new.
pub(crate) async fn read_by_id(run: &mut Run<'_>, cursor: &IdCursor) -> Result<RunEnd, RunError> {
    let with_time = cursor.time.is_some();
    let done = match run.record.done() {
        None => None,
        Some(stored) => {
            let key = Key::from_position(stored, with_time);
            Some(key.ok_or_else(|| run.wrong_kind(stored))?)
        }
    };
    let from = match &done {
        Some(refused) if run.record.refused() => without_id(run, cursor, refused),
        done => done.clone(),
    };
    let mut pass = Pass::new(run, cursor, from, done);
    let mut at = None;
    if let Some(open) = run.record.pass().cloned() {
        let key = |position: Option<_>| Key::from_position(&position?, with_time);
        (pass.from, pass.newest) = (key(open.from), key(open.newest));
        pass.last = pass.newest.clone().filter(|_| open.ascending);
        (pass.ascending, pass.horizon) = (open.ascending, open.horizon);
        at = Some(open.next);
    }
    read_pages(run, &mut pass, at).await
}

/// Returns where to begin if the vendor refuses `from`: at its moment, or at the start. Tells what is
/// lost.
fn without_id(run: &mut Run<'_>, cursor: &IdCursor, from: &Key) -> Option<Key> {
    let at_moment = from.time.map(|time| Key { time: Some(time), id: None });
    if at_moment.is_none() {
        run.begins_at(run.first_moment(cursor.start));
    }
    at_moment
}

impl<'c> Pass<'c> {
    fn new(run: &Run<'_>, cursor: &'c IdCursor, from: Option<Key>, done: Option<Key>) -> Pass<'c> {
        Pass {
            cursor,
            done,
            from,
            newest: None,
            ascending: cursor.order == Order::Ascending,
            horizon: run.poller.last_moment(before(run.started, cursor.end_lag)),
            last: None,
            held_back: false,
            older: Older::default(),
        }
    }

    /// Takes a record if it is new.
    fn take(
        &self,
        run: &mut Run<'_>,
        (record, known): (Record, Known),
        needed: &Needed,
        gathered: &mut Gathered<'_>,
    ) {
        let Run { seen, summary, .. } = run;
        let stay = Stay { time: known.time.unwrap_or(UNTIMED.time), ..UNTIMED };
        let Some(identity) = seen.insert(known.key, stay, needed, summary) else { return };
        let has_place = known.id.is_some() && (known.time.is_some() || self.cursor.time.is_none());
        let key = has_place.then(|| Key { time: known.time, id: known.id.clone() });
        if key.is_some() && key <= self.from {
            let done = self.from.as_ref().and_then(|from| from.time);
            note_late(known.time, done, summary);
        }
        gathered.take(known.news(record, identity));
    }

    fn restart(&mut self, run: &Run<'_>, from: Option<Key>) {
        *self = Pass::new(run, self.cursor, from, self.done.take());
    }

    /// Returns what is stored of the pass: `None` if the cursor itself says where to go on.
    fn to_store(&self, run: &Run<'_>, next: Option<&ResumeAt>) -> Option<OpenPass> {
        let position = |key: &Option<Key>| key.as_ref().and_then(Key::to_position);
        Some(OpenPass {
            from: position(&self.from),
            newest: position(&self.newest),
            next: next.cloned()?,
            ascending: self.ascending,
            horizon: self.horizon,
            counted: None,
            request_digest: run.poller.poll.request_digest.clone(),
        })
    }
}

/// Returns the moment that is asked for if the newest record has this time: one that the clocks of
/// the vendor show once.
fn asked_time(cursor: &IdCursor, time: Timestamp) -> Timestamp {
    let zones = [&cursor.asks.zone, &cursor.time_format.zone];
    zones.into_iter().flatten().fold(time, |time, zone| shown_once(zone, time))
}

/// Returns which ids a later read may bring again after `key`: those from the unit of its own moment
/// on, and the latest.
fn needed(cursor: &IdCursor, key: Option<&Key>) -> Needed {
    let Asked { unit, zone } = &cursor.asks;
    let floor = |time| floor_in(zone.as_ref(), asked_time(cursor, time), unit.unwrap_or_default());
    let from = key.and_then(|key| key.time).map_or(Timestamp::MAX, floor);
    Needed { from, open_overlap_to: None, latest: LATEST }
}

impl Reading for Pass<'_> {
    fn scope<'s>(&'s self, run: &'s Run<'_>) -> RequestScope<'s> {
        let first = run.first_moment(self.cursor.start);
        let from = self.from.as_ref();
        let time = from.and_then(|key| key.time).unwrap_or(first);
        RequestScope {
            cursor_start: from.is_none().then_some(first),
            cursor_time: self.cursor.time.as_ref().map(|_| asked_time(self.cursor, time)),
            cursor_id: from.and_then(|key| key.id.as_deref()),
            ..run.scope()
        }
    }

    fn is_ascending(&self) -> bool {
        self.ascending
    }

    fn sort(
        &mut self,
        run: &mut Run<'_>,
        records: Vec<Unread>,
        gathered: &mut Gathered<'_>,
    ) -> Sorted {
        let cursor = self.cursor;
        let needed = needed(cursor, self.from.as_ref());
        let mut sorted = Sorted::default();
        let (mut placed, mut unplaced) = (false, false);
        let (mut out_of_order, mut reaches_known, mut reaches_new) = (false, false, false);
        let goes_back = cursor.order == Order::Descending && !cursor.lower_bound;
        let (now, is_backfill) = (run.now(), run.poller.is_backfill());
        self.held_back = false;
        for record in records {
            let Run { seen, summary, .. } = &mut *run;
            summary.records += 1;
            let record = gathered.read(record, |key| seen.insert(key, UNTIMED, &needed, summary));
            let Some(record) = record else { continue };
            let time = cursor.time.as_ref();
            let Known { id, time, key: known_by } =
                known(&record, Some(&cursor.id), time, &cursor.time_format, summary);
            let known_by = match &id {
                Some(id) if cursor.time.is_none() => named(&record, id, None),
                _ => known_by,
            };
            // A record that has no place moves nothing; it still arrives.
            let has_place = id.is_some() && (time.is_some() || cursor.time.is_none());
            let key = has_place.then(|| Key { time, id: id.clone() });
            placed |= has_place;
            unplaced |= !has_place;
            let is_past = time.is_some_and(|time| time > self.horizon);
            if time.is_some() {
                sorted.end.note(is_past);
            }
            let known = Known { id, time, key: known_by };
            if time.is_some_and(|time| !is_backfill && is_ahead(time, now)) {
                self.take(run, (record, known), &needed, gathered);
                continue;
            }
            if is_past {
                summary.held_back += 1;
                self.held_back = true;
                continue;
            }
            out_of_order |= key.is_some() && key < self.last;
            if key.is_some() {
                self.last.clone_from(&key);
            }
            self.newest = self.newest.take().max(key.clone());
            let is_reached = key.is_some() && key <= self.from;
            reaches_known |= is_reached;
            reaches_new |= key.is_some() && !is_reached;
            // Records with the same time may come in any order of ids, so an unknown id is not
            // dropped.
            let is_same_moment = cursor.time.is_some()
                && key != self.from
                && (cursor.lower_bound
                    || known.time == self.from.as_ref().and_then(|from| from.time));
            if is_reached && !is_same_moment {
                summary.duplicates += 1;
                if goes_back && key != self.from {
                    self.older.push(record, known);
                }
                continue;
            }
            if key.is_some() && !is_reached {
                for older in self.older.among_newer() {
                    run.summary.duplicates -= 1;
                    self.take(run, older, &needed, gathered);
                }
            }
            self.take(run, (record, known), &needed, gathered);
        }
        note_order(run, &mut self.ascending, out_of_order);
        // One that is older may have a wrong time: a page that has something new is not the last.
        sorted.is_last = goes_back && reaches_known && !reaches_new;
        sorted.no_place = (unplaced && !placed).then(|| {
            let time = cursor.time.as_ref().map(|path| format!(" and a time at `{path}`"));
            format!("an id at `{}`{}", cursor.id, time.unwrap_or_default())
        });
        sorted
    }

    fn turn(
        &mut self,
        run: &Run<'_>,
        _: Option<&ResumeAt>,
        next: Option<&ResumeAt>,
    ) -> Result<Turn, RunError> {
        if self.ascending || next.is_none() {
            self.done = self.done.take().max(self.newest.clone());
        }
        // If the vendor has no next pages, asks for the records after the newest one until there are
        // none.
        let asks_behind = next.is_none()
            && run.poller.poll.pages.next.is_none()
            && self.ascending
            && self.newest > self.from
            && !self.held_back;
        if asks_behind {
            let newest = self.newest.take();
            self.restart(run, newest);
        }
        let goes_on = next.is_some() || asks_behind;
        let moved = Move {
            done: self.done.as_ref().and_then(Key::to_position),
            anchor: run.anchor(self.cursor.start.max(self.cursor.end_lag), !goes_on),
            pass: self.to_store(run, next),
            ..run.record.unmoved()
        };
        let needed = needed(self.cursor, self.done.as_ref());
        // What is asked for behind the newest record begins with what shares its moment.
        let leads_on = next.is_some() || (asks_behind && self.cursor.time.is_none());
        let comes_again = if leads_on { ComesAgain::Nothing } else { ComesAgain::All };
        Ok(Turn { moved, needed, goes_on, is_through: !goes_on, comes_again })
    }

    fn read_anew(&mut self, run: &mut Run<'_>) {
        let from = if self.ascending { self.done.clone() } else { self.from.clone() };
        run.record.read_again();
        self.restart(run, from);
    }

    /// Goes back to where the pass began, even if the cursor has moved: records on unread pages may
    /// still be out of order. If the vendor refuses that too and a
    /// rule says so, it is asked without the id: for the id's moment, or from the start.
    fn begin_again(&mut self, run: &mut Run<'_>, setback: Setback<'_>) -> Again {
        let mut from = self.from.clone();
        if setback.at.is_none() {
            let Some(refused) = from.filter(|from| from.id.is_some()) else { return Again::No };
            from = without_id(run, self.cursor, &refused);
            // A run that ends before the first page is delivered leaves this beginning to the next.
            run.record.refuse();
        }
        tracing::warn!(
            source.id = %run.stream,
            "the vendor does not go on: what comes after the cursor is read again"
        );
        run.record.read_again();
        self.restart(run, from);
        Again::Yes
    }
}
