//! One request and its answer.

use std::net::SocketAddr;
use std::sync::Arc;

use bytes::{Bytes, BytesMut};
use http_body_util::{BodyExt as _, Full};
use hyper::body::Incoming;
use hyper::header::HeaderValue;
use hyper::{HeaderMap, Request as HttpRequest, Response as HttpResponse, StatusCode, header};
use mef_auth::Request;
use mef_intake::{Answer, Capture, Receiver};
use tokio::time::{Instant, timeout_at};

use super::framing;
use super::health::Health;
use super::limits::Limits;
use super::receivers::Receivers;
use super::refusals::Refusals;
use super::room::{NoRoom, Room, Share};
use super::turn::Turn;

/// What all requests share.
pub(super) struct Exchange {
    pub(super) receivers: Arc<Receivers>,
    pub(super) capture: Option<Capture>,
    pub(super) health: Health,
    pub(super) refusals: Refusals,
    pub(super) limits: Limits,
    pub(super) room: Room,
}

/// Why a body was not read.
enum Unread {
    TooLarge,
    TooSlow,
    CutOff,
    NoRoom,
}

impl From<NoRoom> for Unread {
    fn from(_: NoRoom) -> Unread {
        Unread::NoRoom
    }
}

impl Exchange {
    /// Answers a request of `peer`, and tells `turn` once it has come whole.
    pub(super) async fn answer(
        &self,
        peer: SocketAddr,
        request: HttpRequest<Incoming>,
        turn: &Turn,
    ) -> HttpResponse<Full<Bytes>> {
        if let Some((status, reason)) = framing::fault(request.version(), request.headers()) {
            self.refusals.note(peer, None, Some(status.as_u16()), reason);
            let mut response = empty(status);
            // Where the next request would begin is not sure.
            response.headers_mut().insert(header::CONNECTION, HeaderValue::from_static("close"));
            return response;
        }
        let (path, method) = (request.uri().path(), request.method().as_str());
        if Health::is_asked(path) && matches!(method, "GET" | "HEAD") {
            let status = match self.health.is_good().await {
                true => StatusCode::OK,
                false => StatusCode::SERVICE_UNAVAILABLE,
            };
            return empty(status);
        }
        let Some(receiver) = self.receivers.route(path) else {
            self.refusals.note(peer, None, Some(404), "no such source");
            return respond(Answer::not_found());
        };
        let source = receiver.source().name.to_string();
        let refused = |answer: Answer, reason: &'static str| {
            self.refusals.note(peer, Some(&source), Some(answer.status), reason);
            respond(answer)
        };
        let (parts, body) = request.into_parts();
        // Held until the request is answered.
        let mut share = self.room.share();
        let body = match self.read(&receiver, &parts.headers, body, &mut share).await {
            Ok(body) => body,
            Err(Unread::TooLarge) => {
                return refused(Answer::too_large(), "the body is larger than `max_body`");
            }
            Err(Unread::TooSlow) => return refused(Answer::too_slow(), "the body came too slowly"),
            Err(Unread::NoRoom) => {
                return refused(Answer::unavailable(), "too much of other bodies is held");
            }
            // The sender is gone or broken: nothing was taken, whatever it is told.
            Err(Unread::CutOff) => return refused(Answer::unreadable(), "the body was cut off"),
        };
        turn.serve();
        let headers = parts
            .headers
            .iter()
            .map(|(name, value)| (name.as_str().to_owned(), value.as_bytes().to_vec()))
            .collect();
        let (path, query) = (parts.uri.path(), parts.uri.query().unwrap_or_default());
        let request = Request::new(parts.method.as_str(), path, query, headers, body)
            .from_peer(Some(peer.ip()));
        respond(receiver.serve(request, self.capture.as_ref()).await.answer)
    }

    /// Reads a body, but not one that is announced as too large.
    async fn read(
        &self,
        receiver: &Receiver,
        headers: &HeaderMap,
        body: Incoming,
        share: &mut Share<'_>,
    ) -> Result<Bytes, Unread> {
        let limit = receiver.max_body();
        let announced = headers.get(header::CONTENT_LENGTH);
        let announced = announced.and_then(|length| length.to_str().ok()?.parse::<usize>().ok());
        if announced.is_some_and(|length| length > limit) {
            return Err(Unread::TooLarge);
        }
        let deadline = Instant::now() + self.limits.body;
        let body = read_at_most(limit, body, share, deadline).await?;
        share.take_decoded(&body, deadline).await?;
        Ok(body)
    }
}

async fn read_at_most(
    limit: usize,
    mut body: Incoming,
    share: &mut Share<'_>,
    deadline: Instant,
) -> Result<Bytes, Unread> {
    let mut bytes = BytesMut::new();
    while let Some(frame) = timeout_at(deadline, body.frame()).await.map_err(|_| Unread::TooSlow)? {
        // Trailers belong to no webhook.
        let Ok(chunk) = frame.map_err(|_| Unread::CutOff)?.into_data() else { continue };
        if bytes.len() + chunk.len() > limit {
            return Err(Unread::TooLarge);
        }
        share.take(chunk.len(), deadline).await?;
        bytes.extend_from_slice(&chunk);
    }
    Ok(bytes.freeze())
}

fn respond(answer: Answer) -> HttpResponse<Full<Bytes>> {
    let mut builder = HttpResponse::builder().status(answer.status);
    if answer.status == 408 {
        // The rest of the body is not waited for (RFC 9110 §15.5.9).
        builder = builder.header(header::CONNECTION, "close");
    }
    for (name, value) in answer.headers {
        builder = builder.header(name.as_ref(), value);
    }
    builder
        .body(Full::from(answer.body))
        .unwrap_or_else(|_| empty(StatusCode::INTERNAL_SERVER_ERROR))
}

fn empty(status: StatusCode) -> HttpResponse<Full<Bytes>> {
    let mut response = HttpResponse::new(Full::default());
    *response.status_mut() = status;
    response
}
