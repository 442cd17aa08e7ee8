//! Time zones by their names, for vendors that write times as their clocks on the wall show them.
//!
//! Twice a year such times are not what they seem: where clocks go back, an hour comes twice, and
//! where they go forward, one is missing. The names and rules are those of the IANA database, which is
//! built in.

use std::fmt;
use std::time::Duration;

use jiff::civil::DateTime;
use jiff::tz::{Offset, TimeZone};
use jiff::{SignedDuration, Timestamp};

const DAY: Duration = Duration::from_secs(86_400);
const NANOSECOND: SignedDuration = SignedDuration::from_nanos(1);

/// A time zone.
#[derive(Clone, PartialEq, Eq)]
pub struct Zone {
    name: String,
    rules: TimeZone,
}

impl fmt::Debug for Zone {
    fn fmt(&self, to: &mut fmt::Formatter<'_>) -> fmt::Result {
        to.write_str(&self.name)
    }
}

impl Zone {
    /// What to write for a zone that is not known.
    pub(crate) const NEEDED: &str =
        "write a name of the IANA database, such as `Europe/Vienna` or `America/Los_Angeles`";

    /// Returns the zone of this name; `None` if there is none.
    pub fn named(name: &str) -> Option<Zone> {
        let rules = TimeZone::get(name).ok()?;
        // The database does not mind upper case. What is stored of a name must be one text.
        let name = rules.iana_name().unwrap_or("UTC").to_owned();
        Some(Zone { name, rules })
    }

    /// Returns its name.
    pub fn name(&self) -> &str {
        &self.name
    }

    pub(crate) fn rules(&self) -> &TimeZone {
        &self.rules
    }

    /// Returns the moment at which the clocks of the zone show this; the first, if they show it
    /// twice.
    pub(crate) fn moment(&self, shown: DateTime) -> Option<Timestamp> {
        self.rules.to_ambiguous_timestamp(shown).earlier().ok()
    }

    /// Rounds a moment down to where a unit begins on the clocks of the zone.
    pub fn floor(&self, time: Timestamp, unit: Duration) -> Timestamp {
        if unit >= DAY {
            let day = time.to_zoned_datetime(self.rules.clone()).start_of_day();
            return day.map_or(Timestamp::MIN, |day| day.timestamp());
        }
        let ahead = i128::from(self.rules.to_offset(time).seconds()) * 1_000_000_000;
        let unit = i128::try_from(unit.as_nanos()).unwrap_or(i128::MAX).max(1);
        let shown = time.as_nanosecond() + ahead;
        let floored = shown.div_euclid(unit) * unit - ahead;
        Timestamp::from_nanosecond(floored).unwrap_or(Timestamp::MIN)
    }

    /// Returns the stretch around `time` whose times of day come twice, from their first beginning to
    /// their second end; `None` if what the clocks show at `time` is shown once.
    pub fn doubled(&self, time: Timestamp) -> Option<Doubled> {
        let from_now = time.checked_sub(NANOSECOND).ok()?;
        let until_now = time.checked_add(NANOSECOND).ok()?;
        let last = self.rules.preceding(until_now).next();
        let next = self.rules.following(from_now).next();
        [last, next].into_iter().flatten().find_map(|change| {
            let at = change.timestamp();
            let before = self.rules.to_offset(at.checked_sub(NANOSECOND).ok()?);
            let back = SignedDuration::from_secs(i64::from(
                before.seconds().checked_sub(change.offset().seconds())?,
            ));
            let doubled = Doubled {
                from: at.checked_sub(back).ok()?,
                again: at,
                to: at.checked_add(back).ok()?,
            };
            (doubled.from <= time && time < doubled.to).then_some(doubled)
        })
    }

    /// Returns how far the clocks of the zone are ahead of UTC at `time`.
    pub fn offset(&self, time: Timestamp) -> Offset {
        self.rules.to_offset(time)
    }
}

/// A stretch whose times of day come twice.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Doubled {
    /// Its first moment.
    pub from: Timestamp,
    /// When the clocks go back and show the first time of day again.
    pub again: Timestamp,
    /// The first moment whose time of day comes once again.
    pub to: Timestamp,
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> Timestamp {
        text.parse().unwrap()
    }

    #[test]
    fn a_zone_is_found_by_its_name_and_nothing_else() {
        assert_eq!(Zone::named("europe/vienna").unwrap().name(), "Europe/Vienna");
        for name in ["", "Vienna", "CEST", "+02:00", "../etc/localtime"] {
            assert!(Zone::named(name).is_none(), "{name}");
        }
    }

    /// Where clocks go back: Los Angeles by an hour, Lord Howe Island by half an hour.
    #[test]
    fn times_that_come_twice_are_known_from_both_sides() {
        for (zone, from, again, to) in [
            (
                "America/Los_Angeles",
                "2026-11-01T08:00:00Z",
                "2026-11-01T09:00:00Z",
                "2026-11-01T10:00:00Z",
            ),
            (
                "Australia/Lord_Howe",
                "2026-04-04T14:30:00Z",
                "2026-04-04T15:00:00Z",
                "2026-04-04T15:30:00Z",
            ),
        ] {
            let zone = Zone::named(zone).unwrap();
            let doubled = Doubled { from: at(from), again: at(again), to: at(to) };
            for inside in [doubled.from, doubled.again, doubled.to - NANOSECOND] {
                assert_eq!(zone.doubled(inside), Some(doubled), "{inside}");
            }
            assert_eq!(zone.doubled(doubled.from - NANOSECOND), None);
            assert_eq!(zone.doubled(doubled.to), None);
            let shown = |time| zone.offset(time).to_datetime(time);
            assert_eq!(shown(doubled.from), shown(doubled.again));
            assert_eq!(zone.moment(shown(doubled.again)), Some(doubled.from));
        }
    }

    #[test]
    fn where_clocks_go_forward_nothing_comes_twice() {
        let zone = Zone::named("America/Los_Angeles").unwrap();
        for text in ["2026-03-08T09:59:59Z", "2026-03-08T10:00:00Z", "2026-03-08T10:30:00Z"] {
            assert_eq!(zone.doubled(at(text)), None);
        }
        // Half past two is not shown on that day.
        let missing = "2026-03-08T02:30:00".parse().unwrap();
        assert_eq!(zone.moment(missing), Some(at("2026-03-08T09:30:00Z")));
    }

    #[test]
    fn a_unit_begins_where_the_clocks_on_the_wall_say() {
        for (zone, time, unit, begins) in [
            ("America/Los_Angeles", "2026-11-24T07:59:59Z", 86_400, "2026-11-23T08:00:00Z"),
            ("America/Los_Angeles", "2026-11-24T08:00:00Z", 86_400, "2026-11-24T08:00:00Z"),
            ("Asia/Kolkata", "2026-11-24T10:15:00Z", 3_600, "2026-11-24T09:30:00Z"),
            ("Asia/Kolkata", "2026-11-24T10:15:30Z", 60, "2026-11-24T10:15:00Z"),
            // That day begins at one.
            ("Africa/Cairo", "2026-04-23T23:00:00Z", 86_400, "2026-04-23T22:00:00Z"),
        ] {
            let zone = Zone::named(zone).unwrap();
            let unit = Duration::from_secs(unit);
            assert_eq!(zone.floor(at(time), unit), at(begins), "{zone:?} {time}");
        }
    }
}
