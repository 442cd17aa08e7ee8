//! What holds for every stream, by whatever it is read: rules about answers,
//! limits, pauses, and stretches of the past.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_trait::async_trait;
use jiff::Timestamp;
use mef_poller::{BackfillError, Budget, FetchError, Poller, RunEnd, RunError, RunReport};
use mef_ports::{
    Clock as _, CursorRecord, Cursors as _, Http, HttpError, HttpRequest, HttpResponse, Position,
    StreamKey,
};
use serde_json::{Value, json};

use crate::scripted::{self, Scripted};
use crate::support::{Bench, answer, at, source, stream};

/// A vendor that is read in any way: `since` and `until`, `after` an id at
/// `since`, or on from a `page`, which knows what `since` it began at. Pages are
/// of two, in the order of time and id.
#[derive(Default)]
struct AnyVendor {
    /// Id and second.
    records: Vec<(u32, i64)>,
    requests: Mutex<Vec<String>>,
    /// The status of each answer to come; 200 afterwards.
    statuses: Mutex<VecDeque<u16>>,
}

#[async_trait]
impl Http for AnyVendor {
    async fn send(&self, request: HttpRequest) -> Result<HttpResponse, HttpError> {
        let query = request.url.query().unwrap_or("").replace("%3A", ":");
        self.requests.lock().unwrap().push(query.clone());
        let status = self.statuses.lock().unwrap().pop_front().unwrap_or(200);
        if status != 200 {
            return Ok(answer(status, &[], "{}"));
        }
        let param = |name: &str| {
            let mut pairs = request.url.query_pairs();
            pairs.find(|(key, _)| key == name).map(|(_, value)| value.into_owned())
        };
        let page = param("page").unwrap_or_default();
        let (began, skip) = page.split_once('~').unwrap_or_default();
        let since = Some(began.to_owned()).filter(|began| !began.is_empty()).or(param("since"));
        let time = |text: Option<String>| text.map(|time| time.parse::<Timestamp>().unwrap());
        let mut found = self.records.clone();
        found.sort_by_key(|(id, second)| (*second, *id));
        let number = |name: &str| param(name).map(|number| number.parse::<u32>().unwrap());
        let from = (time(since.clone()), number("after"));
        found.retain(|(id, second)| match from {
            (Some(since), Some(after)) => (at(*second), *id) > (since, after),
            (Some(since), None) => at(*second) >= since,
            (None, after) => after.is_none_or(|after| *id > after),
        });
        found.retain(|(_, second)| time(param("until")).is_none_or(|until| at(*second) < until));
        let skip = skip.parse().unwrap_or(0).min(found.len());
        let to = (skip + 2).min(found.len());
        let items: Vec<_> = found[skip..to]
            .iter()
            .map(|(id, second)| json!({ "id": id, "time": at(*second).to_string() }))
            .collect();
        let mut next = request.url.clone();
        let page = format!("{}~{to}", since.unwrap_or_default());
        next.query_pairs_mut().clear().append_pair("page", &page);
        let links = [("link", format!("<{next}>; rel=\"next\""))];
        let more = to < found.len();
        let body = json!({ "items": items, "token": if more { json!(page) } else { Value::Null } });
        Ok(answer(200, if more { &links } else { &[] }, &body.to_string()))
    }
}

fn vendor(records: &[(u32, i64)], statuses: &[u16]) -> Arc<AnyVendor> {
    let statuses = Mutex::new(statuses.iter().copied().collect());
    Arc::new(AnyVendor { records: records.to_vec(), statuses, ..AnyVendor::default() })
}

fn asked(vendor: &AnyVendor) -> Vec<String> {
    std::mem::take(&mut vendor.requests.lock().unwrap())
}

/// A source file with `query` and the lines `rest` in its `poll`.
pub(crate) fn file(query: &str, rest: &str) -> String {
    format!(
        "source: acme\npoll:\n  schedule: rate(1 minute)\n  request:\n    get: https://api.example.com/logs\n    \
         query: {{ {query} }}\n  records: items\n{rest}"
    )
}

const AGAIN: &str = "  errors: [ { when: { status: 418 }, do: restart_from_time } ]\n";
pub(crate) const BY_PAGE: &str = "  next: { token: { from: token, query: page } }\n";

