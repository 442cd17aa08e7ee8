//! How a handshake is answered.
//!
//! The answer holds text of the sender. To be sure that no browser runs it, the
//! content type is ours, and so is the header that forbids guessing another.

use std::collections::BTreeMap;
use std::ops::RangeInclusive;

use jiff::Timestamp;

use super::checks::surroundings::REQUEST_ROOTS;
use crate::checked::checker::{Checker, Told, all};
use crate::checked::constant::constant;
use crate::checked::json_template::JsonTemplate;
use crate::checked::secret::check_secret_name;
use crate::path::{Path, Root, is_header_name};
use crate::problem::Place;
use crate::template::{Lookups, Template};
use crate::written::{self, Builtin, Located, Node};

/// Headers that the server sets, or that would change what a browser or a proxy does
/// with the answer.
const RESERVED: [&str; 10] = [
    "connection",
    "content-encoding",
    "content-length",
    "content-type",
    "keep-alive",
    "location",
    "set-cookie",
    "trailer",
    "transfer-encoding",
    "x-content-type-options",
];

/// How a handshake is answered.
#[derive(Clone, Debug)]
pub enum Respond {
    /// With what the file says.
    Answer(Box<AnswerTemplate>),
    /// By fetching the `SubscribeURL` of an Amazon SNS message.
    SnsConfirmation,
    /// By storing the secret that the sender brings, and giving it back.
    StoredSecret(StoredSecret),
}

/// An answer as the file says it.
#[derive(Clone, Debug)]
pub struct AnswerTemplate {
    /// The status, 200 to 299.
    pub status: u16,
    /// Headers: names in lower case.
    pub headers: Vec<(String, Template)>,
    /// The body.
    pub body: AnswerBody,
}

/// An answer's body.
#[derive(Clone, Debug)]
pub enum AnswerBody {
    /// Nothing.
    Empty,
    /// Text.
    Text(Template),
    /// JSON.
    Json(JsonTemplate),
}

/// A secret that the sender brings.
#[derive(Clone, Debug)]
pub struct StoredSecret {
    /// Where it comes: a header, in which it is sent back, or a value of the body.
    pub from: Path,
    /// The name that it is stored under.
    pub secret: String,
    /// The moment after which no secret is taken.
    pub enrol_until: Timestamp,
}

impl AnswerTemplate {
    /// Returns whether the answer has no body.
    pub fn is_empty(&self) -> bool {
        matches!(self.body, AnswerBody::Empty)
    }

    /// Returns every template of the answer.
    pub fn templates(&self) -> Vec<&Template> {
        let mut templates: Vec<_> = self.headers.iter().map(|(_, template)| template).collect();
        match &self.body {
            AnswerBody::Empty => {}
            AnswerBody::Text(template) => templates.push(template),
            AnswerBody::Json(json) => templates.extend(json.templates()),
        }
        templates
    }

    /// Returns every path whose value goes into an HMAC.
    pub fn signed_paths(&self) -> Vec<&Path> {
        self.templates().into_iter().flat_map(Template::signed_paths).collect()
    }
}

impl Respond {
    pub(crate) fn check(
        written: &Located<written::Respond>,
        checker: &mut Checker<'_>,
    ) -> Result<Respond, Told> {
        let ways = [
            written.text.is_some(),
            written.json.is_some(),
            written.empty.is_some(),
            written.builtin.is_some(),
        ];
        if ways.into_iter().filter(|way| *way).count() != 1 {
            return Err(checker.error_with(
                written.place(),
                "`respond` does not say what is answered, or says it twice",
                "write one of `text`, `json`, `empty: true`, `builtin`",
            ));
        }
        match &written.builtin {
            Some(builtin) => builtin_answer(**builtin, written, checker),
            None => {
                unused(written, checker, "stands only with `builtin: stored_secret`");
                answer(written, checker).map(Box::new).map(Respond::Answer)
            }
        }
    }
}

fn builtin_answer(
    builtin: Builtin,
    written: &Located<written::Respond>,
    checker: &mut Checker<'_>,
) -> Result<Respond, Told> {
    if written.status.is_some() || !written.headers.is_empty() {
        checker.error_with(
            written.place(),
            "a built-in answer has its own status and headers",
            "leave `status` and `headers` out",
        );
    }
    match builtin {
        Builtin::SnsConfirmation => {
            unused(written, checker, "means nothing to `sns_confirmation`");
            Ok(Respond::SnsConfirmation)
        }
        Builtin::StoredSecret => {
            let from = match (&written.header, &written.from) {
                (Some(header), None) => Some(header),
                (None, Some(from)) => Some(from),
                _ => None,
            };
            let (Some(from), Some(secret), Some(until)) =
                (from, &written.secret, &written.enrol_until)
            else {
                return Err(checker.error_with(
                    written.place(),
                    "`stored_secret` needs `secret`, `enrol_until`, and one of `header` and `from`",
                    "such as `{ builtin: stored_secret, header: X-Hook-Secret, secret: webhook_secret, enrol_until: 2026-12-31T00:00:00Z }`",
                ));
            };
            let path = match &written.header {
                Some(header) => header_name(header, header.place(), checker).and_then(|name| {
                    checker.path_at(header.place(), &format!("header.{name}"), &[Root::Header])
                }),
                None => checker.path(from, &[Root::Record, Root::Form]),
            };
            let known = check_secret_name(secret, secret.place(), checker);
            let enrol_until = checker.time(until);
            known?;
            Ok(Respond::StoredSecret(StoredSecret {
                from: path?,
                secret: (**secret).clone(),
                enrol_until: enrol_until?,
            }))
        }
    }
}

