//! The connections of a process: bounded, and without redirects.
#![expect(
    clippy::disallowed_methods,
    reason = "the one place that makes an HTTP client and reads responses, within bounds"
)]

use std::error::Error;
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use bytes::{Bytes, BytesMut};
use mef_ports::{HttpError, HttpRequest, HttpResponse};

use crate::addresses::{GuardedResolver, OutOfReach, Reach};

const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);
const USER_AGENT: &str = concat!("mozdef-event-framework/", env!("CARGO_PKG_VERSION"));

/// The connection pools of this process, one for each reach. A clone shares them.
#[derive(Clone, Default)]
pub struct HttpClients(Arc<Pools>);

#[derive(Default)]
struct Pools {
    loopback: Pool,
    written: Pool,
    public: Pool,
}

type Pool = OnceLock<Result<reqwest::Client, Arc<reqwest::Error>>>;

impl HttpClients {
    /// Sends `request`, which may connect only to addresses within `reach`.
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
                // A proxy would connect for us, and the rules on addresses would not apply.
                .no_proxy()
                .build()
                .map_err(Arc::new)
        });
        client.clone().map_err(|error| HttpError::Transport(Box::new(error)))
    }
}

/// Converts reqwest's error. Its URL is left out: the query may hold a credential.
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
