//! What an operator tells a running `mef`.

/// A wish of the operator's.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Signal {
    /// SIGINT or SIGTERM: finish what has begun; a second one ends the process at once.
    Stop,
    /// SIGHUP: read the source files again.
    Reload,
}

/// Waits until somebody ends a command that goes on for long: with Ctrl-C, with SIGTERM as a supervisor
/// does, or by closing its terminal.
pub(crate) async fn ended() -> std::io::Result<()> {
    Signals::catch()?.next().await.map(drop)
}

/// The signals since it was made: none of them ends the process by itself.
pub(crate) struct Signals {
    #[cfg(unix)]
    interrupt: tokio::signal::unix::Signal,
    #[cfg(unix)]
    terminate: tokio::signal::unix::Signal,
    #[cfg(unix)]
    hang_up: tokio::signal::unix::Signal,
}

#[cfg(unix)]
impl Signals {
    /// Catches signals from now on.
    pub(crate) fn catch() -> std::io::Result<Signals> {
        use tokio::signal::unix::{SignalKind, signal};
        Ok(Signals {
            interrupt: signal(SignalKind::interrupt())?,
            terminate: signal(SignalKind::terminate())?,
            hang_up: signal(SignalKind::hangup())?,
        })
    }

    /// Waits for the next one.
    pub(crate) async fn next(&mut self) -> std::io::Result<Signal> {
        Ok(tokio::select! {
            _ = self.interrupt.recv() => Signal::Stop,
            _ = self.terminate.recv() => Signal::Stop,
            _ = self.hang_up.recv() => Signal::Reload,
        })
    }
}

#[cfg(not(unix))]
impl Signals {
    /// Catches Ctrl-C from now on.
    pub(crate) fn catch() -> std::io::Result<Signals> {
        Ok(Signals {})
    }

    /// Waits for the next one.
    pub(crate) async fn next(&mut self) -> std::io::Result<Signal> {
        tokio::signal::ctrl_c().await?;
        Ok(Signal::Stop)
    }
}
