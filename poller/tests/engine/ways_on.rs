//! Pages that are good though the way on from them is not, and ways on without an end.

use http::HeaderValue;
use mef_poller::{RunEnd, RunError};
use mef_ports::{Cursors as _, HttpResponse, Position};

use crate::pages::{SINCE, caught_up, file, page};
use crate::scripted::{Scripted, run};
use crate::support::{Bench, answer, stream};

const BY_URL: &str = "  request: { get: \"https://api.example.com/v1/logs\", query: { since: \"{window.start|epoch}\" } }
  next: { url: next }";

/// The page was withheld for as long as the vendor answered so.
#[tokio::test]
async fn a_page_whose_next_link_is_refused_is_delivered_once_and_the_cursor_stays() {
    let by_token = "source: acme
poll:
  schedule: rate(1 minute)
  request: { get: \"https://api.example.com/v1/logs\", query: { since: \"{cursor.start|epoch}\" } }
  next: { token: { from: next, query: at } }
  records: items
  cursor: { token: next, start: 1h }
";
    let long = "x".repeat(17_000);
    for (file, next, said) in [
        (file(BY_URL), "\"https://other.example.org/?p=2\"", "may not be fetched"),
        (file(BY_URL), "{\"a\":1}", "holds an object"),
        (
            file(&BY_URL.replace("url: next", "last: { from: more, query: p }")),
            "1",
            "nothing in any of its records",
        ),
        (
            file(&format!("{BY_URL}\n  stop: [{{ unless: next.more }}]")),
            "{\"more\":1}",
            "holds an object",
        ),
        (by_token.to_owned(), &*format!("\"{long}\""), "longer than 16384 bytes"),
        (by_token.replace("start: 1h", "start: 1h, id: id"), "[1]", "holds a list"),
        (format!("{by_token}  repeats: keep\n"), "[1]", "holds a list"),
    ] {
        let bench = Bench::new(0);
        let bad = page(&[1, 2], &format!(",\"next\":{next}"));
        let vendor = Scripted::bodies(&[&bad, &bad]);
        for delivered in [2, 0] {
            let report = run(&bench, &vendor, &file).await;
            let RunEnd::Failed(RunError::LostWay { .. }) = &report.end else {
                panic!("{file}: {report:?}")
            };
            let error = report.summary.error.unwrap();
            assert!(error.contains(said) && error.contains("is delivered"), "{error}");
            assert_eq!((report.summary.delivered, report.done), (delivered, None), "{file}");
        }
        assert_eq!(bench.delivered().await, [1, 2], "{file}");
        assert!(bench.store.read(&stream()).await.unwrap().unwrap().record.done().is_none());
        // Once the vendor is right again, nothing is missing and nothing comes twice.
        vendor.more(&[&page(&[1, 2, 3], ""), &page(&[], "")]);
        run(&bench, &vendor, &file).await;
        assert_eq!(bench.delivered().await, [1, 2, 3], "{file}");
    }
}

#[tokio::test]
async fn a_link_that_is_right_only_in_its_query_leads_on_where_the_source_file_says_so() {
    for (link, query) in [
        ("http://api.example.com/v1/logs?p=2&q=a%2Fb", "p=2&q=a%2Fb"),
        ("https://backend:8443/logs?p=2", "p=2"),
        ("http://10.0.0.7/logs?p=2#end", "p=2"),
        ("/logs?p=2", "p=2"),
        ("?p=2", "p=2"),
        ("p=2", "p=2"),
    ] {
        let taken = BY_URL.replace("url: next", "url: { from: next, take: query }");
        let vendor =
            Scripted::bodies(&[&page(&[1], &format!(",\"next\":\"{link}\"")), &page(&[2], "")]);
        let bench = Bench::new(0);
        caught_up(&run(&bench, &vendor, &file(&taken)).await);
        assert_eq!(
            vendor.requests(),
            [format!("GET /v1/logs?{SINCE}"), format!("GET /v1/logs?{query}")]
        );
        let header = [("link", format!("<{link}>; rel=next"))];
        let answers =
            vec![answer(200, &header, &page(&[1], "")), answer(200, &[], &page(&[2], ""))];
        let vendor = Scripted::answers(answers);
        let taken = BY_URL.replace("url: next", "link: { rel: next, take: query }");
        caught_up(&run(&Bench::new(0), &vendor, &file(&taken)).await);
        assert_eq!(vendor.requests()[1], format!("GET /v1/logs?{query}"));
    }
}

/// The advice named a key that `mef check` then refused.
#[tokio::test]
async fn a_link_that_no_list_of_origins_could_allow_is_told_the_key_that_helps() {
    for (link, helps) in [
        ("http://api.example.com/v1/logs?p=2", false),
        ("https://backend:8443/logs?p=2", false),
        ("https://10.0.0.7/logs?p=2", false),
        ("https://api.example.org/v1/logs?p=2", true),
    ] {
        let vendor = Scripted::bodies(&[&page(&[1], &format!(",\"next\":\"{link}\""))]);
        let report = run(&Bench::new(0), &vendor, &file(BY_URL)).await;
        let error = report.summary.error.unwrap();
        assert!(error.contains("`take: query`"), "{error}");
        assert_eq!(error.contains("own_origins"), helps, "{error}");
    }
}

/// As a vendor that names a next page on every page, and says by a parameter of the link whether
/// anything is there.
fn linked(ids: &[u32], to: u32, results: &str) -> HttpResponse {
    let link = format!(
        "<https://api.example.com/v1/logs?p=0>; rel=\"previous\"; results=\"false\", \
         <https://api.example.com/v1/logs?p={to}>; rel=\"next\"; results=\"{results}\"; cursor=\"0:{to}:0\""
    );
    answer(200, &[("link", link)], &page(ids, ""))
}

#[tokio::test]
async fn a_parameter_of_the_link_says_that_the_page_is_the_last() {
    let way = BY_URL.replace("url: next", "link: next")
        + "\n  stop: [{ link_when: { results: \"false\" } }]";
    let answers =
        || vec![linked(&[1], 1, "true"), linked(&[], 2, "true"), linked(&[2], 3, "false")];
    let (bench, vendor) = (Bench::new(0), Scripted::answers(answers()));
    caught_up(&run(&bench, &vendor, &file(&way)).await);
    assert_eq!((bench.delivered().await, vendor.left().len()), (vec![1, 2], 0));
    // Where the link is kept, the next run goes on there.
    let kept =
        file(&way).replace("time: t, id: id, start: 1h, overlap: 60s", "next_link: {}, id: id");
    let kept = kept.replace("{ since: \"{window.start|epoch}\" }", "{ sort: asc }");
    let kept = kept.replace("stop: [", "stop: [{ unless: header.link }, ");
    let (bench, vendor) = (Bench::new(0), Scripted::answers(answers()));
    let report = run(&bench, &vendor, &kept).await;
    caught_up(&report);
    let link = "https://api.example.com/v1/logs?p=3".to_owned();
    assert_eq!((report.done, bench.delivered().await), (Some(Position::Link(link)), vec![1, 2]));
}

#[tokio::test]
async fn pages_without_records_and_ever_new_links_end_the_run_and_lose_no_later_page() {
    let way = BY_URL.replace("url: next", "link: next");
    let mut answers: Vec<_> = (1..=250).map(|to| linked(&[], to, "false")).collect();
    answers.insert(0, linked(&[1], 0, "true"));
    answers.push(answer(200, &[], &page(&[2], "")));
    let (bench, vendor) = (Bench::new(0), Scripted::answers(answers));
    for _ in 0..2 {
        let report = run(&bench, &vendor, &file(&way)).await;
        assert!(matches!(report.end, RunEnd::Failed(RunError::Loop(_))), "{report:?}");
        assert!(report.summary.requests <= 101, "{report:?}");
        assert!(report.summary.error.unwrap().contains("`empty_page`, `unless` or `link_when`"));
        assert_eq!((bench.delivered().await, bench.done().await), (vec![1], None));
    }
    caught_up(&run(&bench, &vendor, &file(&way)).await);
    assert_eq!(bench.delivered().await, [1, 2]);
    assert!(bench.done().await.is_some());
}

/// The header was not read at all, and so the first page was the last.
#[tokio::test]
async fn a_way_on_in_a_header_with_a_letter_beyond_ascii_is_followed() {
    let get = "request: { get: \"https://api.example.com/logs\", query: { since: \"{window.start|epoch}\" } }";
    let url = "https://api.example.com/logs?since=1795510800&at=2";
    for (next, name, value) in [
        ("link: next", "link", format!("<{url}>; rel=\"next\"; title=\"n\u{eb}xt\"").into_bytes()),
        (
            "link: next",
            "link",
            [format!("<{url}>; title=n\u{eb}xt").as_bytes(), b"\xeb; rel='next'"].concat(),
        ),
        ("url: header.x-next", "x-next", format!("{url}&x=\u{e9}").into_bytes()),
        ("token: { from: header.x-next, query: at }", "x-next", "2-\u{e9}".as_bytes().to_vec()),
        ("token: { from: header.x-next, query: at }", "x-next", b"2-\xe9".to_vec()),
    ] {
        let mut first = answer(200, &[], &page(&[1], ""));
        first.headers.insert(name, HeaderValue::from_bytes(&value).unwrap());
        let (bench, vendor) =
            (Bench::new(0), Scripted::answers(vec![first, answer(200, &[], &page(&[2], ""))]));
        caught_up(&run(&bench, &vendor, &file(&format!("  {get}\n  next: {{ {next} }}"))).await);
        assert_eq!(bench.delivered().await, [1, 2], "{next}");
        let asked = vendor.requests().pop().unwrap();
        assert!(asked.contains("at=2"), "{next}: {asked}");
        assert_eq!(asked.contains("%C3%A9"), !next.starts_with("link"), "{next}: {asked}");
    }
}

#[tokio::test]
async fn a_next_link_that_cannot_be_read_fails_the_run_and_its_page_is_delivered() {
    let paging = "  request: { get: \"https://api.example.com/logs\", query: { since: \"{window.start|epoch}\" } }
  next: { link: next }";
    let links = [("link", "https://api.example.com/logs?at=2; rel=\"next\"".to_owned())];
    let (bench, vendor) =
        (Bench::new(0), Scripted::answers(vec![answer(200, &links, &page(&[1], ""))]));
    let report = run(&bench, &vendor, &file(paging)).await;
    assert!(matches!(report.end, RunEnd::Failed(RunError::LostWay { .. })), "{report:?}");
    assert!(report.summary.error.unwrap().contains("no link in angle brackets"));
    assert_eq!((bench.delivered().await, bench.done().await), (vec![1], None));
}

/// The page was withheld in every run, since the request after it could not be made.
#[tokio::test]
async fn a_page_whose_token_fits_into_no_header_is_delivered_and_the_cursor_stays() {
    for token in ["a\\r\\nx-evil: 1", "\\u0000"] {
        for cursor in ["time: t, id: id, start: 1h, overlap: 60s", "token: next, id: id, start: 1h"]
        {
            let since = if cursor.starts_with("time") { "window" } else { "cursor" };
            let file = format!(
                "source: acme\npoll:\n  schedule: rate(1 minute)\n  request: {{ get: \"https://api.example.com/logs\", query: {{ since: \"{{{since}.start|epoch}}\" }} }}\n  \
                 next: {{ token: {{ from: next, header: X-Page }} }}\n  records: items\n  cursor: {{ {cursor} }}\n"
            );
            let first = page(&[1, 2], &format!(",\"next\":\"{token}\""));
            let (bench, vendor) = (Bench::new(0), Scripted::bodies(&[&first]));
            let report = run(&bench, &vendor, &file).await;
            assert!(matches!(report.end, RunEnd::Failed(_)), "{cursor}: {report:?}");
            let said = report.summary.error.unwrap();
            assert!(said.contains("`X-Page` has characters that no header may have"), "{said}");
            assert!(said.contains("the page is delivered"), "{said}");
            assert_eq!((bench.delivered().await, bench.done().await), (vec![1, 2], None));
        }
    }
}
