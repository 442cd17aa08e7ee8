//! What a vendor's headers say about its limits.

use std::time::Duration;

use http::{HeaderMap, StatusCode};
use jiff::Timestamp;
use mef_ports::moment::after;
use mef_source::checked::{Early, PollLimits, ResetFormat};

/// How long a limit lasts that names no end.
pub(crate) const LIMIT_WITHOUT_RESET: Duration = Duration::from_secs(60);
/// A limit never holds longer than this, whatever a header says.
pub(crate) const LONGEST: Duration = Duration::from_secs(24 * 3600);

/// The headers that vendors use for the end of a limit.
const RESET_HEADERS: [&str; 5] = [
    "x-rate-limit-reset",
    "x-ratelimit-reset",
    "ratelimit-reset",
    "x-retry-after",
    "x-ratelimit-reset-after",
];
/// The headers that vendors use for the requests left.
const REMAINING_HEADERS: [&str; 3] =
    ["x-rate-limit-remaining", "x-ratelimit-remaining", "ratelimit-remaining"];
/// The headers that vendors use for the requests in all.
const LIMIT_HEADERS: [&str; 3] = ["x-rate-limit-limit", "x-ratelimit-limit", "ratelimit-limit"];

/// The limits in a response's headers, under the source file's own names and the usual ones.
#[derive(Clone, Copy, Debug)]
pub(crate) struct LimitHeaders<'p>(pub(crate) &'p PollLimits);

impl LimitHeaders<'_> {
    /// Returns whether a response refuses the request because of a limit: 429 (RFC 6585 §4), or 403
    /// or 503 with a header that says so.
    pub(crate) fn is_limit(&self, status: StatusCode, headers: &HeaderMap) -> bool {
        match status {
            StatusCode::TOO_MANY_REQUESTS => true,
            // GitHub: a 403 is a limit only if nothing is left or it says when to come back.
            StatusCode::FORBIDDEN => {
                headers.contains_key("retry-after") || self.remaining(headers) == Some(0)
            }
            StatusCode::SERVICE_UNAVAILABLE => headers.contains_key("retry-after"),
            _ => false,
        }
    }

    /// Returns when the limit ends: by `Retry-After` (RFC 9110 §10.2.3), else by the vendor's reset
    /// header, else by the structured one.
    pub(crate) fn until(&self, headers: &HeaderMap, now: Timestamp) -> Option<Timestamp> {
        let limits = self.0;
        let own = limits.reset.as_deref().and_then(|name| text(headers, name));
        let usual = || RESET_HEADERS.iter().find_map(|name| text(headers, name));
        let until = text(headers, "retry-after")
            .and_then(|text| moment(text, ResetFormat::Auto, now))
            .or_else(|| own.and_then(|text| moment(text, limits.reset_format, now)))
            .or_else(|| {
                // A `format` without a header of its own is about the usual ones.
                let format = match limits.reset {
                    None => limits.reset_format,
                    Some(_) => ResetFormat::Auto,
                };
                usual().and_then(|text| moment(text, format, now))
            })
            .or_else(|| {
                let reset = structured(headers)?.reset?;
                Some(after(now, Duration::from_secs(reset)))
            })?;
        Some(until.clamp(now, after(now, LONGEST)))
    }

    /// Returns when to come back, if the vendor says so outright.
    pub(crate) fn retry_after(&self, headers: &HeaderMap, now: Timestamp) -> Option<Timestamp> {
        self.until(headers, now).filter(|_| headers.contains_key("retry-after"))
    }

    /// Returns when the limit ends if only a rule says that there is one. While requests remain,
    /// the reset in the headers is that of another limit.
    pub(crate) fn until_by_rule(&self, headers: &HeaderMap, now: Timestamp) -> Option<Timestamp> {
        let says_when = headers.contains_key("retry-after");
        let is_left = self.remaining(headers).is_some_and(|remaining| remaining > 0);
        if is_left && !says_when { None } else { self.until(headers, now) }
    }

    /// Returns when to come back after a good response that left no more requests than are to be
    /// left for others.
    pub(crate) fn used_up(&self, headers: &HeaderMap, now: Timestamp) -> Option<Timestamp> {
        let remaining = self.remaining(headers)?;
        let threshold = match self.0.early {
            Early::Requests(requests) => requests,
            Early::Fraction(part) => threshold(self.limit(headers)?, part),
        };
        if remaining > threshold {
            return None;
        }
        self.until(headers, now)
    }

    fn remaining(&self, headers: &HeaderMap) -> Option<u64> {
        let mut names = self.0.remaining.as_deref().into_iter().chain(REMAINING_HEADERS);
        names
            .find_map(|name| first_number(text(headers, name)?))
            .or_else(|| structured(headers)?.remaining)
    }

    fn limit(&self, headers: &HeaderMap) -> Option<u64> {
        let mut names = self.0.limit.as_deref().into_iter().chain(LIMIT_HEADERS);
        names
            .find_map(|name| first_number(text(headers, name)?))
            .or_else(|| structured(headers)?.limit)
    }
}

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_precision_loss,
    clippy::cast_sign_loss,
    reason = "a part of a number of requests, which is small and not negative"
)]
fn threshold(limit: u64, part: f64) -> u64 {
    (limit as f64 * part) as u64
}

