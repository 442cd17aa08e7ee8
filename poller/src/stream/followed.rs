//! Reading from a place in the stream that only the vendor understands, its
//! token or its link: page after page until there is no more.

use jiff::Timestamp;
use mef_ports::{LostSpan, Position, ResumeAt};
use mef_source::checked::{Follow, NextLinkCursor, RestartFrom, TokenCursor};
use url::Url;

use crate::ask::asking::FetchedPage;
use crate::ask::fetch_error::FetchError;
use crate::ask::link_secrets::without_secrets;
use crate::ask::request::PageRequest;
use crate::ask::scope::RequestScope;
use crate::moment::before;
use crate::news::gathered::Gathered;
use crate::news::known::Known;
use crate::news::known::News;
use crate::news::known::known;
use crate::news::page_end::PageEnd;
use crate::news::seen::Needed;
use crate::page::record::Unread;
use crate::run::context::Run;
use crate::run::context::means_stale;
use crate::run::delivery::Step;
use crate::run::report::RunEnd;
use crate::run::report::RunError;
use crate::stream::loop_guard::LoopGuard;
use crate::stream::rewrite::rewrite_query;

/// How many ids of records are kept where a vendor that leads on may give the same
/// record again, or where reading may begin again at a moment, besides those after
/// it.
const LATEST: usize = 1_000;

/// What leads on from page to page and from run to run.
#[derive(Clone, Copy)]
pub(crate) enum Followed<'c> {
    /// A token.
    Token(&'c TokenCursor),
    /// A link.
    Link(&'c NextLinkCursor),
}

impl<'c> Followed<'c> {
    fn follow(self) -> &'c Follow {
        match self {
            Followed::Token(cursor) => &cursor.follow,
            Followed::Link(cursor) => &cursor.follow,
        }
    }
}

/// What a page of a stream has.
#[derive(Default)]
struct Sorted {
    /// The newest time on it.
    newest: Option<Timestamp>,
    /// Whether the page has come to the end of what a backfill reads.
    end: PageEnd,
}

