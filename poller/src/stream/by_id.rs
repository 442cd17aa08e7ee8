//! Reading by the records' id, or by time and id: what comes after the newest
//! record delivered.
//!
//! One pass is the pages that lead on from where the cursor stands. In a pass
//! that goes upwards each page moves the cursor; otherwise the cursor waits for
//! the end of the pass, and where the pass is stands beside it.

use jiff::Timestamp;
use mef_ports::{CursorRecord, OpenPass, ResumeAt};
use mef_source::checked::{IdCursor, Order};

use crate::ask::asking::FetchedPage;
use crate::ask::fetch_error::FetchError;
use crate::ask::request::PageRequest;
use crate::ask::scope::RequestScope;
use crate::moment::before;
use crate::news::gathered::Gathered;
use crate::news::known::Known;
use crate::news::known::News;
use crate::news::known::known;
use crate::news::known::note_late;
use crate::news::page_end::PageEnd;
use crate::news::seen::Needed;
use crate::page::record::Unread;
use crate::run::context::Run;
use crate::run::context::means_stale;
use crate::run::delivery::NextPage;
use crate::run::delivery::Step;
use crate::run::report::RunEnd;
use crate::run::report::RunError;
use crate::stream::key::Key;
use crate::stream::loop_guard::LoopGuard;

/// How many ids are kept: enough for what stands at the cursor's own moment,
/// and for a page that is given twice.
const LATEST: usize = 1_000;

/// The pages that lead on from `from`.
#[derive(Clone, Debug)]
struct Pass {
    from: Option<Key>,
    newest: Option<Key>,
    next: Option<ResumeAt>,
    ascending: bool,
    /// What is newer than this is left for a later pass.
    horizon: Timestamp,
    /// The record before, by which the order is seen.
    last: Option<Key>,
}

/// What a page of a pass has.
#[derive(Default)]
struct Sorted {
    out_of_order: bool,
    /// The last record on the page is one that the cursor has passed.
    reached_known: bool,
    held_back: bool,
    /// Whether some of its records have a place in the stream, and some have none.
    placed: bool,
    unplaced: bool,
    /// Whether the page has come to records that were held back.
    end: PageEnd,
}

/// From where to read again after such an answer; nothing where it is an
/// error.
///
/// From where the pass began, also where the cursor has moved since: that the
/// order was true so far says nothing about the pages not seen. Where the
/// vendor refuses that too, and a rule says so, without the id.
fn again_from(error: &FetchError, pass: &Pass) -> Option<Option<Key>> {
    let by_rule = match error {
        FetchError::Refused(refusal) if means_stale(refusal.status) => false,
        FetchError::Reread { .. } => true,
        _ => return None,
    };
    if pass.next.is_some() {
        return Some(pass.from.clone());
    }
    let from = pass.from.as_ref().filter(|from| by_rule && from.id.is_some())?;
    Some(from.time.map(|time| Key { time: Some(time), id: None }))
}

