//! Jobs: submitted once, waited for, and read in parts.

use mef_poller::RunEnd;
use mef_ports::Clock as _;

use crate::chains::by_time;
use crate::scripted::{Scripted, run};
use crate::support::{Bench, answer, at};

const JOB: &str = r#"
  setup:
    - request:
        post: https://api.example.com/exports
        json: { since: "{window.start|rfc3339}" }
      values: { job: id }
  request: { get: "https://api.example.com/exports/{setup.job}" }
  wait:
    until: { body: { state: done } }
    fail: { body: { state: failed } }
    every: EVERY
    at_most: 10m
  records: parts
  details:
    - request: { get: "https://api.example.com/exports/{setup.job}/{item}" }
      records: ""
"#;

fn job(every: &str) -> String {
    by_time(&JOB[1..].replace("EVERY", every), "windows: true")
}

#[tokio::test]
async fn an_error_that_is_not_named_is_none_to_ignore() {
    let bench = Bench::new(0);
    let file = job("1s").replace("values", "ignore: [{ status: 409 }]\n      values");
    let vendor = Scripted::answers(vec![answer(400, &[], "{}")]);
    let report = run(&bench, &vendor, &file).await;
    assert!(matches!(report.end, RunEnd::Failed(_)), "{report:?}");
    assert_eq!(vendor.requests().len(), 1);
}

