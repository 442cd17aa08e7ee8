//! The payload formats, as gateways write them and as nobody should.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use mef_auth::Request;
use mef_intake::Route;
use mef_source::SourceName;
use proptest::prelude::*;
use serde_json::{Value, json};

use super::payload::{AuthorizerPayload, Event};
use super::request::{Unreadable, head, whole};
use super::route::route_of;

fn read(event: &Value) -> Request {
    let text = event.to_string();
    whole(&Event::read(&text).unwrap()).unwrap()
}

fn refused(event: &Value) -> Unreadable {
    whole(&Event::read(&event.to_string()).unwrap()).unwrap_err()
}

fn header(request: &Request, name: &str) -> Vec<String> {
    let values = request.header_values(name);
    values.map(|value| String::from_utf8(value.to_vec()).unwrap()).collect()
}

fn rest() -> Value {
    json!({
        "resource": "/{proxy+}",
        "path": "/events/github",
        "httpMethod": "PUT",
        "headers": { "X-Sig": "last", "Host": "x" },
        "multiValueHeaders": { "X-Sig": ["first", "last"], "Accept": [] },
        "queryStringParameters": { "a": "2" },
        "multiValueQueryStringParameters": { "a": ["1 +/é", "2"], "b": [""] },
        "pathParameters": { "proxy": "events/github" },
        "stageVariables": null,
        "requestContext": { "path": "/prod/events/github", "stage": "prod", "httpMethod": "PUT" },
        "body": "{\"a\":\"é\"}",
        "isBase64Encoded": false,
    })
}

fn http_2_0() -> Value {
    json!({
        "version": "2.0",
        "routeKey": "ANY /events/{source}",
        "rawPath": "/events/github",
        "rawQueryString": "a=1+%2b&a=%C3%A9&b",
        "cookies": ["x=1", "y=2"],
        "headers": { "x-sig": "first,last", "content-length": "3" },
        "queryStringParameters": { "a": "decoded" },
        "requestContext": { "stage": "$default", "http": { "method": "PATCH", "path": "/events/github" } },
        "body": STANDARD.encode([0xff, 0x00, 0x0a]),
        "isBase64Encoded": true,
    })
}

#[test]
fn the_address_is_the_gateways_and_never_a_headers() {
    let mut event = rest();
    event["multiValueHeaders"]["X-Forwarded-For"] = json!(["198.51.100.1"]);
    assert_eq!(read(&event).peer(), None);
    event["requestContext"]["identity"] = json!({ "sourceIp": "192.0.2.1" });
    assert_eq!(read(&event).peer(), Some("192.0.2.1".parse().unwrap()));
    let mut event = http_2_0();
    event["requestContext"]["http"]["sourceIp"] = json!("2001:db8::1");
    assert_eq!(read(&event).peer(), Some("2001:db8::1".parse().unwrap()));
    for wrong in [json!(null), json!(1), json!("192.0.2.1, 198.51.100.1"), json!([])] {
        event["requestContext"]["http"]["sourceIp"] = wrong;
        assert_eq!(read(&event).peer(), None);
    }
}

#[test]
fn format_1_0_keeps_every_line_and_encodes_the_query_again() {
    let request = read(&rest());
    assert_eq!((request.method(), request.path()), ("PUT", "/prod/events/github"));
    assert_eq!(request.raw_query(), "a=1%20%2B%2F%C3%A9&a=2&b=");
    assert_eq!(header(&request, "x-sig"), ["first", "last"]);
    assert_eq!(header(&request, "host"), ["x"]);
    assert_eq!(request.body().as_ref(), "{\"a\":\"é\"}".as_bytes());
    let values: Vec<_> = request.query_values("a").collect();
    assert_eq!(values, ["1 +/é".as_bytes(), b"2"]);
}

#[test]
fn format_2_0_keeps_the_query_byte_for_byte_and_gives_cookies_back() {
    let request = read(&http_2_0());
    assert_eq!((request.method(), request.path()), ("PATCH", "/events/github"));
    assert_eq!(request.raw_query(), "a=1+%2b&a=%C3%A9&b");
    assert_eq!(header(&request, "cookie"), ["x=1; y=2"]);
    assert_eq!(header(&request, "x-sig"), ["first,last"]);
    assert_eq!(request.body().as_ref(), [0xff, 0x00, 0x0a]);
}

#[test]
fn fields_that_are_not_what_they_should_be_are_not_there() {
    // The original framework's unit-test event has objects in these places.
    let odd = json!({
        "path": {}, "query": {}, "method": "POST",
        "headers": { "Authorization": "t", "N": 1, "L": ["x"], "O": null },
        "multiValueHeaders": { "M": "no list", "K": [1, "k", null] },
        "multiValueQueryStringParameters": 7, "queryStringParameters": ["x"],
        "cookies": "x=1", "requestContext": "x", "isBase64Encoded": "true",
        "body": "{}",
    });
    let request = read(&odd);
    assert_eq!((request.method(), request.path(), request.raw_query()), ("POST", "", ""));
    let names: Vec<_> = request.headers().iter().map(|(name, _)| name.as_str()).collect();
    assert_eq!(names, ["k", "authorization"]);
    assert_eq!(request.body().as_ref(), b"{}");
    let bare = read(&json!({}));
    assert_eq!((bare.method(), bare.headers().len(), bare.body().len()), ("POST", 0, 0));
    assert!(read(&json!({ "body": null })).body().is_empty());
}

