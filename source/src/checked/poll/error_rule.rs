//! What `errors` means.

use super::cursor::Cursor;
use super::request::Requests;
use super::response_when::ResponseWhen;
use crate::checked::checker::{Checker, Told, all};
use crate::path::Root;
use crate::written::{self, Auth, AuthOrPreset, ErrorAction};

/// What to do about one kind of response.
#[derive(Clone, Debug)]
pub struct ErrorRule {
    /// Which responses.
    pub when: ResponseWhen,
    /// What to do.
    pub action: ErrorAction,
}

pub(crate) fn check(
    poll: &written::Poll,
    requests: &Requests<'_>,
    cursor: &Cursor,
    checker: &mut Checker<'_>,
) -> Result<Vec<ErrorRule>, Told> {
    let rules = all(poll.errors.iter().map(|written| rule(written, checker)))?;
    for (index, (rule, written)) in rules.iter().zip(&poll.errors).enumerate() {
        let before = rules.iter().take(index).position(|before| before.when.covers(&rule.when));
        if let Some(before) = before {
            checker.error_with(
                written.when.place(),
                format!(
                    "this rule is never reached: rule {} of `errors` holds whenever this one does",
                    before + 1
                ),
                "the first rule that holds decides; put this one before it, or take it out",
            );
        }
        makes_sense(poll, rule, written, checker);
        reads_again(requests, cursor, written, checker);
    }
    Ok(rules)
}

fn rule(written: &written::ErrorRule, checker: &mut Checker<'_>) -> Result<ErrorRule, Told> {
    let when = ResponseWhen::check(&written.when, checker)?;
    Ok(ErrorRule { when, action: *written.action })
}

/// Reports rules that would silently do harm or nothing.
fn makes_sense(
    poll: &written::Poll,
    rule: &ErrorRule,
    written: &written::ErrorRule,
    checker: &mut Checker<'_>,
) {
    let place = written.action.place();
    let by_status_alone = rule.when.is_by_status_alone();
    if by_status_alone && rule.when.status.contains(200) {
        checker.error_with(
            written.when.place(),
            "this rule matches every successful response, so no page would be read",
            "add a `header` or `body` condition",
        );
        return;
    }
    match rule.action {
        ErrorAction::Ignore if by_status_alone => {
            let loses = [401, 403, 429, 500, 502, 503, 504];
            if let Some(status) =
                loses.into_iter().find(|status| rule.when.status.contains(*status))
            {
                checker.warn(
                    place,
                    format!("a {status} would count as an empty page: the records of that page would be lost"),
                    "add a `header` or `body` condition for the responses that mean that there is nothing",
                );
            }
        }
        ErrorAction::Reauthenticate
            if matches!(
                poll.auth,
                None | Some(AuthOrPreset::Auth(Auth::Bearer(_) | Auth::Header(_) | Auth::Query(_)))
            ) =>
        {
            checker.warn(
                place,
                "`auth` has no access token that could be renewed",
                "such a response fails; write `fail`, or `retry`",
            );
        }
        _ => {}
    }
}

/// Reports rules that read again without anything to begin from.
fn reads_again(
    requests: &Requests<'_>,
    cursor: &Cursor,
    written: &written::ErrorRule,
    checker: &mut Checker<'_>,
) {
    let place = written.action.place();
    let by_time = match cursor {
        Cursor::Time(_) => return,
        Cursor::Id(cursor) => cursor.time.is_some(),
        Cursor::Token(_) | Cursor::NextLink(_) | Cursor::Listing(_) => false,
    };
    match *written.action {
        ErrorAction::SplitWindow => {
            checker.error_with(
                place,
                format!("a cursor by {} has no window to split", cursor.kind()),
                match cursor {
                    Cursor::Listing(_) => "write `retry` or `fail`",
                    _ => "write `restart_from_time`, `retry` or `fail`",
                },
            );
        }
        ErrorAction::RestartFromTime if matches!(cursor, Cursor::Listing(_)) => {
            checker.error_with(
                place,
                "a listing has no time to restart from",
                "every run begins at its first page: write `retry` or `fail`",
            );
        }
        ErrorAction::RestartFromTime if !by_time && !requests.uses(Root::Cursor, "start") => {
            checker.error_with(
                place,
                "`restart_from_time` needs `{cursor.start}` in the request",
                "without it the vendor is not told from where to begin again",
            );
        }
        _ => {}
    }
}
