//! The values of a request that an answer may repeat: of one that gave its proof, or of anybody's.

use mef_auth::Request;
use mef_auth::verify::{Denied, RequestPart, Verified, read_value};
use mef_pipeline::Admitted;
use mef_source::{Path, Root};
use serde_json::Value;

/// The longest value that is echoed, in bytes: no challenge is longer.
const LONGEST: usize = 4 * 1024;

/// A request that gave the proof its rule asks for.
pub(crate) enum Proven<'r> {
    /// It passed the webhook's checks.
    Signed(&'r Verified),
    /// It passed, and its body is read as that of its events is: decompressed, and also if it is damaged
    /// elsewhere.
    Admitted(&'r Verified, &'r Admitted),
    /// It passed the rule's own check, or the rule asks for none.
    Otherwise(&'r Request),
}

impl Proven<'_> {
    /// Returns the value at `path`; fails if it is missing, empty or too long for a challenge.
    pub(crate) fn value(&self, path: &Path) -> Result<Value, Denied> {
        let found = match self {
            Proven::Admitted(_, admitted) if path.root() == Root::Record => admitted.find(path),
            Proven::Signed(verified) | Proven::Admitted(verified, _) => verified.value(path)?,
            Proven::Otherwise(request) => read_value(request, path)?,
        };
        let place = || RequestPart::of(path);
        match found {
            None => Err(Denied::Missing(place())),
            Some(Value::String(text)) if text.is_empty() => Err(Denied::Missing(place())),
            Some(value) if is_too_long(&value) => {
                Err(Denied::TooLong { part: place(), limit: LONGEST })
            }
            Some(value) => Ok(value),
        }
    }
}

/// A number has as many digits as its sender likes.
fn is_too_long(value: &Value) -> bool {
    match value {
        Value::String(text) => text.len() > LONGEST,
        value => value.to_string().len() > LONGEST,
    }
}
