//! One connection, from the first byte to the last answer.

use std::convert::Infallible;
use std::error::Error;
use std::io;
use std::net::SocketAddr;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use mef_intake::{LARGEST_HEAD, MOST_HEADERS};
use tokio::net::TcpStream;
use tokio::sync::watch;
use tokio::time::{Instant, sleep_until};

use super::exchange::Exchange;
use super::house::Guest;
use super::timed::Timed;
use super::turn::Overdue;
use crate::local::scheduler::stopped;

/// How long a request may still take to arrive once the server stops.
const LAST_HEAD: Duration = Duration::from_secs(1);

/// Serves the requests of one connection, until `stop` is set or the sender is done. A request that has
/// arrived is answered.
pub(super) async fn serve(
    stream: TcpStream,
    peer: SocketAddr,
    exchange: Arc<Exchange>,
    guest: Guest,
    mut stop: watch::Receiver<bool>,
) {
    let turn = &guest.turn;
    let service = service_fn(|request| {
        let exchange = &exchange;
        async move {
            turn.begin();
            let response = exchange.answer(peer, request, turn).await;
            turn.end();
            Ok::<_, Infallible>(response)
        }
    });
    let io = TokioIo::new(Timed::new(stream, Arc::clone(turn), exchange.limits.body));
    let mut connection = pin!(
        http1::Builder::new()
            .max_headers(MOST_HEADERS)
            .max_header_size(LARGEST_HEAD)
            .header_read_timeout(None)
            .serve_connection(io, service)
    );
    let mut last_head = pin!(sleep_until(Instant::now()));
    let (mut is_stopping, mut had_time) = (false, false);
    let ended = loop {
        tokio::select! {
            ended = connection.as_mut() => break ended,
            () = turn.has_to_leave() => {
                exchange.refusals.note(peer, None, None, "closed for another, since there are too many connections");
                return;
            }
            overdue = turn.overdue(&exchange.limits) => {
                if overdue == Overdue::Head {
                    exchange.refusals.note(peer, None, None, "the headers came too slowly");
                }
                return;
            }
            () = stopped(&mut stop), if !is_stopping => {
                is_stopping = true;
                connection.as_mut().graceful_shutdown();
                last_head.as_mut().reset(Instant::now() + LAST_HEAD);
            }
            () = last_head.as_mut(), if is_stopping && !had_time => {
                had_time = true;
                if !turn.is_busy() {
                    return;
                }
            }
        }
    };
    if let Err(error) = ended {
        match why(&error) {
            Some((status, reason)) => exchange.refusals.note(peer, None, status, reason),
            None => {
                tracing::debug!(client.address = %peer.ip(), error = %mef_ports::chain(&error), "the sender is gone")
            }
        }
    }
}

/// Returns with which status the HTTP layer refused a request, and why; `None` if the sender went away.
fn why(error: &hyper::Error) -> Option<(Option<u16>, &'static str)> {
    if error.is_parse_too_large() {
        return Some((Some(431), "the headers are too large or too many"));
    }
    if error.is_parse() {
        return Some((Some(400), "this is no HTTP/1.1"));
    }
    let is_slow = |cause: &io::Error| cause.kind() == io::ErrorKind::TimedOut;
    let cause = error.source().and_then(|cause| cause.downcast_ref::<io::Error>());
    cause.is_some_and(is_slow).then_some((None, "the answer was not read"))
}
