//! Signatures over requests.
//!
//! Each is made last, over the request as it will be sent: its URL, its headers
//! and its body stay as they are from then on.

mod duo;
mod edgegrid;
mod sigv4;

use std::collections::BTreeMap;

use aws_lc_rs::digest::{SHA1_FOR_LEGACY_USE_ONLY, SHA256, SHA512, digest};
use aws_lc_rs::hmac;
use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, STANDARD_PAD_INDIFFERENT, URL_SAFE_NO_PAD};
use http::HeaderName;
use jiff::Timestamp;
use mef_ports::{HttpRequest, Secret};
use mef_source::checked::{Encoding, Hash, Key, KeyEncoding, Sign, SignText};
use url::{Position, Url};

use super::error::CredentialError;
use super::render::{Words, error};
use super::{Credentials, header_value};
use crate::query::pieces;

pub(super) use edgegrid::EdgeGrid;
pub(super) use sigv4::SigV4;

/// A secret and the header's value that it signed.
type Header = (HeaderName, String);

impl Credentials {
    /// Signs `request` as it is at `now`, with `nonce` where one is sent.
    pub(super) fn sign(
        &self,
        sign: &Sign,
        secrets: &BTreeMap<String, Secret>,
        request: &mut HttpRequest,
        now: Timestamp,
        nonce: &str,
    ) -> Result<(), CredentialError> {
        let value = |field: &str, template| self.render(&format!("`{field}`"), template, secrets);
        let headers = match sign {
            Sign::Text(text) => self.sign_text(text, secrets, request, now, nonce)?,
            Sign::Duo { integration_key, secret_key } => duo::sign(
                &value("integration_key", integration_key)?,
                &value("secret_key", secret_key)?,
                request,
                now,
            )?,
            Sign::Edgegrid { client_token, client_secret, access_token } => {
                let keys = EdgeGrid {
                    client_token: value("client_token", client_token)?,
                    client_secret: value("client_secret", client_secret)?,
                    access_token: value("access_token", access_token)?,
                };
                let timestamp = format_time("%Y%m%dT%H:%M:%S+0000", now)?;
                keys.sign(request, &timestamp, nonce)
            }
            Sign::Sigv4 { access_key, secret_key, session_token, region, service } => {
                let keys = SigV4 {
                    access_key: value("access_key", access_key)?,
                    secret_key: value("secret_key", secret_key)?,
                    session_token: match session_token {
                        Some(token) => Some(value("session_token", token)?),
                        None => None,
                    },
                    region: value("region", region)?,
                    service: value("service", service)?,
                };
                keys.sign(request, &format_time("%Y%m%dT%H%M%SZ", now)?)
            }
        };
        for (name, text) in headers {
            if name == http::header::AUTHORIZATION {
                self.redactor.learn(&Secret::new(text.clone()));
            }
            let field = format!("the header `{name}`");
            request.headers.insert(name, header_value(&field, &text)?);
        }
        Ok(())
    }

    fn sign_text(
        &self,
        sign: &SignText,
        secrets: &BTreeMap<String, Secret>,
        request: &HttpRequest,
        now: Timestamp,
        nonce: &str,
    ) -> Result<Vec<Header>, CredentialError> {
        let url = &request.url;
        let body = request.body.as_deref().unwrap_or_default();
        let host = host(url);
        let sorted = sorted_query(url);
        let body_sha256 = hex::encode(digest(&SHA256, body));
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
        // A body that is no text can be signed by its digest.
        texts.extend(std::str::from_utf8(body).ok().map(|body| ("body", body)));
        let mut words = Words { texts, date: Some(now), headers: Some(&request.headers) };
        let text = self.render_with("`text`", &sign.text, secrets, &words)?;
        let text = text.expose().as_bytes();
        let made = match &sign.key {
            None => hashed(sign.hash, text),
            Some((secret, written)) => {
                let secret = self.render("`secret`", secret, secrets)?;
                hmac::sign(&key(sign.hash, written, &secret)?, text).as_ref().to_vec()
            }
        };
        let signature = match sign.encoding {
            Encoding::Hex => hex::encode(made),
            Encoding::Base64 => STANDARD.encode(made),
            Encoding::Base64url => URL_SAFE_NO_PAD.encode(made),
        };
        self.redactor.learn(&Secret::new(signature.clone()));
        words.texts.push(("signature", signature.as_str()));
        let headers = sign.into.iter().map(|(name, template)| {
            let field = format!("the header `{name}`");
            let value = self.render_with(&field, template, secrets, &words)?;
            let name = HeaderName::from_bytes(name.as_bytes())
                .map_err(|_| error(&field, "is no header's name"))?;
            Ok((name, value.expose().to_owned()))
        });
        headers.collect()
    }
}

