//! Details: what a page lists are items, and the records are what the vendor
//! says of each when it is asked.
//!
//! The cursor and the dedupe are the items'. A page of many is delivered in
//! parts: what is delivered of it is known by the items' ids, so that a run
//! which ends in its middle is gone on with at the next item.

use jiff::{SignedDuration, Timestamp};
use mef_pipeline::{Admitted, deliver};
use mef_ports::Commit;
use mef_source::checked::{Detail, TimeFormat};
use serde_json::Value;

use crate::classify::{News, record_time};
use crate::fetch::{FetchError, Fetched};
use crate::loop_guard::LoopGuard;
use crate::report::RunError;
use crate::request::{RequestScope, build, render_json};
use crate::run::{Run, admit};

/// A part of a page is delivered when it took this long.
const LONGEST_PART: SignedDuration = SignedDuration::from_secs(5);
/// Or when it has so many records.
const MOST_RECORDS: usize = 2_000;

/// What the vendor says of one item.
#[derive(Default)]
struct Found {
    records: Vec<Value>,
    /// Items that it no longer has.
    gone: u64,
    /// The answers used up the limit: nothing before this moment.
    not_before: Option<Timestamp>,
}

impl Run<'_> {
    /// Asks for the details of `items`, and delivers all but the last part of
    /// them, which is given back.
    pub(crate) async fn details_of(&mut self, items: Vec<News>) -> Result<Vec<News>, RunError> {
        let mut part = Vec::new();
        let mut asked = Vec::new();
        let mut began = self.now();
        for item in items {
            let took = self.now().duration_since(began);
            if !asked.is_empty() && (took > LONGEST_PART || part.len() >= MOST_RECORDS) {
                self.deliver_part(&mut part, &mut asked).await?;
                self.note_slowest(took);
                began = self.now();
                if !self.has_time() {
                    return Err(FetchError::OutOfTime.into());
                }
            }
            let found = match self.found_of(&item.record).await {
                Ok(found) => found,
                Err(error) => {
                    self.deliver_part(&mut part, &mut asked).await?;
                    return Err(error.into());
                }
            };
            self.summary.gone += found.gone;
            // The item itself was counted when it was listed.
            self.summary.records = self.summary.records.saturating_sub(1);
            self.summary.records += found.records.len() as u64;
            let news = |record| News { record, id: None, hash: item.hash };
            part.extend(found.records.into_iter().map(news));
            asked.push(item.hash);
            if let Some(until) = found.not_before
                && let Err(until) = self.fetcher.wait_until(until).await
            {
                self.deliver_part(&mut part, &mut asked).await?;
                return Err(FetchError::Limited { until }.into());
            }
        }
        Ok(part)
    }

    /// Delivers a part of a page. The cursor stays where it is.
    async fn deliver_part(
        &mut self,
        part: &mut Vec<News>,
        asked: &mut Vec<u64>,
    ) -> Result<(), RunError> {
        let admitted = Admitted::page(admit(std::mem::take(part)), self.now());
        let outcome = self.poller.pipeline.run(admitted);
        let receipt = deliver(&self.poller.ports.outputs, outcome).await?;
        self.summary.delivered += receipt.delivered();
        self.summary.rejected += receipt.rejected();
        self.seen.delivered(asked);
        asked.clear();
        let seen = self.seen.to_store_at_the_end();
        let commit = Commit { record: &self.record, seen: Some(&seen) };
        let lease = self.lease().current().await;
        Ok(self.poller.ports.cursors.commit(&lease, commit).await?)
    }

    /// The records that `item` leads to, through all steps of `details`.
    async fn found_of(&self, item: &Value) -> Result<Found, FetchError> {
        let mut all = Found { records: vec![item.clone()], ..Found::default() };
        for detail in &self.poller.poll.details {
            for item in std::mem::take(&mut all.records) {
                if let Some(until) = all.not_before.take() {
                    let waited = self.fetcher.wait_until(until).await;
                    waited.map_err(|until| FetchError::Limited { until })?;
                }
                let found = self.step(detail, &item).await?;
                all.records.extend(found.records);
                all.gone += found.gone;
                all.not_before = all.not_before.max(found.not_before);
            }
        }
        Ok(all)
    }

    /// What one step of `details` brings for `item`.
    async fn step(&self, detail: &Detail, item: &Value) -> Result<Found, FetchError> {
        let expires = detail.expires.as_ref().and_then(|path| path.find(item));
        let expires = expires.and_then(|value| record_time(value, TimeFormat::Auto));
        let gone = Found { gone: 1, ..Found::default() };
        if expires.is_some_and(|expires| expires <= self.now()) {
            return Ok(gone);
        }
        let poll = &self.poller.poll;
        let scope = RequestScope { item: Some(item), ..self.scope() };
        let mut found = Found::default();
        let mut guard = LoopGuard::default();
        let mut at = None;
        loop {
            let request = build(poll, &detail.pages, &scope, at.as_ref())?;
            let fetched = self.fetcher.fetch_of(&detail.pages, None, None, request).await;
            let Fetched { page, not_before } = match fetched {
                // It was there when it was listed.
                Err(FetchError::Refused { status }) if matches!(status.as_u16(), 404 | 410) => {
                    found.gone += 1;
                    return Ok(found);
                }
                fetched => fetched?,
            };
            let next = if page.ends { None } else { page.next.clone() };
            guard.visit(&page, next.as_ref()).map_err(FetchError::Loop)?;
            for mut record in page.records {
                keep(detail, &scope, &mut record)?;
                found.records.push(record);
            }
            found.not_before = not_before;
            let Some(next) = next else { return Ok(found) };
            if let Some(until) = not_before {
                let waited = self.fetcher.wait_until(until).await;
                waited.map_err(|until| FetchError::Limited { until })?;
            }
            at = Some(next);
        }
    }
}

/// Puts what is kept of the item into `record`, if that is an object.
fn keep(detail: &Detail, scope: &RequestScope<'_>, record: &mut Value) -> Result<(), FetchError> {
    let Value::Object(record) = record else { return Ok(()) };
    for (name, template) in &detail.keep {
        if let Some(value) = render_json(template, scope, name)? {
            record.insert(name.clone(), value);
        }
    }
    Ok(())
}
