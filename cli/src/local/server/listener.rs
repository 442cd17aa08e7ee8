//! The HTTP server that takes webhooks on this machine.

use std::collections::HashMap;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use anyhow::Context as _;
use axum::Router;
use axum::body::Body;
use axum::extract::{ConnectInfo, State};
use axum::http::{Request as HttpRequest, Response as HttpResponse, StatusCode, header};
use bytes::{Bytes, BytesMut};
use futures::StreamExt as _;
use mef_auth::Request;
use mef_intake::{Answer, Capture, Receiver};
use tokio::net::TcpListener;
use tokio::sync::watch;

use super::scheduler::stopped;

/// A sender that needs longer to send its body is taken for gone.
const BODY_TIMEOUT: Duration = Duration::from_secs(30);

/// Shared by all requests.
struct Handling {
    receivers: HashMap<String, Receiver>,
    capture: Option<Capture>,
}

/// A server that is bound and not yet serving.
pub(crate) struct Server {
    listener: TcpListener,
    handling: Handling,
}

impl Server {
    /// Binds to `listen`.
    pub(crate) async fn bind(
        listen: SocketAddr,
        receivers: impl IntoIterator<Item = Receiver>,
    ) -> anyhow::Result<Server> {
        let listener = TcpListener::bind(listen)
            .await
            .with_context(|| format!("cannot listen on {listen}: choose another with --listen"))?;
        let receivers = receivers
            .into_iter()
            .map(|receiver| (receiver.source().name.to_string(), receiver))
            .collect();
        Ok(Server { listener, handling: Handling { receivers, capture: None } })
    }

    /// Keeps refused requests, if there is a `capture`.
    pub(crate) fn capturing(mut self, capture: Option<Capture>) -> Server {
        self.handling.capture = capture;
        self
    }

    /// Returns the address that it listens on.
    pub(crate) fn address(&self) -> anyhow::Result<SocketAddr> {
        Ok(self.listener.local_addr()?)
    }

    /// Serves until `stop` is set; requests that have begun are still answered.
    pub(crate) async fn serve(self, mut stop: watch::Receiver<bool>) -> anyhow::Result<()> {
        let app = Router::new().fallback(handle).with_state(Arc::new(self.handling));
        axum::serve(self.listener, app.into_make_service_with_connect_info::<SocketAddr>())
            .with_graceful_shutdown(async move { stopped(&mut stop).await })
            .await?;
        Ok(())
    }
}

async fn handle(
    State(handling): State<Arc<Handling>>,
    ConnectInfo(peer): ConnectInfo<SocketAddr>,
    request: HttpRequest<Body>,
) -> HttpResponse<Body> {
    let name = request.uri().path().strip_prefix('/');
    let receiver = name.and_then(|name| handling.receivers.get(name));
    let Some(receiver) = receiver else { return respond(Answer::not_found()) };
    let (parts, body) = request.into_parts();
    let announced = parts
        .headers
        .get(header::CONTENT_LENGTH)
        .and_then(|length| length.to_str().ok()?.parse::<usize>().ok());
    if announced.is_some_and(|length| length > receiver.max_body()) {
        return respond(Answer::too_large());
    }
    let body = match tokio::time::timeout(BODY_TIMEOUT, read(body, receiver.max_body())).await {
        Ok(Ok(body)) => body,
        Ok(Err(Unread::TooLarge)) => return respond(Answer::too_large()),
        // The sender is gone or broken: nothing was taken, whatever it is told.
        Ok(Err(Unread::CutOff)) | Err(_) => {
            return status(StatusCode::BAD_REQUEST);
        }
    };
    let headers = parts
        .headers
        .iter()
        .map(|(name, value)| (name.as_str().to_owned(), value.as_bytes().to_vec()))
        .collect();
    let request = Request::new(
        parts.method.as_str(),
        parts.uri.path(),
        parts.uri.query().unwrap_or_default(),
        headers,
        body,
    )
    .from_peer(Some(peer.ip()));
    let handled = receiver.serve(request, handling.capture.as_ref()).await;
    respond(handled.answer)
}

/// Why a body was not read.
enum Unread {
    TooLarge,
    CutOff,
}

async fn read(body: Body, limit: usize) -> Result<Bytes, Unread> {
    let mut stream = body.into_data_stream();
    let mut bytes = BytesMut::new();
    while let Some(chunk) = stream.next().await {
        let chunk = chunk.map_err(|_| Unread::CutOff)?;
        if bytes.len() + chunk.len() > limit {
            return Err(Unread::TooLarge);
        }
        bytes.extend_from_slice(&chunk);
    }
    Ok(bytes.freeze())
}

fn respond(answer: Answer) -> HttpResponse<Body> {
    let mut builder = HttpResponse::builder().status(answer.status);
    for (name, value) in answer.headers {
        builder = builder.header(name.as_ref(), value);
    }
    builder
        .body(Body::from(answer.body))
        .unwrap_or_else(|_| status(StatusCode::INTERNAL_SERVER_ERROR))
}

fn status(status: StatusCode) -> HttpResponse<Body> {
    let mut response = HttpResponse::new(Body::empty());
    *response.status_mut() = status;
    response
}
