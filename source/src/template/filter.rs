//! Filters: the few conversions that vendors' fields need.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use jiff::Timestamp;
use jiff::fmt::strtime::format as strftime;
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use serde_json::{Number, Value};

use super::address::address;
use super::rendered::{RenderError, Rendered};
use crate::digest_text::DigestText;
use crate::pieces::pieces;
use crate::time_format::{TimeFormat, TimeReader};
use crate::time_zone::Zone;

/// Everything but the unreserved characters of RFC 3986.
const COMPONENT: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');

/// The tables that `lookup` can name, each from a key to its value.
pub type Lookups = BTreeMap<String, BTreeMap<String, Value>>;

/// One filter of a placeholder.
#[derive(Clone, Debug, PartialEq)]
pub enum Filter {
    /// A time as RFC 3339, in UTC, with as many decimals as it needs.
    Rfc3339,
    /// A time as RFC 3339, in UTC, with this many decimals, rounded down.
    Rfc3339Decimals(u8),
    /// A time as whole seconds since the epoch, rounded down.
    Epoch,
    /// A time as whole milliseconds since the epoch, rounded down.
    EpochMs,
    /// A time as whole microseconds since the epoch, rounded down.
    EpochUs,
    /// A time as nanoseconds since the epoch.
    EpochNs,
    /// A number of seconds since the epoch as a time.
    FromEpoch,
    /// A number of milliseconds since the epoch as a time.
    FromEpochMs,
    /// A number of microseconds since the epoch as a time.
    FromEpochUs,
    /// A number of nanoseconds since the epoch as a time.
    FromEpochNs,
    /// A time, written in this `strftime` format in this zone, or in UTC.
    Date(String, Option<Zone>),
    /// Text in this format as a time.
    FromDate(TimeReader),
    /// A whole number plus this one.
    Plus(i64),
    /// What stands before the first occurrence of this text, or all if it does not occur.
    Before(String),
    /// What stands after the first occurrence of this text, or all if it does not occur.
    After(String),
    /// Text in lower case.
    Lower,
    /// Text in upper case.
    Upper,
    /// A list as text, with this text between its elements.
    Join(String),
    /// This value if there is none.
    Default(Value),
    /// Text with all but the unreserved characters of RFC 3986 escaped.
    UrlEncode,
    /// Text in base64, with padding.
    Base64,
    /// A digest of text.
    Digest(DigestText),
    /// The value that the table has for the text; none if it has none.
    Lookup(BTreeMap<String, Value>),
    /// The value as JSON text.
    Json,
    /// The value as text, also if it is a number.
    Text,
    /// The IP address that the text is, without a port; none if it is none.
    Ip,
    /// Text as a list of texts of at most this many bytes.
    Pieces(usize),
    /// The HMAC-SHA256 of text, made with the key of [`Variables::sign`]. Only
    /// answers to handshakes have a key.
    ///
    /// [`Variables::sign`]: super::Variables::sign
    Hmac(HmacText),
}

/// How an HMAC is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum HmacText {
    /// Lower-case hexadecimal.
    Hex,
    /// Base64, with padding.
    Base64,
}

/// An argument of a filter, as written.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Argument {
    Value(Value),
    Word(String),
}

/// Why a filter cannot be used like this.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum FilterError {
    /// There is no such filter.
    #[error("there is no filter `{name}`; there are {known}")]
    Unknown {
        /// The name that was written.
        name: String,
        /// The names of all filters.
        known: &'static str,
    },
    /// The arguments are not what the filter takes.
    #[error("the filter `{name}` is written `{usage}`")]
    Usage {
        /// The filter.
        name: String,
        /// How it is written.
        usage: &'static str,
    },
    /// The source file has no such table, or no table can be used here.
    #[error(
        "no table `{0}` can be looked up here: tables stand under `event.lookups`, for `event` and the requests of `poll`"
    )]
    NoTable(String),
    /// The text is not a `strftime` format.
    #[error("`{0}` is not a strftime format")]
    Format(String),
    /// There is no such time zone.
    #[error("there is no time zone `{0}`: {needed}", needed = Zone::NEEDED)]
    Zone(String),
    /// Times in this format cannot be read.
    #[error("no time can be read by the format `{0}`: {needed}", needed = TimeFormat::NEEDED)]
    Unreadable(String),
}

