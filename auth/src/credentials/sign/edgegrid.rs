//! Akamai EdgeGrid, `EG1-HMAC-SHA256`.
//!
//! Vendor's description: <https://techdocs.akamai.com/developer/docs/edgegrid>.

use aws_lc_rs::digest::{SHA256, digest};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use http::header::AUTHORIZATION;
use http::{HeaderName, Method};
use mef_ports::{HttpRequest, Secret};
use url::Position;

use super::canonical::host;
use super::sigv4::sha256_hmac;

/// How much of a body is signed.
const MAX_BODY: usize = 131_072;

/// The credentials of an API client.
pub(super) struct EdgeGrid {
    pub(super) client_token: Secret,
    pub(super) client_secret: Secret,
    pub(super) access_token: Secret,
}

impl EdgeGrid {
    /// Returns the header that signs `request`.
    pub(super) fn sign(
        &self,
        request: &HttpRequest,
        timestamp: &str,
        nonce: &str,
    ) -> Vec<(HeaderName, String)> {
        let unsigned = format!(
            "EG1-HMAC-SHA256 client_token={};access_token={};timestamp={timestamp};nonce={nonce};",
            self.client_token.expose(),
            self.access_token.expose()
        );
        let body = match (&request.method, &request.body) {
            (&Method::POST, Some(body)) if !body.is_empty() => {
                let signed = body.get(..MAX_BODY).unwrap_or(body);
                STANDARD.encode(digest(&SHA256, signed))
            }
            _ => String::new(),
        };
        let url = &request.url;
        let text = [
            request.method.as_str(),
            url.scheme(),
            &host(url),
            &url[Position::BeforePath..Position::AfterQuery],
            // No header is signed.
            "",
            &body,
            &unsigned,
        ]
        .join("\t");
        let encoded = |key: &[u8], text: &str| STANDARD.encode(sha256_hmac(key, text.as_bytes()));
        let key = encoded(self.client_secret.expose().as_bytes(), timestamp);
        let signature = encoded(key.as_bytes(), &text);
        vec![(AUTHORIZATION, format!("{unsigned}signature={signature}"))]
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::credentials::tests::request;

    /// The cases of the vendor's own client libraries.
    #[test]
    fn the_vendors_test_data() {
        let keys = EdgeGrid {
            client_token: Secret::new("akab-client-token-xxx-xxxxxxxxxxxxxxxx"),
            client_secret: Secret::new("xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx="),
            access_token: Secret::new("akab-access-token-xxx-xxxxxxxxxxxxxxxx"),
        };
        for (method, path, body, signature) in [
            ("GET", "/", "", "tL+y4hxyHxgWVD30X3pWnGKHcPzmrIF+LThiAOhMxYU="),
            ("GET", "/testapi/v1/t1?p1=1&p2=2", "", "hKDH1UlnQySSHjvIcZpDMbQHihTQ0XyVAKZaApabdeA="),
            (
                "POST",
                "/testapi/v1/t3",
                "datadatadatadatadatadatadatadata",
                "hXm4iCxtpN22m4cbZb4lVLW5rhX8Ca82vCFqXzSTPe4=",
            ),
            ("PUT", "/testapi/v1/t6", "PUT data", "GNBWEYSEWOLtu+7dD52da2C39aX/Jchpon3K/AmBqBU="),
        ] {
            let mut request = request();
            request.method = method.parse().unwrap();
            let url =
                format!("https://akaa-baseurl-xxxxxxxxxxx-xxxxxxxxxxxxx.luna.akamaiapis.net{path}");
            request.url = url.parse().unwrap();
            request.body = (!body.is_empty()).then(|| bytes::Bytes::from_static(body.as_bytes()));
            let timestamp = "20140321T19:34:21+0000";
            let headers = keys.sign(&request, timestamp, "nonce-xx-xxxx-xxxx-xxxx-xxxxxxxxxxxx");
            let made = headers[0].1.split("signature=").nth(1).unwrap();
            assert_eq!(made, signature, "{method} {path}");
        }
    }
}
