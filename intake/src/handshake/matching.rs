//! Finds the handshake rule that a request is for.
//!
//! A value that can be read in more than one way matches nothing: the request is then handled like any
//! other, and has to be authentic.

use mef_auth::Request;
use mef_auth::verify::{is_present, read_value};
use mef_source::Path;
use mef_source::checked::{Handshake, HandshakeAuth, When};
use serde_json::Value;

/// Returns the number of the first of `rules` that `request` is for.
pub(super) fn find(rules: &[Handshake], request: &Request) -> Option<usize> {
    rules.iter().position(|rule| {
        let when = &rule.when;
        // The body is read only if the head matches.
        when.takes(request.method())
            && holds(when, request, in_head)
            && holds(when, request, |path| !in_head(path))
    })
}

/// Returns whether the receiver might answer a request with this head without the webhook's checks. The
/// body is taken to match.
pub(crate) fn may_be_answered_unsigned(rules: &[Handshake], head: &Request) -> bool {
    rules.iter().any(|rule| {
        !matches!(rule.auth, HandshakeAuth::Signed)
            && rule.when.takes(head.method())
            && holds(&rule.when, head, in_head)
    })
}

fn in_head(path: &Path) -> bool {
    !path.root().is_in_body()
}

/// Returns whether `request` meets the conditions of `when` on the paths that `wanted` picks.
fn holds(when: &When, request: &Request, wanted: impl Fn(&Path) -> bool) -> bool {
    let mut present = when.present.iter().filter(|path| wanted(path));
    let mut absent = when.absent.iter().filter(|path| wanted(path));
    let mut equals = when.equals.iter().filter(|(path, _)| wanted(path));
    present.all(|path| is_present(request, path).unwrap_or(false))
        && absent.all(|path| is_present(request, path).is_ok_and(|present| !present))
        && equals.all(|(path, expected)| is_equal(request, path, expected))
}

/// Compares a value. Headers and query parameters are text: a number or boolean is compared as it is
/// written.
fn is_equal(request: &Request, path: &Path, expected: &Value) -> bool {
    match read_value(request, path) {
        Ok(Some(Value::String(found))) if in_head(path) => match expected {
            Value::String(expected) => found == *expected,
            written => {
                let expected = written.to_string();
                found == expected
            }
        },
        Ok(Some(found)) => found == *expected,
        Ok(None) | Err(_) => false,
    }
}
