//! Secrets that are being replaced: a warning if one stays too long or is gone.
//!
//! An old secret that never goes is a second way in for anybody who has it. The source file says when it
//! goes. Whether that is too late, or long ago, depends on today; so it is judged here and not when the
//! file is checked.

use jiff::{SignedDuration, Timestamp};
use mef_source::checked::{Check, Handshake};
use mef_source::{Problem, Source};

/// The longest time that an old secret needs beside the new one.
const LONGEST: SignedDuration = SignedDuration::from_hours(90 * 24);

/// Returns the warnings at `now` about the secrets that `source` retires.
pub(crate) fn problems(source: &Source, now: Timestamp) -> Vec<Problem> {
    let Some(webhook) = &source.webhook else { return Vec::new() };
    let of_checks = webhook.single_checks().flat_map(Check::secrets);
    let uses = of_checks.chain(webhook.handshake.iter().flat_map(Handshake::secrets));
    let mut problems: Vec<Problem> = Vec::new();
    for used in uses {
        let Some(not_after) = used.not_after else { continue };
        let name = &used.name;
        let problem = match not_after.duration_since(now) {
            left if left.is_negative() => Problem::warning(
                None,
                format!("the secret `{name}` has not been accepted since {not_after}"),
            )
            .help("remove it from the source file, and delete it from the store"),
            left if left > LONGEST => Problem::warning(
                None,
                format!("the old secret `{name}` is accepted until {not_after}, more than 90 days from now"),
            )
            .help("anybody who has it can push until then; end it once the vendor signs with the new one"),
            _ => continue,
        };
        if !problems.contains(&problem) {
            problems.push(problem);
        }
    }
    problems
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_secret_is_told_of_when_it_is_gone_and_when_it_stays_too_long() {
        let text = "source: x\nwebhook:\n  verify:\n    - any:\n      - token: { from: header.t, secrets: [now, { name: old, not_after: 2026-06-01T00:00:00Z }] }\n      - token: { from: query.t, secrets: [now, { name: old, not_after: 2026-06-01T00:00:00Z }] }\n";
        let source = mef_source::load(text, &|_| Err(String::new())).unwrap().source;
        let said = |now: &str| {
            let problems = problems(&source, now.parse().unwrap());
            problems.iter().map(|problem| problem.message.clone()).collect::<Vec<_>>()
        };
        assert_eq!(said("2026-05-31T00:00:00Z"), Vec::<String>::new());
        assert_eq!(said("2026-03-03T00:00:00Z"), Vec::<String>::new());
        let gone = "the secret `old` has not been accepted since 2026-06-01T00:00:00Z";
        assert_eq!(said("2026-06-01T00:00:01Z"), [gone]);
        let long = said("2026-03-02T00:00:00Z");
        assert!(matches!(long.as_slice(), [one] if one.contains("more than 90 days")), "{long:?}");
    }
}
