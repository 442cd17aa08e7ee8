//! From a secret's name to the bytes that sign.

use aws_lc_rs::hmac;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD_PAD_INDIFFERENT;
use jiff::Timestamp;
use mef_ports::Secret;
use mef_source::checked::{Hash, Key, KeyEncoding, SecretUse};

use crate::verify::LiveSecrets;
use crate::verify::told::denied::Denied;

/// The values of a check's secrets that count at `now`, each with its secret's
/// name.
///
/// A secret past its `not_after` is not even looked up, so that it may be
/// deleted from the store before the file forgets it. One that counts and is
/// not there denies every request, even if another would match: half a
/// configuration is a mistake that must show.
pub(crate) fn live<'s>(
    uses: &'s [SecretUse],
    secrets: &'s LiveSecrets,
    now: Timestamp,
) -> Result<Vec<(&'s str, &'s Secret)>, Denied> {
    let mut live = Vec::new();
    for used in uses {
        if used.not_after.is_some_and(|not_after| not_after < now) {
            continue;
        }
        let name = || used.name.clone();
        let values = secrets.get(&used.name);
        if values.is_empty() {
            return Err(Denied::SecretMissing { name: name() });
        }
        for value in values {
            if value.expose().is_empty() {
                return Err(Denied::SecretEmpty { name: name() });
            }
            live.push((used.name.as_str(), value));
        }
    }
    if live.is_empty() {
        let secrets = uses.iter().map(|used| used.name.clone()).collect();
        return Err(Denied::NoLiveSecret { secrets });
    }
    Ok(live)
}

/// The names of `live` secrets, each once.
pub(crate) fn names(live: &[(&str, &Secret)]) -> Vec<String> {
    let mut names: Vec<_> = live.iter().map(|(name, _)| (*name).to_owned()).collect();
    names.dedup();
    names
}

/// A secret's text without its prefix.
///
/// The prefix is taken off where it is there: a vendor's console shows it, an
/// operator may have left it out.
pub(crate) fn without_prefix<'s>(secret: &'s Secret, written: &Key) -> &'s str {
    let text = secret.expose();
    let prefix = written.strip_prefix.as_deref();
    prefix.and_then(|prefix| text.strip_prefix(prefix)).unwrap_or(text)
}

/// The key that the secret `name` stands for.
pub(crate) fn key(
    name: &str,
    secret: &Secret,
    written: &Key,
    hash: Hash,
) -> Result<hmac::Key, Denied> {
    let text = without_prefix(secret, written);
    let malformed = || Denied::KeyMalformed { name: name.to_owned(), encoding: written.encoding };
    let bytes = match written.encoding {
        KeyEncoding::Utf8 => text.as_bytes().to_vec(),
        KeyEncoding::Base64 => STANDARD_PAD_INDIFFERENT.decode(text).map_err(|_| malformed())?,
        KeyEncoding::Hex => hex::decode(text).map_err(|_| malformed())?,
    };
    if bytes.is_empty() {
        return Err(Denied::SecretEmpty { name: name.to_owned() });
    }
    let algorithm = match hash {
        Hash::Sha1 => hmac::HMAC_SHA1_FOR_LEGACY_USE_ONLY,
        Hash::Sha256 => hmac::HMAC_SHA256,
        Hash::Sha512 => hmac::HMAC_SHA512,
    };
    Ok(hmac::Key::new(algorithm, &bytes))
}
