//! Fixed tokens.

use super::*;

const BOTH: &[(&str, &str)] = &[("new", "new token"), ("old", "old-token")];

fn judge(from: &str, post: &Post) -> Result<Verified, Denied> {
    post.verify(&format!("token: {{ {from}, secrets: [new, old] }}"), BOTH)
}

fn header(value: &str) -> Result<Verified, Denied> {
    judge("from: header.X-Token", &Post::new(&[("x-token", value)], ""))
}

#[test]
fn a_header_holds_the_whole_token_and_nothing_else() {
    assert_eq!(header("old-token").unwrap().passed()[0].secret.as_deref(), Some("old"));
    assert_eq!(header("new token").unwrap().passed()[0].secret.as_deref(), Some("new"));
    for wrong in
        ["", " ", "old-toke", "old-token ", "old-tokenx", "OLD-TOKEN", "new token,old-token"]
    {
        let denied = header(wrong).unwrap_err();
        assert!(matches!(denied, Denied::TokenMismatch { .. }), "{wrong:?}: {denied}");
        assert!(!denied.to_string().contains("token "), "{denied}");
    }
    let nothing = judge("from: header.x-token", &Post::new(&[], "")).unwrap_err();
    assert!(matches!(nothing, Denied::Missing(_)));
    let twice = Post::new(&[("x-token", "old-token"), ("X-Token", "old-token")], "");
    assert!(matches!(judge("from: header.x-token", &twice), Err(Denied::Duplicated(_))));
    let bytes = Post { headers: vec![("x-token".into(), vec![0xff])], ..twice };
    assert!(matches!(judge("from: header.x-token", &bytes), Err(Denied::TokenMismatch { .. })));
}

#[test]
fn a_scheme_has_no_case_but_must_be_there() {
    let bearer = |value: &str| {
        judge(
            r#"from: header.Authorization, prefix: "Bearer ""#,
            &Post::new(&[("authorization", value)], ""),
        )
    };
    for right in ["Bearer old-token", "bearer old-token", "BEARER   old-token"] {
        assert!(bearer(right).is_ok(), "{right}");
    }
    for wrong in ["old-token", "Basic old-token", "Bearerold-token", "Bear", "", "Bearé old-token"]
    {
        assert!(matches!(bearer(wrong), Err(Denied::TokenPrefix { .. })), "{wrong}");
    }
    assert!(matches!(bearer("Bearer "), Err(Denied::TokenMismatch { .. })));
    let prefixed = |value: &str| {
        judge(r#"from: header.x-t, prefix: "key=""#, &Post::new(&[("x-t", value)], ""))
    };
    assert!(prefixed("key=old-token").is_ok());
    assert!(matches!(prefixed("KEY=old-token"), Err(Denied::TokenPrefix { .. })));
}

#[test]
fn a_query_parameter_is_decoded_and_given_once() {
    let query = |query: &str| {
        let post = Post { query: query.to_owned(), ..Post::new(&[], "") };
        judge("from: query.t", &post)
    };
    assert!(query("a=1&t=new+token").is_ok());
    assert!(query("%74=new%20token").is_ok());
    assert!(matches!(query("t=new+token&t=new+token"), Err(Denied::Duplicated(_))));
    assert!(matches!(query("t=new+token&%74=x"), Err(Denied::Duplicated(_))));
    assert!(matches!(query("t=%ff"), Err(Denied::TokenMismatch { .. })));
    assert!(matches!(query("t"), Err(Denied::TokenMismatch { .. })));
    assert!(matches!(query(""), Err(Denied::Missing(_))));
}

#[test]
fn every_element_of_a_body_holds_a_token_and_there_is_one() {
    let graph = |body: &str| judge("from: /value/*/state", &Post::new(&[], body));
    assert!(graph(r#"{"value":[{"state":"old-token"},{"x":1,"state":"new token"}]}"#).is_ok());
    assert!(graph(r#"{"value":{"a":{"state":"old-token"}}}"#).is_ok());
    type Expected = fn(&Denied) -> bool;
    let missing: Expected = |d| matches!(d, Denied::Missing(_));
    let mismatch: Expected = |d| matches!(d, Denied::TokenMismatch { .. });
    let wrong_type: Expected = |d| matches!(d, Denied::WrongType(_));
    let duplicated: Expected = |d| matches!(d, Denied::Duplicated(_));
    for (body, is_right) in [
        (r#"{"value":[]}"#, missing),
        (r#"{"value":{}}"#, missing),
        (r#"{"value":"old-token"}"#, missing),
        (r#"{}"#, missing),
        (r#"{"value":[{"state":"old-token"},{}]}"#, missing),
        (r#"{"value":[{"state":"old-token"},{"state":"x"}]}"#, mismatch),
        (r#"{"value":[{"state":"x"},{"state":"old-token"}]}"#, mismatch),
        (r#"{"value":[{"state":"old-token"},{"state":null}]}"#, wrong_type),
        (r#"{"value":[{"state":["old-token"]}]}"#, wrong_type),
        (r#"{"value":[{"state":"old-token","state":"x"}]}"#, duplicated),
        (r#"{"value":[],"value":[{"state":"old-token"}]}"#, duplicated),
        ("no json", |d| matches!(d, Denied::BodyNotJson(_))),
    ] {
        let denied = graph(body).unwrap_err();
        assert!(is_right(&denied), "{body}: {denied}");
    }
}
