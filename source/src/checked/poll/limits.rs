//! What `limits` means.

use std::time::Duration;

use super::wait::Wait;
use crate::checked::checker::{Checker, Told};
use crate::path::is_header_name;
use crate::written::{self, Located, Node, ResetFormat};

/// The longest that a run waits; anything longer is left to another run.
const LONGEST_IN_A_RUN: Duration = Duration::from_secs(5);

/// A slower rate would be a schedule.
const SLOWEST: Duration = Duration::from_secs(24 * 3600);

/// How many partitions are read at once unless the file says so. Each waits for the vendor most of the time, and more
/// than a few requests at once are what vendors refuse.
const DEFAULT_AT_ONCE: usize = 4;
const MOST_AT_ONCE: usize = 32;

/// How often requests may be made.
#[derive(Clone, Debug, Default)]
pub struct PollLimits {
    /// The vendor's header for the requests left, in lower case.
    pub remaining: Option<String>,
    /// The vendor's header for the requests in all, in lower case.
    pub limit: Option<String>,
    /// The vendor's header for the end of a limit, in lower case.
    pub reset: Option<String>,
    /// What the number in that header is.
    pub reset_format: ResetFormat,
    /// How much of the limit is left unused.
    pub early: Early,
    /// The shortest time between two requests.
    pub spacing: Option<Duration>,
    /// How many partitions may be read at once, if there is memory for so many.
    pub at_once: usize,
    /// The name under which sources share the limit, if it is not per credential.
    pub shared: Option<String>,
}

/// How much of a limit is left unused.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Early {
    /// So many requests.
    Requests(u64),
    /// This part of all requests.
    Fraction(f64),
}

impl Default for Early {
    fn default() -> Early {
        Early::Requests(0)
    }
}

impl PollLimits {
    pub(crate) fn check(
        written: &written::Limits,
        checker: &mut Checker<'_>,
    ) -> Result<PollLimits, Told> {
        let remaining = header(written.remaining.as_ref(), checker);
        let limit = header(written.limit.as_ref(), checker);
        let reset = header(written.reset.as_ref(), checker);
        let early = written.early.as_ref().map(|node| early(node, checker)).transpose();
        let spacing = written.rate.as_ref().map(|text| spacing(text, checker)).transpose();
        let at_once = match &written.at_once {
            None => Ok(DEFAULT_AT_ONCE),
            Some(number) => match usize::try_from(**number) {
                Ok(at_once @ 1..=MOST_AT_ONCE) => Ok(at_once),
                _ => Err(checker.error(
                    number.place(),
                    format!("`at_once` is not a number from 1 to {MOST_AT_ONCE}"),
                )),
            },
        };
        if let Some(name) = &written.shared
            && (name.is_empty() || name.chars().any(|c| c.is_whitespace() || c.is_control()))
        {
            checker.error(name.place(), "`shared` is not a name");
        }
        Ok(PollLimits {
            remaining: remaining?,
            limit: limit?,
            reset: reset?,
            reset_format: written.reset_format,
            early: early?.unwrap_or_default(),
            spacing: spacing?,
            at_once: at_once?,
            shared: written.shared.as_ref().map(|name| (**name).clone()),
        })
    }
}

/// Reads a header's name, written alone or as the path `header.NAME`.
fn header(
    name: Option<&Located<String>>,
    checker: &mut Checker<'_>,
) -> Result<Option<String>, Told> {
    let Some(name) = name else { return Ok(None) };
    let lower = name.to_ascii_lowercase();
    let bare = lower.strip_prefix("header.").unwrap_or(&lower).to_owned();
    if is_header_name(&bare) {
        return Ok(Some(bare));
    }
    Err(checker.error(name.place(), format!("`{bare}` is not a header's name")))
}

fn early(node: &Located<Node>, checker: &mut Checker<'_>) -> Result<Early, Told> {
    if let Node::Number(number) = &**node {
        if let Some(requests) = number.as_u64() {
            return Ok(Early::Requests(requests));
        }
        if let Some(fraction) = number.as_f64().filter(|part| *part > 0.0 && *part < 1.0) {
            return Ok(Early::Fraction(fraction));
        }
    }
    Err(checker.error_with(
        node.place(),
        "`early` is neither a number of requests nor a fraction",
        "write `10` to leave ten requests, or `0.1` to leave a tenth",
    ))
}

fn spacing(text: &Located<String>, checker: &mut Checker<'_>) -> Result<Duration, Told> {
    let spacing = text.split_once('/').and_then(|(number, unit)| {
        let seconds = match unit.trim() {
            "s" => 1.0,
            "min" => 60.0,
            "h" => 3_600.0,
            _ => return None,
        };
        let number: f64 = number.trim().parse().ok()?;
        Duration::try_from_secs_f64(seconds / number).ok()
    });
    let spacing = spacing.filter(|spacing| !spacing.is_zero() && *spacing <= SLOWEST);
    spacing.ok_or_else(|| {
        checker.error_with(
            text.place(),
            format!("`{}` is not a rate", &**text),
            "write requests in a time: `0.5/s`, `30/min` or `1000/h`, at least one a day",
        )
    })
}

/// Warns of a rate that allows less than one request in a run.
pub(crate) fn fits_schedule(
    written: &written::Limits,
    spacing: Option<Duration>,
    schedule: Option<Duration>,
    checker: &mut Checker<'_>,
) {
    if spacing.zip(schedule).is_some_and(|(spacing, schedule)| spacing > schedule) {
        checker.warn(
            written.rate.as_ref().and_then(Located::place),
            "`rate` allows less than one request a run of `schedule`",
            "make the schedule slower: such runs end before they ask",
        );
    }
}

/// Reports a `rate` so low, or a wait so long, that a run could never finish.
pub(crate) fn is_fast_enough(
    poll: &written::Poll,
    wait: Option<&Wait>,
    spacing: Option<Duration>,
    checker: &mut Checker<'_>,
) {
    let lists = matches!(poll.partitions.as_deref(), Some(written::Partitions::Request(_)));
    if (lists || !poll.details.is_empty())
        && spacing.is_some_and(|spacing| spacing > LONGEST_IN_A_RUN)
    {
        checker.error_with(
            poll.limits.rate.as_ref().and_then(Located::place),
            "with this `rate` a run never gets past the list: a run waits five seconds at most, and the next run starts with the list again",
            "write `12/min` or more",
        );
    }
    if poll.cursor.listing.is_some() && wait.is_some_and(|wait| wait.every > LONGEST_IN_A_RUN) {
        checker.error_with(
            poll.wait.as_ref().and_then(Located::place),
            "each run reads a listing from its first page, so that one which ends to wait comes no further",
            "write an `every` of five seconds or less",
        );
    }
}
