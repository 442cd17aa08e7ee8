//! Signed texts that no template can express. The expected values were made with
//! the libraries that the vendors give to receivers.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use super::*;

const TWILIO: &str = r#"any: [
  { hmac: { hash: sha1, secrets: [s], text: "{url}{form_sorted}", url_port_variants: true,
            signature: { from: header.X-Twilio-Signature, encoding: base64 } } },
  { all: [ { hmac: { hash: sha1, secrets: [s], text: "{url}", url_port_variants: true,
                     signature: { from: header.X-Twilio-Signature, encoding: base64 } } },
           { digest: { hash: sha256, of: "{body}", equals: query.bodySHA256, encoding: hex } } ] } ]"#;

const FORM: &str = "CallSid=CA1&From=%2B14158675309&Body=h%C3%A9llo+w%C3%B6rld%21&a=2&a=1&a=2&%F0%9F%98%80=x&%EF%BF%BD=y&Digits=&A=3";

fn twilio(signature: &str, query: &str, body: &str) -> Result<Verified, Denied> {
    let post = Post::new(&[("X-Twilio-Signature", signature)], body);
    Post { query: query.to_owned(), ..post }.verify(TWILIO, &[("s", "12345")])
}

#[test]
fn a_form_that_says_nothing_does_not_pass_for_what_was_signed_with_the_url() {
    let query = "bodySHA256=0a1b2c";
    let text = format!("https://hooks.example.com/test?{query}");
    let signature =
        STANDARD.encode(mac(lc_hmac::HMAC_SHA1_FOR_LEGACY_USE_ONLY, b"12345", text.as_bytes()));
    for body in ["&", "=", "&=&&="] {
        assert!(twilio(&signature, query, body).is_err(), "{body:?}");
    }
}

#[test]
fn a_form_is_signed_sorted_and_with_or_without_the_port() {
    let query = "foo=1&bar=2";
    let (without, with) = ("ZYOStLWk/Yh9zPvSPrXe2AeOkcM=", "0ofEVXv33PV0oZsKgFJnkdEr5DY=");
    for signature in [without, with] {
        assert_eq!(twilio(signature, query, FORM).unwrap().passed().len(), 1);
    }
    let shuffled = FORM.split('&').rev().collect::<Vec<_>>().join("&");
    assert!(twilio(without, query, &shuffled).is_ok());
    for wrong in [
        FORM.replace("CA1", "CA2"),
        FORM.replace("A=3", "a=3"),
        FORM.replace("%2B1", "+1"),
        format!("{FORM}&x=1"),
        format!("{FORM}\n"),
        format!("{FORM}&%ff=1"),
        String::new(),
    ] {
        let denied = twilio(without, query, &wrong).unwrap_err();
        assert!(matches!(denied, Denied::Alternatives(_)), "{wrong}");
        assert!(denied.depends_on_secret(), "{wrong}");
    }
    assert!(twilio(without, "bar=2&foo=1", FORM).is_err());
    let exact = TWILIO.replace("url_port_variants: true", "url_port_variants: false");
    let post = |signature: &str| Post {
        query: query.to_owned(),
        ..Post::new(&[("X-Twilio-Signature", signature)], FORM)
    };
    assert!(post(without).verify(&exact, &[("s", "12345")]).is_ok());
    assert!(post(with).verify(&exact, &[("s", "12345")]).is_err());
}

#[test]
fn the_port_that_was_written_may_be_left_out() {
    let checks = r#"hmac: { hash: sha256, secrets: [s], text: "{url}", url_port_variants: true,
        signature: { from: header.x-sig, encoding: hex } }"#;
    let mut webhook = webhook(checks);
    for (public, signed, passes) in [
        ("https://h/x", "https://h/x", true),
        ("https://h/x", "https://h:443/x", true),
        ("http://h/x", "http://h:80/x", true),
        ("https://h:443/x", "https://h/x", true),
        ("https://h:8443/x", "https://h:8443/x", true),
        ("https://h:8443/x", "https://h/x", true),
        ("https://h/x", "https://h:80/x", false),
        ("https://h:8443/x", "https://h:443/x", false),
        ("https://[2001:db8::1]/x", "https://[2001:db8::1]:443/x", true),
    ] {
        webhook.public_url = Some(public.parse().unwrap());
        let request = Post::new(&[("x-sig", &sha256_hex("k", signed))], "").request();
        let judged = verify(&webhook, request, &secrets(&[("s", "k")]), now());
        assert_eq!(judged.is_ok(), passes, "{public} {signed}");
    }
}

