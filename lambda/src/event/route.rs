//! The source that a request is for: the last segment of its path.
//!
//! The path is `/<stage>/<API_PATH>/<source>`. Some gateways leave out the stage, and a custom domain may
//! put a mapping in front.

use std::borrow::Cow;

use super::json;
use super::payload::Event;

/// Where a request goes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Route {
    /// To the source of this name. It comes from outside, so it may be no source's.
    Named(String),
    /// To the source that needs no name.
    Unnamed,
}

impl Route {
    /// Returns where the request of `event` goes, by its path or else by the resource that an authorizer is
    /// asked about.
    pub(crate) fn of(event: &Event<'_>, api_path: &str) -> Route {
        let path = event.path();
        let (path, stage) = match path.is_empty() {
            false => (path, event.context().stage.and_then(json::text)),
            true => {
                let resource = event.resource().unwrap_or_default();
                let resource = Resource::of(&resource);
                (Cow::Owned(resource.path.to_owned()), None)
            }
        };
        Route::of_path(&path, stage.as_deref().unwrap_or_default(), api_path)
    }

    fn of_path(path: &str, stage: &str, api_path: &str) -> Route {
        let mut segments = split(path);
        let before = split(api_path);
        if !stage.is_empty() && segments.first() == Some(&stage) {
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
            Some(name) => Route::Named((*name).to_owned()),
            None => Route::Unnamed,
        }
    }
}

/// Returns the method in the ARN of a resource, if there is one.
pub(crate) fn method_of(resource: &str) -> Option<&str> {
    let method = Resource::of(resource).method;
    (!method.is_empty()).then_some(method)
}

/// The parts of `arn:aws:execute-api:<region>:<account>:<api>/<stage>/<method>/<path>`.
struct Resource<'r> {
    method: &'r str,
    path: &'r str,
}

impl Resource<'_> {
    fn of(arn: &str) -> Resource<'_> {
        let resource = arn.splitn(6, ':').nth(5).unwrap_or_default();
        let mut parts = resource.splitn(4, '/').skip(2);
        let mut next = || parts.next().unwrap_or_default();
        Resource { method: next(), path: next() }
    }
}

fn split(path: &str) -> Vec<&str> {
    path.split('/').filter(|segment| !segment.is_empty()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn named(name: &str) -> Route {
        Route::Named(name.to_owned())
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
            ("/events/..%2fokta", "$default", "events", named("..%2fokta")),
        ] {
            assert_eq!(Route::of_path(path, stage, api_path), route, "{path} {stage} {api_path}");
        }
    }

    #[test]
    fn a_resource_has_a_method_and_a_path_or_not() {
        let arn = "arn:aws:execute-api:us-east-1:123456789012:abc/prod/POST/events/github";
        let resource = Resource::of(arn);
        assert_eq!((resource.method, resource.path), ("POST", "events/github"));
        assert_eq!(method_of(arn), Some("POST"));
        for without in [
            "arn:aws:execute-api:test-region:test-account:test-resource",
            "arn:aws:execute-api:us-east-1:123456789012:abc/prod",
            "x",
            "",
        ] {
            let resource = Resource::of(without);
            assert_eq!((resource.method, resource.path), ("", ""), "{without}");
        }
    }
}