const KNOWN: &str = "`rfc3339`, `rfc3339_s`, `rfc3339_ms`, `epoch`, `epoch_ms`, `epoch_us`, \
     `epoch_ns`, `from_epoch`, `from_epoch_ms`, `from_epoch_us`, `from_epoch_ns`, `date`, `from_date`, \
     `plus`, `before`, `after`, `lower`, `upper`, `join`, `default`, `urlencode`, `base64`, `sha256_hex`, `sha256_base64`, `crc32`, `lookup`, `json`, `text`, `ip`, `pieces`";

/// The filters without arguments.
const PLAIN: &str = "rfc3339 rfc3339_s rfc3339_ms epoch epoch_ms epoch_us epoch_ns from_epoch \
     from_epoch_ms from_epoch_us from_epoch_ns lower upper urlencode base64 sha256_hex sha256_base64 crc32 json text ip \
     hmac_hex hmac_base64";

/// How the filters with arguments are written.
const WITH_ARGUMENTS: [&str; 9] = [
    "date(\"%Y-%m-%d\")",
    "from_date(\"%m/%d/%Y %H:%M:%S\")",
    "plus(100)",
    "before(\"?\")",
    "after(\"=\")",
    "join(\", \")",
    "default(\"text\")",
    "lookup(table)",
    "pieces(32766)",
];

impl Filter {
    /// Returns the unit that the filter rounds a time down to; [`Duration::MAX`] for one of more
    /// than a day, and `None` if it rounds to less than a microsecond, or not at all.
    pub(super) fn unit(&self) -> Option<Duration> {
        Some(match self {
            Filter::Epoch | Filter::Rfc3339Decimals(0) => Duration::from_secs(1),
            Filter::EpochMs | Filter::Rfc3339Decimals(3) => Duration::from_millis(1),
            Filter::EpochUs => Duration::from_micros(1),
            Filter::Date(format, _) => return unit_of(format),
            _ => return None,
        })
    }

    /// Returns what the filter makes of `time`, if it always writes text of one form.
    pub(crate) fn sample(&self, time: Timestamp) -> Option<String> {
        match self {
            Filter::Date(format, zone) => written(format, time, zone.as_ref()),
            _ => None,
        }
    }

