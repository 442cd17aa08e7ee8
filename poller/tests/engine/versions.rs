//! What a repeat is, for any vendor and any schedule of faults, against a simple count.
//!
//! The vendor has records with or without ids, equal ones, ones that share an id and a time, new
//! versions, late ones. It no longer knows its next page, or wants smaller windows; limits end runs in
//! the middle; the queue fails and the process dies. Whatever comes: each record is delivered at
//! least as often as the vendor has it, and none more often unless a page was in flight.

use std::collections::{BTreeMap, VecDeque};
use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use jiff::{SignedDuration, Timestamp};
use mef_poller::{Budget, Poller};
use mef_ports::{Clock as _, Http, HttpError, HttpRequest, HttpResponse};
use proptest::prelude::*;
use serde_json::{Value, json};

use crate::scripted::records;
use crate::support::{Bench, QueueFault, TestClock, answer, at, source};

const END_LAG: i64 = 30;
const OVERLAP: i64 = 20;

/// What the vendor lists: which thing, when, what it says of it, and when it is there to be read.
#[derive(Clone, Debug)]
struct Listed {
    id: u8,
    time: Timestamp,
    says: u8,
    from: Timestamp,
}

/// What the vendor does with one request instead of answering it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Fault {
    /// It no longer knows the page.
    Gone,
    /// The window is too large.
    Split,
    /// The run has to end.
    Limit,
    Broken,
}

/// Equal records that happen together.
#[derive(Clone, Debug)]
struct Happening {
    id: u8,
    /// The second of their step.
    second: i64,
    says: u8,
    /// How many seconds late they are listed.
    late: i64,
    copies: usize,
}

#[derive(Clone, Debug)]
struct World {
    /// The records by the step in which they happen.
    steps: Vec<Vec<Happening>>,
    faults: Vec<Vec<Option<Fault>>>,
    queue: Vec<Vec<u8>>,
    page_size: usize,
    has_ids: bool,
    said_ascending: bool,
    is_descending: bool,
    has_overlap: bool,
}

struct Model {
    clock: Arc<TestClock>,
    has_ids: bool,
    is_descending: bool,
    page_size: usize,
    listed: Mutex<Vec<Listed>>,
    faults: Mutex<VecDeque<Option<Fault>>>,
}

#[async_trait]
impl Http for Model {
    async fn send(&self, request: HttpRequest) -> Result<HttpResponse, HttpError> {
        let param = |name: &str| {
            let mut pairs = request.url.query_pairs();
            pairs.find(|(key, _)| key == name).map(|(_, value)| value.into_owned())
        };
        let from = param("page").map(|page| page.parse::<usize>().unwrap());
        let fault = self.faults.lock().unwrap().pop_front().flatten();
        match fault {
            Some(Fault::Gone) if from.is_some() => return Ok(answer(410, &[], "{}")),
            Some(Fault::Split) => return Ok(answer(418, &[], "{}")),
            Some(Fault::Limit) => {
                return Ok(answer(429, &[("retry-after", "20".to_owned())], "{}"));
            }
            Some(Fault::Broken) => return Ok(answer(200, &[], "{\"items\": [")),
            _ => {}
        }
        let bound = |name: &str| param(name).unwrap().parse::<Timestamp>().unwrap();
        let (since, until, now) = (bound("since"), bound("until"), self.clock.now());
        let mut found: Vec<Listed> = self.listed.lock().unwrap().clone();
        found.retain(|one| one.from <= now && one.time >= since && one.time <= until);
        found.sort_by_key(|one| (one.time, one.id));
        if self.is_descending {
            found.reverse();
        }
        let from = from.unwrap_or(0).min(found.len());
        let mut to = (from + self.page_size).min(found.len());
        // What shares an id and a time stands on one page.
        let key = |index: usize| found.get(index).map(|one| (one.id, one.time));
        while self.has_ids && to > 0 && key(to).is_some() && key(to) == key(to - 1) {
            to += 1;
        }
        let item = |one: &Listed| match self.has_ids {
            true => json!({ "id": one.id, "time": one.time, "says": one.says }),
            false => json!({ "thing": one.id, "time": one.time, "says": one.says }),
        };
        let items: Vec<_> = found[from..to].iter().map(item).collect();
        let next = (to < found.len()).then(|| to.to_string());
        Ok(answer(200, &[], &json!({ "items": items, "next": next }).to_string()))
    }
}

fn fault() -> impl Strategy<Value = Option<Fault>> {
    prop_oneof![
        5 => Just(None),
        1 => Just(Some(Fault::Gone)),
        1 => Just(Some(Fault::Split)),
        1 => Just(Some(Fault::Limit)),
        1 => Just(Some(Fault::Broken)),
    ]
}

fn world() -> impl Strategy<Value = World> {
    let record = (
        0..4_u8,
        0..60_i64,
        0..3_u8,
        prop_oneof![3 => Just(0), 1 => 0..END_LAG + OVERLAP],
        1..3_usize,
    )
        .prop_map(|(id, second, says, late, copies)| Happening {
            id,
            second,
            says,
            late,
            copies,
        });
    let steps = prop::collection::vec(prop::collection::vec(record, 0..8), 1..6);
    let faults = prop::collection::vec(prop::collection::vec(fault(), 0..6), 6);
    let queue = prop::collection::vec(prop::collection::vec(0..12_u8, 0..3), 6);
    (steps, faults, queue, 1..4_usize, any::<[bool; 4]>()).prop_map(
        |(
            steps,
            faults,
            queue,
            page_size,
            [has_ids, said_ascending, is_descending, has_overlap],
        )| {
            World {
                steps,
                faults,
                queue,
                page_size,
                has_ids,
                said_ascending,
                is_descending,
                has_overlap,
            }
        },
    )
}

