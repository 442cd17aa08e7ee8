//! The findings of `mef explain` as data: what `--json` prints.

use std::collections::BTreeMap;

use jiff::Timestamp;
use mef_auth::Redactor;
use mef_auth::verify::Explained;
use mef_intake::Handled;
use mef_ports::DeadLetter;
use serde::Serialize;
use serde_json::Value;

use super::escape::{bounded, escaped};
use crate::offline::webhook::{Judged, LiveVersion};

/// How many bytes of an escaped signed text are shown without `--full`.
pub(super) const SIGNED_TEXT: usize = 2000;

/// All that `mef explain` finds.
#[derive(Serialize)]
pub(super) struct Report {
    pub(super) outcome: String,
    pub(super) status: u16,
    pub(super) reason: String,
    pub(super) response: Response,
    pub(super) delivery_id: Option<String>,
    pub(super) events: Vec<Value>,
    /// The records that would go to the dead letters.
    pub(super) rejected: Vec<DeadLetter>,
    /// The moment as of which the request was judged.
    pub(super) at: Timestamp,
    pub(super) checks: Vec<Check>,
    /// The signed text of the check that decided.
    pub(super) signed_text: Option<SignedText>,
}

#[derive(Serialize)]
pub(super) struct Response {
    pub(super) headers: BTreeMap<String, String>,
    pub(super) body: String,
}

/// One check.
#[derive(Serialize)]
pub(super) struct Check {
    pub(super) check: &'static str,
    pub(super) passed: bool,
    /// Whether the answer follows from this check.
    pub(super) decided: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) reason: Option<String>,
    pub(super) places: Vec<ValueRead>,
    pub(super) secrets: Vec<Secret>,
    pub(super) signed_texts: Vec<SignedText>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(super) checks: Vec<Check>,
}

/// A value that a check looks for.
#[derive(Serialize)]
pub(super) struct ValueRead {
    pub(super) what: &'static str,
    pub(super) place: String,
    pub(super) found: String,
}

/// A secret that a check tried.
#[derive(Serialize)]
pub(super) struct Secret {
    pub(super) name: String,
    pub(super) version: Option<String>,
    pub(super) since: Option<Timestamp>,
    pub(super) age_seconds: Option<i64>,
    pub(super) matched: bool,
}

/// A text that was signed.
#[derive(Clone, Serialize)]
pub(super) struct SignedText {
    /// Escaped, and cut where it is long.
    pub(super) text: String,
    /// How many bytes were signed.
    pub(super) bytes: usize,
    /// How many bytes of the escaped text are not shown.
    pub(super) cut: usize,
}

impl Report {
    /// Reports what was `judged` as of `at`, with at most `limit` bytes of each signed text.
    pub(super) fn of(judged: &Judged, at: Timestamp, limit: usize, redactor: &Redactor) -> Report {
        let teller = Teller { secrets: &judged.secrets, at, limit, redactor };
        let mut checks: Vec<_> = judged.checks.iter().map(|check| teller.check(check)).collect();
        let decider = match checks.iter().position(|check| !check.passed) {
            Some(index) => Some(index),
            None => checks.len().checked_sub(1),
        };
        let mut signed_text = None;
        if let Some(check) = decider.and_then(|index| checks.get_mut(index)) {
            check.decided = true;
            signed_text = check.first_signed_text().cloned();
        }
        let Handled { answer, verdict } = &judged.handled;
        let headers = answer.headers.iter();
        Report {
            outcome: verdict.word().to_owned(),
            status: answer.status,
            reason: teller.masked(&verdict.reason()),
            response: Response {
                headers: headers.map(|(name, value)| (name.to_string(), value.clone())).collect(),
                body: answer.body.clone(),
            },
            delivery_id: judged.delivery_id.clone(),
            events: judged.events.clone(),
            rejected: judged.rejected.clone(),
            at,
            checks,
            signed_text,
        }
    }
}

impl Check {
    /// Returns its first signed text, or that of a check inside it, preferably of one that passed.
    fn first_signed_text(&self) -> Option<&SignedText> {
        let mut inner: Vec<_> = self.checks.iter().collect();
        inner.sort_by_key(|check| !check.passed);
        let inside = inner.into_iter().find_map(Check::first_signed_text);
        self.signed_texts.first().or(inside)
    }
}

/// What is needed to report each check.
struct Teller<'j> {
    secrets: &'j [LiveVersion],
    at: Timestamp,
    limit: usize,
    redactor: &'j Redactor,
}

impl Teller<'_> {
    fn check(&self, check: &Explained) -> Check {
        let mut tried: BTreeMap<&str, usize> = BTreeMap::new();
        let secrets = check.tried.iter().map(|secret| {
            let count = tried.entry(&secret.secret).or_default();
            let live: Vec<_> = self.secrets.iter().filter(|v| v.name == secret.secret).collect();
            // A check may try the live values more than once.
            let version = live.get(*count % live.len().max(1)).copied();
            *count += 1;
            let since = version.and_then(|version| version.since);
            Secret {
                name: secret.secret.clone(),
                version: version.map(|version| version.version.clone()),
                since,
                age_seconds: since.map(|since| self.at.duration_since(since).as_secs().max(0)),
                matched: secret.matched,
            }
        });
        let places = check.noticed.iter().map(|one| ValueRead {
            what: one.what,
            place: one.part.to_string(),
            found: self.masked(&one.found),
        });
        Check {
            check: check.check,
            passed: check.denied.is_none(),
            decided: false,
            reason: check.denied.as_ref().map(|denied| self.masked(&denied.to_string())),
            places: places.collect(),
            secrets: secrets.collect(),
            signed_texts: check.signed_texts.iter().map(|text| self.signed_text(text)).collect(),
            checks: check.inner.iter().map(|inner| self.check(inner)).collect(),
        }
    }

    fn signed_text(&self, text: &[u8]) -> SignedText {
        // Masked before it is cut: a cut through a secret would show its start.
        let masked = match std::str::from_utf8(text) {
            Ok(text) => self.masked(&escaped(self.masked(text).as_bytes())),
            Err(_) => self.masked(&escaped(text)),
        };
        let (shown, cut) = bounded(&masked, self.limit);
        SignedText { text: shown.to_owned(), bytes: text.len(), cut }
    }

    /// Masks the secrets: a request may hold anywhere what is a secret elsewhere.
    fn masked(&self, text: &str) -> String {
        self.redactor.mask(text).into_owned()
    }
}
