//! Which records of a page are news.

use crate::news::known::Known;
use crate::news::known::News;
use crate::news::known::known;
use crate::news::known::note_late;
use jiff::Timestamp;
use mef_ports::RunSummary;
use mef_source::checked::TimeCursor;

use crate::news::gathered::Gathered;
use crate::news::page_end::PageEnd;
use crate::news::seen::Needed;
use crate::news::seen::Seen;
use crate::page::record::Unread;
use crate::stream::window::Bounds;

/// What a page of a window has.
#[derive(Debug, Default)]
pub(crate) struct Classified {
    /// The newest time on the page.
    pub(crate) newest: Option<Timestamp>,
    /// Whether a record was older than one before it.
    pub(crate) out_of_order: bool,
    /// Whether the page, newest first, has come to records from before the
    /// window.
    pub(crate) before_start: bool,
    /// Whether it has come to records that were held back.
    pub(crate) end: PageEnd,
    /// Whether no record of it has a time.
    pub(crate) is_untimed: bool,
}

/// Sorts the records of a page of the window `bounds`, and has the news
/// `gathered`; `last` is the time of the last record of the page before.
#[expect(clippy::too_many_arguments, reason = "what a run knows, each part of it by itself")]
pub(crate) fn by_time(
    records: Vec<Unread>,
    gathered: &mut Gathered<'_>,
    cursor: &TimeCursor,
    bounds: &Bounds,
    last: Option<Timestamp>,
    seen: &mut Seen,
    needed: &Needed,
    summary: &mut RunSummary,
) -> Classified {
    let mut classified = Classified { newest: last, ..Classified::default() };
    let (mut previous, mut rises, mut all_before) = (None, false, true);
    for record in records {
        summary.records += 1;
        // What has no time may come again wherever the window ends.
        let record = gathered.read(record, |hash| seen.insert(hash, bounds.end, needed, summary));
        let Some(record) = record else { continue };
        let (id, time) = (cursor.id.as_ref(), cursor.time.as_ref());
        let Known { id, time, hash } = known(&record.value, id, time, &cursor.time_format, summary);
        classified.is_untimed = true;
        if let Some(time) = time {
            rises |= previous.is_some_and(|previous| time > previous);
            previous = Some(time);
            all_before &= time < bounds.start;
            if !cursor.lower_bound && time < bounds.start {
                continue;
            }
            let is_past = !cursor.upper_bound && time >= bounds.end;
            classified.end.note(is_past);
            if is_past {
                summary.held_back += 1;
                continue;
            }
            classified.out_of_order |= classified.newest.is_some_and(|newest| time < newest);
            classified.newest = classified.newest.max(Some(time));
        }
        // Neither has what is older than was asked for a place in a window: it may come
        // with each.
        let placed = time.filter(|time| *time >= bounds.start);
        if !seen.insert(hash, placed.unwrap_or(bounds.end), needed, summary) {
            continue;
        }
        if let Some(time) = time.filter(|time| *time < bounds.done_before) {
            note_late(Some(time), Some(bounds.done_before), summary);
        }
        gathered.take(News { record, id, hash });
    }
    classified.is_untimed &= cursor.time.is_some() && previous.is_none();
    // Where the order is not what the source file says, only a page that is
    // all too old is an end.
    let ends_before = previous.is_some_and(|last| last < bounds.start);
    classified.before_start = ends_before && (all_before || !rises);
    classified
}
