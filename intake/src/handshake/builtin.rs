//! Answers that need more than a template: they reach outside.

use std::time::Duration;

use http::{HeaderMap, Method};
use jiff::Timestamp;
use mef_auth::verify::{Denied, RequestPart};
use mef_ports::{HttpRequest, Secret, SecretRef, chain};
use mef_source::checked::StoredSecret;
use mef_source::{Path, Root};
use serde_json::Value;

use super::answer::is_header_value;
use super::{Proven, confirmation};
use crate::answer::{Outcome, Response};
use crate::receiver::Receiver;

/// How much of a confirmation's answer is read, and how long it may take: the
/// sender waits 15 s for ours.
const CONFIRMED: usize = 64 * 1024;
const PATIENCE: Duration = Duration::from_secs(8);

/// A shorter secret can be guessed.
const SHORTEST_SECRET: usize = 16;

impl Receiver {
    /// Gets the URL by which a subscription is confirmed.
    pub(super) async fn confirm(&self, request: &Proven<'_>) -> Result<Response, Outcome> {
        let url = confirmation::url(&self.webhook, request).map_err(Outcome::Denied)?;
        let failed = |reason: String| Outcome::Unconfirmed { reason };
        let asked = HttpRequest {
            method: Method::GET,
            url,
            headers: HeaderMap::new(),
            body: None,
            max_body: CONFIRMED,
            timeout: PATIENCE,
        };
        match self.ports.http.send(asked).await {
            Ok(answer) if answer.status.is_success() => Ok(Response::empty(Vec::new())),
            Ok(answer) => Err(failed(format!("the answer was {}", answer.status))),
            Err(error) => Err(failed(chain(&error))),
        }
    }

    /// Stores the secret that the sender brings, if there is none and it is not
    /// too late, and gives it back.
    pub(super) async fn enrol(
        &self,
        stored: &StoredSecret,
        request: &Proven<'_>,
        now: Timestamp,
    ) -> Result<Response, Outcome> {
        let refused = |reason| Denied::NotEnrolled { name: stored.secret.clone(), reason };
        if now > stored.enrol_until {
            return Err(Outcome::Denied(refused("`enrol_until` is past")));
        }
        let place = || RequestPart::Header(stored.header.clone());
        // A header's name is always a path.
        let path = Path::parse(&format!("header.{}", stored.header), &[Root::Header]);
        let path = path.map_err(|_| Outcome::Denied(Denied::Missing(place())))?;
        let Value::String(value) = request.value(&path).map_err(Outcome::Denied)? else {
            return Err(Outcome::Denied(Denied::WrongType(place())));
        };
        if !is_header_value(&value) || value.contains([' ', '"', '\'', '\\']) {
            return Err(Outcome::Denied(Denied::NotForHeader(place())));
        }
        if value.len() < SHORTEST_SECRET {
            return Err(Outcome::Denied(refused("it is shorter than 16 characters")));
        }
        let reference =
            SecretRef { source: self.source.name.to_string(), name: stored.secret.clone() };
        let secret = Secret::new(value.clone());
        match self.ports.secrets.put_if_absent(&reference, &secret).await {
            Ok(true) => Ok(Response::empty(vec![(stored.header.clone().into(), value)])),
            Ok(false) => Err(Outcome::Denied(refused("one is stored"))),
            Err(error) => Err(Outcome::Store(error)),
        }
    }
}
