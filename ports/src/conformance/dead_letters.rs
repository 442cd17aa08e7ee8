//! The behaviour of dead letters.
#![expect(clippy::expect_used, clippy::indexing_slicing, reason = "a test fails by panicking")]

use std::collections::BTreeMap;
use std::time::Duration;

use super::{Backend, at};
use crate::{DeadLetter, EMPTY_TAKES, RawRecord, Settled, Stage, TakenLetter, read_json};

fn letter(id: &str, source: &str) -> DeadLetter {
    letter_at(0, id, source)
}

fn letter_at(seconds: i64, id: &str, source: &str) -> DeadLetter {
    // Numbers that no float can hold.
    let raw = r#"{"n":9007199254740993,"x":1.10,"t":"Ödegård \u0000"}"#;
    DeadLetter {
        id: id.to_owned(),
        source: source.to_owned(),
        stage: Stage::Validate,
        reason: "no id".to_owned(),
        place: "/id".to_owned(),
        raw: RawRecord::Record(read_json(raw).expect("it is JSON")),
        headers: BTreeMap::from([("x-event".to_owned(), "ping".to_owned())]),
        query: BTreeMap::new(),
        parent: None,
        delivery_id: Some("d-1".to_owned()),
        cursor_id: None,
        index: 3,
        part: Vec::new(),
        received_at: at(seconds),
        source_version: "abc".to_owned(),
        channel: "webhook".to_owned(),
        attempts: 1,
    }
}

/// Lists them in the order they were put, of all sources or of one, up to a limit.
pub async fn letters_are_listed_oldest_first_by_source(backend: Backend) {
    let store = &backend.dead_letters;
    // This order is neither that of the ids nor that of the sources.
    store.put(&[letter_at(0, "3", "b")]).await.expect("a letter is kept");
    let later = [letter_at(1, "1", "a"), letter_at(2, "2", "b")];
    store.put(&later).await.expect("letters are kept");
    let ids = |letters: Vec<DeadLetter>| letters.into_iter().map(|l| l.id).collect::<Vec<_>>();
    assert_eq!(ids(store.list(None, 10).await.expect("a list")), ["3", "1", "2"]);
    assert_eq!(ids(store.list(Some("b"), 10).await.expect("a list")), ["3", "2"]);
    assert_eq!(ids(store.list(Some("b"), 1).await.expect("a list")), ["3"]);
    assert_eq!(ids(store.list(None, 2).await.expect("a list")), ["3", "1"]);
    assert!(store.list(Some("c"), 10).await.expect("a list").is_empty());
}

/// A record that is rejected again does not fill the store.
pub async fn a_letter_with_a_known_id_replaces_it(backend: Backend) {
    let store = &backend.dead_letters;
    store.put(&[letter("1", "a")]).await.expect("a letter is kept");
    let again = DeadLetter { attempts: 2, ..letter("1", "a") };
    store.put(std::slice::from_ref(&again)).await.expect("a letter is kept");
    assert_eq!(store.list(None, 10).await.expect("a list"), [again]);
}

/// Every field is the same, with every digit.
pub async fn a_letter_comes_back_as_it_was(backend: Backend) {
    let store = &backend.dead_letters;
    let letters = [
        letter("1", "a"),
        DeadLetter {
            stage: Stage::Split,
            raw: RawRecord::Text("{\"not\": an object\n\t\u{0}😀".to_owned()),
            query: BTreeMap::from([("größe".to_owned(), String::new())]),
            parent: Some(serde_json::json!({"org": {"id": 7}})),
            ..letter("2", "a")
        },
        DeadLetter {
            stage: Stage::Decode,
            raw: RawRecord::Base64("//79AA==".to_owned()),
            headers: BTreeMap::new(),
            delivery_id: None,
            cursor_id: Some("id#7".to_owned()),
            index: u64::MAX,
            part: vec![0, u64::MAX],
            channel: "poll".to_owned(),
            attempts: u32::MAX,
            ..letter("3", "a")
        },
    ];
    store.put(&letters).await.expect("letters are kept");
    let json = |letter: &DeadLetter| serde_json::to_string(letter).expect("it is JSON");
    for letter in &letters {
        let found = store.get(&letter.id).await.expect("a look").expect("a letter");
        assert_eq!(&found, letter);
        assert_eq!(json(&found), json(letter));
    }
    assert_eq!(store.list(None, 10).await.expect("a list"), letters);
    assert_eq!(store.get("4").await.expect("a look"), None);
}

