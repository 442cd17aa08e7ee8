//! Reading from a place in the stream that only the vendor understands, its token or its link: page
//! after page until there is no more.

use jiff::Timestamp;
use mef_ports::moment::{after, before};
use mef_ports::{LostSpan, Move, Position, ResumeAt};
use mef_source::checked::{Follow, NextLinkCursor, RestartFrom, TokenCursor};
use url::Url;

use crate::ask::fetch_error::FetchError;
use crate::news::gathered::Gathered;
use crate::news::known::known;
use crate::news::seen::needed::{LATEST, Needed};
use crate::news::seen::{ComesAgain, Stay};
use crate::page::record::Unread;
use crate::request::link_secrets::without_secrets;
use crate::request::scope::RequestScope;
use crate::stream::rewrite::rewrite_query;
use crate::stream::{Again, Reading, Setback, Sorted, read_pages};
use crate::work::context::Run;
use crate::work::delivery::Turn;
use crate::work::report::{RunEnd, RunError};
use crate::work::same_request::is_same;

/// How vendors write that a page without records has no token.
const NO_TOKENS: [&str; 6] = ["0", "-1", "null", "none", "nil", "undefined"];

/// A stream that the vendor leads through.
struct Followed<'c> {
    follow: &'c Follow,
    /// The cursor, if a link leads on; else a token does.
    link: Option<&'c NextLinkCursor>,
    /// The page at hand; `None` for the first.
    place: Option<ResumeAt>,
    /// The place that an earlier run kept.
    kept: Option<ResumeAt>,
    /// The moment at which reading begins if there is no place.
    start: Timestamp,
    /// Up to which time everything is delivered, as far as it is known.
    reached: Option<Timestamp>,
    /// The newest time of this reading.
    newest: Option<Timestamp>,
    /// Whether a record came that is newer than all before it.
    rises: bool,
    /// Whether one came that is older than the newest before it.
    falls: bool,
    /// Whether the page at hand has no record.
    is_empty: bool,
}

/// Reads from the kept token on until the vendor has no more.
pub(crate) async fn read_by_token(
    run: &mut Run<'_>,
    cursor: &TokenCursor,
) -> Result<RunEnd, RunError> {
    let mut start = first_start(run, &cursor.follow);
    let place = match run.record.done() {
        None => None,
        Some(Position::Token(_)) if run.record.refused() => {
            start = restart_at(run, &cursor.follow);
            None
        }
        Some(Position::Token(token)) => Some(ResumeAt::Token(token.clone())),
        Some(stored) => return Err(run.wrong_kind(stored)),
    };
    read_followed(run, Followed::new(&cursor.follow, None, place, start)).await
}

/// Reads from the kept link on until the vendor has no more.
///
/// A link holds the parameters of the request that led to it. It is followed only if they are still
/// what the source file says, or are rewritten to that.
pub(crate) async fn read_by_link(
    run: &mut Run<'_>,
    cursor: &NextLinkCursor,
) -> Result<RunEnd, RunError> {
    let follow = &cursor.follow;
    let mut start = first_start(run, follow);
    let place = match run.record.done() {
        None => None,
        Some(Position::Link(_) | Position::Token(_)) if run.record.refused() => {
            start = restart_at(run, follow);
            None
        }
        // A link that a person set by hand has no request, and is as that person wants it.
        Some(Position::Link(_) | Position::Token(_))
            if run.record.link_request().is_some_and(|was| !is_same(was, &cursor.digest)) =>
        {
            start = restart_at(run, follow);
            tracing::warn!(
                source.id = %run.stream,
                cursor.start = %start,
                "the source file's request changed: the kept link is dropped, and reading begins again at a moment"
            );
            None
        }
        Some(Position::Link(link) | Position::Token(link)) => match Url::parse(link) {
            Ok(link) => {
                let link = rewrite_query(link, &cursor.rewrite, &run.scope());
                Some(ResumeAt::Url(link.map_err(FetchError::Request)?.into()))
            }
            Err(_) => Some(ResumeAt::Url(link.clone())),
        },
        Some(stored) => return Err(run.wrong_kind(stored)),
    };
    read_followed(run, Followed::new(follow, Some(cursor), place, start)).await
}

async fn read_followed(run: &mut Run<'_>, mut followed: Followed<'_>) -> Result<RunEnd, RunError> {
    followed.reached = run.record.reached();
    let at = followed.place.clone();
    read_pages(run, &mut followed, at).await
}

