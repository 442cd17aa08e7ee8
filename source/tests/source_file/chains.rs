//! Chains of requests: what a source file may say of them, and what not.

use mef_source::checked::Partitions;
use mef_source::load;

use crate::mistakes::{report, said};
use crate::no_files;

const EXPORT: &str = r#"
source: acme
poll:
  schedule: rate(1 hour)
  auth: { bearer: "{secret.token}" }
  setup:
    - request: { post: "https://api.example.com/exports", json: { since: "{window.start|epoch}" } }
      ignore: [{ status: 409 }]
      values: { job: id }
  request: { get: "https://api.example.com/exports/{setup.job}" }
  wait: { until: { body: { state: done } }, every: 5s, at_most: 1h }
  records: parts
  details:
    - request: { get: "{item.uri}" }
      records: ""
      expires: gone
      keep: { job: "{setup.job}", part: "{item.number}" }
  cursor: { windows: true, overlap: 60s }
"#;

const ORGS: &str = r#"
source: acme
poll:
  schedule: rate(1 hour)
  auth: { bearer: "{secret.token}" }
  partitions:
    request:
      name: "{id}"
      request: { get: "https://api.example.com/orgs", headers: { x-key: "{secret.orgs}" } }
      records: orgs
  request:
    get: "https://api.example.com/orgs/{partition}/logs"
    query: { since: "{window.start|rfc3339}", until: "{window.end|rfc3339}" }
  records: ""
  cursor: { time: t, id: id, overlap: 60s }
"#;

#[test]
fn a_chain_is_understood() {
    for file in [EXPORT, ORGS] {
        assert_eq!(said(file), "");
    }
    let poll = load(EXPORT, &no_files).unwrap().source.poll.unwrap();
    assert_eq!((poll.setup.len(), poll.details.len()), (1, 1));
    // A URL out of an item is of the source's origin unless it says otherwise.
    assert_eq!(poll.details[0].pages.request.origin, poll.pages.request.origin);
    let source = load(ORGS, &no_files).unwrap().source;
    assert_eq!(source.secret_names(), ["orgs", "token"]);
    let partitions = source.poll.unwrap().partitions.unwrap();
    assert!(matches!(partitions, Partitions::Request(_)) && partitions.may_have("any"));
    assert!(!partitions.may_have("backfill x") && !partitions.may_have(""));
}

#[test]
fn another_job_has_another_digest() {
    let digest = |file: &str| load(file, &no_files).unwrap().source.poll.unwrap().request_digest;
    assert_ne!(digest(EXPORT), digest(&EXPORT.replace("since:", "from:")));
    assert_ne!(digest(EXPORT), digest(&EXPORT.replace("item.uri", "item.url")));
}

#[test]
fn chains_that_cannot_be_meant() {
    let cases = [
        ("a value that nobody sets", "{setup.job}\" }\n  wait", "{setup.jab}\" }\n  wait"),
        ("a value of a later step", "{window.start|epoch}", "{setup.job}"),
        (
            "a value set twice",
            "  request: { get",
            "    - { request: { get: \"https://api.example.com/x\" }, values: { job: id } }\n  request: { get",
        ),
        ("a value with a dot", "job: id", "jo.b: id"),
        ("a step elsewhere", "post: \"https://api.example.com", "post: \"https://evil.example"),
        ("a wait for an error", "body: { state: done }", "status: 404"),
        ("a wait for anything", "until: { body: { state: done } }", "until: {}"),
        ("a wait that ends before it begins", "at_most: 1h", "at_most: 1s"),
        ("details without an item", "{item.uri}", "https://api.example.com/x"),
        ("details elsewhere", "{item.uri}", "https://evil.example/{item.id}"),
        ("an item where there is none", "{setup.job}\" }\n  wait", "{item.id}\" }\n  wait"),
        ("a window in details", "{item.uri}", "{item.uri}?{window.start}"),
        ("details without records", "      records: \"\"\n", ""),
        (
            "a job that is posted elsewhere",
            "setup:\n    - request: { post: \"https://api.example.com/exports\"",
            "allow_origins: [\"https://files.example.com\"]\n  setup:\n    - request: { post: \"https://files.example.com/exports\"",
        ),
        ("a secret in every event", "\"{setup.job}\", part", "\"{secret.token}\", part"),
        ("too slow for details", "  records: parts", "  limits: { rate: 6/min }\n  records: parts"),
        ("windows and time", "windows: true", "windows: true, time: t"),
        ("no windows", "windows: true", "windows: false"),
        ("windows in order", "windows: true", "windows: true, order: ascending"),
        ("windows with a longest", "windows: true", "windows: true, max_window: 1d"),
        ("windows without a start", "{window.start|epoch}", "x"),
    ];
    insta::assert_snapshot!("chains", report(EXPORT, &cases));
    let cases = [
        ("a name of nothing", "\"{id}\"", "all"),
        ("partitions that nothing reads", "/{partition}/logs", "/logs"),
        (
            "a list of partitions elsewhere",
            "https://api.example.com/orgs\"",
            "https://evil.example/orgs\"",
        ),
        ("a partition in its own list", "api.example.com/orgs\"", "api.example.com/{partition}\""),
        (
            "a list and a request",
            "    request:\n      name",
            "    list: [a]\n    request:\n      name",
        ),
        ("no name", "      name: \"{id}\"\n", ""),
    ];
    insta::assert_snapshot!("listed_partitions", report(ORGS, &cases));
}

