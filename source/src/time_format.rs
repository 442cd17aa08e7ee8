//! How times are written, and the one way to read them. Cursors and templates
//! share this, because a field that moves a cursor often gives the event its
//! time, too.

use std::borrow::Cow;

use jiff::Timestamp;
use jiff::fmt::strtime::BrokenDownTime;
use jiff::tz::{Offset, TimeZone};
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::Deserialize;

use crate::time_zone::Zone;

const NANOS_PER_SECOND: i128 = 1_000_000_000;

/// How a record's time is written.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(from = "String")]
pub enum TimeFormat {
    /// Text is RFC 3339, in UTC if it has no zone. A number is seconds, milliseconds, microseconds
    /// or nanoseconds since the epoch, depending on its size.
    #[default]
    Auto,
    /// RFC 3339.
    Rfc3339,
    /// Seconds since the epoch.
    Epoch,
    /// Milliseconds since the epoch.
    EpochMs,
    /// Microseconds since the epoch.
    EpochUs,
    /// Nanoseconds since the epoch.
    EpochNs,
    /// This `strftime` format, in UTC if it has no zone.
    Strftime(String),
}

impl From<String> for TimeFormat {
    fn from(text: String) -> TimeFormat {
        match text.as_str() {
            "auto" => TimeFormat::Auto,
            "rfc3339" => TimeFormat::Rfc3339,
            "epoch" => TimeFormat::Epoch,
            "epoch_ms" => TimeFormat::EpochMs,
            "epoch_us" => TimeFormat::EpochUs,
            "epoch_ns" => TimeFormat::EpochNs,
            // The check of the cursor tells whether it is a format.
            _ => TimeFormat::Strftime(text),
        }
    }
}

impl JsonSchema for TimeFormat {
    fn schema_name() -> Cow<'static, str> {
        "TimeFormat".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({
            "description": "How a record's time is written: a strftime format has a `%`.",
            "anyOf": [
                { "enum": ["auto", "rfc3339", "epoch", "epoch_ms", "epoch_us", "epoch_ns"] },
                { "type": "string", "pattern": "%" }
            ]
        })
    }
}

impl TimeFormat {
    /// What a `strftime` format needs so that times can be read by it.
    pub(crate) const NEEDED: &str = "it needs the whole date, `%p` beside `%I`, and none of `%c`, \
         `%q`, `%Q`, `%r`, `%x` and `%X`";

    /// Reads `text` as a time in this format, in UTC if it has no zone; `None` if it is not one. A
    /// number is given as JSON writes it. The result is rounded down to the nanosecond.
    pub fn read(&self, text: &str) -> Option<Timestamp> {
        self.read_in(text, None)
    }

    fn read_in(&self, text: &str, zone: Option<&Zone>) -> Option<Timestamp> {
        match self {
            TimeFormat::Auto => auto(text, zone),
            TimeFormat::Rfc3339 => text.parse().ok(),
            TimeFormat::Epoch => epoch(text, NANOS_PER_SECOND),
            TimeFormat::EpochMs => epoch(text, 1_000_000),
            TimeFormat::EpochUs => epoch(text, 1_000),
            TimeFormat::EpochNs => epoch(text, 1),
            TimeFormat::Strftime(format) => by_format(format, text, zone),
        }
    }

    /// Returns whether times can be read by this format: the format must read what it writes as the
    /// same time, apart from the smaller units that it leaves out.
    pub(crate) fn reads_what_it_writes(&self) -> bool {
        let TimeFormat::Strftime(format) = self else { return true };
        // A time in the afternoon, to find formats that have a 12-hour clock without `%p`.
        let second = 1_795_526_055;
        let written = Timestamp::from_second(second).and_then(|time| {
            let mut parts = BrokenDownTime::from(time);
            // Without a name, `%Q` would write an offset, although it cannot read names.
            parts.set_iana_time_zone(Some("UTC".to_owned()));
            parts.to_string(format)
        });
        let read = written.ok().and_then(|text| by_format(format, &text, None));
        let rounded = [1, 60, 3_600, 86_400].map(|unit| second - second % unit);
        read.is_some_and(|time| {
            time.subsec_nanosecond() == 0 && rounded.contains(&time.as_second())
        })
    }
}

/// How times are written, and in which zone those are that do not say it themselves.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TimeReader {
    /// The format.
    pub format: TimeFormat,
    /// The zone; `None` for UTC.
    pub zone: Option<Zone>,
}

impl TimeReader {
    /// Reads `text` as a time; `None` if it is not one. A time of day that comes twice, because
    /// clocks went back in between, is the first of the two.
    pub fn read(&self, text: &str) -> Option<Timestamp> {
        self.format.read_in(text, self.zone.as_ref())
    }
}