/// Returns where to begin without a place: no earlier than the vendor keeps records if an earlier run
/// found none. Tells what is lost.
fn first_start(run: &mut Run<'_>, follow: &Follow) -> Timestamp {
    let start = run.first_moment(follow.start);
    let oldest = follow.retention.map(|kept| before(run.started, kept));
    let Some((anchor, oldest)) = run.record.anchor().zip(oldest) else { return start };
    let read_to = after(anchor, follow.start);
    if read_to < oldest {
        run.note_lost(LostSpan { from: read_to, to: oldest });
    }
    start.max(oldest)
}

/// Returns where to begin again when the place is lost: never later than what is known to be
/// delivered if the source file says so, and never earlier than the vendor keeps records. Tells
/// what is lost.
fn restart_at(run: &mut Run<'_>, follow: &Follow) -> Timestamp {
    let by_time = follow.restart.filter(|restart| restart.from == RestartFrom::Time);
    let Some((restart, reached)) = by_time.zip(run.record.reached()) else {
        let start = run.first_moment(follow.start);
        run.begins_at(start);
        return start;
    };
    let oldest = follow.retention.map_or(Timestamp::MIN, |kept| before(run.started, kept));
    if reached < oldest {
        run.note_lost(LostSpan { from: reached, to: oldest });
    }
    before(reached, restart.overlap).max(oldest)
}

impl<'c> Followed<'c> {
    fn new(
        follow: &'c Follow,
        link: Option<&'c NextLinkCursor>,
        place: Option<ResumeAt>,
        start: Timestamp,
    ) -> Followed<'c> {
        let kept = place.clone();
        Followed {
            follow,
            link,
            kept,
            place,
            start,
            reached: None,
            newest: None,
            rises: false,
            falls: false,
            is_empty: false,
        }
    }

    /// Returns whether `named`, which a last page without records names, is no place to go on from:
    /// the vendor says so that there is none, or it is known to lead back.
    fn is_no_place(&self, named: &ResumeAt, leads_back: Option<&str>) -> bool {
        let (ResumeAt::Url(text) | ResumeAt::Token(text)) = named;
        let says_none =
            self.link.is_none() && NO_TOKENS.iter().any(|no| no.eq_ignore_ascii_case(text));
        says_none || leads_back == Some(text)
    }

    /// Returns whether `named` is where this run began, though it has come further.
    fn leads_back(&self, named: &ResumeAt) -> bool {
        self.kept.as_ref() == Some(named) && self.place.as_ref() != Some(named)
    }

    /// Returns which ids a later read may bring again. If the page leads on, these are the
    /// latest ids: of equal records on different pages, each is another.
    fn needed(&self, goes_on: bool) -> Needed {
        let by_time = self.follow.restart.filter(|restart| restart.from == RestartFrom::Time);
        let (from, latest) = match by_time {
            Some(restart) => (before(self.reached.unwrap_or_default(), restart.overlap), LATEST),
            None if goes_on => (Timestamp::MAX, LATEST),
            None => (Timestamp::UNIX_EPOCH, 0),
        };
        Needed { from, open_overlap_to: None, latest }
    }
}

