//! The kinds of `poll.auth` that ask a token endpoint for an access token.
//!
//! Serde cannot refuse unknown keys in a struct that includes another one, so a
//! macro repeats the keys that most of them share.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::Deserialize;

use super::token::{
    AssertionAlgorithm, ClientAuth, KeyFile, SendAssertion, TokenAnswer, TokenBody,
};
use crate::located::Located;

/// Declares a grant: its own keys, and those of a client that proves itself by a
/// secret, if at all.
macro_rules! grant {
    ($(#[$about:meta])* $name:ident { $($own:tt)* }) => {
        $(#[$about])*
        #[derive(Debug, Deserialize, JsonSchema)]
        #[serde(deny_unknown_fields)]
        pub struct $name {
            /// The token endpoint, as a template.
            pub token_url: Located<String>,
            $($own)*
            /// The client's secret, as a template.
            pub client_secret: Option<Located<String>>,
            /// How the client authenticates itself: `basic`, the default, `basic_plain` or `body`.
            #[serde(default)]
            pub client_auth: ClientAuth,
            /// The scopes to ask for.
            #[serde(default)]
            pub scopes: Vec<Located<String>>,
            /// More parameters of the token request, as templates.
            #[serde(default)]
            pub params: BTreeMap<String, Located<String>>,
            /// How the token request is written; by default `form`.
            #[serde(default)]
            pub body: TokenBody,
            /// Where the response has the token; by default as RFC 6749 says.
            #[serde(default)]
            pub answer: TokenAnswer,
        }
    };
}

/// OAuth 2.0 client credentials (RFC 6749 §4.4).
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ClientCredentials {
    /// The token endpoint, as a template.
    pub token_url: Located<String>,
    /// The client's id, as a template.
    pub client_id: Located<String>,
    /// The client's secret, as a template.
    pub client_secret: Option<Located<String>>,
    /// The scopes to ask for.
    #[serde(default)]
    pub scopes: Vec<Located<String>>,
    /// How the client authenticates itself; by default `basic`.
    #[serde(default)]
    pub client_auth: ClientAuth,
    /// The private key (PEM) for `private_key_jwt` and `certificate`, as a template.
    pub key: Option<Located<String>>,
    /// The key's id in the assertion's header (`kid`), as a template.
    pub key_id: Option<Located<String>>,
    /// The certificate (PEM) for `certificate`, as a template.
    pub certificate: Option<Located<String>>,
    /// The algorithm of the assertion; by default `RS256`, or `HS256` with a client secret.
    pub algorithm: Option<AssertionAlgorithm>,
    /// The audience of the token, as a template: the parameter `audience`.
    pub audience: Option<Located<String>>,
    /// More parameters of the token request, as templates, such as `resource`.
    #[serde(default)]
    pub params: BTreeMap<String, Located<String>>,
    /// How the token request is written; by default `form`.
    #[serde(default)]
    pub body: TokenBody,
    /// Where the response has the token; by default as RFC 6749 says.
    #[serde(default)]
    pub answer: TokenAnswer,
}

grant! {
    /// OAuth 2.0 with a user's name and password (RFC 6749 §4.3).
    PasswordGrant {
        /// The user's name, as a template.
        pub username: Located<String>,
        /// The user's password, as a template.
        pub password: Located<String>,
        /// The client's id, as a template.
        pub client_id: Option<Located<String>>,
    }
}

grant! {
    /// OAuth 2.0 with a refresh token (RFC 6749 §6).
    RefreshToken {
        /// The name of the secret that holds the refresh token. If the vendor returns a new one, it is
        /// stored under that name before anything else is done.
        pub refresh_token: Located<String>,
        /// The client's id, as a template.
        pub client_id: Option<Located<String>>,
    }
}

grant! {
    /// OAuth 2.0 with a signed assertion (RFC 7523 §2.1).
    JwtBearer {
        /// The private key (PEM), or the secret of an HMAC, as a template.
        pub key: Located<String>,
        /// Or `key` is JSON, such as a file that the vendor gives; this says where its parts are.
        pub key_file: Option<KeyFile>,
        /// The key's id in the header (`kid`), as a template.
        pub key_id: Option<Located<String>>,
        /// The algorithm of the assertion; by default `RS256`.
        pub algorithm: Option<AssertionAlgorithm>,
        /// The issuer (`iss`), as a template, if `key_file` does not say where it is.
        pub issuer: Option<Located<String>>,
        /// The subject (`sub`), as a template.
        pub subject: Option<Located<String>>,
        /// The audience (`aud`), as a template; by default the token endpoint, or none with
        /// `send: bearer`.
        pub audience: Option<Located<String>>,
        /// More claims, as templates.
        #[serde(default)]
        pub claims: BTreeMap<String, Located<String>>,
        /// How long the assertion is valid; by default `5m`.
        pub life: Option<Located<String>>,
        /// How far back the assertion's time (`iat`) is set, for a vendor's clock that is behind.
        pub backdate: Option<Located<String>>,
        /// How the assertion is sent; by default in the body.
        #[serde(default)]
        pub send: SendAssertion,
        /// Headers of the token request, as templates.
        #[serde(default)]
        pub headers: BTreeMap<String, Located<String>>,
        /// The client's id, as a template, if the endpoint needs it too.
        pub client_id: Option<Located<String>>,
    }
}
