//! A vendor with many records, for the benchmark of `mef poll`.
//!
//! ```text
//! cargo run --release --example vendor -- 50000 FOLDER
//! ```
//!
//! writes `FOLDER/acme-audit/source.yml` and `FOLDER/secrets.env`, prints its
//! origin, and serves until it is ended.

use std::path::PathBuf;

use jiff::{SignedDuration, Timestamp};
use mef::demo::vendor::{CLIENT_SECRET, Vendor, VendorOptions};

/// Text in each record, so that it has the 1.3 KB of an audit log's.
const PADDING: usize = 860;

const SOURCE: &str = r#"source: acme-audit
poll:
  schedule: rate(1 minute)
  auth:
    client_credentials:
      token_url: "ORIGIN/oauth/token"
      client_id: acme-client
      client_secret: "{secret.client_secret}"
  request:
    get: "ORIGIN/api/v1/logs"
    query: { since: "{window.start|rfc3339}", until: "{window.end|rfc3339}", limit: 1000 }
  next: { link: next }
  records: ""
  cursor: { time: published, id: uuid, order: ascending, start: 1d, overlap: 60s, max_window: 7d }
event:
  schema: schema.json
  map:
    category: acme
    summary: "{actor.displayName} {eventType} from {client.ip}"
    severity: "{severity|upper}"
    timestamp: "{published}"
    tags: [acme, audit]
"#;

const SCHEMA: &str = r#"{
  "$schema": "https://json-schema.org/draft/2020-12/schema",
  "type": "object",
  "required": ["uuid", "published", "eventType"],
  "properties": {
    "uuid": { "type": "string", "minLength": 1 },
    "published": { "type": "string" },
    "eventType": { "type": "string" },
    "actor": { "type": "object", "properties": { "id": { "type": "integer" }, "displayName": { "type": "string" } } },
    "client": { "type": "object" },
    "target": { "type": "array" }
  }
}
"#;

#[tokio::main]
async fn main() -> std::io::Result<()> {
    let mut arguments = std::env::args().skip(1);
    let wrong = || std::io::Error::other("usage: vendor RECORDS FOLDER");
    let records = arguments.next().and_then(|n| n.parse().ok()).ok_or_else(wrong)?;
    let folder = arguments.next().map(PathBuf::from).ok_or_else(wrong)?;
    #[expect(clippy::disallowed_methods, reason = "the records have to lie within the last day")]
    let now = Timestamp::now();
    let vendor = Vendor::start(VendorOptions {
        records,
        newest: now.checked_sub(SignedDuration::from_mins(5)).unwrap_or(now),
        apart: SignedDuration::from_millis(10),
        limit_every: 0,
        hard: false,
        padding: PADDING,
    })
    .await?;
    std::fs::create_dir_all(folder.join("acme-audit"))?;
    let source = SOURCE.replace("ORIGIN", &vendor.origin());
    std::fs::write(folder.join("acme-audit/source.yml"), source)?;
    std::fs::write(folder.join("acme-audit/schema.json"), SCHEMA)?;
    let secrets = format!("MEF_SECRET_ACME_AUDIT_CLIENT_SECRET={CLIENT_SECRET}\n");
    std::fs::write(folder.join("secrets.env"), secrets)?;
    #[expect(clippy::print_stdout, reason = "whoever waits for this line may begin")]
    {
        println!("{}", vendor.origin());
    }
    std::future::pending::<()>().await;
    Ok(())
}
