//! Handshakes: requests that bring no event but want an answer.
//!
//! Before vendors trust a webhook, they send a challenge that we must echo and sometimes sign. Single
//! values of a request decide which of a source's rules it is for, before it is verified. Then the rule's
//! proof is required, and only then is anything answered. Such a request makes no event, queues nothing
//! and marks no delivery.

mod builtin;
mod confirmation;
mod constrained;
pub(crate) mod matching;

use std::future::ready;
use std::sync::Arc;

use jiff::Timestamp;
use mef_auth::Request;
use mef_auth::verify::{AnswerKey, LiveSecrets, verify_token};
use mef_source::checked::{Handshake, HandshakeAuth, Respond};

use crate::answer::Answer;
use crate::answer_template::{Beside, render};
use crate::at_hand::live_secrets::{ReadSecrets, read, references, references_of};
use crate::at_hand::published_keys::PublishedKeys;
use crate::judging::judge;
use crate::proven::Proven;
use crate::receiver::Receiver;
use crate::verdict::{Handled, Verdict};

use constrained::constrained;

impl Receiver {
    /// Handles `request` if it is for a handshake rule; `None` if it is a request like any other.
    pub(crate) async fn handshake(&self, request: &Request) -> Option<Handled> {
        // A body that is too large is refused later, before it is read.
        if self.webhook.handshake.is_empty() || request.body().len() > self.webhook.max_body {
            return None;
        }
        let (webhook, asked) = (Arc::clone(&self.webhook), request.clone());
        let found = move || matching::find(&webhook.handshake, &asked);
        let number = self.long_work.run(request.body().len(), found).await?;
        let rule = self.webhook.handshake.get(number)?;
        let now = self.ports.clock.now();
        let wants_none = matches!(&rule.respond, Respond::Answer(said) if said.is_empty());
        let (mut handled, has_none) = match self.answer_handshake(rule, request, now).await {
            Ok(answer) => (Handled { answer, verdict: Verdict::Handshake }, false),
            Err(verdict) => (Handled::by(verdict, self.webhook.rejected_status), wants_none),
        };
        if has_none || request.method() == "HEAD" {
            handled.answer.clear();
        }
        Some(handled)
    }

    async fn answer_handshake(
        &self,
        rule: &Handshake,
        request: &Request,
        now: Timestamp,
    ) -> Result<Answer, Verdict> {
        let verified;
        let proven = match &rule.auth {
            HandshakeAuth::Signed => {
                verified = self.verify(request, now).await?;
                Proven::Signed(&verified)
            }
            HandshakeAuth::Token(token) => {
                let references = references_of(self.source.name.as_str(), rule.secrets(), now);
                let (ports, keys) = (&self.ports, PublishedKeys::default());
                let verify = |secrets: Arc<LiveSecrets>| {
                    ready(verify_token(token, &self.webhook, request, &secrets, now))
                };
                judge(&*ports.secrets, &ports.keys, &references, keys, now, verify).await?;
                Proven::Otherwise(request)
            }
            HandshakeAuth::None => Proven::Otherwise(request),
        };
        constrained(rule, &proven).map_err(Verdict::Denied)?;
        match &rule.respond {
            Respond::Answer(said) => {
                let key = match said.signed_paths().is_empty() {
                    true => None,
                    false => Some(self.answer_key(rule, request, now).await?),
                };
                let beside = Beside { key: key.as_ref(), ..Beside::default() };
                render(said, &proven, beside).map_err(Verdict::Denied)
            }
            Respond::SnsConfirmation => self.confirm(&proven).await,
            Respond::StoredSecret(stored) => self.enrol(stored, &proven, now).await,
        }
    }

    /// Returns the key for the answer's HMACs: the one that verified the request or, without such a check,
    /// the one that signs the webhook's events.
    async fn answer_key(
        &self,
        rule: &Handshake,
        request: &Request,
        now: Timestamp,
    ) -> Result<AnswerKey, Verdict> {
        let references = references(self.source.name.as_str(), &self.webhook, |_| true, now);
        let ReadSecrets { live, missing } = read(&*self.ports.secrets, &references, now).await;
        let key = match rule.auth {
            HandshakeAuth::Signed => AnswerKey::that_signed(&self.webhook, request, &live, now),
            _ => AnswerKey::first(&self.webhook, &live, now),
        };
        key.map_err(|denied| missing.map_or_else(|| Verdict::of(denied), Verdict::Secrets))
    }
}
