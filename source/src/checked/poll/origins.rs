//! The origins that requests may go to, and which of them get the credential.

use super::pages::Pages;
use super::request::scope::RequestScope;
use super::request::{Method, Request};
use crate::checked::checker::{Checker, Told};
use crate::checked::origin::Origin;
use crate::checked::secret::reads_secret;
use crate::path::Root;
use crate::problem::Place;
use crate::written::Located;

/// Reads a list of origins.
pub(crate) fn listed(
    written: &[Located<String>],
    scope: &mut RequestScope<'_, '_>,
) -> Vec<Located<Origin>> {
    let mut origins = Vec::new();
    for text in written {
        let Ok(template) = scope.with(&[Root::Var], |scope| scope.template(text)) else { continue };
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

/// The origins that requests may go to.
pub(crate) struct Origins {
    /// The origin of `request` and the others of the vendor. They get the credential.
    pub(crate) own: Vec<Origin>,
    /// Further origins, which do not get it.
    pub(crate) allowed: Vec<Origin>,
}

impl Origins {
    /// Puts together the origin of `request` and those that are listed.
    pub(crate) fn new(
        request: &Origin,
        listed: &[Located<Origin>],
        allowed: Vec<Origin>,
        checker: &mut Checker<'_>,
    ) -> Origins {
        let mut own = vec![request.clone()];
        for other in listed {
            if other.is_loopback() && !request.is_loopback() {
                checker.error_with(
                    other.place(),
                    "a vendor's credential is not sent to this machine",
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
        Origins { own, allowed }
    }

    /// Reports requests for `pages` as [`Origins::reach`] does.
    pub(crate) fn reach_pages(
        &self,
        pages: &Pages,
        place: Option<Place>,
        checker: &mut Checker<'_>,
    ) {
        // Later requests repeat the mistakes of the first.
        let mut requests = pages.requests().into_iter();
        requests.try_for_each(|request| self.reach(request, place, checker)).ok();
    }

    /// Reports a request to another origin, unless that one is allowed and gets nothing
    /// but a URL.
    pub(crate) fn reach(
        &self,
        request: &Request,
        place: Option<Place>,
        checker: &mut Checker<'_>,
    ) -> Result<(), Told> {
        let shows_secret = reads_secret(&request.url);
        let (message, help) = if shows_secret
            && request.led_by().is_some_and(|path| path.root() == Root::Item)
        {
            (
                "a listed item would decide where the secret in the URL is sent",
                "write the secret under `query`, `headers` or `auth`: those go to the source's own origins alone",
            )
        } else if self.own.contains(&request.origin) {
            return Ok(());
        } else if !self.allowed.contains(&request.origin) {
            (
                "this goes to another origin than `request`",
                "list it under `own_origins` if the credential is for it too, or under `allow_origins`: it then gets no credential",
            )
        } else if request.method != Method::Get || request.has_own_parts() || shows_secret {
            (
                "an origin under `allow_origins` is asked by `get`, and for nothing but a URL without a secret",
                "list it under `own_origins` instead if it is the vendor's and the credential is for it too",
            )
        } else {
            return Ok(());
        };
        Err(checker.error_with(place, message, help))
    }
}
