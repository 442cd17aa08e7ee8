//! Access tokens, kept as long as they are good.
//!
//! A token is first looked for in this process, then in the [`Tokens`] port, where
//! another process may have left it. One caller at a time asks for a new one, in
//! this process and among all that share the store; the others wait and find it.
//! Two that ask at once could each end the other's token, and with a refresh token
//! that changes they could lose the account.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use jiff::SignedDuration;
use mef_ports::moment::after;
use mef_ports::{AccessToken, Secret, TokenClaim, TokenKey, Tokens};

use super::endpoint::{Granted, learn};
use super::refresh::{self, Obtained};
use super::request::TokenRequest;
use super::stored::{StoredToken, UsableToken, is_good, stored, usable, written};
use crate::credentials::error::CredentialError;
use crate::credentials::ports::Ports;
use crate::unique_id::unique_id;

/// Longer than all tries of two token requests take, as a refresh token may need:
/// a process that asks for longer is gone.
const LONGEST_TURN: SignedDuration = SignedDuration::from_secs(240);
/// How often to look whether another process has its token.
const LOOK_EVERY: Duration = Duration::from_millis(250);
/// The longest wait for another process here. Whoever has to wait longer comes back
/// later.
const LONGEST_WAIT: Duration = Duration::from_secs(5);
const COME_BACK: SignedDuration = SignedDuration::from_secs(10);

/// What this process has of one token.
#[derive(Default)]
struct TokenState {
    token: Option<AccessToken>,
    /// A refresh token that could not be written back yet.
    unwritten: Option<Secret>,
}

impl TokenState {
    /// Takes over what another process has left.
    fn take_over(&mut self, stored: StoredToken) -> (UsableToken, u64) {
        self.token = Some(stored.written);
        (stored.usable, 0)
    }
}

type SharedState = Arc<tokio::sync::Mutex<TokenState>>;

/// The tokens of this process, each behind a lock of its own.
#[derive(Default)]
pub(crate) struct AccessTokens(Mutex<HashMap<TokenKey, SharedState>>);

impl AccessTokens {
    /// Returns a token that is good now, and how many requests it took: none if it
    /// was kept.
    pub(crate) async fn get(
        &self,
        request: &TokenRequest<'_>,
        ports: &Ports,
    ) -> Result<(UsableToken, u64), CredentialError> {
        let state = self.state(&request.key);
        let mut state = state.lock().await;
        let now = ports.clock.now();
        let good = state.token.as_ref().filter(|token| is_good(token, now));
        if let Some(token) = good.and_then(|token| usable(token, request)) {
            // The tokens of other sources may have taken its place.
            learn(&token.value, &request.auth.response.token, &ports.redactor);
            return Ok((token, 0));
        }
        if let Some(stored) = stored(request, ports).await? {
            return Ok(state.take_over(stored));
        }
        let claim = match turn(request, ports).await? {
            Turn::Ours(claim) => claim,
            Turn::Stored(stored) => return Ok(state.take_over(stored)),
        };
        let obtained = ask_and_store(request, &mut state, ports).await;
        if let Err(error) = ports.tokens.release_claim(&request.key, &claim).await {
            tracing::warn!(error = %error, "nobody else asks for the token before the claim to it ends");
        }
        match obtained? {
            Obtained::Granted(Granted { token: value, base_url, requests, .. }) => {
                Ok((UsableToken { value, base_url }, requests))
            }
            Obtained::Stored(stored) => Ok(state.take_over(stored)),
        }
    }

    /// Returns whether there is a token.
    pub(crate) async fn has(&self, key: &TokenKey) -> bool {
        self.state(key).lock().await.token.is_some()
    }

    /// Forgets a token that the vendor refused.
    pub(crate) async fn forget(
        &self,
        key: &TokenKey,
        tokens: &dyn Tokens,
    ) -> Result<(), CredentialError> {
        let state = self.state(key);
        let mut state = state.lock().await;
        match state.token.take() {
            Some(refused) => Ok(tokens.forget(key, &refused.token).await?),
            None => Ok(()),
        }
    }

    fn state(&self, key: &TokenKey) -> SharedState {
        let mut states = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        Arc::clone(states.entry(key.clone()).or_default())
    }
}

/// Asks for a token, and stores it for others before the claim to it ends.
async fn ask_and_store(
    request: &TokenRequest<'_>,
    state: &mut TokenState,
    ports: &Ports,
) -> Result<Obtained, CredentialError> {
    let obtained = refresh::ask(request, &mut state.unwritten, ports).await?;
    if let Obtained::Granted(granted) = &obtained {
        let token = state.token.insert(written(granted));
        ports.tokens.put(&request.key, token).await?;
    }
    Ok(obtained)
}

/// Whose turn it is to ask for a token.
enum Turn {
    /// This process's.
    Ours(TokenClaim),
    /// Another process had it, and left a token.
    Stored(StoredToken),
}

/// Waits until this process may ask for a token, or another one has asked.
async fn turn(request: &TokenRequest<'_>, ports: &Ports) -> Result<Turn, CredentialError> {
    let (key, tokens) = (&request.key, &ports.tokens);
    let claim = TokenClaim(unique_id()?);
    let mut waited = Duration::ZERO;
    loop {
        let now = ports.clock.now();
        let until = after(now, LONGEST_TURN);
        let is_ours = tokens.claim(key, &claim, now, until).await?;
        // Whoever had the turn before may have left a token.
        let stored = stored(request, ports).await;
        if is_ours && matches!(stored, Ok(None)) {
            return Ok(Turn::Ours(claim));
        }
        if is_ours {
            tokens.release_claim(key, &claim).await?;
        }
        if let Some(stored) = stored? {
            return Ok(Turn::Stored(stored));
        }
        if waited >= LONGEST_WAIT {
            let until = after(now, COME_BACK);
            return Err(CredentialError::Limited { until });
        }
        ports.clock.sleep(LOOK_EVERY).await;
        waited += LOOK_EVERY;
    }
}
