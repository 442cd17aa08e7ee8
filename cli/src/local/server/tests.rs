//! A server with real sockets, and senders that do less than they should.

use std::io::{Read as _, Write as _};
use std::net::{SocketAddr, TcpStream};
use std::sync::Arc;
use std::time::Duration;

use mef_auth::Redactor;
use mef_intake::{MOST_HEADERS, Receiver};
use mef_sqlite::LocalSecrets;
use tokio::runtime::Runtime;
use tokio::sync::watch;
use tokio::task::JoinHandle;

use super::limits::Limits;
use super::listener::Server;
use super::receivers::Receivers;
use crate::local::ports::Local;

/// Longer than any test: only the limit that a test sets can end a wait.
const LONG: Duration = Duration::from_secs(3600);
const SHORT: Duration = Duration::from_millis(50);
const PATIENT: Limits = Limits {
    connections: 16,
    head: LONG,
    body: LONG,
    slow_body: LONG,
    idle: LONG,
    room: 1024,
    room_wait: LONG,
};

const HALF_A_HEAD: &[u8] = b"POST /hook HTTP/1.1\r\nhost: x\r\nx-half:";
const TWO_BYTES: &[u8] =
    b"POST /hook HTTP/1.1\r\nhost: x\r\nexpect: 100-continue\r\ncontent-length: 2\r\n\r\n";
const CLOSING: &[u8] =
    b"POST /hook HTTP/1.1\r\nhost: x\r\nconnection: close\r\ncontent-length: 2\r\n\r\n";
const WHOLE: &[u8] = b"POST /hook HTTP/1.1\r\nhost: x\r\ncontent-length: 2\r\n\r\n{}";

struct Serving {
    runtime: Runtime,
    address: SocketAddr,
    stop: watch::Sender<bool>,
    served: JoinHandle<()>,
    _folder: tempfile::TempDir,
}

fn serve(limits: Limits) -> Serving {
    let folder = tempfile::tempdir().unwrap();
    let runtime = Runtime::new().unwrap();
    let secrets = Arc::new(LocalSecrets::from_pairs([("", ""); 0]));
    let local = Local::with(&folder.path().join("mef.db"), secrets, &Redactor::default()).unwrap();
    let text = "source: hook\nwebhook: { unauthenticated: \"a test\", max_body: 1KiB }\n";
    let source = Arc::new(mef_source::load(text, &|_| Err(String::new())).unwrap().source);
    let receiver = Receiver::new(Arc::clone(&source), local.receiver_ports()).unwrap();
    let receivers = Arc::<Receivers>::default();
    receivers.replace([Arc::new(receiver)], Some(source.name.clone()));
    let listen = ([127, 0, 0, 1], 0).into();
    let server = runtime.block_on(Server::bind(listen, limits, receivers, &local)).unwrap();
    let address = server.address().unwrap();
    let (stop, stopped) = watch::channel(false);
    let served = runtime.spawn(server.serve(stopped));
    Serving { runtime, address, stop, served, _folder: folder }
}

impl Serving {
    fn connect(&self) -> TcpStream {
        TcpStream::connect(self.address).unwrap()
    }

    /// Sends `bytes` on a connection of its own.
    fn send(&self, bytes: &[u8]) -> TcpStream {
        let mut stream = self.connect();
        stream.write_all(bytes).unwrap();
        stream
    }

    /// Sends `bytes`, and gives all that comes until the server closes.
    fn all_of(&self, bytes: &[u8]) -> String {
        rest(&mut self.send(bytes))
    }

    /// Stops the server and waits for its end.
    fn stop(self) {
        self.stop.send_replace(true);
        self.runtime.block_on(self.served).unwrap();
    }
}

/// Reads until the server closes.
fn rest(stream: &mut TcpStream) -> String {
    let mut bytes = Vec::new();
    // Closed with something unread, which is as good an end.
    let _ = stream.read_to_end(&mut bytes);
    String::from_utf8(bytes).unwrap()
}

/// Reads as much as `expected` is, and compares.
fn reads(stream: &mut TcpStream, expected: &str) {
    let mut bytes = vec![0; expected.len()];
    stream.read_exact(&mut bytes).unwrap();
    assert_eq!(String::from_utf8(bytes).unwrap(), expected);
}

#[test]
fn half_a_head_is_not_held_for_ever() {
    let serving = serve(Limits { head: SHORT, ..PATIENT });
    assert_eq!(serving.all_of(HALF_A_HEAD), "");
    serving.stop();
}