fn text<'h>(headers: &'h HeaderMap, name: &str) -> Option<&'h str> {
    headers.get(name)?.to_str().ok().map(str::trim)
}

/// `160, 160;w=1` is 160: what follows says how it is counted.
fn first_number(text: &str) -> Option<u64> {
    text.split([',', ';']).next()?.trim().parse().ok()
}

/// Returns the quota of the structured headers that is nearest to its end.
#[derive(Clone, Copy, Debug, Default)]
struct Quota {
    limit: Option<u64>,
    remaining: Option<u64>,
    reset: Option<u64>,
}

/// `RateLimit: "default";r=50;t=30` with its policy `"default";q=100`, or in an earlier draft
/// `RateLimit: limit=100, remaining=50, reset=30` (draft-ietf-httpapi-ratelimit-headers).
fn structured(headers: &HeaderMap) -> Option<Quota> {
    let whole = text(headers, "ratelimit")?;
    let number = |text: &str| text.trim().parse().ok();
    if whole.contains("remaining=") {
        let mut quota = Quota::default();
        for (name, value) in whole.split([',', ';']).filter_map(|part| part.split_once('=')) {
            match name.trim() {
                "limit" => quota.limit = number(value),
                "remaining" => quota.remaining = number(value),
                "reset" => quota.reset = number(value),
                _ => {}
            }
        }
        return Some(quota);
    }
    let policies = text(headers, "ratelimit-policy").unwrap_or_default();
    let parameter = |item: &str, wanted: &str| {
        let mut parameters = item.split(';').skip(1).filter_map(|part| part.split_once('='));
        parameters.find(|(name, _)| name.trim() == wanted).and_then(|(_, value)| number(value))
    };
    let name = |item: &str| item.split(';').next().unwrap_or_default().trim().to_owned();
    let quotas = whole.split(',').map(|item| Quota {
        limit: policies
            .split(',')
            .find(|policy| name(policy) == name(item))
            .and_then(|policy| parameter(policy, "q")),
        remaining: parameter(item, "r"),
        reset: parameter(item, "t"),
    });
    // If several are used up, the one that lasts longest counts.
    quotas.min_by_key(|quota| (quota.remaining.unwrap_or(u64::MAX), std::cmp::Reverse(quota.reset)))
}

