//! Items that no request can be made for.

use mef_poller::RunEnd;
use mef_ports::DeadLetters;
use serde_json::{Value, json};

use crate::chains::{blobs, item};
use crate::scripted::{Scripted, run};
use crate::support::{Bench, at};

fn with(uri: &str) -> String {
    blobs().replacen("{item.uri}", &format!("https://api.example.com/items/{uri}"), 1)
}

#[tokio::test]
async fn an_item_that_cannot_be_asked_for_becomes_a_dead_letter_and_the_others_go_on() {
    for id in [json!(".."), json!(null)] {
        let bench = Bench::new(0);
        let named = |uri: &str, id: &Value| json!({ "uri": uri, "t": at(-60), "id": id });
        let list = json!([named("x", &json!("a")), named("y", &id), named("z", &json!("b"))]);
        let bodies = [&list.to_string(), r#"[{"id": 1}]"#, r#"[{"id": 2}]"#];
        let vendor = Scripted::bodies(&bodies);
        let report = run(&bench, &vendor, &with("{item.id|urlencode}")).await;
        assert!(matches!(report.end, RunEnd::CaughtUp), "{report:?}");
        assert_eq!(bench.delivered().await, [1, 2]);
        let letters = DeadLetters::list(&bench.store, Some("acme"), usize::MAX).await.unwrap();
        let [letter] = &letters[..] else { panic!("{letters:?}") };
        assert!(letter.reason.starts_with("the request cannot be made"), "{}", letter.reason);
        assert!(letter.reason.contains("correct the template"), "{}", letter.reason);
    }
}

#[tokio::test]
async fn a_template_of_details_that_fits_no_item_passes_nothing_over() {
    let bench = Bench::new(0);
    let list = json!(["a", "b", "c", "d", "e", "f"].map(|name| item(name, -30))).to_string();
    let report = run(&bench, &Scripted::bodies(&[&list]), &with("{item.name|urlencode}")).await;
    assert!(report.summary.error.unwrap().starts_with("the request cannot be made"));
    assert_eq!((report.summary.rejected, bench.done().await), (0, None));
}