fn by_window(rest: &str) -> String {
    let cursor = "  partitions: { list: [north, south] }\n  \
                  cursor: { time: time, id: id, start: 1h, overlap: 60s, max_window: 20m }\n";
    let query = "region: \"{partition}\", since: \"{window.start|rfc3339}\", until: \"{window.end|rfc3339}\"";
    file(query, &format!("{BY_PAGE}{cursor}{rest}"))
}

fn by_id(rest: &str) -> String {
    file(
        "since: \"{cursor.start|rfc3339}\", after: \"{cursor.id}\"",
        &format!("{rest}  cursor: {{ id: id, order: ascending }}\n"),
    )
}

fn by_time_and_id(rest: &str) -> String {
    let cursor = "  cursor: { id: id, time: time, order: ascending, start: 1h }\n";
    file("since: \"{cursor.time|rfc3339}\", after: \"{cursor.id}\"", &format!("{rest}{cursor}"))
}

fn by_token(rest: &str) -> String {
    let cursor = "  cursor: { token: token, id: id, time: time, start: 1h }\n";
    file(
        "since: \"{cursor.start|rfc3339}\", page: \"{cursor.token}\"",
        &format!("{BY_PAGE}{rest}{cursor}"),
    )
}

fn by_link(rest: &str) -> String {
    let cursor = "  cursor: { next_link: {}, id: id, time: time, start: 1h }\n";
    file("since: \"{cursor.start|rfc3339}\"", &format!("  next: {{ link: next }}\n{rest}{cursor}"))
}

fn poller(bench: &Bench, vendor: &Arc<AnyVendor>, file: &str) -> Poller {
    Poller::new(source(file), vendor.clone(), bench.ports()).unwrap()
}

async fn run(bench: &Bench, vendor: &Arc<AnyVendor>, file: &str) -> RunReport {
    poller(bench, vendor, file).run(&Budget::default()).await
}

fn back(poller: Poller) -> Result<Poller, BackfillError> {
    poller.backfill(at(-7_200), at(-3_600), Duration::from_millis(1))
}

fn partition(name: &str) -> StreamKey {
    StreamKey { partition: name.to_owned(), ..stream() }
}

/// Two before the stretch, five in it, and many after it.
fn history() -> Vec<(u32, i64)> {
    let mut records = vec![(1, -9_000), (2, -7_201)];
    records.extend([(3, -7_200), (4, -6_000), (5, -6_000), (6, -5_000), (7, -3_601)]);
    records.extend((0..40).map(|n| (n + 8, -3_600 + i64::from(n))));
    records
}

#[tokio::test]
async fn a_stretch_of_the_past_is_read_in_every_stream_and_only_that() {
    for (name, file, most) in [
        ("time and id", by_time_and_id(""), 4),
        ("token", by_token(""), 4),
        ("link", by_link(""), 4),
    ] {
        let (bench, vendor) = (Bench::new(0), vendor(&history(), &[]));
        let live = CursorRecord::at(Position::Token("live".to_owned()));
        bench.store.set(&stream(), &live).await.unwrap();
        // Cut off after its first page, it goes on behind that.
        vendor.statuses.lock().unwrap().extend([200, 405]);
        let report = back(poller(&bench, &vendor, &file)).unwrap().run(&Budget::default()).await;
        assert!(matches!(report.end, RunEnd::Failed(_)), "{name}: {report:?}");
        assert_eq!(bench.delivered().await, [3, 4], "{name}");
        let report = back(poller(&bench, &vendor, &file)).unwrap().run(&Budget::default()).await;
        assert!(matches!(report.end, RunEnd::CaughtUp), "{name}: {report:?}");
        assert_eq!(report.done, Some(Position::Time(at(-3_600))), "{name}");
        assert_eq!(bench.delivered().await, [3, 4, 5, 6, 7], "{name}");
        let requests = asked(&vendor);
        assert!(requests.len() <= 2 + most, "{name} reads on to the present: {requests:?}");
        // What is read to its end is not asked for again.
        back(poller(&bench, &vendor, &file)).unwrap().run(&Budget::default()).await;
        assert!(asked(&vendor).is_empty(), "{name}");
        assert_eq!(bench.cursor().await.record, live, "{name}");
    }
}

