//! Waiting for a response that is not ready at once.

use std::mem;
use std::time::Duration;

use super::request::scope::RequestScope;
use super::response_when::ResponseWhen;
use crate::checked::checker::{Checker, Told};
use crate::path::{Path, Root};
use crate::written::{self, Located};

const DEFAULT_EVERY: Duration = Duration::from_secs(1);
const DEFAULT_AT_MOST: Duration = Duration::from_secs(3_600);

/// A request that is repeated until its response is ready.
#[derive(Clone, Debug)]
pub struct Wait {
    /// The good responses (2xx) that are ready.
    pub until: ResponseWhen,
    /// The good responses that never will be ready.
    pub fail: Option<ResponseWhen>,
    /// Where a response that is not ready has what the repeated request reads as
    /// `{wait.NAME}`: in its JSON or in a header.
    pub values: Vec<(String, Path)>,
    /// The time between two requests.
    pub every: Duration,
    /// The time after which it is given up, since the setup was done, or else since the
    /// run of the first request began.
    pub at_most: Duration,
}

impl RequestScope<'_, '_> {
    /// Runs `read`, in which templates may name what `wait` reads of a response.
    pub(crate) fn with_wait<T>(
        &mut self,
        wait: Option<&Located<written::Wait>>,
        read: impl FnOnce(&mut Self) -> T,
    ) -> T {
        let names = wait.into_iter().flat_map(|wait| wait.values.keys().cloned()).collect();
        let outer = mem::replace(&mut self.wait, names);
        let value = read(self);
        self.wait = outer;
        value
    }

    /// Reads what to wait for, if anything.
    pub(crate) fn wait(
        &mut self,
        written: Option<&Located<written::Wait>>,
    ) -> Result<Option<Wait>, Told> {
        let Some(written) = written else { return Ok(None) };
        let until = good_answers(&written.until, self.checker);
        let fail = written.fail.as_ref().map(|fail| good_answers(fail, self.checker)).transpose();
        let values = self.values(&written.values, &[Root::Record, Root::Header]);
        let every = self.checker.duration_or(written.every.as_ref(), DEFAULT_EVERY);
        let at_most = self.checker.duration_or(written.at_most.as_ref(), DEFAULT_AT_MOST);
        if every.is_zero() || at_most < every {
            self.checker.error_with(
                written.place(),
                "`every` is zero, or longer than `at_most`",
                "such as `every: 5s, at_most: 1h`",
            );
        }
        Ok(Some(Wait { until: until?, fail: fail?, values: values?, every, at_most }))
    }
}

/// Reads a condition on good responses; what others mean is said under `errors`.
fn good_answers(
    written: &Located<written::AnswerWhen>,
    checker: &mut Checker<'_>,
) -> Result<ResponseWhen, Told> {
    let when = ResponseWhen::check(written, checker)?;
    if !(200..=299).any(|status| when.status.contains(status)) {
        return Err(checker.error_with(
            written.place(),
            "only answers with a status of 2xx are waited for",
            "say under `errors` what others mean: `retry`, or `limit`",
        ));
    }
    Ok(when)
}
