//! A receiver with stores that fail: what the sender is told, and what is lost
//! (nothing).
#![expect(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking")]

mod bench;
mod distinct;

use std::collections::BTreeSet;
use std::io::Write as _;
use std::sync::atomic::Ordering;
use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use flate2::Compression;
use flate2::write::GzEncoder;
use jiff::Timestamp;
use mef_auth::Request;
use mef_intake::{Capture, Verdict};
use mef_ports::{DeadLetters as _, Secret, SecretRef, SecretVersion, Secrets, SecretsError};

use bench::{Bench, FILE, Fault, Memory, OneSecret, bench, bench_of};

#[tokio::test]
async fn a_queue_that_is_away_is_503_and_the_repeat_gets_in() {
    let bench = bench(&[Fault::Away], true);
    assert_eq!(bench.post("{\"a\":1}").await.0, 503);
    assert_eq!(bench.queued().await, 0);
    // The failed delivery was not marked as done.
    assert_eq!(bench.post("{\"a\":1}").await.0, 200);
    assert_eq!(bench.queued().await, 1);
    let (status, outcome) = bench.post("{\"a\":1}").await;
    assert!(status == 200 && matches!(outcome, Verdict::Duplicate), "{outcome:?}");
}

#[tokio::test]
async fn an_entry_refused_for_now_is_sent_again_alone() {
    let bench = bench(&[Fault::Busy(1), Fault::Busy(0)], true);
    assert_eq!(bench.post("[{\"a\":1},{\"a\":2},{\"a\":3}]").await.0, 200);
    assert_eq!(*bench.queue.batches.lock().unwrap(), [3, 1, 1]);
    assert_eq!(bench.queued().await, 3);
}

#[tokio::test]
async fn an_entry_refused_again_and_again_is_503() {
    let bench = bench(&[Fault::Busy(0); 9], true);
    assert_eq!(bench.post("{\"a\":1}").await.0, 503);
    assert_eq!(*bench.queue.batches.lock().unwrap(), [1; 5]);
}

#[tokio::test]
async fn an_entry_refused_for_good_is_a_dead_letter_with_its_record() {
    let bench = bench(&[Fault::Never(0)], true);
    assert_eq!(bench.post("[{\"a\":1},{\"a\":2}]").await.0, 202);
    let letters = bench.store.list(None, 10).await.unwrap();
    assert_eq!((letters.len(), bench.queued().await), (1, 1));
    let raw = serde_json::to_string(&letters.first().unwrap().raw).unwrap();
    assert_eq!(raw, "{\"record\":{\"a\":1}}");
}

#[tokio::test]
async fn a_mark_that_cannot_be_written_is_no_reason_to_refuse() {
    let bench = bench(&[], false);
    assert_eq!(bench.post("{\"a\":1}").await.0, 200);
    assert_eq!(bench.queued().await, 1);
}

#[tokio::test]
async fn a_known_delivery_id_with_another_body_is_news() {
    let bench = bench(&[], true);
    assert_eq!(bench.post("{\"a\":1}").await.0, 200);
    assert_eq!(bench.post("{\"a\":2}").await.0, 200);
    assert_eq!(bench.queued().await, 2);
}

#[tokio::test]
async fn an_empty_list_is_accepted_and_gives_nothing() {
    let bench = bench(&[], true);
    assert_eq!(bench.post("[]").await.0, 200);
    assert_eq!(bench.queued().await, 0);
}

#[tokio::test]
async fn an_authentic_body_with_nothing_in_it_is_400_and_no_dead_letter() {
    let bench = bench(&[], true);
    let (status, outcome) = bench.post("").await;
    assert!(status == 400 && matches!(outcome, Verdict::Empty), "{outcome:?}");
    assert!(bench.store.list(None, 10).await.unwrap().is_empty());
}