#[tokio::test]
async fn a_stretch_of_the_past_is_read_in_every_partition() {
    let (bench, vendor) = (Bench::new(0), vendor(&history(), &[]));
    let file = by_window("");
    let poller = back(poller(&bench, &vendor, &file)).unwrap();
    let report = poller.run(&Budget::default()).await;
    assert!(matches!(report.end, RunEnd::CaughtUp), "{report:?}");
    let mut delivered = bench.delivered().await;
    delivered.sort_unstable();
    assert_eq!(delivered, [3, 3, 4, 4, 5, 5, 6, 6, 7, 7]);
    let regions: Vec<_> = asked(&vendor).iter().map(|query| query[7..12].to_owned()).collect();
    assert!(regions.contains(&"north".to_owned()) && regions.contains(&"south".to_owned()));
    let streams = bench.store.list().await.unwrap();
    let names: Vec<_> = streams.iter().map(|cursor| cursor.stream.partition.clone()).collect();
    let whole = poller.stream().partition;
    assert_eq!(names, [format!("{whole}/north"), format!("{whole}/south")]);
    assert!(streams.iter().all(|cursor| mef_poller::is_backfill(&cursor.stream)));
    poller.run(&Budget::default()).await;
    assert!(asked(&vendor).is_empty());
}

#[tokio::test]
async fn a_stream_that_no_time_leads_to_is_not_read_back() {
    let (bench, vendor) = (Bench::new(0), vendor(&[], &[]));
    for (file, kind) in [
        (by_id(""), "id"),
        (by_token("").replace("time: time, ", ""), "token"),
        (by_link("").replace("since: \"{cursor.start|rfc3339}\"", "limit: 5"), "next link"),
    ] {
        let Err(BackfillError::NoTime { cursor, .. }) = back(poller(&bench, &vendor, &file)) else {
            panic!("{file}")
        };
        assert_eq!(cursor, kind);
    }
}

#[tokio::test]
async fn what_a_rule_begins_again_is_read_to_its_end_in_every_stream() {
    let records: Vec<_> = (1..=5).map(|id| (id, -1_000 + i64::from(id))).collect();
    for (name, file) in [
        ("id", by_id(&format!("{BY_PAGE}{AGAIN}"))),
        ("time and id", by_time_and_id(&format!("{BY_PAGE}{AGAIN}"))),
        ("token", by_token(AGAIN)),
        ("link", by_link(AGAIN)),
    ] {
        let (bench, one) = (Bench::new(0), vendor(&records, &[200, 418]));
        let report = run(&bench, &one, &file).await;
        assert!(matches!(report.end, RunEnd::CaughtUp), "{name}: {report:?}");
        let mut delivered = bench.delivered().await;
        delivered.dedup();
        assert!(delivered.ends_with(&[1, 2, 3, 4, 5]), "{name}: {delivered:?}");

        let (bench, two) = (Bench::new(0), vendor(&records, &[200, 418, 200, 418]));
        let report = run(&bench, &two, &file).await;
        let RunEnd::Failed(RunError::Fetch(FetchError::Reread { half: false, .. })) = report.end
        else {
            panic!("{name}: for ever: {report:?}")
        };
    }
}

#[tokio::test]
async fn an_id_that_the_vendor_refuses_gives_way_to_its_time_or_to_the_start() {
    let records: Vec<_> = (1..=5).map(|id| (id, -1_000 + i64::from(id / 2))).collect();
    for (file, position, expected) in [
        (
            by_time_and_id(AGAIN),
            Position::TimeId { time: at(-999), id: "3".to_owned() },
            vec![2, 3, 4, 5],
        ),
        (by_id(AGAIN), Position::Id("3".to_owned()), vec![1, 2, 3, 4, 5]),
    ] {
        let (bench, vendor) = (Bench::new(0), vendor(&records, &[418]));
        let record = CursorRecord::at(position);
        bench.store.set(&stream(), &record).await.unwrap();
        let report = run(&bench, &vendor, &file).await;
        assert!(matches!(report.end, RunEnd::CaughtUp), "{report:?}");
        assert_eq!(bench.delivered().await, expected);
        let done = report.done.unwrap().to_string();
        assert!(done.ends_with('5'), "{done}");
    }
}