/// Reads a moment in any of the forms that vendors use: a number as `format` says, RFC 3339, or an
/// HTTP date.
fn moment(text: &str, format: ResetFormat, now: Timestamp) -> Option<Timestamp> {
    // Fractions of a second are rounded up: a request that comes too early is refused again.
    let (whole, decimals) = text.split_once('.').unwrap_or((text, ""));
    if let Ok(number) = whole.parse::<i64>() {
        let more = i64::from(decimals.bytes().any(|b| (b'1'..=b'9').contains(&b)));
        let number = number.saturating_add(more);
        let unsigned = u64::try_from(number).ok()?;
        return match (format, number) {
            (ResetFormat::Seconds, _) | (ResetFormat::Auto, 0..100_000_000) => {
                Some(after(now, Duration::from_secs(unsigned)))
            }
            (ResetFormat::Milliseconds, _) => Some(after(now, Duration::from_millis(unsigned))),
            (ResetFormat::Epoch, _) | (ResetFormat::Auto, 100_000_000..100_000_000_000) => {
                Timestamp::from_second(number).ok()
            }
            (ResetFormat::EpochMs | ResetFormat::Auto, _) => {
                Timestamp::from_millisecond(number).ok()
            }
        };
    }
    if let Ok(time) = text.parse() {
        return Some(time);
    }
    // Some vendors write it to the minute.
    if let Ok(time) = format!("{}:00Z", text.trim_end_matches('Z')).parse() {
        return Some(time);
    }
    jiff::fmt::rfc2822::parse(text).ok().map(|zoned| zoned.timestamp())
}

#[cfg(test)]
mod tests {
    use http::HeaderValue;
    use http::header::HeaderName;

    use super::*;

    fn headers(pairs: &[(&str, &str)]) -> HeaderMap {
        pairs
            .iter()
            .map(|(name, value)| {
                (name.parse::<HeaderName>().unwrap(), HeaderValue::from_str(value).unwrap())
            })
            .collect()
    }