#[tokio::test]
async fn a_vendor_that_should_be_told_is_told_and_the_record_is_kept() {
    let file = FILE.replace("webhook:", "webhook:\n  rejected_status: 400");
    let bench = bench_of(&file, Arc::new(OneSecret), &[], true);
    assert_eq!(bench.post("{").await.0, 400);
    assert_eq!(bench.store.list(None, 10).await.unwrap().len(), 1);
    assert_eq!(bench.post("{}").await.0, 200);
}

/// The letter may have been discarded, or the source file mended, since the sender was told.
#[tokio::test]
async fn the_retry_of_a_delivery_that_was_answered_as_refused_is_no_repeat() {
    let file = FILE.replace("webhook:", "webhook:\n  rejected_status: 422");
    let bench = bench_of(&file, Arc::new(OneSecret), &[], true);
    assert_eq!(bench.post("{").await.0, 422);
    let (status, verdict) = bench.post("{").await;
    assert!(status == 422 && matches!(verdict, Verdict::Accepted { .. }), "{status} {verdict:?}");
    // Without `rejected_status` the sender was told that all is well.
    let bench = bench_of(FILE, Arc::new(OneSecret), &[], true);
    assert_eq!(bench.post("{").await.0, 202);
    let (status, verdict) = bench.post("{").await;
    assert!(status == 200 && matches!(verdict, Verdict::Duplicate), "{status} {verdict:?}");
}

/// A source may ask for 100 numbered signature headers.
#[tokio::test]
async fn a_head_within_the_bounds_is_judged_and_a_larger_one_is_431() {
    let bench = bench(&[], true);
    let send = async |count: usize, size: usize| {
        let mut headers = vec![("x-token".to_owned(), b"t0ken".to_vec())];
        headers.extend((1..count).map(|n| (format!("x-{n}"), vec![b'v'; size])));
        let request = Request::new("POST", "/hook", "", headers, "{}");
        bench.receiver.handle(request).await.answer.status
    };
    assert_eq!(send(mef_intake::MOST_HEADERS, 100).await, 200);
    assert_eq!(send(mef_intake::MOST_HEADERS + 1, 1).await, 431);
    assert_eq!(send(2, mef_intake::LARGEST_HEAD).await, 431);
}

#[tokio::test]
async fn a_head_request_gets_no_body() {
    let bench = bench(&[], true);
    let request = Request::new("HEAD", "/hook", "", Vec::new(), "");
    let answer = bench.receiver.handle(request).await.answer;
    assert_eq!((answer.status, answer.body.as_str()), (405, ""));
}

/// A store that keeps what it read, of a secret that has changed since.
struct Changed {
    values: Mutex<Vec<&'static str>>,
    /// How often it may be asked again.
    refreshes: Mutex<u32>,
}

#[async_trait]
impl Secrets for Changed {
    async fn get(&self, reference: &SecretRef) -> Result<SecretVersion, SecretsError> {
        Ok(self.live(reference, Timestamp::UNIX_EPOCH).await?.remove(0))
    }

    async fn live(&self, _: &SecretRef, _: Timestamp) -> Result<Vec<SecretVersion>, SecretsError> {
        let version = |value: &&str| SecretVersion {
            value: Secret::new(*value),
            version: "1".to_owned(),
            since: None,
        };
        Ok(self.values.lock().unwrap().iter().map(version).collect())
    }

    async fn refresh(&self, references: &[SecretRef], _: Timestamp) -> bool {
        assert_eq!(references.iter().map(ToString::to_string).collect::<Vec<_>>(), ["hook/token"]);
        let mut refreshes = self.refreshes.lock().unwrap();
        if *refreshes == 0 {
            return false;
        }
        *refreshes -= 1;
        *self.values.lock().unwrap() = vec!["t0ken", "old"];
        true
    }
}