/// Each byte comes in time; the whole does not.
#[test]
fn a_head_that_drips_is_not_held_for_ever() {
    let serving = serve(Limits { head: SHORT, ..PATIENT });
    let mut stream = serving.send(HALF_A_HEAD);
    stream.set_read_timeout(Some(Duration::from_millis(5))).unwrap();
    loop {
        let mut byte = [0];
        match stream.read(&mut byte) {
            Err(error) if error.kind() == std::io::ErrorKind::WouldBlock => {}
            _ => break,
        }
        if stream.write_all(b"x").is_err() {
            break;
        }
    }
    serving.stop();
}

#[test]
fn a_connection_without_a_request_is_not_held_for_ever() {
    let serving = serve(Limits { idle: SHORT, ..PATIENT });
    assert_eq!(serving.all_of(b""), "");
    let answer = serving.all_of(WHOLE);
    assert!(answer.starts_with("HTTP/1.1 200 OK\r\n"), "the next request is waited for: {answer}");
    serving.stop();
}

#[test]
fn a_body_that_does_not_come_is_408_and_the_connection_ends() {
    let serving = serve(Limits { body: SHORT, ..PATIENT });
    let answer = serving.all_of(b"POST /hook HTTP/1.1\r\nhost: x\r\ncontent-length: 2\r\n\r\n{");
    assert!(answer.starts_with("HTTP/1.1 408 Request Timeout\r\n"), "{answer}");
    assert!(answer.contains("connection: close\r\n"), "{answer}");
    serving.stop();
}

/// Whoever asks and never reads fills every buffer, and then the server waits.
#[test]
fn an_answer_that_nobody_reads_is_not_held_for_ever() {
    let serving = serve(Limits { body: SHORT, ..PATIENT });
    let mut stream = serving.connect();
    while stream.write_all(&b"GET /hook HTTP/1.1\r\nhost: x\r\n\r\n".repeat(1000)).is_ok() {}
    serving.stop();
}

#[test]
fn a_full_house_of_half_heads_keeps_no_sender_out() {
    let serving = serve(Limits { connections: 2, ..PATIENT });
    let mut oldest = serving.send(HALF_A_HEAD);
    let mut second = serving.send(HALF_A_HEAD);
    let mut sender = serving.send(WHOLE);
    reads(&mut sender, "HTTP/1.1 200 OK\r\n");
    assert_eq!(rest(&mut oldest), "", "the oldest had to go");
    // The sender's connection is the one that waits longest after the second.
    let mut another = serving.send(WHOLE);
    reads(&mut another, "HTTP/1.1 200 OK\r\n");
    assert_eq!(rest(&mut second), "");
    serving.stop();
}

#[test]
fn one_more_than_can_be_served_is_503_and_nobody_is_interrupted() {
    let serving = serve(Limits { connections: 2, ..PATIENT });
    let mut served: Vec<_> = (0..2).map(|_| serving.send(TWO_BYTES)).collect();
    for stream in &mut served {
        reads(stream, "HTTP/1.1 100 Continue\r\n\r\n");
    }
    let answer = rest(&mut serving.connect());
    assert!(
        answer.starts_with("HTTP/1.1 503 Service Unavailable\r\nretry-after: 30\r\n"),
        "{answer}"
    );
    for stream in &mut served {
        stream.write_all(b"{}").unwrap();
        reads(stream, "HTTP/1.1 200 OK\r\n");
    }
    serving.stop();
}

#[test]
fn a_full_house_of_slow_bodies_keeps_no_sender_out() {
    let serving = serve(Limits { connections: 2, slow_body: SHORT, ..PATIENT });
    // One after the other: which is the oldest must not be left to chance.
    let mut slow = [(); 2].map(|()| {
        let mut stream = serving.send(TWO_BYTES);
        reads(&mut stream, "HTTP/1.1 100 Continue\r\n\r\n");
        stream
    });
    // A sender that is told to come again does so, until one of them is slow.
    while !serving.all_of(&[CLOSING, b"{}"].concat()).starts_with("HTTP/1.1 200 OK\r\n") {}
    assert_eq!(rest(&mut slow[0]), "", "the oldest had to go");
    drop(slow);
    serving.stop();
}