/// What tells two records apart.
type Said = (u64, String, u64);

fn said(record: &Value) -> Said {
    let id = record["id"].as_u64().or(record["thing"].as_u64()).unwrap();
    (id, record["time"].as_str().unwrap().to_owned(), record["says"].as_u64().unwrap())
}

async fn hold(world: World) -> Result<(), TestCaseError> {
    let bench = Bench::new(0);
    let (overlap, most_late) = match world.has_overlap {
        true => (format!("overlap: {OVERLAP}s, "), END_LAG + OVERLAP),
        false => (String::new(), END_LAG),
    };
    let order = if world.said_ascending { "order: ascending, " } else { "" };
    let id = if world.has_ids { "id: id, " } else { "" };
    let file = source(&format!(
        "source: acme\npoll:\n  schedule: rate(1 minute)\n  request:\n    get: https://api.example.com/logs\n    \
         query: {{ since: \"{{window.start|rfc3339}}\", until: \"{{window.end|rfc3339}}\" }}\n  records: items\n  \
         next: {{ token: {{ from: next, query: page }} }}\n  errors: [ {{ when: {{ status: 418 }}, do: split_window }} ]\n  \
         cursor: {{ time: time, {id}{order}{overlap}start: 1h, end_lag: {END_LAG}s, max_window: 5m }}\n"
    ));
    let mut listed: Vec<Listed> = Vec::new();
    for (step, records) in world.steps.iter().enumerate() {
        for Happening { id, second, says, late, copies } in records {
            let time = at(60 * i64::try_from(step).unwrap() + second);
            let mut from = time + SignedDuration::from_secs((*late).min(most_late));
            // What shares an id and a time comes together.
            if let Some(one) = listed.iter().find(|one| one.id == *id && one.time == time) {
                from = one.from;
            }
            listed.extend((0..*copies).map(|_| Listed { id: *id, time, says: *says, from }));
        }
    }
    let are_any_late = listed.iter().any(|one| one.from > one.time);
    let vendor = Arc::new(Model {
        clock: bench.clock.clone(),
        has_ids: world.has_ids,
        is_descending: world.is_descending,
        page_size: world.page_size,
        listed: Mutex::new(listed.clone()),
        faults: Mutex::default(),
    });
    let (mut has_died, mut in_flight, mut latest) = (false, 0, at(0));
    for step in 0..world.steps.len() + 8 {
        bench.clock.set(latest.max(at(60 * i64::try_from(step + 1).unwrap())));
        let faults = world.faults.get(step).cloned().unwrap_or_default();
        *vendor.faults.lock().unwrap() = faults.into();
        let queue = world.queue.get(step).into_iter().flatten().map(|kind| match kind {
            0 => Some(QueueFault::Away),
            1 => Some(QueueFault::CrashAfter),
            2 => Some(QueueFault::Die),
            _ => None,
        });
        let queue: VecDeque<_> = queue.collect();
        has_died |= queue.contains(&Some(QueueFault::Die));
        in_flight += queue.iter().filter(|fault| **fault == Some(QueueFault::CrashAfter)).count();
        *bench.queue.faults.lock().unwrap() = queue;
        let poller = Poller::new(file.clone(), vendor.clone(), bench.ports()).unwrap();
        let budget = Budget::default();
        tokio::select! {
            biased;
            _ = poller.run(&budget) => {}
            () = bench.queue.died.notified() => {}
        }
        latest = bench.clock.now() + SignedDuration::from_secs(60);
    }
    let mut counts: BTreeMap<Said, (usize, usize)> = BTreeMap::new();
    for one in &listed {
        let said = (u64::from(one.id), one.time.to_string(), u64::from(one.says));
        counts.entry(said).or_default().0 += 1;
    }
    for record in records(&bench).await {
        counts.entry(said(&record)).or_default().1 += 1;
    }
    let lost: Vec<_> = counts.iter().filter(|(_, (has, came))| came < has).collect();
    prop_assert!(lost.is_empty(), "lost {lost:?}");
    let repeats: usize = counts.values().map(|(has, came)| came - has).sum();
    let sharing = |one: &Listed| {
        listed.iter().filter(|other| (other.id, other.time) == (one.id, one.time)).count()
    };
    // Without ids, nobody can tell a record that moved to the next page from an equal one, and a
    // process that died has stored no ids of its window.
    if !has_died && (world.has_ids || !are_any_late) {
        let largest = world.page_size + listed.iter().map(sharing).max().unwrap_or(0);
        prop_assert!(repeats <= in_flight * largest, "{repeats} repeats: {counts:?}");
    }
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 200, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn each_record_is_delivered_as_often_as_the_vendor_has_it(world in world()) {
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        runtime.block_on(hold(world))?;
    }
}
