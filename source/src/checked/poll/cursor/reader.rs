//! How the times of records are read: `time_format` and `zone`.

use crate::checked::checker::{Checker, Told};
use crate::time_zone::Zone;
use crate::written::{self, Located, TimeFormat, TimeReader};

/// Reads how the times of records are written.
pub(crate) fn time_reader(
    written: &written::Cursor,
    checker: &mut Checker<'_>,
) -> Result<TimeReader, Told> {
    check_time_format(&written.time_format, checker);
    let format = (*written.time_format).clone();
    let Some(name) = &written.zone else { return Ok(TimeReader { format, zone: None }) };
    let needs_none = match format {
        TimeFormat::Rfc3339 => true,
        TimeFormat::Epoch | TimeFormat::EpochMs | TimeFormat::EpochUs | TimeFormat::EpochNs => true,
        TimeFormat::Auto | TimeFormat::Strftime(_) => false,
    };
    if needs_none || written.time.is_none() {
        checker.error_with(
            name.place(),
            "`zone` means nothing here: no time is read that lacks a zone",
            "it is for `time`, with a `time_format` that has no zone of its own: leave it out",
        );
    }
    let Some(zone) = Zone::named(name) else {
        let message = format!("there is no time zone `{}`", name.escape_debug());
        return Err(checker.error_with(name.place(), message, Zone::NEEDED));
    };
    Ok(TimeReader { format, zone: Some(zone) })
}

fn check_time_format(format: &Located<TimeFormat>, checker: &mut Checker<'_>) {
    let TimeFormat::Strftime(text) = &**format else { return };
    if !text.contains('%') {
        checker.error_with(
            format.place(),
            format!("there is no time format `{text}`"),
            "write `auto`, `rfc3339`, `epoch`, `epoch_ms`, `epoch_us`, `epoch_ns`, or a strftime format such as `%m/%d/%Y %H:%M:%S`",
        );
    } else if !format.reads_what_it_writes() {
        checker.error_with(
            format.place(),
            format!("no time can be read by the format `{text}`"),
            TimeFormat::NEEDED,
        );
    }
}
