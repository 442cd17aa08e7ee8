//! The source that a request is for: the last segment of its path.
//!
//! A vendor is given one URL, and it must lead to the same source on a laptop, behind a proxy that puts a
//! prefix in front, and behind every kind of gateway. So all of them ask here. On AWS the path is
//! `/<stage>/<API_PATH>/<source>`; some gateways leave out the stage, and a custom domain may put a mapping
//! in front. Empty segments do not count, and escapes are read (RFC 3986 §6.2.2): `/t`, `/t/`, `//t` and
//! `/%74` are the same.

use std::borrow::Cow;

use mef_source::SourceName;
use percent_encoding::percent_decode_str;

/// Where a request goes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Route {
    /// To the source of this name. It comes from outside, so there may be no such source.
    Named(SourceName),
    /// To the source that needs no name.
    Unnamed,
    /// Nowhere: what it names can be no source.
    Nowhere,
}

impl Route {
    /// Returns where a request to `path` goes, as the path was sent. `stage` and `api_path` are what a
    /// gateway puts in front of the name; empty if there is none.
    pub fn of(path: &str, stage: &str, api_path: &str) -> Route {
        let mut segments = split(path);
        let before = split(api_path);
        if !stage.is_empty() && segments.first().is_some_and(|first| first == stage) {
            segments.remove(0);
        }
        let after = match before.len() {
            0 => Some(0),
            length => {
                segments.windows(length).position(|part| part == before).map(|at| at + length)
            }
        };
        let rest = after.and_then(|after| segments.get(after..)).unwrap_or(&segments);
        match rest.last() {
            Some(name) => SourceName::new(name).map_or(Route::Nowhere, Route::Named),
            None => Route::Unnamed,
        }
    }
}

fn split(path: &str) -> Vec<Cow<'_, str>> {
    let segments = path.split('/').filter(|segment| !segment.is_empty());
    segments.map(|segment| percent_decode_str(segment).decode_utf8_lossy()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn named(name: &str) -> Route {
        Route::Named(SourceName::new(name).unwrap())
    }

    #[test]
    fn the_source_is_what_follows_the_stage_and_the_api_path() {
        for (path, stage, api_path, route) in [
            ("/github", "$default", "", named("github")),
            ("/github", "", "", named("github")),
            ("/prod/github", "prod", "", named("github")),
            ("/prod/prod", "prod", "", named("prod")),
            ("/prod", "prod", "", Route::Unnamed),
            ("/", "prod", "", Route::Unnamed),
            ("", "", "", Route::Unnamed),
            ("/events/github", "prod", "/events", named("github")),
            ("/prod/events/github", "prod", "events", named("github")),
            ("/hooks/events/github", "prod", "events/", named("github")),
            ("/v1/events/github/", "$default", "v1/events", named("github")),
            ("/events", "prod", "events", Route::Unnamed),
            ("/prod/events", "prod", "events", Route::Unnamed),
            ("/prod", "prod", "events", Route::Unnamed),
            ("/events/events", "$default", "events", named("events")),
            ("/github", "$default", "events", named("github")),
            ("/events/../okta", "$default", "events", named("okta")),
        ] {
            assert_eq!(Route::of(path, stage, api_path), route, "{path} {stage} {api_path}");
        }
    }

    #[test]
    fn empty_segments_and_escapes_lead_to_the_same_source() {
        for path in ["/t", "/t/", "//t", "/%74", "/hooks/t", "/hooks//t//", "/./t", "/%68ooks/%74/"]
        {
            assert_eq!(Route::of(path, "", ""), named("t"), "{path}");
            assert_eq!(Route::of(path, "prod", "hooks"), named("t"), "{path}");
        }
    }

    /// An escape is read once, and what it hides is no segment of its own.
    #[test]
    fn what_can_be_no_name_leads_nowhere() {
        for path in
            ["/events/..%2fokta", "/..", "/%2e%2e", "/%2574", "/T", "/%ff", "/t%00", "/a b", "/t;x"]
        {
            assert_eq!(Route::of(path, "prod", "events"), Route::Nowhere, "{path}");
        }
    }
}
