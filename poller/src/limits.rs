//! What a vendor's headers say about its limits.

use std::time::Duration;

use http::{HeaderMap, StatusCode};
use jiff::Timestamp;

use crate::moment::after;

/// A limit never holds longer than this, whatever a header says.
const LONGEST: Duration = Duration::from_secs(24 * 3600);

/// The headers that vendors use for the end of a limit.
const RESET_HEADERS: [&str; 4] =
    ["x-rate-limit-reset", "x-ratelimit-reset", "ratelimit-reset", "x-retry-after"];
/// The headers that vendors use for the requests left.
const REMAINING_HEADERS: [&str; 3] =
    ["x-rate-limit-remaining", "x-ratelimit-remaining", "ratelimit-remaining"];

/// The source file's own names for the two headers.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct LimitHeaders<'p> {
    pub(crate) remaining: Option<&'p str>,
    pub(crate) reset: Option<&'p str>,
}

impl LimitHeaders<'_> {
    /// Whether this answer refuses the request because of a limit: 429
    /// (RFC 6585 §4), or 403 or 503 with a header that says so.
    pub(crate) fn is_limit(&self, status: StatusCode, headers: &HeaderMap) -> bool {
        match status {
            StatusCode::TOO_MANY_REQUESTS => true,
            // GitHub: a 403 is a limit only if nothing is left, or if it says
            // when to come back.
            StatusCode::FORBIDDEN => {
                headers.contains_key("retry-after") || self.remaining(headers) == Some(0)
            }
            StatusCode::SERVICE_UNAVAILABLE => headers.contains_key("retry-after"),
            _ => false,
        }
    }

    /// When the limit ends: `Retry-After` (RFC 9110 §10.2.3) before the
    /// vendor's reset header.
    pub(crate) fn until(&self, headers: &HeaderMap, now: Timestamp) -> Option<Timestamp> {
        let retry_after = text(headers, "retry-after");
        let names = self.reset.into_iter().chain(RESET_HEADERS);
        let reset = names.filter_map(|name| text(headers, name)).next();
        let until = retry_after
            .and_then(|text| moment(text, now))
            .or_else(|| reset.and_then(|text| moment(text, now)))?;
        Some(until.clamp(now, after(now, LONGEST)))
    }

    /// When to come back after an answer that was good but used up what was
    /// left.
    pub(crate) fn used_up(&self, headers: &HeaderMap, now: Timestamp) -> Option<Timestamp> {
        if self.remaining(headers) != Some(0) {
            return None;
        }
        self.until(headers, now)
    }

    fn remaining(&self, headers: &HeaderMap) -> Option<u64> {
        let mut names = self.remaining.into_iter().chain(REMAINING_HEADERS);
        names.find_map(|name| text(headers, name)?.parse().ok())
    }
}

fn text<'h>(headers: &'h HeaderMap, name: &str) -> Option<&'h str> {
    headers.get(name)?.to_str().ok().map(str::trim)
}

/// A moment in any of the forms that vendors use: seconds from now, seconds or
/// milliseconds since the epoch, RFC 3339, or an HTTP date.
fn moment(text: &str, now: Timestamp) -> Option<Timestamp> {
    // Decimals of a second are rounded up: too early is refused again.
    let (whole, decimals) = text.split_once('.').unwrap_or((text, ""));
    if let Ok(number) = whole.parse::<i64>() {
        let up = i64::from(decimals.bytes().any(|b| (b'1'..=b'9').contains(&b)));
        return match number {
            0..100_000_000 => Some(after(now, Duration::from_secs((number + up).unsigned_abs()))),
            100_000_000..100_000_000_000 => Timestamp::from_second(number + up).ok(),
            100_000_000_000.. => Timestamp::from_millisecond(number + up).ok(),
            _ => None,
        };
    }
    if let Ok(time) = text.parse() {
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
        let cases: [&[(&str, &str)]; 8] = [
            &[("retry-after", "90")],
            &[("retry-after", "89.2")],
            &[("retry-after", "Tue, 24 Nov 2026 10:01:30 GMT")],
            &[("x-rate-limit-reset", &until.as_second().to_string())],
            &[("x-ratelimit-reset", &until.as_millisecond().to_string())],
            &[("x-ratelimit-reset", "2026-11-24T10:01:30Z")],
            &[("ratelimit-reset", "90")],
            &[("retry-after", "90"), ("x-ratelimit-reset", "5")],
        ];
        for case in cases {
            let found = LimitHeaders::default().until(&headers(case), now);
            assert_eq!(found, Some(until), "{case:?}");
        }
        let own = LimitHeaders { reset: Some("x-wait"), remaining: None };
        assert_eq!(own.until(&headers(&[("x-wait", "90")]), now), Some(until));
        assert_eq!(own.until(&headers(&[("retry-after", "soon")]), now), None);
        let past = headers(&[("retry-after", "Tue, 24 Nov 2020 10:01:30 GMT")]);
        assert_eq!(own.until(&past, now), Some(now));
        let absurd = headers(&[("retry-after", "99999999")]);
        assert_eq!(own.until(&absurd, now), Some(now + LONGEST));
    }

    #[test]
    fn a_403_is_a_limit_only_when_nothing_is_left() {
        let limits = LimitHeaders::default();
        let forbidden = StatusCode::FORBIDDEN;
        assert!(limits.is_limit(forbidden, &headers(&[("x-ratelimit-remaining", "0")])));
        assert!(limits.is_limit(forbidden, &headers(&[("retry-after", "1")])));
        assert!(!limits.is_limit(forbidden, &headers(&[("x-ratelimit-remaining", "7")])));
        assert!(!limits.is_limit(forbidden, &headers(&[])));
        assert!(limits.is_limit(StatusCode::TOO_MANY_REQUESTS, &headers(&[])));
        assert!(!limits.is_limit(StatusCode::OK, &headers(&[("x-ratelimit-remaining", "0")])));
    }
}
