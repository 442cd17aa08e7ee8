//! The kinds of `poll.auth`.

use schemars::JsonSchema;
use serde::Deserialize;

use super::grants::{ClientCredentials, JwtBearer, PasswordGrant, RefreshToken};
use super::login::Session;
use super::pairs::{NamedValue, UserPassword};
use super::sign::Sign;
use crate::located::Located;

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
    /// `Authorization: Digest …` (RFC 7616), the response to the vendor's challenge.
    Digest(UserPassword),
    /// OAuth 2.0 client credentials (RFC 6749 §4.4).
    ClientCredentials(Box<ClientCredentials>),
    /// OAuth 2.0 with a user's name and password (RFC 6749 §4.3).
    Password(Box<PasswordGrant>),
    /// OAuth 2.0 with a refresh token (RFC 6749 §6), which the vendor may replace each time.
    RefreshToken(Box<RefreshToken>),
    /// OAuth 2.0 with a signed assertion instead of a password (RFC 7523 §2.1).
    JwtBearer(Box<JwtBearer>),
    /// A login that returns a token or cookies, and perhaps a base URL.
    Session(Box<Session>),
    /// A signature over each request.
    Sign(Box<Sign>),
}
