//! Where a gateway's event goes, and by which method.

use std::borrow::Cow;

use mef_intake::Route;

use super::json;
use super::payload::Event;

/// Returns where the request of `event` goes, by its path or else by the resource that an authorizer is
/// asked about.
pub(crate) fn route_of(event: &Event<'_>, api_path: &str) -> Route {
    let path = event.path();
    let (path, stage) = match path.is_empty() {
        false if event.is_by_domain() => (path, None),
        false => (path, event.context().stage.and_then(json::text)),
        true => {
            let resource = event.resource().unwrap_or_default();
            let resource = Resource::of(&resource);
            (Cow::Owned(resource.path.to_owned()), None)
        }
    };
    Route::of(&path, stage.as_deref().unwrap_or_default(), api_path)
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

#[cfg(test)]
mod tests {
    use super::*;

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