impl Run<'_> {
    /// Reads until there is nothing new.
    pub(crate) async fn read_by_id(&mut self, cursor: &IdCursor) -> Result<RunEnd, RunError> {
        let poll = &self.poller.poll;
        let mut done = self.stored_key(cursor)?;
        let mut pass = self.resume_pass(cursor, done.clone());
        let (mut guard, mut restarted) = (LoopGuard::new(&self.poller.poll.pages), false);
        if !self.has_time() {
            return Ok(RunEnd::OutOfTime);
        }
        let set_up = self.set_up(self.id_scope(cursor, &pass)).await;
        self.keep_setup(set_up)?;
        let request = self.id_request(cursor, &pass)?;
        let mut fetched = self.fetch(request).await;
        loop {
            let from = match &fetched {
                // What is refused again is an error.
                Err(error) if !restarted => again_from(error, &pass),
                _ => None,
            };
            if let Some(from) = from {
                tracing::warn!(
                    source.id = %self.stream,
                    "the vendor does not go on: what comes after the cursor is read again"
                );
                (self.record.pass, restarted) = (None, true);
                pass = self.new_pass(cursor, from);
                guard = LoopGuard::new(&self.poller.poll.pages);
                let request = self.id_request(cursor, &pass)?;
                fetched = self.fetch(request).await;
                continue;
            }
            let FetchedPage { page, not_before } = fetched?;
            let mut next = page.next.clone();
            if page.ends || (next == pass.next && next.is_some() && poll.pages.stop.same_next) {
                next = None;
            }
            let circle = guard.visit(&page, next.as_ref()).err();
            let needed = self.needed_by_id(&pass);
            let mut gathered = self.gathered()?;
            let sorted = self.sort_by_id(page.records, &mut gathered, cursor, &mut pass, &needed);
            if sorted.out_of_order && pass.ascending {
                pass.ascending = false;
                tracing::warn!(
                    source.id = %self.stream,
                    "records are not in ascending order: the cursor waits for the last page"
                );
            }
            if sorted.end.is_past() && pass.ascending && self.poller.is_backfill() {
                next = None;
            }
            if sorted.reached_known && cursor.order == Order::Descending && !cursor.lower_bound {
                next = None;
            }
            pass.next.clone_from(&next);
            if pass.ascending || next.is_none() {
                done = done.max(pass.newest.clone());
            }
            // A vendor that has no next pages is asked for what comes after
            // the newest record, until there is none.
            let ask_again = poll.pages.next.is_none()
                && pass.ascending
                && pass.newest > pass.from
                && !sorted.held_back;
            let ended = next.is_none();
            if ended && ask_again {
                pass = self.new_pass(cursor, pass.newest);
            }
            let goes_on = !ended || ask_again;
            let request = if goes_on { Some(self.id_request(cursor, &pass)?) } else { None };
            let moved = CursorRecord {
                done: done.as_ref().and_then(Key::to_position),
                pass: self.open_pass(&pass),
                ..self.record.clone()
            };
            let needed = self.needed_by_id(&Pass { from: done.clone(), ..pass.clone() });
            let step = Step { moved, needed: &needed, circle };
            let next_page = self.deliver(gathered, step, request, not_before).await?;
            if sorted.unplaced && !sorted.placed {
                let time = cursor.time.as_ref().map(|path| format!(" and a time at `{path}`"));
                let place = format!("an id at `{}`{}", cursor.id, time.unwrap_or_default());
                return Err(RunError::NoPlace(place));
            }
            if matches!(next_page, NextPage::None) {
                self.seen.prune(&needed);
            }
            fetched = match self.go_on(next_page).await {
                Ok(fetched) => fetched,
                Err(end) => return Ok(end),
            };
        }
    }

    fn new_pass(&self, cursor: &IdCursor, from: Option<Key>) -> Pass {
        Pass {
            from,
            newest: None,
            next: None,
            ascending: cursor.order == Order::Ascending,
            horizon: self.poller.last_moment(before(self.started, cursor.end_lag)),
            last: None,
        }
    }

    fn stored_key(&self, cursor: &IdCursor) -> Result<Option<Key>, RunError> {
        let Some(stored) = &self.record.done else { return Ok(None) };
        let key = Key::from_position(stored, cursor.time.is_some());
        key.map(Some).ok_or_else(|| self.wrong_kind(stored))
    }

    /// The pass of an earlier run that came to no end, if the request is still
    /// the same.
    fn resume_pass(&mut self, cursor: &IdCursor, done: Option<Key>) -> Pass {
        let digest = &self.poller.poll.request_digest;
        let with_time = cursor.time.is_some();
        match self.record.pass.take().filter(|open| open.request_digest == *digest) {
            None => self.new_pass(cursor, done),
            Some(open) => {
                self.record.pass = Some(open.clone());
                let key = |position: Option<_>| {
                    position.and_then(|position| Key::from_position(&position, with_time))
                };
                let newest = key(open.newest);
                Pass {
                    from: key(open.from),
                    last: newest.clone().filter(|_| open.ascending),
                    newest,
                    next: Some(open.next),
                    ascending: open.ascending,
                    horizon: open.horizon,
                }
            }
        }
    }

    /// What is stored of a pass: nothing where the cursor itself says where to
    /// go on.
    fn open_pass(&self, pass: &Pass) -> Option<OpenPass> {
        let position = |key: &Option<Key>| key.as_ref().and_then(Key::to_position);
        Some(OpenPass {
            from: position(&pass.from),
            newest: position(&pass.newest),
            next: pass.next.clone()?,
            ascending: pass.ascending,
            horizon: pass.horizon,
            request_digest: self.poller.poll.request_digest.clone(),
        })
    }

    /// Which ids a later read may bring again: those at the cursor's own
    /// moment, and the latest.
    fn needed_by_id(&self, pass: &Pass) -> Needed {
        let from = pass.from.as_ref().and_then(|key| key.time);
        Needed { from: from.unwrap_or(Timestamp::MAX), open_overlap_to: None, latest: LATEST }
    }

    fn sort_by_id(
        &mut self,
        records: Vec<Unread>,
        gathered: &mut Gathered<'_>,
        cursor: &IdCursor,
        pass: &mut Pass,
        needed: &Needed,
    ) -> Sorted {
        let mut sorted = Sorted::default();
        for record in records {
            self.summary.records += 1;
            let Run { seen, summary, .. } = self;
            // What has no time is kept as one of the latest.
            let untimed = Timestamp::UNIX_EPOCH;
            let record = gathered.read(record, |hash| seen.insert(hash, untimed, needed, summary));
            let Some(record) = record else { continue };
            let time = cursor.time.as_ref();
            let Known { id, time, hash } =
                known(&record.value, Some(&cursor.id), time, &cursor.time_format, summary);
            // A record that has no place moves nothing; it still arrives.
            let has_place = id.is_some() && (time.is_some() || cursor.time.is_none());
            let key = has_place.then(|| Key { time, id: id.clone() });
            sorted.placed |= has_place;
            sorted.unplaced |= !has_place;
            let is_past = time.is_some_and(|time| time > pass.horizon);
            if time.is_some() {
                sorted.end.note(is_past);
            }
            if is_past {
                summary.held_back += 1;
                sorted.held_back = true;
                continue;
            }
            sorted.out_of_order |= key.is_some() && key < pass.last;
            if key.is_some() {
                pass.last.clone_from(&key);
            }
            pass.newest = pass.newest.take().max(key.clone());
            let passed = key.is_some() && key <= pass.from;
            sorted.reached_known = passed;
            // Where many records have one moment, ids need not be in the order
            // in which the records were published: what is not known there is
            // not dropped.
            let is_same_moment = cursor.time.is_some()
                && key != pass.from
                && (cursor.lower_bound || time == pass.from.as_ref().and_then(|from| from.time));
            if passed && !is_same_moment {
                summary.duplicates += 1;
                continue;
            }
            if !seen.insert(hash, time.unwrap_or(untimed), needed, summary) {
                continue;
            }
            if passed {
                let done = pass.from.as_ref().and_then(|from| from.time);
                note_late(time, done, summary);
            }
            gathered.take(News { record, id, hash });
        }
        sorted
    }

    fn id_request(&self, cursor: &IdCursor, pass: &Pass) -> Result<PageRequest, RunError> {
        Ok(self.request(&self.id_scope(cursor, pass), pass.next.as_ref())?)
    }

    fn id_scope<'s>(&'s self, cursor: &IdCursor, pass: &'s Pass) -> RequestScope<'s> {
        let first = self.first_moment(cursor.start);
        let from = pass.from.as_ref();
        RequestScope {
            cursor_start: from.is_none().then_some(first),
            cursor_time: cursor
                .time
                .as_ref()
                .map(|_| from.and_then(|key| key.time).unwrap_or(first)),
            cursor_id: from.and_then(|key| key.id.as_deref()),
            ..self.scope()
        }
    }
}
