//! Windows meet without a gap and without a repeat, however the vendor writes, rounds and reads their
//! bounds, and whatever its clocks do.

use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use jiff::civil::DateTime;
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};
use mef_poller::{Budget, Poller, RunEnd, RunReport};
use mef_ports::{Clock as _, Http, HttpError, HttpRequest, HttpResponse};
use proptest::prelude::*;
use serde_json::{Value, json};

use crate::support::{Bench, TestClock, answer, source};

/// How a vendor understands a time of day that its clocks show twice.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Twice {
    First,
    Second,
    /// It compares texts, and so finds both.
    AsText,
}

/// What a vendor does with the bounds of a window, and what the source file says of it.
#[derive(Clone, Debug)]
struct Habits {
    /// The format in which it takes bounds, and the unit of that.
    format: &'static str,
    unit_s: i64,
    /// Where its clocks are; `None` for UTC.
    zone: Option<&'static str>,
    twice: Twice,
    /// Whether its records' times are what its clocks show.
    local_records: bool,
    takes_end: bool,
    with_start: bool,
    with_end: bool,
    /// Whether the file says how the bounds are.
    is_said: bool,
    newest_record: bool,
    order: &'static str,
    max_window: bool,
    overlap: bool,
}

struct Records {
    habits: Habits,
    clock: Arc<TestClock>,
    zone: TimeZone,
    /// The times of the records; an id is the place in this list.
    times: Vec<Timestamp>,
    requests: Mutex<Vec<String>>,
}

impl Records {
    fn shown(&self, time: Timestamp) -> DateTime {
        time.to_zoned_datetime(self.zone.clone()).datetime()
    }

    /// Whether `time` is at or after the bound, with `plus` seconds more.
    fn has_come_to(&self, time: Timestamp, bound: &str, plus: i64) -> std::cmp::Ordering {
        // A date has no time of day.
        let whole = format!("{bound}{}", &"20000101T000000.000"[bound.len()..]);
        let bound = DateTime::strptime("%Y%m%dT%H%M%S%.f", whole).unwrap();
        let bound = bound + SignedDuration::from_secs(plus);
        let ambiguous = self.zone.to_ambiguous_timestamp(bound);
        match self.habits.twice {
            Twice::AsText => self.shown(time).cmp(&bound),
            Twice::First => time.cmp(&ambiguous.earlier().unwrap()),
            Twice::Second => time.cmp(&ambiguous.later().unwrap()),
        }
    }

    fn has(&self, time: Timestamp, since: &str, until: Option<&str>) -> bool {
        use std::cmp::Ordering::{Equal, Greater, Less};
        let habits = &self.habits;
        let after = match self.has_come_to(time, since, 0) {
            Greater => true,
            Equal => habits.with_start,
            Less => false,
        };
        let is_long = habits.unit_s >= 3_600;
        let before = until.is_none_or(|until| match habits.with_end {
            // It gives the whole of the last day.
            true if is_long => self.has_come_to(time, until, habits.unit_s) == Less,
            true => self.has_come_to(time, until, 0) != Greater,
            false => self.has_come_to(time, until, 0) == Less,
        });
        after && before
    }
}

#[async_trait]
impl Http for Records {
    async fn send(&self, request: HttpRequest) -> Result<HttpResponse, HttpError> {
        let parameter = |name: &str| {
            let mut pairs = request.url.query_pairs();
            pairs.find(|(key, _)| key == name).map(|(_, value)| value.into_owned())
        };
        let (since, until) = (parameter("since").unwrap(), parameter("until"));
        self.requests
            .lock()
            .unwrap()
            .push(format!("{since}..{}", until.clone().unwrap_or_default()));
        let now = self.clock.now();
        let mut found: Vec<_> = (0..self.times.len())
            .filter(|id| {
                self.times[*id] <= now && self.has(self.times[*id], &since, until.as_deref())
            })
            .collect();
        found.sort_by_key(|id| self.times[*id]);
        let record = |id: usize| match self.habits.local_records {
            true => json!({ "id": id, "time": self.shown(self.times[id]).to_string() }),
            false => json!({ "id": id, "time": self.times[id].to_string() }),
        };
        let page: Vec<Value> = found.into_iter().map(record).collect();
        Ok(answer(200, &[], &Value::Array(page).to_string()))
    }
}

fn file(habits: &Habits) -> String {
    let Habits { format, order, .. } = habits;
    let zone = habits.zone.map(|zone| format!(", \\\"{zone}\\\"")).unwrap_or_default();
    let bound = |name: &str| format!("\"{{window.{name}|date(\\\"{format}\\\"{zone})}}\"");
    let until = match habits.takes_end {
        true => format!(", until: {}", bound("end")),
        false => String::new(),
    };
    let word = |with| if with { "inclusive" } else { "exclusive" };
    let start = if habits.unit_s < 3_600 { "1h" } else { "2d" };
    let mut cursor = format!("time: time, id: id, start: {start}, order: {order}");
    if habits.is_said {
        let end = match habits.takes_end {
            true => format!(", end: {}", word(habits.with_end)),
            false => String::new(),
        };
        cursor += &format!(", bounds: {{ start: {}{end} }}", word(habits.with_start));
    }
    if habits.newest_record {
        cursor += ", advance: newest_record";
    } else if habits.max_window && habits.unit_s < 3_600 {
        cursor += ", max_window: 2h";
    }
    if habits.overlap {
        cursor += ", overlap: 60s";
    }
    if let Some(zone) = habits.zone.filter(|_| habits.local_records) {
        cursor += &format!(", zone: {zone}");
    }
    format!(
        "source: acme\npoll:\n  schedule: rate(1 minute)\n  \
         request: {{ get: \"https://api.example.com/logs\", query: {{ since: {}{until} }} }}\n  \
         records: \"\"\n  cursor: {{ {cursor} }}\nevent: {{ map: {{ summary: \"{{id}}\" }} }}\n",
        bound("start")
    )
}

