//! The origins that a source talks to, and which of them get its credential.

use super::pages::Pages;
use super::request::scope::RequestScope;
use super::request::{Method, Request};
use crate::checked::checker::Checker;
use crate::checked::origin::Origin;
use crate::path::Root;
use crate::problem::Place;
use crate::written::Located;

/// The origin of `request` and those that are `listed` as the vendor's own.
pub(crate) fn own_origins(
    origin: &Origin,
    listed: &[Located<Origin>],
    allowed: &[Origin],
    checker: &mut Checker<'_>,
) -> Vec<Origin> {
    let mut own = vec![origin.clone()];
    for other in listed {
        if other.is_loopback() && !origin.is_loopback() {
            checker.error_with(
                other.place(),
                "this machine gets no credential of a vendor's",
                "loopback origins go together with a `request` that is on one",
            );
        }
        if allowed.contains(other) {
            checker.error_with(
                other.place(),
                format!("`{}` is under `own_origins` and under `allow_origins`", **other),
                "keep it under `own_origins` if it gets the credential, or else under the other",
            );
        }
        if !own.contains(other) {
            own.push((**other).clone());
        }
    }
    own
}

pub(crate) fn origins(
    written: &[Located<String>],
    scope: &mut RequestScope<'_, '_>,
) -> Vec<Located<Origin>> {
    scope.roots = vec![Root::Var];
    let mut origins = Vec::new();
    for text in written {
        let Ok(template) = scope.template(text) else { continue };
        let origin = template
            .as_literal()
            .and_then(|text| url::Url::parse(text).ok())
            .filter(|url| url.path() == "/" && url.query().is_none() && url.fragment().is_none())
            .filter(|url| url.username().is_empty() && url.password().is_none())
            .and_then(|url| Origin::of(&url))
            .filter(|origin| origin.scheme == "https" || origin.is_loopback())
            .filter(|origin| !origin.host.to_string().contains('*'));
        match origin {
            Some(origin) => origins.push(text.with(origin)),
            None => {
                scope.checker.error_with(
                    text.place(),
                    format!("`{}` is not an origin", &**text),
                    "write `https://host`, whole and without a path",
                );
            }
        }
    }
    origins
}

/// Reports requests for `pages` that leave the origins that the credential belongs
/// to, unless they lead to one that is allowed and take nothing along.
pub(crate) fn pages_stay_near(
    pages: &Pages,
    place: Option<Place>,
    near: (&[Origin], &[Origin]),
    checker: &mut Checker<'_>,
) {
    // The later requests have what the first has, which is told once.
    let before = checker.problems.len();
    for request in pages.requests() {
        if checker.problems.len() == before {
            stays_near(request, place, near, checker);
        }
    }
}

/// Reports a request that leaves the origins that the credential belongs to,
/// unless it leads to one that is allowed and takes nothing along.
pub(crate) fn stays_near(
    request: &Request,
    place: Option<Place>,
    (own, allowed): (&[Origin], &[Origin]),
    checker: &mut Checker<'_>,
) {
    let shows_secret = request.url.paths().any(|path| path.root() == Root::Secret);
    if shows_secret && request.led_by().is_some_and(|path| path.root() == Root::Item) {
        checker.error_with(
            place,
            "what is listed would say who gets the secret in the URL",
            "write the secret under `query`, `headers` or `auth`: those go to the source's own origins alone",
        );
        return;
    }
    if own.contains(&request.origin) {
        return;
    }
    if !allowed.contains(&request.origin) {
        checker.error_with(
            place,
            "this goes to another origin than `request`",
            "list it under `own_origins` if the credential is for it too, or under `allow_origins`: it is then asked without",
        );
    } else if request.method == Method::Post || request.has_own_parts() || shows_secret {
        checker.error_with(
            place,
            "another origin is asked by `get`, and for nothing but a URL without a secret",
            "what else a request has is for the origin that the credential belongs to",
        );
    }
}
