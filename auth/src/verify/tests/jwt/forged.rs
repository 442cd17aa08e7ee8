//! Forged tokens and keys.

use super::*;

#[test]
fn the_header_does_not_choose_how_it_is_verified() {
    let of = |alg: &str| format!(r#"{{"alg":"{alg}","kid":"k1"}}"#);
    let text = claims().to_string();
    // Not signed at all.
    for alg in ["none", "None", "NONE", "nOnE", "", "rs256", "RS256 "] {
        let message = format!("{}.{}", b64(of(alg)), b64(&text));
        for signature in ["", "AA", &b64("none")] {
            assert!(judge(&format!("{message}.{signature}")).is_err(), "{alg:?} {signature:?}");
        }
    }
    // An HMAC whose secret is what everybody knows.
    let modulus = URL_SAFE_NO_PAD.decode(RSA.jwk["n"].as_str().unwrap()).unwrap();
    let jwk = RSA.jwk.to_string();
    let known: [&[u8]; 4] =
        [RSA.public_pem.as_bytes(), RSA.public_pem.trim().as_bytes(), &modulus, jwk.as_bytes()];
    for secret in known {
        let key = EncodingKey::from_secret(secret);
        let forged = raw(&of("HS256"), &text, &key, Algorithm::HS256);
        assert!(refused(&forged).contains("is not signed with `RS256`"));
        for keys in ["pem: [p]", "jwk: [p]"] {
            let checks = format!("jwt: {{ {START}, algorithms: [RS256], keys: {{ {keys} }} }}");
            let live = secrets(&[("p", if keys.contains("pem") { &RSA.public_pem } else { &jwk })]);
            assert!(judge_by(&checks, &live, &bearer(&forged)).is_err());
            let claimed = forged.replacen(&b64(of("HS256")), &b64(of("RS256")), 1);
            assert!(judge_by(&checks, &live, &bearer(&claimed)).is_err());
        }
    }
    // A key that the token brings along.
    let mut header = json!({ "alg": "RS256", "kid": "k1" });
    for (name, value) in [
        ("jwk", OTHER_RSA.jwk.clone()),
        ("jku", json!("https://evil.example.com/keys")),
        ("x5u", json!("https://evil.example.com/cert")),
        ("x5c", json!(["AAAA"])),
    ] {
        header[name] = value;
    }
    let forged = raw(&header.to_string(), &text, &OTHER_RSA.signing, Algorithm::RS256);
    assert!(refused(&forged).contains("was not signed with a key that"));
}

#[test]
fn a_key_is_for_its_own_kind_and_purpose() {
    let listed = "[RS256, RS384, ES256, ES384, EdDSA]";
    let checks = pinned().replace("[RS256]", listed);
    let token = token(&claims());
    let by = |jwk: Value| {
        // There is a good key beside it, of another name.
        let live = published(&[jwk, named(&OTHER_RSA.jwk, "k2")]);
        judge_by(&checks, &live, &bearer(&token))
    };
    let changed = |name: &str, value: Value| {
        let mut jwk = named(&RSA.jwk, "k1");
        jwk[name] = value;
        jwk
    };
    assert!(by(named(&RSA.jwk, "k1")).is_ok());
    assert!(by(changed("use", json!("sig"))).is_ok());
    assert!(by(changed("alg", json!("RS256"))).is_ok());
    assert!(by(changed("key_ops", json!(["verify"]))).is_ok());
    for (name, value) in [
        ("use", json!("enc")),
        ("alg", json!("RS384")),
        ("alg", json!("RSA-OAEP")),
        ("key_ops", json!(["encrypt"])),
        ("kid", json!("k3")),
        ("kty", json!("EC")),
        ("n", json!("AAAA")),
    ] {
        assert!(by(changed(name, value.clone())).is_err(), "{name}: {value}");
    }
    // A token that says it is of another curve than the key.
    let header = r#"{"alg":"ES384","kid":"k1"}"#;
    let token = raw(header, &claims().to_string(), &P384.signing, Algorithm::ES384);
    for keys in [&P256.jwk, &ED.jwk, &RSA.jwk] {
        let denied = judge_by(&checks, &published(&[named(keys, "k1")]), &bearer(&token));
        assert!(matches!(denied, Err(Denied::JwtNoKey { .. })));
    }
}

#[test]
fn kid_picks_the_key_and_without_it_each_is_tried() {
    let keys =
        published(&[named(&OTHER_RSA.jwk, "k0"), named(&P256.jwk, "k1"), named(&RSA.jwk, "k2")]);
    let of = |kid: &str| {
        let header = format!(r#"{{"alg":"RS256"{kid}}}"#);
        let token = raw(&header, &claims().to_string(), &RSA.signing, Algorithm::RS256);
        judge_by(&pinned(), &keys, &bearer(&token))
    };
    assert_eq!(of("").unwrap().passed()[0].secret.as_deref(), Some(JWKS_URL));
    assert!(of(r#","kid":"k2""#).is_ok());
    for (kid, is_known) in [("k0", true), ("k1", false), ("k3", false), ("", false)] {
        let denied = of(&format!(r#","kid":"{kid}""#)).unwrap_err();
        assert!(denied.depends_on_keys() && !denied.depends_on_secret(), "{denied}");
        assert_eq!(matches!(denied, Denied::JwtSignature { .. }), is_known, "{denied}");
    }
    assert!(of(r#","kid":7"#).is_err());
    assert!(of(r#","kid":null"#).is_err());
}

#[test]
fn a_token_has_one_reading() {
    let good = token(&claims());
    assert!(judge(&good).is_ok());
    let parts: Vec<&str> = good.split('.').collect();
    let (header, payload, signature) = (parts[0], parts[1], parts[2]);
    for wrong in [
        String::new(),
        ".".to_owned(),
        "..".to_owned(),
        format!("{header}.{payload}"),
        format!("{header}.{payload}."),
        format!(".{payload}.{signature}"),
        format!("{header}..{signature}"),
        format!("{good}."),
        format!("{good}.{signature}"),
        format!(".{good}"),
        format!("{header}={}.{payload}.{signature}", ""),
        format!("{header}.{payload}=.{signature}"),
        format!("{good}="),
        format!("{good}=="),
        format!("{good}\n"),
        format!("{good} "),
        format!("{good},{good}"),
        format!("{header}.{payload}.{}", signature.replace(['-', '_'], "+")),
        format!("{header}.{payload}.{}A", signature),
        format!("{header}.{payload}.{}", &signature[..signature.len() - 2]),
        format!("{header}.{payload}.{}", "A".repeat(signature.len())),
        format!("{payload}.{header}.{signature}"),
        format!("{header}.{payload}A.{signature}"),
        "é.é.é".to_owned(),
        format!("{header}.{}.{signature}", "A".repeat(20_000)),
    ] {
        assert!(judge(&wrong).is_err(), "{wrong:.60}");
    }
    let text = claims().to_string();
    let signed =
        |header: &str, claims: &str| judge(&raw(header, claims, &RSA.signing, Algorithm::RS256));
    let header = r#"{"alg":"RS256","kid":"k1"}"#;
    assert!(signed(header, &text).is_ok());
    for header in [
        r#"{"alg":"RS256","alg":"RS256","kid":"k1"}"#,
        r#"{"alg":"none","alg":"RS256","kid":"k1"}"#,
        r#"{"alg":"RS256","kid":"k1","\u0061lg":"none"}"#,
        r#"{"alg":"RS256","kid":"k1","crit":["exp"]}"#,
        r#"{"alg":"RS256","kid":"k1","crit":[]}"#,
        r#"{"alg":["RS256"],"kid":"k1"}"#,
        r#"{"kid":"k1"}"#,
        r#"["RS256"]"#,
        r#""RS256""#,
        "null",
        "{",
    ] {
        assert!(signed(header, &text).is_err(), "{header}");
    }
    let open = text.strip_suffix('}').unwrap();
    for claims in [
        format!("{open},\"aud\":\"us\"}}"),
        format!("{open},\"\\u0061ud\":\"us\"}}"),
        format!("{open},\"x\":{{\"y\":1,\"y\":2}}}}"),
        format!("{text}{{}}"),
        format!("[{text}]"),
        format!("\u{feff}{text}"),
        "null".to_owned(),
    ] {
        assert!(signed(header, &claims).is_err(), "{claims}");
    }
    let huge = with("x", json!("x".repeat(20_000)));
    assert!(refused(&token(&huge)).contains("longer than 16 KiB"));
}

#[test]
fn a_secret_that_is_no_key_is_told_by_name_and_never_shown() {
    let token = token(&claims());
    let private = "-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n";
    for (keys, values) in [
        (
            "pem",
            ["nonsense", private, "-----BEGIN PUBLIC KEY-----\nAAAA\n-----END PUBLIC KEY-----"],
        ),
        (
            "jwk",
            ["nonsense", "{\"kty\":\"oct\",\"k\":\"\"}", "{\"kty\":\"RSA\",\"n\":\"nonsense\"}"],
        ),
    ] {
        let checks = format!("jwt: {{ {START}, algorithms: [RS256], keys: {{ {keys}: [p] }} }}");
        for value in values {
            let denied = judge_by(&checks, &secrets(&[("p", value)]), &bearer(&token)).unwrap_err();
            assert!(matches!(denied, Denied::JwtKeyMalformed { .. }), "{denied}");
            assert!(denied.to_string().contains("`p`") && !denied.to_string().contains("nonsense"));
        }
    }
}
