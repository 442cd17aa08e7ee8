//! The signature of Amazon SNS over its HTTP(S) notifications and
//! confirmations (SNS developer guide, "Verifying the signatures of Amazon SNS
//! messages").
//!
//! Everything is read from the signed body. The `x-amz-sns-…` headers say the
//! same, but nobody signs them.

use std::borrow::Cow;

use aws_lc_rs::signature::{
    RSA_PKCS1_2048_8192_SHA1_FOR_LEGACY_USE_ONLY, RSA_PKCS1_2048_8192_SHA256, RsaParameters,
    UnparsedPublicKey,
};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use jiff::Timestamp;
use mef_source::checked::{AwsSns, Check, Webhook};
use url::{Host, Position, Url};

use super::single_check::SingleCheck;
use crate::request::Request;
use crate::verify::context::Context;
use crate::verify::denied::Denied;
use crate::verify::keys::published::{KeyKind, KeySource};
use crate::verify::read::strict_json::Members;
use crate::verify::request_part::RequestPart;
use crate::verify::told::notes::Notes;

/// What is signed of a notification, in this order; `Subject` only if it is there.
const NOTIFICATION: &[&str] = &["Message", "MessageId", "Subject", "Timestamp", "TopicArn", "Type"];

/// What is signed of the other messages.
const CONFIRMATION: &[&str] =
    &["Message", "MessageId", "SubscribeURL", "Timestamp", "Token", "TopicArn", "Type"];

/// Notices nothing: all that is read is in the signed text.
impl SingleCheck for AwsSns {
    fn check(&self, context: Context<'_>, notes: &mut Notes) -> Result<Option<String>, Denied> {
        let Context { request, secrets, now, .. } = context;
        let message = SnsMessage::read(self, request)?;
        notes.signed(&[Cow::Borrowed(message.text.as_bytes())]);
        let url = &message.certificate_url;
        let key = secrets.certificate(url)?.public_key(now).ok_or(Denied::SnsCertificateTime)?;
        UnparsedPublicKey::new(message.algorithm, key)
            .verify(message.text.as_bytes(), &message.signature)
            .map_err(|_| Denied::SnsSignature)?;
        if let Some(signature) = message.members.get("Signature") {
            notes.mask.json(request.body(), signature);
        }
        Ok(Some(url.to_string()))
    }

    fn needs_body(&self) -> bool {
        true
    }

    /// Returns the certificate that the message names, if the message is of a topic
    /// that is taken and its URL may be fetched.
    fn wanted_keys(&self, request: &Request, _: Timestamp) -> Option<KeySource> {
        let message = SnsMessage::read(self, request).ok()?;
        Some(KeySource { url: message.certificate_url, kind: KeyKind::Certificate })
    }
}

/// A message that was read but is not verified yet.
struct SnsMessage<'b> {
    members: Members<'b>,
    algorithm: &'static RsaParameters,
    /// The text that is signed.
    text: String,
    signature: Vec<u8>,
    certificate_url: Url,
}

