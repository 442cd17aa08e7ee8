//! How a request writes the moments that it asks for.

use std::time::Duration;

use crate::checked::checker::Checker;
use crate::checked::poll::request::Requests;
use crate::path::Root;
use crate::time_zone::Zone;
use crate::written;

/// How a request writes the moments that it asks for.
#[derive(Clone, Debug, Default)]
pub struct Asked {
    /// To which unit it rounds them down; `None` for less than a microsecond.
    pub unit: Option<Duration>,
    /// In which zone; `None` for UTC.
    pub zone: Option<Zone>,
}

impl Asked {
    /// Reads how the requests write where the records begin (`starts`) and end (`ends`) that are
    /// asked for.
    pub(crate) fn check(
        root: Root,
        (starts, ends): (&[&str], &[&str]),
        poll: &written::Poll,
        requests: &Requests<'_>,
        checker: &mut Checker<'_>,
    ) -> Asked {
        let unit = requests.unit_of(root, starts);
        let zones = requests.zones_of(root, &[starts, ends].concat());
        if let [first, rest @ ..] = zones.as_slice()
            && rest.iter().any(|zone| zone != first)
        {
            checker.error_with(
                poll.cursor.place(),
                "the requests write the moments that they ask for in several time zones",
                "give each `date` the zone of the vendor, as in `date(\"%F %H:%M\", \"Europe/Vienna\")`",
            );
        }
        let zone = zones.into_iter().flatten().next().cloned();
        if unit == Some(Duration::MAX) {
            checker.error_with(
                poll.cursor.place(),
                "the request writes where the records begin in more than whole days",
                "write the day too: what is asked for again and again would have no end",
            );
        }
        Asked { unit: unit.filter(|unit| *unit < Duration::MAX), zone }
    }
}
