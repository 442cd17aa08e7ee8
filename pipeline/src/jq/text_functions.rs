//! Functions on strings: patterns, encodings, JSON in a string, times.

use base64::Engine as _;
use base64::alphabet;
use base64::engine::DecodePaddingMode;
use base64::engine::general_purpose::{GeneralPurpose, GeneralPurposeConfig, STANDARD};
use indexmap::IndexMap;
use jaq_core::native::{Filter, Fun, bome, run, unary, v};
use jaq_core::{Cv, Error, RunPtr, ValR};
use jiff::Timestamp;
use jiff::civil::DateTime;
use jiff::fmt::strtime;
use jiff::tz::{Offset, TimeZone};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use regex::{Captures, Regex};
use serde_json::Value;

use super::budget;
use super::data::Jq;
use super::number::Num;
use super::operators::{spent, split};
use super::value::Val;
use crate::decode::json::decode_json;

/// jq allows Base64 without padding.
const LENIENT: GeneralPurpose = GeneralPurpose::new(
    &alphabet::STANDARD,
    GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent),
);

/// All but the unreserved characters (RFC 3986 §2.3).
const RESERVED: AsciiSet = NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');

pub(super) fn functions() -> Vec<Fun<Jq>> {
    let list: Vec<Filter<RunPtr<Jq>>> = vec![
        ("tojson", v(0), |cv| bome(Ok(Val::str(cv.1.to_json().to_string())))),
        ("@json", v(0), |cv| bome(Ok(Val::str(cv.1.to_json().to_string())))),
        ("fromjson", v(0), |cv| bome(from_json(&cv.1))),
        ("tonumber", v(0), |cv| bome(to_number(cv.1))),
        ("@base64", v(0), |cv| bome(Ok(Val::str(STANDARD.encode(&*cv.1.to_text()))))),
        ("@base64d", v(0), |cv| bome(from_base64(&cv.1))),
        ("@uri", v(0), |cv| {
            bome(Ok(Val::str(utf8_percent_encode(&cv.1.to_text(), &RESERVED).to_string())))
        }),
        ("join", v(1), |cv| unary(cv, |list, between| join(&list, &between))),
        ("split", v(1), |cv| {
            unary(cv, |text, separator| Ok(split(text_of(&text)?, text_of(&separator)?)))
        }),
        ("test", v(1), |cv| bome(pattern(cv, 1, |text, regex, _| Val::Bool(regex.is_match(text))))),
        ("test", v(2), |cv| bome(pattern(cv, 2, |text, regex, _| Val::Bool(regex.is_match(text))))),
        ("_matches", v(2), |cv| bome(pattern(cv, 2, matches))),
        ("_captures", v(2), |cv| bome(pattern(cv, 2, captures))),
        ("_scans", v(2), |cv| bome(pattern(cv, 2, scans))),
        ("_pieces", v(2), |cv| bome(pattern(cv, 2, pieces))),
        ("split", v(2), |cv| {
            bome(pattern(cv, 2, |text, regex, _| regex.split(text).map(Val::str).collect()))
        }),
        ("fromdate", v(0), |cv| bome(from_date(&cv.1))),
        ("todate", v(0), |cv| bome(to_date(&cv.1))),
        ("strftime", v(1), |cv| unary(cv, |time, format| to_text(&time, text_of(&format)?))),
        ("strptime", v(1), |cv| {
            unary(cv, |text, format| parse(text_of(&text)?, text_of(&format)?))
        }),
        ("mktime", v(0), |cv| bome(broken_down(&cv.1).map(seconds))),
    ];
    list.into_iter().map(run::<Jq>).collect()
}

fn text_of(value: &Val) -> Result<&str, Error<Val>> {
    match value {
        Val::Str(text) => {
            budget::pay_look(text.len());
            Ok(text)
        }
        other => Err(Error::typ(other.clone(), "string")),
    }
}

fn from_json(value: &Val) -> ValR<Val> {
    let json: Value = decode_json(text_of(value)?.as_bytes())
        .map_err(|error| Error::str(format!("the text is no JSON: {error}")))?;
    Ok(Val::read(&json))
}

fn to_number(value: Val) -> ValR<Val> {
    match &value {
        Val::Num(_) => Ok(value),
        Val::Str(text) => Num::written(text.trim())
            .map(Val::Num)
            .ok_or_else(|| Error::str("the string is no number")),
        _ => Err(Error::typ(value, "number")),
    }
}