impl<'b> SnsMessage<'b> {
    fn read(sns: &AwsSns, request: &'b Request) -> Result<SnsMessage<'b>, Denied> {
        let members = Members::parse(request.body()).ok_or(Denied::SnsMalformed)?;
        let required = |name: &str| {
            let part = || RequestPart::Json(format!("/{name}"));
            match members.get(name) {
                None => Err(Denied::Missing(part())),
                Some(_) => members.string(name).ok_or_else(|| Denied::WrongType(part())),
            }
        };
        let fields = match required("Type")?.as_str() {
            "Notification" => NOTIFICATION,
            "SubscriptionConfirmation" | "UnsubscribeConfirmation" => CONFIRMATION,
            _ => return Err(Denied::SnsType),
        };
        let topic = required("TopicArn")?;
        if !sns.topics.contains(&topic) {
            return Err(Denied::SnsTopic);
        }
        let algorithm = match required("SignatureVersion")?.as_str() {
            "1" => &RSA_PKCS1_2048_8192_SHA1_FOR_LEGACY_USE_ONLY,
            "2" => &RSA_PKCS1_2048_8192_SHA256,
            _ => return Err(Denied::SnsVersion),
        };
        let mut text = String::new();
        for &field in fields {
            let absent = members.get(field).is_none_or(|value| value.get() == "null");
            if field == "Subject" && absent {
                continue;
            }
            for line in [field, &required(field)?] {
                text.push_str(line);
                text.push('\n');
            }
        }
        let signature = STANDARD
            .decode(required("Signature")?)
            .ok()
            .filter(|signature| !signature.is_empty())
            .ok_or(Denied::SnsSignature)?;
        let url = required("SigningCertURL")?;
        let certificate_url = allowed(&url, sns).ok_or(Denied::SnsCertificateUrl)?;
        Ok(SnsMessage { members, algorithm, text, signature, certificate_url })
    }
}

/// Parses the URL of a certificate. `None` unless its host is trusted for it and it
/// can be read in one way only: written out again, it must be the same text.
fn allowed(text: &str, sns: &AwsSns) -> Option<Url> {
    let url = Url::parse(text).ok()?;
    let Some(Host::Domain(host)) = url.host() else { return None };
    let trusted = sns.trusts(host);
    let plain = url.as_str() == text
        && url.scheme() == "https"
        && &url[Position::BeforeUsername..Position::BeforePath] == host
        && url[Position::AfterPath..].is_empty()
        && url.path().ends_with(".pem");
    (trusted && plain).then_some(url)
}

/// Returns whether the messages of the webhook's `aws_sns` checks may name `host`:
/// it is one of SNS, or of their `cert_host`.
pub fn is_sns_host(webhook: &Webhook, host: &str) -> bool {
    webhook.single_checks().any(|check| match check {
        Check::AwsSns(sns) => sns.trusts(host),
        _ => false,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sns(cert_hosts: &[&str]) -> AwsSns {
        let cert_hosts = cert_hosts.iter().map(|host| (*host).to_owned()).collect();
        AwsSns { topics: Vec::new(), cert_hosts }
    }

    #[test]
    fn a_certificate_comes_from_sns_and_from_nowhere_that_looks_like_it() {
        const FILE: &str = "/SimpleNotificationService-0123456789abcdef.pem";
        for host in [
            "sns.us-east-1.amazonaws.com",
            "sns.eu-west-1.amazonaws.com",
            "sns.ap-southeast-7.amazonaws.com",
            "sns.us-gov-west-1.amazonaws.com",
            "sns.us-isob-east-1.amazonaws.com",
            "sns.cn-north-1.amazonaws.com.cn",
            "sns.cn-northwest-1.amazonaws.com.cn",
        ] {
            assert!(allowed(&format!("https://{host}{FILE}"), &sns(&[])).is_some(), "{host}");
        }
        for wrong in [
            "http://sns.us-east-1.amazonaws.com/x.pem",
            "https://sns.us-east-1.amazonaws.com.evil.com/x.pem",
            "https://sns.us-east-1.amazonaws.com.evil/x.pem",
            "https://evil.com/sns.us-east-1.amazonaws.com/x.pem",
            "https://evil.com#sns.us-east-1.amazonaws.com/x.pem",
            "https://evil.com?sns.us-east-1.amazonaws.com/x.pem",
            "https://evil.com\\@sns.us-east-1.amazonaws.com/x.pem",
            "https://sns.us-east-1.amazonaws.com@evil.com/x.pem",
            "https://sns.us-east-1.amazonaws.com:443@evil.com/x.pem",
            "https://user@sns.us-east-1.amazonaws.com/x.pem",
            "https://user:pw@sns.us-east-1.amazonaws.com/x.pem",
            "https://@sns.us-east-1.amazonaws.com/x.pem",
            "https://sns.us-east-1.amazonaws.com:443/x.pem",
            "https://sns.us-east-1.amazonaws.com:8443/x.pem",
            "https://sns.us-east-1.amazonaws.com./x.pem",
            "https://SNS.us-east-1.amazonaws.com/x.pem",
            "https:sns.us-east-1.amazonaws.com/x.pem",
            "https:\\\\sns.us-east-1.amazonaws.com/x.pem",
            "https:///sns.us-east-1.amazonaws.com/x.pem",
            " https://sns.us-east-1.amazonaws.com/x.pem",
            "https://sns.us-east-1.amazonaws.com/x.pem\n",
            "https://sns.us-east-1.amazonaws.com/a\tb.pem",
            "https://sns.us-east-1.amazonaws.com/x.pem?a=b",
            "https://sns.us-east-1.amazonaws.com/x.pem?",
            "https://sns.us-east-1.amazonaws.com/x.pem#",
            "https://sns.us-east-1.amazonaws.com/x.pem#.pem",
            "https://sns.us-east-1.amazonaws.com/?x.pem",
            "https://sns.us-east-1.amazonaws.com/a/../x.pem",
            "https://sns.us-east-1.amazonaws.com/x.txt",
            "https://sns.us-east-1.amazonaws.com",
            "https://snsxus-east-1.amazonaws.com/x.pem",
            "https://evil-sns.us-east-1.amazonaws.com/x.pem",
            "https://sns.us-east-1.amazonaws.org/x.pem",
            "https://sns.a.b.amazonaws.com/x.pem",
            "https://sns..amazonaws.com/x.pem",
            "https://sns.amazonaws.com/x.pem",
            "https://s3.amazonaws.com/evil/x.pem",
            "https://sns.us-east-1.amazonaws.com.cn.evil.com/x.pem",
            "https://[::1]/x.pem",
            "https://127.0.0.1/x.pem",
            "file:///x.pem",
            "//sns.us-east-1.amazonaws.com/x.pem",
            "",
        ] {
            assert_eq!(allowed(wrong, &sns(&[])), None, "{wrong:?}");
        }
    }

    #[test]
    fn a_bucket_that_is_called_sns_is_no_region() {
        for region in [
            "s3",
            "s3-us-west-2",
            "s3-accelerate",
            "s3-fips-us-gov-west-1",
            "s3-website-us-east-1",
            "s3-external-1",
            "compute-1",
            "x",
            "us-east",
            "us-east-1a",
            "us-east-1-1",
            "us--east-1",
            "us-east-",
            "-us-east-1",
            "usa-east-1",
            "u1-east-1",
            "us-east-123",
        ] {
            for domain in ["amazonaws.com", "amazonaws.com.cn"] {
                let url = format!("https://sns.{region}.{domain}/x.pem");
                assert_eq!(allowed(&url, &sns(&[])), None, "{url}");
            }
        }
        // China has a domain of its own, and no other region is there.
        for host in ["sns.cn-north-1.amazonaws.com", "sns.us-east-1.amazonaws.com.cn"] {
            assert_eq!(allowed(&format!("https://{host}/x.pem"), &sns(&[])), None, "{host}");
        }
    }

    #[test]
    fn hosts_of_ones_own_are_whole_labels() {
        let hosts = sns(&["certs.example.com"]);
        let is_allowed = |host: &str| allowed(&format!("https://{host}/x.pem"), &hosts).is_some();
        assert!(is_allowed("certs.example.com") && is_allowed("a.certs.example.com"));
        assert!(!is_allowed("evilcerts.example.com") && !is_allowed("example.com"));
        assert!(!is_allowed("sns.us-east-1.amazonaws.com"));
    }
}
