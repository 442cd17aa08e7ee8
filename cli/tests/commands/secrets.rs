//! No secret in anything that leaves the process, in any encoding.

use crate::support::{Folder, http, stderr, stdout, vendor};

/// A secret with characters that every encoding changes.
const SECRET: &str = "s3cr3t/with+odd chars&=\"é";

/// The secret as it may show up: as it is, escaped, and encoded.
fn forms() -> Vec<String> {
    use base64::Engine as _;
    use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
    let url: String = url::form_urlencoded::byte_serialize(SECRET.as_bytes()).collect();
    let json = serde_json::to_string(SECRET).unwrap();
    let bytes = SECRET.as_bytes();
    vec![
        SECRET.to_owned(),
        url.clone(),
        url.replace('+', "%20"),
        url.replace('+', "%20").to_lowercase(),
        json.trim_matches('"').to_owned(),
        STANDARD.encode(bytes),
        URL_SAFE_NO_PAD.encode(bytes),
        // Inside `Basic base64(client:secret)` it may begin at any of three places.
        STANDARD.encode([b"acme:", bytes].concat())[8..36].to_owned(),
        hex::encode(bytes),
    ]
}

fn assert_clean(what: &str, text: &str) {
    for form in forms() {
        assert!(!text.contains(&form), "{what} holds the secret as `{form}`:\n{text}");
    }
}

#[test]
fn a_token_endpoint_that_echoes_the_secret_does_not_get_it_into_an_error() {
    let folder = Folder::new();
    use base64::Engine as _;
    let basic = base64::engine::general_purpose::STANDARD.encode(format!("acme:{SECRET}"));
    // Its part inside the Basic credential is looked for, not said by itself.
    let said = format!("{} {basic}", forms().join(" ").replace(&forms()[7], ""));
    let body =
        serde_json::json!({ "error": "invalid_client", "error_description": said }).to_string();
    let origin = vendor(move |_| http(401, "content-type: application/json\r\n", &body));
    folder.write(
        "acme/source.yml",
        &format!(
            "source: acme\npoll:\n  schedule: rate(1 minute)\n  \
             auth: {{ client_credentials: {{ token_url: \"{origin}/token\", client_id: acme, client_secret: \"{{secret.client_secret}}\" }} }}\n  \
             request: {{ get: \"{origin}/log\", query: {{ since: \"{{window.start}}\" }} }}\n  \
             records: \"\"\n  cursor: {{ time: t, overlap: 60s }}\n"
        ),
    );
    let output = folder
        .command(&["poll", "acme", "--once", "--log", "trace"])
        .env("MEF_SECRET_ACME_CLIENT_SECRET", SECRET)
        .output()
        .unwrap();
    assert_eq!(output.status.code(), Some(1));
    assert!(stderr(&output).contains("invalid_client"), "{}", stderr(&output));
    assert_clean("stderr", &stderr(&output));
    assert_clean("stdout", &stdout(&output));
    assert_clean("the cursor", &folder.lines(&["cursors", "show", "acme", "--json"])[0]);
}

#[test]
fn a_key_in_the_query_stays_out_of_logs_errors_and_cursors() {
    let folder = Folder::new();
    let origin = vendor(|request| {
        let line = request.lines().next().unwrap_or_default().to_owned();
        http(500, "", &line)
    });
    folder.write(
        "acme/source.yml",
        &format!(
            "source: acme\npoll:\n  schedule: rate(1 minute)\n  \
             auth: {{ query: {{ name: key, value: \"{{secret.api_key}}\" }} }}\n  \
             request: {{ get: \"{origin}/log\", query: {{ since: \"{{window.start}}\" }}, headers: {{ x-request: \"a\" }} }}\n  \
             records: \"\"\n  cursor: {{ time: t, overlap: 60s }}\n  timeout: 1s\n"
        ),
    );
    let output = folder
        .command(&["poll", "acme", "--once", "--log", "trace"])
        .env("MEF_SECRET_ACME_API_KEY", SECRET)
        .output()
        .unwrap();
    assert_eq!(output.status.code(), Some(1));
    assert_clean("stderr", &stderr(&output));
    assert_clean("the cursor", &folder.lines(&["cursors", "show", "acme", "--json"])[0]);
}

#[test]
fn a_webhook_token_reaches_no_event_dead_letter_or_log() {
    let folder = Folder::new();
    folder.write(
        "hook/source.yml",
        "source: hook\nwebhook:\n  verify: [ { token: { from: /auth/key, secrets: [token] } } ]\n\
         event: { schema: schema.json }\n",
    );
    folder.write("hook/schema.json", r#"{"required":["title"]}"#);
    folder.write("secrets.env", &format!("MEF_SECRET_HOOK_TOKEN={SECRET}\n"));
    let run = folder.run(&["--log", "trace"]);
    let body =
        |more: &str| serde_json::json!({ "auth": { "key": SECRET }, "more": more }).to_string();
    let good = body("x").replace("\"more\"", "\"title\"");
    assert_eq!(run.post("/hook", &[], good.as_bytes()).0, 200);
    assert_eq!(run.post("/hook", &[], body("y").as_bytes()).0, 202);
    let wrong = body("z").replace("s3cr3t", "S3CR3T");
    assert_eq!(run.post("/hook", &[], wrong.as_bytes()).0, 401);
    let event = folder.lines(&["events", "--json"]).join("\n");
    assert!(event.contains(r#""key":"***""#), "{event}");
    assert_clean("the event", &event);
    assert_clean("the dead letter", &folder.lines(&["dlq", "list", "--json"]).join("\n"));
    assert_clean("the log", &run.stop());
    let store = std::fs::read(folder.path("mef.db")).unwrap();
    assert_clean("the store", &String::from_utf8_lossy(&store));
}
