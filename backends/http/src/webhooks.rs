//! The `Http` port for the checks and handshakes of webhooks.
//!
//! Its URLs are written in the source file, or their host is pinned there, so no
//! list of origins is needed. Two rules are left: keys come over HTTPS, where
//! nobody can change them on the way, and no name leads to a metadata service.

use std::sync::Arc;

use async_trait::async_trait;
use mef_ports::{Http, HttpError, HttpRequest, HttpResponse};
use mef_source::checked::Origin;

use crate::addresses::{Reach, check_literal, forbidden};
use crate::clients::HttpClients;

impl HttpClients {
    /// Returns an `Http` for what the check or handshake of a webhook asks the
    /// vendor: its published keys, and the confirmation of a subscription.
    pub fn for_webhooks(&self) -> Arc<dyn Http> {
        Arc::new(WebhookHttp(self.clone()))
    }
}

struct WebhookHttp(HttpClients);

/// Returns how far `request` may reach.
fn reach(request: &HttpRequest) -> Result<Reach, HttpError> {
    let origin = Origin::of(&request.url).ok_or_else(|| forbidden(request, "it is not HTTP"))?;
    let reach = if origin.is_loopback() { Reach::Loopback } else { Reach::Written };
    if reach != Reach::Loopback && origin.scheme != "https" {
        return Err(forbidden(request, "keys are fetched with https"));
    }
    check_literal(reach, &origin, request)?;
    Ok(reach)
}

#[async_trait]
impl Http for WebhookHttp {
    async fn send(&self, request: HttpRequest) -> Result<HttpResponse, HttpError> {
        self.0.send(reach(&request)?, request).await
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use http::{HeaderMap, Method};

    use super::*;

    #[test]
    fn keys_come_over_https_and_from_no_metadata_service() {
        for (url, expected) in [
            ("https://login.example.com/keys", Some(Reach::Written)),
            ("https://10.0.0.1/keys", Some(Reach::Written)),
            ("http://127.0.0.1:8080/keys", Some(Reach::Loopback)),
            ("http://localhost/keys", Some(Reach::Loopback)),
            ("http://login.example.com/keys", None),
            ("https://169.254.169.254/keys", None),
            ("https://[fd00:ec2::254]/keys", None),
            ("file:///keys", None),
        ] {
            let request = HttpRequest {
                method: Method::GET,
                url: url.parse().unwrap(),
                headers: HeaderMap::new(),
                body: None,
                max_body: 1,
                timeout: Duration::from_secs(1),
            };
            assert_eq!(reach(&request).ok(), expected, "{url}");
        }
    }
}