#[test]
fn what_a_wait_says_goes_into_parameters_and_headers_of_its_own_request() {
    let wait = "wait: { until: { status: 200 }, values: { response: header.response-id } }";
    let (before, rest) = EXPORT.split_once("  wait:").unwrap();
    let (_, after) = rest.split_once('\n').unwrap();
    let read = "{setup.job}\", headers: { response-id: \"{wait.response}\" } }\n  WAIT\n";
    let file = format!("{before}  WAIT\n{after}").replacen("{setup.job}\" }\n  WAIT\n", read, 1);
    let file = file.replace("WAIT", wait);
    assert_eq!(said(&file), "");
    let cases = [
        ("a value that the wait does not set", "{wait.response}", "{wait.respons}"),
        ("one beside something else", "{wait.response}", "{setup.job}{wait.response}"),
        ("one in a URL", "exports/{setup.job}\", h", "exports/{setup.job}?r={wait.response}\", h"),
        ("one of another request", "{window.start|epoch}", "{wait.response}"),
        ("one in details", "{item.uri}", "{item.uri}?r={wait.response}"),
        ("a value with a dot", "{ response: h", "{ re.sponse: h"),
    ];
    insta::assert_snapshot!("wait_values", report(&file, &cases));
}

#[test]
fn a_listing_is_not_waited_for_from_run_to_run() {
    let (before, _) = EXPORT.split_once("setup:").unwrap();
    let file = |every: &str| {
        format!(
            "{before}request: {{ get: \"https://api.example.com/x\" }}\n  \
             wait: {{ until: {{ status: 200 }}, every: {every} }}\n  records: x\n  cursor: {{ listing: true }}\n"
        )
    };
    assert_eq!(said(&file("5s")), "");
    assert!(said(&file("6s")).contains("comes no further"), "{}", said(&file("6s")));
}

#[test]
fn a_secret_goes_into_no_url_that_another_origin_gets() {
    let file = |setup: &str, details: &str| {
        said(&format!(
            "source: acme\npoll:\n  schedule: rate(1 minute)\n  auth: {{ bearer: \"{{secret.token}}\" }}\n  \
             allow_origins: [\"https://files.example.com\"]\n  \
             setup: [{{ request: {{ get: \"{setup}\" }} }}]\n  \
             request: {{ get: \"https://api.example.com/logs\", query: {{ since: \"{{window.start}}\" }} }}\n  \
             records: items\n  details: [{{ records: \"\", next: {{ url: n }}, {details} }}]\n  \
             cursor: {{ windows: true, overlap: 1m }}\n"
        ))
    };
    let (own, other) = ("https://api.example.com", "https://files.example.com");
    let by_item = |more: &str| format!("request: {{ get: \"{{item.u}}{more}\" }}");
    assert_eq!(file(&format!("{own}/x?k={{secret.key}}"), &by_item("")), "");
    let own_item = format!("request: {{ get: \"{own}/{{item.u}}?k={{secret.key}}\" }}");
    assert_eq!(file(&format!("{other}/x"), &own_item), "");
    let on_other =
        |more: &str, then: &str| format!("request: {{ get: \"{other}/{{item.id}}{more}\" }}{then}");
    for (setup, details, wanted) in [
        (own, by_item("?sig={secret.key}"), "decide where the secret"),
        (own, on_other("?sig={secret.key}", ""), "nothing but a URL without a secret"),
        (own, on_other("", ", then: { query: { k: \"{secret.key}\" } }"), "nothing but a URL"),
        (
            own,
            on_other("", ", then: { post: \"https://files.example.com/{item.id}\" }"),
            "nothing but a URL",
        ),
        ("https://files.example.com/x?sig={secret.key}", by_item(""), "nothing but a URL without"),
    ] {
        let said = file(setup, &details);
        assert!(said.contains(wanted), "{details}: {said}");
    }
}

