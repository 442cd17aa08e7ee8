//! The connections of a process: bounded, and without redirects.
#![expect(
    clippy::disallowed_methods,
    reason = "the one place that makes an HTTP client and reads responses, within bounds"
)]

use std::error::Error;
use std::io;
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

/// Returns whether a body did not arrive. Every body is read through the decompressor, and reqwest
/// calls what goes wrong there an error of decoding.
fn is_interrupted(error: &reqwest::Error) -> bool {
    if error.is_timeout() {
        return true;
    }
    let mut cause = error.source();
    while let Some(inner) = cause {
        if let Some(inner) = inner.downcast_ref::<io::Error>() {
            // The decompressor's own error, unless it passes on what it could not read.
            return inner.get_ref().is_some_and(|made_of| made_of.is::<reqwest::Error>());
        }
        if !inner.is::<reqwest::Error>() {
            // An error of the connection.
            return true;
        }
        cause = inner.source();
    }
    false
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
    if error.is_decode() && !is_interrupted(&error) {
        return HttpError::Encoding(Box::new(error));
    }
    HttpError::Transport(Box::new(error))
}

#[cfg(test)]
mod tests {
    use mef_ports::chain;
    use reqwest::Method;
    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
    use tokio::net::TcpListener;

    use super::*;

    /// Sends a request to a server that answers so, and leaves the connection open if it `stalls`.
    async fn error_of(response: &'static [u8], stalls: bool) -> HttpError {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}/", listener.local_addr().unwrap()).parse().unwrap();
        let server = tokio::spawn(async move {
            let (mut connection, _) = listener.accept().await.unwrap();
            let _ = connection.read(&mut [0; 4096]).await.unwrap();
            connection.write_all(response).await.unwrap();
            if stalls {
                std::future::pending::<()>().await;
            }
        });
        let request = HttpRequest {
            method: Method::GET,
            url,
            headers: http::HeaderMap::new(),
            body: None,
            max_body: 1_000,
            timeout: Duration::from_millis(500),
        };
        let sent = HttpClients::default().send(Reach::Loopback, request).await;
        server.abort();
        sent.unwrap_err()
    }

    #[tokio::test]
    async fn only_what_arrived_cannot_be_decompressed() {
        let plain = b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n{\"a\"";
        for stalls in [true, false] {
            let error = error_of(plain, stalls).await;
            assert!(matches!(error, HttpError::Transport(_)), "{}", chain(&error));
        }
        let gzip = b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: 4\r\n\r\n{\"a\"";
        let error = error_of(gzip, false).await;
        assert!(matches!(error, HttpError::Encoding(_)), "{}", chain(&error));
    }
}
