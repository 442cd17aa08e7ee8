//! A signature over a text that the source file spells out.

use aws_lc_rs::digest::digest;
use aws_lc_rs::hmac;
use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use http::HeaderName;
use jiff::Timestamp;
use mef_ports::{HttpRequest, Secret};
use mef_source::checked::{Encoding, SignText};

use super::canonical::{host, sorted_query};
use crate::credentials::error::CredentialError;
use crate::credentials::put::header_name;
use crate::credentials::render::{Renderer, Words, error};
use crate::hash::{self, sha256_hex};

/// Returns the headers that sign `request`.
pub(super) fn sign(
    sign: &SignText,
    renderer: Renderer<'_>,
    request: &HttpRequest,
    now: Timestamp,
    nonce: &str,
) -> Result<Vec<(HeaderName, String)>, CredentialError> {
    let url = &request.url;
    let body = request.body.as_deref().unwrap_or_default();
    let host = host(url);
    let sorted = sorted_query(url);
    let body_sha256 = sha256_hex(body);
    let mut texts = vec![
        ("method", request.method.as_str()),
        ("url", url.as_str()),
        ("host", host.as_str()),
        ("path", url.path()),
        ("query", url.query().unwrap_or_default()),
        ("query_sorted", sorted.as_str()),
        ("body_sha256", body_sha256.as_str()),
        ("nonce", nonce),
    ];
    // A body that is not text can be signed by its digest.
    texts.extend(std::str::from_utf8(body).ok().map(|body| ("body", body)));
    let mut words = Words { texts, date: Some(now), headers: Some(&request.headers) };
    let text = renderer.render_with("`text`", &sign.text, &words)?;
    let text = text.expose().as_bytes();
    let made = match &sign.key {
        None => digest(hash::algorithm(sign.hash), text).as_ref().to_vec(),
        Some((secret, written)) => {
            let secret = renderer.render("`secret`", secret)?;
            let key = hash::key_bytes(hash::without_prefix(&secret, written), written.encoding);
            let key = key.filter(|key| !key.is_empty());
            let key =
                key.ok_or_else(|| error("`secret`", "is not written as `key.encoding` says"))?;
            hmac::sign(&hash::hmac_key(sign.hash, &key), text).as_ref().to_vec()
        }
    };
    let signature = match sign.encoding {
        Encoding::Hex => hex::encode(made),
        Encoding::Base64 => STANDARD.encode(made),
        Encoding::Base64url => URL_SAFE_NO_PAD.encode(made),
    };
    renderer.redactor.learn(&Secret::new(signature.clone()));
    words.texts.push(("signature", signature.as_str()));
    let headers = sign.into.iter().map(|(name, template)| {
        let field = format!("the header `{name}`");
        let value = renderer.render_with(&field, template, &words)?;
        Ok((header_name(name)?, value.expose().to_owned()))
    });
    headers.collect()
}
