//! The URL that confirms an Amazon SNS subscription.
//!
//! The message that names it is signed. Still, anybody who can sign one would choose what is fetched from
//! inside our network: so the host must be SNS's own, whatever was signed.

use mef_auth::verify::{Denied, RequestPart, is_sns_host};
use mef_source::checked::Webhook;
use mef_source::{Path, Root};
use serde_json::Value;
use url::Url;

use crate::proven::Proven;

/// Returns the URL that the request asks us to fetch.
pub(super) fn url(webhook: &Webhook, request: &Proven<'_>) -> Result<Url, Denied> {
    let place = || RequestPart::Json("/SubscribeURL".to_owned());
    let path =
        Path::parse("/SubscribeURL", &[Root::Record]).map_err(|_| Denied::Missing(place()))?;
    let Value::String(text) = request.value(&path)? else {
        return Err(Denied::WrongType(place()));
    };
    let url = Url::parse(&text).ok().filter(|url| is_pinned(webhook, url));
    url.ok_or_else(|| Denied::Unconstrained(place()))
}

/// Returns whether `url` is `https`, on the default port, and on a host that certificates may come from.
fn is_pinned(webhook: &Webhook, url: &Url) -> bool {
    url.scheme() == "https"
        && url.port().is_none()
        && url.username().is_empty()
        && url.password().is_none()
        && url.host_str().is_some_and(|host| is_sns_host(webhook, host))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn webhook(more: &str) -> Webhook {
        let topic = "arn:aws:sns:us-east-1:123456789012:events";
        let check = format!("aws_sns: {{ topics: ['{topic}'] {more} }}");
        let text = format!("{{ source: x, webhook: {{ verify: [ {{ {check} }} ] }} }}");
        mef_source::load(&text, &|_| Err(String::new())).unwrap().source.webhook.unwrap()
    }

    #[test]
    fn the_host_is_one_that_certificates_may_be_from() {
        let own = webhook(", cert_host: sns.example.com");
        let asked = |text: &str| is_pinned(&own, &Url::parse(text).unwrap());
        assert!(asked("https://sns.example.com/?Token=1"));
        assert!(asked("https://eu.sns.example.com/"));
        assert!(!asked("https://evil-sns.example.com/"));
        assert!(!asked("https://sns.us-east-1.amazonaws.com/"));
    }

    #[test]
    fn only_sns_itself_is_asked() {
        let webhook = webhook("");
        for (text, pinned) in [
            ("https://sns.us-east-1.amazonaws.com/?Action=ConfirmSubscription&Token=1", true),
            ("https://SNS.cn-north-1.amazonaws.com.cn:443/", true),
            ("http://sns.us-east-1.amazonaws.com/", false),
            ("https://sns.us-east-1.amazonaws.com:8443/", false),
            ("https://sns.us-east-1.amazonaws.com.evil.com/", false),
            ("https://evil.com/sns.us-east-1.amazonaws.com", false),
            ("https://sns.us-east-1.amazonaws.com@evil.com/", false),
            ("https://x@sns.us-east-1.amazonaws.com/", false),
            ("https://evil.s3.amazonaws.com/", false),
            ("https://sns.evil.us-east-1.amazonaws.com/", false),
            ("https://sns..amazonaws.com/", false),
            ("https://sns.amazonaws.com/", false),
            ("https://sns.s3.amazonaws.com/?Action=ConfirmSubscription", false),
            ("https://sns.s3-us-west-2.amazonaws.com/", false),
            ("https://sns.us-gov-west-1.amazonaws.com/", true),
            ("https://169.254.169.254/", false),
        ] {
            assert_eq!(is_pinned(&webhook, &Url::parse(text).unwrap()), pinned, "{text}");
        }
    }
}
