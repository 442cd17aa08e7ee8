//! The URL by which an Amazon SNS subscription is confirmed.
//!
//! The message that names it is signed, yet whoever may sign one would choose
//! what is fetched from inside. So the host is SNS's own, whatever was signed.

use mef_auth::verify::{Denied, Place};
use mef_source::{Path, Root};
use serde_json::Value;
use url::Url;

use super::Proven;

/// What the host of a region ends with, in each of AWS's public partitions.
const SUFFIXES: [&str; 2] = [".amazonaws.com", ".amazonaws.com.cn"];

/// The URL that a request asks to be fetched.
pub(super) fn url(request: &Proven<'_>) -> Result<Url, Denied> {
    let place = || Place::Json("/SubscribeURL".to_owned());
    let path = Path::parse("/SubscribeURL", &[Root::Record])
        .map_err(|_| Denied::Missing { place: place() })?;
    let Value::String(text) = request.value(&path)? else {
        return Err(Denied::WrongType { place: place() });
    };
    Url::parse(&text).ok().filter(is_pinned).ok_or_else(|| Denied::Unconstrained { place: place() })
}

/// `https://sns.<region>.amazonaws.com/`, on no port of its own.
fn is_pinned(url: &Url) -> bool {
    let region = |host: &str| {
        let region = SUFFIXES.iter().find_map(|suffix| host.strip_suffix(suffix));
        region.and_then(|rest| rest.strip_prefix("sns.")).is_some_and(|region| {
            !region.is_empty()
                && region.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-')
        })
    };
    url.scheme() == "https"
        && url.port().is_none()
        && url.username().is_empty()
        && url.password().is_none()
        && url.host_str().is_some_and(region)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_sns_itself_is_asked() {
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
            ("https://169.254.169.254/", false),
        ] {
            assert_eq!(is_pinned(&Url::parse(text).unwrap()), pinned, "{text}");
        }
    }
}
