//! A hostile vendor and an unreliable world, for any schedule of both.
//!
//! Records come late, in any order and with equal times; requests fail in
//! every way; the process dies before or after a send. Whatever the schedule:
//! no record is lost that comes within `end_lag + overlap`, a record comes
//! twice only with the page in flight, and the cursor never goes back and never
//! past the horizon.

use std::collections::HashMap;

use jiff::SignedDuration;
use proptest::prelude::*;

use crate::support::{Bench, Fault, QueueFault, at, source_file};

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

fn step() -> impl Strategy<Value = Step> {
    (
        prop::collection::vec((0..60_i64, 0..=END_LAG + OVERLAP), 0..8),
        prop::collection::vec(prop::option::weighted(0.3, 0..6_u8), 0..6),
        prop::collection::vec(0..6_u8, 0..4),
    )
        .prop_map(|(records, faults, queue)| Step { records, faults, queue })
}

fn fault(kind: u8) -> Fault {
    match kind {
        0 => Fault::Status(500, vec![]),
        1 => Fault::Status(429, vec![("retry-after", "1".to_owned())]),
        2 => Fault::Cut,
        3 => Fault::NoAnswer,
        GONE => Fault::Status(410, vec![]),
        _ => Fault::Status(429, vec![("retry-after", "20".to_owned())]),
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 200, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn nothing_is_lost_and_the_cursor_only_goes_forward(
        steps in prop::collection::vec(step(), 1..8),
        page_size in 1..4_usize,
        ascending in any::<bool>(),
        descending in any::<bool>(),
    ) {
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        runtime.block_on(async {
            let bench = Bench::new(page_size);
            // What the source file says of the order need not be true.
            bench.vendor.state.lock().unwrap().descending = descending;
            let order = if ascending { "order: ascending, " } else { "" };
            let file = source_file(
                &format!("{order}start: 1h, end_lag: {END_LAG}s, overlap: {OVERLAP}s, max_window: 5m"),
                true,
            );
            let (mut id, mut crashes, mut gone, mut done) = (0_u32, 0, false, None);
            let step_count = i64::try_from(steps.len()).unwrap();
            for (number, step) in steps.into_iter().enumerate() {
                let begin = 60 * i64::try_from(number).unwrap();
                for (when, later) in step.records {
                    id += 1;
                    let time = at(begin + when);
                    bench.vendor.add_late(id, time, time + SignedDuration::from_secs(later));
                }
                bench.clock.set(at(begin + 60));
                gone |= step.faults.contains(&Some(GONE));
                bench.vendor.state.lock().unwrap().faults =
                    step.faults.into_iter().map(|kind| kind.map(fault)).collect();
                *bench.queue.faults.lock().unwrap() = step
                    .queue
                    .iter()
                    .map(|kind| match kind {
                        0 => Some(QueueFault::Away),
                        1 => Some(QueueFault::CrashAfter),
                        _ => None,
                    })
                    .collect();
                crashes += step.queue.iter().filter(|kind| **kind == 1).count();
                let started = at(begin + 60);
                bench.run(&file).await;
                let now_done = bench.done().await;
                prop_assert!(now_done >= done, "{now_done:?} after {done:?}");
                let horizon = started - SignedDuration::from_secs(END_LAG);
                prop_assert!(now_done.is_none_or(|done| done <= horizon));
                done = now_done;
            }
            // Quiet runs, until everything is published and past the horizon.
            bench.vendor.state.lock().unwrap().faults.clear();
            bench.queue.faults.lock().unwrap().clear();
            for minute in 1..=8 {
                bench.clock.set(at(60 * (step_count + minute)));
                bench.run(&file).await;
            }
            let mut count: HashMap<u32, usize> = HashMap::new();
            for id in bench.delivered().await {
                *count.entry(id).or_default() += 1;
            }
            let lost: Vec<_> = (1..=id).filter(|id| !count.contains_key(id)).collect();
            prop_assert!(lost.is_empty(), "lost {lost:?}");
            let repeats: usize = count.values().map(|count| count - 1).sum();
            // A page that is gone makes the whole window come again.
            prop_assert!(gone || repeats <= crashes * page_size, "{repeats} repeats of {crashes} crashes");
            Ok(())
        })?;
    }
}
