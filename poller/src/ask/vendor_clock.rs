//! The vendor's clock, as its responses tell it, held against ours.
//!
//! A window that ends in the vendor's future holds nothing of that time. If it were marked as read,
//! what comes then would never be asked for.

use std::sync::Mutex;
use std::time::Duration;

use http::HeaderMap;
use http::header::{AGE, DATE};
use jiff::Timestamp;
use mef_ports::moment::after;

/// `Date` has no parts of a second.
const SECOND: Duration = Duration::from_secs(1);
/// A `Date` further behind is that of a machine without a clock.
const NO_CLOCK: Duration = Duration::from_secs(366 * 86_400);

/// How far our clock is ahead of the vendor's, as far as the responses of a run have shown.
#[derive(Debug, Default)]
pub(crate) struct VendorClock(Mutex<Duration>);

impl VendorClock {
    /// Learns from the `Date` of a response (RFC 9110 §6.6.1) to a request that was `sent` and answered
    /// at these moments. `Age` is how long a cache has kept the response (RFC 9111 §5.1). If it
    /// proves that our clock is ahead, returns by how much it may be, if that is more than was known.
    pub(crate) fn note(
        &self,
        headers: &HeaderMap,
        sent: Timestamp,
        received: Timestamp,
    ) -> Option<Duration> {
        let text = |name| headers.get(name)?.to_str().ok();
        let date = jiff::fmt::rfc2822::parse(text(DATE)?).ok()?.timestamp();
        let age = text(AGE).and_then(|age| age.parse().ok()).map(Duration::from_secs);
        let vendor_now = after(date, age.unwrap_or_default());
        if sent <= after(vendor_now, SECOND) {
            return None;
        }
        let ahead = Duration::try_from(received.duration_since(vendor_now)).ok()?;
        let mut known = self.0.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        if ahead <= *known || ahead > NO_CLOCK {
            return None;
        }
        *known = ahead;
        Some(ahead)
    }

    /// Returns how far our clock is ahead; zero if nothing shows that it is.
    pub(crate) fn ahead(&self) -> Duration {
        *self.0.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use http::HeaderValue;

    use super::*;

    /// What the headers of a response show that was asked for at 10:00:00.
    fn ahead(headers: &[(http::HeaderName, &'static str)]) -> Duration {
        let sent = "2026-11-24T10:00:00Z".parse().unwrap();
        let clock = VendorClock::default();
        let headers = headers.iter().cloned();
        let headers = headers.map(|(name, text)| (name, HeaderValue::from_static(text))).collect();
        clock.note(&headers, sent, sent + jiff::SignedDuration::from_secs(4));
        clock.ahead()
    }

    #[test]
    fn only_a_date_before_the_request_shows_that_our_clock_is_ahead() {
        for (date, seconds) in [
            ("Tue, 24 Nov 2026 10:00:03 GMT", 0),
            ("Tue, 24 Nov 2026 10:00:00 GMT", 0),
            ("Tue, 24 Nov 2026 09:59:59 GMT", 0),
            ("Tue, 24 Nov 2026 09:59:58 GMT", 6),
            ("Mon, 23 Nov 2026 10:00:00 GMT", 86_404),
            ("Thu, 01 Jan 1970 00:00:00 GMT", 0),
            ("yesterday", 0),
        ] {
            assert_eq!(ahead(&[(DATE, date)]), Duration::from_secs(seconds), "{date}");
        }
    }

    #[test]
    fn what_a_cache_gave_is_as_old_as_it_says() {
        let date = (DATE, "Tue, 24 Nov 2026 09:00:00 GMT");
        assert_eq!(ahead(&[date.clone(), (AGE, "3600")]), Duration::ZERO);
        assert_eq!(ahead(&[date, (AGE, "3000")]), Duration::from_secs(604));
    }
}
