//! What checks saw and did, for the person who asks why.
//!
//! It never holds a secret, nor a value that was received as a credential.

use crate::verify::denied::Denied;
use crate::verify::request_part::RequestPart;

/// One check, explained.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Explained {
    /// The kind of check, as in the source file: `hmac`, `token`.
    pub check: &'static str,
    /// Where it looks, and what is there.
    pub noticed: Vec<Noticed>,
    /// The texts that were signed, if it got that far; one for each element or
    /// variant that it tries.
    pub signed_texts: Vec<Vec<u8>>,
    /// The secrets that were tried, in order. A name comes several times if the
    /// secret has several live values, the present one first.
    pub tried: Vec<Tried>,
    /// Why it failed; `None` if the request passes.
    pub denied: Option<Denied>,
    /// The checks that it is made of.
    pub inner: Vec<Explained>,
}

/// What is at a place that a check reads.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Noticed {
    /// What is looked for: `signature`, `timestamp`, `token`.
    pub what: &'static str,
    /// Where.
    pub part: RequestPart,
    /// What was there; of a credential, only its length and encoding.
    pub found: String,
}

/// A secret that was tried.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Tried {
    /// Its name.
    pub secret: String,
    /// Whether it was the right one.
    pub matched: bool,
}
