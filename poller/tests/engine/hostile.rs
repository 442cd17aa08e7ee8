//! A hostile vendor and an unreliable world, for any schedule of both.
//!
//! Records come late, in any order and with equal times, from a vendor whose
//! clock is ahead; requests fail in every way; the process dies before or after
//! a send; a second run takes over from one that stalls. Whatever the schedule:
//! no record is lost that comes within `end_lag + overlap`, a record comes
//! twice only with the page in flight, and no commit moves the cursor back or
//! past the horizon.
//!
//! The same property has to fail when a bug is planted.

use std::collections::HashMap;
use std::sync::atomic::Ordering;
use std::sync::{Arc, Mutex};

use jiff::SignedDuration;
use mef_poller::{Budget, Poller};
use mef_ports::Clock as _;
use proptest::prelude::*;
use proptest::test_runner::{RngAlgorithm, TestError, TestRng, TestRunner};

use crate::support::{Bench, Fault, QueueFault, at, source, source_file};
use crate::watched::{Bug, Watched};

const END_LAG: i64 = 30;
const OVERLAP: i64 = 20;
/// The vendor no longer knows its own next page.
const GONE: u8 = 5;

#[derive(Clone, Debug)]
struct Step {
    /// Records that happen during the step: when, and how much later they
    /// are published.
    records: Vec<(i64, i64)>,
    faults: Vec<Option<u8>>,
    queue: Vec<u8>,
}

#[derive(Clone, Debug)]
struct World {
    steps: Vec<Step>,
    page_size: usize,
    /// What the source file says of the order, which need not be true.
    said_ascending: bool,
    is_descending: bool,
    upper_bound: bool,
    /// By how much the vendor's clock is ahead.
    ahead: i64,
    /// What is listed are items, and each record has to be asked for.
    by_details: bool,
}

const DETAILS: &str = "  details:\n    - request: { get: \"https://api.example.com/detail/{item.id}\" }\n      record: \"\"\n";

fn step() -> impl Strategy<Value = Step> {
    (
        prop::collection::vec((0..60_i64, 0..=END_LAG + OVERLAP), 0..8),
        prop::collection::vec(prop::option::weighted(0.3, 0..7_u8), 0..6),
        prop::collection::vec(0..9_u8, 0..4),
    )
        .prop_map(|(records, faults, queue)| Step { records, faults, queue })
}

fn world() -> impl Strategy<Value = World> {
    (
        prop::collection::vec(step(), 1..8),
        1..4_usize,
        any::<bool>(),
        any::<bool>(),
        any::<bool>(),
        prop_oneof![Just(0), 0..300_i64],
        any::<bool>(),
    )
        .prop_map(
            |(steps, page_size, said_ascending, is_descending, upper_bound, ahead, by_details)| {
                World {
                    steps,
                    page_size,
                    said_ascending,
                    is_descending,
                    // Newest first without an end, every new record moves all others
                    // to other pages.
                    upper_bound: upper_bound || is_descending,
                    ahead,
                    by_details,
                }
            },
        )
}

fn fault(kind: u8) -> Fault {
    match kind {
        0 => Fault::Status(500, vec![]),
        1 => Fault::Status(429, vec![("retry-after", "1".to_owned())]),
        2 => Fault::Cut,
        3 => Fault::NoAnswer,
        4 => Fault::Timeout,
        GONE => Fault::Status(410, vec![]),
        _ => Fault::Status(429, vec![("retry-after", "20".to_owned())]),
    }
}

fn queue_fault(kind: u8) -> Option<QueueFault> {
    match kind {
        0 => Some(QueueFault::Away),
        1 => Some(QueueFault::CrashAfter),
        2 => Some(QueueFault::Die),
        3 => Some(QueueFault::Stall),
        _ => None,
    }
}

