//! Pages of XML: what is in them, what is missing from them, and what is none.

use serde_json::{Value, json};

use crate::decoding::{read, refused, refused_once};

#[tokio::test]
async fn elements_are_objects() {
    let decode = "decode: xml\n  records: events.event";
    let two = "<?xml version=\"1.0\"?><events><!-- x --><event id=\"1\" a=\"&lt;&#x41;\"><t>10 &amp; 11</t><tag>x</tag><tag>y</tag></event><event id=\"2\"><![CDATA[<raw>]]></event></events>";
    assert_eq!(
        read(decode, two).await,
        [
            json!({"@id": "1", "@a": "<A", "t": "10 & 11", "tag": ["x", "y"]}),
            json!({"@id": "2", "$text": "<raw>"}),
        ]
    );
    assert_eq!(read(decode, "<events><event id='1'/></events>").await, [json!({"@id": "1"})]);
    assert_eq!(read(decode, "<events></events>").await, Vec::<Value>::new());
    assert_eq!(read(decode, "<events from='1'> </events>").await, Vec::<Value>::new());
    assert!(refused_once(decode, b"<events><event>&x;</event></events>").await.contains("entity"));
    let deep = "<a>".repeat(5_000) + &"</a>".repeat(5_000);
    assert!(refused_once(decode, deep.as_bytes()).await.contains("levels"));
}

#[tokio::test]
async fn what_is_cut_off_is_asked_for_again_and_what_is_ill_formed_is_not() {
    let decode = "decode: xml\n  records: a.b";
    for cut in
        ["", "<a><b>1</b>", "<a><b>1</b", "<a><b c=\"1", "<a><!-- ", "<a><![CDATA[x", "<!DOCTYPE a"]
    {
        refused(decode, cut.as_bytes()).await;
    }
    for other in ["<a><b>1</c></a>", "<a b=1><b>1</b></a>"] {
        refused_once(decode, other.as_bytes()).await;
    }
}
