//! Access tokens, kept as long as they are good.
//!
//! A token is first looked for in this process, then in the [`Tokens`] port,
//! where another process may have left it. One caller at a time asks for a new
//! one; the others wait and find it.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use aws_lc_rs::digest::{SHA256, digest};
use aws_lc_rs::hmac;
use jiff::{SignedDuration, Timestamp};
use mef_ports::{AccessToken, Clock, Http, Secret, TokenKey, Tokens};
use mef_source::checked::ClientAuth;

use super::error::CredentialError;
use super::token_endpoint::{self, Granted, TokenRequest};
use crate::Redactor;

/// How long before its end a token is no longer used, so that it does not end
/// under way; of a shorter life, a tenth.
const SPARED: Duration = Duration::from_secs(60);

type Slot = Arc<tokio::sync::Mutex<Option<AccessToken>>>;

/// The tokens of this process, each behind a lock of its own.
#[derive(Default)]
pub(super) struct AccessTokens(Mutex<HashMap<TokenKey, Slot>>);

/// What a token is had from.
pub(super) struct TokenPorts<'p> {
    pub(super) http: &'p dyn Http,
    pub(super) tokens: &'p dyn Tokens,
    pub(super) clock: &'p dyn Clock,
    pub(super) redactor: &'p Redactor,
}

impl AccessTokens {
    /// A token that is good now, and how many requests it took: none if it was
    /// kept.
    pub(super) async fn get(
        &self,
        key: &TokenKey,
        request: &TokenRequest<'_>,
        ports: &TokenPorts<'_>,
    ) -> Result<(Secret, u64), CredentialError> {
        let slot = self.slot(key);
        let mut held = slot.lock().await;
        let now = ports.clock.now();
        if let Some(kept) = held.as_ref().filter(|kept| is_good(kept, now)) {
            return Ok((kept.token.clone(), 0));
        }
        if let Some(kept) = ports.tokens.get(key, now).await?.filter(|kept| is_good(kept, now)) {
            ports.redactor.learn(&kept.token);
            let token = kept.token.clone();
            *held = Some(kept);
            return Ok((token, 0));
        }
        let granted = token_endpoint::ask(request, ports.http, ports.clock, ports.redactor).await?;
        let requests = granted.requests;
        let kept = held.insert(to_keep(granted));
        ports.tokens.put(key, kept).await?;
        Ok((kept.token.clone(), requests))
    }

    /// Forgets a token that the vendor refused.
    pub(super) async fn forget(
        &self,
        key: &TokenKey,
        tokens: &dyn Tokens,
    ) -> Result<(), CredentialError> {
        let slot = self.slot(key);
        let mut held = slot.lock().await;
        *held = None;
        Ok(tokens.forget(key).await?)
    }

    fn slot(&self, key: &TokenKey) -> Slot {
        let mut slots = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        Arc::clone(slots.entry(key.clone()).or_default())
    }
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
    AccessToken { token: granted.token, expires }
}

/// Names the token by all that it is asked for with, the client's secret among
/// it by a keyed digest: a changed secret or scope never finds the old token.
pub(super) fn key(source: &str, request: &TokenRequest<'_>) -> TokenKey {
    let client_auth = match request.client_auth {
        ClientAuth::Basic => "basic",
        ClientAuth::Body => "body",
    };
    let mut framed = Vec::new();
    // Each field with its length before it, each list with its count, so that
    // nothing can move from one field into the next.
    let mut add = |field: &str| {
        framed.extend_from_slice(&field.len().to_be_bytes());
        framed.extend_from_slice(field.as_bytes());
    };
    add(source);
    add(request.url.as_str());
    add(request.client_id.expose());
    add(client_auth);
    add(&request.scopes.len().to_string());
    request.scopes.iter().for_each(|scope| add(scope));
    for (name, value) in &request.params {
        add(name);
        add(value.expose());
    }
    let secret = hmac::Key::new(hmac::HMAC_SHA256, request.client_secret.expose().as_bytes());
    let keyed = hmac::sign(&secret, &framed);
    framed.extend_from_slice(keyed.as_ref());
    TokenKey(hex::encode(digest(&SHA256, &framed)))
}
