//! The secrets that a source's checks may use at one moment.

use std::collections::BTreeSet;

use jiff::Timestamp;
use mef_auth::verify::LiveSecrets;
use mef_ports::{SecretRef, Secrets, SecretsError};
use mef_source::checked::{Check, Webhook};

/// The secrets of the single checks that `wanted` picks and that count at `now`, each
/// once. A retired one is not asked for, so that it may be deleted before the
/// source file forgets it.
pub(crate) fn references(
    source: &str,
    webhook: &Webhook,
    wanted: impl Fn(&Check) -> bool,
    now: Timestamp,
) -> Vec<SecretRef> {
    let names: BTreeSet<_> = webhook
        .single_checks()
        .filter(|check| wanted(check))
        .flat_map(Check::secrets)
        .filter(|used| used.not_after.is_none_or(|not_after| not_after >= now))
        .map(|used| used.name.clone())
        .collect();
    names.into_iter().map(|name| SecretRef { source: source.to_owned(), name }).collect()
}

/// Their live values.
///
/// # Errors
///
/// When one is not set, or the store is out of reach.
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
