//! Reading by the vendor's token: page after page until there is no more.

use jiff::Timestamp;
use mef_ports::{HttpRequest, Position, ResumeAt};
use mef_source::checked::TokenCursor;

use crate::classify;
use crate::fetch::{FetchError, Fetched};
use crate::loop_guard::LoopGuard;
use crate::moment::before;
use crate::report::{RunEnd, RunError};
use crate::request::{RequestScope, build};
use crate::run::{NextPage, Run};
use crate::seen::Needed;

impl Run<'_> {
    /// Reads until the vendor has no more.
    ///
    /// Each delivered page commits the token that leads on. A vendor that
    /// gives none with its last page is asked for that page again the next
    /// time, so the ids of the last page are kept.
    pub(crate) async fn read_by_token(&mut self, cursor: &TokenCursor) -> Result<RunEnd, RunError> {
        let poll = &self.poller.poll;
        let needed = Needed { from: Timestamp::UNIX_EPOCH, open_overlap_to: None, latest: 0 };
        let mut guard = LoopGuard::default();
        let mut restarted = false;
        let mut token = match &self.record.done {
            None => None,
            Some(Position::Token(token)) => Some(token.clone()),
            Some(stored) => {
                return Err(RunError::CursorKind { stored: stored.clone(), wanted: "token" });
            }
        };
        if !self.has_time() {
            return Ok(RunEnd::OutOfTime);
        }
        let request = self.token_request(cursor, token.as_deref())?;
        let mut fetched = self.fetch(request).await;
        loop {
            let Fetched { page, not_before } = match fetched {
                // Once: what refuses every token would lead in a circle.
                Err(FetchError::Reread { .. }) if token.is_some() && !restarted => {
                    restarted = true;
                    tracing::warn!(
                        source.id = %self.poller.source.name,
                        "the vendor refuses its own token: the stream is read again from `start`"
                    );
                    token = None;
                    guard = LoopGuard::default();
                    let request = self.token_request(cursor, None)?;
                    fetched = self.fetch(request).await;
                    continue;
                }
                fetched => fetched?,
            };
            let next = page.cursor_token.clone();
            let same = next.is_some() && next == token;
            // A page without records is where a stream of tokens ends.
            let ends =
                next.is_none() || page.records.is_empty() || (same && poll.stop_on_same_next);
            if !ends {
                guard.visit(&page, page.next.as_ref()).map_err(RunError::Loop)?;
            }
            let news = classify::by_token(
                page.records,
                cursor.id.as_ref(),
                &mut self.seen,
                &needed,
                &mut self.summary,
            );
            let request = match &next {
                Some(next) if !ends => Some(self.token_request(cursor, Some(next))?),
                _ => None,
            };
            let (receipt, next_page) = self.deliver(news, request, not_before).await?;
            if let Some(next) = next
                && !same
            {
                self.record.done = Some(Position::Token(next.clone()));
                token = Some(next);
                self.seen.clear();
            }
            self.commit(receipt, &needed).await?;
            fetched = match next_page {
                NextPage::None => return Ok(RunEnd::CaughtUp),
                NextPage::Here(fetched) => fetched,
                NextPage::Later(request, not_before) => {
                    match self.fetch_later(request, not_before).await {
                        Ok(fetched) => fetched,
                        Err(end) => return Ok(end),
                    }
                }
            };
        }
    }

    fn token_request(
        &self,
        cursor: &TokenCursor,
        token: Option<&str>,
    ) -> Result<HttpRequest, RunError> {
        let scope = RequestScope {
            secrets: &self.fetcher.secrets,
            window: None,
            cursor_token: token,
            cursor_start: token.is_none().then(|| before(self.started, cursor.start)),
        };
        let resume = token.map(|token| ResumeAt::Token(token.to_owned()));
        build(&self.poller.poll, &scope, resume.as_ref())
            .map_err(|error| FetchError::Request(error).into())
    }
}
