//! What is known, stored and forgotten.

use super::*;
use crate::news::seen::stored::Change;

fn at(second: i64) -> Timestamp {
    Timestamp::from_second(second).unwrap()
}

fn key(second: i64) -> Key {
    Key { hash: hash("x", Some(at(second))), content: Content::of(7) }
}

fn needed(from: i64) -> Needed {
    Needed { from: at(from), open_overlap_to: None, latest: 0 }
}

/// Inserts records with these times, each on a page of its own, and returns how many are new.
fn insert(seen: &mut Seen, needed: &Needed, seconds: impl IntoIterator<Item = i64>) -> usize {
    let is_new = |second: i64| {
        let stay = Stay { time: at(second), read: None, renews: true };
        seen.begin_page(false, std::iter::empty());
        seen.insert(key(second), stay, needed, &mut RunSummary::default()).is_some()
    };
    let new = seconds.into_iter().map(is_new).filter(|is_new| *is_new).count();
    seen.page_delivered(ComesAgain::Nothing);
    new
}

fn seconds(ids: &[SeenId]) -> Vec<i64> {
    ids.iter().map(|id| id.time_and_content().0 / 1000).collect()
}

/// What is in the store after this change.
fn changed(store: &[SeenId], change: &Change) -> Vec<SeenId> {
    match change {
        Change::Keep => store.to_vec(),
        Change::Add(ids) => [store, ids].concat(),
        Change::Replace(ids) => ids.clone(),
    }
}

/// Stores what a page has changed, and returns what that was.
fn store_page(
    seen: &mut Seen,
    store: &mut Vec<SeenId>,
    needed: &Needed,
    is_through: bool,
) -> Change {
    let change = seen.store_with(needed, is_through);
    *store = changed(store, &change);
    seen.note_stored();
    change
}

#[test]
fn only_what_a_later_read_needs_is_stored() {
    let open = Needed { open_overlap_to: Some(at(10)), ..needed(100) };
    let mut seen = Seen::default();
    insert(&mut seen, &open, [5, 10, 50, 99, 100, 150]);
    let mut stored = Vec::new();
    store_page(&mut seen, &mut stored, &open, false);
    assert_eq!(seconds(&stored), [5, 10, 100, 150]);
    assert_eq!(insert(&mut seen, &open, [50]), 0, "the run knows the others");
    seen.prune(&needed(100));
    assert_eq!(insert(&mut seen, &needed(100), [5]), 1);
    store_page(&mut seen, &mut stored, &needed(100), true);
    assert_eq!(seconds(&stored), [100, 150]);
    let mut reloaded = Seen::load(&stored, None);
    assert_eq!(insert(&mut reloaded, &needed(100), [100, 101]), 1);
}

#[test]
fn the_latest_are_kept_whatever_their_time() {
    let needed = Needed { latest: 2, ..needed(1000) };
    let mut seen = Seen::default();
    insert(&mut seen, &needed, [7, 2000, 5, 6]);
    assert_eq!(seconds(&changed(&[], &seen.store_with(&needed, true))), [2000, 5, 6]);
    seen.prune(&needed);
    assert_eq!(insert(&mut seen, &needed, [5, 7]), 1);
}

#[test]
fn what_has_no_room_in_the_store_is_known_to_the_run_and_counted_at_its_end() {
    let most = i64::try_from(MOST_IDS).unwrap();
    let mut seen = Seen::default();
    insert(&mut seen, &needed(0), 0..most + 3);
    seen.prune(&needed(0));
    let stored = seen.all_delivered(false);
    assert_eq!(seconds(&stored), (3..most + 3).collect::<Vec<_>>(), "the latest");
    assert_eq!(seen.forgotten(&stored, false), 3);
    assert_eq!(insert(&mut seen, &needed(0), 0..most + 3), 0);
    assert_eq!(insert(&mut Seen::load(&stored, None), &needed(0), 0..most + 3), 3);
}

#[test]
fn what_is_not_delivered_is_not_stored() {
    let mut seen = Seen::default();
    let stay = Stay { time: at(5), read: None, renews: true };
    let new = |seen: &mut Seen, second| {
        seen.insert(key(second), stay, &needed(0), &mut RunSummary::default()).unwrap().hash
    };
    let (one, other) = (new(&mut seen, 1), new(&mut seen, 2));
    seen.delivered(&[one]);
    let stored = changed(&[], &seen.store_part());
    assert!(stored.iter().all(|id| id.hash != other) && stored.len() == 1);
}

