//! What dead letters promise.
#![expect(clippy::expect_used, reason = "a test fails by panicking")]

use std::collections::BTreeMap;

use super::{Backend, at};
use crate::{DeadLetter, RawRecord, Stage};

fn letter(id: &str, source: &str) -> DeadLetter {
    // Numbers that no float could hold.
    let raw = r#"{"n":9007199254740993,"x":1.10,"t":"Ödegård \u0000"}"#;
    DeadLetter {
        id: id.to_owned(),
        source: source.to_owned(),
        stage: Stage::Validate,
        reason: "no id".to_owned(),
        place: "/id".to_owned(),
        raw: RawRecord::Record(serde_json::from_str(raw).expect("it is JSON")),
        headers: BTreeMap::from([("x-event".to_owned(), "ping".to_owned())]),
        query: BTreeMap::new(),
        parent: None,
        delivery_id: Some("d-1".to_owned()),
        index: 3,
        received_at: at(0),
        source_version: "abc".to_owned(),
        channel: "webhook".to_owned(),
        attempts: 1,
    }
}

/// In the order they were put, all or those of one source, up to a limit.
pub async fn letters_are_listed_oldest_first_by_source(backend: Backend) {
    let letters = [letter("1", "a"), letter("2", "b"), letter("3", "a")];
    let store = &backend.dead_letters;
    store.put(&letters).await.expect("letters are kept");
    let ids = |letters: Vec<DeadLetter>| letters.into_iter().map(|l| l.id).collect::<Vec<_>>();
    assert_eq!(ids(store.list(None, 10).await.expect("a list")), ["1", "2", "3"]);
    assert_eq!(ids(store.list(Some("a"), 10).await.expect("a list")), ["1", "3"]);
    assert_eq!(ids(store.list(None, 2).await.expect("a list")), ["1", "2"]);
    assert!(store.list(Some("c"), 10).await.expect("a list").is_empty());
}

/// A record that is refused again does not fill the store.
pub async fn a_letter_with_a_known_id_replaces_it(backend: Backend) {
    let store = &backend.dead_letters;
    store.put(&[letter("1", "a")]).await.expect("a letter is kept");
    let again = DeadLetter { attempts: 2, ..letter("1", "a") };
    store.put(std::slice::from_ref(&again)).await.expect("a letter is kept");
    assert_eq!(store.list(None, 10).await.expect("a list"), [again]);
}

/// Every field, and every digit.
pub async fn a_letter_comes_back_as_it_was(backend: Backend) {
    let letter = letter("1", "a");
    backend.dead_letters.put(std::slice::from_ref(&letter)).await.expect("a letter is kept");
    let found = backend.dead_letters.get("1").await.expect("a look").expect("a letter");
    assert_eq!(found, letter);
    let json = |letter: &DeadLetter| serde_json::to_string(letter).expect("it is JSON");
    assert_eq!(json(&found), json(&letter));
    assert_eq!(backend.dead_letters.get("2").await.expect("a look"), None);
}
