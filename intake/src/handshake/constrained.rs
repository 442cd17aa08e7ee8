//! What values of a handshake's request must look like.

use mef_auth::verify::{Denied, RequestPart};
use mef_source::checked::Handshake;
use serde_json::Value;

use crate::proven::Proven;

/// Checks the request's values against the constraints of the rule.
pub(super) fn constrained(rule: &Handshake, request: &Proven<'_>) -> Result<(), Denied> {
    for constraint in &rule.constrain {
        let matches = match request.value(&constraint.path)? {
            Value::String(text) => constraint.pattern.is_match(&text),
            value => constraint.pattern.is_match(&value.to_string()),
        };
        if !matches {
            return Err(Denied::Unconstrained(RequestPart::of(&constraint.path)));
        }
    }
    Ok(())
}
