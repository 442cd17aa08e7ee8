//! The options of `mef run`: where it listens, and how long it waits for whom.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

use clap::Args;
use mef_source::checked::Endpoint;

/// Options of `mef run`.
#[derive(Debug, Args)]
pub struct RunOptions {
    /// Where to listen for webhooks: an address and a port, or a port of this machine alone, such as
    /// `8200`, `localhost:8200`, `0.0.0.0:8200` or `[::]:8200`; port 0 takes a free one
    #[arg(long, value_name = "ADDRESS", default_value = "127.0.0.1:8080", value_parser = address)]
    pub listen: SocketAddr,
    /// Where vendors reach this server, for `{endpoint}` in a `public_url`: the address of the proxy in front
    #[arg(long, value_name = "URL", env = "MEF_ENDPOINT", hide_env_values = true)]
    pub endpoint: Option<Endpoint>,
    /// Keep refused webhooks in this folder, as files for `mef explain`: at most 20 per source and hour,
    /// none above 1 MiB. They hold the credentials that were sent
    #[arg(long, value_name = "DIR")]
    pub capture: Option<PathBuf>,
    /// Write `***` for the credentials in captured webhooks: `mef explain` then shows what was sent
    /// where, but cannot find a request authentic
    #[arg(long, requires = "capture")]
    pub capture_masked: bool,
    /// The most connections at once. One more takes the place of the oldest that waits, or whose body
    /// takes longer than 3 seconds; if all are being served, it gets 503
    #[arg(long, value_name = "N", default_value_t = 512, value_parser = clap::value_parser!(u16).range(1..))]
    pub max_connections: u16,
    /// The most memory for the bodies of requests that are not yet answered, in MiB; a compressed one
    /// takes 64 more, which it may decompress to. A body that finds none free waits up to 3 seconds,
    /// and then gets 503
    #[arg(long, value_name = "MIB", default_value_t = 256, value_parser = clap::value_parser!(u16).range(1..))]
    pub body_memory: u16,
    /// Close a connection if the headers of a request take longer than this, in seconds
    #[arg(long, value_name = "SECONDS", default_value = "30", value_parser = seconds)]
    pub head_timeout: Duration,
    /// Answer 408 if a body takes longer than this, in seconds; close a connection whose sender leaves
    /// an answer unread for so long
    #[arg(long, value_name = "SECONDS", default_value = "30", value_parser = seconds)]
    pub body_timeout: Duration,
    /// Close a connection on which no request comes for this long, in seconds. Of a proxy in front,
    /// the time for which it keeps a connection should be shorter
    #[arg(long, value_name = "SECONDS", default_value = "75", value_parser = seconds)]
    pub idle_timeout: Duration,
    /// After SIGTERM or SIGINT, give requests and runs in progress this long to finish, in seconds. A
    /// second signal ends them at once
    #[arg(long, value_name = "SECONDS", default_value = "25", value_parser = seconds)]
    pub stop_timeout: Duration,
}

fn address(text: &str) -> Result<SocketAddr, String> {
    let of_this_machine =
        |port: &str| port.parse().ok().map(|port: u16| ([127, 0, 0, 1], port).into());
    let port = text.strip_prefix("localhost").unwrap_or(text);
    let port = port.strip_prefix(':').or_else(|| (port == text).then_some(port));
    text.parse().ok().or_else(|| of_this_machine(port?)).ok_or_else(|| {
        "write an IP address and a port, such as 127.0.0.1:8200 for this machine alone, or \
         0.0.0.0:8200 for every network"
            .to_owned()
    })
}

fn seconds(text: &str) -> Result<Duration, String> {
    match text.parse() {
        Ok(seconds @ 1..=86_400) => Ok(Duration::from_secs(seconds)),
        _ => Err("write a whole number of seconds from 1 to 86400".to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_port_alone_is_one_of_this_machine() {
        for text in ["8200", ":8200", "localhost:8200", "127.0.0.1:8200"] {
            assert_eq!(address(text).unwrap().to_string(), "127.0.0.1:8200", "{text}");
        }
        assert_eq!(address("0.0.0.0:0").unwrap().to_string(), "0.0.0.0:0");
        assert_eq!(address("[::]:8200").unwrap().to_string(), "[::]:8200");
        for text in
            ["", "localhost", "localhost8200", "70000", "0.0.0.0", "example.com:80", "::1:x"]
        {
            assert!(address(text).unwrap_err().contains("127.0.0.1:8200"), "{text}");
        }
    }

    #[test]
    fn a_wait_has_an_end() {
        assert_eq!(seconds("1"), Ok(Duration::from_secs(1)));
        for text in ["0", "-1", "86401", "1.5", "x"] {
            assert!(seconds(text).is_err(), "{text}");
        }
    }
}
