//! Where the way from page to page ends, and where it leads in a circle.

use mef_poller::{RunEnd, RunError};

use crate::chains::by_time;
use crate::pages::{caught_up, file, page, requests};
use crate::scripted::{Scripted, records, run};
use crate::support::{Bench, answer};

#[tokio::test]
async fn a_total_is_reached_by_what_was_asked_for_wherever_the_count_begins() {
    let get = "request: { get: \"https://api.example.com/logs\", query: { since: \"{window.start|epoch}\" } }";
    for (next, stop, said) in [
        ("offset: { query: p, start: 1 }", "total", 3),
        ("offset: { query: p }", "total", 3),
        ("page: { query: p, start: 0 }", "pages", 2),
        ("page: { query: p }", "pages", 2),
    ] {
        let said = format!(",\"said\":{said}");
        let paging = format!("  {get}\n  next: {{ {next} }}\n  stop: [ {{ {stop}: said }} ]");
        requests(&paging, &[page(&[1, 2], &said), page(&[3], &said)]).await;
    }
}

#[tokio::test]
async fn a_stop_rule_ends_the_window_though_a_next_is_named() {
    let more = ",\"next\":\"b\",\"more\":true,\"last\":false";
    let end = ",\"next\":\"c\",\"more\":false,\"last\":true";
    let pages = [page(&[1, 2], more), page(&[3], end)];
    for rule in ["{ unless: more }", "{ when: { last: true } }", "{ short_page: 2 }"] {
        let paging = format!(
            "  request: {{ get: \"https://api.example.com/logs\", query: {{ since: \"{{window.start|epoch}}\" }} }}\n  \
             next: {{ token: {{ from: next, query: at }} }}\n  stop: [{rule}]"
        );
        requests(&paging, &pages).await;
    }
    for (next, rule) in [("offset", "total"), ("page", "pages")] {
        let count = if rule == "total" { 3 } else { 2 };
        let rest = format!(",\"count\":{count}");
        let paging = format!(
            "  request: {{ get: \"https://api.example.com/logs\", query: {{ since: \"{{window.start|epoch}}\" }} }}\n  \
             next: {{ {next}: {{ query: p }} }}\n  stop: [{{ {rule}: count }}]"
        );
        requests(&paging, &[page(&[1, 2], &rest), page(&[3], &rest)]).await;
    }
}

/// It ended the window, and what stood on the pages after it was never read.
#[tokio::test]
async fn an_empty_page_is_no_end_where_it_says_that_there_are_more() {
    let paging = |next: &str, stop: &str| {
        format!(
            "  request: {{ get: \"https://api.example.com/logs\", query: {{ since: \"{{window.start|epoch}}\" }} }}\n  \
             next: {{ {next} }}\n  stop: [{stop}]"
        )
    };
    for (stop, more, end) in [
        ("{ unless: more }", ",\"more\":true", ",\"more\":false"),
        ("{ pages: count }", ",\"count\":3", ",\"count\":3"),
        ("{ when: { last: true } }", ",\"last\":false", ",\"last\":true"),
    ] {
        let pages = [page(&[1], more), page(&[], more), page(&[2], end)];
        let bench = Bench::new(0);
        let vendor = Scripted::bodies(&[&pages[0], &pages[1], &pages[2]]);
        caught_up(&run(&bench, &vendor, &file(&paging("page: { query: p }", stop))).await);
        assert_eq!(bench.delivered().await, [1, 2], "{stop}");
    }
    // An offset would stay where it is: the vendor is asked again, and not believed.
    let total = ",\"total\":2";
    let paging = |stop: &str| file(&paging("offset: { query: p }", stop));
    let bench = Bench::new(0);
    let pages = [page(&[1], total), page(&[], total), page(&[2], total)];
    let vendor = Scripted::bodies(&[&pages[0], &pages[1], &pages[2]]);
    caught_up(&run(&bench, &vendor, &paging("{ total: total }")).await);
    assert_eq!(bench.delivered().await, [1, 2]);
    let bench = Bench::new(0);
    let mut pages = vec![pages[0].as_str()];
    let empty = page(&[], total);
    pages.extend([empty.as_str(); 5]);
    let report = run(&bench, &Scripted::bodies(&pages), &paging("{ total: total }")).await;
    assert!(matches!(report.end, RunEnd::Failed(_)), "{report:?}");
    assert!(report.summary.error.unwrap().contains("says at `/total` that there are more"));
    // Where the file says that the total is not exact, it is none of these.
    let vendor = Scripted::bodies(&pages[..2]);
    caught_up(&run(&Bench::new(0), &vendor, &paging("empty_page, { total: total }")).await);
}

