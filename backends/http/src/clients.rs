//! The `Http` port on reqwest: bounded, without redirects, and only to where
//! the source file allows.
#![expect(
    clippy::disallowed_methods,
    reason = "the one place that makes an HTTP client and reads answers, within bounds"
)]

use std::error::Error;
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use async_trait::async_trait;
use bytes::{Bytes, BytesMut};
use mef_ports::{Http, HttpError, HttpRequest, HttpResponse};
use mef_source::checked::{Origin, Poll};
use url::Host;

use crate::addresses::{GuardedResolver, OutOfReach, Reach};

const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);
const USER_AGENT: &str = concat!("mozdef-event-framework/", env!("CARGO_PKG_VERSION"));

/// The connection pools of this process, one for each reach.
#[derive(Clone, Default)]
pub struct HttpClients(Arc<Pools>);

#[derive(Default)]
struct Pools {
    loopback: OnceLock<Result<reqwest::Client, Arc<reqwest::Error>>>,
    written: OnceLock<Result<reqwest::Client, Arc<reqwest::Error>>>,
    public: OnceLock<Result<reqwest::Client, Arc<reqwest::Error>>>,
}

impl HttpClients {
    /// An `Http` that reaches what `poll` may reach, and nothing else.
    pub fn for_source(&self, poll: &Poll) -> Arc<dyn Http> {
        Arc::new(SourceHttp::new(self.clone(), poll))
    }

    /// An `Http` for what a webhook's check or handshake asks of its vendor:
    /// published keys, and the confirmation of a subscription.
    pub fn for_webhooks(&self) -> Arc<dyn Http> {
        Arc::new(crate::webhooks::KeysHttp(self.clone()))
    }

    fn client(&self, reach: Reach) -> Result<reqwest::Client, HttpError> {
        let pool = match reach {
            Reach::Loopback => &self.0.loopback,
            Reach::Written => &self.0.written,
            Reach::Public => &self.0.public,
        };
        let client = pool.get_or_init(|| {
            reqwest::Client::builder()
                .user_agent(USER_AGENT)
                .redirect(reqwest::redirect::Policy::none())
                .referer(false)
                .connect_timeout(CONNECT_TIMEOUT)
                .dns_resolver(Arc::new(GuardedResolver(reach)))
                // A proxy would connect where the rules on addresses do not reach.
                .no_proxy()
                .build()
                .map_err(Arc::new)
        });
        client.clone().map_err(|error| HttpError::Transport(Box::new(error)))
    }

    /// Sends `request` to what is within `reach`.
    pub(crate) async fn send(
        &self,
        reach: Reach,
        request: HttpRequest,
    ) -> Result<HttpResponse, HttpError> {
        let client = self.client(reach)?;
        let limit = request.max_body;
        let mut builder = client
            .request(request.method, request.url)
            .headers(request.headers)
            .timeout(request.timeout);
        if let Some(body) = request.body {
            builder = builder.body(body);
        }
        let mut response = builder.send().await.map_err(http_error)?;
        let (status, headers) = (response.status(), response.headers().clone());
        let expected =
            usize::try_from(response.content_length().unwrap_or(0)).unwrap_or(usize::MAX);
        if expected > limit {
            return Err(HttpError::TooLarge { limit });
        }
        let mut body = BytesMut::with_capacity(expected);
        while let Some(chunk) = response.chunk().await.map_err(http_error)? {
            if body.len() + chunk.len() > limit {
                return Err(HttpError::TooLarge { limit });
            }
            body.extend_from_slice(&chunk);
        }
        Ok(HttpResponse { status, headers, body: Bytes::from(body) })
    }
}

/// Whether a source that is pulled as `poll` says may send `request`: what is
/// not sent is to be refused all the same.
///
/// # Errors
///
/// [`HttpError::Forbidden`] with the rule that stands against it.
pub fn may_reach(poll: &Poll, request: &HttpRequest) -> Result<(), HttpError> {
    SourceHttp::new(HttpClients::default(), poll).reach(request).map(|_| ())
}

struct SourceHttp {
    clients: HttpClients,
    written: Vec<Origin>,
    allowed: Vec<Origin>,
}

impl SourceHttp {
    fn new(clients: HttpClients, poll: &Poll) -> SourceHttp {
        let mut written = poll.own_origins.clone();
        written.extend(poll.auth.token_origin().cloned());
        SourceHttp { clients, written, allowed: poll.allow_origins.clone() }
    }

    fn reach(&self, request: &HttpRequest) -> Result<Reach, HttpError> {
        let forbidden = |reason| forbidden(request, reason);
        let origin = Origin::of(&request.url).ok_or_else(|| forbidden("it is not HTTP"))?;
        let reach = if self.written.contains(&origin) {
            if origin.is_loopback() { Reach::Loopback } else { Reach::Written }
        } else if self.allowed.contains(&origin) {
            if origin.is_loopback() && self.written.iter().all(Origin::is_loopback) {
                Reach::Loopback
            } else {
                Reach::Public
            }
        } else {
            return Err(forbidden(
                "it is none of the source's own origins: list it under `own_origins` if it is the vendor's \
                 and the credential may go there, or under `allow_origins`",
            ));
        };
        within(reach, &origin, request)
    }
}

pub(crate) fn forbidden(request: &HttpRequest, reason: &str) -> HttpError {
    HttpError::Forbidden {
        host: request.url.host_str().unwrap_or("").to_owned(),
        reason: reason.to_owned(),
    }
}

/// `reach`, if a host that is an address is within it: a literal address is
/// never resolved.
pub(crate) fn within(
    reach: Reach,
    origin: &Origin,
    request: &HttpRequest,
) -> Result<Reach, HttpError> {
    let literal = match origin.host {
        Host::Ipv4(address) => Some(address.into()),
        Host::Ipv6(address) => Some(address.into()),
        Host::Domain(_) => None,
    };
    match literal.and_then(|address| reach.refuses(address)) {
        Some(reason) => Err(forbidden(request, reason)),
        None => Ok(reach),
    }
}

#[async_trait]
impl Http for SourceHttp {
    async fn send(&self, request: HttpRequest) -> Result<HttpResponse, HttpError> {
        self.clients.send(self.reach(&request)?, request).await
    }
}

/// reqwest's error without its URL, whose query may hold a credential.
fn http_error(error: reqwest::Error) -> HttpError {
    let error = error.without_url();
    let mut cause: Option<&(dyn Error + 'static)> = error.source();
    while let Some(inner) = cause {
        if let Some(out_of_reach) = inner.downcast_ref::<OutOfReach>() {
            return HttpError::Forbidden {
                host: out_of_reach.host.clone(),
                reason: out_of_reach.reason.to_owned(),
            };
        }
        cause = inner.source();
    }
    if error.is_decode() {
        return HttpError::Encoding(Box::new(error));
    }
    HttpError::Transport(Box::new(error))
}
