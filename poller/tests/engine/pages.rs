//! Every way to ask for a page and to get to the next.

use mef_poller::{RunEnd, RunReport};
use mef_ports::Position;
use serde_json::json;

use crate::scripted::{Scripted, records, run};
use crate::support::{Bench, answer};

/// A source by time whose request and paging are `paging`.
pub(crate) fn file(paging: &str) -> String {
    format!(
        "source: acme\npoll:\n  schedule: rate(1 minute)\n{paging}\n  \
         records: items\n  cursor: {{ time: t, id: id, start: 1h, overlap: 60s }}\n"
    )
}

pub(crate) const SINCE: &str = "since=1795510800";

pub(crate) fn page(ids: &[u32], rest: &str) -> String {
    let items: Vec<_> = ids.iter().map(|id| json!({ "id": id })).collect();
    format!("{{\"items\":{}{rest}}}", json!(items))
}

/// Polls once, and gives the requests; the script must be used up and all
/// records there.
pub(crate) async fn requests(paging: &str, pages: &[String]) -> Vec<String> {
    let pages: Vec<_> = pages.iter().map(String::as_str).collect();
    let (bench, vendor) = (Bench::new(0), Scripted::bodies(&pages));
    let report = run(&bench, &vendor, &file(paging)).await;
    caught_up(&report);
    let requests = vendor.requests();
    assert_eq!(requests.len(), pages.len(), "{requests:?}");
    let ids = records(&bench).await.iter().map(|record| record["id"].clone()).collect::<Vec<_>>();
    assert_eq!(ids, (1..=ids.len()).map(|id| json!(id)).collect::<Vec<_>>());
    requests
}

pub(crate) fn caught_up(report: &RunReport) {
    assert!(matches!(report.end, RunEnd::CaughtUp), "{report:?}");
}

#[tokio::test]
async fn a_list_that_is_left_out_is_empty_only_where_the_source_file_says_so() {
    let paging = "  request: { get: \"https://api.example.com/logs\", query: { since: \"{window.start|epoch}\" } }";
    for (said, body, ends_well) in [
        ("", "{}", false),
        ("", "{\"items\":null}", false),
        ("\n  missing_records: empty", "{\"items\":null}", true),
        ("\n  missing_records: empty", "{}", true),
        ("\n  missing_records: empty", "{\"items\":{}}", false),
        ("\n  missing_records: empty", "[]", false),
        ("\n  missing_records: empty", "null", false),
        ("\n  missing_records: empty", "\"unavailable\"", false),
    ] {
        let (bench, vendor) = (Bench::new(0), Scripted::bodies(&[body]));
        let report = run(&bench, &vendor, &file(&format!("{paging}{said}"))).await;
        assert_eq!(matches!(report.end, RunEnd::CaughtUp), ends_well, "{said} {body}: {report:?}");
        // Nobody is told to write what is written.
        let advice =
            report.summary.error.is_some_and(|error| error.contains(", write `missing_rec"));
        assert_eq!(advice, said.is_empty(), "{said} {body}");
    }
}

#[tokio::test]
async fn a_way_on_that_leads_through_the_list_is_found_there() {
    let paging = "  request: { get: \"https://api.example.com/logs\", query: { since: \"{window.start|epoch}\" } }
  next: { token: { from: items.0.more, query: at } }";
    let first = "{\"items\":[{\"id\":1,\"more\":\"b\"}]}".to_owned();
    let expected = [format!("GET /logs?{SINCE}"), format!("GET /logs?{SINCE}&at=b")];
    assert_eq!(requests(paging, &[first, page(&[2], "")]).await, expected);
}

