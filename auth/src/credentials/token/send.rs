//! Puts an access token on a request.

use mef_ports::HttpRequest;
use mef_source::checked::{Origin, SendToken, TokenAuth};
use url::Url;

use super::stored::UsableToken;
use crate::credentials::error::CredentialError;
use crate::credentials::put::{add_cookie, header_name, header_value, set_parameter};
use crate::credentials::render::{Renderer, Words};

/// Puts `token` on `request`. Returns `false`, and leaves the request without the
/// token, if the token is for a base URL that the request does not go to.
pub(crate) fn send(
    token: &UsableToken,
    auth: &TokenAuth,
    renderer: Renderer<'_>,
    request: &mut HttpRequest,
) -> Result<bool, CredentialError> {
    if let Some(base) = &token.base_url
        && !lead_to(base, auth, &mut request.url)
    {
        return Ok(false);
    }
    let token = token.value.expose();
    match &auth.send {
        SendToken::Header { name, value } => {
            let words = Words { texts: vec![("token", token)], ..Words::default() };
            let value = renderer.render_with(&format!("the header `{name}`"), value, &words)?;
            let value = header_value("the access token", value.expose())?;
            request.headers.insert(header_name(name)?, value);
        }
        SendToken::Cookie(name) => add_cookie(request, name, token)?,
        SendToken::Cookies => {
            for (name, value) in token.split("; ").filter_map(|pair| pair.split_once('=')) {
                add_cookie(request, name, value)?;
            }
        }
        SendToken::Query(name) => set_parameter(&mut request.url, name, token),
    }
    Ok(true)
}

/// Sends a request that is for the source's own origin to `base` instead. Returns
/// whether it goes to `base` now.
fn lead_to(base: &Url, auth: &TokenAuth, url: &mut Url) -> bool {
    let (origin, target) = (Origin::of(url), Origin::of(base));
    if target.as_ref().is_none_or(|target| !auth.base_origins.contains(target)) {
        return false;
    }
    if origin == target {
        return true;
    }
    // The first of them is the source's own.
    if origin.as_ref() != auth.base_origins.first() {
        return false;
    }
    let prefix = base.path().trim_end_matches('/');
    let path = match url.path() {
        path if prefix.is_empty() || path.starts_with(&format!("{prefix}/")) => path.to_owned(),
        path => format!("{prefix}{path}"),
    };
    let mut led = base.clone();
    led.set_path(&path);
    led.set_query(url.query());
    led.set_fragment(None);
    *url = led;
    true
}