    /// Makes the filter called `name`.
    pub(super) fn new(
        name: &str,
        arguments: &[Argument],
        lookups: &Lookups,
    ) -> Result<Filter, FilterError> {
        let misused = || {
            let mut usages = PLAIN.split(' ').chain(WITH_ARGUMENTS);
            match usages.find(|usage| usage.split('(').next() == Some(name)) {
                Some(usage) => FilterError::Usage { name: name.to_owned(), usage },
                None => FilterError::Unknown { name: name.to_owned(), known: KNOWN },
            }
        };
        Ok(match (name, arguments) {
            ("rfc3339", []) => Filter::Rfc3339,
            ("rfc3339_s", []) => Filter::Rfc3339Decimals(0),
            ("rfc3339_ms", []) => Filter::Rfc3339Decimals(3),
            ("epoch", []) => Filter::Epoch,
            ("epoch_ms", []) => Filter::EpochMs,
            ("epoch_us", []) => Filter::EpochUs,
            ("epoch_ns", []) => Filter::EpochNs,
            ("from_epoch", []) => Filter::FromEpoch,
            ("from_epoch_ms", []) => Filter::FromEpochMs,
            ("from_epoch_us", []) => Filter::FromEpochUs,
            ("from_epoch_ns", []) => Filter::FromEpochNs,
            ("lower", []) => Filter::Lower,
            ("upper", []) => Filter::Upper,
            ("urlencode", []) => Filter::UrlEncode,
            ("base64", []) => Filter::Base64,
            ("sha256_hex", []) => Filter::Digest(DigestText::Sha256Hex),
            ("sha256_base64", []) => Filter::Digest(DigestText::Sha256Base64),
            ("crc32", []) => Filter::Digest(DigestText::Crc32),
            ("json", []) => Filter::Json,
            ("text", []) => Filter::Text,
            ("ip", []) => Filter::Ip,
            ("pieces", [Argument::Value(Value::Number(most))]) => {
                let most = most.as_u64().and_then(|most| usize::try_from(most).ok());
                // A character may have four bytes.
                Filter::Pieces(most.filter(|most| *most >= 4).ok_or_else(misused)?)
            }
            ("hmac_hex", []) => Filter::Hmac(HmacText::Hex),
            ("hmac_base64", []) => Filter::Hmac(HmacText::Base64),
            ("date", [Argument::Value(Value::String(format)), zone @ ..]) => {
                let zone = zone_of(zone).ok_or_else(misused)??;
                written(format, Timestamp::UNIX_EPOCH, zone.as_ref())
                    .ok_or_else(|| FilterError::Format(format.clone()))?;
                Filter::Date(format.clone(), zone)
            }
            ("from_date", [Argument::Value(Value::String(text)), zone @ ..]) => {
                let zone = zone_of(zone).ok_or_else(misused)??;
                let format = TimeFormat::Strftime(text.clone());
                if !format.reads_what_it_writes() {
                    return Err(FilterError::Unreadable(text.clone()));
                }
                Filter::FromDate(TimeReader { format, zone })
            }
            ("plus", [Argument::Value(value)]) => Filter::Plus(value.as_i64().ok_or_else(misused)?),
            ("before", [Argument::Value(Value::String(mark))]) if !mark.is_empty() => {
                Filter::Before(mark.clone())
            }
            ("after", [Argument::Value(Value::String(mark))]) if !mark.is_empty() => {
                Filter::After(mark.clone())
            }
            ("join", [Argument::Value(Value::String(separator))]) => {
                Filter::Join(separator.clone())
            }
            ("default", [Argument::Value(value)]) => Filter::Default(value.clone()),
            ("lookup", [Argument::Word(name) | Argument::Value(Value::String(name))]) => {
                let table = lookups.get(name).ok_or_else(|| FilterError::NoTable(name.clone()))?;
                Filter::Lookup(table.clone())
            }
            _ => return Err(misused()),
        })
    }

    /// Applies the filter. No value stays no value, except for `default`.
    pub(super) fn apply<'v>(&self, value: Rendered<'v>) -> Result<Rendered<'v>, RenderError> {
        if value.is_null() {
            return Ok(match self {
                Filter::Default(default) => Rendered::Json(Cow::Owned(default.clone())),
                _ => Rendered::Null,
            });
        }
        let owned = |text: String| Ok(Rendered::Text(Cow::Owned(text)));
        match self {
            Filter::Default(_) => Ok(value),
            Filter::Rfc3339 => owned(value.to_time()?.to_string()),
            Filter::Rfc3339Decimals(places) => {
                let places = usize::from(*places);
                owned(format!("{:.places$}", value.to_time()?))
            }
            Filter::Epoch => count(value.to_time()?, 1_000_000_000),
            Filter::EpochMs => count(value.to_time()?, 1_000_000),
            Filter::EpochUs => count(value.to_time()?, 1_000),
            Filter::EpochNs => count(value.to_time()?, 1),
            Filter::FromEpoch => value.to_epoch(1_000_000_000).map(Rendered::Time),
            Filter::FromEpochMs => value.to_epoch(1_000_000).map(Rendered::Time),
            Filter::FromEpochUs => value.to_epoch(1_000).map(Rendered::Time),
            Filter::FromEpochNs => value.to_epoch(1).map(Rendered::Time),
            Filter::Date(format, zone) => {
                let text = written(format, value.to_time()?, zone.as_ref());
                owned(text.ok_or(RenderError::Time)?)
            }
            Filter::FromDate(reader) => {
                reader.read(&value.to_text()?).map(Rendered::Time).ok_or(RenderError::Time)
            }
            Filter::Plus(more) => {
                let sum = value.to_whole()?.checked_add(i128::from(*more));
                let sum = sum.and_then(Number::from_i128).ok_or(RenderError::Overflow)?;
                Ok(Rendered::Json(Cow::Owned(Value::Number(sum))))
            }
            Filter::Before(mark) => {
                let text = value.to_text()?;
                owned(text.split_once(mark).map_or(&*text, |(before, _)| before).to_owned())
            }
            Filter::After(mark) => {
                let text = value.to_text()?;
                owned(text.split_once(mark).map_or(&*text, |(_, after)| after).to_owned())
            }
            Filter::Lower => owned(value.to_text()?.to_lowercase()),
            Filter::Upper => owned(value.to_text()?.to_uppercase()),
            Filter::Join(separator) => owned(value.join(separator)?),
            Filter::UrlEncode => {
                owned(utf8_percent_encode(&value.to_text()?, COMPONENT).to_string())
            }
            Filter::Base64 => owned(STANDARD.encode(value.to_text()?.as_bytes())),
            Filter::Digest(digest) => owned(digest.of(value.to_text()?.as_bytes())),
            Filter::Lookup(table) => Ok(table
                .get(value.to_text()?.as_ref())
                .map_or(Rendered::Null, |found| Rendered::Json(Cow::Owned(found.clone())))),
            Filter::Text => owned(value.to_text()?.into_owned()),
            Filter::Ip => Ok(address(&value.to_text()?)
                .map_or(Rendered::Null, |found| Rendered::Text(Cow::Owned(found.to_string())))),
            Filter::Pieces(most) => {
                let pieces = Value::from(pieces(&value.to_text()?, *most));
                Ok(Rendered::Json(Cow::Owned(pieces)))
            }
            Filter::Json => owned(value.into_json().to_string()),
            Filter::Hmac(_) => Err(RenderError::Key),
        }
    }
}

