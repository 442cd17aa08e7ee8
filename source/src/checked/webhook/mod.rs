//! What `webhook` means: which requests are taken, and how they are answered.
//!
//! A check that is only half written would verify nothing, so there are no quiet
//! defaults: a file that leaves out what a check needs does not load.

mod checks;
mod delivery_id;
mod event_answers;
mod handshake;
pub(crate) mod preset;
mod public_url;
mod respond;
mod signed_id;
mod verify;

pub use checks::*;
pub use event_answers::EventAnswers;
pub use handshake::{Constraint, Handshake, HandshakeAuth, When};
pub use preset::{ExpandedPreset, Expansion};
pub use public_url::{Endpoint, NoEndpoint, PublicUrl};
pub use respond::{AnswerBody, AnswerTemplate, Respond, StoredSecret};
pub use verify::Verify;

use jiff::SignedDuration;
use url::Url;

use crate::checked::checker::{Checker, Told, all};
use crate::checked::event::EventSpec;
use crate::path::{Path, Root};
use crate::template::Template;
use crate::written::{self, Charset, Decode, EqualBodies, Located};

/// The largest body, in bytes, that surely reaches a function of AWS Lambda, and so the default of `max_body`.
///
/// Its event has at most 6 MiB. A gateway may put a body into it as base64, which takes a third more, and beside it
/// everything else about the request: of up to 10,240 bytes of head each header twice, escaped.
pub const REACHES_LAMBDA: usize = (6 * 1024 - 64) * 1024 / 4 * 3;
const LARGEST_MAX_BODY: usize = 10 * 1024 * 1024;

/// How long a delivery is remembered as done. Vendors retry for up to three days.
pub const REMEMBERED: SignedDuration = SignedDuration::from_hours(7 * 24);

/// The statuses that can answer a refused record; the first is the default.
const REJECTED_STATUSES: [u16; 3] = [202, 400, 422];

/// How a vendor pushes to a source.
#[derive(Clone, Debug)]
pub struct Webhook {
    /// What a request must pass.
    pub verify: Verify,
    /// The methods that are taken, in upper case.
    pub methods: Vec<String>,
    /// The URL that the vendor was given, as far as it is known.
    pub public_url: Option<Url>,
    /// What the file says of that URL.
    pub written_url: Option<PublicUrl>,
    /// The largest body that is taken, in bytes as sent.
    pub max_body: usize,
    /// What the delivery id is made of; the first of which all is found counts.
    pub delivery_id: Vec<Template>,
    /// What requests with equal bodies and different ids are.
    pub equal_bodies: EqualBodies,
    /// How the body is read.
    pub decode: Decode,
    /// In which character set it is, if that is said.
    pub charset: Option<Charset>,
    /// Whether an authorizer may refuse a request before the webhook would.
    pub early_refusal: bool,
    /// The status that answers an authentic request with a refused record.
    pub rejected_status: u16,
    /// How requests that may bring events are answered.
    pub respond: EventAnswers,
    /// Requests that bring no event and want an answer; the first that matches counts.
    pub handshake: Vec<Handshake>,
    /// What a record is and what event it becomes.
    pub event: EventSpec,
}

impl Webhook {
    pub(crate) fn check(
        written: &Located<written::Webhook>,
        event: EventSpec,
        checker: &mut Checker<'_>,
    ) -> Result<Webhook, Told> {
        let written_url =
            written.public_url.as_ref().map(|url| PublicUrl::check(url, checker)).transpose();
        let max_body = checker.size_or(written.max_body.as_ref(), REACHES_LAMBDA);
        if max_body > LARGEST_MAX_BODY {
            checker.error_with(
                written.max_body.as_ref().and_then(Located::place),
                "`max_body` is above 10 MiB",
                "no API gateway hands over more than 10 MiB",
            );
        }
        let delivery_id = delivery_id::check(written, checker);
        let has_public_url = matches!(written_url, Ok(Some(_)));
        let verify = verify::verify(written, has_public_url, checker);
        if let Ok(Verify::All(checks)) = &verify {
            let ids = delivery_id.iter().flatten().flat_map(Template::paths);
            let ids: Vec<_> = ids.cloned().collect();
            lint_claims(written, checks, &ids, checker);
            lint_body(written, checks, checker);
            if let Some(id) = &written.delivery_id
                && written.equal_bodies.is_none()
                && signed_id::leave_open(checks, &ids)
            {
                checker.warn(
                    id.place(),
                    "nobody signs the delivery's id: whoever sees a request can send it again under another one",
                    "write `equal_bodies: repeats` if each of the vendor's events has an id or a time in its body, and `equal_bodies: events` if two events may have the same body",
                );
            }
        }
        let methods = methods(written, checker);
        let respond = EventAnswers::check(written.respond.as_ref(), checker);
        let verified = verify.as_ref().ok();
        let rules = written.handshake.iter();
        let handshake = all(rules.map(|rule| Handshake::check(rule, &methods, verified, checker)));
        let written_url = written_url?;
        Ok(Webhook {
            verify: verify?,
            methods,
            public_url: written_url.as_ref().and_then(|url| url.at(None)),
            written_url,
            max_body,
            delivery_id: delivery_id?,
            equal_bodies: written.equal_bodies.unwrap_or_default(),
            decode: written.decode,
            charset: written.charset,
            // A gateway gives an answer of its own.
            early_refusal: written.early_refusal
                && respond.as_ref().is_ok_and(|r| r.denied.is_none()),
            rejected_status: rejected_status(written, checker),
            respond: respond?,
            handshake: handshake?,
            event: EventSpec { one_is_a_list: written.decode == Decode::Xml, ..event },
        })
    }

