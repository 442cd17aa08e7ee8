//! The vendor's clock, as its responses tell it, held against ours.
//!
//! A window that ends in the vendor's future holds nothing of that time. If it were marked as read,
//! what comes then would never be asked for. A `Date` that stands still is no clock: some proxies
//! repeat one.

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use http::HeaderMap;
use http::header::{AGE, DATE};
use jiff::Timestamp;
use mef_ports::VendorDate;
use mef_ports::moment::after;

/// `Date` has no parts of a second.
const SECOND: Duration = Duration::from_secs(1);
/// A `Date` further behind is that of a machine without a clock.
const NO_CLOCK: Duration = Duration::from_secs(366 * 86_400);

/// A `Date` may be as old as that: servers and load balancers write it once in a while.
const MAY_STAND: Duration = Duration::from_secs(10);

/// What the responses of a run have shown.
#[derive(Debug, Default)]
pub(crate) struct VendorClock(Mutex<Told>);

#[derive(Debug, Default)]
struct Told {
    /// How far our clock is ahead.
    ahead: Duration,
    /// The last new `Date` behind our clock.
    date: Option<VendorDate>,
    /// Whether one was later than the one before.
    moves: bool,
    /// Whether one was not, though our clock had moved.
    stands: bool,
}

/// What a response is the first to show.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Shown {
    /// Our clock is ahead by that much more than was known.
    Ahead(Duration),
    /// The vendor's time does not move.
    Stands(Timestamp),
}

impl VendorClock {
    /// Begins with what the runs before have shown.
    pub(crate) fn begin(&self, date: Option<VendorDate>) {
        self.told().date = date;
    }

    /// Learns from the `Date` of a response (RFC 9110 §6.6.1) to a request that was `sent` and answered
    /// at these moments. `Age` is how long a cache has kept the response (RFC 9111 §5.1). Returns what
    /// that shows, if it is news.
    pub(crate) fn note(
        &self,
        headers: &HeaderMap,
        sent: Timestamp,
        received: Timestamp,
    ) -> Option<Shown> {
        let text = |name| headers.get(name)?.to_str().ok();
        let date = jiff::fmt::rfc2822::parse(text(DATE)?).ok()?.timestamp();
        let age = text(AGE).and_then(|age| age.parse().ok()).map(Duration::from_secs);
        let vendor_now = after(date, age.unwrap_or_default());
        if sent <= after(vendor_now, SECOND) {
            return None;
        }
        let ahead = Duration::try_from(received.duration_since(vendor_now)).ok()?;
        if ahead > NO_CLOCK {
            return None;
        }
        let mut told = self.told();
        let has_moved = match told.date {
            Some(VendorDate { date, at }) if sent > after(at, MAY_STAND) => Some(vendor_now > date),
            _ => None,
        };
        told.moves |= has_moved == Some(true);
        if told.date.is_none_or(|told| told.date != vendor_now) {
            told.date = Some(VendorDate { date: vendor_now, at: received });
        }
        if has_moved == Some(false) && !std::mem::replace(&mut told.stands, true) {
            return Some(Shown::Stands(vendor_now));
        }
        if told.stands || ahead <= told.ahead {
            return None;
        }
        told.ahead = ahead;
        Some(Shown::Ahead(ahead))
    }

    /// Returns how far our clock is ahead; zero if nothing shows that it is.
    pub(crate) fn ahead(&self) -> Duration {
        let told = self.told();
        if told.stands { Duration::ZERO } else { told.ahead }
    }

    /// Returns whether the vendor's time was seen to move.
    pub(crate) fn moves(&self) -> bool {
        let told = self.told();
        told.moves && !told.stands
    }

    /// Returns what a later run has to know, to see whether it moves.
    pub(crate) fn date(&self) -> Option<VendorDate> {
        self.told().date
    }

    fn told(&self) -> MutexGuard<'_, Told> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
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

    #[test]
    fn a_date_is_a_clocks_if_it_moves_as_ours_does() {
        let at = |seconds| Timestamp::UNIX_EPOCH + jiff::SignedDuration::from_secs(seconds);
        let note = |clock: &VendorClock, date: i64, now: i64| {
            let date = at(date).strftime("%a, %d %b %Y %T GMT").to_string();
            let headers = HeaderMap::from_iter([(DATE, date.parse().unwrap())]);
            clock.note(&headers, at(now), at(now))
        };
        let clock = VendorClock::default();
        assert_eq!(note(&clock, 0, 3_600), Some(Shown::Ahead(Duration::from_secs(3_600))));
        assert_eq!(note(&clock, 0, 3_610), Some(Shown::Ahead(Duration::from_secs(3_610))));
        assert!(!clock.moves(), "for so long it may stand");
        assert_eq!(note(&clock, 0, 3_611), Some(Shown::Stands(at(0))));
        assert_eq!((note(&clock, 0, 3_620), clock.ahead()), (None, Duration::ZERO));
        // Another run knows of the one before.
        let later = VendorClock::default();
        later.begin(clock.date());
        assert_eq!(note(&later, 60, 3_672), Some(Shown::Ahead(Duration::from_secs(3_612))));
        assert!(later.moves());
        let back = VendorClock::default();
        back.begin(later.date());
        assert_eq!(note(&back, 30, 3_700), Some(Shown::Stands(at(30))));
        assert_eq!(back.date().map(|told| told.date), Some(at(30)), "it may have been set back");
    }
}
