//! Reading a stream from page to page.
//!
//! The page loop is written once, in [`read_pages`]. What the kinds of cursor do differently is a
//! [`Reading`]: a window of time, a pass by id, what a token or a link leads on to, a listing.

pub(crate) mod by_id;
pub(crate) mod by_time;
pub(crate) mod followed;
pub(crate) mod key;
pub(crate) mod listing;
mod out_of_line;
pub(crate) mod rewrite;
pub(crate) mod window;

use http::StatusCode;
use mef_ports::ResumeAt;
use mef_source::checked::Next;

use crate::ask::asking::FetchedPage;
use crate::ask::fetch_error::FetchError;
use crate::news::gathered::Gathered;
use crate::news::known::content_of;
use crate::news::page_end::PageEnd;
use crate::news::seen::Stay;
use crate::news::seen::needed::Needed;
use crate::page::read::LostWay;
use crate::page::record::Unread;
use crate::request::build::PageRequest;
use crate::request::scope::RequestScope;
use crate::work::context::Run;
use crate::work::delivery::{Turn, deliver, go_on};
use crate::work::details::details_of;
use crate::work::job::end_job;
use crate::work::loop_guard::LoopGuard;
use crate::work::report::{RunEnd, RunError};
use crate::work::setup::{keep_setup, set_up};
use crate::work::tally::Tally;

/// What is read page after page: what the kinds of cursor do differently.
pub(crate) trait Reading {
    /// Returns what the requests can use, the setup's among them.
    fn scope<'s>(&'s self, run: &'s Run<'_>) -> RequestScope<'s>;

    /// Builds the request for the page that `at` leads to, or for the first.
    fn request(&self, run: &Run<'_>, at: Option<&ResumeAt>) -> Result<PageRequest, RunError> {
        run.request(&self.scope(run), at)
    }

    /// Sorts the records of a page: those that are new go to `gathered`.
    fn sort(
        &mut self,
        run: &mut Run<'_>,
        records: Vec<Unread>,
        gathered: &mut Gathered<'_>,
    ) -> Sorted;

    /// Returns whether the records come in ascending order, so that a page past the end of a
    /// backfill is its last.
    fn is_ascending(&self) -> bool;

    /// Returns how the cursor moves once the sorted page is delivered. `named` is what the page
    /// names as next, `next` what will be asked for.
    fn turn(
        &mut self,
        run: &Run<'_>,
        named: Option<&ResumeAt>,
        next: Option<&ResumeAt>,
    ) -> Result<Turn, RunError>;

    /// Returns how often reading may begin again in this run. Once, unless the second try is
    /// a different request: otherwise a vendor that refuses every request would never let the run end.
    fn most_restarts(&self) -> u32 {
        1
    }

    /// Goes back to where reading began, because its pages moved meanwhile.
    fn read_anew(&mut self, run: &mut Run<'_>) {
        run.record.read_again();
    }

    /// Goes back to where reading can begin again after the vendor refused the place `at`.
    fn begin_again(&mut self, run: &mut Run<'_>, setback: Setback<'_>) -> Again;
}

/// Whether reading begins again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Again {
    /// There is no place to begin at, which makes the refusal an error.
    No,
    /// It does.
    Yes,
    /// It does, and there is less to read than the last time.
    Less,
}

/// What sorting found out about a page.
#[derive(Default)]
pub(crate) struct Sorted {
    /// Whether its records say that it is the last, whatever it names.
    pub(crate) is_last: bool,
    /// Whether it has come to records past the end of a backfill.
    pub(crate) end: PageEnd,
    /// What is missing, if no record of the page can move the cursor.
    pub(crate) no_place: Option<String>,
    /// If what is fetched of an item without a time is known by what it is: until when.
    pub(crate) fetched: Option<(Stay, Needed)>,
}

/// Why reading may have to begin again.
#[derive(Clone, Copy)]
pub(crate) struct Setback<'e> {
    /// The place that was asked for; `None` for the first page.
    pub(crate) at: Option<&'e ResumeAt>,
    /// Whether a rule of the source file asks for it.
    pub(crate) by_rule: bool,
    /// Whether that rule asks for half of the window.
    pub(crate) half: bool,
    /// What the vendor said.
    pub(crate) error: &'e FetchError,
}

impl<'e> Setback<'e> {
    /// Returns why reading may have to begin again after `error`, if it may: a rule says so, the
    /// status may mean that the vendor no longer knows the place `at`, or the vendor `moves` the place
    /// with each request and the page did not arrive.
    fn of(error: &'e FetchError, at: Option<&'e ResumeAt>, moves: bool) -> Option<Setback<'e>> {
        let (by_rule, half) = match error {
            error if moves && at.is_some() && error.may_have_moved() => (true, false),
            FetchError::Reread { half, .. } => (true, *half),
            FetchError::Refused(refusal) if at.is_some() && means_stale(refusal.status) => {
                (false, false)
            }
            _ => return None,
        };
        Some(Setback { at, by_rule, half, error })
    }
}

fn means_stale(status: StatusCode) -> bool {
    matches!(status.as_u16(), 400 | 404 | 409 | 410 | 416 | 422)
}

