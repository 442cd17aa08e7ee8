//! Delivering the news of a page and moving the cursor, while the next page is on its way.

use jiff::Timestamp;
use mef_pipeline::{Outcome, deliver as deliver_outcome};
use mef_ports::{Commit, Move, Receipt, RunSummary};
use mef_source::checked::Next;

use crate::ask::asking::FetchedPage;
use crate::ask::fetch_error::FetchError;
use crate::news::gathered::Gathered;
use crate::news::known::News;
use crate::news::seen::ComesAgain;
use crate::news::seen::needed::Needed;
use crate::news::seen::stored::Change;
use crate::page::record::Unreadable;
use crate::request::build::PageRequest;
use crate::work::context::Run;
use crate::work::report::{RunEnd, RunError};

/// What the delivery of a page means.
pub(crate) struct Turn {
    /// How far the stream is read then.
    pub(crate) moved: Move,
    /// The ids that a later read may bring again.
    pub(crate) needed: Needed,
    /// Whether a further page is asked for.
    pub(crate) goes_on: bool,
    /// Whether the ids that only the pages before it needed can be forgotten.
    pub(crate) is_through: bool,
    /// What the requests after it bring again.
    pub(crate) comes_again: ComesAgain,
}

/// What follows a delivered page.
pub(crate) enum NextPage {
    /// There is none.
    None,
    /// It was fetched while the page before it was delivered.
    Here(Box<Result<FetchedPage, FetchError>>),
    /// It has to wait until after the commit, or for another run.
    Later(Box<PageRequest>, Option<Timestamp>),
}

/// Delivers the news of a page and moves the cursor as `turn` says. Meanwhile it fetches the page that
/// `next` asks for. `stays` says what is wrong if the way on from the page cannot be
/// followed.
///
/// # Errors
///
/// If a record may not be delivered, the cursor stays where it is. With `stays` it stays too: the page
/// is delivered, and its ids are stored, since the next run asks for it again.
pub(crate) async fn deliver(
    run: &mut Run<'_>,
    gathered: Gathered<'_>,
    turn: &Turn,
    stays: Option<RunError>,
    next: Option<PageRequest>,
    not_before: Option<Timestamp>,
) -> Result<NextPage, RunError> {
    let outcome = mask_reasons(run, gathered.outcome);
    // If the vendor keeps the place, a request tells it that the page before has arrived.
    let may_overlap = !run.poller.poll.pages.next.as_ref().is_some_and(Next::moves);
    let next = next.filter(|_| stays.is_none());
    let early = match next {
        Some(request) if may_overlap && not_before.is_none() && run.has_time() => Ok(request),
        other => Err(other),
    };
    // The end of the run commits it in one with how it ended. If the run does not come to that, a page without news
    // is read again, and nothing comes twice. One such page may wait and not many: that would be work done in vain.
    let is_last = matches!(early, Err(None));
    let has_news = !outcome.events.is_empty() || !outcome.letters.is_empty();
    // What was set up for it is ended at the vendor before the run is.
    let may_wait = is_last && !has_news && !run.is_ahead && run.record.setup.is_none();
    let before = run.now();
    let Run { poller, fetcher, lease, record, seen, summary, is_ahead, .. } = &mut *run;
    let ports = &poller.ports;
    let delivered = async {
        let receipt = deliver_outcome(&ports.outputs, outcome).await?;
        summary.pages += 1;
        count(summary, &receipt);
        if let Some(error) = stays {
            seen.page_comes_again();
            record.note_passed(seen.any_passed());
            let change = seen.replace_all(seen.all_delivered(true));
            let commit = Commit { record: &*record, seen: change.seen() };
            ports.cursors.commit(&lease.current().await, commit).await?;
            seen.note_stored();
            return Err(error);
        }
        seen.page_delivered(turn.comes_again);
        record.advance(turn.moved.clone(), receipt);
        record.note_passed(seen.any_passed());
        let change = seen.store_with(&turn.needed, turn.is_through);
        *is_ahead = may_wait && matches!(change, Change::Keep);
        if *is_ahead {
            return Ok(());
        }
        let commit = Commit { record: &*record, seen: change.seen() };
        ports.cursors.commit(&lease.current().await, commit).await?;
        seen.note_stored();
        Ok(())
    };
    match early {
        Ok(request) => {
            let (delivered, fetched) = futures::join!(delivered, fetcher.fetch(request));
            run.note_slowest(run.now().duration_since(before));
            delivered.map(|()| NextPage::Here(Box::new(fetched)))
        }
        Err(Some(request)) => {
            delivered.await.map(|()| NextPage::Later(Box::new(request), not_before))
        }
        Err(None) => delivered.await.map(|()| NextPage::None),
    }
}

/// Delivers a part of a page that consists of what is known by `items`. The cursor stays where it is: if
/// the run ends before the page, the next run skips the items whose ids are stored.
pub(crate) async fn deliver_part(
    run: &mut Run<'_>,
    news: Vec<News>,
    damaged: Vec<Unreadable>,
    items: &[u64],
) -> Result<(), RunError> {
    run.lease.keep().await?;
    let mut gathered = run.gathered()?;
    let hashes: Vec<_> = news.iter().filter(|news| !news.is_timed).map(|news| news.hash).collect();
    news.into_iter().for_each(|news| gathered.add(news));
    damaged.into_iter().for_each(|damaged| gathered.add_damaged(damaged));
    let outcome = mask_reasons(run, gathered.outcome);
    let receipt = deliver_outcome(&run.poller.ports.outputs, outcome).await?;
    count(&mut run.summary, &receipt);
    run.seen.delivered(items);
    run.seen.delivered(&hashes);
    let change = run.seen.store_part();
    Ok(run.store_with(&change).await?)
}

/// Returns the page that follows a delivered one, or the end of the run if there is none or it has
/// to wait for longer than a run waits.
pub(crate) async fn go_on(
    run: &mut Run<'_>,
    next: NextPage,
) -> Result<Result<FetchedPage, FetchError>, RunEnd> {
    let (request, not_before) = match next {
        NextPage::None => return Err(RunEnd::CaughtUp),
        NextPage::Here(fetched) => return Ok(*fetched),
        NextPage::Later(request, not_before) => (*request, not_before),
    };
    if !run.has_time() {
        return Err(RunEnd::OutOfTime);
    }
    if let Some(until) = not_before {
        run.fetcher.wait_until(until).await.map_err(|until| RunEnd::Limited { until })?;
    }
    Ok(run.fetch(request).await)
}

/// Masks secrets in the reasons of dead letters, and counts the fields that fell back to defaults. The
/// records themselves are kept as the vendor sent them.
fn mask_reasons(run: &mut Run<'_>, mut outcome: Outcome) -> Outcome {
    for letter in &mut outcome.letters {
        letter.reason = run.poller.ports.redactor.mask(&letter.reason).into_owned();
    }
    let fallbacks = std::mem::take(&mut outcome.fallbacks);
    if fallbacks.total() > 0 {
        tracing::debug!(source.id = %run.stream, event.fallbacks = fallbacks.total(), "fields fell back to their defaults");
    }
    for (field, count) in fallbacks.into_fields() {
        *run.summary.fallbacks.entry(field).or_default() += count;
    }
    outcome
}

fn count(summary: &mut RunSummary, receipt: &Receipt) {
    summary.delivered += receipt.delivered();
    summary.rejected += receipt.rejected();
}
