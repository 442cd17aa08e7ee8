//! What is gathered of a page before it is delivered.
//!
//! A record that is news becomes an event at once, and after that only its text is
//! kept: a page of a thousand is never in memory as a thousand values.

use bytes::Bytes;
use jiff::Timestamp;
use mef_pipeline::{Fetched, Outcome, Pipeline};
use mef_source::checked::Detail;
use serde_json::Value;

use crate::news::keep::put;
use crate::news::known::News;
use crate::news::known::text_hash;
use crate::page::record::Record;
use crate::page::record::Unread;
use crate::page::record::Unreadable;

/// The news of a page, or of a part of one.
pub(crate) struct Gathered<'p> {
    pipeline: &'p Pipeline,
    has_details: bool,
    kept: Vec<(String, Value)>,
    /// The events that they became, and the dead letters.
    pub(crate) outcome: Outcome,
    /// Where details have to be asked for, what to ask for.
    pub(crate) items: Vec<News>,
}

impl<'p> Gathered<'p> {
    /// Nothing yet of what was fetched at `received_at`; what is `kept` is put into
    /// each record of the page.
    pub(crate) fn new(
        pipeline: &'p Pipeline,
        details: &[Detail],
        kept: Vec<(String, Value)>,
        received_at: Timestamp,
    ) -> Gathered<'p> {
        Gathered {
            pipeline,
            has_details: !details.is_empty(),
            kept,
            outcome: pipeline.page(received_at, []),
            items: Vec::new(),
        }
    }

    /// Reads a record. One that cannot be read is a dead letter, where it is news
    /// by the hash of its text, and the records beside it go on.
    #[expect(
        clippy::disallowed_methods,
        reason = "this record was just fetched from the source's own origins"
    )]
    pub(crate) fn read(
        &mut self,
        record: Unread,
        is_news: impl FnOnce(u64) -> bool,
    ) -> Option<Record> {
        let Unreadable { text, error } = match record.read() {
            Ok(record) => return Some(record),
            Err(unreadable) => unreadable,
        };
        if is_news(text_hash(&text, None)) {
            self.pipeline.add(Fetched::unreadable(text, error), &mut self.outcome);
        }
        None
    }

    /// Takes a record that is news.
    pub(crate) fn take(&mut self, mut news: News) {
        if !self.kept.is_empty() {
            let Record { value, text } = &mut news.record;
            put(&self.kept, value);
            *text = text.is_some().then(|| Bytes::from(value.to_string()));
        }
        if self.has_details {
            self.items.push(news);
        } else {
            self.add(news);
        }
    }

    /// Makes an event of a record.
    #[expect(
        clippy::disallowed_methods,
        reason = "these records were just fetched from the source's own origins"
    )]
    pub(crate) fn add(&mut self, news: News) {
        let News { record: Record { value, text }, id, .. } = news;
        self.pipeline.add(Fetched::new(value, id).read_from(text), &mut self.outcome);
    }
}
