//! What checks saw and did, for the person who asks why.
//!
//! A check says it in one line where it happens, so that what is explained is
//! what was judged, and no second reading of the rules can drift from the
//! first. Nothing is kept, and no closure is called, unless the caller is
//! [`verify_explained`](crate::verify::verify_explained()): the requests that are served
//! do not pay for it. Never is a secret kept here, nor a value that was
//! received as a credential.

use std::borrow::Cow;

use super::denied::Denied;
use crate::verify::read::request_part::Place;

/// One check, explained.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Explained {
    /// The kind of check, as in the source file: `hmac`, `token`.
    pub check: &'static str,
    /// Where it looks, and what is there.
    pub seen: Vec<Seen>,
    /// The texts that were signed, as far as it came to them; one for each
    /// element or variant that it tries.
    pub signed_texts: Vec<Vec<u8>>,
    /// The secrets that were tried, in order; one name several times where the
    /// secret has several live values, the present one first.
    pub tried: Vec<Tried>,
    /// Why it failed; nothing if the request passes.
    pub denied: Option<Denied>,
    /// The checks that it is made of.
    pub inner: Vec<Explained>,
}

/// A place that a check reads.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Seen {
    /// What is looked for: `signature`, `timestamp`, `token`.
    pub what: &'static str,
    /// Where.
    pub place: Place,
    /// What was there. Of a credential only how long it is and how it is
    /// written.
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

/// Takes down what checks say, if somebody asked for it.
#[derive(Clone, Default)]
pub(crate) struct Trace(Option<Notes>);

#[derive(Clone, Default)]
struct Notes {
    /// The checks under way, the innermost last.
    open: Vec<Explained>,
    done: Vec<Explained>,
}

impl Trace {
    /// A trace that keeps what it is told.
    pub(crate) fn on() -> Trace {
        Trace(Some(Notes::default()))
    }

    /// A check begins; it looks at what `seen` says.
    pub(crate) fn begin(&mut self, check: &'static str, seen: impl FnOnce() -> Vec<Seen>) {
        if let Some(notes) = &mut self.0 {
            notes.open.push(Explained {
                check,
                seen: seen(),
                signed_texts: Vec::new(),
                tried: Vec::new(),
                denied: None,
                inner: Vec::new(),
            });
        }
    }

    /// The check under way makes the signature over `text`.
    pub(crate) fn signed(&mut self, text: &[Cow<'_, [u8]>]) {
        if let Some(check) = self.check() {
            check.signed_texts.push(text.concat());
        }
    }

    /// The check under way tries a value of `secret`.
    pub(crate) fn tried(&mut self, secret: &str, matched: bool) {
        if let Some(check) = self.check() {
            check.tried.push(Tried { secret: secret.to_owned(), matched });
        }
    }

    /// The check under way ends.
    pub(crate) fn end<T>(&mut self, result: &Result<T, Denied>) {
        let Some(notes) = &mut self.0 else { return };
        let Some(mut check) = notes.open.pop() else { return };
        check.denied = result.as_ref().err().cloned();
        match notes.open.last_mut() {
            Some(outer) => outer.inner.push(check),
            None => notes.done.push(check),
        }
    }

    /// The checks that ended.
    pub(crate) fn into_checks(self) -> Vec<Explained> {
        self.0.map(|notes| notes.done).unwrap_or_default()
    }

    fn check(&mut self) -> Option<&mut Explained> {
        self.0.as_mut()?.open.last_mut()
    }
}
