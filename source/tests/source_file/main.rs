//! Source files as people write them: what they mean, and what is said when
//! they are wrong.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod arbitrary;
mod auth;
mod chains;
mod checks;
mod checks_in_other_words;
mod composition;
mod cursors;
mod generated;
mod handshakes;
mod identity;
mod jq;
mod keys;
mod limits;
mod lookalikes;
mod meaning;
mod mistakes;
mod numbers;
mod own_origins;
mod paging;
mod preset_files;
mod presets;
mod published_keys;
mod requests;
mod templates;
mod windows;
mod yaml;

/// No file stands beside the source file.
pub(crate) fn no_files(_: &str) -> Result<String, String> {
    Err("there is no such file".to_owned())
}

pub(crate) const GITHUB: &str = r#"source: github
webhook:
  equal_bodies: events
  verify:
    - hmac: { hash: sha256, secrets: [webhook_secret], text: "{body}",
              signature: { from: header.X-Hub-Signature-256, pair: "=", take: [sha256], encoding: hex } }
  delivery_id: header.X-GitHub-Delivery
event:
  map:
    category: github
    summary: "{sender.login} {header.x-github-event}.{action} on {repository.full_name}"
    severity: INFO
    timestamp: "{received_at}"
    tags: [github]
    details: { omit: [installation] }
"#;

pub(crate) const OKTA: &str = r#"
source: okta
poll:
  schedule: rate(1 minute)
  vars: { domain: example.okta.com }
  auth: { header: { name: Authorization, value: "SSWS {secret.api_token}" } }
  request:
    get: "https://{var.domain}/api/v1/logs"
    query: { since: "{window.start|rfc3339}", until: "{window.end|rfc3339}", sortOrder: ASCENDING, limit: 1000 }
  next: { link: next }
  stop: [no_next, empty_page, same_next]
  records: ""
  cursor: { time: published, id: uuid, order: ascending, start: 7d, end_lag: 60s, overlap: 60s, max_window: 1d }
event: { map: { category: okta } }
"#;