fn hashed(hash: Hash, text: &[u8]) -> Vec<u8> {
    let algorithm = match hash {
        Hash::Sha1 => &SHA1_FOR_LEGACY_USE_ONLY,
        Hash::Sha256 => &SHA256,
        Hash::Sha512 => &SHA512,
    };
    digest(algorithm, text).as_ref().to_vec()
}

fn key(hash: Hash, written: &Key, secret: &Secret) -> Result<hmac::Key, CredentialError> {
    let text = secret.expose();
    let prefix = written.strip_prefix.as_deref();
    let text = prefix.and_then(|prefix| text.strip_prefix(prefix)).unwrap_or(text);
    let bytes = match written.encoding {
        KeyEncoding::Utf8 => Some(text.as_bytes().to_vec()),
        KeyEncoding::Base64 => STANDARD_PAD_INDIFFERENT.decode(text).ok(),
        KeyEncoding::Hex => hex::decode(text).ok(),
    };
    let bytes = bytes.filter(|bytes| !bytes.is_empty());
    let bytes = bytes.ok_or_else(|| error("`secret`", "is not written as `key.encoding` says"))?;
    let algorithm = match hash {
        Hash::Sha1 => hmac::HMAC_SHA1_FOR_LEGACY_USE_ONLY,
        Hash::Sha256 => hmac::HMAC_SHA256,
        Hash::Sha512 => hmac::HMAC_SHA512,
    };
    Ok(hmac::Key::new(algorithm, &bytes))
}

fn sha256_hmac(key: &[u8], text: &[u8]) -> Vec<u8> {
    hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, key), text).as_ref().to_vec()
}

/// The value of `Host`: the host, and the port where it is not the scheme's own.
fn host(url: &Url) -> String {
    url[Position::BeforeHost..Position::AfterPort].to_owned()
}

/// The query with its pieces in order, each as it is written.
fn sorted_query(url: &Url) -> String {
    let mut sorted: Vec<_> = url
        .query()
        .filter(|query| !query.is_empty())
        .into_iter()
        .flat_map(pieces)
        .map(|(piece, name, value)| (name, value, piece))
        .collect();
    sorted.sort_unstable();
    sorted.into_iter().map(|(_, _, piece)| piece).collect::<Vec<_>>().join("&")
}

fn format_time(format: &str, now: Timestamp) -> Result<String, CredentialError> {
    jiff::fmt::strtime::format(format, now).map_err(|_| error("the date", "cannot be written"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_query_is_sorted_by_name_then_value_and_left_as_it_is_written() {
        let sorted = |query: &str| {
            sorted_query(&Url::parse(&format!("https://h.example:8443/p{query}")).unwrap())
        };
        assert_eq!(sorted("?b=2&a=%7E&a=1&ab=&c"), "a=%7E&a=1&ab=&b=2&c");
        assert_eq!(sorted("?"), "");
        assert_eq!(sorted(""), "");
        assert_eq!(host(&Url::parse("https://h.example:8443/p").unwrap()), "h.example:8443");
        assert_eq!(host(&Url::parse("https://h.example:443/p").unwrap()), "h.example");
    }
}