/// The window ended there, and the cursor moved past what was never read.
#[tokio::test]
async fn a_page_that_says_that_there_is_more_and_leads_nowhere_fails_the_run() {
    for (next, way) in [
        ("token: { from: meta.next, query: at }", "token at `/meta/next`"),
        ("url: meta.next", "URL at `/meta/next`"),
        ("link: next", "link `next` in its header"),
    ] {
        let paging = |stop: &str| {
            format!(
                "  request: {{ get: \"https://api.example.com/logs\", query: {{ since: \"{{window.start|epoch}}\" }} }}\n  \
                 next: {{ {next} }}\n  stop: [{stop}]"
            )
        };
        let more = page(&[1], ",\"more\":true");
        let (bench, vendor) = (Bench::new(0), Scripted::bodies(&[&more]));
        let report = run(&bench, &vendor, &file(&paging("{ unless: more }"))).await;
        let RunEnd::Failed(error) = &report.end else { panic!("{report:?}") };
        let said = format!("{error:?}");
        assert!(said.contains("NoNext") && said.contains(way), "{said}");
        assert_eq!((bench.done().await, vendor.requests().len()), (None, 1));
        // Where another rule ends the pages, nothing is left behind.
        for stop in ["{ unless: more }, { short_page: 2 }", "no_next"] {
            requests(&paging(stop), std::slice::from_ref(&more)).await;
        }
        requests(&paging("{ unless: more }"), &[page(&[1], ",\"more\":false")]).await;
    }
}

#[tokio::test]
async fn a_vendor_that_ignores_the_page_number_is_an_error() {
    let same = page(&[1], "");
    let (bench, vendor) = (Bench::new(0), Scripted::bodies(&[&same, &same, &same]));
    let paging = "  request: { get: \"https://api.example.com/logs\", query: { since: \"{window.start}\" } }\n  next: { page: { query: p } }";
    let report = run(&bench, &vendor, &file(paging)).await;
    assert!(matches!(report.end, RunEnd::Failed(RunError::Loop(_))), "{report:?}");
    assert!(report.summary.requests <= 3, "{report:?}");
}

#[tokio::test]
async fn the_page_that_closes_a_circle_is_delivered() {
    let pages = [page(&[1], ",\"next\":\"on\""), page(&[2], ",\"next\":\"on\"")];
    for cursor in [
        "time: t, id: id, start: 1h",
        "listing: true, id: id",
        "id: id, order: ascending",
        "token: next, id: id, start: 1h",
    ] {
        let query = match cursor {
            _ if cursor.starts_with("time") => "since: \"{window.start}\"",
            _ if cursor.starts_with("listing") => "a: b",
            _ if cursor.starts_with("id") => "after: \"{cursor.id}\"",
            _ => "since: \"{cursor.start}\"",
        };
        let file = format!(
            "source: acme\npoll:\n  schedule: rate(1 minute)\n  request: {{ get: \"https://api.example.com/logs\", query: {{ {query} }} }}\n  \
             next: {{ token: {{ from: next, query: p }} }}\n  records: items\n  cursor: {{ {cursor} }}\n"
        );
        let (bench, vendor) = (Bench::new(0), Scripted::bodies(&[&pages[0], &pages[1]]));
        let report = run(&bench, &vendor, &file).await;
        // A token that names itself again is where such a stream ends.
        let fails = matches!(report.end, RunEnd::Failed(RunError::Loop(_)));
        assert!(fails, "{cursor}: {report:?}");
        assert_eq!(bench.delivered().await, [1, 2], "{cursor}");
    }
}

