//! What all grants have in common: the token request, and how a client proves itself
//! in it.

use std::collections::BTreeMap;
use std::time::Duration;

use super::token::{
    Assertion, AssertionSlot, Life, SendToken, TokenAuth, TokenBody, TokenLocation, TokenResponse,
};
use super::user_password::UserPassword;
use crate::checked::checker::Told;
use crate::checked::poll::request::scope::RequestScope;
use crate::path::Root;
use crate::template::{Lookups, Template};
use crate::written::{self, AssertionAlgorithm, ClientAuth, Located};

/// How long a client's assertion is valid; it is used at once.
pub(crate) const ASSERTION_LIFE: Duration = Duration::from_secs(300);
const ASSERTION_TYPE: &str = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";

/// How a client says who it is.
pub(crate) struct Client<'w> {
    pub(crate) id: Option<&'w Located<String>>,
    pub(crate) secret: Option<&'w Located<String>>,
    pub(crate) auth: ClientAuth,
}

impl<'w> Client<'w> {
    pub(crate) fn new(
        id: &'w Option<Located<String>>,
        secret: &'w Option<Located<String>>,
        auth: ClientAuth,
    ) -> Client<'w> {
        Client { id: id.as_ref(), secret: secret.as_ref(), auth }
    }
}

/// What an assertion in place of a client's secret takes.
#[derive(Default)]
pub(crate) struct ClientKey<'w> {
    pub(crate) key: Option<&'w Located<String>>,
    pub(crate) key_id: Option<&'w Located<String>>,
    pub(crate) certificate: Option<&'w Located<String>>,
    pub(crate) algorithm: Option<AssertionAlgorithm>,
}

/// A token request, while it is put together.
pub(crate) struct TokenRequest {
    pub(crate) fields: Vec<(String, Template)>,
    pub(crate) basic: Option<(UserPassword, bool)>,
    pub(crate) assertion: Option<Assertion>,
}

impl TokenRequest {
    pub(crate) fn new(grant: &str) -> TokenRequest {
        let mut request = TokenRequest { fields: Vec::new(), basic: None, assertion: None };
        request.field("grant_type", Template::literal(grant));
        request
    }

    pub(crate) fn field(&mut self, name: &str, value: Template) {
        self.fields.push((name.to_owned(), value));
    }

    pub(crate) fn text(
        &mut self,
        name: &str,
        value: Option<&Located<String>>,
        scope: &mut RequestScope<'_, '_>,
    ) -> Result<(), Told> {
        if let Some(value) = value {
            let value = scope.template(value)?;
            self.field(name, value);
        }
        Ok(())
    }

    pub(crate) fn scopes(&mut self, scopes: &[Located<String>]) {
        if !scopes.is_empty() {
            let scopes: Vec<_> = scopes.iter().map(|scope| scope.as_str()).collect();
            self.field("scope", Template::literal(scopes.join(" ")));
        }
    }

    /// Adds further parameters, and reports those that are set already.
    pub(crate) fn params(
        &mut self,
        params: &BTreeMap<String, Located<String>>,
        scope: &mut RequestScope<'_, '_>,
    ) -> Result<(), Told> {
        let mut told = Ok(());
        for (name, value) in params {
            if self.fields.iter().any(|(there, _)| there == name) {
                told = Err(scope.checker.error_with(
                    value.place(),
                    format!("the parameter `{name}` is set by another key"),
                    "write it in one place",
                ));
            }
            match scope.template(value) {
                Ok(value) => self.field(name, value),
                Err(error) => told = Err(error),
            }
        }
        told
    }

    /// Adds a client that proves itself by a secret, if it does at all.
    pub(crate) fn simple_client(
        &mut self,
        client: &Client<'_>,
        url: &Template,
        scope: &mut RequestScope<'_, '_>,
    ) -> Result<(), Told> {
        if !matches!(client.auth, ClientAuth::Basic | ClientAuth::BasicPlain | ClientAuth::Body) {
            return Err(scope.checker.error_with(
                client.id.and_then(Located::place),
                "`client_auth` is `basic`, `basic_plain` or `body` here",
                "assertions stand in place of a secret only under `client_credentials`",
            ));
        }
        self.client(client, &ClientKey::default(), url, scope)
    }

