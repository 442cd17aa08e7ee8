//! AWS Signature Version 4.
//!
//! AWS's description:
//! <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-create-signed-request.html>.

use aws_lc_rs::hmac;
use http::header::AUTHORIZATION;
use http::{HeaderName, HeaderValue};
use mef_ports::{HttpRequest, Secret};
use percent_encoding::{AsciiSet, percent_encode};

use super::canonical::{encode_query, host};
use crate::hash::sha256_hex;
use crate::query::RESERVED;

/// What is escaped in a path, whose slashes stay.
const PATH: &AsciiSet = &RESERVED.remove(b'/');

const DATE: HeaderName = HeaderName::from_static("x-amz-date");
const TOKEN: HeaderName = HeaderName::from_static("x-amz-security-token");

/// Credentials, and what they are used for.
pub(super) struct SigV4 {
    pub(super) access_key: Secret,
    pub(super) secret_key: Secret,
    pub(super) session_token: Option<Secret>,
    pub(super) region: Secret,
    pub(super) service: Secret,
}

impl SigV4 {
    /// Returns the headers that sign `request` at `date`, `YYYYMMDDTHHMMSSZ`.
    pub(super) fn sign(&self, request: &mut HttpRequest, date: &str) -> Vec<(HeaderName, String)> {
        let query = encode_query(request);
        let day = date.get(..8).unwrap_or(date);
        let mut signed = vec![("host", host(&request.url)), ("x-amz-date", date.to_owned())];
        if let Some(token) = &self.session_token {
            signed.push(("x-amz-security-token", token.expose().to_owned()));
        }
        // It says how the body is read, so it is signed too.
        let content_type = request.headers.get(http::header::CONTENT_TYPE);
        if let Some(value) = content_type.map(HeaderValue::to_str).and_then(Result::ok) {
            signed.push(("content-type", value.trim().to_owned()));
        }
        signed.sort();
        let names = signed.iter().map(|(name, _)| *name).collect::<Vec<_>>().join(";");
        let headers: String =
            signed.iter().map(|(name, value)| format!("{name}:{value}\n")).collect();
        let body = request.body.as_deref().unwrap_or_default();
        let path = canonical_path(request.url.path(), self.service.expose());
        let canonical =
            [request.method.as_str(), &path, &query, &headers, &names, &sha256_hex(body)]
                .join("\n");
        let scope =
            format!("{day}/{}/{}/aws4_request", self.region.expose(), self.service.expose());
        let text =
            format!("AWS4-HMAC-SHA256\n{date}\n{scope}\n{}", sha256_hex(canonical.as_bytes()));
        let first = format!("AWS4{}", self.secret_key.expose()).into_bytes();
        let steps = [day, self.region.expose(), self.service.expose(), "aws4_request"];
        let key = steps.iter().fold(first, |key, step| sha256_hmac(&key, step.as_bytes()));
        let signature = hex::encode(sha256_hmac(&key, text.as_bytes()));
        let mut set = vec![
            (DATE, date.to_owned()),
            (
                AUTHORIZATION,
                format!(
                    "AWS4-HMAC-SHA256 Credential={}/{scope}, SignedHeaders={names}, Signature={signature}",
                    self.access_key.expose()
                ),
            ),
        ];
        set.extend(self.session_token.as_ref().map(|token| (TOKEN, token.expose().to_owned())));
        set
    }
}

/// Encodes a path once more than it is sent, for every service except S3.
fn canonical_path(path: &str, service: &str) -> String {
    match service {
        "s3" => path.to_owned(),
        _ => percent_encode(path.as_bytes(), PATH).to_string(),
    }
}

pub(super) fn sha256_hmac(key: &[u8], text: &[u8]) -> Vec<u8> {
    hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, key), text).as_ref().to_vec()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::credentials::tests::request;

    fn keys(session_token: Option<&str>) -> SigV4 {
        SigV4 {
            access_key: Secret::new("AKIDEXAMPLE"),
            secret_key: Secret::new("wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY"),
            session_token: session_token.map(Secret::new),
            region: Secret::new("us-east-1"),
            service: Secret::new("service"),
        }
    }

    fn signature(url: &str, method: &str) -> String {
        let mut request = request();
        request.method = method.parse().unwrap();
        request.url = url.parse().unwrap();
        let headers = keys(None).sign(&mut request, "20150830T123600Z");
        headers[1].1.rsplit('=').next().unwrap().to_owned()
    }

    /// Cases of the test suite that AWS publishes.
    #[test]
    fn the_published_test_suite() {
        for (method, path, expected) in VECTORS {
            let url = format!("https://example.amazonaws.com{path}");
            assert_eq!(signature(&url, method), *expected, "{method} {path}");
        }
    }

    const VECTORS: &[(&str, &str, &str)] = &[
        ("GET", "/", "5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31"),
        ("POST", "/", "5da7c1a2acd57cee7505fc6676e4e544621c30862966e37dddb68e92efbe5d6b"),
        (
            "GET",
            "/?Param2=value2&Param1=value1",
            "b97d918cfa904a5beff61c982a1b6f458b799221646efd99d3219ec94cdf2500",
        ),
        (
            "GET",
            "/?-._~0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz=-._~0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz",
            "9c3e54bfcdf0b19771a7f523ee5669cdf59bc7cc0884027167c21bb143a40197",
        ),
        (
            "POST",
            "/?Param1=value1",
            "28038455d6de14eafc1f9222cf5aa6f1a96197d7deb8263271d420d138af7f11",
        ),
    ];

    #[test]
    fn a_session_token_is_signed_and_sent() {
        let token = "6e86291e8372ff2a2260956d9b8aae1d763fbf315fa00fa31553b73ebf194267";
        let mut request = request();
        request.url = "https://example.amazonaws.com/".parse().unwrap();
        let headers = keys(Some(token)).sign(&mut request, "20150830T123600Z");
        assert_eq!(
            headers[1].1,
            "AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20150830/us-east-1/service/aws4_request, \
             SignedHeaders=host;x-amz-date;x-amz-security-token, \
             Signature=07ec1639c89043aa0e3e2de82b96708f198cceab042d4a97044c66dd9f74e7f8"
        );
        assert_eq!(headers[2], (TOKEN, token.to_owned()));
    }

    #[test]
    fn a_path_is_encoded_once_more() {
        for (sent, signed) in [
            ("/test/@connections/JBDvjfGEIAMCERw%3D", "/test/%40connections/JBDvjfGEIAMCERw%253D"),
            (
                "/functions/arn%3Aaws%3Alambda/invocations",
                "/functions/arn%253Aaws%253Alambda/invocations",
            ),
        ] {
            assert_eq!(canonical_path(sent, "execute-api"), signed);
            assert_eq!(canonical_path(sent, "s3"), sent);
        }
    }
}