#[tokio::test]
async fn a_token_that_is_a_list_is_sent_as_one_text() {
    let paging = "  request: { get: \"https://api.example.com/logs\", query: { since: \"{window.start|epoch}\" } }
  next: { token: { from: next, join: \",\", query: at } }";
    for (last, first) in [("null", "[15,\"ab\"]"), ("[]", "[15,\"ab\"]"), ("[null]", "\"15,ab\"")] {
        let pages =
            [page(&[1], &format!(",\"next\":{first}")), page(&[2], &format!(",\"next\":{last}"))];
        let expected = [format!("GET /logs?{SINCE}"), format!("GET /logs?{SINCE}&at=15%2Cab")];
        assert_eq!(requests(paging, &pages).await, expected);
    }
}

#[tokio::test]
async fn a_token_goes_into_the_query_a_header_the_form_or_the_body() {
    let pages = [page(&[1], ",\"next\":\"n/2\""), page(&[2], "")];
    let base =
        "{ post: \"https://api.example.com/logs\", query: { since: \"{window.start|epoch}\" }";
    for (body, place, expected) in [
        ("}", "query: at", [format!("POST /logs?{SINCE}"), format!("POST /logs?{SINCE}&at=n%2F2")]),
        (
            "}",
            "header: X-Page",
            [format!("POST /logs?{SINCE}"), format!("POST /logs?{SINCE} | x-page: n/2")],
        ),
        (
            ", form: { size: 2 } }",
            "form: at",
            ["size=2", "size=2&at=n%2F2"]
                .map(|form| format!("POST /logs?{SINCE} | application/x-www-form-urlencoded | {form}")),
        ),
        (
            ", json: { size: 2, meta: { a: [x] } } }",
            "json: /meta/page/at",
            ["", ",\"page\":{\"at\":\"n/2\"}"].map(|at| {
                format!(
                    "POST /logs?{SINCE} | application/json | {{\"size\":2,\"meta\":{{\"a\":[\"x\"]{at}}}}}"
                )
            }),
        ),
    ] {
        let paging = format!("  request: {base}{body}\n  next: {{ token: {{ from: next, {place} }} }}");
        assert_eq!(requests(&paging, &pages).await, expected, "{place}");
    }
}

#[tokio::test]
async fn later_requests_differ_as_the_source_file_says() {
    let pages = [page(&[1], ",\"next\":\"b\""), page(&[2], ",\"next\":\"c\""), page(&[3], "")];
    let first = "{ post: \"https://api.example.com/logs\", query: { since: \"{window.start|epoch}\", size: 2 }, json: { from: \"{window.start|epoch|text}\" } }";
    let next = "next: { token: { from: next } }";
    for (then, second) in [
        // The body is replaced whole; a GET has none.
        (
            "{ json: { at: \"{page.token}\" } }",
            format!("POST /logs?{SINCE}&size=2 | application/json | {{\"at\":\"b\"}}"),
        ),
        (
            "{ get: \"https://api.example.com/more/{page.token}\", repeat: none }",
            "GET /more/b".to_owned(),
        ),
        (
            "{ get: \"https://api.example.com/more\", repeat: [size], query: { at: \"{page.token}\" } }",
            "GET /more?size=2&at=b".to_owned(),
        ),
        (
            "{ post: \"https://api.example.com/more\", repeat: all, query: { size: \"{page.token}\" }, body: \"<at>{page.token}</at>\", content_type: text/xml }",
            format!("POST /more?{SINCE}&size=b | text/xml | <at>b</at>"),
        ),
    ] {
        let paging = format!("  request: {first}\n  then: {then}\n  {next}");
        let requests = requests(&paging, &pages).await;
        assert_eq!(
            requests[0],
            format!("POST /logs?{SINCE}&size=2 | application/json | {{\"from\":\"1795510800\"}}")
        );
        assert_eq!(requests[1], second);
        assert_eq!(
            requests[2],
            second
                .replace("=b", "=c")
                .replace("/b", "/c")
                .replace("\"b\"", "\"c\"")
                .replace(">b<", ">c<")
        );
    }
}

#[tokio::test]
async fn pages_and_offsets_are_counted_from_the_first_request_on() {
    let get = "request: { get: \"https://api.example.com/logs\", query: { since: \"{window.start|epoch}\" } }";
    let pages = [page(&[1, 2], ""), page(&[3], ""), page(&[], "")];
    for (next, expected) in [
        ("page: { query: p }", ["p=1", "p=2", "p=3"]),
        ("page: { query: p, start: 0 }", ["p=0", "p=1", "p=2"]),
        ("offset: { query: p }", ["p=0", "p=2", "p=3"]),
        ("offset: { query: p, start: 1, step: 50 }", ["p=1", "p=51", "p=101"]),
    ] {
        let requests = requests(&format!("  {get}\n  next: {{ {next} }}"), &pages).await;
        assert_eq!(requests, expected.map(|p| format!("GET /logs?{SINCE}&{p}")), "{next}");
    }
    let post = "request: { post: \"https://api.example.com/logs\", json: { since: \"{window.start|epoch}\", p: \"{page.number|text}\" } }";
    let requests = requests(&format!("  {post}\n  next: {{ page: {{ }} }}"), &pages).await;
    assert!(requests[2].ends_with("{\"since\":1795510800,\"p\":\"3\"}"), "{requests:?}");
}

#[tokio::test]
async fn a_token_that_is_json_goes_back_as_what_it_is() {
    let base = "  request: { post: \"https://api.example.com/logs\", json: { since: \"{window.start|epoch}\", after: {} } }
  next: { token: { from: FROM, format: json, json: after } }";
    for (token, said) in [
        ("[1573,\"a b\"]", "[1573,\"a b\"]"),
        ("{\"t\":9007199254740993,\"h\":{}}", "{\"t\":9007199254740993,\"h\":{}}"),
        ("\"[1573]\"", "[1573]"),
        ("7", "7"),
    ] {
        let first = page(&[1], &format!(",\"next\":{token}"));
        let requests = requests(&base.replace("FROM", "next"), &[first, page(&[2], "")]).await;
        assert!(requests[0].ends_with("{\"since\":1795510800,\"after\":{}}"), "{requests:?}");
        let expected = format!("{{\"since\":1795510800,\"after\":{said}}}");
        assert!(requests[1].ends_with(&expected), "{requests:?}");
    }
    let answers = vec![
        answer(200, &[("x-after", "[1573,\"id\"]".to_owned())], &page(&[1], "")),
        answer(200, &[], &page(&[2], "")),
    ];
    let (bench, vendor) = (Bench::new(0), Scripted::answers(answers));
    caught_up(&run(&bench, &vendor, &file(&base.replace("FROM", "header.X-After"))).await);
    assert!(vendor.requests()[1].ends_with("\"after\":[1573,\"id\"]}"));
    let garbled = page(&[1], ",\"next\":\"[1573\"");
    let (bench, vendor) = (Bench::new(0), Scripted::bodies(&[&garbled]));
    let report = run(&bench, &vendor, &file(&base.replace("FROM", "next"))).await;
    let error = report.summary.error.unwrap();
    assert!(
        error.contains("`/next` should name the next page, but holds what is no JSON"),
        "{error}"
    );
}

#[tokio::test]
async fn the_last_record_leads_on() {
    let get = "request: { get: \"https://api.example.com/logs\", query: { since: \"{window.start|epoch}\" } }";
    let pages = [page(&[1, 2], ""), page(&[3], ""), page(&[], "")];
    for (plus, expected) in [("", ["&a=2", "&a=3"]), (", plus: 1", ["&a=3", "&a=4"])] {
        let next = format!("next: {{ last: {{ from: id, query: a{plus} }} }}");
        let requests = requests(&format!("  {get}\n  {next}"), &pages).await;
        assert_eq!(requests[0], format!("GET /logs?{SINCE}"));
        assert_eq!(requests[1..], expected.map(|a| format!("GET /logs?{SINCE}{a}")));
    }
}

/// As `search_after` wants the sort values of the last hit.
#[tokio::test]
async fn a_list_of_the_last_record_leads_on_as_the_list_that_it_is() {
    let post = "request: { post: \"https://api.example.com/logs\", json: { since: \"{window.start|epoch}\" } }";
    let sorted = |id: u32, sort: &str| format!("{{\"items\":[{{\"id\":{id},\"sort\":{sort}}}]}}");
    for sort in
        ["[1573,\"a b\"]", "[1795510800123456789,null]", "{\"k\":[1]}", "\"[1]\"", "\"x\"", "7"]
    {
        let since = "POST /logs | application/json | {\"since\":1795510800";
        for next in [
            "next: { last: { from: sort, json: search_after } }",
            "next: { last: { from: sort } }\n  then: { json: { since: \"{window.start|epoch}\", search_after: \"{page.last}\" } }",
        ] {
            let pages = [sorted(1, sort), sorted(2, "[9]"), page(&[], "")];
            let requests = requests(&format!("  {post}\n  {next}"), &pages).await;
            assert_eq!(requests[1], format!("{since},\"search_after\":{sort}}}"), "{next}");
        }
    }
    let get = "request: { get: \"https://api.example.com/logs\", query: { since: \"{window.start|epoch}\" } }";
    let pages = [sorted(1, "[1573,\"a\"]"), page(&[], "")];
    let next = "next: { last: { from: sort } }\n  then: { query: { after: \"{page.last|join(\\\",\\\")}\" } }";
    let requests = requests(&format!("  {get}\n  {next}"), &pages).await;
    assert_eq!(requests[1], format!("GET /logs?{SINCE}&after=1573%2Ca"));
}

#[tokio::test]
async fn a_last_record_without_the_value_that_leads_on_leaves_it_to_the_one_before() {
    let first = r#"{"items":[{"id":1},{"id":2},{"x":3}]}"#;
    let (bench, vendor) = (Bench::new(0), Scripted::bodies(&[first, &page(&[], "")]));
    let paging = "  request: { get: \"https://api.example.com/logs\", query: { since: \"{window.start|epoch}\" } }\n  next: { last: { from: id, query: a } }";
    caught_up(&run(&bench, &vendor, &file(paging)).await);
    assert_eq!(vendor.requests()[1], format!("GET /logs?{SINCE}&a=2"));
    assert_eq!(records(&bench).await.len(), 3);
}

#[tokio::test]
async fn a_page_without_the_value_that_leads_on_is_an_error_and_not_the_end() {
    let (bench, vendor) = (Bench::new(0), Scripted::bodies(&[r#"{"items":[{"y":1},{"x":2}]}"#]));
    let paging = "  request: { get: \"https://api.example.com/logs\", query: { since: \"{window.start}\" } }\n  next: { last: { from: id, query: a } }";
    let report = run(&bench, &vendor, &file(paging)).await;
    let RunEnd::Failed(error) = &report.end else { panic!("{report:?}") };
    assert!(format!("{error:?}").contains("nothing in any of its records"), "{error:?}");
    assert_eq!(bench.done().await, None);
}

#[tokio::test]
async fn a_next_url_is_absolute_relative_or_only_a_query() {
    for (next, second) in [
        ("https://api.example.com/v2/more?at=1,2", "GET /v2/more?at=1,2"),
        ("/v2/more?at=2", "GET /v2/more?at=2"),
        ("more?at=2", "GET /v1/more?at=2"),
        ("?at=2", "GET /v1/logs?at=2"),
        ("at=2&x=y", "GET /v1/logs?at=2&x=y"),
    ] {
        let pages = [page(&[1], &format!(",\"paging\":{{\"next\":\"{next}\"}}")), page(&[2], "")];
        let paging = "  request: { get: \"https://api.example.com/v1/logs\", query: { since: \"{window.start|epoch}\", size: 2 } }\n  next: { url: paging.next }";
        assert_eq!(requests(paging, &pages).await[1], second);
        let repeated =
            format!("{paging}\n  then: {{ repeat: [size], query: {{ at: none, more: \"1\" }} }}");
        let sent = &requests(&repeated, &pages).await[1];
        assert!(sent.starts_with(second) && sent.ends_with("&size=2&more=1"), "{sent}");
    }
}

#[tokio::test]
async fn the_next_url_or_token_may_stand_in_a_header() {
    let get = "request: { get: \"https://api.example.com/logs\", query: { since: \"{window.start|epoch}\" } }";
    for (next, header, second) in [
        ("url: header.NextPageUri", "https://api.example.com/n?p=2", "GET /n?p=2".to_owned()),
        (
            "token: { from: header.nextpageuri, query: at }",
            "x2",
            format!("GET /logs?{SINCE}&at=x2"),
        ),
    ] {
        let (bench, vendor) = (
            Bench::new(0),
            Scripted::answers(vec![
                answer(200, &[("nextpageuri", header.to_owned())], &page(&[1], "")),
                answer(200, &[], &page(&[2], "")),
            ]),
        );
        caught_up(&run(&bench, &vendor, &file(&format!("  {get}\n  next: {{ {next} }}"))).await);
        assert_eq!(vendor.requests()[1], second);
    }
}

#[tokio::test]
async fn a_page_may_be_one_record() {
    let (bench, vendor) =
        (Bench::new(0), Scripted::bodies(&[r#"{"id":1,"t":"2026-11-24T09:30:00Z"}"#]));
    let file = file("  request: { get: \"https://api.example.com/\", query: { $filter: \"created ge {window.start|rfc3339_s}\" } }")
        .replace("records: items", "record: \"\"");
    caught_up(&run(&bench, &vendor, &file).await);
    assert_eq!(records(&bench).await, [json!({"id": 1, "t": "2026-11-24T09:30:00Z"})]);
    assert_eq!(vendor.requests(), ["GET /?%24filter=created+ge+2026-11-24T09%3A00%3A00Z"]);
}

const TOKENS: &str = "
source: acme
poll:
  schedule: rate(1 minute)
  request:
    post: https://api.example.com/events
    json: { limit: 1000, start_time: \"{cursor.start|rfc3339}\" }
  then: { json: {} }
  next: { token: { from: cursor, json: cursor } }
  stop: [{ unless: has_more }]
  records: items
  cursor: { token: cursor, id: id, start: 2h }
";

#[tokio::test]
async fn a_token_in_the_body_is_kept_though_a_flag_ends_the_run() {
    let pages = [
        page(&[1], ",\"cursor\":\"a\",\"has_more\":true"),
        page(&[2], ",\"cursor\":\"b\",\"has_more\":false"),
    ];
    let (bench, vendor) = (Bench::new(0), Scripted::bodies(&[&pages[0], &pages[1]]));
    let report = run(&bench, &vendor, TOKENS).await;
    caught_up(&report);
    assert_eq!(report.done, Some(Position::Token("b".to_owned())));
    vendor.more(&[&page(&[], ",\"cursor\":\"b\",\"has_more\":false")]);
    caught_up(&run(&bench, &vendor, TOKENS).await);
    assert_eq!(
        vendor.requests(),
        [
            "{\"limit\":1000,\"start_time\":\"2026-11-24T08:00:00Z\"}",
            "{\"cursor\":\"a\"}",
            "{\"cursor\":\"b\"}"
        ]
        .map(|body| format!("POST /events | application/json | {body}"))
    );
    assert_eq!(records(&bench).await.len(), 2);
}

#[tokio::test]
async fn a_run_has_one_id_and_the_next_run_another() {
    let pages = [page(&[1], ",\"next\":\"b\""), page(&[2], ""), page(&[], "")];
    let pages: Vec<_> = pages.iter().map(String::as_str).collect();
    let (bench, vendor) = (Bench::new(0), Scripted::bodies(&pages));
    let file = file(
        "  request: { get: \"https://api.example.com/logs\", query: { since: \"{window.start|epoch}\", run: \"{run.id}\", now: \"{run.started|rfc3339_ms}\" } }\n  next: { token: { from: next, query: at } }",
    );
    caught_up(&run(&bench, &vendor, &file).await);
    bench.clock.set(crate::support::at(60));
    caught_up(&run(&bench, &vendor, &file).await);
    let requests = vendor.requests();
    assert!(requests[0].contains("now=2026-11-24T10%3A00%3A00.000Z"), "{requests:?}");
    let ids: Vec<_> = requests
        .iter()
        .map(|line| line.split(['?', '&']).find_map(|part| part.strip_prefix("run=")).unwrap())
        .collect();
    assert_eq!(ids[0], ids[1]);
    assert_ne!(ids[1], ids[2]);
    assert_eq!((ids[0].len(), &ids[0][14..15]), (36, "4"), "a random UUID");
}

#[tokio::test]
async fn another_origin_gets_neither_body_nor_repeated_parameters() {
    let file = file(
        "  request: { post: \"https://api.example.com/logs\", query: { since: \"{window.start}\", key: \"{secret.key}\" }, json: { key: \"{secret.key}\" } }\n  \
         then: { repeat: all }\n  next: { url: next }\n  allow_origins: [https://cdn.example.com]",
    );
    let first = page(&[1], ",\"next\":\"https://cdn.example.com/n?p=2\"");
    let (bench, vendor) = (Bench::new(0), Scripted::bodies(&[&first, &page(&[2], "")]));
    caught_up(&run(&bench, &vendor, &file).await);
    assert_eq!(vendor.requests()[1], "GET cdn.example.com/n?p=2");
}

#[tokio::test]
async fn what_was_posted_is_posted_again_only_where_the_redirect_says_so() {
    let posted = " | application/json | {\"since\":1795510800}";
    for (status, expected) in [
        (302, "GET /new".to_owned()),
        (303, "GET /new".to_owned()),
        (307, format!("POST /new{posted}")),
        (308, format!("POST /new{posted}")),
    ] {
        let answers = vec![
            answer(status, &[("location", "/new".to_owned())], ""),
            answer(200, &[], &page(&[1], "")),
        ];
        let (bench, vendor) = (Bench::new(0), Scripted::answers(answers));
        let file = file(
            "  request: { post: \"https://api.example.com/logs\", json: { since: \"{window.start|epoch}\" } }",
        );
        caught_up(&run(&bench, &vendor, &file).await);
        assert_eq!(vendor.requests(), [format!("POST /logs{posted}"), expected]);
    }
}

#[tokio::test]
async fn repeats_are_delivered_where_the_source_wants_them() {
    let pages = [page(&[1], ",\"next\":\"b\",\"x\":1"), page(&[1], "")];
    let paging = "  request: { get: \"https://api.example.com/logs\", query: { since: \"{window.start}\" } }\n  next: { token: { from: next, query: at } }";
    for (more, delivered) in [("", 1), ("\n  repeats: drop", 1), ("\n  repeats: keep", 2)] {
        let (bench, vendor) = (Bench::new(0), Scripted::bodies(&[&pages[0], &pages[1]]));
        caught_up(&run(&bench, &vendor, &file(&format!("{paging}{more}"))).await);
        assert_eq!(records(&bench).await.len(), delivered, "{more}");
    }
}

#[tokio::test]
async fn a_resumed_window_that_follows_the_records_reaches_to_the_present() {
    let file = file("  request: { get: \"https://api.example.com/logs\", query: { since: \"{window.start|epoch}\" } }\n  next: { token: { from: next, query: at } }")
        .replace("overlap: 60s", "advance: newest_record");
    let first = r#"{"items":[{"id":1,"t":"2026-11-24T09:30:00Z"}],"next":"b"}"#;
    for before in [&[][..], &[first]] {
        let (bench, vendor) = (Bench::new(0), Scripted::bodies(before));
        let report = run(&bench, &vendor, &file).await;
        assert!(matches!(report.end, RunEnd::Failed(_)), "{report:?}");
        vendor.requests();
        bench.clock.set(crate::support::at(600));
        vendor.more(&[r#"{"items":[{"id":2,"t":"2026-11-24T10:05:00Z"}]}"#]);
        caught_up(&run(&bench, &vendor, &file).await);
        assert_eq!(vendor.requests().len(), 1, "one window, not two");
        assert_eq!(records(&bench).await.len(), before.len() + 1);
    }
}