    /// Adds the client and its proof.
    pub(crate) fn client(
        &mut self,
        client: &Client<'_>,
        key: &ClientKey<'_>,
        url: &Template,
        scope: &mut RequestScope<'_, '_>,
    ) -> Result<(), Told> {
        let Some(written_id) = client.id else {
            if let Some(secret) = client.secret {
                return Err(scope
                    .checker
                    .error(secret.place(), "`client_secret` stands without `client_id`"));
            }
            return Ok(());
        };
        let id = scope.template(written_id)?;
        let place = written_id.place();
        let missing = |name: &str, scope: &mut RequestScope<'_, '_>| {
            scope.checker.error_with(
                place,
                format!("`client_auth` needs `{name}`, which is not there"),
                "write it, or another `client_auth`",
            )
        };
        let wanted =
            |what: Option<&Located<String>>, name: &str, scope: &mut RequestScope<'_, '_>| {
                let what = what.ok_or_else(|| missing(name, scope))?;
                scope.secret(what)
            };
        let needless =
            |what: Option<&Located<String>>, name: &str, scope: &mut RequestScope<'_, '_>| {
                let Some(what) = what else { return Ok(()) };
                Err(scope.checker.error_with(
                    what.place(),
                    format!("`{name}` is not used with this `client_auth`"),
                    "leave it out, or write another `client_auth`",
                ))
            };
        match client.auth {
            ClientAuth::Basic | ClientAuth::BasicPlain | ClientAuth::Body => {
                needless(key.key, "key", scope)?;
                needless(key.key_id, "key_id", scope)?;
                needless(key.certificate, "certificate", scope)?;
                if client.auth != ClientAuth::Body && client.secret.is_some() {
                    let password = wanted(client.secret, "client_secret", scope)?;
                    let is_encoded = client.auth == ClientAuth::Basic;
                    self.basic = Some((UserPassword { username: id, password }, is_encoded));
                    return Ok(());
                }
                self.field("client_id", id);
                // A public client has no secret (RFC 6749 §3.2.1).
                if client.secret.is_some() {
                    let secret = wanted(client.secret, "client_secret", scope)?;
                    self.field("client_secret", secret);
                }
                Ok(())
            }
            ClientAuth::ClientSecretJwt => {
                needless(key.key, "key", scope)?;
                needless(key.certificate, "certificate", scope)?;
                let secret = wanted(client.secret, "client_secret", scope)?;
                let algorithm = key.algorithm.unwrap_or(AssertionAlgorithm::Hs256);
                if !is_shared(algorithm) {
                    return Err(scope.checker.error_with(
                        place,
                        "`client_secret_jwt` signs with a shared secret",
                        "write `algorithm: HS256` or `HS512`, or `client_auth: private_key_jwt`",
                    ));
                }
                self.client_assertion(id, secret, algorithm, key, url, scope)
            }
            ClientAuth::PrivateKeyJwt | ClientAuth::Certificate => {
                needless(client.secret, "client_secret", scope)?;
                let private = wanted(key.key, "key", scope)?;
                if client.auth == ClientAuth::Certificate {
                    if key.certificate.is_none() {
                        return Err(missing("certificate", scope));
                    }
                } else {
                    needless(key.certificate, "certificate", scope)?;
                }
                let default = match client.auth {
                    // The digest of a certificate goes with PS256 at Microsoft.
                    ClientAuth::Certificate => AssertionAlgorithm::Ps256,
                    _ => AssertionAlgorithm::Rs256,
                };
                let algorithm = key.algorithm.unwrap_or(default);
                if is_shared(algorithm) {
                    return Err(scope.checker.error_with(
                        place,
                        "a private key signs with no HMAC",
                        "write `algorithm: RS256`, or `client_auth: client_secret_jwt`",
                    ));
                }
                self.client_assertion(id, private, algorithm, key, url, scope)
            }
        }
    }

    pub(crate) fn client_assertion(
        &mut self,
        id: Template,
        signer: Template,
        algorithm: AssertionAlgorithm,
        key: &ClientKey<'_>,
        url: &Template,
        scope: &mut RequestScope<'_, '_>,
    ) -> Result<(), Told> {
        let key_id = key.key_id.map(|text| scope.template(text)).transpose()?;
        let certificate = key.certificate.map(|text| scope.template(text)).transpose()?;
        let claim = |name: &str, value: &Template| (name.to_owned(), value.clone());
        self.assertion = Some(Assertion {
            place: AssertionSlot::Field("client_assertion"),
            key: signer,
            key_file: None,
            algorithm,
            key_id,
            certificate,
            claims: vec![claim("iss", &id), claim("sub", &id), claim("aud", url)],
            life: ASSERTION_LIFE,
            backdated: Duration::ZERO,
        });
        self.field("client_id", id);
        self.field("client_assertion_type", Template::literal(ASSERTION_TYPE));
        Ok(())
    }

    pub(crate) fn into_auth(
        self,
        kind: &'static str,
        url: (Template, crate::checked::origin::Origin),
        body: written::TokenBody,
        response: TokenResponse,
    ) -> Box<TokenAuth> {
        Box::new(TokenAuth {
            kind,
            url: url.0,
            origin: url.1,
            url_field: "token_url",
            headers: Vec::new(),
            basic: self.basic,
            body: match body {
                written::TokenBody::Form => TokenBody::Form(self.fields),
                written::TokenBody::Json => TokenBody::Json(self.fields),
            },
            assertion: self.assertion,
            refresh_token: None,
            response,
            send: bearer("Bearer"),
            logout: None,
            base_origins: Vec::new(),
        })
    }
}

pub(crate) fn is_shared(algorithm: AssertionAlgorithm) -> bool {
    matches!(algorithm, AssertionAlgorithm::Hs256 | AssertionAlgorithm::Hs512)
}

/// Returns a header `Authorization` with the token behind `scheme`.
pub(crate) fn bearer(scheme: &str) -> SendToken {
    let text = format!("{scheme} {{token}}");
    let value = Template::parse(&text, &[Root::Record], &Lookups::new());
    SendToken::Header {
        name: "authorization".to_owned(),
        value: value.unwrap_or_else(|_| Template::literal("")),
    }
}

pub(crate) fn response(
    written: &written::TokenAnswer,
    scope: &mut RequestScope<'_, '_>,
) -> Result<TokenResponse, Told> {
    let mut path = |text: Option<&Located<String>>, default: &str| {
        let place = text.and_then(Located::place);
        let text = text.map_or(default, |text| text.as_str());
        scope.checker.path_at(place, text, &[Root::Record])
    };
    let token = path(written.token.as_ref(), "access_token")?;
    let life = match (&written.expires_in, &written.expires_at) {
        (seconds, None) => Life::Seconds(path(seconds.as_ref(), "expires_in")?),
        (None, at) => Life::Until(path(at.as_ref(), "expires_at")?),
        (Some(_), Some(at)) => {
            return Err(scope.checker.error_with(
                at.place(),
                "the end of a token is said twice",
                "keep one of `expires_in` and `expires_at`",
            ));
        }
    };
    Ok(TokenResponse { token: TokenLocation::Body(token), life, bearer: true, base_url: None })
}