/// Reports keys that only `stored_secret` has.
fn unused(written: &written::Respond, checker: &mut Checker<'_>, why: &str) {
    let keys = [
        ("header", &written.header),
        ("from", &written.from),
        ("secret", &written.secret),
        ("enrol_until", &written.enrol_until),
    ];
    for (key, value) in keys {
        if let Some(value) = value {
            checker.error(value.place(), format!("`{key}` {why}"));
        }
    }
}

fn answer(
    written: &Located<written::Respond>,
    checker: &mut Checker<'_>,
) -> Result<AnswerTemplate, Told> {
    let written = WrittenAnswer {
        place: written.place(),
        status: written.status.as_ref(),
        headers: &written.headers,
        text: written.text.as_ref(),
        json: written.json.as_ref(),
        empty: written.empty.as_ref(),
    };
    let kind = AnswerKind {
        status: 200,
        statuses: 200..=299,
        wrong_status: "an answered handshake is not",
        help: "a status from 200 to 299; a request that fails is answered 401 by itself",
    };
    let mut read = |text: &Located<String>, checker: &mut Checker<'_>| {
        checker.signing_template(text, REQUEST_ROOTS, &Lookups::new())
    };
    written.check(&kind, &mut read, checker)
}

/// The keys that every answer has.
pub(super) struct WrittenAnswer<'w> {
    pub(super) place: Option<Place>,
    pub(super) status: Option<&'w Located<u32>>,
    pub(super) headers: &'w BTreeMap<String, Located<String>>,
    pub(super) text: Option<&'w Located<String>>,
    pub(super) json: Option<&'w Located<Node>>,
    pub(super) empty: Option<&'w Located<bool>>,
}

/// What the statuses of an answer may be.
pub(super) struct AnswerKind {
    /// The default.
    pub(super) status: u16,
    pub(super) statuses: RangeInclusive<u16>,
    pub(super) wrong_status: &'static str,
    pub(super) help: &'static str,
}

/// Reads one template of an answer.
type Read<'r> = &'r mut dyn FnMut(&Located<String>, &mut Checker<'_>) -> Result<Template, Told>;

impl WrittenAnswer<'_> {
    /// Reads the answer; one of `text`, `json` and `empty` is written.
    pub(super) fn check(
        &self,
        kind: &AnswerKind,
        read: Read<'_>,
        checker: &mut Checker<'_>,
    ) -> Result<AnswerTemplate, Told> {
        let status = self.status.map_or(Ok(kind.status), |status| {
            let known =
                u16::try_from(**status).ok().filter(|status| kind.statuses.contains(status));
            known.ok_or_else(|| {
                let message = format!("{} {}", kind.wrong_status, **status);
                checker.error_with(status.place(), message, kind.help)
            })
        });
        let headers = all(self.headers.iter().map(|(name, text)| {
            let name = match self.empty.is_some() && is_type_of_nothing(name, text) {
                true => Ok(name.to_ascii_lowercase()),
                false => header_name(name, text.place().or(self.place), checker),
            };
            let template = read(text, checker);
            Ok((name?, template?))
        }));
        let body = match (self.text, self.json, self.empty) {
            (Some(text), _, _) => read(text, checker).map(AnswerBody::Text),
            (None, Some(node), _) => json(node, read, checker).map(AnswerBody::Json),
            (None, None, Some(empty)) if !**empty => Err(checker.error_with(
                empty.place(),
                "`empty: false` does not say what is answered",
                "write `empty: true`, or a `text` or `json`",
            )),
            (None, None, _) => Ok(AnswerBody::Empty),
        };
        Ok(AnswerTemplate { status: status?, headers: headers?, body: body? })
    }
}

/// Returns whether a header is a content type that an answer without a body can have, which no key sets.
fn is_type_of_nothing(name: &str, text: &str) -> bool {
    name.eq_ignore_ascii_case("content-type") && ["application/json", "text/plain"].contains(&text)
}

fn json(
    node: &Located<Node>,
    read: Read<'_>,
    checker: &mut Checker<'_>,
) -> Result<JsonTemplate, Told> {
    JsonTemplate::check(node, &mut |leaf| match &**leaf {
        Node::Text(text) => read(&leaf.with(text.clone()), checker).map(JsonTemplate::of),
        _ => Ok(JsonTemplate::Constant(constant(leaf, checker))),
    })
}

fn header_name(
    name: &str,
    place: Option<Place>,
    checker: &mut Checker<'_>,
) -> Result<String, Told> {
    let lower = name.to_ascii_lowercase();
    if !is_header_name(&lower) {
        return Err(
            checker.error(place, format!("`{}` is not a header's name", name.escape_debug()))
        );
    }
    if RESERVED.contains(&lower.as_str()) {
        return Err(checker.error_with(
            place,
            format!("the header `{lower}` cannot be set"),
            "the content type is `text/plain` or `application/json`, which only `empty: true` has to write, and the server's own headers are its own",
        ));
    }
    Ok(lower)
}
