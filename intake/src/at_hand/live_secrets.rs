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

/// The live values that could be read.
#[derive(Default)]
pub(crate) struct ReadSecrets {
    pub(crate) live: LiveSecrets,
    /// Why the first that is missing is missing: it is not set, or the store is away. A check that does
    /// not need it may still let a request through.
    pub(crate) missing: Option<SecretsError>,
}

/// Reads the live values of secrets.
pub(crate) async fn read(
    secrets: &dyn Secrets,
    references: &[SecretRef],
    now: Timestamp,
) -> ReadSecrets {
    let mut read = ReadSecrets::default();
    for reference in references {
        match secrets.live(reference, now).await {
            Ok(versions) => versions
                .into_iter()
                .for_each(|version| read.live.insert(reference.name.clone(), version.value)),
            Err(error) => {
                read.missing.get_or_insert(error);
            }
        }
    }
    read
}