#[test]
fn a_stop_ends_whoever_waits_and_answers_what_has_arrived() {
    let serving = serve(PATIENT);
    let mut waiting = [serving.send(b""), serving.send(HALF_A_HEAD)];
    let mut kept = serving.send(WHOLE);
    reads(&mut kept, "HTTP/1.1 200 OK\r\n");
    let mut served = serving.send(TWO_BYTES);
    reads(&mut served, "HTTP/1.1 100 Continue\r\n\r\n");
    serving.stop.send_replace(true);
    for stream in &mut waiting {
        assert_eq!(rest(stream), "");
    }
    rest(&mut kept);
    served.write_all(b"{}").unwrap();
    let answer = rest(&mut served);
    assert!(answer.starts_with("HTTP/1.1 200 OK\r\n"), "{answer}");
    serving.stop();
}

#[test]
fn http_2_in_the_clear_is_not_spoken() {
    let serving = serve(PATIENT);
    let preface = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\x04\0\0\0\0\0";
    assert!(!serving.all_of(preface).contains("\0\0"), "no frame of HTTP/2 comes back");
    serving.stop();
}

/// A body of ten bytes, of which eight have come.
const MOST_OF_TEN: &[u8] = b"POST /hook HTTP/1.1\r\nhost: x\r\ncontent-length: 10\r\n\r\n[{},{},{";

#[test]
fn a_body_for_which_there_is_no_memory_is_503_and_is_served_when_there_is() {
    // Longer than it takes to answer one of them.
    let wait = Duration::from_secs(1);
    let serving = serve(Limits { room: 8, room_wait: wait, ..PATIENT });
    // One fills the room, and one goes on beyond it.
    let mut held: Vec<_> = (0..2).map(|_| serving.send(MOST_OF_TEN)).collect();
    let ask = || serving.all_of(&[CLOSING, b"{}"].concat());
    let mut answer = ask();
    // Until what was sent before has arrived.
    while answer.starts_with("HTTP/1.1 200 OK\r\n") {
        answer = ask();
    }
    assert!(answer.starts_with("HTTP/1.1 503 Service Unavailable\r\n"), "{answer}");
    assert!(answer.contains("retry-after: 30\r\n"), "{answer}");
    for stream in &mut held {
        stream.write_all(b"}]").unwrap();
    }
    for stream in &mut held {
        reads(stream, "HTTP/1.1 200 OK\r\n");
    }
    let answer = ask();
    assert!(answer.starts_with("HTTP/1.1 200 OK\r\n"), "{answer}");
    serving.stop();
}

/// All of them hold something, and all want more.
#[test]
fn bodies_that_wait_for_each_other_are_all_served() {
    let serving = serve(Limits { room: 30, ..PATIENT });
    let mut streams: Vec<_> = (0..10).map(|_| serving.send(MOST_OF_TEN)).collect();
    for stream in &mut streams {
        stream.write_all(b"}]").unwrap();
    }
    for stream in &mut streams {
        reads(stream, "HTTP/1.1 200 OK\r\n");
    }
    serving.stop();
}

#[test]
fn a_large_body_that_is_only_announced_takes_no_memory_from_others() {
    let serving = serve(Limits { room: 8, ..PATIENT });
    let announced =
        b"POST /hook HTTP/1.1\r\nhost: x\r\nexpect: 100-continue\r\ncontent-length: 1024\r\n\r\n";
    let mut idle: Vec<_> = (0..10).map(|_| serving.send(announced)).collect();
    for stream in &mut idle {
        reads(stream, "HTTP/1.1 100 Continue\r\n\r\n");
    }
    let answer = serving.all_of(&[CLOSING, b"{}"].concat());
    assert!(answer.starts_with("HTTP/1.1 200 OK\r\n"), "{answer}");
    drop(idle);
    serving.stop();
}

/// An empty object in gzip takes the memory of all that it might be.
#[test]
fn a_compressed_body_is_served_in_little_memory_too() {
    let serving = serve(PATIENT);
    let packed = hex::decode("1f8b0800000000000003abae050043bfa6a302000000").unwrap();
    let head = format!(
        "POST /hook HTTP/1.1\r\nhost: x\r\nconnection: close\r\ncontent-length: {}\r\n\r\n",
        packed.len()
    );
    let answer = serving.all_of(&[head.as_bytes(), &packed].concat());
    assert!(answer.ends_with("{\"accepted\":1,\"rejected\":0}"), "{answer}");
    serving.stop();
}

