//! Origins that the credential is for too, and answers that lead to them.

use mef_source::load;

use crate::mistakes::{report, said};
use crate::no_files;

const SOPHOS: &str = r#"
source: sophos
poll:
  schedule: rate(5 minutes)
  vars: { domain: central.sophos.com }
  auth:
    client_credentials:
      token_url: https://id.sophos.com/api/v2/oauth2/token
      client_id: "{secret.client_id}"
      client_secret: "{secret.client_secret}"
  own_origins: ["https://api.{var.domain}", "https://api-eu01.{var.domain}"]
  setup:
    - request: { get: "https://api.central.sophos.com/whoami/v1" }
      values: { tenant: id, base: apiHosts.dataRegion }
  request:
    get: "{setup.base}/siem/v1/events"
    query: { from: "{window.start|epoch}", to: "{window.end|epoch}" }
    headers: { X-Tenant-ID: "{setup.tenant}" }
  records: items
  cursor: { time: created_at, id: id, overlap: 1m }
"#;

#[test]
fn an_answer_names_one_of_the_vendors_own_origins() {
    assert_eq!(said(SOPHOS), "");
    let poll = load(SOPHOS, &no_files).unwrap().source.poll.unwrap();
    let own: Vec<_> = poll.own_origins.iter().map(ToString::to_string).collect();
    assert_eq!(
        own,
        ["https://api.central.sophos.com:443", "https://api-eu01.central.sophos.com:443"]
    );
    for (url, may_go) in [
        ("https://api.central.sophos.com/whoami/v1", true),
        ("https://api-eu01.central.sophos.com/siem", true),
        ("https://api-us01.central.sophos.com/siem", false),
        ("https://api-eu01.central.sophos.com:8443/siem", false),
        ("http://api-eu01.central.sophos.com/siem", false),
        ("https://api-eu01.central.sophos.com.evil.example/", false),
        ("https://id.sophos.com/", false),
    ] {
        assert_eq!(poll.credential_may_go(&url.parse().unwrap()), may_go, "{url}");
    }
    assert_eq!(poll.setup[0].request.led_by(), None);
    assert_eq!(poll.pages.request.led_by().unwrap().to_string(), "setup.base");
}

#[test]
fn a_step_may_be_posted_to_an_own_origin() {
    let text = SOPHOS.replace(
        "get: \"https://api.central.sophos.com/whoami/v1\"",
        "post: \"https://api-eu01.central.sophos.com/whoami/v1\", json: { a: b }",
    );
    assert_eq!(said(&text), "");
}

#[test]
fn origins_that_get_no_credential() {
    let cases = [
        ("a base that could lead anywhere", "  own_origins:", "  allow_origins:"),
        ("a host alone", "\"{setup.base}/siem", "\"https://{setup.base}/siem"),
        ("a step elsewhere", "https://api.central.sophos.com/who", "https://evil.example/who"),
        (
            "another port",
            "https://api.central.sophos.com/who",
            "https://api.central.sophos.com:8443/who",
        ),
        ("unencrypted", "\"https://api-eu01.", "\"http://api-eu01."),
        ("a path", "api-eu01.{var.domain}", "api-eu01.{var.domain}/siem"),
        ("a wildcard", "https://api-eu01.", "https://*."),
        ("a secret", "api-eu01.{var.domain}", "{secret.host}"),
        ("this machine", "https://api-eu01.{var.domain}", "http://127.0.0.1:8080"),
        (
            "with and without",
            "  setup:",
            "  allow_origins: [\"https://api-eu01.central.sophos.com\"]\n  setup:",
        ),
        (
            "a login that leads somewhere",
            "    client_credentials:\n      token_url: https://id.sophos.com/api/v2/oauth2/token\n      client_id: \"{secret.client_id}\"\n      client_secret: \"{secret.client_secret}\"\n",
            "    session:\n      login: { post: \"https://id.sophos.com/login\", json: { p: \"{secret.p}\" } }\n      token: { from: t, send: { cookie: c } }\n      base_url: { from: base }\n",
        ),
    ];
    insta::assert_snapshot!("own_origins", report(SOPHOS, &cases));
}

#[test]
fn a_partition_names_one_of_the_vendors_own_origins() {
    let (before, request) = SOPHOS.split_once("  setup:").unwrap();
    let (_, request) = request.split_once("  request:").unwrap();
    let partner = format!(
        "{before}  partitions:\n    request:\n      name: \"{{id}}\"\n      \
         values: {{ tenant: id, base: apiHost }}\n      \
         request: {{ get: \"https://api.central.sophos.com/partner/v1/tenants\" }}\n      \
         records: items\n  request:{}",
        request.replace("{setup.", "{partition.")
    );
    assert_eq!(said(&partner), "");
    let poll = load(&partner, &no_files).unwrap().source.poll.unwrap();
    assert_eq!(poll.pages.request.led_by().unwrap().to_string(), "partition.base");
    let cases = [
        ("a base that could lead anywhere", "  own_origins:", "  allow_origins:"),
        ("a name for a host", "\"{partition.base}/siem", "\"{partition}/siem"),
        ("a value that is not listed", "\"{partition.tenant}\"", "\"{partition.tennant}\""),
        ("a value of a value", "\"{partition.tenant}\"", "\"{partition.tenant.id}\""),
        ("a value with a dot", "tenant: id", "ten.ant: id"),
        ("a value in its own list", "partner/v1/tenants", "partner/{partition.tenant}"),
    ];
    insta::assert_snapshot!("partition_values", report(&partner, &cases));
}
