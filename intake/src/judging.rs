//! Judges a request by the secrets and keys that are at hand, and once more with fresh ones.

use jiff::Timestamp;
use mef_auth::verify::{Denied, LiveSecrets};
use mef_ports::{SecretRef, Secrets};

use crate::key_cache::KeyCache;
use crate::live_secrets::read;
use crate::published_keys::PublishedKeys;
use crate::verdict::Verdict;

/// Judges by the live values of `references` and by `keys`. Judges a second time if outdated ones may be
/// why the request was denied, and there are newer ones.
pub(crate) async fn judge<T>(
    secrets: &dyn Secrets,
    cache: &KeyCache,
    references: &[SecretRef],
    mut keys: PublishedKeys,
    now: Timestamp,
    verify: impl Fn(&LiveSecrets) -> Result<T, Denied>,
) -> Result<T, Verdict> {
    let mut live = read(secrets, references, now).await.map_err(Verdict::Secrets)?;
    keys.add_to(&mut live);
    let mut judged = verify(&live);
    if let Err(denied) = &judged {
        // Each alternative may need its own, so both are asked.
        let has_secrets = denied.depends_on_secret() && secrets.refresh(references, now).await;
        let has_keys = denied.depends_on_keys() && keys.renew(cache).await;
        if has_secrets || has_keys {
            live = read(secrets, references, now).await.map_err(Verdict::Secrets)?;
            keys.add_to(&mut live);
            judged = verify(&live);
        }
    }
    judged.map_err(|denied| match keys.missing() {
        Some(error) if denied.lacks_keys() => Verdict::Keys(error),
        _ => Verdict::Denied(denied),
    })
}
