//! The secrets and keys that are live while one request is judged.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

use jiff::Timestamp;
use mef_ports::Secret;
use mef_source::checked::SecretUse;
use url::Url;

use super::certificate::Certificate;
use super::jwk::JwkSet;
use super::published::{KeyDocument, KeySource, Keys};
use crate::verify::denied::Denied;

/// The live values of a source's secrets, by name, and the keys that its vendor
/// publishes, by their URL.
///
/// `Debug` shows the names only.
#[derive(Clone, Default)]
pub struct LiveSecrets {
    secrets: BTreeMap<String, Vec<Secret>>,
    keys: BTreeMap<Url, Arc<KeyDocument>>,
}

impl LiveSecrets {
    /// Adds a value of the secret `name`. There is more than one while a secret is
    /// being changed.
    pub fn insert(&mut self, name: impl Into<String>, secret: Secret) {
        self.secrets.entry(name.into()).or_default().push(secret);
    }

    /// Returns the values of the secret `name`; empty if it is not there.
    pub fn get(&self, name: &str) -> &[Secret] {
        self.secrets.get(name).map_or(&[], Vec::as_slice)
    }

    /// Adds the keys that are published at `source`.
    pub fn insert_keys(&mut self, source: &KeySource, document: Arc<KeyDocument>) {
        self.keys.insert(source.url.clone(), document);
    }

    /// Returns the key set that is published at `url`.
    ///
    /// # Errors
    ///
    /// Fails if the caller did not bring it.
    pub(crate) fn jwks(&self, url: &Url) -> Result<&JwkSet, Denied> {
        match self.keys.get(url).map(|document| &document.0) {
            Some(Keys::Jwks(set)) => Ok(set),
            _ => Err(missing(url)),
        }
    }

    /// Returns the certificate that is published at `url`.
    ///
    /// # Errors
    ///
    /// Fails if the caller did not bring it.
    pub(crate) fn certificate(&self, url: &Url) -> Result<&Certificate, Denied> {
        match self.keys.get(url).map(|document| &document.0) {
            Some(Keys::Certificate(certificate)) => Ok(certificate),
            _ => Err(missing(url)),
        }
    }

    /// Returns the values of a check's secrets that count at `now`, each with its
    /// secret's name.
    ///
    /// A secret past its `not_after` is not even looked up, so that it may be
    /// deleted from the store before the file forgets it. One that counts and is
    /// not there denies every request, even if another would match: half a
    /// configuration is a mistake that must show.
    pub(crate) fn live<'s>(
        &'s self,
        uses: &'s [SecretUse],
        now: Timestamp,
    ) -> Result<Vec<(&'s str, &'s Secret)>, Denied> {
        let mut live = Vec::new();
        for used in uses {
            if used.not_after.is_some_and(|not_after| not_after < now) {
                continue;
            }
            let name = || used.name.clone();
            let values = self.get(&used.name);
            if values.is_empty() {
                return Err(Denied::SecretMissing(name()));
            }
            for value in values {
                if value.expose().is_empty() {
                    return Err(Denied::SecretEmpty(name()));
                }
                live.push((used.name.as_str(), value));
            }
        }
        if live.is_empty() {
            let secrets = uses.iter().map(|used| used.name.clone()).collect();
            return Err(Denied::NoLiveSecret(secrets));
        }
        Ok(live)
    }
}

fn missing(url: &Url) -> Denied {
    Denied::KeysMissing(url.host_str().unwrap_or_default().to_owned())
}

/// Returns the names of `live` secrets or keys, each once.
pub(crate) fn names<K>(live: &[(&str, K)]) -> Vec<String> {
    let mut names: Vec<_> = live.iter().map(|(name, _)| (*name).to_owned()).collect();
    names.dedup();
    names
}

impl FromIterator<(String, Secret)> for LiveSecrets {
    fn from_iter<I: IntoIterator<Item = (String, Secret)>>(secrets: I) -> LiveSecrets {
        let mut live = LiveSecrets::default();
        secrets.into_iter().for_each(|(name, secret)| live.insert(name, secret));
        live
    }
}

impl fmt::Debug for LiveSecrets {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.secrets.keys()).finish()
    }
}