fn auto(text: &str, zone: Option<&Zone>) -> Option<Timestamp> {
    let Some(count) = epoch_nanos(text, 1) else {
        // Text with a zone is no longer valid with another.
        let shown = || format!("{text}Z").parse().ok().and_then(|shown| in_zone(shown, zone));
        return text.parse().ok().or_else(shown);
    };
    // The bounds are the year 5138 in each of the units.
    let nanos_per_unit = match count.unsigned_abs() {
        0..100_000_000_000 => NANOS_PER_SECOND,
        100_000_000_000..100_000_000_000_000 => 1_000_000,
        100_000_000_000_000..100_000_000_000_000_000 => 1_000,
        _ => 1,
    };
    epoch(text, nanos_per_unit)
}

/// Reads a count of units since the epoch as a time.
pub(crate) fn epoch(text: &str, nanos_per_unit: i128) -> Option<Timestamp> {
    Timestamp::from_nanosecond(epoch_nanos(text, nanos_per_unit)?).ok()
}

/// Returns the moment at which the clocks of `zone` show what those of UTC show at `shown`.
fn in_zone(shown: Timestamp, zone: Option<&Zone>) -> Option<Timestamp> {
    match zone {
        None => Some(shown),
        Some(zone) => zone.moment(shown.to_zoned_datetime(TimeZone::UTC).datetime()),
    }
}

fn by_format(format: &str, text: &str, zone: Option<&Zone>) -> Option<Timestamp> {
    // Only these names of zones are unambiguous.
    let names: &[&str] = if format.contains("%Z") { &["UTC", "GMT", "Z"] } else { &[""] };
    names.iter().find_map(|zone_name| {
        let mut parts = BrokenDownTime::parse(with_zone(format, zone_name).as_ref(), text).ok()?;
        // The source file says which zone counts, not the record.
        if parts.iana_time_zone().is_some() {
            return None;
        }
        let has_zone =
            parts.offset().is_some() || parts.timestamp().is_some() || !zone_name.is_empty();
        if parts.offset().is_none() {
            parts.set_offset(Some(Offset::UTC));
        }
        let shown = parts.to_timestamp().ok()?;
        if has_zone { Some(shown) } else { in_zone(shown, zone) }
    })
}

/// Replaces `%Z`, which `jiff` can only write, by the name of the zone. `%%Z` is a percent sign and
/// a letter.
fn with_zone<'f>(format: &'f str, zone: &str) -> Cow<'f, str> {
    if !format.contains("%Z") {
        return Cow::Borrowed(format);
    }
    let pieces: Vec<_> = format.split("%%").map(|piece| piece.replace("%Z", zone)).collect();
    Cow::Owned(pieces.join("%%"))
}

