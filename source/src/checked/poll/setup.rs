//! The requests that come before the first page.

use std::mem;

use super::request::Request;
use super::request::scope::RequestScope;
use super::response_when::ResponseWhen;
use super::wait::Wait;
use crate::checked::checker::{Told, all};
use crate::path::{Path, Root};
use crate::written::{self, Located};

/// A request that comes before the first page.
#[derive(Clone, Debug)]
pub struct SetupStep {
    /// The request.
    pub request: Request,
    /// Responses that are as good as success.
    pub ignore: Vec<ResponseWhen>,
    /// What to wait for in its response.
    pub wait: Option<Wait>,
    /// Where the response has what later requests read as `{setup.NAME}`: in its JSON or
    /// in a header.
    pub values: Vec<(String, Path)>,
}

impl RequestScope<'_, '_> {
    /// Reads the steps before the first page; each may use the values of those
    /// before it.
    pub(crate) fn setup(
        &mut self,
        written: &[Located<written::SetupStep>],
    ) -> Result<Vec<SetupStep>, Told> {
        let every = mem::take(&mut self.setup);
        let steps = all(written.iter().map(|written| self.setup_step(written)));
        self.setup = every;
        steps
    }

    fn setup_step(&mut self, written: &Located<written::SetupStep>) -> Result<SetupStep, Told> {
        let wait = written.wait.as_ref();
        let request = self.with_wait(wait, |scope| scope.request(&written.request));
        let ignore = all(written.ignore.iter().map(|when| ResponseWhen::check(when, self.checker)));
        let wait = self.wait(wait);
        let values = self.values(&written.values, &[Root::Record, Root::Header]);
        for (name, path) in &written.values {
            if !self.setup.insert(name.clone()) {
                self.checker.error_with(
                    path.place(),
                    format!("the value `{name}` is set by a step before this"),
                    "give it another name",
                );
            }
        }
        Ok(SetupStep { request: request?, ignore: ignore?, wait: wait?, values: values? })
    }
}