#[test]
fn a_body_is_proven_by_a_digest_that_the_url_holds() {
    let body = r#"{"a":"é"}"#;
    let query = "bodySHA256=b3a092a6af48807fa9482b2ee140105575daa26d5b24b3c0e60a7e2dee6683b1";
    let signature = "BO885HMYc/znHDvu7hKRTOlazJo=";
    let verified = twilio(signature, query, body).unwrap();
    let passed: Vec<_> = verified.passed().iter().map(|p| (p.check, p.secret.as_deref())).collect();
    assert_eq!(passed, [("hmac", Some("s")), ("digest", None)]);
    for (query, body) in [
        (query, r#"{"a":"e"}"#.to_owned()),
        (query, format!("{body}\n")),
        (&query.replace("b3", "b4"), body.to_owned()),
        (&query[..query.len() - 1], body.to_owned()),
        ("bodySHA256=", body.to_owned()),
        ("", body.to_owned()),
        (&format!("{query}&{query}"), body.to_owned()),
    ] {
        assert!(twilio(signature, query, &body).is_err(), "{query} {body}");
    }
}

const CONTENTFUL: &str = r#"hmac: { hash: sha256, secrets: [s],
    text: "{method}\n{path_query}\n{signed_headers.x-contentful-signed-headers}\n{body}",
    signature: { from: header.x-contentful-signature, encoding: hex },
    timestamp: { from: header.x-contentful-timestamp, unit: ms, max_age: 30s } }"#;

const LISTED: &str =
    "content-type,x-contentful-signed-headers,x-contentful-timestamp,x-contentful-topic";

fn contentful() -> Post {
    Post::new(
        &[
            ("Content-Type", " application/json "),
            ("X-Contentful-Topic", "ContentManagement.Entry.publish"),
            ("x-contentful-signed-headers", LISTED),
            ("x-contentful-timestamp", "1700000000000"),
            (
                "x-contentful-signature",
                "c093d774d8cee95de0f83cdf0351ba9bb5ae7ef0d7ae285f6e70b0089ff325d0",
            ),
        ],
        r#"{"x":1}"#,
    )
}

#[test]
fn headers_are_signed_as_a_header_lists_them() {
    let key = "0123456789abcdef".repeat(4);
    let pairs = [("s", key.as_str())];
    assert!(contentful().verify(CONTENTFUL, &pairs).is_ok());
    for index in 0..4 {
        let refuse = |change: &dyn Fn(&mut Post)| {
            let mut post = contentful();
            change(&mut post);
            assert!(post.verify(CONTENTFUL, &pairs).is_err(), "{:?}", post.headers);
        };
        refuse(&|post| post.headers[index].1.push(b'x'));
        refuse(&|post| post.headers[index].1.clear());
        refuse(&|post| drop(post.headers.remove(index)));
        refuse(&|post| post.headers.push(post.headers[index].clone()));
    }
    let mut more = contentful();
    more.headers.push(("x-unsigned".to_owned(), b"1".to_vec()));
    assert!(more.verify(CONTENTFUL, &pairs).is_ok());
}

#[test]
fn a_list_of_headers_names_itself_and_the_time() {
    for (list, unsigned) in [
        ("x-contentful-timestamp", "x-contentful-signed-headers"),
        ("x-contentful-signed-headers", "x-contentful-timestamp"),
    ] {
        let time = NOW.to_string() + "000";
        let value = if list == "x-contentful-timestamp" { time.as_str() } else { list };
        let text = format!("POST\n/test\n{list}:{value}\nb");
        let signature = sha256_hex("k", text);
        let headers = [
            ("x-contentful-signed-headers", list),
            ("x-contentful-timestamp", &time),
            ("x-contentful-signature", &signature),
        ];
        let denied = Post::new(&headers, "b").verify(CONTENTFUL, &[("s", "k")]).unwrap_err();
        let Denied::HeaderNotSigned { part, .. } = &denied else { panic!("{denied}") };
        assert_eq!(part.to_string(), format!("header `{unsigned}`"));
    }
}

#[test]
fn path_and_query_are_escaped_once_more() {
    let check = r#"hmac: { hash: sha256, secrets: [s], text: "{escaped_path_query}",
        signature: { from: header.x-sig, encoding: hex } }"#;
    let webhook = webhook(check);
    for (path, query, text) in [
        ("/test", "", "/test"),
        ("/a%20b/c", "", "/a%2520b/c"),
        ("/é;,:@&=+$-_.!~*()#'[]^|", "", "/%C3%A9;,:@&=+$-_.!~*()#'%5B%5D%5E%7C"),
        ("/test", "a=1&b=%20x", "/test?a%253D1%2526b%253D%252520x"),
        (
            "/test",
            "é=!*'()~;,/:@+$#[]",
            "/test?%25C3%25A9%253D!*'()~%253B%252C%252F%253A%2540%252B%2524%2523%255B%255D",
        ),
        ("/test", "=", "/test?%253D"),
    ] {
        let lines = vec![("x-sig".to_owned(), sha256_hex("k", text).into_bytes())];
        let judge = |path: &str, query: &str| {
            let request = Request::new("POST", path, query, lines.clone(), "");
            verify(&webhook, request, &secrets(&[("s", "k")]), now())
        };
        assert!(judge(path, query).is_ok(), "{path} {query}");
        assert!(judge(&format!("{path}x"), query).is_err());
        assert!(judge(path, &format!("{query}&y=1")).is_err());
        assert!(judge(path, &format!("{query}?y=1")).is_err());
    }
}