impl Run<'_> {
    /// Reads until the vendor has no more.
    ///
    /// Each delivered page commits the place that leads on. A vendor that
    /// gives none with its last page is asked for that page again the next
    /// time, so the ids of the last page are kept.
    pub(crate) async fn read_followed(&mut self, by: Followed<'_>) -> Result<RunEnd, RunError> {
        let poll = &self.poller.poll;
        let follow = by.follow();
        let mut guard = LoopGuard::new(&self.poller.poll.pages);
        let mut restarted = false;
        let mut start = self.first_moment(follow.start);
        let mut place = self.stored_place(by, &mut start)?;
        if !self.has_time() {
            return Ok(RunEnd::OutOfTime);
        }
        let set_up = self.set_up(self.place_scope(place.as_ref(), start)).await;
        self.keep_setup(set_up)?;
        let request = self.place_request(place.as_ref(), start)?;
        let mut first_url = without_secrets(request.http.url.clone(), poll).to_string();
        let mut fetched = self.fetch(request).await;
        let mut is_stored = place.is_some();
        loop {
            let begins_again = match &fetched {
                Err(FetchError::Refused(refusal)) => {
                    is_stored && means_stale(refusal.status) && follow.restart.is_some()
                }
                Err(FetchError::Reread { .. }) => place.is_some(),
                _ => false,
            };
            // Once: what refuses every place would lead in a circle.
            if begins_again && !restarted {
                start = self.restart_at(follow);
                tracing::warn!(
                    source.id = %self.stream,
                    cursor.start = %start,
                    "the vendor refuses the place that was kept: reading begins again at a moment"
                );
                (place, is_stored, restarted) = (None, false, true);
                guard = LoopGuard::new(&self.poller.poll.pages);
                let request = self.place_request(None, start)?;
                first_url = without_secrets(request.http.url.clone(), poll).to_string();
                fetched = self.fetch(request).await;
                continue;
            }
            let FetchedPage { page, not_before } = fetched?;
            is_stored = false;
            let next = page.next.clone();
            let same = next.is_some() && next == place;
            let may_stay = poll.pages.stop.same_next || matches!(by, Followed::Link(_));
            // A page without records is where such a stream ends, unless the vendor is
            // asked whether there is more.
            let is_empty = page.records.is_empty() && poll.pages.stop.unless.is_empty();
            let ends = next.is_none() || page.ends || is_empty || (same && may_stay);
            let circle = if ends { None } else { guard.visit(&page, next.as_ref()).err() };
            let needed = needed_followed(follow, self.record.reached, false);
            let mut gathered = self.gathered()?;
            let Sorted { newest, end } =
                self.sort_followed(page.records, &mut gathered, follow, &needed);
            let ends = ends || end.is_past();
            let request = match &next {
                Some(next) if !ends => Some(self.place_request(Some(next), start)?),
                _ => None,
            };
            let mut moved = self.record.clone();
            moved.reached = moved.reached.max(newest);
            let goes_on = next.is_some() && !same;
            match (&next, by) {
                (Some(next), _) if !same => place = Some(next.clone()),
                // A listing that ends without a link goes on behind its last
                // page.
                (None, Followed::Link(_)) if place.is_none() => {
                    place = Some(ResumeAt::Url(first_url.clone()));
                }
                _ => {}
            }
            moved.done = match &place {
                Some(ResumeAt::Token(token)) => Some(Position::Token(token.clone())),
                Some(ResumeAt::Url(link)) => Some(Position::Link(link.clone())),
                None => moved.done,
            };
            if let Followed::Link(cursor) = by {
                moved.link_request = Some(cursor.digest.clone());
            }
            let needed = needed_followed(follow, moved.reached, goes_on);
            let step = Step { moved, needed: &needed, circle };
            let next_page = self.deliver(gathered, step, request, not_before).await?;
            if goes_on {
                self.seen.prune(&needed);
            }
            fetched = match self.go_on(next_page).await {
                Ok(fetched) => fetched,
                Err(end) => return Ok(end),
            };
        }
    }

    /// The place that an earlier run kept.
    ///
    /// A link holds the parameters of the request that led to it. It is
    /// followed only if they are still what the source file says, or are
    /// rewritten to that.
    fn stored_place(
        &mut self,
        by: Followed<'_>,
        start: &mut Timestamp,
    ) -> Result<Option<ResumeAt>, RunError> {
        match (by, &self.record.done) {
            (_, None) => Ok(None),
            (Followed::Token(_), Some(Position::Token(token))) => {
                Ok(Some(ResumeAt::Token(token.clone())))
            }
            (Followed::Link(cursor), Some(Position::Link(link) | Position::Token(link))) => {
                let was = self.record.link_request.as_ref();
                // What a person sets by hand is as that person wants it.
                if was.is_some_and(|was| *was != cursor.digest) {
                    *start = self.restart_at(&cursor.follow);
                    tracing::warn!(
                        source.id = %self.stream,
                        cursor.start = %start,
                        "the source file's request changed: the kept link is dropped, and reading begins again at a moment"
                    );
                    return Ok(None);
                }
                let scope = self.scope();
                match Url::parse(link) {
                    Ok(link) => {
                        let link = rewrite_query(link, &cursor.rewrite, &scope)
                            .map_err(FetchError::Request)?;
                        Ok(Some(ResumeAt::Url(link.into())))
                    }
                    Err(_) => Ok(Some(ResumeAt::Url(link.clone()))),
                }
            }
            (_, Some(stored)) => Err(self.wrong_kind(stored)),
        }
    }

    /// From where to begin again when the place is lost: never later than what
    /// is known to be delivered, and never earlier than the vendor keeps records.
    fn restart_at(&mut self, follow: &Follow) -> Timestamp {
        let first = self.first_moment(follow.start);
        let (Some(restart), Some(reached)) = (follow.restart, self.record.reached) else {
            return first;
        };
        if restart.from != RestartFrom::Time {
            return first;
        }
        let oldest = follow.retention.map_or(Timestamp::MIN, |kept| before(self.started, kept));
        if reached < oldest {
            self.note_lost(LostSpan { from: reached, to: oldest });
        }
        before(reached, restart.overlap).max(oldest)
    }

    fn sort_followed(
        &mut self,
        records: Vec<Unread>,
        gathered: &mut Gathered<'_>,
        follow: &Follow,
        needed: &Needed,
    ) -> Sorted {
        let mut sorted = Sorted::default();
        let last = self.poller.last_moment(Timestamp::MAX);
        for record in records {
            self.summary.records += 1;
            let Run { seen, summary, .. } = self;
            let record =
                gathered.read(record, |hash| seen.insert(hash, needed.from, needed, summary));
            let Some(record) = record else { continue };
            let (id, time) = (follow.id.as_ref(), follow.time.as_ref());
            let Known { id, time, hash } =
                known(&record.value, id, time, &follow.time_format, summary);
            if let Some(time) = time {
                sorted.end.note(time > last);
                if time > last {
                    summary.held_back += 1;
                    continue;
                }
            }
            // A vendor whose clock is ahead must not move us past our own.
            sorted.newest = sorted.newest.max(time.map(|time| time.min(self.started)));
            if seen.insert(hash, time.unwrap_or(needed.from), needed, summary) {
                gathered.take(News { record, id, hash });
            }
        }
        sorted
    }

    fn place_request(
        &self,
        place: Option<&ResumeAt>,
        start: Timestamp,
    ) -> Result<PageRequest, RunError> {
        Ok(self.request(&self.place_scope(place, start), place)?)
    }

    fn place_scope<'s>(
        &'s self,
        place: Option<&'s ResumeAt>,
        start: Timestamp,
    ) -> RequestScope<'s> {
        let token = match place {
            Some(ResumeAt::Token(token)) => Some(token.as_str()),
            _ => None,
        };
        RequestScope {
            cursor_token: token,
            cursor_start: place.is_none().then_some(start),
            ..self.scope()
        }
    }
}

/// Which ids a later read may bring again, where `reached` is the newest time
/// delivered. Of what came before a page that leads on, these are the latest of
/// records that have an id: two without one may be equal and still be two.
fn needed_followed(follow: &Follow, reached: Option<Timestamp>, goes_on: bool) -> Needed {
    let by_time = follow.restart.filter(|restart| restart.from == RestartFrom::Time);
    let (from, latest) = match by_time {
        Some(restart) => (before(reached.unwrap_or_default(), restart.overlap), LATEST),
        None if goes_on => (Timestamp::MAX, if follow.id.is_some() { LATEST } else { 0 }),
        None => (Timestamp::UNIX_EPOCH, 0),
    };
    Needed { from, open_overlap_to: None, latest }
}
