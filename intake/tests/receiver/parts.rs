//! Bodies with many records, and the ids of deliveries in them.

use std::collections::BTreeSet;
use std::io::Write as _;
use std::sync::Arc;

use flate2::Compression;
use flate2::write::GzEncoder;
use mef_auth::Request;
use mef_intake::Verdict;

use crate::{Bench, Fault, OneSecret, bench, bench_of};

#[tokio::test]
async fn a_delivery_that_fails_between_two_parts_is_503_and_its_retry_has_the_same_ids() {
    let body = format!("[{}{{\"n\":-1}}]", "{\"n\":0},".repeat(1200));
    let whole = bench(&[], true);
    assert_eq!(whole.post(&body).await.0, 200);
    let broken = bench(&[], true);
    // The first part is taken, and the second one is not.
    broken.queue.faults.lock().unwrap().extend([Fault::Busy(usize::MAX), Fault::Away]);
    assert_eq!(broken.post(&body).await.0, 503);
    assert_eq!(broken.queued().await, 500);
    assert_eq!(broken.post(&body).await.0, 200);
    assert_eq!(*broken.queue.batches.lock().unwrap(), [500, 500, 500, 500, 201]);
    let ids = async |bench: &Bench| {
        let events = bench.store.events(None, usize::MAX).await.unwrap();
        events.into_iter().map(|event| event.message.event_id).collect::<BTreeSet<_>>()
    };
    assert_eq!(ids(&whole).await.len(), 1201);
    assert_eq!(ids(&broken).await, ids(&whole).await);
    let (status, outcome) = broken.post(&body).await;
    assert!(status == 200 && matches!(outcome, Verdict::Duplicate), "{outcome:?}");
}

#[tokio::test]
async fn a_delivery_id_is_found_in_whatever_the_events_are_made_of() {
    let file = "source: hook\nwebhook:\n  unauthenticated: test\n  delivery_id: [/id, /0/id]\n";
    let packed = |encoding: &str| {
        let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
        encoder.write_all(b"{\"id\":7}").unwrap();
        (vec![("content-encoding", encoding.to_owned())], encoder.finish().unwrap())
    };
    let typed = |kind: &str, body: &str| (vec![("content-type", kind.to_owned())], body.into());
    for (headers, body) in [
        typed("application/x-www-form-urlencoded", "id=d-1&x=1"),
        typed("application/x-www-form-urlencoded", "payload=%7B%22id%22%3A7%7D"),
        typed("application/x-ndjson", "{\"id\":\"d-1\"}\n{\"id\":\"d-2\"}\n"),
        typed("application/json", "[{\"id\":\"d-1\"},{\"id\":\"d-2\"}]"),
        typed("application/json", "\u{feff}{\"id\":\"d-1\"}\0"),
        packed("gzip"),
        packed("GZIP"),
    ] {
        let bench = bench_of(file, Arc::new(OneSecret), &[], true);
        let post = async || {
            let header =
                |(name, value): &(&str, String)| ((*name).to_owned(), value.as_bytes().to_vec());
            let headers = headers.iter().map(header).collect();
            let request = Request::new("POST", "/hook", "", headers, body.clone());
            bench.receiver.handle(request).await.verdict
        };
        assert!(matches!(post().await, Verdict::Accepted { rejected: 0, .. }), "{headers:?}");
        assert!(matches!(post().await, Verdict::Duplicate), "{headers:?}");
    }
}
