//! Signatures over requests.
//!
//! Each is made last, over the request as it will be sent: its URL, its headers
//! and its body stay as they are from then on.

mod canonical;
mod duo;
mod edgegrid;
mod sigv4;
mod text;

use jiff::Timestamp;
use mef_ports::{HttpRequest, Secret};
use mef_source::Template;
use mef_source::checked::Sign;

use self::edgegrid::EdgeGrid;
use self::sigv4::SigV4;
use super::error::CredentialError;
use super::put::header_value;
use super::render::{Renderer, error};

/// Signs `request` as it is at `now`, with `nonce` if one is sent.
pub(super) fn sign(
    sign: &Sign,
    renderer: Renderer<'_>,
    request: &mut HttpRequest,
    now: Timestamp,
    nonce: &str,
) -> Result<(), CredentialError> {
    let value = |field: &str, template: &Template| renderer.render(&format!("`{field}`"), template);
    let time = |format: &str| {
        let written = jiff::fmt::strtime::format(format, now);
        written.map_err(|_| error("the date", "cannot be written"))
    };
    let headers = match sign {
        Sign::Text(sign) => text::sign(sign, renderer, request, now, nonce)?,
        Sign::Duo { integration_key, secret_key } => duo::sign(
            &value("integration_key", integration_key)?,
            &value("secret_key", secret_key)?,
            request,
            &time("%a, %d %b %Y %H:%M:%S -0000")?,
        ),
        Sign::Edgegrid { client_token, client_secret, access_token } => {
            let keys = EdgeGrid {
                client_token: value("client_token", client_token)?,
                client_secret: value("client_secret", client_secret)?,
                access_token: value("access_token", access_token)?,
            };
            keys.sign(request, &time("%Y%m%dT%H:%M:%S+0000")?, nonce)
        }
        Sign::Sigv4 { access_key, secret_key, session_token, region, service } => {
            let session_token = session_token.as_ref();
            let keys = SigV4 {
                access_key: value("access_key", access_key)?,
                secret_key: value("secret_key", secret_key)?,
                session_token: session_token
                    .map(|token| value("session_token", token))
                    .transpose()?,
                region: value("region", region)?,
                service: value("service", service)?,
            };
            keys.sign(request, &time("%Y%m%dT%H%M%SZ")?)
        }
    };
    for (name, text) in headers {
        if name == http::header::AUTHORIZATION {
            renderer.redactor.learn(&Secret::new(text.clone()));
        }
        let field = format!("the header `{name}`");
        request.headers.insert(name, header_value(&field, &text)?);
    }
    Ok(())
}
