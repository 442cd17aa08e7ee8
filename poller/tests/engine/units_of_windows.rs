//! Windows in whole minutes, hours and days, and how far they can be halved.

use jiff::SignedDuration;
use mef_poller::RunEnd;

use crate::scripted::{Scripted, records, run};
use crate::support::{Bench, answer, at};

const TOO_LARGE: u16 = 413;

fn file(bounds: &str, cursor: &str) -> String {
    format!(
        "source: acme\npoll:\n  schedule: rate(5 minutes)\n  request:\n    get: https://api.example.com/logs\n    \
         query: {{ {bounds} }}\n  records: \"\"\n  \
         errors: [ {{ when: {{ status: {TOO_LARGE} }}, do: split_window }} ]\n  \
         cursor: {{ time: time, id: id, {cursor} }}\n"
    )
}

const DAYS: &str =
    "from: \"{window.start|date(\\\"%F\\\")}\", to: \"{window.end|date(\\\"%F\\\")}\"";

fn asked(vendor: &Scripted) -> Vec<String> {
    let requests = vendor.requests();
    requests.iter().map(|line| line.split_once('?').unwrap().1.to_owned()).collect()
}

#[tokio::test]
async fn a_window_of_days_is_halved_down_to_one() {
    let bench = Bench::new(0);
    let refused = || answer(TOO_LARGE, &[], "{}");
    let page =
        |id: u32| answer(200, &[], &format!("[{{\"id\":{id},\"time\":\"2026-11-23T12:00:00Z\"}}]"));
    let vendor = Scripted::answers(vec![refused(), page(1), refused(), page(2), page(3)]);
    let cursor = "start: 3d, max_window: 4d, bounds: { end: inclusive }";
    let report = run(&bench, &vendor, &file(DAYS, cursor)).await;
    let asked = asked(&vendor);
    assert_eq!(
        asked,
        [
            "from=2026-11-21&to=2026-11-24",
            "from=2026-11-21&to=2026-11-21",
            "from=2026-11-22&to=2026-11-24",
            "from=2026-11-22&to=2026-11-22",
            "from=2026-11-23&to=2026-11-24",
        ],
        "{report:?}"
    );
    assert_eq!(records(&bench).await.len(), 3);
}

#[tokio::test]
async fn the_shortest_window_that_is_refused_fails_at_once() {
    let bench = Bench::new(0);
    let vendor = Scripted::answers(vec![answer(TOO_LARGE, &[], "{}")]);
    let cursor = "start: 1h, overlap: 60s, bounds: { end: inclusive }";
    let report = run(&bench, &vendor, &file(DAYS, cursor)).await;
    assert!(matches!(report.end, RunEnd::Failed(_)), "{report:?}");
    assert_eq!(asked(&vendor), ["from=2026-11-24&to=2026-11-24"]);
}

#[tokio::test]
async fn what_is_asked_for_again_in_a_whole_hour_is_neither_doubled_nor_late() {
    let hours = "from: \"{window.start|date(\\\"%Y%m%dT%H\\\")}\"";
    let file = file(hours, "start: 90m, end_lag: 60s");
    let bench = Bench::new(0);
    // The vendor gives the hour from its beginning.
    let page = r#"[{"id":1,"time":"2026-11-24T08:10:00Z"},{"id":2,"time":"2026-11-24T09:40:00Z"}]"#;
    let vendor = Scripted::bodies(&[page]);
    let report = run(&bench, &vendor, &file).await;
    assert_eq!((report.summary.delivered, report.summary.late), (2, 0), "{report:?}");
    bench.clock.set(at(300));
    vendor.more(&[page]);
    let report = run(&bench, &vendor, &file).await;
    assert_eq!((report.summary.delivered, report.summary.late), (0, 0), "{report:?}");
    assert_eq!(asked(&vendor), ["from=20261124T08", "from=20261124T09"]);
    assert_eq!(bench.done().await, Some(at(300) - SignedDuration::from_secs(60)));
}

/// A vendor that compares whole days leaves out the day that is named, and today is not over.
#[tokio::test]
async fn the_rest_of_a_day_is_asked_for_though_the_vendor_leaves_out_the_day_that_is_named() {
    for cursor in [
        "overlap: 5m, bounds: { start: exclusive }",
        "bounds: { start: exclusive, end: inclusive }",
        "overlap: 1d, bounds: { start: exclusive, end: inclusive }",
    ] {
        let bench = Bench::new(0);
        let file = file(DAYS, &format!("start: 2d, max_window: 4d, {cursor}"));
        let vendor = Scripted::bodies(&["[]"]);
        run(&bench, &vendor, &file).await;
        bench.clock.set(at(3_600));
        vendor.more(&["[]"]);
        run(&bench, &vendor, &file).await;
        assert_eq!(asked(&vendor)[1..], ["from=2026-11-23&to=2026-11-24"], "{cursor}");
    }
}