#[test]
fn a_body_is_text_or_base64_or_the_event_is_refused() {
    for (body, encoded, error) in [
        (json!({ "a": 1 }), false, Unreadable::Body),
        (json!(["x"]), false, Unreadable::Body),
        (json!(7), false, Unreadable::Body),
        (json!("no base64"), true, Unreadable::Base64),
        (json!("YQ"), true, Unreadable::Base64),
        (json!("YQ==\n"), true, Unreadable::Base64),
        (json!("_w=="), true, Unreadable::Base64),
    ] {
        let event = json!({ "body": body, "isBase64Encoded": encoded });
        assert_eq!(refused(&event), error, "{event}");
    }
    // Half a surrogate pair is no text.
    let event = Event::read(r#"{"body":"\ud800"}"#).unwrap();
    assert_eq!(whole(&event).unwrap_err(), Unreadable::Body);
    assert!(head(&event).body().is_empty());
}

#[test]
fn what_is_no_object_is_no_event() {
    for text in ["", "null", "[]", "\"x\"", "7", "{", "{\"body\":\"a\",\"body\":\"b\"}"] {
        assert!(Event::read(text).is_none(), "{text}");
    }
}

#[test]
fn an_authorizer_is_asked_in_three_ways() {
    for (event, asked) in [
        (json!({ "type": "TOKEN", "methodArn": "a" }), AuthorizerPayload::Token),
        (json!({ "type": "REQUEST", "methodArn": "a", "headers": {} }), AuthorizerPayload::Request),
        (
            json!({ "type": "REQUEST", "methodArn": "a", "version": "1.0" }),
            AuthorizerPayload::Request,
        ),
        (
            json!({ "type": "REQUEST", "routeArn": "a", "version": "2.0" }),
            AuthorizerPayload::Simple,
        ),
        (json!({ "authorizationToken": "t", "methodArn": "a" }), AuthorizerPayload::Token),
        (json!({ "type": 7, "headers": { "a": "b" } }), AuthorizerPayload::Request),
        (json!({}), AuthorizerPayload::Token),
    ] {
        let text = event.to_string();
        assert_eq!(Event::read(&text).unwrap().authorizer_payload(), asked, "{event}");
    }
}

#[test]
fn the_route_is_the_paths_or_the_resources() {
    let route = |event: Value| route_of(&Event::read(&event.to_string()).unwrap(), "events");
    let github = Route::Named(SourceName::new("github").unwrap());
    assert_eq!(route(rest()), github);
    assert_eq!(route(http_2_0()), github);
    // By a domain of one's own no stage is in front of the source, which may have the same name.
    let called = |path: &str, context: &str| {
        let event = json!({ "path": path, "requestContext": { "path": context, "stage": "prod" } });
        route_of(&Event::read(&event.to_string()).unwrap(), "")
    };
    let prod = Route::Named(SourceName::new("prod").unwrap());
    assert_eq!(called("/prod", "/prod"), prod);
    assert_eq!(called("/prod", "/prod/prod"), prod);
    assert_eq!(called("/", "/prod"), Route::Unnamed);
    let arn = "arn:aws:execute-api:us-east-1:1:abc/prod/POST/events/github";
    assert_eq!(route(json!({ "type": "TOKEN", "methodArn": arn })), github);
    assert_eq!(route(json!({ "methodArn": "arn:aws:execute-api:r:a:test" })), Route::Unnamed);
    assert_eq!(route(json!({ "path": {} })), Route::Unnamed);
}

fn anything() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i32>().prop_map(Value::from),
        ".{0,12}".prop_map(Value::from),
    ];
    leaf.prop_recursive(3, 24, 4, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
            prop::collection::vec(("[a-zA-Z-]{0,8}", inner), 0..4)
                .prop_map(|members| Value::Object(members.into_iter().collect())),
        ]
    })
}

proptest! {
    #[test]
    fn any_object_is_an_event_and_none_is_a_panic(
        values in prop::collection::vec(anything(), 19),
    ) {
        let names = [
            "version", "type", "methodArn", "routeArn", "authorizationToken", "path", "rawPath",
            "httpMethod", "method", "rawQueryString", "queryStringParameters",
            "multiValueQueryStringParameters", "headers", "multiValueHeaders", "cookies", "body",
            "isBase64Encoded", "requestContext", "other",
        ];
        let event: serde_json::Map<_, _> =
            names.into_iter().map(str::to_owned).zip(values).collect();
        let text = Value::Object(event).to_string();
        let event = Event::read(&text).unwrap();
        let _ = whole(&event);
        let _ = (head(&event), event.authorizer_payload(), route_of(&event, "events"), event.resource());
    }

    #[test]
    fn a_body_arrives_as_it_was_sent(bytes in prop::collection::vec(any::<u8>(), 0..64)) {
        let event = json!({ "body": STANDARD.encode(&bytes), "isBase64Encoded": true });
        prop_assert_eq!(read(&event).body().to_vec(), bytes.clone());
        if let Ok(text) = String::from_utf8(bytes) {
            prop_assert_eq!(read(&json!({ "body": text })).body().to_vec(), text.into_bytes());
        }
    }

    #[test]
    fn parameters_survive_being_encoded_again(value in ".{0,20}", name in ".{1,10}") {
        let event = json!({ "multiValueQueryStringParameters": { name.clone(): [value.clone()] } });
        let values: Vec<_> = read(&event).query_values(&name).collect();
        prop_assert_eq!(values, [value.into_bytes()]);
    }
}
