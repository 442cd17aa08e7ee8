//! Reading a listing that has no place to go on at: every run reads all of it,
//! and drops what an earlier run delivered.
//!
//! A run that ends before the listing does delivers what it has read; the next
//! one begins at the first page again, so nothing is passed over.
//!
//! Where the vendor keeps the place, a page is given once: it is stored that it
//! was asked for until it is delivered, and in between it is asked for again.

use jiff::Timestamp;
use mef_ports::{CursorRecord, Position, ResumeAt};
use mef_source::checked::ListingCursor;

use crate::ask::asking::FetchedPage;
use crate::ask::request::PageRequest;
use crate::ask::scope::RequestScope;
use crate::news::gathered::Gathered;
use crate::news::known::News;
use crate::news::known::record_hash;
use crate::news::known::record_id;
use crate::news::seen::Needed;
use crate::page::record::Unread;
use crate::run::context::Run;
use crate::run::delivery::Step;
use crate::run::report::RunEnd;
use crate::run::report::RunError;
use crate::stream::loop_guard::LoopGuard;

/// Every id may come again, for as long as there is room for it.
const NEEDED: Needed = Needed { from: Timestamp::UNIX_EPOCH, open_overlap_to: None, latest: 0 };

/// What is asked for where it is not known that what was given is delivered.
const RESEND: &str = "resend";

impl Run<'_> {
    /// Reads the listing from its first page to its last.
    pub(crate) async fn read_listing(
        &mut self,
        cursor: &ListingCursor,
    ) -> Result<RunEnd, RunError> {
        if let Some(stored) = &self.record.done
            && !matches!(stored, Position::Time(_))
        {
            return Err(self.wrong_kind(stored));
        }
        if !self.has_time() {
            return Ok(RunEnd::OutOfTime);
        }
        let poll = &self.poller.poll;
        let mut guard = LoopGuard::new(&self.poller.poll.pages);
        let mut at = None;
        let set_up = self.set_up(self.listing_scope(cursor)).await;
        self.keep_setup(set_up)?;
        let request = self.listing_request(cursor, None)?;
        let mut fetched = self.fetch(request).await;
        loop {
            let FetchedPage { page, not_before } = fetched?;
            let mut next = page.next.clone();
            if page.ends || (next == at && next.is_some() && poll.pages.stop.same_next) {
                next = None;
            }
            let circle = guard.visit(&page, next.as_ref()).err();
            let mut gathered = self.gathered()?;
            self.sort_listing(page.records, &mut gathered, cursor);
            let request = next.as_ref().map(|next| self.listing_request(cursor, Some(next)));
            let mut moved = CursorRecord { asked: false, ..self.record.clone() };
            if next.is_none() || cursor.by_vendor {
                // Whatever was there then is delivered.
                moved.done = Some(Position::Time(self.started));
            }
            let step = Step { moved, needed: &NEEDED, circle };
            let next_page = self.deliver(gathered, step, request.transpose()?, not_before).await?;
            at = next;
            fetched = match self.go_on(next_page).await {
                Ok(fetched) => fetched,
                Err(end) => return Ok(end),
            };
        }
    }

    fn sort_listing(
        &mut self,
        records: Vec<Unread>,
        gathered: &mut Gathered<'_>,
        cursor: &ListingCursor,
    ) {
        for record in records {
            self.summary.records += 1;
            let mut is_news =
                |hash| self.seen.insert(hash, self.started, &NEEDED, &mut self.summary);
            let Some(record) = gathered.read(record, &mut is_news) else { continue };
            let id = cursor.id.as_ref().and_then(|path| record_id(&record.value, path));
            let hash = record_hash(&record.value, id.as_deref(), None);
            if is_news(hash) {
                gathered.take(News { record, id, hash });
            }
        }
    }

    fn listing_request(
        &self,
        cursor: &ListingCursor,
        at: Option<&ResumeAt>,
    ) -> Result<PageRequest, RunError> {
        let scope = self.listing_scope(cursor);
        if !cursor.by_vendor {
            return Ok(self.request(&scope, at)?);
        }
        let is_first = at.is_none() && self.record.done.is_none();
        let asking = |ask| RequestScope {
            cursor_start: scope.cursor_start.filter(|_| is_first),
            cursor_ask: (!is_first).then_some(ask),
            ..scope
        };
        // A later page is asked for when the one before it is delivered.
        let ask = if at.is_none() && self.record.asked { RESEND } else { "next" };
        let again = Some(self.request(&asking(RESEND), at)?.http);
        Ok(PageRequest { again, ..self.request(&asking(ask), at)? })
    }

    fn listing_scope(&self, cursor: &ListingCursor) -> RequestScope<'_> {
        let start = self.first_moment(cursor.start);
        RequestScope { cursor_start: Some(start), ..self.scope() }
    }
}