#[test]
fn method_path_and_query_have_one_form() {
    let check = r#"hmac: { hash: sha256, secrets: [s], text: "{atlassian_canonical|sha256_hex}",
        signature: { from: header.x-sig, encoding: hex } }"#;
    let webhook = webhook(check);
    for (method, path, query, hash) in [
        ("POST", "/test", "", "09de58324914254f8185664d3201b87af8be2c150ebee534361a5da4de5a5f33"),
        ("post", "/test/", "", "09de58324914254f8185664d3201b87af8be2c150ebee534361a5da4de5a5f33"),
        (
            "GET",
            "/a&b/c",
            "z=2&a=1&jwt=xyz&a=0&empty=&flag&sp=a+b%20c&star=*%21~%28&u=%C3%A9&%F0%9F%98%80=1&%EF%BF%BD=2&__proto__=9",
            "b5432896d825e911a22aa996e5025f219e9614eb4ddf3ff75353bfef33746ae0",
        ),
        ("POST", "/", "", "6dfb58321692d08d44565d1331846fc24e7dc08b33259d262f4eff79b21d8e05"),
        (
            "POST",
            "/test",
            "jwt=only",
            "09de58324914254f8185664d3201b87af8be2c150ebee534361a5da4de5a5f33",
        ),
        (
            "POST",
            "/x",
            "&&a=b&=v",
            "e503e4d41a364015563349f847d6a2690442ffbd8faefb7bf2ded6b8f416c898",
        ),
    ] {
        let lines = vec![("x-sig".to_owned(), sha256_hex("k", hash).into_bytes())];
        let judge = |method: &str, path: &str, query: &str| {
            let request = Request::new(method, path, query, lines.clone(), "");
            verify(&webhook, request, &secrets(&[("s", "k")]), now())
        };
        assert!(judge(method, path, query).is_ok(), "{method} {path} {query}");
        assert!(judge("PUT", path, query).is_err());
        assert!(judge(method, &format!("{path}x"), query).is_err());
        assert!(judge(method, path, &format!("{query}&y=1")).is_err());
        assert!(judge(method, path, &format!("{query}&%ff=1")).is_err());
    }
}

const ADYEN: &str = r#"hmac: { hash: sha256, secrets: [s], key: { encoding: hex }, each: "/items/*/item",
    text: "{/ref}:{/original|default(\"\")}:{/amount/value}:{/success}",
    signature: { from: /additionalData/hmacSignature, encoding: base64 } }"#;

fn item(reference: &str, amount: u32, signed_amount: u32) -> String {
    use base64::Engine as _;
    let text = format!("{reference}::{signed_amount}:true");
    let mac = mac(lc_hmac::HMAC_SHA256, &[0xab, 0xcd], text.as_bytes());
    let signature = base64::engine::general_purpose::STANDARD.encode(mac);
    format!(
        r#"{{"item":{{"ref":"{reference}","amount":{{"value":{amount}}},"success":"true","additionalData":{{"hmacSignature":"{signature}"}}}}}}"#
    )
}

fn items(items: &[String]) -> Result<Verified, Denied> {
    let body = format!(r#"{{"live":"true","items":[{}]}}"#, items.join(","));
    Post::new(&[], body).verify(ADYEN, &[("s", "ABCD")])
}

#[test]
fn each_element_is_signed_for_itself() {
    let verified = items(&[item("a", 1, 1), item("b", 2, 2)]).unwrap();
    let masked = std::str::from_utf8(verified.body()).unwrap();
    assert_eq!(masked.matches(r#""hmacSignature":"***""#).count(), 2);
    assert_eq!(verified.passed().len(), 1);
    for wrong in [
        vec![],
        vec![item("a", 2, 1)],
        vec![item("a", 1, 1), item("b", 3, 2)],
        vec![item("b", 3, 2), item("a", 1, 1)],
        vec![item("a", 1, 1), "{}".to_owned()],
        vec![item("a", 1, 1), "null".to_owned()],
        vec![item("a", 1, 1), r#"{"item":{}}"#.to_owned()],
        vec![item("a", 1, 1).replace("\"ref\"", "\"original\":\"x\",\"ref\"")],
        vec![item("a", 1, 1).replace("\"ref\"", "\"ref\":\"z\",\"ref\"")],
    ] {
        assert!(items(&wrong).is_err(), "{wrong:?}");
    }
    let null = item("a", 1, 1).replace("\"ref\"", "\"original\":null,\"ref\"");
    assert!(items(&[null]).is_ok());
    let many = |n: usize| items(&vec![item("a", 1, 1); n]);
    assert!(many(1000).is_ok());
    assert!(matches!(many(1001), Err(Denied::TooManySignatures { limit: 1000, .. })));
    assert!(Post::new(&[], "not JSON").verify(ADYEN, &[("s", "ABCD")]).is_err());
}