/// 100 is what a source may ask for, and a proxy adds its own.
#[test]
fn a_hundred_signature_headers_are_taken_and_more_than_the_most_are_431() {
    let serving = serve(PATIENT);
    let ask = |count: usize, size: usize| {
        let headers: String =
            (0..count).map(|n| format!("x-sig-{n}: {}\r\n", "v".repeat(size))).collect();
        let head = "POST /hook HTTP/1.1\r\nhost: x\r\nconnection: close\r\ncontent-length: 2\r\n";
        serving.all_of(format!("{head}{headers}\r\n{{}}").as_bytes())
    };
    for (count, size, status) in
        [(100, 100, 200), (MOST_HEADERS - 3, 1, 200), (MOST_HEADERS - 2, 1, 431), (1, 70_000, 431)]
    {
        let answer = ask(count, size);
        assert!(answer.starts_with(&format!("HTTP/1.1 {status} ")), "{count} of {size}: {answer}");
    }
    serving.stop();
}

#[test]
fn a_path_leads_to_its_source_however_it_is_written() {
    let serving = serve(PATIENT);
    for (path, status) in [
        ("/hook", 200),
        ("/hook/", 200),
        ("//hook", 200),
        ("/behind/a/proxy/hook", 200),
        ("/%68ook", 200),
        ("/", 200),
        ("/Hook", 404),
        ("/other", 404),
        ("/hook/other", 404),
        ("/..%2fhook", 404),
    ] {
        let request = format!(
            "POST {path} HTTP/1.1\r\nhost: x\r\nconnection: close\r\ncontent-length: 2\r\n\r\n{{}}"
        );
        let answer = serving.all_of(request.as_bytes());
        assert!(answer.starts_with(&format!("HTTP/1.1 {status} ")), "{path}: {answer}");
    }
    serving.stop();
}

#[test]
fn a_monitor_learns_that_the_store_can_be_used() {
    let serving = serve(PATIENT);
    let ask = |method: &str| {
        let request = format!("{method} /healthz HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n");
        serving.all_of(request.as_bytes())
    };
    for method in ["GET", "HEAD"] {
        assert!(ask(method).starts_with("HTTP/1.1 200 OK\r\n"));
    }
    assert!(ask("POST").starts_with("HTTP/1.1 404 "), "it is no source");
    serving.stop();
}

/// Two servers in a row could take each of them for something else.
#[test]
fn a_head_that_can_be_read_in_two_ways_is_refused_and_the_connection_ends() {
    let serving = serve(PATIENT);
    let chunked = "transfer-encoding: chunked";
    for (version, lines, status) in [
        ("1.1", vec!["host: x"], 200),
        ("1.1", vec!["host:"], 200),
        ("1.1", vec!["host: [::1]:8080"], 200),
        ("1.0", vec![], 200),
        ("1.1", vec![], 400),
        ("1.1", vec!["host: x", "host: x"], 400),
        ("1.1", vec!["host: x", "Host: y"], 400),
        ("1.0", vec!["host: x", "host: y"], 400),
        ("1.1", vec!["host: x, y"], 400),
        ("1.1", vec!["host: x/y"], 400),
        ("1.1", vec!["host: a@x"], 400),
    ] {
        let lines = lines.join("\r\n") + if lines.is_empty() { "" } else { "\r\n" };
        let head = format!("POST /hook HTTP/{version}\r\n{lines}content-length: 2\r\n");
        let answer = serving.all_of(format!("{head}connection: close\r\n\r\n{{}}").as_bytes());
        assert!(answer.starts_with(&format!("HTTP/{version} {status} ")), "{head}{answer}");
    }
    for (lines, status) in [
        (chunked.to_owned(), 200),
        (format!("{chunked}\r\n{chunked}"), 400),
        (format!("{chunked}, Chunked"), 400),
        ("transfer-encoding: gzip, chunked".to_owned(), 501),
    ] {
        let head = format!("POST /hook HTTP/1.1\r\nhost: x\r\n{lines}\r\n");
        let body = "2\r\n{}\r\n0\r\n\r\n";
        let close = if status == 200 { "connection: close\r\n" } else { "" };
        let answer = serving.all_of(format!("{head}{close}\r\n{body}").as_bytes());
        assert!(answer.starts_with(&format!("HTTP/1.1 {status} ")), "{head}{answer}");
    }
    serving.stop();
}