#[tokio::test]
async fn a_rule_about_one_partition_holds_no_other_up() {
    let (bench, vendor) = (Bench::new(0), vendor(&[(1, -100)], &[404, 200, 200, 200, 402]));
    let rules = "  errors:\n    - { when: { status: 404 }, do: ignore }\n    - { when: { status: 402 }, do: fail }\n";
    // The vendor's statuses stand in an order, so the partitions are asked in one.
    let file = by_window(rules).replace(", max_window: 20m", "") + "  limits: { at_once: 1 }\n";
    let report = run(&bench, &vendor, &file).await;
    assert!(matches!(report.end, RunEnd::CaughtUp), "{report:?}");
    assert_eq!(bench.delivered().await, [1], "the first partition had none");
    bench.clock.set(at(60));
    let report = run(&bench, &vendor, &file).await;
    assert!(matches!(report.end, RunEnd::CaughtUp), "{report:?}");
    bench.clock.set(at(120));
    let report = run(&bench, &vendor, &file).await;
    assert!(report.summary.error.unwrap().starts_with("acme/north: "));
    let cursors = bench.store.list().await.unwrap();
    let history = |index: usize| &cursors[index].record.history;
    assert!(history(0).last().unwrap().error.is_some());
    assert!(history(1).iter().all(|run| run.error.is_none()), "each has a history of its own");
}

#[tokio::test]
async fn a_rate_that_serves_one_partition_a_run_serves_them_in_turn() {
    let (bench, vendor) = (Bench::new(0), vendor(&[], &[]));
    let file = by_window("  limits: { rate: 1/min }\n").replace(", max_window: 20m", "");
    let mut served = Vec::new();
    for minute in 0..4 {
        bench.clock.set(at(minute * 60));
        let report = run(&bench, &vendor, &file).await;
        assert!(matches!(report.end, RunEnd::Limited { .. }), "{report:?}");
        served.extend(asked(&vendor).iter().map(|query| query[7..12].to_owned()));
    }
    assert_eq!(served, ["north", "south", "north", "south"]);
}

#[tokio::test]
async fn partitions_that_share_a_rate_wait_for_each_other_and_say_so() {
    let (bench, vendor) = (Bench::new(0), vendor(&[], &[]));
    let file = by_window("  limits: { rate: 0.5/s }\n").replace(", max_window: 20m", "");
    let report = run(&bench, &vendor, &file).await;
    assert!(matches!(report.end, RunEnd::CaughtUp), "{report:?}");
    assert_eq!((report.summary.limit_wait_ms, bench.clock.now()), (2_000, at(2)));
}

#[tokio::test]
async fn a_source_is_paused_whole_or_by_partition() {
    let (bench, vendor) = (Bench::new(0), vendor(&[(1, -100)], &[]));
    let file = by_window("");
    let mut paused = CursorRecord::default();
    paused.paused = Some(at(-10));
    bench.store.set(&partition("north"), &paused).await.unwrap();
    let report = run(&bench, &vendor, &file).await;
    assert!(matches!(report.end, RunEnd::CaughtUp), "the others are read: {report:?}");
    assert!(asked(&vendor).iter().all(|query| query.contains("region=south")));
    bench.store.set(&stream(), &paused).await.unwrap();
    bench.clock.set(at(60));
    let report = run(&bench, &vendor, &file).await;
    assert!(matches!(report.end, RunEnd::Paused), "{report:?}");
    assert_eq!((asked(&vendor).len(), report.lag.map(|lag| lag.as_secs())), (0, Some(60)));
    bench.store.set(&stream(), &CursorRecord::default()).await.unwrap();
    run(&bench, &vendor, &file).await;
    assert!(asked(&vendor).iter().all(|query| query.contains("region=south")), "one still is");
}

#[tokio::test]
async fn a_record_that_comes_late_in_a_stream_by_time_and_id_says_how_late() {
    let (bench, vendor) = (Bench::new(0), vendor(&[(4, -60), (9, -45)], &[]));
    // This vendor understands neither, and gives all it has.
    let file = by_time_and_id("").replace("since:", "from:").replace("after:", "behind:");
    let position = Position::TimeId { time: at(-50), id: "5".to_owned() };
    let record = CursorRecord::at(position);
    bench.store.set(&stream(), &record).await.unwrap();
    let report = run(&bench, &vendor, &file).await;
    assert_eq!((report.summary.late, report.summary.late_max_s), (1, 10));
    assert_eq!(bench.delivered().await, [4, 9]);
    assert_eq!(report.lag.map(|lag| lag.as_secs()), Some(45));
}

