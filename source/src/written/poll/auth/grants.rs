//! `poll.auth`: how we prove to a vendor who we are.
//!
//! Everything that may come from a secret is a template, so that no file has to
//! hold a credential. Kinds that ask for a token first say where it is asked
//! for; the token goes to the source's origin and nowhere else.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::Deserialize;

use crate::written::{Located, Node, Sign};

/// How we prove who we are.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Auth {
    /// `Authorization: Bearer …`, as a template.
    Bearer(Located<String>),
    /// A header of any name.
    Header(NamedValue),
    /// A query parameter of any name.
    Query(NamedValue),
    /// A cookie of any name.
    Cookie(NamedValue),
    /// `Authorization: Basic …` (RFC 7617).
    Basic(UserPassword),
    /// `Authorization: Digest …` (RFC 7616), made for the vendor's challenge.
    Digest(UserPassword),
    /// OAuth 2.0 client credentials (RFC 6749 §4.4).
    ClientCredentials(Box<ClientCredentials>),
    /// OAuth 2.0 with a user's name and password (RFC 6749 §4.3).
    Password(Box<PasswordGrant>),
    /// OAuth 2.0 with a refresh token (RFC 6749 §6), which the vendor may change each time.
    RefreshToken(Box<RefreshToken>),
    /// OAuth 2.0 with a signed assertion in place of a password (RFC 7523 §2.1).
    JwtBearer(Box<JwtBearer>),
    /// A Google service account, also in the name of a user.
    GoogleServiceAccount(Box<GoogleServiceAccount>),
    /// An installation of a GitHub App.
    GithubApp(Box<GithubApp>),
    /// A login that gives a token, a cookie, or both and a base URL.
    Session(Box<Session>),
    /// A signature over each request.
    Sign(Sign),
}

/// A name and a value.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct NamedValue {
    /// The name.
    pub name: Located<String>,
    /// The value, as a template.
    pub value: Located<String>,
}

/// A user's name and password.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct UserPassword {
    /// The name, as a template.
    pub username: Located<String>,
    /// The password, as a template; it may be empty.
    pub password: Located<String>,
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
    #[serde(default)]
    pub client_secret: Option<Located<String>>,
    /// The scopes to ask for.
    #[serde(default)]
    pub scopes: Vec<Located<String>>,
    /// How the client proves itself to the token endpoint; by default `basic`.
    #[serde(default)]
    pub client_auth: ClientAuth,
    /// The private key (PEM) for `private_key_jwt` and `certificate`, as a template.
    #[serde(default)]
    pub key: Option<Located<String>>,
    /// The key's id in the assertion's header (`kid`), as a template.
    #[serde(default)]
    pub key_id: Option<Located<String>>,
    /// The certificate (PEM) for `certificate`, as a template.
    #[serde(default)]
    pub certificate: Option<Located<String>>,
    /// What the assertion is signed with; by default `RS256`, or `HS256` with a client secret.
    #[serde(default)]
    pub algorithm: Option<AssertionAlgorithm>,
    /// Whom the token is for, as a template: the parameter `audience`.
    #[serde(default)]
    pub audience: Option<Located<String>>,
    /// Further parameters of the token request, as templates, such as `resource`.
    #[serde(default)]
    pub params: BTreeMap<String, Located<String>>,
    /// How the token request is written; by default `form`.
    #[serde(default)]
    pub body: TokenBody,
    /// Where the answer has the token; by default as RFC 6749 says.
    #[serde(default)]
    pub answer: TokenAnswer,
}

/// How a client proves itself to a token endpoint (RFC 6749 §2.3.1, RFC 7523 §2.2).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum ClientAuth {
    /// By the header `Authorization: Basic`.
    #[default]
    Basic,
    /// By `client_id` and `client_secret` in the body.
    Body,
    /// By an assertion signed with the private key.
    PrivateKeyJwt,
    /// By an assertion signed with the client's secret.
    ClientSecretJwt,
    /// By an assertion signed with the private key of a certificate, which its header names by
    /// digest, as Microsoft Entra wants it.
    Certificate,
}

/// How a token request is written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum TokenBody {
    /// As a form, as RFC 6749 says.
    #[default]
    Form,
    /// As a JSON object.
    Json,
}

