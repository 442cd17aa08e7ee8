//! `poll.auth`: what is understood, and what is said about mistakes.

use mef_source::checked::{PollAuth, SendToken};
use mef_source::load;

use crate::mistakes::said;
use crate::no_files;

fn source(auth: &str, request: &str) -> String {
    format!(
        "source: vendor\npoll:\n  schedule: rate(5 minutes)\n  auth: {auth}\n  \
         request: {{ get: \"https://api.example.com/logs\", query: {{ since: \"{{window.start}}\" }}{request} }}\n  records: \"\"\n  \
         cursor: {{ time: t, end_lag: 1s, overlap: 1s }}\n"
    )
}

const TOKEN: &str = "token_url: \"https://login.example.com/token\"";

fn kinds() -> Vec<(&'static str, String)> {
    vec![
        ("cookie", "cookie: { name: SID, value: \"{secret.sid}\" }".to_owned()),
        ("basic", "basic: { username: \"{secret.sid}\", password: \"\" }".to_owned()),
        ("digest", "digest: { username: audit, password: \"{secret.sid}\" }".to_owned()),
        (
            "client_credentials",
            format!("client_credentials: {{ {TOKEN}, client_id: c, client_auth: private_key_jwt, key: \"{{secret.sid}}\", audience: a, body: json }}"),
        ),
        ("password", format!("password: {{ {TOKEN}, username: u, password: \"{{secret.sid}}\" }}")),
        ("refresh_token", format!("refresh_token: {{ {TOKEN}, refresh_token: sid, client_id: c }}")),
        ("jwt_bearer", format!("jwt_bearer: {{ {TOKEN}, key: \"{{secret.sid}}\", issuer: i, claims: {{ a: b }} }}")),
        ("jwt_bearer", format!("jwt_bearer: {{ {TOKEN}, key: \"{{secret.sid}}\", key_file: {{ key: a.key, issuer: a.name }}, send: bearer, headers: {{ x-a: b }}, backdate: 60s }}")),
        ("google_service_account", "google_service_account: { key: \"{secret.sid}\", scopes: [s] }".to_owned()),
        ("github_app", "github_app: { app_id: \"1\", installation_id: \"2\", key: \"{secret.sid}\" }".to_owned()),
        (
            "session",
            "session: { login: { post: \"https://api.example.com/login\", json: { p: [\"{secret.sid}\"] } }, token: { from: header.x-token, send: { query: sid } }, expires: { in: ttl } }".to_owned(),
        ),
        ("hmac", "sign: { hmac: { secret: \"{secret.sid}\", text: \"{method}{path}\", into: { x-signature: \"{signature}\" } } }".to_owned()),
        ("hash", "sign: { hash: { text: \"{secret.sid}{nonce}\", into: { x-nonce: \"{nonce}\", authorization: \"{signature}\" } } }".to_owned()),
        ("duo", "sign: { duo: { integration_key: i, secret_key: \"{secret.sid}\" } }".to_owned()),
        ("edgegrid", "sign: { edgegrid: { client_token: c, client_secret: \"{secret.sid}\", access_token: a } }".to_owned()),
        ("sigv4", "sign: { sigv4: { access_key: a, secret_key: \"{secret.sid}\", region: eu-west-1, service: es } }".to_owned()),
    ]
}

#[test]
fn every_kind_is_understood_and_names_its_secret_once() {
    for (kind, written) in kinds() {
        let text = source(&format!("{{ {written} }}"), "");
        let loaded =
            load(&text, &no_files).unwrap_or_else(|problems| panic!("{kind}: {problems:?}"));
        assert!(loaded.warnings.is_empty(), "{kind}: {:?}", loaded.warnings);
        assert_eq!(loaded.source.secret_names(), ["sid"], "{kind}");
        let auth = loaded.source.poll.unwrap().auth;
        assert_eq!(auth.kind(), kind);
        assert_eq!(auth.rotated_secret().is_some(), kind == "refresh_token");
    }
}

#[test]
fn a_preset_means_what_it_stands_for_and_keeps_its_name() {
    for (preset, general) in [
        (
            "google_service_account: { key: \"{secret.k}\", subject: s, scopes: [a, b] }",
            "jwt_bearer: { token_url: \"https://oauth2.googleapis.com/token\", key: \"{secret.k}\", subject: s, life: 60m, claims: { scope: a b },
               key_file: { issuer: client_email, key: private_key, key_id: private_key_id, token_url: token_uri } }",
        ),
        (
            "github_app: { app_id: 1, installation_id: 2, key: \"{secret.k}\", api_url: \"https://example.com/api/v3/\" }",
            "jwt_bearer: { token_url: \"https://example.com/api/v3/app/installations/2/access_tokens\", key: \"{secret.k}\", issuer: 1, send: bearer,
               headers: { accept: application/vnd.github+json }, backdate: 1m, answer: { token: token, expires_at: expires_at } }",
        ),
    ] {
        let auth = |written: &str| {
            let text = source(&format!("{{ {} }}", written.replace('\n', "")), "");
            load(&text, &no_files).unwrap().source.poll.unwrap().auth
        };
        let (preset_means, mut general) = (auth(preset), auth(general));
        let PollAuth::Token(token) = &mut general else { panic!("{general:?}") };
        token.kind = preset.split(':').next().unwrap().to_owned().leak();
        assert_eq!(format!("{preset_means:?}"), format!("{general:?}"));
    }
}