#[tokio::test]
async fn a_secret_that_has_changed_is_read_again_before_the_request_is_refused() {
    let changed = |values: &[&'static str], refreshes| {
        let secrets =
            Changed { values: Mutex::new(values.to_vec()), refreshes: Mutex::new(refreshes) };
        bench_of(FILE, Arc::new(secrets), &[], true)
    };
    assert_eq!(changed(&["old"], 1).post("{}").await.0, 200);
    assert_eq!(changed(&["old"], 0).post("{}").await.0, 401);
    // Both values of a secret that is being changed count.
    assert_eq!(changed(&["new", "t0ken"], 0).post("{}").await.0, 200);
    assert_eq!(changed(&["t0ken", "old"], 0).post("{}").await.0, 200);
}

/// A store that holds one secret and no other.
struct Only(&'static str);

#[async_trait]
impl Secrets for Only {
    async fn get(&self, reference: &SecretRef) -> Result<SecretVersion, SecretsError> {
        if reference.name != self.0 {
            let hint = "set it".to_owned();
            return Err(SecretsError::Missing { reference: reference.clone(), hint });
        }
        OneSecret.get(reference).await
    }
}

#[tokio::test]
async fn a_retired_secret_may_be_deleted_before_the_file_forgets_it() {
    let retired = "[token, { name: old, not_after: 1969-12-31T00:00:00Z }]";
    let file = FILE.replace("[token]", retired);
    assert_eq!(bench_of(&file, Arc::new(Only("token")), &[], true).post("{}").await.0, 200);
    let file = file.replace("1969", "1971");
    assert_eq!(bench_of(&file, Arc::new(Only("token")), &[], true).post("{}").await.0, 503);
}

#[tokio::test]
async fn an_alternative_whose_secret_is_missing_keeps_out_no_authentic_request() {
    let both = "{ any: [ { token: { from: header.x-other, secrets: [other] } }, \
                { token: { from: header.x-token, secrets: [token] } } ] }";
    let file = FILE.replace("{ token: { from: header.x-token, secrets: [token] } }", both);
    let of = |set| bench_of(&file, Arc::new(Only(set)), &[], true);
    assert_eq!(of("token").post("{}").await.0, 200);
    // By the other secret it might be authentic.
    let (status, verdict) = of("other").post("{}").await;
    assert!(matches!(verdict, Verdict::Secrets(_)), "{verdict:?}");
    assert_eq!(status, 503);
}

/// A store whose only secret has this value.
struct Worth(&'static str);

#[async_trait]
impl Secrets for Worth {
    async fn get(&self, _: &SecretRef) -> Result<SecretVersion, SecretsError> {
        let value = Secret::new(self.0);
        Ok(SecretVersion { value, version: "1".to_owned(), since: None })
    }
}

/// The sender is not to blame, and comes again once the secret is right.
#[tokio::test]
async fn a_secret_of_ours_that_cannot_be_used_is_503_as_a_missing_one_is() {
    let token = "token: { from: header.x-token, secrets: [token] }";
    let hmac = "hmac: { hash: sha256, signature: { from: header.x-token, encoding: hex }, text: \"{body}\", \
                secrets: [token], key: { encoding: base64, strip_prefix: whsec_ } }";
    let any = format!("any: [ {{ {hmac} }}, {{ ip: {{ allow: [192.0.2.1] }} }} ]");
    for check in [hmac, &any] {
        let file = FILE.replace(token, check);
        for (secret, code) in [("whsec_", 503), ("not base64", 503), ("whsec_c2VjcmV0", 401)] {
            let bench = bench_of(&file, Arc::new(Worth(secret)), &[], true);
            let headers = vec![("x-token".to_owned(), [b'0'; 64].to_vec())];
            let request = Request::new("POST", "/hook", "", headers, "{}");
            let handled = bench.receiver.handle(request).await;
            assert_eq!(handled.answer.status, code, "{check} {secret} {:?}", handled.verdict);
            let is_ours = matches!(handled.verdict, Verdict::Misconfigured(_));
            assert_eq!(is_ours, code == 503, "{secret}");
        }
    }
}

#[test]
fn a_long_proof_holds_up_no_other_request_of_its_thread() {
    let mut runtime = tokio::runtime::Builder::new_current_thread();
    let runtime = runtime.enable_all().max_blocking_threads(1).build().unwrap();
    let bench = bench(&[], true);
    let refused = |body: Vec<u8>| {
        let headers = vec![("x-token".to_owned(), b"wr0ng".to_vec())];
        bench.receiver.handle(Request::new("POST", "/hook", "", headers, body))
    };
    // The only thread for long work is taken, so a proof that goes there is not done before the small one.
    let (give_back, given_back) = std::sync::mpsc::channel::<()>();
    runtime.spawn_blocking(move || given_back.recv().unwrap_or_default());
    let small = runtime.block_on(async {
        tokio::select! {
            biased;
            _ = refused(vec![b' '; 128 * 1024]) => panic!("it was judged on this thread"),
            small = refused(b"{}".to_vec()) => small,
        }
    });
    drop(give_back);
    assert_eq!(small.answer.status, 401);
}

#[tokio::test]
async fn an_hour_takes_twenty_captures_on_every_backend() {
    let (bench, memory) = (bench(&[], true), Arc::new(Memory::default()));
    let capture = Capture::new(memory.clone(), false);
    for _ in 0..30 {
        bench.refuse(&capture, "{}").await;
    }
    assert_eq!(*memory.asked.lock().unwrap(), [20; 21], "no more is asked once the hour is full");
    assert_eq!(memory.files.lock().unwrap().len(), 20);
    bench.clock.0.store(3600, Ordering::Relaxed);
    bench.refuse(&capture, "{}").await;
    assert_eq!(memory.asked.lock().unwrap().len(), 22);
}

#[tokio::test]
async fn a_body_of_one_mib_is_captured_and_a_larger_one_is_not() {
    let (bench, memory) = (bench(&[], true), Arc::new(Memory::default()));
    let capture = Capture::new(memory.clone(), true);
    bench.refuse(&capture, vec![b' '; 1024 * 1024 + 1]).await;
    assert!(memory.asked.lock().unwrap().is_empty());
    bench.refuse(&capture, vec![b' '; 1024 * 1024]).await;
    let file = String::from_utf8(memory.files.lock().unwrap()[0].to_vec()).unwrap();
    assert!(file.contains("\"masked\": true") && !file.contains("wr0ng"), "{}", &file[..200]);
}

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

#[tokio::test]
async fn a_replay_under_another_unsigned_id_is_a_repeat_if_equal_bodies_are() {
    let post = async |bench: &Bench, id: Option<&str>, body: &str| {
        let mut headers = vec![("x-token".to_owned(), b"t0ken".to_vec())];
        headers.extend(id.map(|id| ("x-delivery".to_owned(), id.as_bytes().to_vec())));
        let request = Request::new("POST", "/hook", "", headers, body.to_owned());
        bench.receiver.handle(request).await.verdict
    };
    let repeats = FILE.replace("webhook:", "webhook:\n  equal_bodies: repeats");
    let bench = bench_of(&repeats, Arc::new(OneSecret), &[], true);
    assert!(matches!(post(&bench, Some("d-1"), "{}").await, Verdict::Accepted { .. }));
    for id in [Some("d-1"), Some("d-2"), Some(""), None] {
        assert!(matches!(post(&bench, id, "{}").await, Verdict::Duplicate), "{id:?}");
    }
    assert!(matches!(post(&bench, Some("d-1"), "[{}]").await, Verdict::Accepted { .. }));
    // Where two true events may have the same body, none of them is dropped.
    let bench = bench_of(FILE, Arc::new(OneSecret), &[], true);
    for id in ["d-1", "d-2"] {
        assert!(matches!(post(&bench, Some(id), "{}").await, Verdict::Accepted { .. }), "{id}");
        assert!(matches!(post(&bench, Some(id), "{}").await, Verdict::Duplicate), "{id}");
    }
}