async fn hold(world: World, bug: Option<Bug>) -> Result<(), TestCaseError> {
    let bench = Bench::new(world.page_size);
    let watched = Arc::new(Watched {
        store: bench.store.clone(),
        clock: bench.clock.clone(),
        end_lag: SignedDuration::from_secs(END_LAG),
        bug,
        latest: Mutex::new(at(0)),
        wrong: Mutex::default(),
    });
    bench.queue.swallows.store(bug == Some(Bug::CommitsWithoutTheQueue), Ordering::Relaxed);
    let order = if world.said_ascending { "order: ascending, " } else { "" };
    let cursor =
        format!("{order}start: 1h, end_lag: {END_LAG}s, overlap: {OVERLAP}s, max_window: 5m");
    let details = if world.by_details { DETAILS } else { "" };
    let file = source_file(&cursor, world.upper_bound)
        .replace("  cursor:", &format!("{details}  cursor:"));
    let file = source(&file);
    let poller = || {
        let mut ports = bench.ports();
        ports.cursors = watched.clone();
        Arc::new(Poller::new(file.clone(), bench.vendor.clone(), ports).unwrap())
    };
    {
        let mut state = bench.vendor.state.lock().unwrap();
        (state.descending, state.ahead) = (world.is_descending, world.ahead);
    }
    let (mut id, mut late) = (0_u32, 0_usize);
    for (number, step) in world.steps.iter().enumerate() {
        for (when, later) in &step.records {
            id += 1;
            late += usize::from(*later > 0);
            let time = at(60 * i64::try_from(number).unwrap() + when);
            bench.vendor.add_late(id, time, time + SignedDuration::from_secs(*later));
        }
    }
    let (mut in_flight, mut unsaved, mut gone, mut latest) = (0, 0, false, at(0));
    for (number, step) in world.steps.iter().enumerate() {
        // Where a run stalled, this sets our clock back.
        bench.clock.set(at(60 * i64::try_from(number + 1).unwrap()));
        gone |= step.faults.contains(&Some(GONE));
        bench.vendor.state.lock().unwrap().faults =
            step.faults.iter().map(|kind| kind.map(fault)).collect();
        let faults: Vec<_> = step.queue.iter().map(|kind| queue_fault(*kind)).collect();
        in_flight += faults.iter().flatten().filter(|fault| **fault != QueueFault::Away).count();
        unsaved += faults
            .iter()
            .flatten()
            .filter(|fault| matches!(fault, QueueFault::Die | QueueFault::Stall))
            .count();
        *bench.queue.faults.lock().unwrap() = faults.into();
        *bench.queue.rival.lock().unwrap() = Some(poller());
        let poller = poller();
        let budget = Budget::default();
        tokio::select! {
            biased;
            _ = poller.run(&budget) => {}
            () = bench.queue.died.notified() => {}
        }
        // It holds the queue that holds it: left there, neither would end, nor the threads of their store.
        bench.queue.rival.lock().unwrap().take();
        latest = latest.max(bench.clock.now());
        let wrong = std::mem::take(&mut *watched.wrong.lock().unwrap());
        prop_assert!(wrong.is_empty(), "{wrong:?}");
    }
    // Quiet runs, until everything is published and past the horizon.
    bench.vendor.state.lock().unwrap().faults.clear();
    bench.queue.faults.lock().unwrap().clear();
    for minute in 1..=8 {
        bench.clock.set(latest + SignedDuration::from_secs(60 * minute));
        poller().run(&Budget::default()).await;
    }
    let mut count: HashMap<u32, usize> = HashMap::new();
    for id in bench.delivered().await {
        *count.entry(id).or_default() += 1;
    }
    let lost: Vec<_> = (1..=id).filter(|id| !count.contains_key(id)).collect();
    prop_assert!(lost.is_empty(), "lost {lost:?}");
    let repeats: usize = count.values().map(|count| count - 1).sum();
    // This vendor counts its pages, so that a late record moves the others to
    // other pages, and a run that is gone has stored no ids of those. A page
    // that is gone makes the whole window come again.
    let most = in_flight * world.page_size + unsaved * late;
    prop_assert!(gone || repeats <= most, "{repeats} repeats, not {most}");
    Ok(())
}

fn block_on(world: World, bug: Option<Bug>) -> Result<(), TestCaseError> {
    tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(hold(world, bug))
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 200, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn nothing_is_lost_and_the_cursor_only_goes_forward(world in world()) {
        block_on(world, None)?;
    }
}

/// Found by the property: pages of an ascending window had moved the cursor past
/// the half that was left of it.
#[test]
fn half_of_an_ascending_window_does_not_end_before_the_cursor() {
    let first = Step { records: vec![(0, 0); 3], faults: vec![], queue: vec![4, 0] };
    let second =
        Step { records: vec![], faults: vec![Some(GONE), None, Some(GONE)], queue: vec![] };
    let world = World {
        steps: vec![first, second],
        page_size: 1,
        said_ascending: true,
        is_descending: false,
        upper_bound: false,
        ahead: 0,
        by_details: false,
    };
    block_on(world, None).unwrap();
}

/// What the property says of a poller with this bug.
fn found(bug: Bug) -> String {
    let config = ProptestConfig {
        cases: 500,
        failure_persistence: None,
        max_shrink_iters: 0,
        ..ProptestConfig::default()
    };
    let rng = TestRng::deterministic_rng(RngAlgorithm::ChaCha);
    let result =
        TestRunner::new_with_rng(config, rng).run(&world(), |world| block_on(world, Some(bug)));
    match result {
        Err(TestError::Fail(reason, _)) => reason.to_string(),
        other => panic!("{bug:?} was not found: {other:?}"),
    }
}

#[test]
fn it_finds_a_cursor_that_moves_without_the_queue() {
    assert!(found(Bug::CommitsWithoutTheQueue).starts_with("lost"));
}

#[test]
fn it_finds_a_commit_without_the_fence() {
    let found = found(Bug::CommitsWithoutTheFence);
    assert!(found.contains("back from"), "{found}");
}

#[test]
fn it_finds_a_first_page_that_moves_the_cursor_to_the_end() {
    assert!(found(Bug::CommitsTheWholeWindow).starts_with("lost"));
}

#[test]
fn it_finds_a_cursor_that_follows_the_clock() {
    let found = found(Bug::FollowsTheClock);
    assert!(found.contains("is past"), "{found}");
}

#[test]
fn it_finds_forgotten_ids() {
    let found = found(Bug::ForgetsIds);
    assert!(found.contains("repeats"), "{found}");
}
