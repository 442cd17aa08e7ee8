//! A request that passed.

use std::fmt;

use bytes::Bytes;
use mef_source::Path;
use mef_source::sha256_hex;
use serde_json::Value;

use crate::request::Request;
use crate::verify::denied::Denied;
use crate::verify::read::values::read_value;
use crate::verify::told::mask::Mask;

/// A check that a request passed. Of alternatives, the first one that passed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Passed {
    /// The kind of check, as in the source file: `hmac`, `token`.
    pub check: &'static str,
    /// The name of the secret that decided, or the URL that the key is from;
    /// `None` if the check has neither.
    pub secret: Option<String>,
}

/// A request that passed every check of its source, with `***` in place of
/// every value that a check reads as a credential. If the source says that the claims of
/// its token are the record, they are the body.
///
/// Only [`verify`](crate::verify::verify()) makes one.
#[derive(Clone)]
pub struct Verified {
    request: Request,
    passed: Vec<Passed>,
    /// The digest of the body as it came, if masking changed the body.
    digest: Option<String>,
}

impl Verified {
    /// Takes a request that passed. `record` is what the body is replaced by, as JSON.
    pub(super) fn new(
        request: Request,
        passed: Vec<Passed>,
        mask: &Mask,
        record: Option<Vec<u8>>,
    ) -> Verified {
        let Some(record) = record else {
            let digest = mask.changes_body().then(|| sha256_hex(request.body()));
            return Verified { request: mask.apply(request), passed, digest };
        };
        let request = mask.apply_to_head(request).with_json(record);
        Verified { request, passed, digest: None }
    }

    /// The method, as it was sent.
    pub fn method(&self) -> &str {
        self.request.method()
    }

    /// The path, as it was sent.
    pub fn path(&self) -> &str {
        self.request.path()
    }

    /// The value of the header `name`, if it is text and was sent once, or
    /// always the same.
    pub fn header(&self, name: &str) -> Option<&str> {
        let lines = self.request.headers().iter();
        let mine = lines.filter(|(line, _)| line.eq_ignore_ascii_case(name));
        std::str::from_utf8(always_same(mine.map(|(_, value)| value.as_slice()))?).ok()
    }

    /// The values of the header `name` (in lower case), one for each line.
    pub fn header_values<'r>(&'r self, name: &'r str) -> impl Iterator<Item = &'r [u8]> {
        self.request.header_values(name)
    }

    /// The decoded value of the query parameter `name`, if it is text and was
    /// given once, or always the same.
    pub fn query(&self, name: &str) -> Option<String> {
        String::from_utf8(always_same(self.request.query_values(name))?).ok()
    }

    /// The body, or the verified claims in its place. A credential in it is the JSON string
    /// `"***"`; every other byte is as it came.
    pub fn body(&self) -> &Bytes {
        self.request.body()
    }

    /// The SHA-256 of the body as it came, or of the claims, in hexadecimal.
    pub fn body_sha256_hex(&self) -> String {
        self.digest.clone().unwrap_or_else(|| sha256_hex(self.request.body()))
    }

    /// The checks that it passed; empty if the source verifies nothing.
    pub fn passed(&self) -> &[Passed] {
        &self.passed
    }

    /// Reads a value as [`read_value`] does. What a check reads as a credential
    /// is `***`.
    ///
    /// # Errors
    ///
    /// Those of [`read_value`].
    pub fn value(&self, path: &Path) -> Result<Option<Value>, Denied> {
        read_value(&self.request, path)
    }
}

fn always_same<V: PartialEq>(mut values: impl Iterator<Item = V>) -> Option<V> {
    let first = values.next()?;
    values.all(|value| value == first).then_some(first)
}

impl fmt::Debug for Verified {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Verified")
            .field("request", &self.request)
            .field("passed", &self.passed)
            .finish()
    }
}