    #[test]
    fn every_form_of_reset_means_the_same_moment() {
        let now: Timestamp = "2026-11-24T10:00:00Z".parse().unwrap();
        let until: Timestamp = "2026-11-24T10:01:30Z".parse().unwrap();
        let cases: [&[(&str, &str)]; 13] = [
            &[("retry-after", "90")],
            &[("retry-after", "89.2")],
            &[("retry-after", "Tue, 24 Nov 2026 10:01:30 GMT")],
            &[("x-rate-limit-reset", &until.as_second().to_string())],
            &[("x-ratelimit-reset", &until.as_millisecond().to_string())],
            &[("x-ratelimit-reset", "2026-11-24T10:01:30Z")],
            &[("x-ratelimit-reset", "2026-11-24T10:01:30.000Z")],
            &[("ratelimit-reset", "90")],
            &[("x-ratelimit-reset-after", "89.5")],
            &[("ratelimit", r#""default";r=0;t=90"#)],
            &[("ratelimit", r#""minute";r=5;t=9, "hour";r=0;t=90, "burst";r=0;t=1"#)],
            &[("ratelimit", "limit=100, remaining=0, reset=90")],
            &[("retry-after", "90"), ("x-ratelimit-reset", "5")],
        ];
        for case in cases {
            let found = LimitHeaders(&PollLimits::default()).until(&headers(case), now);
            assert_eq!(found, Some(until), "{case:?}");
        }
        let with = |reset_format| PollLimits {
            reset: Some("x-wait".to_owned()),
            reset_format,
            ..PollLimits::default()
        };
        for (format, value) in [
            (ResetFormat::Seconds, "90".to_owned()),
            (ResetFormat::Milliseconds, "90000".to_owned()),
            (ResetFormat::Epoch, until.as_second().to_string()),
            (ResetFormat::EpochMs, until.as_millisecond().to_string()),
            (ResetFormat::Epoch, "2026-11-24T10:01:30Z".to_owned()),
        ] {
            let limits = with(format);
            let found = LimitHeaders(&limits).until(&headers(&[("x-wait", &value)]), now);
            assert_eq!(found, Some(until), "{format:?} {value}");
        }
        let limits = with(ResetFormat::Auto);
        let own = LimitHeaders(&limits);
        let minute = headers(&[("x-wait", "2026-11-24T10:02Z")]);
        assert_eq!(own.until(&minute, now), "2026-11-24T10:02:00Z".parse().ok());
        assert_eq!(own.until(&headers(&[("x-wait", "-90")]), now), None);
        assert_eq!(own.until(&headers(&[("x-wait", "90")]), now), Some(until));
        assert_eq!(own.until(&headers(&[("retry-after", "soon")]), now), None);
        let past = headers(&[("retry-after", "Tue, 24 Nov 2020 10:01:30 GMT")]);
        assert_eq!(own.until(&past, now), Some(now));
        let absurd = headers(&[("retry-after", "99999999")]);
        assert_eq!(own.until(&absurd, now), Some(now + LONGEST));
        // The part of a second made it overflow.
        let last = format!("{}.5", i64::MAX);
        assert_eq!(own.until(&headers(&[("retry-after", &last)]), now), None);
    }

    #[test]
    fn a_403_is_a_limit_only_when_nothing_is_left() {
        let limits = PollLimits::default();
        let limits = LimitHeaders(&limits);
        let forbidden = StatusCode::FORBIDDEN;
        assert!(limits.is_limit(forbidden, &headers(&[("x-ratelimit-remaining", "0")])));
        assert!(limits.is_limit(forbidden, &headers(&[("retry-after", "1")])));
        assert!(!limits.is_limit(forbidden, &headers(&[("x-ratelimit-remaining", "7")])));
        assert!(!limits.is_limit(forbidden, &headers(&[])));
        assert!(limits.is_limit(StatusCode::TOO_MANY_REQUESTS, &headers(&[])));
        assert!(!limits.is_limit(StatusCode::OK, &headers(&[("x-ratelimit-remaining", "0")])));
    }

    #[test]
    fn a_reset_counts_for_a_rule_only_where_nothing_remains() {
        let (limits, now) = (PollLimits::default(), Timestamp::from_second(1_700_000_000).unwrap());
        let limits = LimitHeaders(&limits);
        let until =
            |pairs: &[_]| limits.until_by_rule(&headers(pairs), now).map(|until| until.as_second());
        let reset = ("x-ratelimit-reset", "1700003000");
        assert_eq!(until(&[reset, ("x-ratelimit-remaining", "1700")]), None);
        assert_eq!(until(&[reset, ("x-ratelimit-remaining", "0")]), Some(1_700_003_000));
        assert_eq!(until(&[reset]), Some(1_700_003_000));
        assert_eq!(
            until(&[reset, ("x-ratelimit-remaining", "5"), ("retry-after", "9")]),
            Some(1_700_000_009)
        );
    }

    #[test]
    fn a_limit_is_left_early_by_number_or_by_part() {
        let now: Timestamp = "2026-11-24T10:00:00Z".parse().unwrap();
        let late: Timestamp = "2026-11-24T10:00:30Z".parse().unwrap();
        let all = |remaining: &str| {
            headers(&[
                ("x-ratelimit-limit", "160, 160;w=1"),
                ("x-ratelimit-remaining", remaining),
                ("x-ratelimit-reset", "30"),
            ])
        };
        let structured = |remaining: &str| {
            headers(&[
                ("ratelimit-policy", r#""a";q=160;w=60"#),
                ("ratelimit", &format!(r#""a";r={remaining};t=30"#)),
            ])
        };
        for (early, remaining, waits) in [
            (Early::default(), "0", true),
            (Early::default(), "1", false),
            (Early::Requests(10), "10", true),
            (Early::Requests(10), "11", false),
            (Early::Fraction(0.1), "16", true),
            (Early::Fraction(0.1), "17", false),
        ] {
            let limits = PollLimits { early, ..PollLimits::default() };
            for headers in [all(remaining), structured(remaining)] {
                let found = LimitHeaders(&limits).used_up(&headers, now);
                assert_eq!(found, waits.then_some(late), "{early:?} {remaining}");
            }
        }
    }
}
