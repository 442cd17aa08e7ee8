//! Where a page has the link to the next one.

use std::borrow::Cow;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Deserializer};

use crate::located::Located;
use crate::node::Node;
use crate::written::text_or_object::text_or_object;

/// What of a link leads on.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Take {
    /// All of it.
    #[default]
    Url,
    /// Only its query, which takes the place of the query of the page's own URL. For a vendor that
    /// names a host or a path at which it cannot be reached, such as one behind a proxy.
    Query,
}

/// The relation of a link in the `Link` header: a text, or an object with more.
#[derive(Debug)]
pub struct HeaderLink {
    /// The relation.
    pub rel: String,
    /// What of the link leads on.
    pub take: Take,
}

/// The path of a URL: a text, or an object with more.
#[derive(Debug)]
pub struct PageUrl {
    /// The path.
    pub from: String,
    /// What of the URL leads on.
    pub take: Take,
    /// Values that mean that there is none.
    pub none: Vec<Located<Node>>,
}

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename = "HeaderLink")]
struct HeaderLinkObject {
    /// The relation, usually `next`.
    rel: String,
    /// What of the link leads on; by default all of it.
    #[serde(default)]
    take: Take,
}

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename = "PageUrl")]
struct PageUrlObject {
    /// The path of the URL in the body, or `header.NAME`.
    from: String,
    /// What of the URL leads on; by default all of it.
    #[serde(default)]
    take: Take,
    /// Values that mean that there is none, such as `["null"]`. Nothing, null, false and an empty
    /// text always mean that.
    #[serde(default)]
    none: Vec<Located<Node>>,
}

impl<'de> Deserialize<'de> for HeaderLink {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        text_or_object(
            deserializer,
            "a link's relation, or `{rel, take}`",
            |rel| HeaderLink { rel, take: Take::Url },
            |HeaderLinkObject { rel, take }| HeaderLink { rel, take },
        )
    }
}

impl<'de> Deserialize<'de> for PageUrl {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        text_or_object(
            deserializer,
            "the path of a URL, or `{from, take, none}`",
            |from| PageUrl { from, take: Take::Url, none: Vec::new() },
            |PageUrlObject { from, take, none }| PageUrl { from, take, none },
        )
    }
}

impl JsonSchema for HeaderLink {
    fn schema_name() -> Cow<'static, str> {
        "HeaderLinkOrText".into()
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        let object = generator.subschema_for::<HeaderLinkObject>();
        json_schema!({ "anyOf": [{ "type": "string" }, object] })
    }
}

impl JsonSchema for PageUrl {
    fn schema_name() -> Cow<'static, str> {
        "PageUrlOrText".into()
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        let object = generator.subschema_for::<PageUrlObject>();
        json_schema!({ "anyOf": [{ "type": "string" }, object] })
    }
}