#[test]
fn a_session_sends_a_token_or_cookies_and_one_of_them() {
    let session = |sent: &str| {
        let login =
            "login: { post: \"https://api.example.com/login\", form: { p: \"{secret.p}\" } }";
        said(&source(&format!("{{ session: {{ {login}{sent} }} }}"), ""))
    };
    let token = ", token: { from: t, send: { cookie: c } }";
    assert_eq!(session(", cookies: [JSESSIONID, XSRF-TOKEN]"), "");
    for (sent, message) in [
        (String::new(), "this login gives nothing that is sent"),
        (format!("{token}, cookies: [a]"), "a session sends a token or cookies"),
        (", cookies: []".to_owned(), "`cookies` names none"),
        (", cookies: [\"a b\"]".to_owned(), "`a b` is not a cookie's name"),
    ] {
        let said = session(&sent);
        assert!(said.contains(message), "{said}");
    }
}

#[test]
fn default_null_is_refused_where_nothing_can_be_null() {
    let request = |more: &str| said(&source("{ bearer: \"{secret.p}\" }", more));
    let refused = request(", headers: { x-a: \"{run.id|default(null)}\" }");
    assert!(refused.contains("`default(null)` says something in a JSON body alone"), "{refused}");
}

#[test]
fn a_token_in_the_query_is_a_parameter_of_ours() {
    let (_, written) = kinds().into_iter().find(|(kind, _)| *kind == "session").unwrap();
    let text = source(&format!("{{ {written} }}"), "");
    let auth = load(&text, &no_files).unwrap().source.poll.unwrap().auth;
    assert_eq!(auth.query_name(), Some("sid"));
    assert!(matches!(auth, PollAuth::Token(token) if matches!(token.send, SendToken::Query(_))));
}

