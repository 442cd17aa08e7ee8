//! What can be refused at the gateway, before a request's body is read.
//!
//! An authorizer sees no body, so it can never say that a request is authentic. It says only whether the
//! request may go on to the [`Receiver`], which judges all of it again and does not know what was said
//! here. So it refuses what no body could save. It lets through whatever it cannot decide: a check of the
//! body, a secret store that is away, a mistake in the source's secrets. The receiver then answers with
//! the right status.
//!
//! [`Receiver`]: crate::Receiver

use std::fmt;
use std::future::ready;
use std::sync::Arc;

use jiff::Timestamp;
use mef_auth::Request;
use mef_auth::verify::{
    Denied, LiveSecrets, is_authorization, is_in_head, verify_authorization, verify_head,
};
use mef_ports::{Clock, Secrets};
use mef_source::Source;
use mef_source::checked::{Check, Handshake, HandshakeAuth, Webhook};

use crate::at_hand::key_cache::KeyCache;
use crate::at_hand::live_secrets::references;
use crate::at_hand::published_keys::PublishedKeys;
use crate::handshake::matching::may_be_answered_unsigned;
use crate::judging::judge;
use crate::verdict::Verdict;

/// Whether a request may go on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Decision {
    /// It may: nothing is wrong so far.
    Allow,
    /// It may not, whatever its body is.
    Deny(DenyReason),
}

/// Why a request may not go on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum DenyReason {
    /// The source takes no events by this method.
    Method,
    /// The body is announced as larger than the source takes.
    TooLarge,
    /// The request is not authentic.
    Denied(Denied),
}

impl fmt::Display for DenyReason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            DenyReason::Method => f.write_str("the method brings no events"),
            DenyReason::TooLarge => f.write_str("the body is too large"),
            DenyReason::Denied(denied) => denied.fmt(f),
        }
    }
}

/// Decides for one source.
pub struct Authorizer {
    source: Arc<Source>,
    webhook: Webhook,
    secrets: Arc<dyn Secrets>,
    keys: Arc<KeyCache>,
    clock: Arc<dyn Clock>,
}

impl Authorizer {
    /// Returns an authorizer for `source`; `None` if the source is not pushed.
    pub fn new(
        source: Arc<Source>,
        secrets: Arc<dyn Secrets>,
        keys: Arc<KeyCache>,
        clock: Arc<dyn Clock>,
    ) -> Option<Authorizer> {
        let webhook = source.webhook.clone()?;
        Some(Authorizer { source, webhook, secrets, keys, clock })
    }

    /// Returns the source.
    pub fn source(&self) -> &Source {
        &self.source
    }

    /// Decides by the head of a request; its body is ignored.
    pub async fn decide(&self, head: &Request) -> Decision {
        if !self.takes(head.method()) && !self.may_be_handshake(head.method()) {
            return Decision::Deny(DenyReason::Method);
        }
        if announced(head).is_some_and(|length| length > self.webhook.max_body as u64) {
            return Decision::Deny(DenyReason::TooLarge);
        }
        if may_be_answered_unsigned(&self.webhook.handshake, head) {
            return Decision::Allow;
        }
        self.judge(head, is_in_head, |secrets, now| verify_head(&self.webhook, head, secrets, now))
            .await
    }

    /// Decides by the `authorization` header and the method, if it is known: some gateways show nothing
    /// else.
    pub async fn decide_by_authorization(
        &self,
        method: Option<&str>,
        authorization: &str,
    ) -> Decision {
        if method.is_some_and(|method| !self.takes(method) && !self.may_be_handshake(method)) {
            return Decision::Deny(DenyReason::Method);
        }
        // The request may be for one of them.
        let is_unsigned = |rule: &Handshake| {
            !matches!(rule.auth, HandshakeAuth::Signed)
                && method.is_none_or(|method| rule.when.takes(method))
        };
        if self.webhook.handshake.iter().any(is_unsigned) {
            return Decision::Allow;
        }
        let line = ("authorization".to_owned(), authorization.as_bytes().to_vec());
        let head = Request::new("", "", "", vec![line], "");
        self.judge(&head, is_authorization, |secrets, now| {
            verify_authorization(&self.webhook, authorization, secrets, now)
        })
        .await
    }

    fn takes(&self, method: &str) -> bool {
        self.webhook.methods.iter().any(|taken| taken == method)
    }

    /// Returns whether a handshake can be made with this method.
    fn may_be_handshake(&self, method: &str) -> bool {
        self.webhook.handshake.iter().any(|rule| rule.when.takes(method))
    }

    /// Judges by the checks that are `decided` here, reading only their secrets and keys. Judges a second
    /// time if one that did not match may be outdated.
    async fn judge(
        &self,
        head: &Request,
        decided: impl Fn(&Check) -> bool,
        verify: impl Fn(&LiveSecrets, Timestamp) -> Result<(), Denied>,
    ) -> Decision {
        if !self.webhook.early_refusal {
            return Decision::Allow;
        }
        let now = self.clock.now();
        let references = references(self.source.name.as_str(), &self.webhook, &decided, now);
        let keys = PublishedKeys::gather(&self.keys, &self.webhook, head, &decided, now).await;
        let verify = |secrets: Arc<LiveSecrets>| ready(verify(&secrets, now));
        match judge(&*self.secrets, &self.keys, &references, keys, now, verify).await {
            // The receiver reports what is missing, with the right status.
            Err(Verdict::Denied(denied)) if denied.lacks_keys() => Decision::Allow,
            Err(Verdict::Denied(denied)) => Decision::Deny(DenyReason::Denied(denied)),
            Err(Verdict::Secrets(error)) => {
                // The receiver meets the same error, answers 503 and logs it.
                tracing::debug!(source.id = %self.source.name, error = %error, "left to the handler");
                Decision::Allow
            }
            Ok(()) | Err(_) => Decision::Allow,
        }
    }
}

/// Returns the announced length of the body, if it is announced once and as a number.
fn announced(head: &Request) -> Option<u64> {
    let mut lines = head.header_values("content-length");
    let first = std::str::from_utf8(lines.next()?).ok()?;
    first.trim().parse().ok().filter(|_| lines.next().is_none())
}
