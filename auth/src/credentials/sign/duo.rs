//! The Duo Admin API.
//!
//! Vendor's description: <https://duo.com/docs/adminapi#authentication>.

use aws_lc_rs::hmac;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use http::header::{AUTHORIZATION, DATE};
use jiff::Timestamp;
use mef_ports::{HttpRequest, Secret};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, percent_encode};

use super::{Header, format_time, host};
use crate::credentials::error::CredentialError;
use crate::query::{form_decode, pieces};

const STRICT: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');

pub(super) fn sign(
    integration_key: &Secret,
    secret_key: &Secret,
    request: &mut HttpRequest,
    now: Timestamp,
) -> Result<Vec<Header>, CredentialError> {
    let date = format_time("%a, %d %b %Y %H:%M:%S -0000", now)?;
    // What is signed is what is sent, also where a space was a `+`.
    let parameters = canonical(request.url.query().unwrap_or_default());
    request.url.set_query(Some(parameters.as_str()).filter(|query| !query.is_empty()));
    let signed = [
        date.as_str(),
        &request.method.as_str().to_ascii_uppercase(),
        &host(&request.url).to_ascii_lowercase(),
        request.url.path(),
        &parameters,
    ]
    .join("\n");
    let key = hmac::Key::new(hmac::HMAC_SHA1_FOR_LEGACY_USE_ONLY, secret_key.expose().as_bytes());
    let signature = hex::encode(hmac::sign(&key, signed.as_bytes()));
    let pair = format!("{}:{signature}", integration_key.expose());
    Ok(vec![(DATE, date), (AUTHORIZATION, format!("Basic {}", STANDARD.encode(pair)))])
}

/// The parameters encoded strictly, in order of their names.
fn canonical(query: &str) -> String {
    let encode = |text: &str| percent_encode(&form_decode(text), STRICT).to_string();
    let mut parameters: Vec<_> = pieces(query)
        .filter(|(piece, ..)| !piece.is_empty())
        .map(|(_, name, value)| (encode(name), encode(value)))
        .collect();
    parameters.sort();
    let pairs: Vec<_> =
        parameters.into_iter().map(|(name, value)| format!("{name}={value}")).collect();
    pairs.join("&")
}

#[cfg(test)]
mod tests {
    use super::super::super::tests::request;
    use super::*;

    /// The worked example of the vendor's documentation.
    #[test]
    fn the_vendors_example() {
        let mut request = request();
        request.method = http::Method::POST;
        request.url = "https://api-xxxxxxxx.duosecurity.com/accounts/v1/account/list?username=root&realname=First+Last"
            .parse()
            .unwrap();
        let headers = sign(
            &Secret::new("DIWJ8X6AEYOR5OMC6TQ1"),
            &Secret::new("Zh5eGmUq9zpfQnyUIu5OL9iWoMMv5ZNmk3zLJ4Ep"),
            &mut request,
            "2012-08-21T17:29:18Z".parse().unwrap(),
        )
        .unwrap();
        assert_eq!(headers[0].1, "Tue, 21 Aug 2012 17:29:18 -0000");
        assert_eq!(request.url.query(), Some("realname=First%20Last&username=root"));
        let basic = headers[1].1.strip_prefix("Basic ").unwrap();
        let pair = String::from_utf8(STANDARD.decode(basic).unwrap()).unwrap();
        assert_eq!(pair, "DIWJ8X6AEYOR5OMC6TQ1:2d97d6166319781b5a3a07af39d366f491234edc");
    }
}
