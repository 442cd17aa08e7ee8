//! What the values in a request can be made of.

use serde_json::json;

use crate::chains::by_time;
use crate::pages::{SINCE, page, requests};
use crate::scripted::{Scripted, records, run};
use crate::support::Bench;

#[tokio::test]
async fn a_request_has_both_ends_of_the_range_that_a_page_is() {
    let paging = "  request: { post: \"https://api.example.com/logs\", query: { since: \"{window.start|epoch}\" }, json: { search_to: \"{page.offset|plus(100)}\" } }
  next: { offset: { json: search_from, step: 100 } }";
    let asked = requests(paging, &[page(&[1], ""), page(&[2], ""), page(&[], "")]).await;
    let bodies = asked.iter().map(|request| request.rsplit(" | ").next().unwrap());
    assert_eq!(
        bodies.collect::<Vec<_>>(),
        [
            "{\"search_to\":100,\"search_from\":0}",
            "{\"search_to\":200,\"search_from\":100}",
            "{\"search_to\":300,\"search_from\":200}",
        ]
    );
}

#[tokio::test]
async fn a_request_looks_up_in_the_tables_of_the_event() {
    let keys = r#"  request: { get: "https://api.example.com/changes", query: { since: "{window.start|epoch}" } }
  records: ""
  details:
    - request: { get: 'https://api.example.com/{item.kind|lookup(paths)|default("any")}/{item.id}' }
      record: ""
  event: { lookups: { paths: { u: users } } }
"#;
    let file = by_time(keys, "windows: true");
    let (bench, vendor) = (
        Bench::new(0),
        Scripted::bodies(&[
            "[{\"kind\":\"u\",\"id\":1},{\"kind\":\"g\",\"id\":2}]",
            "{\"a\":1}",
            "{\"a\":2}",
        ]),
    );
    let report = run(&bench, &vendor, &file).await;
    let requests = vendor.requests();
    assert_eq!(requests[1..], ["GET /users/1", "GET /any/2"], "{report:?}");
    assert_eq!(records(&bench).await, [json!({ "a": 1 }), json!({ "a": 2 })]);
}

#[tokio::test]
async fn a_parameter_with_a_list_is_sent_with_each_element() {
    // What the table does not have is nothing.
    let base = "  event: { lookups: { none: {} } }
  request: { get: \"https://api.example.com/logs\", query: { a: [x, \"{run.id|lookup(none)}\", 1], since: \"{window.start|epoch}\" } }";
    let token = [page(&[1], ",\"next\":\"b\""), page(&[2], "")];
    let link = [page(&[1], ",\"next\":\"?p=2\""), page(&[2], "")];
    let own = [page(&[1], ",\"next\":\"?a=3\""), page(&[2], "")];
    let by_token = "next: { token: { from: next, query: p } }";
    for (rest, pages, second) in [
        (by_token, &token, format!("a=x&a=1&{SINCE}&p=b")),
        ("next: { token: { from: next, query: a } }", &token, format!("{SINCE}&a=b")),
        (
            &format!("{by_token}\n  then: {{ query: {{ a: [y, z] }} }}"),
            &token,
            format!("{SINCE}&a=y&a=z&p=b"),
        ),
        (
            &format!("{by_token}\n  then: {{ query: {{ a: y }} }}"),
            &token,
            format!("{SINCE}&a=y&p=b"),
        ),
        (&format!("{by_token}\n  then: {{ repeat: [since] }}"), &token, format!("{SINCE}&p=b")),
        ("next: { url: next }\n  then: { repeat: all }", &link, format!("p=2&a=x&a=1&{SINCE}")),
        ("next: { url: next }\n  then: { repeat: [a] }", &own, "a=3".to_owned()),
    ] {
        let asked = requests(&format!("{base}\n  {rest}"), pages).await;
        assert_eq!(
            asked,
            [format!("GET /logs?a=x&a=1&{SINCE}"), format!("GET /logs?{second}")],
            "{rest}"
        );
    }
}

#[tokio::test]
async fn a_form_sends_a_field_as_often_as_it_has_values() {
    let paging = "  request: { post: \"https://api.example.com/logs\", form: { since: \"{window.start|epoch}\", engineGroup: [epp, edr] } }";
    let asked = requests(paging, &[page(&[1], "")]).await;
    let body = asked[0].rsplit(" | ").next().unwrap();
    assert!(body.starts_with("engineGroup=epp&engineGroup=edr&since="), "{body}");
}

#[tokio::test]
async fn a_json_body_has_null_where_the_file_says_so_and_leaves_out_what_is_nothing() {
    let keys = r#"  request: { get: "https://api.example.com/changes", query: { since: "{window.start|epoch}" } }
  records: ""
  details:
    - request: { post: "https://api.example.com/changes", json: { a: "{item.a|default(null)}", b: "{item.a}", c: ["{item.a}", "{item.id}", "{item.a|default(null)}"] } }
      record: ""
"#;
    let (bench, vendor) = (Bench::new(0), Scripted::bodies(&["[{\"id\":1}]", "{\"a\":1}"]));
    run(&bench, &vendor, &by_time(keys, "windows: true")).await;
    let asked = vendor.requests();
    assert_eq!(asked[1].rsplit(" | ").next(), Some("{\"a\":null,\"c\":[1,null]}"));
}
