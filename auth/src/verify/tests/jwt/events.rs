//! Events that travel in tokens: pushed as the body (RFC 8935) or as a part of it.

use super::*;

/// The claims of a security event token, as RFC 8417 §2.1.4 shows them.
const SET: &str = r#"{"iss":"https://issuer.example.com","iat":1700000000,"jti":"756E69717565206964656E746966696572","aud":["us","https://them.example.com"],"events":{"https://schemas.openid.net/secevent/risc/event-type/account-disabled":{"subject":{"subject_type":"iss-sub","iss":"https://idp.example.com/","sub":"7375626A656374"},"reason":"hijacking","n":1.10}}}"#;

const PUSHED: &str = r#"jwt: { from: body, record: claims, type: secevent+jwt, algorithms: [RS256],
    keys: { jwks_url: "https://issuer.example.com/keys" }, issuer: "https://issuer.example.com", audience: us,
    required: [iat, jti, events], max_age: 7d }"#;

fn set(claims: &str, typ: &str) -> String {
    let header = format!(r#"{{"typ":"{typ}","alg":"RS256","kid":"k1"}}"#);
    raw(&header, claims, &RSA.signing, Algorithm::RS256)
}

fn push(checks: &str, body: impl Into<Vec<u8>>) -> Result<Verified, Denied> {
    let headers = [("content-type", "application/secevent+jwt"), ("content-encoding", "identity")];
    judge_by(checks, &published(&[named(&RSA.jwk, "k1")]), &Post::new(&headers, body))
}

#[test]
fn the_claims_of_a_token_that_is_the_body_are_the_record() {
    let token = set(SET, "secevent+jwt");
    for body in [token.clone(), format!("{token}\n")] {
        let verified = push(PUSHED, body).unwrap();
        assert_eq!(verified.body(), SET, "every byte is as it was signed");
        assert_eq!(verified.header("content-type"), Some("application/json"));
        assert_eq!(verified.header("content-encoding"), None);
        // The same event, signed again, is the same.
        assert_eq!(verified.body_sha256_hex(), mef_source::sha256_hex(SET));
    }
    assert!(push(PUSHED, set(SET, "application/SecEvent+JWT")).is_ok());
}

#[test]
fn a_pushed_token_is_refused_for_a_reason_that_rfc_8935_names() {
    let token = set(SET, "secevent+jwt");
    let changed = |from: &str, to: &str| set(&SET.replacen(from, to, 1), "secevent+jwt");
    let stranger = raw(
        r#"{"typ":"secevent+jwt","alg":"RS256","kid":"k1"}"#,
        SET,
        &OTHER_RSA.signing,
        Algorithm::RS256,
    );
    for (body, code) in [
        (String::new(), "invalid_request"),
        ("{}".to_owned(), "invalid_request"),
        (format!("{}AAAA", &token[..token.len() - 4]), "invalid_key"),
        (format!("{token}x"), "invalid_request"),
        (stranger, "invalid_key"),
        (changed("issuer", "other"), "invalid_issuer"),
        (changed(r#"["us","#, r#"["them","#), "invalid_audience"),
        (changed("jti", "jtj"), "invalid_request"),
        (changed("events", "event"), "invalid_request"),
        // An identity token of the same issuer for the same audience is no event.
        (set(SET, "JWT"), "invalid_request"),
    ] {
        let denied = push(PUSHED, body.clone()).unwrap_err();
        assert_eq!(denied.set_error(), code, "{body}: {denied}");
    }
    let with_bearer =
        format!("token: {{ from: header.authorization, secrets: [s] }}\n    - {PUSHED}");
    assert_eq!(push(&with_bearer, token).unwrap_err().set_error(), "authentication_failed");
}

#[test]
fn the_claims_of_a_token_inside_the_body_are_the_record() {
    let checks = PUSHED.replace("from: body", "from: payload");
    let token = set(SET, "secevent+jwt");
    let body = format!(r#"{{"payload":"{token}"}}"#);
    assert_eq!(push(&checks, body.clone()).unwrap().body(), SET);
    let beside = format!(
        "jwt: {{ {}, record: body, algorithms: [RS256], keys: {{ jwks_url: \"{JWKS_URL}\" }} }}",
        START.replace("header.Authorization, prefix: \"Bearer \"", "payload")
    );
    let body = format!(r#"{{"payload":"{}","id":1}}"#, self::token(&claims()));
    assert_eq!(push(&beside, body).unwrap().body(), r#"{"payload":"***","id":1}"#);
    let form = PUSHED.replace("from: body", "from: form.set");
    let post = Post::new(
        &[("content-type", "application/x-www-form-urlencoded")],
        format!("set={token}&x=1"),
    );
    let keys = published(&[named(&RSA.jwk, "k1")]);
    assert_eq!(judge_by(&form, &keys, &post).unwrap().body(), SET);
    // Of several tokens each must be good, and each is a record.
    let several = PUSHED.replace("from: body", "from: /sets/*");
    let list = |tokens: &[&str]| format!(r#"{{"sets":{}}}"#, json!(tokens));
    let second = SET.replace("756E", "856E");
    let tokens = [&*token, &*set(&second, "secevent+jwt")];
    assert_eq!(push(&several, list(&tokens)).unwrap().body(), &format!("[{SET},{second}]"));
    assert!(push(&several, list(&[&token, "a.b.c"])).is_err());
}

#[test]
fn the_record_is_that_of_the_alternative_that_passed() {
    let other = PUSHED.replace("audience: us", "audience: nobody");
    let token = set(SET, "secevent+jwt");
    for checks in [
        format!("any: [ {{ {PUSHED} }}, {{ {other} }} ]"),
        format!("any: [ {{ {other} }}, {{ {PUSHED} }} ]"),
    ] {
        assert_eq!(push(&checks, token.clone()).unwrap().body(), SET);
    }
    let failing = format!(
        "any: [ {{ all: [ {{ {PUSHED} }}, {{ token: {{ from: header.x-token, secrets: [s] }} }} ] }}, {{ {other} }} ]"
    );
    assert!(push(&failing, token).is_err());
}

#[test]
fn alternatives_without_a_record_leave_that_of_the_check_before() {
    let alternative = |name: &str| format!("{{ token: {{ from: header.{name}, secrets: [s] }} }}");
    let checks =
        format!("{PUSHED}\n    - any: [ {}, {} ]", alternative("x-token"), alternative("x-key"));
    let keys = published(&[named(&RSA.jwk, "k1")]);
    for name in ["x-token", "x-key"] {
        let headers = [("content-type", "application/secevent+jwt"), (name, "shared secret")];
        let post = Post::new(&headers, set(SET, "secevent+jwt"));
        assert_eq!(judge_by(&checks, &keys, &post).unwrap().body(), SET);
    }
}

#[test]
fn an_event_in_a_token_may_be_as_deep_as_any_other() {
    let deep = SET.replace("\"hijacking\"", &format!("{}1{}", "[".repeat(60), "]".repeat(60)));
    assert_eq!(push(PUSHED, set(&deep, "secevent+jwt")).unwrap().body(), &deep);
    let twice = SET.replacen("\"jti\"", "\"jti\":\"1\",\"jti\"", 1);
    assert!(
        push(PUSHED, set(&twice, "secevent+jwt")).is_err(),
        "which one counts would be a guess"
    );
}

#[test]
fn a_long_event_is_read_from_a_body_and_not_from_a_header() {
    let long = SET.replace("hijacking", &"x".repeat(40 * 1024));
    assert_eq!(push(PUSHED, set(&long, "secevent+jwt")).unwrap().body(), &long);
    let in_header = pinned();
    let token = token(&with("note", json!("x".repeat(40 * 1024))));
    assert!(judge_by(&in_header, &published(&[named(&RSA.jwk, "k1")]), &bearer(&token)).is_err());
}

const VENDOR: &str = "secret-of-the-vendor-with-32-bytes";
const BODY: &str = r#"{"event":"login","user":"ann"}"#;

fn bound(checks: &str, header: &str, token: &str, body: &str) -> Result<Verified, Denied> {
    Post::new(&[(header, token)], body).verify(checks, &[("s", VENDOR)])
}

#[test]
fn a_token_without_a_time_is_bound_to_the_body() {
    // https://docs.netlify.com/deploy/deploy-notifications/#payload-signature, made with PyJWT.
    let netlify = r#"jwt: { from: header.X-Webhook-Signature, algorithms: [HS256], secrets: [s], issuer: netlify,
        required: [], digest: { sha256: "{body|sha256_hex}" } }"#;
    let token = "eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9.eyJpc3MiOiJuZXRsaWZ5Iiwic2hhMjU2IjoiM2NhYjgyYzZlZWZmMDAzOTMyYjdiN2Q5ZTFhNTk5Y2JiYjQ2YzY0MWFlMmY0ODIzY2I0NDYyNzU3NTgxYjdmYiJ9.7TAshIZT2aV_HXEJDJpxuUEL2wv0yGMxDsFFnpzdwtg";
    assert!(bound(netlify, "X-Webhook-Signature", token, BODY).is_ok());
    assert!(bound(netlify, "X-Webhook-Signature", token, &format!("{BODY} ")).is_err());
    // https://fusionauth.io/docs/extend/events-and-webhooks/signing, made with PyJWT.
    let fusion = r#"jwt: { from: header.X-FusionAuth-Signature-JWT, algorithms: [HS256], secrets: [s],
        required: [], digest: { request_body_sha256: "{body|sha256_base64}" } }"#;
    let token = "eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9.eyJyZXF1ZXN0X2JvZHlfc2hhMjU2IjoiUEt1Q3h1Ny9BRGt5dDdmWjRhV1p5N3RHeGtHdUwwZ2p5MFJpZFhXQnQvcz0ifQ.tHNRrvHxnV84bLMxkeU4FBPFXcy9rl8trrMAUck05cI";
    assert!(bound(fusion, "X-FusionAuth-Signature-JWT", token, BODY).is_ok());
    assert!(
        bound(fusion, "X-FusionAuth-Signature-JWT", token, &BODY.replace("ann", "bob")).is_err()
    );
    let nothing = raw(
        r#"{"alg":"HS256"}"#,
        "{}",
        &EncodingKey::from_secret(VENDOR.as_bytes()),
        Algorithm::HS256,
    );
    assert!(bound(fusion, "X-FusionAuth-Signature-JWT", &nothing, BODY).is_err());
}

#[test]
fn a_detached_signature_is_over_the_body() {
    // RFC 7520 §4.5.
    let key = r#"{"kty":"oct","k":"hJtXIZ2uSN5kbQfbtTNWbpdmhkV8FJG-Onbc6mxCcYg"}"#;
    let checks = "jws: { from: header.x-jws-signature, algorithms: [HS256], keys: { jwk: [s] } }";
    let body = "It’s a dangerous business, Frodo, going out your door. You step onto the road, and if you don't keep your feet, there’s no knowing where you might be swept off to.";
    let head = "eyJhbGciOiJIUzI1NiIsImtpZCI6IjAxOGMwYWU1LTRkOWItNDcxYi1iZmQ2LWVlZjMxNGJjNzAzNyJ9";
    let signature = "s0h6KThzkfBBBkLspW1h84VsJZFTsPPqMDA7g1Md7p0";
    let by = |token: &str, body: &str| {
        Post::new(&[("x-jws-signature", token)], body).verify(checks, &[("s", key)])
    };
    let verified = by(&format!("{head}..{signature}"), body).unwrap();
    assert_eq!(verified.body(), body);
    assert_eq!(verified.header("x-jws-signature"), Some("***"));
    assert!(by(&format!("{head}..{signature}"), &body.replace("Frodo", "Sam")).is_err());
    // A payload of its own would be another than the body.
    let own = b64(body);
    assert!(by(&format!("{head}.{own}.{signature}"), "{}").is_err());
    assert!(by(&format!("{head}.{own}.{signature}"), body).is_err());
    for header in [
        r#"{"alg":"HS256","crit":["b64","exp"],"b64":false}"#,
        r#"{"alg":"HS256","crit":["http://example.com/other"]}"#,
        r#"{"alg":"none"}"#,
    ] {
        assert!(by(&format!("{}..{signature}", b64(header)), "$.02").is_err(), "{header}");
    }
}

/// The key of RFC 7515 appendix A.1 and RFC 7797 §4.
const RFC_KEY: &str = r#"{"kty":"oct","k":"AyM1SysPpbyDfgZld3umj1qzKObwVMkoqQ-EstJQLr_T-1qS0gZH75aKtMN3Yj0iPS4hcgUuTwjAzZr1Z9CAow"}"#;

fn detached(token: &str, body: &str) -> Result<Verified, Denied> {
    let checks = "jws: { from: header.x-jws-signature, algorithms: [HS256], keys: { jwk: [s] } }";
    Post::new(&[("x-jws-signature", token)], body).verify(checks, &[("s", RFC_KEY)])
}

#[test]
fn a_body_is_signed_as_it_is_if_the_signature_demands_that() {
    // RFC 7797 §4.2.
    let plain = "eyJhbGciOiJIUzI1NiIsImI2NCI6ZmFsc2UsImNyaXQiOlsiYjY0Il19..A5dxf2s96_n5FLueVuW1Z_vh161FwXZC4YLPff6dmDY";
    assert!(detached(plain, "$.02").is_ok());
    assert!(detached(plain, "$.03").is_err());
    // PyJWT calls a signature over a plain payload a JWT too.
    let header = b64(r#"{"typ":"JWT","alg":"HS256","b64":false,"crit":["b64"]}"#);
    let key =
        "AyM1SysPpbyDfgZld3umj1qzKObwVMkoqQ-EstJQLr_T-1qS0gZH75aKtMN3Yj0iPS4hcgUuTwjAzZr1Z9CAow";
    let key = URL_SAFE_NO_PAD.decode(key).unwrap();
    let made = b64(mac(lc_hmac::HMAC_SHA256, &key, format!("{header}.{BODY}").as_bytes()));
    assert!(detached(&format!("{header}..{made}"), BODY).is_ok());
}

#[test]
fn the_claims_of_a_token_do_not_pass_for_a_signed_body() {
    // RFC 7515 appendix A.1: a token with claims. Its signature is good for its claims as a body.
    let claims =
        "{\"iss\":\"joe\",\r\n \"exp\":1300819380,\r\n \"http://example.com/is_root\":true}";
    let (head, signature) =
        ("eyJ0eXAiOiJKV1QiLA0KICJhbGciOiJIUzI1NiJ9", "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk");
    let denied = detached(&format!("{head}..{signature}"), claims).unwrap_err();
    assert!(denied.to_string().contains("a token with claims"), "{denied}");
    for typ in ["jwt", "at+jwt", "application/JWT", "application/secevent+jwt"] {
        let header = format!(r#"{{"alg":"RS256","kid":"k1","typ":"{typ}"}}"#);
        let token = raw(&header, SET, &RSA.signing, Algorithm::RS256);
        let detached = token.replacen(&b64(SET), "", 1);
        let checks = format!(
            "all: [ {{ jws: {{ from: header.x-jws, algorithms: [RS256], keys: {{ jwks_url: \"{JWKS_URL}\" }} }} }}, {{ token: {{ from: jti, secrets: [s] }} }} ]"
        );
        let post = Post::new(&[("x-jws", &*detached)], SET);
        let keys = published(&[named(&RSA.jwk, "k1")]);
        assert!(
            matches!(judge_by(&checks, &keys, &post), Err(Denied::JwtMalformed { .. })),
            "{typ}"
        );
        // Nobody fetches keys for it either.
        assert_eq!(wanted_keys(&webhook(&checks), &post.request(), |_| true, now()), []);
    }
}

#[test]
fn a_detached_signature_has_a_published_key() {
    // As Fireblocks signs: RS512 with a key of its key set.
    let checks = format!(
        "all: [ {{ jws: {{ from: header.Fireblocks-Webhook-Signature, algorithms: [RS512], keys: {{ jwks_url: \"{JWKS_URL}\" }} }} }}, {{ token: {{ from: header.x-account, secrets: [s] }} }} ]"
    );
    let header = r#"{"alg":"RS512","kid":"k1"}"#;
    let token = raw(header, BODY, &RSA.signing, Algorithm::RS512);
    let detached = token.replacen(&b64(BODY), "", 1);
    let post = |token: &str, body: &str| {
        let account = ("x-account", "shared secret");
        Post::new(&[("Fireblocks-Webhook-Signature", token), account], body)
    };
    let keys = published(&[named(&RSA.jwk, "k1")]);
    assert!(judge_by(&checks, &keys, &post(&detached, BODY)).is_ok());
    assert!(judge_by(&checks, &keys, &post(&detached, "{}")).is_err());
    let request = post(&detached, BODY).request();
    assert_eq!(wanted_keys(&webhook(&checks), &request, |_| true, now()), [source()]);
    let short = checks.replace("RS512", "RS256");
    assert!(judge_by(&short, &keys, &post(&detached, BODY)).is_err());
    // The head decides only that a signature came.
    let head = post(&detached, "").request();
    assert_eq!(verify_head(&webhook(&checks), &head, &keys, now()), Ok(()));
    assert!(verify_head(&webhook(&checks), &post("a.b", "").request(), &keys, now()).is_err());
}