/// Whoever names a key in a vendor's log cannot make a letter that nobody can read.
pub async fn a_letter_whose_keys_are_those_of_a_library_comes_back(backend: Backend) {
    let store = &backend.dead_letters;
    let records = ["Number", "RawValue"].map(|name| {
        let text = format!(r#"{{"$serde_json::private::{name}":"x","n":1e5}}"#);
        read_json(&text).expect("it is JSON")
    });
    let letters: Vec<_> = records
        .iter()
        .enumerate()
        .map(|(number, record)| DeadLetter {
            raw: RawRecord::Record(record.clone()),
            parent: Some(record.clone()),
            ..letter(&number.to_string(), "a")
        })
        .collect();
    store.put(&letters).await.expect("letters are kept");
    assert_eq!(store.list(None, 10).await.expect("a list"), letters);
    assert_eq!(store.get("0").await.expect("a look").as_ref(), letters.first());
    assert_eq!(ids(&take_all(&backend, None, 0).await), ["0", "1"]);
}

/// A whole body that was rejected can be larger than a message of a queue.
pub async fn a_letter_larger_than_a_message_is_kept(backend: Backend) {
    let store = &backend.dead_letters;
    let large = DeadLetter { raw: RawRecord::Text("é".repeat(1 << 20)), ..letter("1", "a") };
    store.put(std::slice::from_ref(&large)).await.expect("a letter is kept");
    let found = store.get("1").await.expect("a look").expect("a letter");
    assert!(found == large, "the letter changed");
    assert!(store.list(None, 1).await.expect("a list") == [large], "the listed letter changed");
}

/// A page without rejected records puts no letters.
pub async fn no_letters_are_nothing_to_keep(backend: Backend) {
    backend.dead_letters.put(&[]).await.expect("nothing is kept");
    assert!(backend.dead_letters.list(None, 10).await.expect("a list").is_empty());
}

const HOLD: Duration = Duration::from_secs(300);

/// Takes everything that a redrive of `source` would get.
async fn take_all(backend: &Backend, source: Option<&str>, seconds: i64) -> Vec<TakenLetter> {
    let store = &backend.dead_letters;
    let (mut all, mut passed_over, mut empty) = (Vec::new(), Vec::new(), 0);
    // A distributed queue may return fewer than it has.
    while empty < EMPTY_TAKES {
        let taken = store.take(source, 10, at(seconds), HOLD).await.expect("a take");
        assert!(taken.letters.len() <= 10, "more than asked for");
        let nothing = taken.letters.is_empty() && taken.passed_over.is_empty();
        empty = if nothing { empty + 1 } else { 0 };
        all.extend(taken.letters);
        passed_over.extend(taken.passed_over.into_iter().map(|other| other.receipt));
    }
    store.give_back(&passed_over).await.expect("the others are given back");
    all.sort_by(|one, other| one.letter.id.cmp(&other.letter.id));
    all
}

fn ids(taken: &[TakenLetter]) -> Vec<&str> {
    taken.iter().map(|taken| taken.letter.id.as_str()).collect()
}

/// Two concurrent redrives do not run the same record.
pub async fn a_taken_letter_is_held(backend: Backend) {
    let letters = [letter("1", "a"), letter("2", "b"), letter("3", "a")];
    backend.dead_letters.put(&letters).await.expect("letters are kept");
    let taken = take_all(&backend, None, 0).await;
    assert_eq!(ids(&taken), ["1", "2", "3"]);
    assert_eq!(
        taken.iter().map(|taken| &taken.letter).collect::<Vec<_>>(),
        letters.iter().collect::<Vec<_>>()
    );
    assert!(take_all(&backend, None, 1).await.is_empty(), "held letters were taken");
}

/// Letters of other sources stay free.
pub async fn letters_of_one_source_are_taken_alone(backend: Backend) {
    let letters = [letter("1", "a"), letter("2", "b"), letter("3", "a")];
    backend.dead_letters.put(&letters).await.expect("letters are kept");
    assert_eq!(ids(&take_all(&backend, Some("a"), 0).await), ["1", "3"]);
    assert_eq!(ids(&take_all(&backend, Some("b"), 0).await), ["2"]);
}

/// This holds however many other letters there are, and those are there afterwards.
pub async fn letters_of_one_source_are_found_among_many_others(backend: Backend) {
    let others: Vec<_> = (0..500).map(|n| letter(&format!("b{n:03}"), "b")).collect();
    for some in others.chunks(100) {
        backend.dead_letters.put(some).await.expect("letters are kept");
    }
    backend.dead_letters.put(&[letter("1", "a")]).await.expect("a letter is kept");
    assert_eq!(ids(&take_all(&backend, Some("a"), 0).await), ["1"]);
    assert_eq!(take_all(&backend, Some("b"), 0).await.len(), others.len());
}

/// It is as it was, for the next redrive.
pub async fn a_letter_that_is_given_back_can_be_taken(backend: Backend) {
    let store = &backend.dead_letters;
    store.put(&[letter("1", "a")]).await.expect("a letter is kept");
    let taken = take_all(&backend, None, 0).await;
    store.give_back(std::slice::from_ref(&taken[0].receipt)).await.expect("it is given back");
    let again = take_all(&backend, None, 1).await;
    assert_eq!(again[0].letter, taken[0].letter);
}

/// What remains of it is kept instead.
pub async fn a_settled_letter_is_gone(backend: Backend) {
    let store = &backend.dead_letters;
    let large = RawRecord::Text("é".repeat(1 << 20));
    let letters =
        [letter("1", "a"), DeadLetter { raw: large, ..letter("2", "a") }, letter("3", "a")];
    store.put(&letters).await.expect("letters are kept");
    let taken = take_all(&backend, None, 0).await;
    let again = DeadLetter { attempts: 2, ..letters[1].clone() };
    let other = letter("4", "a");
    let settled = [
        Settled { receipt: taken[0].receipt.clone(), remains: vec![] },
        Settled { receipt: taken[1].receipt.clone(), remains: vec![again.clone(), other.clone()] },
    ];
    store.settle(&settled).await.expect("they are settled");
    store.give_back(std::slice::from_ref(&taken[2].receipt)).await.expect("it is given back");
    let mut left: Vec<_> =
        take_all(&backend, None, 1).await.into_iter().map(|t| t.letter).collect();
    assert_eq!(left.len(), 3);
    assert!(left.remove(0) == again, "what remains changed");
    assert_eq!(left, [letters[2].clone(), other]);
}

/// A redrive that was stopped leaves its letters held: somebody who asks has to learn that they are
/// there, and until when.
pub async fn letters_are_counted_and_held_ones_apart(backend: Backend) {
    let store = &backend.dead_letters;
    let none = store.count(None, at(0)).await.expect("a count");
    assert_eq!((none.free, none.held, none.held_until), (0, 0, None));
    let letters = [letter("1", "a"), letter("2", "b"), letter("3", "a")];
    store.put(&letters).await.expect("letters are kept");
    let all = store.count(None, at(0)).await.expect("a count");
    assert_eq!((all.free, all.held, all.held_until), (3, 0, None));
    let taken = take_all(&backend, None, 0).await;
    let held = store.count(None, at(1)).await.expect("a count");
    assert_eq!((held.free, held.held), (0, 3));
    // A store that knows when the hold ends says so.
    assert!(held.held_until.is_none_or(|until| until.as_second() == at(300).as_second()));
    let receipts: Vec<_> = taken.into_iter().map(|taken| taken.receipt).collect();
    store.give_back(&receipts).await.expect("they are given back");
    let free = store.count(None, at(2)).await.expect("a count");
    assert_eq!((free.free, free.held, free.held_until), (3, 0, None));
}
