//! The Duo Admin API.
//!
//! Vendor's description: <https://duo.com/docs/adminapi#authentication>.

use aws_lc_rs::hmac;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use http::HeaderName;
use http::header::{AUTHORIZATION, DATE};
use mef_ports::{HttpRequest, Secret};

use super::canonical::{encode_query, host};

/// Returns the headers that sign `request` at `date`, as RFC 2822 writes it.
pub(super) fn sign(
    integration_key: &Secret,
    secret_key: &Secret,
    request: &mut HttpRequest,
    date: &str,
) -> Vec<(HeaderName, String)> {
    let parameters = encode_query(request);
    let signed = [
        date,
        &request.method.as_str().to_ascii_uppercase(),
        &host(&request.url).to_ascii_lowercase(),
        request.url.path(),
        &parameters,
    ]
    .join("\n");
    let key = hmac::Key::new(hmac::HMAC_SHA1_FOR_LEGACY_USE_ONLY, secret_key.expose().as_bytes());
    let signature = hex::encode(hmac::sign(&key, signed.as_bytes()));
    let pair = format!("{}:{signature}", integration_key.expose());
    vec![(DATE, date.to_owned()), (AUTHORIZATION, format!("Basic {}", STANDARD.encode(pair)))]
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::credentials::tests::request;

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
            "Tue, 21 Aug 2012 17:29:18 -0000",
        );
        assert_eq!(headers[0].1, "Tue, 21 Aug 2012 17:29:18 -0000");
        assert_eq!(request.url.query(), Some("realname=First%20Last&username=root"));
        let basic = headers[1].1.strip_prefix("Basic ").unwrap();
        let pair = String::from_utf8(STANDARD.decode(basic).unwrap()).unwrap();
        assert_eq!(pair, "DIWJ8X6AEYOR5OMC6TQ1:2d97d6166319781b5a3a07af39d366f491234edc");
    }
}
