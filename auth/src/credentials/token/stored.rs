//! How an access token is kept, and which kept one is still good.

use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use mef_ports::{AccessToken, Secret};
use serde_json::{Value, json};
use url::Url;

use super::endpoint::{Granted, learn};
use super::request::TokenRequest;
use crate::credentials::error::CredentialError;
use crate::credentials::ports::Ports;

/// How long before its end a token is no longer used, so that it does not end
/// under way. Of a shorter life, a tenth.
const SPARED: Duration = Duration::from_secs(60);

/// A token, and where it may be sent.
pub(crate) struct UsableToken {
    pub(crate) value: Secret,
    /// The only base URL that it is for, if it is not for the source's own.
    pub(crate) base_url: Option<Url>,
}

/// A token that another process left in the store.
pub(crate) struct StoredToken {
    /// As it was stored.
    pub(crate) written: AccessToken,
    pub(crate) usable: UsableToken,
}

/// Finds the token that another process has left, if it is good. The redactor
/// learns it.
pub(crate) async fn stored(
    request: &TokenRequest<'_>,
    ports: &Ports,
) -> Result<Option<StoredToken>, CredentialError> {
    let now = ports.clock.now();
    let written = ports.tokens.get(&request.key, now).await?;
    let Some(written) = written.filter(|written| is_good(written, now)) else { return Ok(None) };
    let Some(usable) = usable(&written, request) else { return Ok(None) };
    ports.redactor.learn(&written.token);
    learn(&usable.value, &request.auth.response.token, &ports.redactor);
    Ok(Some(StoredToken { written, usable }))
}

/// Returns whether a token is still used.
pub(crate) fn is_good(token: &AccessToken, now: Timestamp) -> bool {
    token.expires.is_none_or(|expires| now < expires)
}

/// Writes a token for the store, with the moment from which it is no longer used.
/// One without a life is used until the vendor refuses it.
pub(crate) fn written(granted: &Granted) -> AccessToken {
    let expires = granted.life.map(|life| {
        let used = life.saturating_sub(SPARED.min(life / 10));
        SignedDuration::try_from(used)
            .ok()
            .and_then(|used| granted.asked_at.checked_add(used).ok())
            .unwrap_or(Timestamp::MAX)
    });
    let token = match &granted.base_url {
        None => granted.token.clone(),
        Some(base) => {
            let both = json!({ "token": granted.token.expose(), "base_url": base.as_str() });
            Secret::new(both.to_string())
        }
    };
    AccessToken { token, expires }
}

/// Reads a token as [`written()`] wrote it; `None` if that was for an earlier
/// version of the file.
pub(crate) fn usable(written: &AccessToken, request: &TokenRequest<'_>) -> Option<UsableToken> {
    if request.auth.response.base_url.is_none() {
        return Some(UsableToken { value: written.token.clone(), base_url: None });
    }
    let both: Value = serde_json::from_str(written.token.expose()).ok()?;
    let text = |name: &str| both.get(name).and_then(Value::as_str);
    Some(UsableToken {
        value: Secret::new(text("token")?),
        base_url: Some(Url::parse(text("base_url")?).ok()?),
    })
}