#[test]
fn mistakes_are_told_with_their_place() {
    let client =
        |more: &str| format!("{{ client_credentials: {{ {TOKEN}, client_id: c{more} }} }}");
    let session = |login: &str, token: &str| {
        format!(
            "{{ session: {{ login: {{ post: \"https://api.example.com/login\"{login} }}, token: {token} }} }}"
        )
    };
    let sent = "{ from: t, send: { header: { name: x-t, value: \"{token}\" } } }";
    let hmac = |text: &str, into: &str| {
        format!(
            "{{ sign: {{ hmac: {{ secret: \"{{secret.s}}\", text: \"{text}\", into: {into} }} }} }}"
        )
    };
    let hash = |text: &str| {
        format!(
            "{{ sign: {{ hash: {{ text: \"{text}\", into: {{ x-s: \"{{signature}}\" }} }} }} }}"
        )
    };
    let cases = [
        ("no secret", client(""), ""),
        ("key with a secret", client(", client_secret: \"{secret.s}\", key: \"{secret.k}\""), ""),
        ("no key", client(", client_auth: private_key_jwt"), ""),
        ("no certificate", client(", client_auth: certificate, key: \"{secret.k}\""), ""),
        ("HMAC with a private key", client(", client_auth: private_key_jwt, key: \"{secret.k}\", algorithm: HS256"), ""),
        ("RSA with a shared secret", client(", client_auth: client_secret_jwt, client_secret: \"{secret.k}\", algorithm: RS256"), ""),
        ("parameter twice", client(", client_secret: \"{secret.s}\", audience: a, params: { audience: b }"), ""),
        ("end twice", client(", client_secret: \"{secret.s}\", answer: { expires_in: a, expires_at: b }"), ""),
        ("unknown key", client(", client_secret: \"{secret.s}\", audiences: a"), ""),
        ("password in the file", "{ basic: { username: u, password: p } }".to_owned(), ""),
        ("refresh token as a template", format!("{{ refresh_token: {{ {TOKEN}, refresh_token: \"{{secret.t}}\" }} }}"), ""),
        ("assertion under refresh_token", format!("{{ refresh_token: {{ {TOKEN}, refresh_token: t, client_id: c, client_auth: private_key_jwt }} }}"), ""),
        ("claim of ours", format!("{{ jwt_bearer: {{ {TOKEN}, key: \"{{secret.k}}\", issuer: i, claims: {{ exp: \"1\" }} }} }}"), ""),
        ("no issuer", format!("{{ jwt_bearer: {{ {TOKEN}, key: \"{{secret.k}}\" }} }}"), ""),
        ("issuer twice", format!("{{ jwt_bearer: {{ {TOKEN}, key: \"{{secret.k}}\", issuer: i, key_file: {{ key: k, issuer: i }} }} }}"), ""),
        ("id of the key twice", format!("{{ jwt_bearer: {{ {TOKEN}, key: \"{{secret.k}}\", key_id: a, key_file: {{ key: k, issuer: i, key_id: i }} }} }}"), ""),
        ("parameters of an empty body", format!("{{ jwt_bearer: {{ {TOKEN}, key: \"{{secret.k}}\", issuer: i, send: bearer, scopes: [a] }} }}"), ""),
        ("no scope", "{ google_service_account: { key: \"{secret.k}\", scopes: [] } }".to_owned(), ""),
        ("unknown key of a preset", "{ google_service_account: { key: \"{secret.k}\", scope: [a] } }".to_owned(), ""),
        ("missing key of a preset", "{ github_app: { app_id: \"1\", key: \"{secret.k}\" } }".to_owned(), ""),
        ("list in a preset that takes text", "{ github_app: { app_id: [\"1\"], installation_id: \"2\", key: \"{secret.k}\" } }".to_owned(), ""),
        ("text in a preset that takes a list", "{ google_service_account: { key: \"{secret.k}\", scopes: a } }".to_owned(), ""),
        ("nothing in a preset", "{ github_app: }".to_owned(), ""),
        ("preset without its keys", "github_app".to_owned(), ""),
        ("misspelt preset", "{ github_ap: { key: k } }".to_owned(), ""),
        ("key in the file of a preset", "{ github_app: { app_id: \"1\", installation_id: \"2\", key: k } }".to_owned(), ""),
        ("URL of a preset without an origin", "{ github_app: { app_id: \"1\", installation_id: \"2\", key: \"{secret.k}\", api_url: \"{secret.u}\" } }".to_owned(), ""),
        ("unknown variable in a preset", "{ google_service_account: { key: \"{secret.k}\", subject: \"{var.x}\", scopes: [a] } }".to_owned(), ""),
        ("login without a secret", session(", form: { p: plain }", sent), ""),
        ("two bodies", session(", form: { p: \"{secret.p}\" }, json: {}", sent), ""),
        ("token that is not sent", session(", form: { p: \"{secret.p}\" }", "{ from: t, send: { header: { name: x-t, value: \"{secret.p}\" } } }"), ""),
        ("unknown word", session(", form: { p: \"{secret.p}\" }", "{ from: t, send: { header: { name: x-t, value: \"{tokn}\" } } }"), ""),
        ("cookie's name", session(", form: { p: \"{secret.p}\" }", "{ from: \"cookie.a b\", send: { cookie: c } }"), ""),
        ("login without an origin", "{ session: { login: { post: \"{secret.url}/login\" }, token: { from: t, send: { cookie: c } } } }".to_owned(), ""),
        ("nothing signed", hmac("text", "{ x-s: \"{signature}\" }"), ""),
        ("signature not sent", hmac("{path}", "{ x-s: \"{date|epoch}\" }"), ""),
        ("date not sent", hmac("{path}{date|epoch}", "{ x-s: \"{signature}\" }"), ""),
        ("unknown word in a text", hmac("{pth}", "{ x-s: \"{signature}\" }"), ""),
        ("header of ours", hmac("{path}", "{ host: \"{signature}\" }"), ""),
        ("header twice", hmac("{path}", "{ x-s: \"{signature}\" }"), ", headers: { X-S: a }"),
        ("hash that anybody could make", hash("{method}{path}"), ""),
        ("hash that is always the same", hash("{secret.s}"), ""),
        ("hash with a key", "{ sign: { hash: { secret: \"{secret.s}\", text: \"{path}\", into: { x-s: \"{signature}\" } } } }".to_owned(), ""),
        ("date of Duo twice", "{ sign: { duo: { integration_key: i, secret_key: \"{secret.s}\" } } }".to_owned(), ", headers: { Date: a }"),
        ("cookie twice", "{ cookie: { name: c, value: \"{secret.s}\" } }".to_owned(), ", headers: { Cookie: a }"),
    ];
    let report = cases.iter().fold(String::new(), |report, (name, auth, request)| {
        format!("{report}# {name}\n{}\n", said(&source(auth, request)))
    });
    insta::assert_snapshot!(report);
}

/// One silently took the place of the other.
#[test]
fn a_token_request_sets_its_authorization_once() {
    let with = |auth: &str| {
        said(&format!(
            "source: acme\npoll:\n  schedule: rate(1 minute)\n  auth: {auth}\n  request: {{ get: \"https://api.example.com/logs\" }}\n  \
             records: items\n  cursor: {{ listing: true }}\n"
        ))
    };
    let login = |more: &str| {
        with(&format!(
            "{{ session: {{ login: {{ post: \"https://api.example.com/in\", headers: {{ Authorization: \"{{secret.a}}\" }}{more} }}, cookies: [s] }} }}"
        ))
    };
    assert!(!login("").contains("set by"), "{}", login(""));
    let both = login(", basic: { username: u, password: \"{secret.p}\" }");
    assert!(both.contains("is set by `headers` and by `basic`"), "{both}");
    let grant = with(
        "{ jwt_bearer: { token_url: \"https://api.example.com/t\", key: \"{secret.k}\", issuer: i, send: bearer, headers: { authorization: x } } }",
    );
    assert!(grant.contains("is set by `headers` and by the client"), "{grant}");
}
