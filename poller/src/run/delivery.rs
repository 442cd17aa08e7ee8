//! From page to page: what is new on one is delivered and the cursor moved, while
//! the next is on its way.

use jiff::Timestamp;
use mef_pipeline::{Outcome, deliver};
use mef_ports::{Commit, CursorRecord, Receipt, RunSummary};
use mef_source::checked::Next;

use crate::ask::asking::FetchedPage;
use crate::ask::fetch_error::FetchError;
use crate::ask::request::PageRequest;
use crate::news::gathered::Gathered;
use crate::news::known::News;
use crate::news::seen::Needed;
use crate::run::context::Run;
use crate::run::report::RunEnd;
use crate::run::report::RunError;

/// What the delivery of a page means for its stream.
pub(crate) struct Step<'s> {
    /// The cursor as it is then.
    pub(crate) moved: CursorRecord,
    /// The ids that it needs.
    pub(crate) needed: &'s Needed,
    /// What is wrong with the way that the page leads on, if anything is.
    pub(crate) circle: Option<&'static str>,
}

/// What follows a delivered page.
pub(crate) enum NextPage {
    /// There is none.
    None,
    /// It was fetched while the page before it was delivered.
    Here(Result<FetchedPage, FetchError>),
    /// It has to wait until after the commit, or for another run.
    Later(Box<PageRequest>, Option<Timestamp>),
}

impl Run<'_> {
    /// Delivers what is new on a page and moves the cursor, and meanwhile fetches
    /// the next page.
    ///
    /// # Errors
    ///
    /// Where a record may not be delivered, the cursor stays where it is; so it does
    /// where the page closes a circle, though it is delivered.
    pub(crate) async fn deliver(
        &mut self,
        mut gathered: Gathered<'_>,
        Step { moved, needed, circle }: Step<'_>,
        next: Option<PageRequest>,
        not_before: Option<Timestamp>,
    ) -> Result<NextPage, RunError> {
        if !gathered.items.is_empty() {
            let items = std::mem::take(&mut gathered.items);
            self.details_of(items).await?.into_iter().for_each(|news| gathered.add(news));
        }
        let outcome = self.told(gathered.outcome);
        // Who asks for more says that what came before has arrived.
        let may_overlap = self.poller.poll.pages.next != Some(Next::Again);
        let next = next.filter(|_| circle.is_none());
        let early = match next {
            Some(request) if may_overlap && not_before.is_none() && self.has_time() => Ok(request),
            other => Err(other),
        };
        let before = self.now();
        let Run { poller, fetcher, lease, record, seen, summary, .. } = &mut *self;
        let ports = &poller.ports;
        let delivered = async {
            let receipt = deliver(&ports.outputs, outcome).await?;
            seen.page_delivered();
            summary.pages += 1;
            count(summary, &receipt);
            summary.dedupe_overflow += seen.take_overflow();
            if let Some(circle) = circle {
                return Err(RunError::Loop(circle));
            }
            *record = moved;
            let seen = seen.to_store(needed);
            let commit = Commit { record: &*record, seen: Some(&seen) };
            Ok(ports.cursors.commit(&lease.current().await, commit).await?)
        };
        match early {
            Ok(request) => {
                let (delivered, fetched) = futures::join!(delivered, fetcher.fetch(request));
                self.note_slowest(self.now().duration_since(before));
                delivered.map(|()| NextPage::Here(fetched))
            }
            Err(Some(request)) => {
                delivered.await.map(|()| NextPage::Later(Box::new(request), not_before))
            }
            Err(None) => delivered.await.map(|()| NextPage::None),
        }
    }

    /// Tells of what is not told of the records one by one, and masks what is said of
    /// those that were refused; a record itself is kept as the vendor sent it.
    fn told(&self, mut outcome: Outcome) -> Outcome {
        for letter in &mut outcome.letters {
            letter.reason = self.poller.ports.redactor.mask(&letter.reason).into_owned();
        }
        if outcome.fallbacks > 0 {
            tracing::debug!(source.id = %self.stream, event.fallbacks = outcome.fallbacks, "fields fell back to their defaults");
        }
        outcome
    }

    /// Delivers a part of a page, made of these items, by whose ids a run that
    /// ends before the page does goes on. The cursor stays where it is.
    pub(crate) async fn deliver_part(
        &mut self,
        news: Vec<News>,
        items: &[u64],
    ) -> Result<(), RunError> {
        self.lease.keep().await?;
        let mut gathered = self.gathered()?;
        news.into_iter().for_each(|news| gathered.add(news));
        let outcome = self.told(gathered.outcome);
        let receipt = deliver(&self.poller.ports.outputs, outcome).await?;
        count(&mut self.summary, &receipt);
        self.seen.delivered(items);
        Ok(self.store(&self.record, Some(&self.seen.to_store_at_the_end())).await?)
    }

    /// The page that follows a delivered one, or the end of the run: where there
    /// is none, or where it was put off for longer than a run waits.
    pub(crate) async fn go_on(
        &mut self,
        next: NextPage,
    ) -> Result<Result<FetchedPage, FetchError>, RunEnd> {
        let (request, not_before) = match next {
            NextPage::None => return Err(RunEnd::CaughtUp),
            NextPage::Here(fetched) => return Ok(fetched),
            NextPage::Later(request, not_before) => (*request, not_before),
        };
        if !self.has_time() {
            return Err(RunEnd::OutOfTime);
        }
        if let Some(until) = not_before {
            match self.fetcher.wait_until(until).await {
                Ok(()) => {}
                Err(until) => return Err(RunEnd::Limited { until }),
            }
        }
        Ok(self.fetch(request).await)
    }
}

fn count(summary: &mut RunSummary, receipt: &Receipt) {
    summary.delivered += receipt.delivered();
    summary.rejected += receipt.rejected();
}