#[test]
fn a_record_without_a_time_stays_for_the_window_in_which_it_first_came() {
    for (renews, is_known) in [(false, false), (true, true)] {
        let mut seen = Seen::default();
        for end in [100, 150, 200] {
            let stay = Stay { time: at(end), read: None, renews };
            seen.begin_page(false, std::iter::empty());
            seen.insert(key(0), stay, &needed(end - 60), &mut RunSummary::default());
            seen.page_delivered(ComesAgain::Nothing);
            seen.prune(&needed(end - 60));
        }
        assert_eq!(seen.known.contains_key(&key(0).hash), is_known);
    }
}

#[test]
fn what_was_read_lately_is_known_as_far_as_there_is_room() {
    let mut seen = Seen::default();
    let stay = Stay { time: at(10), read: Some(at(100)), renews: true };
    seen.insert(key(10), stay, &needed(40), &mut RunSummary::default());
    seen.page_delivered(ComesAgain::Nothing);
    assert!(changed(&[], &seen.store_with(&needed(40), false)).is_empty());
    seen.prune(&needed(40));
    let stored = seen.all_delivered(false);
    assert_eq!(seconds(&stored), [100]);
    seen.prune(&needed(101));
    assert!(!seen.has_others() && seen.known.is_empty());
}

#[test]
fn a_time_that_does_not_fit_is_the_nearest_that_does() {
    for (time_ms, kept) in [(i64::MIN, 0), (-1, 0), (7, 7), (i64::MAX, (1 << 42) - 1)] {
        let mut entry = Entry::new(time_ms, Content::of(u64::MAX));
        assert_eq!((entry.time_ms(), entry.content()), (kept, Content::of(u64::MAX)));
        entry.set_content(Content::WHOLE);
        assert_eq!((entry.time_ms(), entry.content()), (kept, Content::WHOLE));
    }
}

/// A long window would write every id again with every page.
#[test]
fn a_page_adds_its_own_ids_to_those_that_are_stored() {
    let mut seen = Seen::default();
    let mut store = Vec::new();
    let (mut written, mut most) = (0, 0);
    for page in 0..70 {
        insert(&mut seen, &needed(0), page * 1_000..(page + 1) * 1_000);
        let change = store_page(&mut seen, &mut store, &needed(0), false);
        written += changed(&[], &change).len();
        most = most.max(store.len());
    }
    let latest = 70_000 - i64::try_from(MOST_IDS).unwrap();
    assert_eq!(insert(&mut Seen::load(&store, None), &needed(0), latest..70_000), 0);
    assert!(written < 70_000 + 4 * MOST_IDS, "{written} ids were written");
    assert!(most <= 2 * MOST_IDS, "{most} ids were stored at once");
}

#[test]
fn what_changes_of_a_stored_id_is_stored() {
    let mut seen = Seen::default();
    insert(&mut seen, &needed(0), [5]);
    let mut store = Vec::new();
    store_page(&mut seen, &mut store, &needed(0), false);
    let change = store_page(&mut seen, &mut store, &needed(0), false);
    assert!(matches!(change, Change::Keep), "nothing has changed");
    let stay = Stay { time: at(9), read: None, renews: true };
    seen.begin_page(false, std::iter::empty());
    seen.insert(key(5), stay, &needed(0), &mut RunSummary::default());
    seen.page_delivered(ComesAgain::Nothing);
    store_page(&mut seen, &mut store, &needed(0), false);
    assert_eq!(seconds(&store), [5, 9]);
    let mut reloaded = Seen::load(&store, None);
    reloaded.prune(&needed(7));
    assert_eq!(insert(&mut reloaded, &needed(7), [5]), 0, "the later time counts");
}

/// A run that finds nothing writes no ids.
#[test]
fn a_set_that_is_what_is_stored_is_not_stored_again() {
    let mut seen = Seen::default();
    let stay = |seconds| Stay { time: at(10), read: Some(at(seconds)), renews: true };
    seen.insert(key(10), stay(20), &needed(5), &mut RunSummary::default());
    seen.page_delivered(ComesAgain::All);
    let store = changed(&[], &seen.store_with(&needed(5), true));
    let mut seen = Seen::load(&store, None);
    seen.insert(key(10), stay(30), &needed(5), &mut RunSummary::default());
    seen.page_delivered(ComesAgain::All);
    assert!(matches!(seen.store_with(&needed(5), true), Change::Keep));
    assert!(seen.has_others(), "it was met again");
    let all = seen.all_delivered(false);
    assert!(matches!(seen.replace_all(all), Change::Keep));
}

