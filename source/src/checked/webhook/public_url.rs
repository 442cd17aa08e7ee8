//! The URL that the vendor was given.
//!
//! Some vendors sign it. It is never taken from a request, whose sender could say anything; so the file says it, or
//! the deployment does, if one file is deployed to several stages.

use std::str::FromStr;

use url::Url;

use crate::checked::checker::{Checker, Told};
use crate::written::Located;

/// What stands in a file for the deployment's endpoint.
const ENDPOINT: &str = "{endpoint}";

/// The URL below which the webhooks of a deployment come in, such as `https://hooks.example.com/events`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Endpoint(String);

/// The text is no endpoint.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "not a URL such as https://hooks.example.com/events, without a query, a fragment or a password"
)]
pub struct NoEndpoint;

impl FromStr for Endpoint {
    type Err = NoEndpoint;

    fn from_str(text: &str) -> Result<Endpoint, NoEndpoint> {
        let text = text.trim_end_matches('/');
        plain(text).map(|_| Endpoint(text.to_owned())).ok_or(NoEndpoint)
    }
}

impl Endpoint {
    /// Returns the URL of what has `path` below it.
    fn with(&self, path: &str) -> Option<Url> {
        plain(&format!("{}{path}", self.0))
    }
}

/// What a file says of the URL.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum PublicUrl {
    /// All of it.
    Whole(Url),
    /// What follows the endpoint: nothing, or a path that begins with `/`.
    Below(String),
}

impl PublicUrl {
    pub(super) fn check(
        text: &Located<String>,
        checker: &mut Checker<'_>,
    ) -> Result<PublicUrl, Told> {
        let found = match text.strip_prefix(ENDPOINT) {
            None => plain(text).map(PublicUrl::Whole),
            Some(path) => below(path).then(|| PublicUrl::Below(path.to_owned())),
        };
        found.ok_or_else(|| {
            checker.error_with(
                text.place(),
                "this is not a webhook's URL",
                "write the URL that the vendor was given, such as `https://hooks.example.com/source` or `{endpoint}/source`, without a query, a fragment or a password",
            )
        })
    }

    /// Returns the URL in a deployment with this endpoint; `None` if it cannot be known.
    pub fn at(&self, endpoint: Option<&Endpoint>) -> Option<Url> {
        match self {
            PublicUrl::Whole(url) => Some(url.clone()),
            PublicUrl::Below(path) => endpoint.and_then(|endpoint| endpoint.with(path)),
        }
    }
}

/// Returns whether the text can follow an endpoint.
fn below(path: &str) -> bool {
    let begins = path.is_empty() || path.starts_with('/');
    begins
        && !path.contains(['{', '}'])
        && plain(&format!("https://hooks.example.com{path}")).is_some()
}

/// Reads a URL that has nothing but a host, maybe a port, and a path.
fn plain(text: &str) -> Option<Url> {
    let url = Url::parse(text).ok()?;
    let bare = url.query().is_none()
        && url.fragment().is_none()
        && url.username().is_empty()
        && url.password().is_none();
    (matches!(url.scheme(), "https" | "http") && bare).then_some(url)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_endpoint_ends_without_a_slash_and_is_nothing_but_a_url() {
        let endpoint: Endpoint = "https://hooks.example.com/events/".parse().unwrap();
        let url = |path: &str| PublicUrl::Below(path.to_owned()).at(Some(&endpoint)).unwrap();
        assert_eq!(url("/source").as_str(), "https://hooks.example.com/events/source");
        assert_eq!(url("").as_str(), "https://hooks.example.com/events");
        for wrong in
            ["", "hooks.example.com", "https://u:p@h", "https://h/?x=1", "https://h#x", "ftp://h"]
        {
            assert_eq!(wrong.parse::<Endpoint>(), Err(NoEndpoint), "{wrong}");
        }
    }

    #[test]
    fn without_an_endpoint_only_a_whole_url_is_known() {
        assert_eq!(PublicUrl::Below("/source".to_owned()).at(None), None);
        let whole: Url = "https://hooks.example.com/source".parse().unwrap();
        assert_eq!(PublicUrl::Whole(whole.clone()).at(None), Some(whole));
    }
}
