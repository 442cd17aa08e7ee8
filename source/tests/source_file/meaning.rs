//! What a good file means.

use std::time::Duration;

use mef_source::checked::{
    Check, Cursor, Mapping, Next, Order, PollAuth, SignedPart, Take, Verify,
};
use mef_source::load;
use serde_json::json;

use crate::{GITHUB, OKTA, no_files};

#[test]
fn the_pushed_sketch_means_what_it_says() {
    let source = load(GITHUB, &no_files).unwrap().source;
    assert_eq!(source.name.as_str(), "github");
    assert_eq!(source.secret_names(), ["webhook_secret"]);
    let webhook = source.webhook.unwrap();
    let Verify::All(checks) = webhook.verify else { panic!("nothing is verified") };
    let [Check::Hmac(hmac)] = checks.as_slice() else { panic!("{checks:?}") };
    assert_eq!(hmac.signed.text.0, [SignedPart::Body]);
    assert_eq!(hmac.signed.signature.take, ["sha256"]);
    assert_eq!(webhook.methods, ["POST"]);
    assert_eq!(webhook.delivery_id[0].paths().next().unwrap().name(), "x-github-delivery");
    assert_eq!(webhook.event.map["category"], Mapping::Constant(json!("github")));
    assert_eq!(webhook.event.header_names(), ["x-github-event"]);
}

#[test]
fn the_pulled_sketch_means_what_it_says() {
    let source = load(OKTA, &no_files).unwrap().source;
    assert_eq!(source.secret_names(), ["api_token"]);
    let poll = source.poll.unwrap();
    assert_eq!(poll.schedule, Duration::from_secs(60));
    assert_eq!(poll.pages.request.origin.to_string(), "https://example.okta.com:443");
    assert_eq!(poll.pages.request.url.as_literal(), Some("https://example.okta.com/api/v1/logs"));
    assert_eq!(poll.pages.next, Some(Next::Link { relation: "next".to_owned(), take: Take::Url }));
    assert!(poll.pages.stop.empty_page && poll.pages.stop.same_next);
    assert!(matches!(poll.auth, PollAuth::Header { .. }));
    let Cursor::Time(cursor) = poll.cursor else { panic!("not by time") };
    assert_eq!(cursor.order, Order::Ascending);
    assert!(cursor.upper_bound);
    assert_eq!(
        (cursor.overlap, cursor.start),
        (Duration::from_secs(60), Duration::from_secs(604_800))
    );
}

#[test]
fn a_way_in_overrides_the_shared_event_key_by_key() {
    let text = GITHUB.replace(
        "  delivery_id: header.X-GitHub-Delivery\n",
        "  event: { id: \"{id}\", map: { severity: ERROR } }\n",
    );
    let event = load(&text, &no_files).unwrap().source.webhook.unwrap().event;
    assert!(event.id.is_some());
    assert_eq!(event.map["severity"], Mapping::Constant(json!("ERROR")));
    assert_eq!(event.map["category"], Mapping::Constant(json!("github")));
}

#[test]
fn the_version_changes_with_the_file_and_with_its_schema() {
    let with_schema = GITHUB.replace("event:\n", "event:\n  schema: schema.json\n");
    let version = |text: &str, schema: &'static str| {
        load(text, &|_| Ok(schema.to_owned())).unwrap().source.version
    };
    let versions =
        [version(GITHUB, "{}"), version(&with_schema, "{}"), version(&with_schema, "true")];
    assert_eq!(versions.iter().collect::<std::collections::BTreeSet<_>>().len(), 3);
    assert_eq!(version(GITHUB, "{}"), versions[0]);
}

#[test]
fn the_words_of_yaml_1_1_stay_words() {
    let text = GITHUB.replace("category: github", "category: no");
    let event = load(&text, &no_files).unwrap().source.webhook.unwrap().event;
    assert_eq!(event.map["category"], Mapping::Constant(json!("no")));
}

#[test]
fn a_delivery_id_of_several_values_is_a_template_that_reads_some_of_them() {
    let load = |id: &str| {
        let file = format!(
            "source: x\nwebhook:\n  verify: [ {{ token: {{ from: header.x, secrets: [s] }} }} ]\n  delivery_id: {id}\n"
        );
        mef_source::load(&file, &|_| Err(String::new()))
    };
    let source = load(r#"["{header.ce-source} {header.ce-id}", id]"#).unwrap().source;
    let ids = source.webhook.unwrap().delivery_id;
    let paths = |at: usize| ids[at].paths().map(ToString::to_string).collect::<Vec<_>>();
    assert_eq!(
        (paths(0), paths(1)),
        (vec!["header.ce-source".into(), "header.ce-id".into()], vec!["/id".into()])
    );
    for wrong in [r#""{{ }}""#, "\"{id\""] {
        assert!(load(wrong).is_err(), "{wrong}");
    }
}
