//! How requests that may bring events are answered, for vendors that want more than a status.

use super::checks::surroundings::REQUEST_ROOTS;
use super::respond::{AnswerKind, AnswerTemplate, WrittenAnswer};
use crate::checked::checker::{Checker, Told};
use crate::path::Root;
use crate::template::Lookups;
use crate::written::{self, Located};

const ACCEPTED: AnswerKind = AnswerKind {
    status: 200,
    statuses: 200..=299,
    wrong_status: "an accepted request is not answered",
    help: "a status from 200 to 299: any other makes the vendor send the events again",
};

const DENIED: AnswerKind = AnswerKind {
    status: 401,
    statuses: 400..=499,
    wrong_status: "a request that is not authentic is not answered",
    help: "a status from 400 to 499",
};

/// How requests that may bring events are answered. `None` is the usual answer.
#[derive(Clone, Debug, Default)]
pub struct EventAnswers {
    /// Once every record is in the queue or in the dead letters.
    pub accepted: Option<AnswerTemplate>,
    /// If the request is not authentic. It may repeat values that anybody sent.
    pub denied: Option<AnswerTemplate>,
}

impl EventAnswers {
    pub(crate) fn check(
        written: Option<&Located<written::EventAnswers>>,
        checker: &mut Checker<'_>,
    ) -> Result<EventAnswers, Told> {
        let Some(written) = written else { return Ok(EventAnswers::default()) };
        if written.accepted.is_none() && written.denied.is_none() {
            return Err(checker.error_with(
                written.place(),
                "`respond` says no answer",
                "write `accepted`, `denied` or both",
            ));
        }
        let accepted =
            written.accepted.as_ref().map(|answer| check(answer, &ACCEPTED, false, checker));
        let denied = written.denied.as_ref().map(|answer| check(answer, &DENIED, true, checker));
        Ok(EventAnswers { accepted: accepted.transpose()?, denied: denied.transpose()? })
    }
}

fn check(
    written: &Located<written::EventAnswer>,
    kind: &AnswerKind,
    tells_why: bool,
    checker: &mut Checker<'_>,
) -> Result<AnswerTemplate, Told> {
    let ways = [written.text.is_some(), written.json.is_some(), written.empty.is_some()];
    if ways.into_iter().filter(|way| *way).count() != 1 {
        return Err(checker.error_with(
            written.place(),
            "the answer is not said, or said twice",
            "write one of `text`, `json`, `empty: true`",
        ));
    }
    let roots = [REQUEST_ROOTS, &[Root::ReceivedAt, Root::Denied]].concat();
    let answer = WrittenAnswer {
        place: written.place(),
        status: written.status.as_ref(),
        headers: &written.headers,
        text: written.text.as_ref(),
        json: written.json.as_ref(),
        empty: written.empty.as_ref(),
    };
    answer.check(
        kind,
        &mut |text, checker| {
            let template = checker.template(text, &roots, &Lookups::new())?;
            if !tells_why && template.paths().any(|path| path.root() == Root::Denied) {
                return Err(checker.error_with(
                    text.place(),
                    "nothing is denied here",
                    "`{denied}` stands in `denied`; a field of the body is `{/denied}`",
                ));
            }
            Ok(template)
        },
        checker,
    )
}
