//! The behaviour of delivery marks, tokens, limits and blobs.
#![expect(clippy::expect_used, reason = "a test fails by panicking")]

use bytes::Bytes;

use super::{Backend, at, receipt};
use crate::{AccessToken, BlobKey, DeliveryKey, Secret, TokenClaim, TokenKey};

fn key(source: &str, delivery_id: &str, body_sha256: &str) -> DeliveryKey {
    DeliveryKey {
        source: source.to_owned(),
        delivery_id: delivery_id.to_owned(),
        body_sha256: body_sha256.to_owned(),
    }
}

/// A mark is gone at the moment when it expires, whether or not it was collected.
pub async fn a_delivery_is_done_until_its_mark_expires(backend: Backend) {
    let (deliveries, key) = (&backend.deliveries, key("a", "1", "x"));
    assert!(!deliveries.is_done(&key, at(0)).await.expect("a look"));
    deliveries.mark_done(&key, at(60), &receipt()).await.expect("a mark");
    assert!(deliveries.is_done(&key, at(59)).await.expect("a look"));
    assert!(!deliveries.is_done(&key, at(60)).await.expect("a look"));
    deliveries.mark_done(&key, at(90), &receipt()).await.expect("a mark");
    assert!(deliveries.is_done(&key, at(60)).await.expect("a look"));
}

/// Another source, another id or another body make another delivery.
pub async fn every_part_of_a_delivery_key_counts(backend: Backend) {
    let deliveries = &backend.deliveries;
    deliveries.mark_done(&key("a", "1", "x"), at(60), &receipt()).await.expect("a mark");
    for other in [key("b", "1", "x"), key("a", "2", "x"), key("a", "1", "y"), key("a1", "", "x")] {
        assert!(!deliveries.is_done(&other, at(0)).await.expect("a look"), "{other:?}");
    }
}

/// A token without an end is kept until it is forgotten.
pub async fn a_token_is_kept_until_it_ends(backend: Backend) {
    let (tokens, key) = (&backend.tokens, TokenKey("k".to_owned()));
    assert!(tokens.get(&key, at(0)).await.expect("a look").is_none());
    let token = AccessToken { token: Secret::new("t-1"), expires: Some(at(60)) };
    tokens.put(&key, &token).await.expect("a token is kept");
    let found = tokens.get(&key, at(59)).await.expect("a look").expect("a token");
    assert_eq!((found.token.expose(), found.expires), ("t-1", Some(at(60))));
    assert!(tokens.get(&key, at(60)).await.expect("a look").is_none());
    let endless = AccessToken { token: Secret::new("t-2"), expires: None };
    tokens.put(&key, &endless).await.expect("a token is kept");
    let found = tokens.get(&key, at(1_000_000)).await.expect("a look").expect("a token");
    assert_eq!((found.token.expose(), found.expires), ("t-2", None));
}

/// One of two may ask for a token, until it is done or its time is over. No one can end
/// the right of another.
pub async fn one_at_a_time_may_ask_for_a_token(backend: Backend) {
    let tokens = &backend.tokens;
    let (key, other) = (TokenKey("k".to_owned()), TokenKey("other".to_owned()));
    let (one, two) = (TokenClaim("one".to_owned()), TokenClaim("two".to_owned()));
    assert!(tokens.claim(&key, &one, at(0), at(60)).await.expect("a claim"));
    assert!(!tokens.claim(&key, &two, at(59), at(90)).await.expect("a claim"));
    assert!(tokens.claim(&other, &two, at(59), at(90)).await.expect("a claim"));
    tokens.release_claim(&key, &two).await.expect("nothing to release");
    assert!(!tokens.claim(&key, &two, at(59), at(90)).await.expect("a claim"));
    tokens.release_claim(&key, &one).await.expect("a release");
    assert!(tokens.claim(&key, &two, at(59), at(90)).await.expect("a claim"));
    // Its time is over, so releasing it has no effect.
    assert!(tokens.claim(&key, &one, at(90), at(120)).await.expect("a claim"));
    tokens.release_claim(&key, &two).await.expect("nothing to release");
    assert!(!tokens.claim(&key, &two, at(91), at(120)).await.expect("a claim"));
}

/// This holds even if the new one ends sooner: the vendor no longer knows the old one.
pub async fn a_new_token_replaces_the_old_one(backend: Backend) {
    let (tokens, key) = (&backend.tokens, TokenKey("k".to_owned()));
    let endless = AccessToken { token: Secret::new("t-1"), expires: None };
    tokens.put(&key, &endless).await.expect("a token is kept");
    let short = AccessToken { token: Secret::new("t-2"), expires: Some(at(60)) };
    tokens.put(&key, &short).await.expect("a token is kept");
    let found = tokens.get(&key, at(0)).await.expect("a look").expect("a token");
    assert_eq!((found.token.expose(), found.expires), ("t-2", Some(at(60))));
    assert!(tokens.get(&key, at(60)).await.expect("a look").is_none());
}

