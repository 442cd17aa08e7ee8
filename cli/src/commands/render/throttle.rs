//! How many webhooks the front lets through, if nobody says it: what it turns away is lost with most vendors, and
//! what it lets through costs. So both numbers grow with the sources, and neither without end.

/// What all pushed sources share.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Throttle {
    /// Webhooks a second, in the long run.
    pub(super) rate: usize,
    /// Webhooks at once.
    pub(super) burst: usize,
}

/// The rate bounds what a flood may cost, and few vendors send steadily: one of them may take half of it.
const RATE: usize = 100;
const RATE_EACH_MORE: usize = 20;
const HIGHEST_RATE: usize = 2_000;
/// A burst that nobody sends costs nothing, so each source has its own. An account has 5,000 in most regions.
const BURST_EACH: usize = 200;
const LARGEST_BURST: usize = 5_000;

impl Throttle {
    /// Returns the throttle of a stack with this many pushed sources.
    pub(super) fn of(pushed: usize) -> Throttle {
        let pushed = pushed.max(1);
        Throttle {
            rate: (RATE + RATE_EACH_MORE * (pushed - 1)).min(HIGHEST_RATE),
            burst: (BURST_EACH * pushed).min(LARGEST_BURST),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_source_brings_room_and_there_is_an_end() {
        let of = |pushed| {
            let Throttle { rate, burst } = Throttle::of(pushed);
            (rate, burst)
        };
        assert_eq!((of(0), of(1)), ((100, 200), (100, 200)));
        assert_eq!(of(10), (280, 2_000));
        assert_eq!(of(500), (2_000, 5_000));
    }
}
