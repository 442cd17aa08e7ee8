//! Reading a listing without a position: every run reads all of it, and drops what an earlier run
//! delivered.
//!
//! A run that ends before the listing does delivers what it has read. The next one begins at the
//! first page again, so nothing is passed over.
//!
//! If the vendor keeps the place, it gives a page once. The request is noted in the cursor until
//! its page is delivered, and until then the page is asked for again.

use jiff::Timestamp;
use mef_ports::{Position, ResumeAt};
use mef_source::checked::ListingCursor;

use crate::news::gathered::Gathered;
use crate::news::known::{Known, named, whole};
use crate::news::seen::needed::Needed;
use crate::news::seen::{ComesAgain, Stay};
use crate::page::record::Unread;
use crate::request::build::PageRequest;
use crate::request::scope::RequestScope;
use crate::stream::{Again, Reading, Setback, Sorted, read_pages};
use crate::work::context::Run;
use crate::work::delivery::Turn;
use crate::work::report::{RunEnd, RunError};

/// Every id may come again, for as long as there is room for it.
const NEEDED: Needed = Needed { from: Timestamp::UNIX_EPOCH, open_overlap_to: None, latest: 0 };

/// What a vendor is asked for if the page that it gave may not be delivered.
const RESEND: &str = "resend";

/// Reads the listing from its first page to its last.
pub(crate) async fn read_listing(
    run: &mut Run<'_>,
    cursor: &ListingCursor,
) -> Result<RunEnd, RunError> {
    if let Some(stored) = run.record.done()
        && !matches!(stored, Position::Time(_))
    {
        return Err(run.wrong_kind(stored));
    }
    if !cursor.by_vendor {
        run.begins_at(run.first_moment(cursor.start));
    }
    read_pages(run, &mut Listing { cursor }, None).await
}

struct Listing<'c> {
    cursor: &'c ListingCursor,
}

impl Reading for Listing<'_> {
    fn scope<'s>(&'s self, run: &'s Run<'_>) -> RequestScope<'s> {
        RequestScope { cursor_start: Some(run.first_moment(self.cursor.start)), ..run.scope() }
    }

    fn request(&self, run: &Run<'_>, at: Option<&ResumeAt>) -> Result<PageRequest, RunError> {
        let scope = self.scope(run);
        if !self.cursor.by_vendor {
            return run.request(&scope, at);
        }
        let is_first = at.is_none() && run.record.done().is_none();
        let asking = |ask| RequestScope {
            cursor_start: scope.cursor_start.filter(|_| is_first),
            cursor_ask: (!is_first).then_some(ask),
            ..scope
        };
        // A later page is asked for when the one before it is delivered.
        let ask = if at.is_none() && run.record.asked() { RESEND } else { "next" };
        let again = Some(run.request(&asking(RESEND), at)?.http);
        Ok(PageRequest { again, ..run.request(&asking(ask), at)? })
    }

    fn is_ascending(&self) -> bool {
        false
    }

    fn sort(
        &mut self,
        run: &mut Run<'_>,
        records: Vec<Unread>,
        gathered: &mut Gathered<'_>,
    ) -> Sorted {
        let Run { seen, summary, started, .. } = run;
        for record in records {
            summary.records += 1;
            let stay = Stay { time: *started, read: None, renews: true };
            let mut news = |key| seen.insert(key, stay, &NEEDED, summary);
            let Some(record) = gathered.read(record, &mut news) else { continue };
            let id = self.cursor.id.as_ref().and_then(|id| id.find(&record.value));
            let key = match &id {
                Some(id) => named(&record, id, None),
                None => whole(record.value.to_string().as_bytes(), None),
            };
            if let Some(identity) = news(key) {
                gathered.take(Known { id, time: None, key }.news(record, identity));
            }
        }
        Sorted::default()
    }

    fn turn(
        &mut self,
        run: &Run<'_>,
        _: Option<&ResumeAt>,
        next: Option<&ResumeAt>,
    ) -> Result<Turn, RunError> {
        let mut moved = run.record.unmoved();
        if next.is_none() || self.cursor.by_vendor {
            // Everything that was there when the run started is delivered.
            moved.done = Some(Position::Time(run.started));
        }
        let comes_again = if next.is_some() { ComesAgain::Nothing } else { ComesAgain::All };
        let (goes_on, is_through) = (next.is_some(), next.is_none());
        Ok(Turn { moved, needed: NEEDED, goes_on, is_through, comes_again })
    }

    /// Begins again at the first page, as the next run would. If the vendor keeps the place, there
    /// is none to go back to.
    fn begin_again(&mut self, run: &mut Run<'_>, setback: Setback<'_>) -> Again {
        if setback.at.is_none() || self.cursor.by_vendor {
            return Again::No;
        }
        tracing::warn!(
            source.id = %run.stream,
            "the vendor does not go on in the listing: it is read again from its first page"
        );
        Again::Yes
    }
}