fn from_base64(value: &Val) -> ValR<Val> {
    let bytes =
        LENIENT.decode(text_of(value)?).map_err(|_| Error::str("the string is not base64"))?;
    Ok(Val::str(String::from_utf8_lossy(&bytes)))
}

/// Joins the elements as text; null is an empty text.
fn join(list: &Val, between: &Val) -> ValR<Val> {
    let (Val::Arr(list), between) = (list, text_of(between)?) else {
        return Err(Error::typ(list.clone(), "array"));
    };
    let mut text = String::new();
    for (at, item) in list.items.iter().enumerate() {
        let before = text.len();
        if at > 0 {
            text.push_str(between);
        }
        match item {
            Val::Null => {}
            Val::Arr(_) | Val::Obj(_) => return Err(Error::typ(item.clone(), "string")),
            other => text.push_str(&other.to_text()),
        }
        if !budget::pay_bytes((text.len() - before) as u64) {
            return Err(spent());
        }
    }
    Ok(Val::str(text))
}

/// Calls a function with the text, the compiled pattern, and whether it wants all
/// matches.
fn pattern(
    mut cv: Cv<'_, Jq>,
    arguments: usize,
    f: impl Fn(&str, &Regex, bool) -> Val,
) -> ValR<Val> {
    let flags = if arguments == 2 { cv.0.pop_var() } else { Val::Str("".into()) };
    let pattern = cv.0.pop_var();
    let (pattern, flags) = (text_of(&pattern)?, text_of(&flags)?);
    let all = flags.contains('g');
    let regex =
        cv.0.data()
            .patterns
            .get(pattern, flags)
            .ok_or_else(|| Error::str("a regular expression that was not written out"))?;
    let text = text_of(&cv.1)?;
    budget::pay(text.len() as u64);
    Ok(f(text, regex, all))
}

/// Returns the first match, or all.
fn found<'t>(text: &'t str, regex: &Regex, all: bool) -> Vec<Captures<'t>> {
    let mut found = Vec::new();
    for captures in regex.captures_iter(text).take(if all { usize::MAX } else { 1 }) {
        if !budget::pay_bytes(regex.captures_len() as u64 * 16) {
            break;
        }
        found.push(captures);
    }
    found
}

fn object<const N: usize>(entries: [(&str, Val); N]) -> Val {
    let entries = entries.into_iter().map(|(key, value)| (key.into(), value));
    Val::object(entries.collect::<IndexMap<_, _>>())
}

fn one(text: &str, found: Option<regex::Match<'_>>) -> [(&'static str, Val); 3] {
    let Some(found) = found else {
        return [
            ("offset", Val::from(-1_isize)),
            ("length", Val::from(0_usize)),
            ("string", Val::Null),
        ];
    };
    budget::pay_look(found.start());
    let before = text.get(..found.start()).unwrap_or_default().chars().count();
    [
        ("offset", Val::from(before)),
        ("length", Val::from(found.as_str().chars().count())),
        ("string", Val::str(found.as_str())),
    ]
}

fn matches(text: &str, regex: &Regex, all: bool) -> Val {
    found(text, regex, all)
        .iter()
        .map(|captures| {
            let groups: Val = regex
                .capture_names()
                .zip(captures.iter())
                .skip(1)
                .map(|(name, group)| {
                    let [offset, length, string] = one(text, group);
                    let name = name.map_or(Val::Null, Val::str);
                    object([offset, length, string, ("name", name)])
                })
                .collect();
            let [offset, length, string] = one(text, captures.get(0));
            object([offset, length, string, ("captures", groups)])
        })
        .collect()
}

/// Returns the named groups of one match.
fn named(regex: &Regex, captures: &Captures<'_>) -> Val {
    let groups = regex.capture_names().flatten().map(|name| {
        let group = captures.name(name);
        (name.into(), group.map_or(Val::Null, |group| Val::str(group.as_str())))
    });
    Val::object(groups.collect::<IndexMap<_, _>>())
}

fn captures(text: &str, regex: &Regex, all: bool) -> Val {
    found(text, regex, all).iter().map(|captures| named(regex, captures)).collect()
}