#[tokio::test]
async fn a_record_that_cannot_be_read_is_rejected_once_however_often_it_comes() {
    let page = format!(
        r#"{{"items": [{{"id": 1, "time": "{}"}}, {{"id": "\ud800"}}], "token": null}}"#,
        at(-10)
    );
    let by_window = file(
        "since: \"{window.start|rfc3339}\"",
        "  cursor: { time: time, id: id, start: 1h, overlap: 60s }\n",
    );
    let listing = file("all: \"yes\"", "  cursor: { listing: true, id: id }\n");
    let files = [by_window, by_id(""), by_time_and_id(""), by_token(""), by_link(""), listing];
    for file in files {
        let bench = Bench::new(1);
        let vendor = Scripted::bodies(&[&page, &page, &page]);
        let poller = Poller::new(source(&file), vendor.clone(), bench.ports()).unwrap();
        let first = poller.run(&Budget::default()).await.summary;
        assert_eq!((first.delivered, first.rejected), (1, 1), "{file}");
        bench.clock.set(at(30));
        let second = poller.run(&Budget::default()).await.summary;
        assert_eq!((second.delivered, second.rejected, second.duplicates), (0, 0, 2), "{file}");
        assert_eq!(bench.delivered().await, [1]);
    }
}

#[tokio::test]
async fn a_new_version_of_a_record_whose_time_cannot_be_read_is_no_repeat() {
    let page = |state| {
        json!({"items": [{"id": 1, "time": "28/11/2026", "state": state}], "token": null})
            .to_string()
    };
    let by_window = file(
        "since: \"{window.start|rfc3339}\"",
        "  cursor: { time: time, id: id, start: 1h, overlap: 60s }\n",
    );
    for file in [by_window, by_token(""), by_link("")] {
        let bench = Bench::new(1);
        let vendor = Scripted::bodies(&[&page("open"), &page("closed"), &page("closed")]);
        let poller = Poller::new(source(&file), vendor.clone(), bench.ports()).unwrap();
        for (second, delivered) in [(0, 1), (30, 1), (60, 0)] {
            bench.clock.set(at(second));
            let summary = poller.run(&Budget::default()).await.summary;
            assert_eq!((summary.delivered, summary.untimed), (delivered, 1), "{file}");
        }
    }
}

#[tokio::test]
async fn records_by_which_the_cursor_cannot_move_are_delivered_and_fail_the_run() {
    let page = json!({"items": [{"id": 1, "time": "28/11/2026"}]}).to_string();
    let newest = file(
        "since: \"{window.start|rfc3339}\"",
        "  cursor: { time: time, id: id, start: 1h, advance: newest_record }\n",
    );
    for file in [by_time_and_id(""), newest] {
        let bench = Bench::new(1);
        let report = scripted::run(&bench, &Scripted::bodies(&[&page]), &file).await;
        let RunEnd::Failed(error @ RunError::NoPlace(_)) = report.end else { panic!("{report:?}") };
        assert!(error.to_string().contains("a time at `/time`"), "{error}");
        assert_eq!(bench.delivered().await, [1]);
    }
}

#[tokio::test]
async fn what_a_vendor_gives_again_and_again_though_it_is_older_than_asked_for_is_known() {
    let page = json!({"items": [{"id": 1, "time": at(-90_000)}, {"id": 2, "time": at(-10)}]});
    let page = page.to_string();
    let file = file(
        "since: \"{window.start|rfc3339}\"",
        "  cursor: { time: time, id: id, start: 1h, overlap: 60s }\n",
    );
    let bench = Bench::new(1);
    let vendor = Scripted::bodies(&[page.as_str(); 5]);
    let poller = Poller::new(source(&file), vendor, bench.ports()).unwrap();
    // The second lay in windows first, and is known by when it was read.
    for (minutes, delivered) in [(0, 2), (10, 0), (20, 0), (30, 0), (40, 0)] {
        bench.clock.set(at(60 * minutes));
        let summary = poller.run(&Budget::default()).await.summary;
        assert_eq!((summary.delivered, summary.records), (delivered, 2), "minute {minutes}");
    }
}
