//! Access tokens, kept as long as they are good.
//!
//! A token is first looked for in this process, then in the [`Tokens`] port,
//! where another process may have left it. One caller at a time asks for a new
//! one; the others wait and find it.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use mef_ports::{AccessToken, Clock, Http, Secret, Secrets, TokenKey, Tokens};
use serde_json::{Value, json};
use url::Url;

use super::error::CredentialError;
use super::refresh::{self, Asked};
use super::token_endpoint::Granted;
use super::token_request::TokenRequest;
use crate::Redactor;

/// How long before its end a token is no longer used, so that it does not end
/// under way; of a shorter life, a tenth.
const SPARED: Duration = Duration::from_secs(60);

/// What is held of one token, by whoever has the lock.
#[derive(Default)]
pub(super) struct Held {
    token: Option<AccessToken>,
    /// A refresh token that could not be written back yet.
    pub(super) unwritten: Option<Secret>,
}

type Slot = Arc<tokio::sync::Mutex<Held>>;

/// The tokens of this process, each behind a lock of its own.
#[derive(Default)]
pub(super) struct AccessTokens(Mutex<HashMap<TokenKey, Slot>>);

/// What a token is had from.
pub(super) struct TokenPorts<'p> {
    pub(super) http: &'p dyn Http,
    pub(super) tokens: &'p dyn Tokens,
    pub(super) secrets: &'p dyn Secrets,
    pub(super) clock: &'p dyn Clock,
    pub(super) redactor: &'p Redactor,
}

/// A token, and where it is for.
pub(super) struct Session {
    pub(super) token: Secret,
    pub(super) base_url: Option<Url>,
}

impl AccessTokens {
    /// A token that is good now, and how many requests it took: none if it was
    /// kept.
    pub(super) async fn get(
        &self,
        request: &TokenRequest<'_>,
        ports: &TokenPorts<'_>,
    ) -> Result<(Session, u64), CredentialError> {
        let slot = self.slot(&request.key);
        let mut held = slot.lock().await;
        let with_base = request.auth.answer.base_url.is_some();
        let now = ports.clock.now();
        let good = held.token.as_ref().filter(|kept| is_good(kept, now));
        if let Some(session) = good.and_then(|kept| unpack(&kept.token, with_base)) {
            return Ok((session, 0));
        }
        if let Some(kept) = kept(request, ports).await?
            && let Some(session) = unpack(&kept.token, with_base)
        {
            ports.redactor.learn(&session.token);
            held.token = Some(kept);
            return Ok((session, 0));
        }
        let granted = match refresh::ask(request, &mut held, ports).await? {
            Asked::Granted(granted) => granted,
            Asked::Kept(kept) => {
                let session = unpack(&kept.token, with_base);
                let session =
                    session.ok_or_else(|| super::render::error("the token", "is lost"))?;
                held.token = Some(kept);
                return Ok((session, 0));
            }
        };
        let requests = granted.requests;
        let session = Session { token: granted.token.clone(), base_url: granted.base_url.clone() };
        let kept = held.token.insert(to_keep(granted));
        ports.tokens.put(&request.key, kept).await?;
        Ok((session, requests))
    }

    /// Forgets a token that the vendor refused.
    pub(super) async fn forget(
        &self,
        key: &TokenKey,
        tokens: &dyn Tokens,
    ) -> Result<(), CredentialError> {
        let slot = self.slot(key);
        let mut held = slot.lock().await;
        held.token = None;
        Ok(tokens.forget(key).await?)
    }

    fn slot(&self, key: &TokenKey) -> Slot {
        let mut slots = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        Arc::clone(slots.entry(key.clone()).or_default())
    }
}

/// The token that another process has left, if it is good.
pub(super) async fn kept(
    request: &TokenRequest<'_>,
    ports: &TokenPorts<'_>,
) -> Result<Option<AccessToken>, CredentialError> {
    let now = ports.clock.now();
    let kept = ports.tokens.get(&request.key, now).await?.filter(|kept| is_good(kept, now));
    kept.iter().for_each(|kept| ports.redactor.learn(&kept.token));
    Ok(kept)
}

fn is_good(token: &AccessToken, now: Timestamp) -> bool {
    token.expires.is_none_or(|expires| now < expires)
}

/// The token with the moment from which it is no longer used. One without a
/// life is used until the vendor refuses it.
fn to_keep(granted: Granted) -> AccessToken {
    let expires = granted.life.map(|life| {
        let used = life.saturating_sub(SPARED.min(life / 10));
        SignedDuration::try_from(used)
            .ok()
            .and_then(|used| granted.asked_at.checked_add(used).ok())
            .unwrap_or(Timestamp::MAX)
    });
    let token = match granted.base_url {
        None => granted.token,
        Some(base) => {
            let both = json!({ "token": granted.token.expose(), "base_url": base.as_str() });
            Secret::new(both.to_string())
        }
    };
    AccessToken { token, expires }
}

/// A token as it was kept; nothing if it is of an earlier version of the file.
fn unpack(kept: &Secret, with_base: bool) -> Option<Session> {
    if !with_base {
        return Some(Session { token: kept.clone(), base_url: None });
    }
    let both: Value = serde_json::from_str(kept.expose()).ok()?;
    let text = |name: &str| both.get(name).and_then(Value::as_str);
    Some(Session {
        token: Secret::new(text("token")?),
        base_url: Some(Url::parse(text("base_url")?).ok()?),
    })
}
