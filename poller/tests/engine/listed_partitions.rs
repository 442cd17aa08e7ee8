//! Partitions that the vendor lists.

use mef_poller::RunEnd;
use mef_ports::{Cursors as _, Position};

use crate::scripted::{Scripted, endless, run};
use crate::support::{Bench, answer, at};

pub(crate) const LISTED: &str = "
source: acme
poll:
  schedule: rate(1 minute)
  partitions:
    request:
      name: \"{org.id}\"
      request: { get: https://api.example.com/orgs }
      next: { token: { from: next, query: page } }
      records: orgs
  request:
    get: \"https://api.example.com/orgs/{partition}/logs\"
    query: { from: \"{window.start|epoch}\", to: \"{window.end|epoch}\" }
  records: \"\"
  cursor: { time: t, id: id, start: 1h, end_lag: 60s }
";

#[tokio::test]
async fn partitions_are_those_that_the_vendor_lists_now() {
    let bench = Bench::new(0);
    let vendor = Scripted::bodies(&[
        r#"{"orgs": [{"org": {"id": 7}}, {"org": {"id": "x"}}], "next": "2"}"#,
        r#"{"orgs": [{"org": {"id": 7}}]}"#,
        "[]",
        "[]",
    ]);
    let report = run(&bench, &vendor, LISTED).await;
    assert!(matches!(report.end, RunEnd::CaughtUp), "{report:?}");
    assert_eq!(report.summary.requests, 4);
    bench.clock.set(at(60));
    vendor.more(&[r#"{"orgs": [{"org": {"id": "new"}}, {"org": {"id": "x"}}]}"#, "[]", "[]"]);
    run(&bench, &vendor, LISTED).await;
    let requests = vendor.requests();
    let paths: Vec<_> = requests.iter().map(|line| line.split("?from").next().unwrap()).collect();
    assert_eq!(
        paths,
        [
            "GET /orgs",
            "GET /orgs?page=2",
            "GET /orgs/7/logs",
            "GET /orgs/x/logs",
            "GET /orgs",
            "GET /orgs/new/logs",
            "GET /orgs/x/logs",
        ]
    );
    let cursors = bench.store.list().await.unwrap();
    let done = |name: &str| {
        let cursor = cursors.iter().find(|cursor| cursor.stream.partition == name);
        cursor.and_then(|cursor| cursor.record.done().cloned())
    };
    assert_eq!(done("7"), Some(Position::Time(at(-60))), "no longer listed, not forgotten");
    assert_eq!(
        (done("x"), done("new")),
        (Some(Position::Time(at(0))), Some(Position::Time(at(0))))
    );
}

#[tokio::test]
async fn a_name_that_is_none_is_an_error_and_holds_no_other_back() {
    let bench = Bench::new(0);
    let vendor = Scripted::bodies(&[r#"{"orgs": [{"org": {}}, {"org": {"id": "x"}}]}"#, "[]"]);
    let report = run(&bench, &vendor, LISTED).await;
    let RunEnd::Failed(error) = &report.end else { panic!("{report:?}") };
    assert!(error.to_string().starts_with("the vendor lists a partition called ``"), "{error}");
    assert_eq!(vendor.requests().len(), 2, "the other one was read");
}

#[tokio::test]
async fn a_name_without_an_end_is_told_by_its_beginning() {
    let bench = Bench::new(0);
    let name = "x".repeat(100_000);
    let vendor = Scripted::bodies(&[&format!(r#"{{"orgs": [{{"org": {{"id": "{name}"}}}}]}}"#)]);
    let report = run(&bench, &vendor, LISTED).await;
    let error = report.summary.error.unwrap();
    assert!(error.contains("called `xxxx") && error.len() < 1_000, "{} bytes", error.len());
}

#[tokio::test]
async fn partitions_that_cannot_be_listed_now_are_waited_for() {
    let bench = Bench::new(0);
    let vendor = Scripted::answers(vec![answer(429, &[("retry-after", "90".to_owned())], "{}")]);
    let report = run(&bench, &vendor, LISTED).await;
    assert!(matches!(report.end, RunEnd::Limited { until } if until == at(90)), "{report:?}");
    assert_eq!(*bench.wakeups.0.lock().unwrap(), [at(90)]);
    vendor.requests();
    let report = run(&bench, &vendor, LISTED).await;
    assert!(matches!(report.end, RunEnd::Limited { .. }), "{report:?}");
    assert!(vendor.requests().is_empty(), "nothing is asked while the limit lasts");
}

#[tokio::test]
async fn a_list_that_leads_on_for_ever_ends() {
    let bench = Bench::new(0);
    let vendor = Scripted::answers(endless("orgs"));
    let report = run(&bench, &vendor, LISTED).await;
    let RunEnd::Failed(error) = &report.end else { panic!("{report:?}") };
    assert!(error.to_string().contains("its list of partitions does not end"), "{error}");
    assert!(report.summary.error.is_some() && report.summary.ended.is_some());
    assert_eq!(vendor.requests().len(), 1_000);
}

/// A credential that may no longer see them gets an empty list, and the source was `fresh`.
#[tokio::test]
async fn an_empty_list_of_partitions_fails_the_run_if_some_were_read_before() {
    let bench = Bench::new(0);
    let vendor = Scripted::bodies(&[r#"{"orgs": []}"#]);
    let report = run(&bench, &vendor, LISTED).await;
    assert!(matches!(report.end, RunEnd::CaughtUp), "none was ever read: {report:?}");
    vendor.more(&[r#"{"orgs": [{"org": {"id": 7}}]}"#, "[]", r#"{"orgs": []}"#]);
    let report = run(&bench, &vendor, LISTED).await;
    assert!(matches!(report.end, RunEnd::CaughtUp), "{report:?}");
    let report = run(&bench, &vendor, LISTED).await;
    assert!(matches!(report.end, RunEnd::Failed(_)), "{report:?}");
    let said = report.summary.error.unwrap();
    assert!(said.contains("lists no partition, and 1 were read before"), "{said}");
}