#[test]
fn which_records_stand_on_earlier_pages_is_said_by_their_ids() {
    let whole = |text: &str| crate::news::known::whole(text.as_bytes(), None);
    let meet = |seen: &mut Seen, text| {
        let stay = Stay { time: at(5), read: None, renews: true };
        seen.begin_page(false, std::iter::empty());
        seen.insert(whole(text), stay, &needed(0), &mut RunSummary::default()).is_some()
    };
    let mut seen = Seen::default();
    assert!(meet(&mut seen, "a"));
    seen.page_delivered(ComesAgain::Nothing);
    let store = changed(&[], &seen.store_with(&needed(0), false));
    assert!(!meet(&mut Seen::load(&store, None), "a"), "reading begins again");
    assert!(meet(&mut Seen::load(&store, Some(0)), "a"), "it is another on a later page");
    let mut seen = Seen::load(&store, None);
    assert!(!meet(&mut seen, "a"));
    seen.page_delivered(ComesAgain::Page);
    let mut store = store;
    store_page(&mut seen, &mut store, &needed(0), false);
    assert!(!meet(&mut Seen::load(&store, Some(0)), "a"), "it stands on the page at hand");
}

/// It would be taken for a record of a later window.
#[test]
fn what_only_a_window_needed_is_gone_from_the_store_with_its_last_page() {
    let mut seen = Seen::default();
    let mut store = Vec::new();
    insert(&mut seen, &needed(0), [5]);
    store_page(&mut seen, &mut store, &needed(0), false);
    insert(&mut seen, &needed(0), []);
    store_page(&mut seen, &mut store, &needed(100), true);
    assert_eq!(insert(&mut Seen::load(&store, None), &needed(100), [5]), 1);
}

/// An item of DynamoDB has room for 25,000.
#[test]
fn no_more_ids_than_there_is_room_for_are_stored_at_once() {
    let most = i64::try_from(MOST_IDS).unwrap();
    let mut seen = Seen::default();
    insert(&mut seen, &needed(0), 0..most + 5_000);
    let change = seen.store_with(&needed(0), false);
    assert_eq!(changed(&[], &change).len(), MOST_IDS, "a page of more is cut");
    let full = changed(&[], &change);
    let more = insert_and_store(&mut Seen::load(&full, None), most * 2..most * 2 + 9_000);
    let stored = [full, more].concat();
    let mut seen = Seen::load(&stored, None);
    let change = seen.store_with(&needed(0), false);
    assert!(matches!(&change, Change::Replace(ids) if ids.len() == MOST_IDS));
    let mut seen = Seen::load(&stored, None);
    assert_eq!(insert(&mut seen, &needed(0), most * 2..most * 2 + 9_000), 0, "the latest are kept");
}

fn insert_and_store(seen: &mut Seen, seconds: std::ops::Range<i64>) -> Vec<SeenId> {
    let from = seconds.start;
    insert(seen, &needed(0), seconds);
    let all = seen.all_delivered(true);
    all.into_iter().filter(|id| id.time_and_content().0 >= from * 1000).collect()
}

/// The next commit must not rest on one that was lost.
#[test]
fn a_change_that_was_not_made_is_made_with_the_next() {
    let mut seen = Seen::default();
    insert(&mut seen, &needed(0), [5]);
    let lost = seen.store_with(&needed(0), true);
    assert!(matches!(lost, Change::Replace(_)));
    let all = seen.all_delivered(true);
    assert!(matches!(seen.replace_all(all), Change::Replace(ids) if ids.len() == 1));
    seen.note_stored();
    let all = seen.all_delivered(true);
    assert!(matches!(seen.replace_all(all), Change::Keep));
    insert(&mut seen, &needed(0), [6]);
    assert!(matches!(seen.store_with(&needed(0), false), Change::Add(_)), "it is lost as well");
    insert(&mut seen, &needed(0), [7]);
    let change = seen.store_with(&needed(0), false);
    assert_eq!(seconds(&changed(&[], &change)), [5, 6, 7]);
}

/// Each run that is killed would leave some more, and a run reads them all.
#[test]
fn the_first_page_of_a_run_puts_the_parts_of_earlier_runs_together() {
    let mut seen = Seen::default();
    let mut store = Vec::new();
    insert(&mut seen, &needed(0), [5]);
    store_page(&mut seen, &mut store, &needed(0), false);
    let mut seen = Seen::load(&store, None);
    insert(&mut seen, &needed(0), [6]);
    let first = store_page(&mut seen, &mut store, &needed(0), false);
    assert!(matches!(first, Change::Replace(_)));
    insert(&mut seen, &needed(0), [7]);
    let second = store_page(&mut seen, &mut store, &needed(0), false);
    assert!(matches!(second, Change::Add(_)));
    assert_eq!(seconds(&store), [5, 6, 7]);
}