impl Reading for Followed<'_> {
    fn scope<'s>(&'s self, run: &'s Run<'_>) -> RequestScope<'s> {
        let cursor_token = match &self.place {
            Some(ResumeAt::Token(token)) => Some(token.as_str()),
            _ => None,
        };
        let cursor_start = self.place.is_none().then_some(self.start);
        RequestScope { cursor_token, cursor_start, ..run.scope() }
    }

    /// The vendor's order is not known, but a place can't lead back from a page that is all past
    /// the end.
    fn is_ascending(&self) -> bool {
        true
    }

    fn sort(
        &mut self,
        run: &mut Run<'_>,
        records: Vec<Unread>,
        gathered: &mut Gathered<'_>,
    ) -> Sorted {
        // Such a vendor names a place on its last page too. A page without records is where the
        // stream ends, unless the vendor is asked whether there is more.
        self.is_empty = records.is_empty();
        let is_last = self.is_empty && run.poller.poll.pages.stop.unless.is_empty();
        let mut sorted = Sorted { is_last, ..Sorted::default() };
        let (follow, needed) = (self.follow, self.needed(false));
        let last = run.poller.last_moment(Timestamp::MAX);
        let started = run.started;
        let untimed = Stay { time: needed.from, read: None, renews: true };
        for record in records {
            let Run { seen, summary, .. } = &mut *run;
            summary.records += 1;
            let record = gathered.read(record, |key| seen.insert(key, untimed, &needed, summary));
            let Some(record) = record else { continue };
            let (id, time) = (follow.id.as_ref(), follow.time.as_ref());
            let known = known(&record, id, time, &follow.time_format, summary);
            let time = known.time;
            if let Some(time) = time {
                sorted.end.note(time > last);
                if time > last {
                    summary.held_back += 1;
                    continue;
                }
            }
            // A vendor whose clock is ahead must not move us past our own.
            let bounded = time.map(|time| time.min(started));
            if let Some((newest, time)) = self.newest.zip(bounded) {
                self.rises |= newest < time;
                self.falls |= newest > time;
            }
            self.newest = self.newest.max(bounded);
            let stay = Stay { time: time.unwrap_or(untimed.time), ..untimed };
            if let Some(identity) = seen.insert(known.key, stay, &needed, summary) {
                gathered.take(known.news(record, identity));
            }
        }
        sorted
    }

    /// Each page moves the cursor to the place that leads on. If the last page names no
    /// next place, the next run asks for that page again, so its ids are kept. What a last page without
    /// records names may be no place at all: then the cursor stays behind the records.
    fn turn(
        &mut self,
        run: &Run<'_>,
        named: Option<&ResumeAt>,
        next: Option<&ResumeAt>,
    ) -> Result<Turn, RunError> {
        let is_end = self.is_empty && next.is_none();
        let mut leads_back = run.record.leads_back().map(str::to_owned);
        if let Some(ResumeAt::Url(text) | ResumeAt::Token(text)) =
            named.filter(|named| is_end && self.leads_back(named))
        {
            tracing::warn!(
                source.id = %run.stream,
                "a page without records names the place where reading began, so that is no place to go \
                 on from; if it is a token, list it under `none` of `next`"
            );
            leads_back = Some(text.clone());
        }
        let is_no_place = |named: &&ResumeAt| self.is_no_place(named, leads_back.as_deref());
        let named = named.filter(|named| !(is_end && is_no_place(named)));
        let leads_on = named.is_some() && named != self.place.as_ref();
        if leads_on {
            self.place = named.cloned();
        } else if named.is_none() && self.place.is_none() && self.link.is_some() {
            // A listing without a link continues from its first URL in the next run.
            let first = self.request(run, None)?.http.url;
            self.place = Some(ResumeAt::Url(without_secrets(first, &run.poller.poll).into()));
        }
        // Where the newest come first, or in no order, older ones are still to come.
        if next.is_none() || (self.rises && !self.falls) {
            self.reached = self.reached.max(self.newest);
        }
        let anchor = run.anchor(self.follow.start, next.is_none());
        let mut moved = Move { reached: self.reached, anchor, leads_back, ..run.record.unmoved() };
        match &self.place {
            Some(ResumeAt::Token(token)) => moved.done = Some(Position::Token(token.clone())),
            Some(ResumeAt::Url(link)) => moved.done = Some(Position::Link(link.clone())),
            None => {}
        }
        if let Some(cursor) = self.link {
            moved.link_request = Some(cursor.digest.clone());
        }
        let needed = self.needed(leads_on);
        let comes_again = if leads_on { ComesAgain::Nothing } else { ComesAgain::Page };
        Ok(Turn { moved, needed, goes_on: next.is_some(), is_through: true, comes_again })
    }

    fn begin_again(&mut self, run: &mut Run<'_>, setback: Setback<'_>) -> Again {
        // One refusal may pass, and what lies before a later beginning does not come back: a place
        // that this run came to from a kept one is asked for once more, by the next run.
        let is_sure = self.kept.is_none() || setback.at == self.kept.as_ref();
        let may_restart = setback.by_rule || (is_sure && self.follow.restart.is_some());
        if setback.at.is_none() || !may_restart {
            return Again::No;
        }
        self.start = restart_at(run, self.follow);
        self.place = None;
        (self.newest, self.rises, self.falls) = (None, false, false);
        // A run that ends before the first page is delivered leaves this beginning to the next,
        // which may wait for what is set up for it.
        run.record.refuse();
        tracing::warn!(
            source.id = %run.stream,
            cursor.start = %self.start,
            "the vendor refuses the place that was kept: reading begins again at a moment"
        );
        Again::Yes
    }
}