/// As a quiet vendor says that there is nothing.
#[tokio::test]
async fn a_good_response_without_a_body_is_a_page_without_records_where_those_may_be_missing() {
    let paging = "  request: { get: \"https://api.example.com/logs\", query: { since: \"{window.start|epoch}\" } }\n  next: { token: { from: next, query: at } }";
    let xml = "\n  decode: xml";
    for more in ["", xml] {
        for body in ["", " \r\n"] {
            let allowed = file(&format!("{paging}{more}\n  missing_records: empty"));
            let (bench, vendor) = (Bench::new(0), Scripted::bodies(&[body]));
            let report = run(&bench, &vendor, &allowed).await;
            caught_up(&report);
            assert_eq!(report.summary.requests, 1);
            assert!(bench.done().await.is_some());
            let vendor = Scripted::bodies(&[body; 5]);
            let report = run(&Bench::new(0), &vendor, &file(&format!("{paging}{more}"))).await;
            let error = report.summary.error.unwrap();
            assert!(
                error.contains("200 OK and no body") && error.contains("`missing_records: empty`"),
                "{error}"
            );
        }
    }
    // One that is cut off may be whole the next time.
    let vendor = Scripted::bodies(&["", &page(&[1], "")]);
    caught_up(&run(&Bench::new(0), &vendor, &file(paging)).await);
}

#[tokio::test]
async fn a_last_page_that_equals_the_one_before_it_is_no_loop() {
    let same = page(&[1], "");
    let link = "<https://api.example.com/logs?after=2>; rel=\"next\"".to_owned();
    let (bench, vendor) = (
        Bench::new(0),
        Scripted::answers(vec![answer(200, &[("link", link)], &same), answer(200, &[], &same)]),
    );
    let paging = "  request: { get: \"https://api.example.com/logs\", query: { since: \"{window.start}\" } }\n  next: { link: next }";
    caught_up(&run(&bench, &vendor, &file(paging)).await);
    assert_eq!(records(&bench).await.len(), 1);
}

#[tokio::test]
async fn a_page_that_names_itself_ends_details_and_lists_of_partitions_by_the_same_rule() {
    let way = "next: { token: { from: next, query: p } }, stop: [ same_next ], records: items";
    let details = format!(
        "  request: {{ get: \"https://api.example.com/logs\", query: {{ since: \"{{window.start|epoch}}\" }} }}\n  \
         records: list\n  details: [ {{ request: {{ get: \"https://api.example.com/logs/{{item}}\" }}, {way} }} ]\n"
    );
    let listed = format!(
        "  partitions:\n    request: {{ name: \"{{id}}\", request: {{ get: \"https://api.example.com/orgs\" }}, {way} }}\n  \
         request: {{ get: \"https://api.example.com/logs/{{partition}}\", query: {{ since: \"{{window.start|epoch}}\" }} }}\n  \
         records: items\n"
    );
    let with = |id: u32| format!(r#"{{"items": [{{"id": {id}}}], "next": "a"}}"#);
    let (one, two) = (with(1), with(2));
    for (file, bodies) in
        [(details, vec![r#"{"list": [7]}"#, &one, &two]), (listed, vec![&one, &two, &one, &two])]
    {
        let bench = Bench::new(0);
        let report =
            run(&bench, &Scripted::bodies(&bodies), &by_time(&file, "windows: true")).await;
        assert!(matches!(report.end, RunEnd::CaughtUp), "{report:?}");
        assert_eq!(bench.delivered().await, [1, 2]);
    }
}

/// 35 of 45 were lost.
#[tokio::test]
async fn a_total_of_nothing_beside_records_ends_no_pages() {
    let paging = "  request: { get: \"https://api.example.com/logs\", query: { since: \"{window.start|epoch}\" } }
  next: { offset: { query: o } }
  stop: [ { total: total } ]";
    let total = ",\"total\":0";
    let pages = [page(&[1, 2], total), page(&[3, 4], total), page(&[], total)];
    let pages: Vec<_> = pages.iter().map(String::as_str).collect();
    let (bench, vendor) = (Bench::new(0), Scripted::bodies(&pages));
    let report = run(&bench, &vendor, &file(paging)).await;
    caught_up(&report);
    assert_eq!((bench.delivered().await, report.summary.missing), (vec![1, 2, 3, 4], 0));
}