/// Returns each match, or the list of its groups if there are any.
fn scans(text: &str, regex: &Regex, _: bool) -> Val {
    let group =
        |group: Option<regex::Match<'_>>| group.map_or(Val::Null, |group| Val::str(group.as_str()));
    found(text, regex, true)
        .iter()
        .map(|captures| match captures.len() {
            1 => group(captures.get(0)),
            _ => captures.iter().skip(1).map(group).collect(),
        })
        .collect()
}

/// Returns the text between matches as strings, and the named groups of each match as
/// an object.
fn pieces(text: &str, regex: &Regex, all: bool) -> Val {
    let mut pieces = Vec::new();
    let mut from = 0;
    for captures in found(text, regex, all) {
        let Some(whole) = captures.get(0) else { continue };
        pieces.push(Val::str(text.get(from..whole.start()).unwrap_or_default()));
        pieces.push(named(regex, &captures));
        from = whole.end();
    }
    pieces.push(Val::str(text.get(from..).unwrap_or_default()));
    Val::list(pieces)
}

fn no_time() -> Error<Val> {
    Error::str("this is no moment in time")
}

/// Returns the seconds since 1970, as a whole number if possible.
fn seconds(time: Timestamp) -> Val {
    match time.subsec_nanosecond() {
        0 => Val::Num(Num::Int(time.as_second())),
        _ => Val::from(time.as_microsecond() as f64 / 1e6),
    }
}

fn from_date(value: &Val) -> ValR<Val> {
    let time: Timestamp = text_of(value)?
        .parse()
        .map_err(|_| Error::str("the string is no moment as RFC 3339 writes it"))?;
    Ok(seconds(time))
}

fn moment(value: &Val) -> Result<Timestamp, Error<Val>> {
    match value {
        Val::Num(Num::Int(second)) => Timestamp::from_second(*second).map_err(|_| no_time()),
        Val::Num(number) => {
            let micros = number.as_f64() * 1e6;
            Timestamp::from_microsecond(micros as i64).map_err(|_| no_time())
        }
        other => broken_down(other),
    }
}

fn to_date(value: &Val) -> ValR<Val> {
    Ok(Val::str(moment(value)?.to_string()))
}

fn to_text(value: &Val, format: &str) -> ValR<Val> {
    let time = moment(value)?;
    budget::pay_look(format.len());
    strtime::format(format, time)
        .map(Val::str)
        .map_err(|_| Error::str("this is no format of a moment"))
}

/// Returns a time in jq's parts: year, month from 0, day, hour, minute, second, day of
/// the week, day of the year from 0.
fn parse(text: &str, format: &str) -> ValR<Val> {
    let fault = |_| Error::str("the string is no moment of that format");
    let mut parts = strtime::BrokenDownTime::parse(format, text).map_err(fault)?;
    if parts.offset().is_none() {
        parts.set_offset(Some(Offset::UTC));
    }
    let time = parts.to_timestamp().map_err(fault)?;
    let time = TimeZone::UTC.to_datetime(time);
    let second = f64::from(time.second()) + f64::from(time.subsec_nanosecond()) / 1e9;
    Ok([
        f64::from(time.year()),
        f64::from(time.month() - 1),
        f64::from(time.day()),
        f64::from(time.hour()),
        f64::from(time.minute()),
        second,
        f64::from(time.weekday().to_sunday_zero_offset()),
        f64::from(time.day_of_year() - 1),
    ]
    .into_iter()
    .map(Val::from)
    .collect())
}

fn broken_down(value: &Val) -> Result<Timestamp, Error<Val>> {
    let Val::Arr(list) = value else { return Err(no_time()) };
    let part = |at: usize| match list.items.get(at) {
        Some(Val::Num(number)) => Ok(number.as_f64()),
        _ => Err(no_time()),
    };
    // A number that is too large is cast to the largest, which no date has.
    let small = |at: usize| part(at).map(|part| part as i8);
    let second = part(5)?;
    let month = (part(1)? as i8).checked_add(1).ok_or_else(no_time)?;
    DateTime::new(
        part(0)? as i16,
        month,
        small(2)?,
        small(3)?,
        small(4)?,
        second.floor() as i8,
        (second.fract().abs() * 1e9) as i32,
    )
    .and_then(|time| TimeZone::UTC.to_timestamp(time))
    .map_err(|_| no_time())
}
