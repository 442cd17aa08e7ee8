//! The secrets that a source's checks may use at a given moment.

use std::collections::BTreeSet;

use jiff::Timestamp;
use mef_auth::verify::LiveSecrets;
use mef_ports::{SecretRef, Secrets, SecretsError};
use mef_source::checked::{Check, SecretUse, Webhook};

/// Returns the secrets of the checks that `wanted` picks, each once, without those retired before `now`:
/// a retired secret may be deleted before the source file drops it.
pub(crate) fn references(
    source: &str,
    webhook: &Webhook,
    wanted: impl Fn(&Check) -> bool,
    now: Timestamp,
) -> Vec<SecretRef> {
    let checks = webhook.single_checks().filter(|check| wanted(check));
    references_of(source, checks.flat_map(Check::secrets), now)
}

/// Returns the secrets of `used`, each once, without those retired before `now`.
pub(crate) fn references_of<'u>(
    source: &str,
    used: impl IntoIterator<Item = &'u SecretUse>,
    now: Timestamp,
) -> Vec<SecretRef> {
    let names: BTreeSet<_> = used
        .into_iter()
        .filter(|used| used.not_after.is_none_or(|not_after| not_after >= now))
        .map(|used| used.name.clone())
        .collect();
    names.into_iter().map(|name| SecretRef { source: source.to_owned(), name }).collect()
}

/// Reads the live values of secrets.
///
/// # Errors
///
/// Fails if one is not set, or the store is away.
pub(crate) async fn read(
    secrets: &dyn Secrets,
    references: &[SecretRef],
    now: Timestamp,
) -> Result<LiveSecrets, SecretsError> {
    let mut live = LiveSecrets::default();
    for reference in references {
        for version in secrets.live(reference, now).await? {
            live.insert(reference.name.clone(), version.value);
        }
    }
    Ok(live)
}
