//! Binds, and takes in connections.

use std::io::{self, Write as _};
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use anyhow::Context as _;
use mef_intake::Capture;
use mef_ports::Clock;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::task::JoinSet;

use super::connection;
use super::exchange::Exchange;
use super::health::Health;
use super::house::House;
use super::limits::Limits;
use super::receivers::Receivers;
use super::refusals::Refusals;
use super::room::Room;
use crate::local::ports::Local;
use crate::local::scheduler::stopped;

/// How long to wait if this machine has no more connections to give.
const PAUSE: Duration = Duration::from_secs(1);

/// What a sender gets that cannot be served now.
const FULL: &[u8] = b"HTTP/1.1 503 Service Unavailable\r\nretry-after: 30\r\ncontent-length: 0\r\nconnection: close\r\n\r\n";

/// A server that is bound and not yet serving.
pub(crate) struct Server {
    listener: TcpListener,
    exchange: Exchange,
    clock: Arc<dyn Clock>,
}

impl Server {
    /// Binds to `listen`.
    pub(crate) async fn bind(
        listen: SocketAddr,
        limits: Limits,
        receivers: Arc<Receivers>,
        local: &Local,
    ) -> anyhow::Result<Server> {
        let listener = TcpListener::bind(listen)
            .await
            .with_context(|| format!("cannot listen on {listen}: choose another with --listen"))?;
        let clock = Arc::clone(&local.clock);
        let exchange = Exchange {
            receivers,
            capture: None,
            health: Health::new(local.store.clone(), Arc::clone(&clock)),
            refusals: Refusals::default(),
            limits,
            room: Room::new(limits.room, limits.room_wait),
        };
        Ok(Server { listener, exchange, clock })
    }

    /// Keeps refused requests, if there is a `capture`.
    pub(crate) fn capturing(mut self, capture: Option<Capture>) -> Server {
        self.exchange.capture = capture;
        self
    }

    /// Returns the address that it listens on.
    pub(crate) fn address(&self) -> anyhow::Result<SocketAddr> {
        Ok(self.listener.local_addr()?)
    }

    /// Serves until `stop` is set, and then answers what has arrived.
    pub(crate) async fn serve(self, mut stop: watch::Receiver<bool>) {
        let Server { listener, exchange, clock } = self;
        let exchange = Arc::new(exchange);
        let house = House::new(&exchange.limits);
        let mut connections = JoinSet::new();
        loop {
            let accepted = tokio::select! {
                accepted = listener.accept() => accepted,
                Some(_) = connections.join_next() => continue,
                () = stopped(&mut stop) => break,
            };
            match accepted {
                Ok((stream, peer)) => match house.enter() {
                    Some(guest) => {
                        let (exchange, stop) = (Arc::clone(&exchange), stop.clone());
                        connections.spawn(connection::serve(stream, peer, exchange, guest, stop));
                    }
                    None => turn_away(stream, peer, &exchange.refusals),
                },
                Err(error) if is_of_the_sender(&error) => {}
                Err(error) => {
                    tracing::error!(error = %error, "no connection can be taken in");
                    tokio::select! {
                        () = clock.sleep(PAUSE) => {}
                        () = stopped(&mut stop) => break,
                    }
                }
            }
        }
        drop(listener);
        while connections.join_next().await.is_some() {}
    }
}

/// Says that there are too many, without waiting for anything.
fn turn_away(stream: TcpStream, peer: SocketAddr, refusals: &Refusals) {
    refusals.note(peer, None, Some(503), "too many connections, and all are being served");
    // Should the sender be gone, it has nothing to read either.
    let _ = stream.into_std().and_then(|mut stream| stream.write(FULL));
}

fn is_of_the_sender(error: &io::Error) -> bool {
    use io::ErrorKind::{ConnectionAborted, ConnectionRefused, ConnectionReset};
    matches!(error.kind(), ConnectionAborted | ConnectionRefused | ConnectionReset)
}
