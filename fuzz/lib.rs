//! What the fuzz targets share: a request made of noise, and its judgement.

use arbitrary::Arbitrary;
use jiff::Timestamp;
use mef_auth::Request;
use mef_auth::verify::{LiveSecrets, verify, verify_explained, without_credentials};
use mef_ports::Secret;
use mef_source::checked::Webhook;

/// A request made of noise.
#[derive(Arbitrary, Debug)]
pub struct Noise {
    /// The query.
    pub query: String,
    /// Values for the headers of [`HEADERS`], by index.
    pub headers: Vec<(u8, Vec<u8>)>,
    /// The body.
    pub body: Vec<u8>,
}

/// The headers that the sources of the targets read.
pub const HEADERS: [&str; 6] = ["authorization", "x-sig", "x-sig-1", "x-time", "x-id", "x-other"];

impl Noise {
    /// The request.
    pub fn request(self) -> Request {
        let named = self.headers.into_iter().filter_map(|(index, value)| {
            let name = HEADERS.get(usize::from(index) % HEADERS.len())?;
            Some(((*name).to_owned(), value))
        });
        Request::new("POST", "/fuzz", self.query, named.collect(), self.body)
    }
}

/// The webhook of a source with these checks, if it loads.
pub fn webhook(checks: &str) -> Option<Webhook> {
    let text = format!(
        "source: fuzz\nwebhook:\n  public_url: https://hooks.example.com/fuzz\n  verify:\n    - {checks}\n"
    );
    mef_source::load(&text, &|_| Err("no files".to_owned())).ok()?.source.webhook
}

/// Judges `request`, which nobody signed: it must be refused, in words, and
/// telling why must change nothing.
pub fn refuse(webhook: &Webhook, request: Request) {
    let secrets: LiveSecrets =
        [("s".to_owned(), Secret::new("00112233445566778899aabbccddeeff"))].into_iter().collect();
    let now = Timestamp::from_second(1_700_000_000).expect("it is in range");
    let denied = verify(webhook, request.clone(), &secrets, now).expect_err("nobody signed it");
    assert!(!denied.to_string().is_empty());
    let (explained, _) = verify_explained(webhook, request.clone(), &secrets, now);
    assert_eq!(explained.expect_err("nobody signed it"), denied);
    without_credentials(webhook, &request);
}
