//! The cookies that a vendor sets: read from its responses, and kept for a run.

use std::cmp::Reverse;

use http::HeaderMap;
use http::header::SET_COOKIE;
use jiff::Timestamp;
use mef_ports::{HttpRequest, Secret};
use url::{Origin, Url};

use super::error::CredentialError;
use super::put::{cookies_of, put_cookies};
use crate::redact::Redactor;

/// How many cookies are kept. RFC 6265 §6.1 asks for at least 50 of a host.
const MOST: usize = 50;
/// How long a cookie may be (RFC 6265 §6.1).
const LONGEST: usize = 4096;
/// How many bytes of cookies are kept. Few servers take more in the headers of a request.
const MOST_BYTES: usize = 16 * 1024;
/// A shorter value is no secret: it could be guessed, and masking it would cut up every text.
const SHORTEST_SECRET: usize = 16;

/// A cookie as a response sets it.
pub(super) struct SetCookie<'h> {
    pub(super) name: &'h str,
    pub(super) value: &'h str,
    attributes: &'h str,
}

/// Returns the cookies that a response sets. One with an empty value is removed by it.
pub(super) fn set_cookies(headers: &HeaderMap) -> impl DoubleEndedIterator<Item = SetCookie<'_>> {
    headers.get_all(SET_COOKIE).iter().filter_map(|cookie| {
        let cookie = str::from_utf8(cookie.as_bytes()).ok()?;
        let (pair, attributes) = cookie.split_once(';').unwrap_or((cookie, ""));
        let (name, value) = pair.split_once('=')?;
        Some(SetCookie { name: name.trim(), value: value.trim(), attributes })
    })
}

impl<'h> SetCookie<'h> {
    /// Returns the value of an attribute; the last of several counts (RFC 6265 §5.3).
    fn attribute(&self, name: &str) -> Option<&'h str> {
        let attributes =
            self.attributes.split(';').map(|one| one.split_once('=').unwrap_or((one, "")));
        let mut found = attributes.filter(|(key, _)| key.trim().eq_ignore_ascii_case(name));
        found.next_back().map(|(_, value)| value.trim())
    }

    /// Returns whether the response takes the cookie back.
    fn is_removed(&self, now: Timestamp) -> bool {
        if let Some(age) = self.attribute("max-age").and_then(|age| age.parse::<i64>().ok()) {
            return age <= 0;
        }
        let expires = self.attribute("expires").map(|date| date.replace('-', " "));
        let expires = expires.and_then(|date| jiff::fmt::rfc2822::parse(&date).ok());
        self.value.is_empty() || expires.is_some_and(|date| date.timestamp() <= now)
    }
}

/// The cookies of one stream in one run, as a browser keeps them for a session.
///
/// A cookie goes back to the very origin that set it, below its path (RFC 6265 §5.1.4). A `Domain` does
/// not widen that, so no cookie reaches another host, port or scheme.
#[derive(Default)]
pub struct CookieJar(Vec<Cookie>);

struct Cookie {
    origin: Origin,
    path: String,
    name: String,
    value: Secret,
}

impl Cookie {
    fn size(&self) -> usize {
        self.name.len() + self.value.expose().len()
    }

    /// Makes it known, unless it is too short to be a secret.
    fn teach(&self, redactor: &Redactor) {
        if self.value.expose().len() >= SHORTEST_SECRET {
            redactor.learn_set(&self.value);
        }
    }
}

impl CookieJar {
    /// Keeps what the response from `url` sets. `redactor` learns it.
    pub fn keep(&mut self, url: &Url, headers: &HeaderMap, now: Timestamp, redactor: &Redactor) {
        for set in set_cookies(headers) {
            let is_secure = set.attribute("secure").is_some();
            let is_too_long = set.name.len() + set.value.len() > LONGEST;
            if set.name.is_empty() || is_too_long || (is_secure && url.scheme() != "https") {
                continue;
            }
            let path = set.attribute("path").filter(|path| path.starts_with('/'));
            let path = path.unwrap_or_else(|| default_path(url)).to_owned();
            let (origin, name) = (url.origin(), set.name.to_owned());
            self.0.retain(|kept| (&kept.origin, &kept.path, &kept.name) != (&origin, &path, &name));
            if set.is_removed(now) {
                continue;
            }
            let kept = Cookie { origin, path, name, value: Secret::new(set.value) };
            kept.teach(redactor);
            self.0.push(kept);
            while self.0.len() > MOST || self.0.iter().map(Cookie::size).sum::<usize>() > MOST_BYTES
            {
                self.0.remove(0);
            }
        }
    }

    /// Puts the cookies on `request` that its URL gets. One that it has already, such as that of a
    /// session, stays. `redactor` learns them anew, since those of other runs take its place.
    ///
    /// # Errors
    ///
    /// Fails if a cookie has characters that no header may have.
    pub fn put(
        &self,
        request: &mut HttpRequest,
        redactor: &Redactor,
    ) -> Result<(), CredentialError> {
        let origin = request.url.origin();
        let is_sent =
            |kept: &&Cookie| kept.origin == origin && is_below(request.url.path(), &kept.path);
        let mut sent: Vec<_> = self.0.iter().filter(is_sent).collect();
        // Of several with one name, that with the longest path is meant.
        sent.sort_by_key(|kept| Reverse(kept.path.len()));
        let mut cookies = cookies_of(request);
        for cookie in sent {
            cookie.teach(redactor);
            let Cookie { name, value, .. } = cookie;
            if !cookies.iter().any(|pair| pair.split('=').next() == Some(name)) {
                cookies.push(format!("{name}={}", value.expose()));
            }
        }
        if cookies.is_empty() { Ok(()) } else { put_cookies(request, "the cookies", &cookies) }
    }
}

/// Returns the path of a cookie that names none (RFC 6265 §5.1.4).
fn default_path(url: &Url) -> &str {
    match url.path().rsplit_once('/') {
        None | Some(("", _)) => "/",
        Some((folder, _)) => folder,
    }
}

fn is_below(path: &str, of: &str) -> bool {
    let rest = path.strip_prefix(of);
    rest.is_some_and(|rest| rest.is_empty() || of.ends_with('/') || rest.starts_with('/'))
}
