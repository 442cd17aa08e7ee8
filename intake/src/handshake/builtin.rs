//! Handshakes that need more than a template: a request to the vendor, or a secret to store.

use std::time::Duration;

use http::{HeaderMap, Method};
use jiff::Timestamp;
use mef_auth::verify::{Denied, RequestPart};
use mef_ports::{HttpRequest, Secret, SecretRef, chain};
use mef_source::Root;
use mef_source::checked::StoredSecret;
use serde_json::Value;

use super::confirmation;
use crate::answer::Answer;
use crate::answer_template::is_header_value;
use crate::proven::Proven;
use crate::receiver::Receiver;
use crate::verdict::Verdict;

/// How much of the response to a confirmation is read, and how long it may take: the sender waits 15 s
/// for our answer.
const CONFIRMED: usize = 64 * 1024;
const PATIENCE: Duration = Duration::from_secs(8);

/// The shortest secret that cannot be guessed, in characters.
const SHORTEST_SECRET: usize = 16;

impl Receiver {
    /// Fetches the URL that confirms a subscription.
    pub(super) async fn confirm(&self, request: &Proven<'_>) -> Result<Answer, Verdict> {
        let url = confirmation::url(&self.webhook, request).map_err(Verdict::Denied)?;
        let failed = |reason: String| Verdict::Unconfirmed { reason };
        let request = HttpRequest {
            method: Method::GET,
            url,
            headers: HeaderMap::new(),
            body: None,
            max_body: CONFIRMED,
            timeout: PATIENCE,
        };
        match self.ports.http.send(request).await {
            Ok(response) if response.status.is_success() => Ok(Answer::empty(Vec::new())),
            Ok(response) => Err(failed(format!("the answer was {}", response.status))),
            Err(error) => Err(failed(chain(&error))),
        }
    }

    /// Stores the secret that the sender brings, if none is stored and it is not too late. One that came in a
    /// header is sent back.
    pub(super) async fn enrol(
        &self,
        stored: &StoredSecret,
        request: &Proven<'_>,
        now: Timestamp,
    ) -> Result<Answer, Verdict> {
        let refused = |reason| Denied::NotEnrolled { name: stored.secret.clone(), reason };
        if now > stored.enrol_until {
            return Err(Verdict::Denied(refused("`enrol_until` is past")));
        }
        let place = || RequestPart::of(&stored.from);
        let Value::String(value) = request.value(&stored.from).map_err(Verdict::Denied)? else {
            return Err(Verdict::Denied(Denied::WrongType(place())));
        };
        if !is_header_value(&value) || value.contains([' ', '"', '\'', '\\']) {
            return Err(Verdict::Denied(Denied::NotForHeader(place())));
        }
        if value.len() < SHORTEST_SECRET {
            return Err(Verdict::Denied(refused("it is shorter than 16 characters")));
        }
        let reference =
            SecretRef { source: self.source.name.to_string(), name: stored.secret.clone() };
        let secret = Secret::new(value.clone());
        match self.ports.secrets.put_if_absent(&reference, &secret).await {
            Ok(true) => Ok(Answer::empty(match stored.from.root() {
                Root::Header => vec![(stored.from.name().to_owned().into(), value)],
                _ => Vec::new(),
            })),
            Ok(false) => Err(Verdict::Denied(refused("one is stored"))),
            Err(error) => Err(Verdict::Store(error)),
        }
    }
}