#[test]
fn many_items_are_asked_for_at_once_only_where_that_can_be() {
    let with = |details: &str| {
        let (before, _) = EXPORT.split_once("  details:").unwrap();
        said(&format!("{before}  details:\n{details}  cursor: {{ windows: true, overlap: 60s }}\n"))
    };
    let step = "    - request: { post: \"https://api.example.com/e\", json: { ids: \"{item}\" } }\n      record: \"\"\n";
    assert_eq!(with(&format!("{step}      batch: {{ size: 1000, of: id }}\n")), "");
    for (details, wanted) in [
        (format!("{step}      batch: {{ size: 0 }}\n"), "0 items cannot be asked for at once"),
        (format!("{step}      batch: {{ size: 1001 }}\n"), "1001 items cannot be"),
        (format!("{step}      batch: {{ size: 2 }}\n      expires: at\n"), "are about one item"),
        (
            step.replace("{item}", "{item.id}") + "      batch: { size: 2 }\n",
            "has nothing at a path",
        ),
        (format!("{step}{step}      batch: {{ size: 2 }}\n"), "only the first step"),
    ] {
        let said = with(&details);
        assert!(said.contains(wanted), "{details} {said}");
    }
}

#[test]
fn what_ends_a_job_says_which_and_no_other_request_deletes() {
    let with = |more: &str| said(&EXPORT.replace("  wait:", &format!("{more}\n  wait:")));
    let delete = "delete: \"https://api.example.com/exports/{setup.job}\"";
    assert_eq!(with(&format!("  finish: {{ {delete} }}\n  renew: {{ job: next.job }}")), "");
    let elsewhere =
        "finish: { post: \"https://x.example.com/end\", json: { job: \"{setup.job}\" } }";
    for (more, wanted) in [
        ("finish: { delete: \"https://api.example.com/exports\" }", "does not say what it ends"),
        (
            "finish: { post: \"https://api.example.com/{page.token}\" }",
            "a page has no `token` here",
        ),
        ("finish: { get: \"https://api.example.com/{window.start}\" }", "nothing is called"),
        (elsewhere, "this goes to another origin"),
        ("renew: { task: id }", "no step of `setup` sets `task`"),
        (
            "then: { repeat: none }\n  finish: { delete: \"https://a.example.com/\", get: \"https://a.example.com/\" }",
            "`delete` stands alone",
        ),
    ] {
        let said = with(&format!("  {more}"));
        assert!(said.contains(wanted), "{more}: {said}");
    }
    let said = said(&EXPORT.replace("{ get: \"https://api", "{ delete: \"https://api"));
    assert!(said.contains("only in a request that ends something"), "{said}");
}

#[test]
fn a_token_under_which_the_vendor_keeps_the_place_is_no_cursor() {
    let file = "source: acme\npoll:\n  schedule: rate(1 hour)\n  request: { get: \"https://api.example.com/logs\", query: { t: \"{cursor.token}\" } }\n  \
                next: { token: { from: next, query: t, again: true } }\n  records: items\n  cursor: { token: next }\n";
    assert!(said(file).contains("cannot be the cursor"), "{}", said(file));
    assert_eq!(said(&file.replace("again: true", "again: false")), "");
}
