//! What a vendor keeps for us while pages are read: values that each page brings anew, and the
//! request that ends it.

use std::collections::BTreeMap;

use super::pages::Next;
use super::request::Request;
use super::request::scope::RequestScope;
use crate::checked::checker::Told;
use crate::path::{Path, Root};
use crate::written::{self, Located};

impl RequestScope<'_, '_> {
    /// Reads which values of `setup` each page brings anew.
    pub(crate) fn renew(
        &mut self,
        written: &BTreeMap<String, Located<String>>,
    ) -> Result<Vec<(String, Path)>, Told> {
        for (name, path) in written.iter().filter(|(name, _)| !self.setup.contains(*name)) {
            self.checker.error_with(
                path.place(),
                format!("no step of `setup` sets `{name}`"),
                "only such a value can come anew: name it under `values` of a step",
            );
        }
        self.values(written, &[Root::Record, Root::Header])
    }

    /// Reads the request that ends what was begun at the vendor.
    pub(crate) fn finish(
        &mut self,
        written: Option<&Located<written::Request>>,
        next: Option<&Next>,
    ) -> Result<Option<Request>, Told> {
        let Some(written) = written else { return Ok(None) };
        self.page = next.filter(|next| matches!(next, Next::Token { .. })).and_then(Next::variable);
        let request = self.also(&[Root::Page], |scope| scope.last_request(written));
        self.page = None;
        let request = request?;
        if !request.reads(Root::Setup) && !request.reads(Root::Page) {
            self.checker.error_with(
                written.place(),
                "the request does not say what it ends",
                "use a value of `setup`, `{setup.…}`, or the last token, `{page.token}`; a session is ended by its `logout`",
            );
        }
        Ok(Some(request))
    }
}