/// No other token is forgotten.
pub async fn a_forgotten_token_is_gone(backend: Backend) {
    let tokens = &backend.tokens;
    let (one, other) = (TokenKey("1".to_owned()), TokenKey("2".to_owned()));
    let token = AccessToken { token: Secret::new("t"), expires: None };
    tokens.put(&one, &token).await.expect("a token is kept");
    tokens.put(&other, &token).await.expect("a token is kept");
    let older = Secret::new("an older one");
    tokens.forget(&one, &older).await.expect("nothing to forget");
    assert!(tokens.get(&one, at(0)).await.expect("a look").is_some(), "another is kept by now");
    tokens.forget(&one, &token.token).await.expect("a token is forgotten");
    tokens.forget(&one, &token.token).await.expect("twice is once");
    assert!(tokens.get(&one, at(0)).await.expect("a look").is_none());
    assert!(tokens.get(&other, at(0)).await.expect("a look").is_some());
}

/// Two streams run into the same limit at different times.
pub async fn a_limit_is_never_shortened(backend: Backend) {
    let limits = &backend.limits;
    assert_eq!(limits.not_before("c", at(0)).await.expect("a look"), None);
    limits.hold("c", at(60)).await.expect("a hold");
    limits.hold("c", at(30)).await.expect("a hold");
    assert_eq!(limits.not_before("c", at(0)).await.expect("a look"), Some(at(60)));
    limits.hold("c", at(90)).await.expect("a hold");
    assert_eq!(limits.not_before("c", at(60)).await.expect("a look"), Some(at(90)));
    limits.lift("b").await.expect("nothing to take back");
    assert_eq!(limits.not_before("c", at(60)).await.expect("a look"), Some(at(90)));
    limits.lift("c").await.expect("taken back");
    assert_eq!(limits.not_before("c", at(60)).await.expect("a look"), None);
    limits.hold("c", at(70)).await.expect("a hold");
    assert_eq!(limits.not_before("c", at(60)).await.expect("a look"), Some(at(70)));
    limits.hold("c", at(90)).await.expect("a hold");
}

/// It ends exactly at its time, and does not affect other credentials.
pub async fn a_limit_ends_by_itself(backend: Backend) {
    let limits = &backend.limits;
    limits.hold("c", at(60)).await.expect("a hold");
    assert_eq!(limits.not_before("c", at(59)).await.expect("a look"), Some(at(60)));
    assert_eq!(limits.not_before("c", at(60)).await.expect("a look"), None);
    assert_eq!(limits.not_before("d", at(0)).await.expect("a look"), None);
    limits.hold("c", at(120)).await.expect("a hold");
    assert_eq!(limits.not_before("c", at(60)).await.expect("a look"), Some(at(120)));
}

/// The blob is the same, byte for byte.
pub async fn a_blob_comes_back_and_is_replaced(backend: Backend) {
    let (blobs, key) = (&backend.blobs, BlobKey("acme/page".to_owned()));
    assert_eq!(blobs.get(&key).await.expect("a look"), None);
    blobs.put(&key, Bytes::from_static(b"\x00\xff1")).await.expect("bytes are kept");
    blobs.put(&key, Bytes::from_static(b"\x00\xff2")).await.expect("bytes are kept");
    let found = blobs.get(&key).await.expect("a look").expect("bytes");
    assert_eq!(found.as_ref(), b"\x00\xff2");
}

/// Blobs can have no bytes, or more than any queue or table takes.
pub async fn blobs_may_be_empty_and_large(backend: Backend) {
    let blobs = &backend.blobs;
    let (empty, large) = (BlobKey("empty".to_owned()), BlobKey("large".to_owned()));
    let bytes: Bytes = (0..5_u32 << 20).map(|n| n.to_le_bytes()[0]).collect();
    blobs.put(&empty, Bytes::new()).await.expect("bytes are kept");
    blobs.put(&large, bytes.clone()).await.expect("bytes are kept");
    assert_eq!(blobs.get(&empty).await.expect("a look"), Some(Bytes::new()));
    assert!(blobs.get(&large).await.expect("a look") == Some(bytes), "the bytes changed");
}

/// A person can see which there are.
pub async fn blobs_are_listed_by_key_with_their_sizes(backend: Backend) {
    let blobs = &backend.blobs;
    assert!(blobs.list().await.expect("a list").is_empty());
    for (key, bytes) in [("b/page", "12"), ("a/page", ""), ("b/page", "123")] {
        let key = BlobKey(key.to_owned());
        blobs.put(&key, Bytes::from_static(bytes.as_bytes())).await.expect("bytes are kept");
    }
    let listed = blobs.list().await.expect("a list");
    let listed: Vec<_> = listed.iter().map(|blob| (blob.key.0.as_str(), blob.bytes)).collect();
    assert_eq!(listed, [("a/page", 0), ("b/page", 3)]);
}
