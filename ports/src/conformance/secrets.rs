//! What secrets promise, where every backend can: not how soon a change is
//! seen, nor how versions are named.
#![expect(clippy::expect_used, reason = "a test fails by panicking")]

use super::Backend;
use crate::{SecretRef, SecretsError};

fn reference(source: &str, name: &str) -> SecretRef {
    SecretRef { source: source.to_owned(), name: name.to_owned() }
}

/// And is told from the secrets beside it.
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

/// It says which, and what to do.
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

/// A signature under an empty key is one that everybody can make.
pub async fn an_empty_secret_is_missing(backend: Backend) {
    let empty = reference("okta", "api_token");
    backend.vault.keep(&empty, "").await;
    let found = backend.secrets.get(&empty).await;
    assert!(matches!(found, Err(SecretsError::Missing { .. })), "{found:?}");
}

/// Not even the name of its version, which goes to logs.
pub async fn nothing_that_can_be_printed_tells_the_value(backend: Backend) {
    let (reference, value) = (reference("okta", "api_token"), "s3cr3t-value");
    backend.vault.keep(&reference, value).await;
    let found = backend.secrets.get(&reference).await.expect("it is set");
    assert!(!format!("{found:?}").contains(value));
    assert!(!found.version.is_empty());
}
