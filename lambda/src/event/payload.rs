//! The fields of an event, each read when it is needed.

use std::borrow::Cow;

use serde::Deserialize;
use serde_json::value::RawValue;

use super::json;

/// The fields of an event that matter to a webhook or its authorizer.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(crate) struct Event<'e> {
    #[serde(borrow)]
    pub(super) version: Option<&'e RawValue>,
    #[serde(borrow, rename = "type")]
    pub(super) kind: Option<&'e RawValue>,
    #[serde(borrow)]
    pub(super) method_arn: Option<&'e RawValue>,
    #[serde(borrow)]
    pub(super) route_arn: Option<&'e RawValue>,
    #[serde(borrow)]
    pub(super) authorization_token: Option<&'e RawValue>,
    #[serde(borrow)]
    pub(super) path: Option<&'e RawValue>,
    #[serde(borrow)]
    pub(super) raw_path: Option<&'e RawValue>,
    #[serde(borrow)]
    pub(super) http_method: Option<&'e RawValue>,
    #[serde(borrow)]
    pub(super) method: Option<&'e RawValue>,
    #[serde(borrow)]
    pub(super) raw_query_string: Option<&'e RawValue>,
    #[serde(borrow)]
    pub(super) query_string_parameters: Option<&'e RawValue>,
    #[serde(borrow)]
    pub(super) multi_value_query_string_parameters: Option<&'e RawValue>,
    #[serde(borrow)]
    pub(super) headers: Option<&'e RawValue>,
    #[serde(borrow)]
    pub(super) multi_value_headers: Option<&'e RawValue>,
    #[serde(borrow)]
    pub(super) cookies: Option<&'e RawValue>,
    #[serde(borrow)]
    pub(super) body: Option<&'e RawValue>,
    #[serde(borrow)]
    pub(super) is_base64_encoded: Option<&'e RawValue>,
    #[serde(borrow)]
    pub(super) request_context: Option<&'e RawValue>,
}

/// The fields of an event's `requestContext` that matter.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(super) struct RequestContext<'e> {
    #[serde(borrow)]
    pub(super) stage: Option<&'e RawValue>,
    #[serde(borrow)]
    pub(super) path: Option<&'e RawValue>,
    #[serde(borrow)]
    pub(super) http_method: Option<&'e RawValue>,
    #[serde(borrow)]
    pub(super) http: Option<&'e RawValue>,
    #[serde(borrow)]
    pub(super) identity: Option<&'e RawValue>,
}

/// The fields of `requestContext.identity` that matter.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(super) struct Identity<'e> {
    #[serde(borrow)]
    pub(super) source_ip: Option<&'e RawValue>,
}

/// The fields of `requestContext.http` that matter.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(super) struct HttpContext<'e> {
    #[serde(borrow)]
    pub(super) method: Option<&'e RawValue>,
    #[serde(borrow)]
    pub(super) path: Option<&'e RawValue>,
    #[serde(borrow)]
    pub(super) source_ip: Option<&'e RawValue>,
}

/// The kinds of event that an authorizer gets.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum AuthorizerPayload {
    /// Of a REST API that shows a credential and nothing else.
    Token,
    /// The whole head of a request; the output is a policy.
    Request,
    /// The whole head in payload format 2.0; the output is a boolean.
    Simple,
}

impl<'e> Event<'e> {
    /// Reads an event's text; `None` if it is not a JSON object.
    pub(crate) fn read(text: &'e str) -> Option<Event<'e>> {
        json::object(text)
    }

    /// Returns whether this is payload format 2.0, of an HTTP API or a function URL.
    pub(crate) fn is_2_0(&self) -> bool {
        self.version.and_then(json::text).is_some_and(|version| version == "2.0")
    }

    /// Returns the kind of this event, for an authorizer.
    pub(crate) fn authorizer_payload(&self) -> AuthorizerPayload {
        let kind = self.kind.and_then(json::text);
        match kind.as_deref() {
            Some("TOKEN") => AuthorizerPayload::Token,
            _ if self.is_2_0() => AuthorizerPayload::Simple,
            Some("REQUEST") => AuthorizerPayload::Request,
            // Sent by hand: an event without headers can only be about a token.
            _ if self.headers.is_none() && self.multi_value_headers.is_none() => {
                AuthorizerPayload::Token
            }
            _ => AuthorizerPayload::Request,
        }
    }

    /// Returns the ARN of the resource that an authorizer is asked about.
    pub(crate) fn resource(&self) -> Option<Cow<'e, str>> {
        self.method_arn.or(self.route_arn).and_then(json::text).filter(|arn| !arn.is_empty())
    }

    /// Returns the credential of a token event, if there is one.
    pub(crate) fn authorization_token(&self) -> Option<Cow<'e, str>> {
        self.authorization_token.and_then(json::text).filter(|token| !token.is_empty())
    }

    pub(super) fn context(&self) -> RequestContext<'e> {
        self.request_context.and_then(|context| json::object(context.get())).unwrap_or_default()
    }
}

impl<'e> RequestContext<'e> {
    pub(super) fn http(&self) -> HttpContext<'e> {
        self.http.and_then(|http| json::object(http.get())).unwrap_or_default()
    }

    pub(super) fn identity(&self) -> Identity<'e> {
        self.identity.and_then(|identity| json::object(identity.get())).unwrap_or_default()
    }
}
