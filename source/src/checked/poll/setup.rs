//! Chains of requests: what comes before the first page, what a page has to be
//! waited for, and what is asked of each thing that a page lists.

use super::answer_when::AnswerWhen;
use super::request::Request;
use super::request::scope::RequestScope;
use super::wait::{Wait, wait_names};
use crate::checked::checker::{Told, all};
use crate::path::{Path, Root};
use crate::written::{self, Located};

/// A request that comes before the first page.
#[derive(Clone, Debug)]
pub struct SetupStep {
    /// The request.
    pub request: Request,
    /// Answers that are as good as success.
    pub ignore: Vec<AnswerWhen>,
    /// What of its answer to wait for.
    pub wait: Option<Wait>,
    /// Where the answer has what later requests read as `{setup.NAME}`: in its
    /// JSON or in a header.
    pub values: Vec<(String, Path)>,
}

impl RequestScope<'_, '_> {
    /// The steps before the first page; each may use the values of those before
    /// it, and what comes after this the values of all.
    pub(crate) fn setup(
        &mut self,
        written: &[Located<written::SetupStep>],
    ) -> Result<Vec<SetupStep>, Told> {
        if !written.is_empty() {
            self.roots.push(Root::Setup);
        }
        all(written.iter().map(|written| self.setup_step(written)))
    }

    fn setup_step(&mut self, written: &Located<written::SetupStep>) -> Result<SetupStep, Told> {
        self.wait = wait_names(written.wait.as_ref());
        let request = self.request(&written.request);
        self.wait.clear();
        let ignore = all(written.ignore.iter().map(|when| AnswerWhen::check(when, self.checker)));
        let wait = self.wait(written.wait.as_ref());
        let values = self.values(&written.values, &[Root::Record, Root::Header]);
        for (name, path) in &written.values {
            if self.setup.contains(name) {
                self.checker.error_with(
                    path.place(),
                    format!("the value `{name}` is set by a step before this"),
                    "give it another name",
                );
            }
            self.setup.insert(name.clone());
        }
        Ok(SetupStep { request: request?, ignore: ignore?, wait: wait?, values: values? })
    }
}
