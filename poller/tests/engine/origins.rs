//! Where requests may go, over real sockets.

use std::io::{Read as _, Write as _};
use std::net::TcpListener;
use std::sync::mpsc::{Receiver, channel};

use mef_poller::{Budget, RunEnd, RunReport};

use crate::support::Bench;

/// A server that gives each connection the next of `answers`, and hands out
/// what it was asked.
pub(crate) fn serve(answers: Vec<String>) -> (String, Receiver<String>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let origin = format!("http://{}", listener.local_addr().unwrap());
    let (asked, requests) = channel();
    std::thread::spawn(move || {
        for answer in answers {
            let Ok((mut connection, _)) = listener.accept() else { return };
            let mut request = Vec::new();
            let mut buffer = [0; 4096];
            while !request.windows(4).any(|bytes| bytes == b"\r\n\r\n") {
                match connection.read(&mut buffer) {
                    Ok(0) | Err(_) => break,
                    Ok(n) => request.extend_from_slice(&buffer[..n]),
                }
            }
            asked.send(String::from_utf8_lossy(&request).into_owned()).unwrap();
            connection.write_all(answer.as_bytes()).unwrap();
        }
    });
    (origin, requests)
}

pub(crate) fn ok(headers: &str, body: &str) -> String {
    format!(
        "HTTP/1.1 200 OK\r\nconnection: close\r\n{headers}content-length: {}\r\n\r\n{body}",
        body.len()
    )
}

pub(crate) fn file(origin: &str, more: &str) -> String {
    format!(
        "source: acme\npoll:\n  schedule: rate(1 minute)\n  auth: {{ bearer: \"{{secret.token}}\" }}\n  \
         request: {{ get: \"{origin}/logs\", query: {{ since: \"{{window.start|rfc3339}}\" }} }}\n  \
         next: {{ link: next }}\n  records: \"\"\n  cursor: {{ time: time, overlap: 1m, max_window: 2d }}\n{more}"
    )
}

pub(crate) async fn run(file: &str) -> RunReport {
    let bench = Bench::new(1);
    let poller = bench.poller_on_network(file);
    poller.run(&Budget::default()).await
}

pub(crate) fn failure(report: RunReport) -> String {
    let RunEnd::Failed(error) = report.end else { panic!("{report:?}") };
    format!("{error:?}")
}

#[tokio::test]
async fn n14_a_next_link_to_another_origin_is_refused_and_nothing_is_sent_there() {
    let (foreign, foreign_requests) = serve(vec![ok("", "[]")]);
    let link = format!("link: <{foreign}/steal>; rel=\"next\"\r\n");
    let (own, _requests) = serve(vec![ok(&link, "[{\"id\":1}]")]);
    let error = failure(run(&file(&own, "")).await);
    assert!(error.contains("Forbidden"), "{error}");
    assert!(foreign_requests.try_recv().is_err());
}

#[tokio::test]
async fn n14_a_redirect_to_another_origin_or_a_metadata_address_is_refused() {
    let (foreign, foreign_requests) = serve(vec![ok("", "[]")]);
    for target in [&*foreign, "http://169.254.169.254/latest/meta-data"] {
        let redirect = format!(
            "HTTP/1.1 302 Found\r\nconnection: close\r\ncontent-length: 0\r\nlocation: {target}\r\n\r\n"
        );
        let (own, _requests) = serve(vec![redirect]);
        let error = failure(run(&file(&own, "")).await);
        assert!(error.contains("Forbidden"), "{error}");
    }
    assert!(foreign_requests.try_recv().is_err());
}

#[tokio::test]
async fn n14_what_an_item_names_is_asked_for_only_where_the_source_may_go() {
    let details = "  details: [{ request: { get: \"{item.uri}\" }, records: \"\" }]\n";
    let (foreign, foreign_requests) = serve(vec![ok("", "[]")]);
    let other_host = foreign.replace("http:", "");
    for uri in [&*foreign, &*other_host, "http://169.254.169.254/latest", "file:///etc/passwd"] {
        let (own, _requests) = serve(vec![ok("", &format!("[{{\"uri\":\"{uri}\"}}]"))]);
        let error = failure(run(&file(&own, details)).await);
        assert!(error.contains("Forbidden"), "{uri}: {error}");
    }
    assert!(foreign_requests.try_recv().is_err());
}

#[tokio::test]
async fn an_allow_listed_origin_gets_no_credential() {
    let (foreign, foreign_requests) = serve(vec![ok("", "[{\"id\":2}]")]);
    let link = format!("link: <{foreign}/next>; rel=\"next\"\r\n");
    let (own, requests) = serve(vec![ok(&link, "[{\"id\":1}]")]);
    let report = run(&file(&own, &format!("  allow_origins: [\"{foreign}\"]\n"))).await;
    assert!(matches!(report.end, RunEnd::CaughtUp), "{report:?}");
    assert_eq!(report.summary.delivered, 2);
    assert!(requests.recv().unwrap().contains("authorization: Bearer s3cr3t-token"));
    assert!(!foreign_requests.recv().unwrap().to_ascii_lowercase().contains("authorization"));
}

#[tokio::test]
async fn details_elsewhere_get_no_parameter_of_the_file() {
    let (foreign, foreign_requests) = serve(vec![ok("", "[]")]);
    let (own, _requests) = serve(vec![ok("", &format!("[{{\"uri\":\"{foreign}/blob?sig=1\"}}]"))]);
    let more = format!(
        "  details: [{{ request: {{ get: \"{{item.uri}}\", query: {{ key: \"{{secret.token}}\" }}, headers: {{ x-key: \"{{secret.token}}\" }} }}, records: \"\" }}]\n  \
         allow_origins: [\"{foreign}\"]\n"
    );
    let report = run(&file(&own, &more)).await;
    assert!(matches!(report.end, RunEnd::CaughtUp), "{report:?}");
    let asked = foreign_requests.recv().unwrap();
    assert!(asked.starts_with("GET /blob?sig=1 ") && !asked.contains("s3cr3t"), "{asked}");
}

#[tokio::test]
async fn a_redirect_on_the_same_origin_is_followed_with_the_credential() {
    let redirect = "HTTP/1.1 307 Temporary Redirect\r\nconnection: close\r\ncontent-length: 0\r\n\
                    location: /elsewhere\r\n\r\n";
    let (own, requests) = serve(vec![redirect.to_owned(), ok("", "[]")]);
    let report = run(&file(&own, "")).await;
    assert!(matches!(report.end, RunEnd::CaughtUp), "{report:?}");
    requests.recv().unwrap();
    let second = requests.recv().unwrap();
    assert!(second.starts_with("GET /elsewhere "), "{second}");
    assert!(second.contains("authorization: Bearer s3cr3t-token"), "{second}");
}

#[tokio::test]
async fn a_page_larger_than_the_bound_is_refused() {
    let (own, _requests) = serve(vec![ok("", &format!("[\"{}\"]", "x".repeat(3000)))]);
    let error = failure(run(&file(&own, "  max_page: 2KiB\n")).await);
    assert!(error.contains("TooLarge"), "{error}");
}