/// Reads pages from `at` on, or from the first, until there are no more.
pub(crate) async fn read_pages<R: Reading>(
    run: &mut Run<'_>,
    reading: &mut R,
    mut at: Option<ResumeAt>,
) -> Result<RunEnd, RunError> {
    if !run.has_time() {
        return Ok(RunEnd::OutOfTime);
    }
    let poll = &run.poller.poll;
    let moves = poll.pages.next.as_ref().is_some_and(Next::moves) && !poll.cursor.is_by_vendor();
    if at.is_none() {
        run.seen.begin_again();
    }
    let mut restarts_left = reading.most_restarts();
    let mut fetched = begin(run, reading, at.as_ref()).await?;
    let mut guard = LoopGuard::new(&run.poller.poll.pages);
    if let Some(place) = run.record.leads_in_a_circle().filter(|_| at.is_some()) {
        guard.has_visited(place);
    }
    let mut tally = match at {
        None => Tally::begin(&poll.pages),
        Some(_) => Tally::go_on(&poll.pages, run.record.counted()),
    };
    let mut token = at.clone();
    loop {
        let FetchedPage { page, not_before } = match fetched {
            Ok(fetched) => fetched,
            Err(error) => {
                let Some(setback) = Setback::of(&error, at.as_ref(), moves) else {
                    return Err(error.into());
                };
                let again = match restarts_left {
                    0 => Again::No,
                    _ => reading.begin_again(run, setback),
                };
                match again {
                    Again::No => {
                        // The vendor may accept it later: a later run begins again.
                        run.record.read_again();
                        return Err(error.into());
                    }
                    Again::Yes => restarts_left -= 1,
                    Again::Less if !run.has_time() => return Ok(RunEnd::OutOfTime),
                    Again::Less => restarts_left = reading.most_restarts(),
                }
                at = None;
                tally.begin_again();
                run.seen.begin_again();
                end_job(run, token.take().as_ref()).await;
                // A job or a session of the vendor is gone with the place.
                run.drop_setup();
                fetched = begin(run, reading, None).await?;
                guard = LoopGuard::new(&run.poller.poll.pages);
                continue;
            }
        };
        if run.has_time() && tally.has_shrunk(&page) {
            tracing::warn!(
                source.id = %run.stream,
                "the vendor counts fewer records than on the page before, so that some may have moved to pages that were read: they are read again"
            );
            reading.read_anew(run);
            at = None;
            run.seen.begin_again();
            fetched = begin(run, reading, None).await?;
            guard = LoopGuard::new(&run.poller.poll.pages);
            continue;
        }
        let named = page.next.clone();
        tally.note(&page);
        token = named.clone().or(token);
        let circle = guard.visit(&page, named.as_ref()).err();
        run.seen.begin_page(guard.came_again(), page.records.iter().filter_map(content_of));
        if let Some(setup) = &mut run.record.setup {
            setup.values.extend(page.renewed);
        }
        let mut gathered = run.gathered()?;
        let sorted = reading.sort(run, page.records, &mut gathered);
        let is_past = sorted.end.is_past() && reading.is_ascending() && run.poller.is_backfill();
        let ends = page.ends || sorted.is_last || is_past;
        let next = named.clone().filter(|_| !ends);
        let circle = circle.filter(|_| next.is_some()).map(RunError::Loop);
        // A last page leads nowhere, unless what it names would be kept.
        let is_needed = !sorted.is_last || run.poller.poll.cursor.follow().is_some();
        let mut stays = match page.lost_way.filter(|_| is_needed) {
            Some(LostWay { error, body }) => Some(RunError::LostWay {
                blob: run.fetcher.keep(body).await?,
                error: Box::new(error),
            }),
            None => circle,
        };
        if let Some(named) = next.as_ref().filter(|_| guard.is_circle()) {
            run.record.note_circle(named.clone());
        }
        let mut turn = reading.turn(run, named.as_ref(), next.as_ref())?;
        turn.moved.count(tally.counted());
        let request = match turn.goes_on {
            true => match reading.request(run, next.as_ref()) {
                Ok(request) => Some(request),
                // The page is good all the same.
                Err(error) => {
                    stays.get_or_insert(RunError::NoRequest(Box::new(error)));
                    None
                }
            },
            false => None,
        };
        if !gathered.items.is_empty() {
            let items = std::mem::take(&mut gathered.items);
            details_of(run, items, sorted.fetched)
                .await?
                .into_iter()
                .for_each(|news| gathered.add(news));
        }
        let next_page = deliver(run, gathered, &turn, stays, request, not_before).await?;
        if let Some(place) = sorted.no_place {
            return Err(RunError::NoPlace(place));
        }
        if turn.is_through {
            run.seen.prune(&turn.needed);
        }
        if !turn.goes_on && !sorted.is_last && !is_past {
            run.note_missing(tally.missing());
        }
        at = next;
        fetched = match go_on(run, next_page).await {
            Ok(fetched) => fetched,
            Err(end) => {
                if matches!(end, RunEnd::CaughtUp) {
                    end_job(run, token.as_ref()).await;
                }
                return Ok(end);
            }
        };
    }
}

/// Sets up and fetches the page that `at` leads to.
async fn begin<R: Reading>(
    run: &mut Run<'_>,
    reading: &R,
    at: Option<&ResumeAt>,
) -> Result<Result<FetchedPage, FetchError>, RunError> {
    let (done, end) = set_up(run, reading.scope(run)).await;
    keep_setup(run, done, end)?;
    let request = reading.request(run, at)?;
    Ok(run.fetch(request).await)
}

/// Notes that records are out of order, if that is news.
fn note_order(run: &Run<'_>, is_ascending: &mut bool, out_of_order: bool) {
    if out_of_order && std::mem::replace(is_ascending, false) {
        tracing::warn!(
            source.id = %run.stream,
            "records are not in ascending order: the cursor waits for the last page"
        );
    }
}
