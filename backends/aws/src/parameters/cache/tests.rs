use mef_ports::Secret;

use super::*;

const TTL: Duration = Duration::from_secs(300);

fn at(seconds: i64) -> Timestamp {
    Timestamp::from_second(seconds).unwrap()
}

fn reference() -> SecretRef {
    SecretRef { source: "okta".to_owned(), name: "api_token".to_owned() }
}

fn present() -> Wanted {
    Wanted { reference: reference(), version: None }
}

fn version(number: i64) -> Wanted {
    Wanted { version: Some(number), ..present() }
}

fn value(number: i64) -> Option<Found> {
    let value = Secret::new(format!("value {number}"));
    let value = SecretVersion { value, version: number.to_string(), since: None };
    Some(Found { value, number })
}

fn number(found: Option<Option<Found>>) -> Option<Option<i64>> {
    found.map(|found| found.map(|found| found.number))
}

fn away() -> AwsError {
    AwsError::away("away")
}

/// One round that says `found` of the present value at `now`.
fn found(cache: &mut Cache, found: Option<Found>, now: i64) {
    cache.want([present()]);
    let (round, wanted) = cache.begin_round();
    for wanted in wanted {
        cache.found(round, wanted, found.clone(), at(now), TTL);
    }
}

fn failed(cache: &mut Cache, error: AwsError, now: i64) -> bool {
    let (round, _) = cache.begin_round();
    cache.failed(round, present(), error, at(now), TTL)
}

#[test]
fn a_value_is_good_until_its_end() {
    let mut cache = Cache::default();
    found(&mut cache, value(1), 0);
    assert_eq!(number(cache.fresh(&present(), at(299))), Some(Some(1)));
    assert_eq!(number(cache.fresh(&present(), at(300))), None);
    found(&mut cache, value(2), 300);
    assert_eq!(number(cache.fresh(&present(), at(300))), Some(Some(2)));
}

#[test]
fn what_is_missing_is_asked_for_again_soon() {
    let mut cache = Cache::default();
    found(&mut cache, None, 0);
    assert_eq!(number(cache.fresh(&present(), at(29))), Some(None));
    assert_eq!(number(cache.fresh(&present(), at(30))), None);
}

#[test]
fn only_a_round_after_the_question_answers_it() {
    let mut cache = Cache::default();
    found(&mut cache, value(1), 0);
    let asked = cache.rounds();
    assert!(cache.answer(&present(), asked).is_none());
    found(&mut cache, value(2), 400);
    let answer = cache.answer(&present(), asked).unwrap().unwrap();
    assert_eq!(answer.unwrap().number, 2);
}

#[test]
fn while_the_store_is_away_the_last_value_is_good() {
    let mut cache = Cache::default();
    found(&mut cache, value(1), 0);
    let asked = cache.rounds();
    assert!(failed(&mut cache, away(), 1_000), "an incident begins");
    assert_eq!(cache.answer(&present(), asked).unwrap().unwrap().unwrap().number, 1);
    assert_eq!(number(cache.fresh(&present(), at(1_029))), Some(Some(1)));
    assert_eq!(number(cache.fresh(&present(), at(1_030))), None, "and is asked for again soon");
    assert!(!failed(&mut cache, away(), 1_030), "it is the same incident");
    found(&mut cache, value(1), 1_060);
    assert!(failed(&mut cache, away(), 2_000), "another incident begins");
}

#[test]
fn a_refusal_is_no_outage() {
    let mut cache = Cache::default();
    found(&mut cache, value(1), 0);
    let asked = cache.rounds();
    failed(&mut cache, AwsError::new("AccessDeniedException"), 1_000);
    assert!(cache.answer(&present(), asked).unwrap().is_err());
    assert_eq!(number(cache.fresh(&present(), at(1_000))), None);
    found(&mut cache, value(2), 1_001);
    assert!(cache.answer(&present(), asked).unwrap().is_ok());
}

#[test]
fn a_secret_that_was_missing_has_no_last_value() {
    let mut cache = Cache::default();
    found(&mut cache, None, 0);
    let asked = cache.rounds();
    assert!(!failed(&mut cache, away(), 1_000));
    assert!(cache.answer(&present(), asked).unwrap().is_err());
}

#[test]
fn a_secret_is_refreshed_once_a_minute() {
    let mut cache = Cache::default();
    assert!(!cache.refresh(&reference(), at(0)), "nothing is known, so nothing is outdated");
    found(&mut cache, value(1), 0);
    assert!(cache.refresh(&reference(), at(1)));
    assert!(cache.fresh(&present(), at(1)).is_none());
    assert!(cache.refresh(&reference(), at(2)), "it will still ask");
    found(&mut cache, value(2), 2);
    assert!(!cache.refresh(&reference(), at(60)));
    assert!(cache.fresh(&present(), at(60)).is_some());
    assert!(cache.refresh(&reference(), at(61)));
}

#[test]
fn a_refreshed_secret_is_served_if_the_store_is_away() {
    let mut cache = Cache::default();
    found(&mut cache, value(1), 0);
    assert!(cache.refresh(&reference(), at(1)));
    failed(&mut cache, away(), 1);
    assert_eq!(number(cache.fresh(&present(), at(1))), Some(Some(1)));
}

#[test]
fn of_the_versions_only_the_one_before_is_kept() {
    let mut cache = Cache::default();
    found(&mut cache, value(2), 0);
    let (round, _) = cache.begin_round();
    cache.found(round, version(1), value(1), at(0), TTL);
    assert_eq!(number(cache.fresh(&version(1), at(1_000_000))), Some(Some(1)));
    found(&mut cache, value(2), 400);
    assert!(cache.fresh(&version(1), at(400)).is_some());
    found(&mut cache, value(3), 800);
    assert!(cache.fresh(&version(1), at(800)).is_none());
}