/// Where the answer of a token endpoint has what counts.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct TokenAnswer {
    /// The path of the token; by default `access_token`.
    #[serde(default)]
    pub token: Option<Located<String>>,
    /// The path of its life in seconds; by default `expires_in`.
    #[serde(default)]
    pub expires_in: Option<Located<String>>,
    /// The path of its end: RFC 3339, or seconds or milliseconds since the epoch.
    #[serde(default)]
    pub expires_at: Option<Located<String>>,
}

/// What an assertion is signed with (RFC 7518 §3.1).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, JsonSchema)]
pub enum AssertionAlgorithm {
    /// HMAC with SHA-256.
    #[serde(rename = "HS256")]
    Hs256,
    /// HMAC with SHA-512.
    #[serde(rename = "HS512")]
    Hs512,
    /// RSA with SHA-256.
    #[serde(rename = "RS256")]
    Rs256,
    /// RSA with SHA-384.
    #[serde(rename = "RS384")]
    Rs384,
    /// RSA with SHA-512.
    #[serde(rename = "RS512")]
    Rs512,
    /// RSA-PSS with SHA-256.
    #[serde(rename = "PS256")]
    Ps256,
    /// ECDSA on P-256.
    #[serde(rename = "ES256")]
    Es256,
    /// ECDSA on P-384.
    #[serde(rename = "ES384")]
    Es384,
    /// Ed25519.
    #[serde(rename = "EdDSA")]
    EdDsa,
}

/// OAuth 2.0 with a user's name and password (RFC 6749 §4.3).
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct PasswordGrant {
    /// The token endpoint, as a template.
    pub token_url: Located<String>,
    /// The user's name, as a template.
    pub username: Located<String>,
    /// The user's password, as a template.
    pub password: Located<String>,
    /// The client's id, as a template.
    #[serde(default)]
    pub client_id: Option<Located<String>>,
    /// The client's secret, as a template.
    #[serde(default)]
    pub client_secret: Option<Located<String>>,
    /// How the client proves itself: `basic`, the default, or `body`.
    #[serde(default)]
    pub client_auth: ClientAuth,
    /// The scopes to ask for.
    #[serde(default)]
    pub scopes: Vec<Located<String>>,
    /// Further parameters of the token request, as templates.
    #[serde(default)]
    pub params: BTreeMap<String, Located<String>>,
    /// How the token request is written; by default `form`.
    #[serde(default)]
    pub body: TokenBody,
    /// Where the answer has the token; by default as RFC 6749 says.
    #[serde(default)]
    pub answer: TokenAnswer,
}

/// OAuth 2.0 with a refresh token (RFC 6749 §6).
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct RefreshToken {
    /// The token endpoint, as a template.
    pub token_url: Located<String>,
    /// The name of the secret that holds the refresh token. One that the vendor gives in its place is
    /// stored under that name before anything else is done.
    pub refresh_token: Located<String>,
    /// The client's id, as a template.
    #[serde(default)]
    pub client_id: Option<Located<String>>,
    /// The client's secret, as a template.
    #[serde(default)]
    pub client_secret: Option<Located<String>>,
    /// How the client proves itself: `basic`, the default, or `body`.
    #[serde(default)]
    pub client_auth: ClientAuth,
    /// The scopes to ask for.
    #[serde(default)]
    pub scopes: Vec<Located<String>>,
    /// Further parameters of the token request, as templates.
    #[serde(default)]
    pub params: BTreeMap<String, Located<String>>,
    /// How the token request is written; by default `form`.
    #[serde(default)]
    pub body: TokenBody,
    /// Where the answer has the token; by default as RFC 6749 says.
    #[serde(default)]
    pub answer: TokenAnswer,
}

