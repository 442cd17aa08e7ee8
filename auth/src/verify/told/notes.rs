//! What the checks of one request leave behind.
//!
//! A check says what it does in one line where it happens, so that what is
//! explained is what was judged. Nothing of that is kept, and no closure is
//! called, unless somebody asked for an explanation: the requests that are served
//! do not pay for it.

use std::borrow::Cow;

use super::explanation::{Explained, Noticed, Tried};
use super::mask::Mask;
use crate::verify::denied::Denied;

/// What the checks of one request leave behind.
#[derive(Default)]
pub(crate) struct Notes {
    /// Where they read credentials.
    pub(crate) mask: Mask,
    /// The verified claims that are the record in place of the body, as JSON.
    pub(crate) record: Option<Vec<u8>>,
    explanation: Option<Explanation>,
}

#[derive(Default)]
struct Explanation {
    /// The checks under way, the innermost last.
    open: Vec<Explained>,
    done: Vec<Explained>,
}

impl Notes {
    /// Starts notes that explain the judgement.
    pub(crate) fn explaining() -> Notes {
        Notes { explanation: Some(Explanation::default()), ..Notes::default() }
    }

    /// Notes that a check begins, and what it looks at.
    pub(crate) fn begin(&mut self, check: &'static str, noticed: impl FnOnce() -> Vec<Noticed>) {
        if let Some(explanation) = &mut self.explanation {
            explanation.open.push(Explained {
                check,
                noticed: noticed(),
                signed_texts: Vec::new(),
                tried: Vec::new(),
                denied: None,
                inner: Vec::new(),
            });
        }
    }

    /// Notes that the signature of the check under way is over `text`.
    pub(crate) fn signed(&mut self, text: &[Cow<'_, [u8]>]) {
        if let Some(check) = self.check() {
            check.signed_texts.push(text.concat());
        }
    }

    /// Notes that the check under way tried a value of `secret`.
    pub(crate) fn tried(&mut self, secret: &str, matched: bool) {
        if let Some(check) = self.check() {
            check.tried.push(Tried { secret: secret.to_owned(), matched });
        }
    }

    /// Notes that the check under way ends.
    pub(crate) fn end<T>(&mut self, result: &Result<T, Denied>) {
        let Some(explanation) = &mut self.explanation else { return };
        let Some(mut check) = explanation.open.pop() else { return };
        check.denied = result.as_ref().err().cloned();
        match explanation.open.last_mut() {
            Some(outer) => outer.inner.push(check),
            None => explanation.done.push(check),
        }
    }

    /// Takes the explanations of the checks that ended.
    pub(crate) fn take_explained(&mut self) -> Vec<Explained> {
        self.explanation
            .as_mut()
            .map(|explanation| std::mem::take(&mut explanation.done))
            .unwrap_or_default()
    }

    fn check(&mut self) -> Option<&mut Explained> {
        self.explanation.as_mut()?.open.last_mut()
    }
}
