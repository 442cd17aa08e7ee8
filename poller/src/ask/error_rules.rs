//! What the source file says that a response means.

use jiff::Timestamp;
use mef_auth::header_text;
use mef_ports::HttpResponse;
use mef_ports::moment::after;
use mef_source::checked::{ErrorAction, ErrorRule, ResponseWhen};
use serde_json::Value;

use crate::ask::asking::{Answered, Verdict};
use crate::ask::fetch_error::FetchError;
use crate::ask::limits::{LIMIT_WITHOUT_RESET, LimitHeaders};
use crate::ask::refusal::RuledOut;
use crate::page::decode::value_of;

/// Returns the first of `rules` that applies to `response`: its number, from 1, and its action.
pub(crate) fn find(rules: &[ErrorRule], response: &HttpResponse) -> Option<(usize, ErrorAction)> {
    let body = body_for(rules.iter().map(|rule| &rule.when), response);
    let index = rules.iter().position(|rule| holds(&rule.when, response, body.as_ref()))?;
    rules.get(index).map(|rule| (index + 1, rule.action))
}

/// Returns whether one of `whens` applies to `response`.
pub(crate) fn any(whens: &[ResponseWhen], response: &HttpResponse) -> bool {
    let body = body_for(whens.iter(), response);
    whens.iter().any(|when| holds(when, response, body.as_ref()))
}

/// Reads the body if one of `whens` looks into it. A good page is large and not read twice for
/// nothing.
fn body_for<'w>(
    mut whens: impl Iterator<Item = &'w ResponseWhen>,
    response: &HttpResponse,
) -> Option<Value> {
    let status = response.status.as_u16();
    whens.any(|when| when.reads_body(status)).then(|| value_of(&response.body))?
}

fn holds(when: &ResponseWhen, response: &HttpResponse, body: Option<&Value>) -> bool {
    when.status.contains(response.status.as_u16())
        && when.headers.iter().all(|(name, condition)| {
            let mut values = response.headers.get_all(name).iter();
            values.any(|value| condition.holds_for_text(&header_text(value)))
        })
        && when
            .body
            .iter()
            .all(|(path, condition)| condition.holds(body.and_then(|body| path.find(body))))
}

/// Returns what to do about a response to which a rule with this `action` applies.
pub(crate) fn decide<T>(
    ruled: RuledOut,
    action: ErrorAction,
    response: &HttpResponse,
    limits: &LimitHeaders<'_>,
    now: Timestamp,
) -> Result<Answered<T>, Verdict> {
    let until = match action {
        ErrorAction::Limit => limits.until_by_rule(&response.headers, now),
        _ => limits.until(&response.headers, now),
    };
    Err(match action {
        ErrorAction::Ignore => {
            let not_before = limits.used_up(&response.headers, now);
            return Ok(Answered { value: None, not_before });
        }
        ErrorAction::Retry => Verdict::Again { error: ruled.into(), after: until },
        ErrorAction::Fail => Verdict::Fail(ruled.into()),
        ErrorAction::Reauthenticate => Verdict::NewToken { error: ruled.into() },
        ErrorAction::Limit => {
            let error = FetchError::Limited {
                until: until.unwrap_or_else(|| after(now, LIMIT_WITHOUT_RESET)),
            };
            // Without a moment, a try every few seconds would make it worse.
            match until {
                Some(_) => Verdict::Again { error, after: until },
                None => Verdict::Fail(error),
            }
        }
        ErrorAction::SplitWindow => Verdict::Fail(FetchError::Reread { half: true, ruled }),
        ErrorAction::RestartFromTime => Verdict::Fail(FetchError::Reread { half: false, ruled }),
    })
}
