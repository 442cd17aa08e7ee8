//! How a redrive handles what a queue returns: letters of other sources, copies,
//! letters that return.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_trait::async_trait;
use jiff::Timestamp;
use mef_pipeline::{Outputs, Redriven, redrive};
use mef_ports::{
    Clock as _, DeadLetter, DeadLetters, LetterCounts, PassedOver, RawRecord, Settled, Stage,
    StoreError, Taken, TakenLetter,
};
use mef_source::Source;
use serde_json::json;

use crate::{Bench, TestClock, source};

/// Dead letters that record each take.
#[derive(Default)]
struct Script {
    takes: Mutex<VecDeque<Taken>>,
    settled: Mutex<Vec<Settled>>,
    given_back: Mutex<Vec<String>>,
}

#[async_trait]
impl DeadLetters for Script {
    async fn put(&self, _: &[DeadLetter]) -> Result<(), StoreError> {
        Ok(())
    }

    async fn list(&self, _: Option<&str>, _: usize) -> Result<Vec<DeadLetter>, StoreError> {
        Ok(Vec::new())
    }

    async fn get(&self, _: &str) -> Result<Option<DeadLetter>, StoreError> {
        Ok(None)
    }

    async fn count(&self, _: Option<&str>, _: Timestamp) -> Result<LetterCounts, StoreError> {
        Ok(LetterCounts::default())
    }

    async fn take(
        &self,
        _: Option<&str>,
        _: usize,
        _: Timestamp,
        _: Duration,
    ) -> Result<Taken, StoreError> {
        Ok(self.takes.lock().unwrap().pop_front().unwrap_or_default())
    }

    async fn settle(&self, settled: &[Settled]) -> Result<(), StoreError> {
        self.settled.lock().unwrap().extend(settled.iter().cloned());
        Ok(())
    }

    async fn give_back(&self, receipts: &[String]) -> Result<(), StoreError> {
        self.given_back.lock().unwrap().extend(receipts.iter().cloned());
        Ok(())
    }
}

impl Script {
    async fn redrive(takes: Vec<Taken>, today: Source) -> (Arc<Script>, Redriven) {
        let script = Arc::new(Script { takes: Mutex::new(takes.into()), ..Script::default() });
        let bench = Bench::new(Some(today));
        let outputs = Outputs { dead_letters: script.clone(), ..bench.outputs };
        let done = redrive(&outputs, &bench.today, Some("acme"), &|| true).await.unwrap();
        (script, done)
    }
}

/// Takes all `letters` and returns the attempts and receipt of each.
fn letters(letters: &[(u32, &str)]) -> Taken {
    let letters = letters.iter().map(|(attempts, receipt)| TakenLetter {
        letter: DeadLetter {
            id: "06f3a1ab0d7e3f0a".to_owned(),
            source: "acme".to_owned(),
            stage: Stage::Validate,
            reason: String::new(),
            place: String::new(),
            raw: RawRecord::Record(json!({ "id": 1 })),
            headers: Default::default(),
            query: Default::default(),
            parent: None,
            delivery_id: None,
            cursor_id: None,
            index: 0,
            part: Vec::new(),
            received_at: TestClock.now(),
            source_version: String::new(),
            channel: "webhook".to_owned(),
            attempts: *attempts,
        },
        receipt: (*receipt).to_owned(),
    });
    Taken { letters: letters.collect(), passed_over: Vec::new() }
}

fn others(ids: impl Iterator<Item = usize>) -> Taken {
    let passed_over = ids.map(|id| PassedOver { id: id.to_string(), receipt: format!("o{id}") });
    Taken { letters: Vec::new(), passed_over: passed_over.collect() }
}

#[tokio::test]
async fn other_letters_in_the_way_are_no_end_and_are_given_back() {
    let mut takes: Vec<_> = (0..50).map(|n| others(n * 200..(n + 1) * 200)).collect();
    takes.push(letters(&[(1, "r1")]));
    let (script, done) = Script::redrive(takes, source("\"id\"", "")).await;
    assert_eq!((done.redriven, done.unfinished), (1, false));
    assert_eq!(script.given_back.lock().unwrap().len(), 10_000);
}

#[tokio::test]
async fn a_redrive_ends_though_others_come_again_and_again() {
    let takes = (0..100).map(|_| others(0..10)).collect();
    let (script, _) = Script::redrive(takes, source("\"id\"", "")).await;
    assert!(script.takes.lock().unwrap().len() > 90);
}

#[tokio::test]
async fn more_than_can_be_held_ends_a_redrive_unfinished() {
    let takes = (0..1_000).map(|n| others(n * 200..(n + 1) * 200)).collect();
    let (script, done) = Script::redrive(takes, source("\"id\"", "")).await;
    assert!(done.unfinished);
    assert_eq!(script.given_back.lock().unwrap().len(), 100_000);
}

#[tokio::test]
async fn copies_of_a_letter_are_run_once_and_go_with_it() {
    let takes = || vec![letters(&[(1, "a"), (1, "b")]), letters(&[(1, "c"), (2, "put back")])];
    let settled = |script: &Script| {
        let settled = script.settled.lock().unwrap();
        settled.iter().map(|s| (s.receipt.clone(), s.remains.len())).collect::<Vec<_>>()
    };
    let (script, done) = Script::redrive(takes(), source("\"extra\"", "")).await;
    assert_eq!((done.refused_again, done.delivered), (1, 0));
    let expected = [("a", 1), ("b", 0), ("c", 0)].map(|(r, n)| (r.to_owned(), n));
    assert_eq!(settled(&script), expected);
    assert_eq!(*script.given_back.lock().unwrap(), ["put back"]);
    let (script, done) = Script::redrive(takes(), source("\"id\"", "")).await;
    assert_eq!((done.redriven, done.delivered), (1, 1));
    assert_eq!(settled(&script), [("a", 0), ("b", 0), ("c", 0)].map(|(r, n)| (r.to_owned(), n)));
}
