//! What a gateway hands over: one view of every payload format.
//!
//! REST APIs, HTTP APIs and function URLs put the same request into different
//! JSON, and people send events by hand in the shapes of the original
//! framework. So a field is looked at only when it is needed, and one that is
//! not what it should be counts as not there. What must be there is missed
//! where it is used.

mod json;
mod request;
mod route;
#[cfg(test)]
mod tests;

use std::borrow::Cow;

use serde::Deserialize;
use serde_json::value::RawValue;

pub(crate) use json::object;
pub(crate) use request::{head, whole};
pub(crate) use route::{Route, method_of};

/// The fields of an event that matter to a webhook or its authorizer.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(crate) struct Event<'e> {
    #[serde(borrow)]
    version: Option<&'e RawValue>,
    #[serde(borrow, rename = "type")]
    kind: Option<&'e RawValue>,
    #[serde(borrow)]
    method_arn: Option<&'e RawValue>,
    #[serde(borrow)]
    route_arn: Option<&'e RawValue>,
    #[serde(borrow)]
    authorization_token: Option<&'e RawValue>,
    #[serde(borrow)]
    path: Option<&'e RawValue>,
    #[serde(borrow)]
    raw_path: Option<&'e RawValue>,
    #[serde(borrow)]
    http_method: Option<&'e RawValue>,
    #[serde(borrow)]
    method: Option<&'e RawValue>,
    #[serde(borrow)]
    raw_query_string: Option<&'e RawValue>,
    #[serde(borrow)]
    query_string_parameters: Option<&'e RawValue>,
    #[serde(borrow)]
    multi_value_query_string_parameters: Option<&'e RawValue>,
    #[serde(borrow)]
    headers: Option<&'e RawValue>,
    #[serde(borrow)]
    multi_value_headers: Option<&'e RawValue>,
    #[serde(borrow)]
    cookies: Option<&'e RawValue>,
    #[serde(borrow)]
    body: Option<&'e RawValue>,
    #[serde(borrow)]
    is_base64_encoded: Option<&'e RawValue>,
    #[serde(borrow)]
    request_context: Option<&'e RawValue>,
}

/// The fields of an event's `requestContext` that matter.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(crate) struct RequestContext<'e> {
    #[serde(borrow)]
    stage: Option<&'e RawValue>,
    #[serde(borrow)]
    path: Option<&'e RawValue>,
    #[serde(borrow)]
    http_method: Option<&'e RawValue>,
    #[serde(borrow)]
    http: Option<&'e RawValue>,
    #[serde(borrow)]
    identity: Option<&'e RawValue>,
}

/// The fields of `requestContext.identity` that matter.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct Identity<'e> {
    #[serde(borrow)]
    source_ip: Option<&'e RawValue>,
}

/// The fields of `requestContext.http` that matter.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct HttpContext<'e> {
    #[serde(borrow)]
    method: Option<&'e RawValue>,
    #[serde(borrow)]
    path: Option<&'e RawValue>,
    #[serde(borrow)]
    source_ip: Option<&'e RawValue>,
}

/// The shapes in which an authorizer is asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Asked {
    /// A REST API that shows a credential and nothing else.
    Token,
    /// The whole head; answered with a policy.
    Request,
    /// The whole head in payload format 2.0; answered with a boolean.
    Simple,
}

impl<'e> Event<'e> {
    /// Reads an event's text; `None` if it is no JSON object.
    pub(crate) fn read(text: &'e str) -> Option<Event<'e>> {
        json::object(text)
    }

    /// Whether this is payload format 2.0: an HTTP API's or a function URL's.
    pub(crate) fn is_2_0(&self) -> bool {
        self.version.and_then(json::text).is_some_and(|version| version == "2.0")
    }

    /// In which shape an authorizer is asked.
    pub(crate) fn asked(&self) -> Asked {
        let kind = self.kind.and_then(json::text);
        match kind.as_deref() {
            Some("TOKEN") => Asked::Token,
            _ if self.is_2_0() => Asked::Simple,
            Some("REQUEST") => Asked::Request,
            // Sent by hand: whatever lacks a head can only be about a token.
            _ if self.headers.is_none() && self.multi_value_headers.is_none() => Asked::Token,
            _ => Asked::Request,
        }
    }

    /// The resource that an authorizer is asked about.
    pub(crate) fn resource(&self) -> Option<Cow<'e, str>> {
        self.method_arn.or(self.route_arn).and_then(json::text).filter(|arn| !arn.is_empty())
    }

    /// The credential of a token event, if there is one.
    pub(crate) fn authorization_token(&self) -> Option<Cow<'e, str>> {
        self.authorization_token.and_then(json::text).filter(|token| !token.is_empty())
    }

    fn context(&self) -> RequestContext<'e> {
        self.request_context.and_then(|context| json::object(context.get())).unwrap_or_default()
    }
}

impl<'e> RequestContext<'e> {
    fn http(&self) -> HttpContext<'e> {
        self.http.and_then(|http| json::object(http.get())).unwrap_or_default()
    }

    fn identity(&self) -> Identity<'e> {
        self.identity.and_then(|identity| json::object(identity.get())).unwrap_or_default()
    }
}
