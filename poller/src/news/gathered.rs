//! The news of a page, gathered until they are delivered.
//!
//! A new record becomes an event at once, and after that only its text is kept: a page of a
//! thousand records is never in memory as a thousand values.

use bytes::Bytes;
use jiff::Timestamp;
use mef_pipeline::{Fetched, Outcome, Pipeline};
use mef_source::checked::Detail;
use serde_json::Value;

use crate::news::keep::put;
use crate::news::known::{News, whole};
use crate::news::seen::key::{Identity, Key};
use crate::page::record::{Record, Unread, Unreadable};

/// The news of a page, or of a part of one.
pub(crate) struct Gathered<'p> {
    pipeline: &'p Pipeline,
    has_details: bool,
    kept: Vec<(String, Value)>,
    /// The events and the dead letters.
    pub(crate) outcome: Outcome,
    /// The items whose details are still to be asked for.
    pub(crate) items: Vec<News>,
}

impl<'p> Gathered<'p> {
    /// Returns an empty one for a page that was fetched at `received_at`. `kept` is put into each
    /// record.
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

    /// Reads a record. If it cannot be read and is new by the hash of its text, it becomes a dead
    /// letter, and the other records go on.
    pub(crate) fn read(
        &mut self,
        record: Unread,
        is_news: impl FnOnce(Key) -> Option<Identity>,
    ) -> Option<Record> {
        match record.read() {
            Ok(record) => return Some(record),
            Err(damaged) if is_news(whole(&damaged.text, None)).is_some() => {
                self.add_damaged(damaged);
            }
            Err(_) => {}
        }
        None
    }

    /// Makes a record that cannot be read a dead letter.
    #[expect(
        clippy::disallowed_methods,
        reason = "this record was just fetched from the source's own origins"
    )]
    pub(crate) fn add_damaged(&mut self, damaged: Unreadable) {
        let Unreadable { text, error } = damaged;
        self.pipeline.add(Fetched::unreadable(text, error), &mut self.outcome);
    }

    /// Takes a new record.
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

    /// Makes a record an event.
    #[expect(
        clippy::disallowed_methods,
        reason = "these records were just fetched from the source's own origins"
    )]
    pub(crate) fn add(&mut self, news: News) {
        let News { record: Record { value, text }, id, .. } = news;
        self.pipeline.add(Fetched::new(value, id).read_from(text), &mut self.outcome);
    }
}
