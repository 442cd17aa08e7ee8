//! The behaviour of secrets that every backend can promise: not how soon a change is seen,
//! nor how versions are named.
#![expect(clippy::expect_used, reason = "a test fails by panicking")]

use super::{Backend, at_once};
use crate::{Secret, SecretRef, SecretsError};

fn reference(source: &str, name: &str) -> SecretRef {
    SecretRef { source: source.to_owned(), name: name.to_owned() }
}

/// It is not mixed up with other secrets.
pub async fn a_secret_comes_back_as_it_was_set(backend: Backend) {
    let values = [
        (reference("okta", "api_token"), "00aB-c_D=e+f/g=="),
        (reference("okta", "signing-key"), "it's a \"key\" # with spaces, ümlauts"),
        (reference("github", "api_token"), "another"),
    ];
    for (reference, value) in &values {
        backend.vault.keep(reference, value).await;
    }
    for (reference, value) in &values {
        let found = backend.secrets.get(reference).await.expect("it is set");
        assert_eq!(found.value.expose(), *value, "{reference}");
    }
}

/// The error names the secret and says what to do.
pub async fn a_secret_that_is_not_set_is_missing(backend: Backend) {
    backend.vault.keep(&reference("okta", "api_token"), "value").await;
    for missing in [reference("okta", "other"), reference("other", "api_token")] {
        let found = backend.secrets.get(&missing).await;
        assert!(
            matches!(&found, Err(SecretsError::Missing { reference, hint })
                if *reference == missing && !hint.is_empty()),
            "{missing}: {found:?}"
        );
    }
}

/// Anybody could make a signature with an empty key.
pub async fn an_empty_secret_is_missing(backend: Backend) {
    let empty = reference("okta", "api_token");
    backend.vault.keep(&empty, "").await;
    let found = backend.secrets.get(&empty).await;
    assert!(matches!(found, Err(SecretsError::Missing { .. })), "{found:?}");
}

/// This includes the name of its version, which is logged.
pub async fn nothing_that_can_be_printed_tells_the_value(backend: Backend) {
    let (reference, value) = (reference("okta", "api_token"), "s3cr3t-value");
    backend.vault.keep(&reference, value).await;
    let found = backend.secrets.get(&reference).await.expect("it is set");
    assert!(!format!("{found:?}").contains(value));
    assert!(!found.version.is_empty());
}

/// A secret that is there stays.
pub async fn a_secret_is_stored_where_there_is_none(backend: Backend) {
    let (kept, set) = (reference("asana", "webhook_secret"), reference("okta", "api_token"));
    backend.vault.keep(&set, "set").await;
    let put = async |reference: &SecretRef, value: &str| {
        let stored = backend.secrets.put_if_absent(reference, &Secret::new(value)).await;
        stored.expect("the store is there")
    };
    assert!(put(&kept, "first/+=._~").await);
    assert!(!put(&kept, "second").await);
    assert!(!put(&set, "other").await);
    for (reference, value) in [(&kept, "first/+=._~"), (&set, "set")] {
        let found = backend.secrets.get(reference).await.expect("it is stored");
        assert_eq!(found.value.expose(), value, "{reference}");
    }
}

/// This takes effect at once, even if it was read before, and changes no other secret.
pub async fn a_secret_that_is_replaced_is_the_new_one(backend: Backend) {
    let (rotated, beside) = (reference("box", "refresh_token"), reference("okta", "api_token"));
    let absent = reference("xero", "refresh_token");
    backend.vault.keep(&rotated, "first").await;
    backend.vault.keep(&beside, "stays").await;
    for value in ["second/+=._~", "third # 'of' three", "fourth"] {
        backend.secrets.get(&rotated).await.expect("it is set");
        backend.secrets.replace(&rotated, &Secret::new(value)).await.expect("it can be stored");
        let found = backend.secrets.get(&rotated).await.expect("it is stored");
        assert_eq!(found.value.expose(), value);
    }
    backend.secrets.replace(&absent, &Secret::new("new")).await.expect("it can be stored");
    for (reference, value) in [(&beside, "stays"), (&absent, "new")] {
        let found = backend.secrets.get(reference).await.expect("it is stored");
        assert_eq!(found.value.expose(), value, "{reference}");
    }
}

/// It is the one whose call returned that it was stored.
pub async fn of_secrets_stored_at_once_one_is_kept(backend: Backend) {
    let reference = reference("asana", "webhook_secret");
    let values: Vec<_> = (0..8).map(|number| Secret::new(format!("value-{number}"))).collect();
    let puts = values.iter().map(|value| backend.secrets.put_if_absent(&reference, value));
    let stored = at_once(puts.collect()).await;
    let stored: Vec<_> = stored.into_iter().map(|stored| stored.expect("it is there")).collect();
    assert_eq!(stored.iter().filter(|stored| **stored).count(), 1, "{stored:?}");
    let found = backend.secrets.get(&reference).await.expect("it is stored");
    let kept: Vec<_> = values.iter().map(|value| value.expose() == found.value.expose()).collect();
    assert_eq!(kept, stored);
}
