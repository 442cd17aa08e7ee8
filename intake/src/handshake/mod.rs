//! Handshakes: requests that bring no event but want an answer.
//!
//! What vendors ask before they trust a webhook is a challenge to give back, and
//! sometimes to sign. Which of a source's rules a request is for is decided by
//! single values read out of it, before it is verified; then the rule's proof is
//! asked for, and only then is anything answered. No event is made of such a
//! request, nothing is queued and no delivery is marked.

mod answer;
mod builtin;
mod confirmation;
mod matching;

use jiff::Timestamp;
use mef_auth::Request;
use mef_auth::verify::{
    AnswerKey, Denied, LiveSecrets, RequestPart, Verified, read_value, verify_token,
};
use mef_source::Path;
use mef_source::checked::{Handshake, HandshakeAuth, Respond};
use serde_json::Value;

use crate::answer::{Answer, Outcome, Response};
use crate::live_secrets::{read, references, references_of};
use crate::receiver::Receiver;

pub(crate) use matching::may_be_answered_unsigned;

/// The longest value that is given back: longer ones are no challenge.
const LONGEST: usize = 4 * 1024;

/// A request that proved what its rule asks for.
enum Proven<'r> {
    /// By the webhook's checks.
    Signed(&'r Verified),
    /// By the rule's own, or not at all.
    Otherwise(&'r Request),
}

impl Proven<'_> {
    /// The value at `path`, which must be there and may be as long as a
    /// challenge.
    fn value(&self, path: &Path) -> Result<Value, Denied> {
        let found = match self {
            Proven::Signed(verified) => verified.value(path)?,
            Proven::Otherwise(request) => read_value(request, path)?,
        };
        let place = || RequestPart::of(path);
        match found {
            None => Err(Denied::Missing(place())),
            Some(Value::String(text)) if text.is_empty() => Err(Denied::Missing(place())),
            Some(Value::String(text)) if text.len() > LONGEST => {
                Err(Denied::TooLong { part: place(), limit: LONGEST })
            }
            Some(value) => Ok(value),
        }
    }
}

impl Receiver {
    /// The answer to `request` if it is for a handshake rule; `None` if it goes
    /// the ordinary way.
    pub(crate) async fn handshake(&self, request: &Request) -> Option<Answer> {
        // The ordinary way refuses it before it is read.
        if request.body().len() > self.webhook.max_body {
            return None;
        }
        let rule = matching::find(&self.webhook.handshake, request)?;
        let now = self.ports.clock.now();
        let mut answer = match self.shake(rule, request, now).await {
            Ok(response) => Answer { response, outcome: Outcome::Handshake },
            Err(outcome) => Answer::of(outcome, self.webhook.rejected_status),
        };
        let wants_none = matches!(&rule.respond, Respond::Answer(said) if said.is_empty());
        if wants_none || request.method() == "HEAD" {
            answer.response.clear();
        }
        Some(answer)
    }

    async fn shake(
        &self,
        rule: &Handshake,
        request: &Request,
        now: Timestamp,
    ) -> Result<Response, Outcome> {
        let verified;
        let proven = match &rule.auth {
            HandshakeAuth::Signed => {
                verified = self.verify(request.clone(), now).await?;
                Proven::Signed(&verified)
            }
            HandshakeAuth::Token(token) => {
                self.prove_token(rule, now, |secrets| {
                    verify_token(token, &self.webhook, request, secrets, now)
                })
                .await?;
                Proven::Otherwise(request)
            }
            HandshakeAuth::None => Proven::Otherwise(request),
        };
        answer::constrained(rule, &proven).map_err(Outcome::Denied)?;
        match &rule.respond {
            Respond::Answer(said) => {
                let key = match said.signed_paths().is_empty() {
                    true => None,
                    false => Some(self.answer_key(rule, request, now).await?),
                };
                answer::render(said, &proven, key.as_ref()).map_err(Outcome::Denied)
            }
            Respond::SnsConfirmation => self.confirm(&proven).await,
            Respond::StoredSecret(stored) => self.enrol(stored, &proven, now).await,
        }
    }

    /// As the webhook's own checks: a second time with what the store has now.
    async fn prove_token(
        &self,
        rule: &Handshake,
        now: Timestamp,
        judge: impl Fn(&LiveSecrets) -> Result<(), Denied>,
    ) -> Result<(), Outcome> {
        let store = &*self.ports.secrets;
        let references = references_of(self.source.name.as_str(), rule.secrets(), now);
        let secrets = read(store, &references, now).await.map_err(Outcome::Secrets)?;
        let Err(denied) = judge(&secrets) else { return Ok(()) };
        if !denied.depends_on_secret() || !store.refresh(&references, now).await {
            return Err(Outcome::Denied(denied));
        }
        let secrets = read(store, &references, now).await.map_err(Outcome::Secrets)?;
        judge(&secrets).map_err(Outcome::Denied)
    }

    /// The key for the answer's HMACs: what verified the request, or where
    /// nothing did, what the webhook's events are signed with.
    async fn answer_key(
        &self,
        rule: &Handshake,
        request: &Request,
        now: Timestamp,
    ) -> Result<AnswerKey, Outcome> {
        let references = references(self.source.name.as_str(), &self.webhook, |_| true, now);
        let secrets =
            read(&*self.ports.secrets, &references, now).await.map_err(Outcome::Secrets)?;
        match rule.auth {
            HandshakeAuth::Signed => AnswerKey::that_signed(&self.webhook, request, &secrets, now),
            _ => AnswerKey::first(&self.webhook, &secrets, now),
        }
        .map_err(Outcome::Denied)
    }
}