/// Reads what follows the format: the name of a zone, or nothing. `None` if it is something else.
fn zone_of(rest: &[Argument]) -> Option<Result<Option<Zone>, FilterError>> {
    match rest {
        [] => Some(Ok(None)),
        [Argument::Value(Value::String(name))] => {
            let zone = Zone::named(name).ok_or_else(|| FilterError::Zone(name.clone()));
            Some(zone.map(Some))
        }
        _ => None,
    }
}

/// Writes a time; `None` if `format` is no `strftime` format.
fn written(format: &str, time: Timestamp, zone: Option<&Zone>) -> Option<String> {
    match zone {
        None => strftime(format, time),
        Some(zone) => strftime(format, &time.to_zoned_datetime(zone.rules().clone())),
    }
    .ok()
}

/// Returns the longest unit within which all times are written alike in this format, as
/// [`Filter::unit`] does.
fn unit_of(format: &str) -> Option<Duration> {
    // No part of it is 0 or 1, so that a `0` in the format is no part of it.
    let time = "2026-11-24T14:35:46.123456789Z".parse::<Timestamp>().ok()?.as_nanosecond();
    let text = |nanos| written(format, Timestamp::from_nanosecond(nanos).ok()?, None);
    let day = 86_400_000_000_000;
    let units = [day, 3_600_000_000_000, 60_000_000_000, 1_000_000_000, 1_000_000, 1_000];
    let unit = units.into_iter().find(|unit| {
        let begins = time - time % unit;
        text(begins) == text(begins + unit - 1)
    })?;
    let next_day = time - time % day + day;
    if unit == day && text(next_day - 1) == text(next_day) {
        return Some(Duration::MAX);
    }
    u64::try_from(unit).ok().map(Duration::from_nanos)
}

impl HmacText {
    pub(super) fn write(self, hmac: &[u8]) -> String {
        match self {
            HmacText::Hex => hex::encode(hmac),
            HmacText::Base64 => STANDARD.encode(hmac),
        }
    }
}

/// Counts whole units since the epoch, rounded down, also before 1970.
fn count<'v>(time: Timestamp, nanos_per_unit: i128) -> Result<Rendered<'v>, RenderError> {
    let units = i64::try_from(time.as_nanosecond().div_euclid(nanos_per_unit))
        .map_err(|_| RenderError::Time)?;
    Ok(Rendered::Json(Cow::Owned(Value::from(units))))
}
