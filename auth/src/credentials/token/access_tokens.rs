//! Access tokens, kept as long as they are good.
//!
//! A token is first looked for in this process, then in the [`Tokens`] port,
//! where another process may have left it. One caller at a time asks for a new
//! one, in this process and among all that share the store; the others wait and
//! find it. Two who ask at once may each end the other's token, and with a
//! refresh token that changes they could lose the account.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use mef_ports::{AccessToken, Clock, Http, Secret, Secrets, TokenClaim, TokenKey, Tokens};
use serde_json::{Value, json};
use url::Url;

use super::endpoint::{Granted, learn};
use super::refresh::{self, Asked};
use super::request::TokenRequest;
use crate::Redactor;
use crate::credentials::error::CredentialError;
use crate::credentials::nonce;

/// How long before its end a token is no longer used, so that it does not end
/// under way; of a shorter life, a tenth.
const SPARED: Duration = Duration::from_secs(60);
/// Longer than all tries of two token requests take, as a refresh token may
/// need: who asks for longer is gone.
const LONGEST_TURN: SignedDuration = SignedDuration::from_secs(240);
/// How often to look whether another process has its token.
const LOOK_EVERY: Duration = Duration::from_millis(250);
/// The longest wait for another process here; who has to wait longer comes back
/// later.
const LONGEST_WAIT: Duration = Duration::from_secs(5);
const COME_BACK: SignedDuration = SignedDuration::from_secs(10);

/// What is held of one token, by whoever has the lock.
#[derive(Default)]
pub(crate) struct Held {
    token: Option<AccessToken>,
    /// A refresh token that could not be written back yet.
    pub(crate) unwritten: Option<Secret>,
}

impl Held {
    /// Takes over what another process has left.
    fn keep(&mut self, kept: Kept) -> (Session, u64) {
        self.token = Some(kept.token);
        (kept.session, 0)
    }
}

type Slot = Arc<tokio::sync::Mutex<Held>>;

/// The tokens of this process, each behind a lock of its own.
#[derive(Default)]
pub(crate) struct AccessTokens(Mutex<HashMap<TokenKey, Slot>>);

/// What a token is had from.
pub(crate) struct TokenPorts<'p> {
    pub(crate) http: &'p dyn Http,
    pub(crate) tokens: &'p dyn Tokens,
    pub(crate) secrets: &'p dyn Secrets,
    pub(crate) clock: &'p dyn Clock,
    pub(crate) redactor: &'p Redactor,
}

/// A token, and where it is for.
pub(crate) struct Session {
    pub(crate) token: Secret,
    pub(crate) base_url: Option<Url>,
}

/// A token that another process has left.
pub(crate) struct Kept {
    /// As it was kept.
    token: AccessToken,
    session: Session,
}

impl AccessTokens {
    /// A token that is good now, and how many requests it took: none if it was
    /// kept.
    pub(crate) async fn get(
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
        if let Some(kept) = kept(request, ports).await? {
            return Ok(held.keep(kept));
        }
        let claim = match turn(request, ports).await? {
            Turn::Ours(claim) => claim,
            Turn::Kept(kept) => return Ok(held.keep(kept)),
        };
        let asked = ask_and_keep(request, &mut held, ports).await;
        if let Err(error) = ports.tokens.release_claim(&request.key, &claim).await {
            tracing::warn!(error = %error, "nobody else asks for the token before the claim to it ends");
        }
        match asked? {
            Asked::Granted(granted) => {
                let Granted { token, base_url, requests, .. } = granted;
                Ok((Session { token, base_url }, requests))
            }
            Asked::Kept(kept) => Ok(held.keep(kept)),
        }
    }

    /// Forgets a token that the vendor refused.
    pub(crate) async fn forget(
        &self,
        key: &TokenKey,
        tokens: &dyn Tokens,
    ) -> Result<(), CredentialError> {
        let slot = self.slot(key);
        let mut held = slot.lock().await;
        match held.token.take() {
            Some(refused) => Ok(tokens.forget(key, &refused.token).await?),
            None => Ok(()),
        }
    }

    fn slot(&self, key: &TokenKey) -> Slot {
        let mut slots = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        Arc::clone(slots.entry(key.clone()).or_default())
    }
}

/// Asks for a token, and keeps it for others before the claim to it ends.
async fn ask_and_keep(
    request: &TokenRequest<'_>,
    held: &mut Held,
    ports: &TokenPorts<'_>,
) -> Result<Asked, CredentialError> {
    let asked = refresh::ask(request, held, ports).await?;
    if let Asked::Granted(granted) = &asked {
        let kept = held.token.insert(to_keep(granted));
        ports.tokens.put(&request.key, kept).await?;
    }
    Ok(asked)
}

/// Whose turn it is to ask for a token.
enum Turn {
    /// This process's.
    Ours(TokenClaim),
    /// Another had it, and left a token.
    Kept(Kept),
}

/// Waits until this process may ask for a token, or another one has asked.
async fn turn(request: &TokenRequest<'_>, ports: &TokenPorts<'_>) -> Result<Turn, CredentialError> {
    let (key, tokens) = (&request.key, ports.tokens);
    let claim = TokenClaim(nonce()?);
    let mut waited = Duration::ZERO;
    loop {
        let now = ports.clock.now();
        let until = now.checked_add(LONGEST_TURN).unwrap_or(Timestamp::MAX);
        let is_ours = tokens.claim(key, &claim, now, until).await?;
        // Whoever had the turn before this may have left a token.
        let kept = kept(request, ports).await;
        if is_ours && matches!(kept, Ok(None)) {
            return Ok(Turn::Ours(claim));
        }
        if is_ours {
            tokens.release_claim(key, &claim).await?;
        }
        if let Some(kept) = kept? {
            return Ok(Turn::Kept(kept));
        }
        if waited >= LONGEST_WAIT {
            let until = now.checked_add(COME_BACK).unwrap_or(Timestamp::MAX);
            return Err(CredentialError::Limited { until });
        }
        ports.clock.sleep(LOOK_EVERY).await;
        waited += LOOK_EVERY;
    }
}

/// The token that another process has left, if it is good. The redactor learns
/// it.
pub(crate) async fn kept(
    request: &TokenRequest<'_>,
    ports: &TokenPorts<'_>,
) -> Result<Option<Kept>, CredentialError> {
    let now = ports.clock.now();
    let kept = ports.tokens.get(&request.key, now).await?.filter(|kept| is_good(kept, now));
    let Some(token) = kept else { return Ok(None) };
    let Some(session) = unpack(&token.token, request.auth.answer.base_url.is_some()) else {
        return Ok(None);
    };
    ports.redactor.learn(&token.token);
    learn(&session.token, &request.auth.answer.token, ports.redactor);
    Ok(Some(Kept { token, session }))
}

fn is_good(token: &AccessToken, now: Timestamp) -> bool {
    token.expires.is_none_or(|expires| now < expires)
}

/// The token with the moment from which it is no longer used. One without a
/// life is used until the vendor refuses it.
fn to_keep(granted: &Granted) -> AccessToken {
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