#[tokio::test]
async fn a_value_that_is_not_there_says_which_step_lacks_it() {
    let bench = Bench::new(0);
    let vendor = Scripted::bodies(&[r#"{"id": null}"#]);
    let report = run(&bench, &vendor, &job("1s")).await;
    let error = report.summary.error.unwrap();
    assert_eq!(
        error,
        "the response to step 1 of `setup` has no text or number of at most 16 KiB at `/id`"
    );
    assert_eq!(bench.cursor().await.record.setup, None, "the next run asks again");
}

#[tokio::test]
async fn a_job_is_waited_for_and_its_parts_are_read() {
    let bench = Bench::new(0);
    let vendor = Scripted::bodies(&[
        r#"{"id": "a"}"#,
        r#"{"state": "running"}"#,
        r#"{"state": "running", "parts": [1]}"#,
        r#"{"state": "done", "parts": [1, 2]}"#,
        r#"[{"id": 1}, {"id": 2}]"#,
        r#"[{"id": 3}]"#,
    ]);
    let report = run(&bench, &vendor, &job("1s")).await;
    assert!(matches!(report.end, RunEnd::CaughtUp), "{report:?}");
    assert_eq!(bench.delivered().await, [1, 2, 3]);
    assert_eq!((report.summary.records, report.summary.pages), (3, 1));
    assert_eq!(bench.done().await, Some(at(0)));
    assert_eq!(bench.clock.now(), at(2), "two waits of a second");
    let since = at(-3600);
    assert_eq!(
        vendor.requests(),
        [
            format!("POST /exports | application/json | {{\"since\":\"{since}\"}}").as_str(),
            "GET /exports/a",
            "GET /exports/a",
            "GET /exports/a",
            "GET /exports/a/1",
            "GET /exports/a/2",
        ]
    );
}

#[tokio::test]
async fn a_job_that_takes_longer_than_a_run_is_submitted_once() {
    let bench = Bench::new(0);
    let vendor = Scripted::bodies(&[r#"{"id": "a"}"#, r#"{"state": "running"}"#]);
    let report = run(&bench, &vendor, &job("30s")).await;
    assert!(matches!(report.end, RunEnd::NotReady { until } if until == at(30)), "{report:?}");
    assert_eq!(*bench.wakeups.0.lock().unwrap(), [at(30)]);
    bench.clock.set(at(30));
    vendor.more(&[r#"{"state": "done", "parts": [1]}"#, r#"[{"id": 1}]"#]);
    vendor.requests();
    let report = run(&bench, &vendor, &job("30s")).await;
    assert!(matches!(report.end, RunEnd::CaughtUp), "{report:?}");
    assert_eq!(vendor.requests(), ["GET /exports/a", "GET /exports/a/1"]);
    // The window stands as it did when the job was submitted.
    assert_eq!(bench.done().await, Some(at(0)));
}

#[tokio::test]
async fn a_job_that_fails_or_never_ends_is_submitted_anew() {
    for (state, minutes, words) in [
        ("failed", 0, "has failed"),
        ("running", 20, "is not ready in the time that `wait` gives it"),
    ] {
        let bench = Bench::new(0);
        let running = r#"{"state": "running"}"#;
        let vendor = Scripted::bodies(&[r#"{"id": "a"}"#, running]);
        run(&bench, &vendor, &job("30s")).await;
        bench.clock.set(at(60 * minutes));
        vendor.more(&[&format!("{{\"state\": \"{state}\"}}")]);
        let report = run(&bench, &vendor, &job("30s")).await;
        let error = report.summary.error.unwrap();
        assert!(error.contains(words), "{error}");
        let done = r#"{"state": "done", "parts": []}"#;
        // One for the window at hand, and one for what came since.
        vendor.more(&[r#"{"id": "b"}"#, done, r#"{"id": "c"}"#, done]);
        vendor.requests();
        let report = run(&bench, &vendor, &job("30s")).await;
        assert!(matches!(report.end, RunEnd::CaughtUp), "{report:?}");
        assert!(vendor.requests()[0].starts_with("POST /exports "));
    }
}

#[tokio::test]
async fn a_job_is_kept_where_one_request_for_a_part_of_it_fails() {
    let done = r#"{"state": "done", "parts": [1, 2]}"#;
    let html = answer(200, &[("content-type", "text/html".to_owned())], "<html>");
    for failure in [answer(403, &[], "{}"), html] {
        let bench = Bench::new(0);
        let bodies = |bodies: &[&str]| bodies.iter().map(|body| answer(200, &[], body)).collect();
        let mut answers: Vec<_> = bodies(&[r#"{"id": "a"}"#, done, r#"[{"id": 1}]"#]);
        answers.extend((0..5).map(|_| failure.clone()));
        let report = run(&bench, &Scripted::answers(answers), &job("1s")).await;
        assert!(matches!(report.end, RunEnd::Failed(_)), "{report:?}");
        let vendor = Scripted::bodies(&[done, r#"[{"id": 2}]"#]);
        let report = run(&bench, &vendor, &job("1s")).await;
        assert!(matches!(report.end, RunEnd::CaughtUp), "{report:?}");
        assert_eq!(vendor.requests(), ["GET /exports/a", "GET /exports/a/2"]);
        assert_eq!(bench.delivered().await, [1, 2]);
    }
}

#[tokio::test]
async fn a_job_whose_parts_are_refused_again_is_given_up() {
    let bench = Bench::new(0);
    let done = answer(200, &[], r#"{"state": "done", "parts": [1]}"#);
    let refused = answer(403, &[], "{}");
    let first = answer(200, &[], r#"{"id": "a"}"#);
    run(&bench, &Scripted::answers(vec![first, done.clone(), refused.clone()]), &job("1s")).await;
    run(&bench, &Scripted::answers(vec![done, refused]), &job("1s")).await;
    assert_eq!(bench.cursor().await.record.setup, None);
}

#[tokio::test]
async fn parts_of_two_jobs_are_not_taken_for_repeats() {
    let bench = Bench::new(0);
    let done = r#"{"state": "done", "parts": [1]}"#;
    let vendor = Scripted::bodies(&[r#"{"id": "a"}"#, done, r#"[{"id": 1}]"#]);
    run(&bench, &vendor, &job("1s")).await;
    bench.clock.set(at(60));
    vendor.more(&[r#"{"id": "b"}"#, done, r#"[{"id": 2}]"#]);
    let report = run(&bench, &vendor, &job("1s")).await;
    assert!(matches!(report.end, RunEnd::CaughtUp), "{report:?}");
    assert_eq!(bench.delivered().await, [1, 2]);
}

#[tokio::test]
async fn a_job_is_submitted_once_though_what_follows_fails() {
    let bench = Bench::new(0);
    let mut answers = vec![answer(200, &[], r#"{"id": "a"}"#)];
    answers.extend((0..5).map(|_| answer(500, &[], "{}")));
    let vendor = Scripted::answers(answers);
    let report = run(&bench, &vendor, &job("1s")).await;
    assert!(matches!(report.end, RunEnd::Failed(_)), "{report:?}");
    vendor.more(&[r#"{"state": "done", "parts": [1]}"#, r#"[{"id": 1}]"#]);
    vendor.requests();
    let report = run(&bench, &vendor, &job("1s")).await;
    assert!(matches!(report.end, RunEnd::CaughtUp), "{report:?}");
    assert_eq!(vendor.requests(), ["GET /exports/a", "GET /exports/a/1"]);
}

#[tokio::test]
async fn a_job_that_the_vendor_no_longer_knows_is_submitted_anew() {
    let done = r#"{"state": "done", "parts": [1, 2]}"#;
    // Unknown as a whole, or by one of its parts.
    for (status, parts) in [(404, false), (404, true), (403, false)] {
        let bench = Bench::new(0);
        let mut answers = vec![answer(200, &[], r#"{"id": "a"}"#)];
        if parts {
            answers.push(answer(200, &[], done));
            answers.push(answer(200, &[], r#"[{"id": 1}]"#));
        }
        answers.push(answer(status, &[], "{}"));
        let vendor = Scripted::answers(answers);
        let report = run(&bench, &vendor, &job("1s")).await;
        assert!(matches!(report.end, RunEnd::Failed(_)), "{status}: {report:?}");
        assert_eq!((report.summary.gone, bench.done().await), (0, None));
        let again = Scripted::bodies(&[r#"{"id": "b"}"#, done, "[]", "[]"]);
        let report = run(&bench, &again, &job("1s")).await;
        assert!(matches!(report.end, RunEnd::CaughtUp), "{status}: {report:?}");
        assert!(again.requests()[0].starts_with("POST /exports "), "{status} {parts}");
    }
}

#[tokio::test]
async fn a_part_that_is_refused_starts_no_other_job() {
    let bench = Bench::new(0);
    let done = r#"{"state": "done", "parts": [1]}"#;
    let vendor = Scripted::bodies(&[r#"{"id": "a"}"#, done]);
    run(&bench, &vendor, &job("1s")).await;
    let refused = Scripted::answers(vec![answer(200, &[], done), answer(422, &[], "{}")]);
    let report = run(&bench, &refused, &job("1s")).await;
    assert!(report.summary.error.unwrap().contains("422"));
    assert_eq!(refused.requests(), ["GET /exports/a", "GET /exports/a/1"]);
}

#[tokio::test]
async fn parts_with_an_id_are_their_jobs_too() {
    let bench = Bench::new(0);
    let file =
        job("1s").replace("windows: true", "windows: true, id: n").replace("{item}", "{item.n}");
    let done = r#"{"state": "done", "parts": [{"n": 1}]}"#;
    let vendor = Scripted::bodies(&[r#"{"id": "a"}"#, done, r#"[{"id": 1}]"#]);
    run(&bench, &vendor, &file).await;
    bench.clock.set(at(60));
    vendor.more(&[r#"{"id": "b"}"#, done, r#"[{"id": 2}]"#]);
    run(&bench, &vendor, &file).await;
    assert_eq!(bench.delivered().await, [1, 2]);
}

#[tokio::test]
async fn half_a_window_is_another_job() {
    let bench = Bench::new(0);
    let file = job("1s")
        .replace("{window.start|rfc3339}", "{window.end|rfc3339}/{window.start|epoch}")
        + "  errors: [{ when: { status: 413 }, do: split_window }]\n";
    let vendor = Scripted::answers(vec![
        answer(200, &[], r#"{"id": "a"}"#),
        answer(413, &[], "{}"),
        answer(200, &[], r#"{"id": "b"}"#),
        answer(200, &[], r#"{"state": "done", "parts": []}"#),
        answer(200, &[], r#"{"id": "c"}"#),
        answer(200, &[], r#"{"state": "done", "parts": []}"#),
    ]);
    let report = run(&bench, &vendor, &file).await;
    assert!(matches!(report.end, RunEnd::CaughtUp), "{report:?}");
    let requests = vendor.requests();
    let posts: Vec<_> = requests.iter().filter(|line| line.starts_with("POST")).collect();
    assert_eq!(posts.len(), 3);
    assert!(posts[1].contains("09:30:00"), "half of the hour: {posts:?}");
    assert_eq!(bench.done().await, Some(at(0)));
}

/// ESET Connect names an answer that it prepares, and is asked for it by that.
const PREPARED: &str = r#"
  request:
    get: https://api.example.com/detections
    query: { since: "{window.start|epoch}", job: "{wait.job}" }
    headers: { x-page: "{wait.response}" }
  next: { token: { from: next, query: after } }
  wait: { until: { status: 200 }, every: EVERY, values: { response: header.response-id, job: job } }
  records: items
"#;

#[tokio::test]
async fn what_an_answer_that_is_not_ready_says_is_bounded() {
    let file = by_time(&PREPARED[1..].replace("EVERY", "1s"), "windows: true");
    let long = format!(r#"{{"job": "{}"}}"#, "x".repeat(16 * 1024 + 1));
    let many = format!(r#"{{"job": 7, "rest": [0{}]}}"#, ",0".repeat(1_000_001));
    for body in [long, many] {
        let bench = Bench::new(0);
        let vendor = Scripted::answers(vec![
            answer(202, &[], &body),
            answer(200, &[], r#"{"items": [{"id": 1}]}"#),
        ]);
        let report = run(&bench, &vendor, &file).await;
        assert!(matches!(report.end, RunEnd::CaughtUp), "{report:?}");
        let first = "GET /detections?since=1795510800";
        assert_eq!(vendor.requests(), [first, first]);
    }
}

#[tokio::test]
async fn what_an_answer_that_is_not_ready_says_is_sent_when_it_is_asked_for_again() {
    let file = |every: &str| by_time(&PREPARED[1..].replace("EVERY", every), "windows: true");
    let not_ready = |id: &str, body| answer(202, &[("response-id", id.to_owned())], body);
    let first = "GET /detections?since=1795510800";
    let expected = [
        first.to_owned(),
        format!("{first}&job=7 | x-page: r-1"),
        format!("{first}&job=7 | x-page: r-2"),
        format!("{first}&after=p2"),
        format!("{first}&after=p2 | x-page: r-3"),
    ];
    let answers = || {
        vec![
            not_ready("r-1", r#"{"job": 7}"#),
            not_ready("r-2", ""),
            answer(200, &[], r#"{"items": [{"id": 1}], "next": "p2"}"#),
            not_ready("r-3", ""),
            answer(200, &[], r#"{"items": [{"id": 2}]}"#),
        ]
    };
    let bench = Bench::new(0);
    let vendor = Scripted::answers(answers());
    let report = run(&bench, &vendor, &file("1s")).await;
    assert!(matches!(report.end, RunEnd::CaughtUp), "{report:?}");
    assert_eq!(vendor.requests(), expected);

    // What is waited for longer is asked for by another run, also after one that failed.
    let bench = Bench::new(0);
    let vendor = Scripted::answers(answers());
    for seconds in [0, 30] {
        bench.clock.set(at(seconds));
        let report = run(&bench, &vendor, &file("30s")).await;
        assert!(matches!(report.end, RunEnd::NotReady { .. }), "{report:?}");
    }
    let rest = vendor.left();
    let report = run(&bench, &vendor, &file("30s")).await;
    assert!(matches!(report.end, RunEnd::Failed(_)), "{report:?}");
    let mut asked = vendor.requests();
    assert_eq!(asked.split_off(3), [&*asked[2]; 4], "the same, since there is no answer");
    let vendor = Scripted::answers(rest);
    for _ in 0..2 {
        asked.extend(vendor.requests());
        run(&bench, &vendor, &file("30s")).await;
    }
    assert_eq!(vendor.requests(), expected[4..]);
    assert_eq!(asked[..2], expected[..2]);
    assert_eq!(asked[3..], expected[2..4]);
    assert_eq!(bench.delivered().await, [1, 2]);
    assert_eq!(bench.cursor().await.record.wait, None);
}

#[tokio::test]
async fn the_time_of_a_wait_without_setup_is_over_once() {
    let bench = Bench::new(0);
    let file = by_time(&PREPARED[1..].replace("EVERY", "30m"), "windows: true");
    let vendor = Scripted::answers(vec![answer(202, &[], ""); 3]);
    for minutes in [0, 30] {
        bench.clock.set(at(60 * minutes));
        let report = run(&bench, &vendor, &file).await;
        assert!(matches!(report.end, RunEnd::NotReady { .. }), "{report:?}");
    }
    bench.clock.set(at(3_600));
    let report = run(&bench, &vendor, &file).await;
    let error = report.summary.error.unwrap();
    assert!(error.contains("is not ready in the time that `wait` gives it"), "{error}");
    assert_eq!(bench.cursor().await.record.wait, None, "the next run asks anew");
}