/// Runs at these moments, and returns how often each record was delivered.
async fn deliveries(
    habits: &Habits,
    times: &[Timestamp],
    runs: &[Timestamp],
) -> (Vec<usize>, Vec<String>, RunReport) {
    let bench = Bench::new(0);
    let zone = habits.zone.map_or(TimeZone::UTC, |zone| TimeZone::get(zone).unwrap());
    let vendor = Arc::new(Records {
        habits: habits.clone(),
        clock: bench.clock.clone(),
        zone,
        times: times.to_vec(),
        requests: Mutex::default(),
    });
    let mut last = None;
    for run in runs {
        bench.clock.set(*run);
        let poller = Poller::new(source(&file(habits)), vendor.clone(), bench.ports()).unwrap();
        last = Some(poller.run(&Budget::default()).await);
    }
    let mut counts = vec![0; times.len()];
    for id in bench.delivered().await {
        counts[id as usize] += 1;
    }
    let requests = vendor.requests.lock().unwrap().clone();
    (counts, requests, last.unwrap())
}

/// The hour at which the clocks of a zone change, and the zone.
const CHANGES: [(Option<&str>, &str); 8] = [
    (None, "2026-11-24T08:00:00Z"),
    (Some("America/Los_Angeles"), "2026-11-01T08:00:00Z"),
    (Some("America/Los_Angeles"), "2026-03-08T09:00:00Z"),
    (Some("Europe/Vienna"), "2026-10-25T00:00:00Z"),
    (Some("Europe/Vienna"), "2026-03-29T00:00:00Z"),
    (Some("Australia/Lord_Howe"), "2026-04-04T14:00:00Z"),
    (Some("Africa/Cairo"), "2026-04-23T21:00:00Z"),
    (Some("Africa/Cairo"), "2026-10-29T20:00:00Z"),
];

const FORMATS: [(&str, i64); 5] = [
    ("%Y%m%dT%H%M%S%.3f", 0),
    ("%Y%m%dT%H%M%S", 1),
    ("%Y%m%dT%H%M", 60),
    ("%Y%m%dT%H", 3_600),
    ("%Y%m%d", 86_400),
];

prop_compose! {
    fn habits()(
        format in 0..FORMATS.len(),
        change in 0..CHANGES.len(),
        twice in prop_oneof![Just(Twice::First), Just(Twice::Second), Just(Twice::AsText)],
        flags in any::<[bool; 8]>(),
        is_ascending in any::<bool>(),
    ) -> (Habits, Timestamp) {
        let (format, unit_s) = FORMATS[format];
        let (zone, change) = CHANGES[change];
        let [local_records, takes_end, with_start, with_end, is_said, newest, max_window, overlap] = flags;
        let newest_record = newest && !takes_end;
        let habits = Habits {
            format,
            unit_s,
            zone,
            twice,
            local_records: local_records && zone.is_some(),
            takes_end,
            // What leaves its start out has to be said, unless the cursor follows the records.
            with_start: with_start || !(is_said || newest_record),
            with_end,
            is_said,
            newest_record,
            // Records in the doubled hour are not in order by what the clocks show.
            order: if is_ascending && !local_records { "ascending" } else { "unordered" },
            max_window,
            overlap,
        };
        (habits, change.parse().unwrap())
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 100, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn every_record_comes_once(
        (habits, change) in habits(),
        mut offsets in prop::collection::vec(0..8 * 3_600_000_i64, 1..40),
        whole in any::<bool>(),
        steps in prop::collection::vec(1..60 * 60_i64, 1..30),
    ) {
        if whole {
            offsets.iter_mut().for_each(|offset| *offset -= *offset % 1_000);
        }
        // A cursor that follows the records begins with the first of them.
        offsets.push(-60_000);
        let begin = change - SignedDuration::from_hours(1);
        let times: Vec<_> =
            offsets.iter().map(|offset| begin + SignedDuration::from_millis(*offset)).collect();
        let mut now = begin;
        let mut runs = vec![now];
        for step in steps {
            now += SignedDuration::from_secs(step);
            runs.push(now);
        }
        // Twice, since a window without an upper bound holds the newest back.
        runs.extend([begin + SignedDuration::from_hours(60), begin + SignedDuration::from_hours(61)]);
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        let (counts, requests, last) = runtime.block_on(deliveries(&habits, &times, &runs));
        prop_assert!(matches!(last.end, RunEnd::CaughtUp), "{last:?}");
        for (id, count) in counts.iter().enumerate() {
            prop_assert_eq!(*count, 1, "{} {:?}\n{}\n{:#?}", id, times[id], file(&habits), requests);
        }
    }
}