    /// Returns whether the deployment has to say where its webhooks come in, and has not.
    pub fn lacks_endpoint(&self) -> bool {
        self.written_url.is_some() && self.public_url.is_none()
    }

    /// Returns its checks that are not made of others, in the order of the file.
    pub fn single_checks(&self) -> impl Iterator<Item = &Check> {
        let checks = match &self.verify {
            Verify::All(checks) => checks.as_slice(),
            Verify::Nothing { .. } => &[],
        };
        checks.iter().flat_map(Check::singles)
    }

    /// Returns the names of the secrets that its checks and handshakes use.
    pub fn secret_names(&self) -> impl Iterator<Item = String> + '_ {
        let handshakes = self.handshake.iter().flat_map(Handshake::secrets);
        let checks = self.single_checks().flat_map(Check::secrets);
        checks.chain(handshakes).map(|secret| secret.name.clone())
    }
}

/// Reports paths into JSON where the body is a form, and fields of a form where it is JSON: they are never
/// found, and every request would be refused.
fn lint_body(written: &written::Webhook, checks: &[Check], checker: &mut Checker<'_>) {
    let place = written.verify.as_ref().and_then(Located::place);
    for (root, name) in checks.iter().flat_map(Check::singles).flat_map(Check::in_body) {
        match (root, written.decode) {
            (Root::Record, Decode::Form) => {
                let field = name.trim_start_matches('/');
                checker.error_with(
                    place,
                    format!("`{name}` is a path into JSON, and the body is a form"),
                    format!("a field of the form is written `form.{field}`"),
                );
            }
            (Root::Form, Decode::Json | Decode::Ndjson) => {
                checker.error_with(
                    place,
                    format!("`form.{name}` is a field of a form, and the body is JSON"),
                    format!("a field of JSON is written `{name}` or `/{name}`"),
                );
            }
            _ => {}
        }
    }
}

/// Reports what does not go together with claims that are the record.
fn lint_claims(
    written: &written::Webhook,
    checks: &[Check],
    delivery_id: &[Path],
    checker: &mut Checker<'_>,
) {
    let telling = checks.iter().flat_map(Check::singles).filter_map(|check| match check {
        Check::Jwt(jwt) if jwt.record == written::TokenRecord::Claims => Some(&**jwt),
        _ => None,
    });
    let telling: Vec<_> = telling.collect();
    if telling.is_empty() {
        return;
    }
    let place = written.verify.as_ref().and_then(Located::place);
    if !matches!(written.decode, Decode::Auto | Decode::Json) {
        checker.error_with(
            place,
            "`record: claims` and `decode` do not go together",
            "claims are always JSON; leave `decode` out",
        );
    }
    let has_no_end = |jwt: &&Jwt| !jwt.required.iter().any(|claim| claim == "exp");
    let is_claim = |jwt: &Jwt, path: &Path| {
        path.root() == Root::Record
            && matches!(path.segments(), [claim] if jwt.required.contains(claim))
    };
    let is_known =
        |jwt: &Jwt| !delivery_id.is_empty() && delivery_id.iter().all(|path| is_claim(jwt, path));
    let is_endless = |jwt: &Jwt| jwt.max_age.is_none() && jwt.required.iter().any(|c| c == "jti");
    let is_forgotten = |jwt: &Jwt| jwt.max_age.is_none_or(|age| age > REMEMBERED.unsigned_abs());
    let mut endless = telling.iter().copied().filter(has_no_end);
    if endless.clone().any(|jwt| is_endless(jwt) && !is_known(jwt)) {
        checker.error_with(
            written.delivery_id.as_ref().and_then(Located::place).or(place),
            "nothing says when the token ends, and no claim tells that it came before",
            "whoever sees the token could send it again; write `delivery_id: jti`, the claim that `required` names, and `max_age: 7d`",
        );
    } else if endless.any(is_forgotten) {
        checker.warn(
            place,
            "a token counts as new again once its delivery is forgotten, after seven days",
            "write `max_age: 7d`, or what the vendor's retries need if that is less",
        );
    } else if written.delivery_id.is_none() {
        checker.warn(
            place,
            "a token that is sent again makes its events again",
            "write `delivery_id: jti` if the vendor's tokens have an id",
        );
    }
}

fn rejected_status(written: &written::Webhook, checker: &mut Checker<'_>) -> u16 {
    let Some(status) = &written.rejected_status else { return REJECTED_STATUSES[0] };
    match REJECTED_STATUSES.into_iter().find(|known| u32::from(*known) == **status) {
        Some(known) => known,
        None => {
            checker.error_with(
                status.place(),
                format!("`rejected_status` cannot be {}", **status),
                "202 takes the request, 400 and 422 tell the vendor; either way the record is kept",
            );
            REJECTED_STATUSES[0]
        }
    }
}

fn methods(written: &written::Webhook, checker: &mut Checker<'_>) -> Vec<String> {
    let Some(methods) = &written.methods else { return vec!["POST".to_owned()] };
    if methods.is_empty() {
        checker.error_with(
            methods.place(),
            "`methods` is empty: the webhook would take nothing",
            "leave it out for `POST`",
        );
    }
    let mut checked = Vec::new();
    for method in methods.iter() {
        match method.to_ascii_uppercase() {
            method if checked.contains(&method) => {}
            method if matches!(method.as_str(), "POST" | "PUT" | "PATCH") => checked.push(method),
            _ => {
                checker.error_with(
                    method.place(),
                    format!("`{}` is not a method that brings events", &**method),
                    "one of `POST`, `PUT`, `PATCH`",
                );
            }
        }
    }
    checked
}
