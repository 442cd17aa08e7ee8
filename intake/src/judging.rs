//! Judges a request by the secrets and keys that are at hand, and once more with fresh ones.

use std::sync::Arc;

use jiff::Timestamp;
use mef_auth::verify::{Denied, LiveSecrets};
use mef_ports::{SecretRef, Secrets};

use crate::at_hand::key_cache::KeyCache;
use crate::at_hand::live_secrets::{ReadSecrets, read};
use crate::at_hand::published_keys::PublishedKeys;
use crate::verdict::Verdict;

/// Judges by the live values of `references` and by `keys`. Judges a second time if outdated ones may be
/// why the request was denied, and there are newer ones.
///
/// A request that passes is authentic, whatever was missing for other checks. Of one that is denied nobody
/// knows whether it is, if something was.
pub(crate) async fn judge<T, J: Future<Output = Result<T, Denied>>>(
    secrets: &dyn Secrets,
    cache: &KeyCache,
    references: &[SecretRef],
    mut keys: PublishedKeys,
    now: Timestamp,
    verify: impl Fn(Arc<LiveSecrets>) -> J,
) -> Result<T, Verdict> {
    let ReadSecrets { mut live, mut missing } = read(secrets, references, now).await;
    keys.add_to(&mut live);
    let mut judged = verify(Arc::new(live)).await;
    if let Err(denied) = &judged {
        // Each alternative may need its own, so both are asked.
        let has_secrets = denied.depends_on_secret() && secrets.refresh(references, now).await;
        let has_keys = denied.depends_on_keys() && keys.renew(cache).await;
        if has_secrets || has_keys {
            let mut again = read(secrets, references, now).await;
            keys.add_to(&mut again.live);
            missing = again.missing;
            judged = verify(Arc::new(again.live)).await;
        }
    }
    judged.map_err(|denied| match (missing, keys.missing()) {
        (Some(error), _) => Verdict::Secrets(error),
        (None, Some(error)) if denied.lacks_keys() => Verdict::Keys(error),
        _ => Verdict::of(denied),
    })
}