/// OAuth 2.0 with a signed assertion (RFC 7523 §2.1).
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct JwtBearer {
    /// The token endpoint, as a template.
    pub token_url: Located<String>,
    /// The private key (PEM), or the secret of an HMAC, as a template.
    pub key: Located<String>,
    /// The key's id in the header (`kid`), as a template.
    #[serde(default)]
    pub key_id: Option<Located<String>>,
    /// What the assertion is signed with; by default `RS256`.
    #[serde(default)]
    pub algorithm: Option<AssertionAlgorithm>,
    /// Who signs (`iss`), as a template.
    pub issuer: Located<String>,
    /// For whom (`sub`), as a template.
    #[serde(default)]
    pub subject: Option<Located<String>>,
    /// To whom (`aud`), as a template; by default the token endpoint.
    #[serde(default)]
    pub audience: Option<Located<String>>,
    /// Further claims, as templates.
    #[serde(default)]
    pub claims: BTreeMap<String, Located<String>>,
    /// How long the assertion is good; by default `5m`.
    #[serde(default)]
    pub life: Option<Located<String>>,
    /// The client's id, as a template, where the endpoint wants it too.
    #[serde(default)]
    pub client_id: Option<Located<String>>,
    /// The client's secret, as a template.
    #[serde(default)]
    pub client_secret: Option<Located<String>>,
    /// How the client proves itself: `basic`, the default, or `body`.
    #[serde(default)]
    pub client_auth: ClientAuth,
    /// The scopes to ask for.
    #[serde(default)]
    pub scopes: Vec<Located<String>>,
    /// Further parameters of the token request, as templates.
    #[serde(default)]
    pub params: BTreeMap<String, Located<String>>,
    /// How the token request is written; by default `form`.
    #[serde(default)]
    pub body: TokenBody,
    /// Where the answer has the token; by default as RFC 6749 says.
    #[serde(default)]
    pub answer: TokenAnswer,
}

/// A Google service account.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct GoogleServiceAccount {
    /// The key file's JSON, as a template.
    pub key: Located<String>,
    /// The user in whose name it acts (domain-wide delegation), as a template.
    #[serde(default)]
    pub subject: Option<Located<String>>,
    /// The scopes to ask for.
    pub scopes: Vec<Located<String>>,
    /// The token endpoint, as the key file names it; by default
    /// `https://oauth2.googleapis.com/token`.
    #[serde(default)]
    pub token_url: Option<Located<String>>,
}

/// An installation of a GitHub App.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct GithubApp {
    /// The App's id or client id, as a template.
    pub app_id: Located<String>,
    /// The installation's id, as a template.
    pub installation_id: Located<String>,
    /// The App's private key (PEM), as a template.
    pub key: Located<String>,
    /// Where the API is; by default `https://api.github.com`.
    #[serde(default)]
    pub api_url: Option<Located<String>>,
}

/// A login that gives a token or a cookie.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Session {
    /// The request that logs in.
    pub login: Login,
    /// What the answer gives, and how it is sent.
    #[serde(default)]
    pub token: Option<SessionToken>,
    /// Or the names of the cookies that the answer sets, all of which are sent back.
    #[serde(default)]
    pub cookies: Option<Located<Vec<Located<String>>>>,
    /// Where the answer says to which base URL the source's requests go.
    #[serde(default)]
    pub base_url: Option<BaseUrl>,
    /// How long the session lives; without it, until the vendor refuses it.
    #[serde(default)]
    pub expires: Option<Expires>,
}

/// The request that logs in.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Login {
    /// The URL to POST to, as a template.
    pub post: Located<String>,
    /// The body as JSON; every text in it is a template.
    #[serde(default)]
    pub json: Option<Located<Node>>,
    /// The body as a form of templates.
    #[serde(default)]
    pub form: Option<BTreeMap<String, Located<String>>>,
    /// Headers, as templates.
    #[serde(default)]
    pub headers: BTreeMap<String, Located<String>>,
    /// A name and a password in the header `Authorization: Basic`.
    #[serde(default)]
    pub basic: Option<UserPassword>,
}

/// The token of a session.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct SessionToken {
    /// Where the answer has it: a path into its JSON, `header.NAME` or `cookie.NAME`.
    pub from: Located<String>,
    /// How it is sent.
    pub send: SendToken,
}

/// How a token is sent.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum SendToken {
    /// In a header, whose value is a template over `{token}`.
    Header(NamedValue),
    /// In the cookie of this name.
    Cookie(Located<String>),
    /// In the query parameter of this name.
    Query(Located<String>),
}

/// Where the answer of a login says where the API is.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct BaseUrl {
    /// The path of the URL; its origin is the source's, the login's, or under `allow_origins`.
    pub from: Located<String>,
}

/// How long a session lives.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Expires {
    /// So long after the login: `30m`.
    After(Located<String>),
    /// The path of its life in seconds.
    In(Located<String>),
    /// The path of its end: RFC 3339, or seconds or milliseconds since the epoch.
    At(Located<String>),
}