/// Reads a count of units since the epoch as nanoseconds, rounded down and without floats: `12.5`
/// seconds are 12,500,000,000. Exponents are allowed as in JSON.
fn epoch_nanos(text: &str, nanos_per_unit: i128) -> Option<i128> {
    let (number, exponent) = text.split_once(['e', 'E']).unwrap_or((text, "0"));
    let (sign, number) = number.strip_prefix('-').map_or((1, number), |number| (-1, number));
    let (whole, decimals) = number.split_once('.').map_or((number, None), |(a, b)| (a, Some(b)));
    let is_digits = |text: &str| !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
    if !is_digits(whole) || decimals.is_some_and(|decimals| !is_digits(decimals)) {
        return None;
    }
    let decimals = decimals.unwrap_or("").trim_end_matches('0');
    let units: i128 = format!("{whole}{decimals}").parse().ok()?;
    let nanos = (sign * units).checked_mul(nanos_per_unit)?;
    // How many places the decimal point moves to the right.
    let shift = exponent.parse::<i64>().ok()?.checked_sub(i64::try_from(decimals.len()).ok()?)?;
    let scale = |places: u64| 10_i128.checked_pow(u32::try_from(places).ok()?);
    match shift {
        0.. => nanos.checked_mul(scale(shift.unsigned_abs())?),
        _ => Some(nanos.div_euclid(scale(shift.unsigned_abs())?)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MOMENT: &str = "2026-11-24T10:00:00.25Z";

    #[test]
    fn a_time_is_found_out_from_its_form() {
        for text in [
            MOMENT,
            "2026-11-24T11:00:00.25+01:00",
            "2026-11-24 10:00:00.25",
            "2026-11-24T10:00:00.250000",
            "1795514400.25",
            "1795514400250",
            "1.79551440025e12",
            "1795514400250000",
            "1795514400250000000",
        ] {
            assert_eq!(TimeFormat::Auto.read(text), MOMENT.parse().ok(), "{text}");
        }
        assert_eq!(TimeFormat::Auto.read("-99999999999").unwrap().as_second(), -99_999_999_999);
        assert_eq!(TimeFormat::Auto.read("-100000000000").unwrap().as_second(), -100_000_000);
        for text in [
            "",
            "yesterday",
            "2026-11-24",
            "10:00:00",
            "2026-11-24T10:00:00[Europe/Vienna]",
            "2026-11-24T10:00:00+99:00",
            "2026-11-31T10:00:00",
        ] {
            assert_eq!(TimeFormat::Auto.read(text), None, "{text}");
        }
        assert_eq!(TimeFormat::Rfc3339.read("2026-11-24T10:00:00"), None);
        assert_eq!(TimeFormat::Rfc3339.read("1795514400"), None);
    }

    #[test]
    fn a_time_is_read_by_its_format() {
        let read = |format: &str, text: &str| TimeFormat::from(format.to_owned()).read(text);
        let second = "2026-11-24T10:00:00Z".parse::<Timestamp>().ok();
        for (format, text) in [
            ("epoch_us", "1795514400000000"),
            ("epoch_ns", "1795514400000000000"),
            ("%m/%d/%Y %H:%M:%S", "11/24/2026 10:00:00"),
            ("%a, %d %b %Y %H:%M:%S %Z", "Tue, 24 Nov 2026 10:00:00 GMT"),
            ("%a, %d %b %Y %H:%M:%S %Z", "Tue, 24 Nov 2026 10:00:00 UTC"),
            ("%d/%b/%Y:%H:%M:%S %z", "24/Nov/2026:11:00:00 +0100"),
            ("%m/%d/%y %I:%M %p", "11/24/26 10:00 AM"),
            ("%Y%m%d%H", "2026112410"),
            ("100%%Z %F %T %Z", "100%Z 2026-11-24 10:00:00 Z"),
        ] {
            assert_eq!(read(format, text), second, "{format}");
            assert!(TimeFormat::from(format.to_owned()).reads_what_it_writes(), "{format}");
        }
        assert_eq!(read("%F %T %Z", "2026-11-24 10:00:00 EST"), None);
        assert_eq!(read("%F %T", "2026-11-24 10:00:00 and more"), None);
        for format in ["%H:%M", "%Y-%m", "%c", "%F %I:%M", "%F %Q", "%F %k:%", "%E", "100%%", "%Z"]
        {
            assert!(!TimeFormat::from(format.to_owned()).reads_what_it_writes(), "{format}");
        }
    }

    #[test]
    fn a_time_without_a_zone_is_read_in_the_zone_of_the_file() {
        let zone = Zone::named("America/New_York");
        let read = |format: &str, text: &str| {
            let format = TimeFormat::from(format.to_owned());
            TimeReader { format, zone: zone.clone() }.read(text)
        };
        for (format, text, moment) in [
            ("auto", "2026-11-24 05:00:00.25", "2026-11-24T10:00:00.25Z"),
            ("auto", "2026-11-24T10:00:00Z", "2026-11-24T10:00:00Z"),
            ("auto", "2026-11-24T10:00:00+02:00", "2026-11-24T08:00:00Z"),
            ("auto", "1795514400", "2026-11-24T10:00:00Z"),
            ("%F %T", "2026-07-24 05:00:00", "2026-07-24T09:00:00Z"),
            ("%F %T %z", "2026-11-24 05:00:00 +0000", "2026-11-24T05:00:00Z"),
            ("%F %T %Z", "2026-11-24 05:00:00 UTC", "2026-11-24T05:00:00Z"),
            ("%s", "1795514400", "2026-11-24T10:00:00Z"),
            // It comes twice, and is taken as the first.
            ("%F %T", "2026-11-01 01:30:00", "2026-11-01T05:30:00Z"),
        ] {
            assert_eq!(read(format, text), moment.parse().ok(), "{format} {text}");
        }
    }

    #[test]
    fn counts_since_the_epoch_are_exact_and_rounded_down() {
        for (text, nanos) in [
            ("0", 0),
            ("1795514400.25", 1_795_514_400_250_000_000),
            ("-1", -1_000_000_000),
            ("-0.5", -500_000_000),
            ("-1.000000001", -1_000_000_001),
            ("0.0000000019", 1),
            ("-0.0000000001", -1),
            ("1.7955144e9", 1_795_514_400_000_000_000),
            ("17955144000E-1", 1_795_514_400_000_000_000),
            ("1.00000000000000000000000000000000000000000000", 1_000_000_000),
        ] {
            assert_eq!(epoch_nanos(text, 1_000_000_000), Some(nanos), "{text}");
        }
        assert_eq!(epoch_nanos("-1.5", 1_000_000), Some(-1_500_000));
        assert_eq!(epoch_nanos("1795514400250", 1_000_000), Some(1_795_514_400_250_000_000));
    }

    #[test]
    fn what_is_no_count_is_refused() {
        for text in [
            "",
            "-",
            "+5",
            ".5",
            "5.",
            "1_000",
            "0x10",
            "1e",
            "1e1.5",
            "1e400",
            "1e-400",
            "1e99999",
            "NaN",
            " 5",
            "--5",
            "1.-5",
            "\u{663}",
            "99999999999999999999999999999999999999999",
        ] {
            assert_eq!(epoch_nanos(text, 1_000_000_000), None, "{text}");
        }
    }
}
