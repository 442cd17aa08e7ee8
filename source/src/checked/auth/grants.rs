//! The kinds of `poll.auth` that ask for an access token.

use std::collections::BTreeMap;
use std::time::Duration;

use super::UserPassword;
use super::token::{
    Assertion, AssertionKey, AssertionPlace, Life, SendToken, TokenAnswer, TokenAuth, TokenBody,
    TokenPlace,
};
use crate::checked::poll::names_a_secret;
use crate::checked::request_scope::RequestScope;
use crate::template::Lookups;
use crate::written::{self, AssertionAlgorithm, ClientAuth, Located};
use crate::{Path, Root, Template};

/// How long a client's assertion is good; it is used at once.
const ASSERTION_LIFE: Duration = Duration::from_secs(300);
/// The longest that Google takes.
const LONGEST_LIFE: Duration = Duration::from_secs(3600);
/// What GitHub advises against clocks that differ.
const BACKDATED: Duration = Duration::from_secs(60);
const ASSERTION_TYPE: &str = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";
const JWT_BEARER: &str = "urn:ietf:params:oauth:grant-type:jwt-bearer";
const GOOGLE: &str = "https://oauth2.googleapis.com/token";
const GITHUB: &str = "https://api.github.com";

/// How a client says who it is.
struct Client<'w> {
    id: Option<&'w Located<String>>,
    secret: Option<&'w Located<String>>,
    auth: ClientAuth,
}

/// What an assertion in place of a client's secret takes.
#[derive(Default)]
struct ClientKey<'w> {
    key: Option<&'w Located<String>>,
    key_id: Option<&'w Located<String>>,
    certificate: Option<&'w Located<String>>,
    algorithm: Option<AssertionAlgorithm>,
}

/// A token request that grows.
struct Asked {
    fields: Vec<(String, Template)>,
    basic: Option<(UserPassword, bool)>,
    assertion: Option<Assertion>,
}

impl Asked {
    fn new(grant: &str) -> Asked {
        let mut asked = Asked { fields: Vec::new(), basic: None, assertion: None };
        asked.field("grant_type", Template::literal(grant));
        asked
    }

    fn field(&mut self, name: &str, value: Template) {
        self.fields.push((name.to_owned(), value));
    }

    fn text(
        &mut self,
        name: &str,
        value: Option<&Located<String>>,
        scope: &mut RequestScope<'_, '_>,
    ) -> Option<()> {
        if let Some(value) = value {
            let value = scope.template(value)?;
            self.field(name, value);
        }
        Some(())
    }

    fn scopes(&mut self, scopes: &[Located<String>]) {
        if !scopes.is_empty() {
            let scopes: Vec<_> = scopes.iter().map(|scope| scope.as_str()).collect();
            self.field("scope", Template::literal(scopes.join(" ")));
        }
    }

    /// Further parameters; none may say again what the kind says.
    fn params(
        &mut self,
        params: &BTreeMap<String, Located<String>>,
        scope: &mut RequestScope<'_, '_>,
    ) -> Option<()> {
        let mut all = Some(());
        for (name, value) in params {
            if self.fields.iter().any(|(there, _)| there == name) {
                scope.checker.error_with(
                    value.place(),
                    format!("the parameter `{name}` is set by another key"),
                    "write it in one place",
                );
                all = None;
            }
            match scope.template(value) {
                Some(value) => self.field(name, value),
                None => all = None,
            }
        }
        all
    }

    fn client(
        &mut self,
        client: &Client<'_>,
        key: &ClientKey<'_>,
        url: &Template,
        scope: &mut RequestScope<'_, '_>,
    ) -> Option<()> {
        let Some(written_id) = client.id else {
            if let Some(secret) = client.secret {
                scope.checker.error(secret.place(), "`client_secret` stands without `client_id`");
                return None;
            }
            return Some(());
        };
        let id = scope.template(written_id)?;
        let place = written_id.place();
        let wanted =
            |what: Option<&'_ Located<String>>, name: &str, scope: &mut RequestScope<'_, '_>| {
                if what.is_none() {
                    scope.checker.error_with(
                        place,
                        format!("`client_auth` needs `{name}`, which is not there"),
                        "write it, or another `client_auth`",
                    );
                }
                let text = what?;
                let template = scope.template(text)?;
                names_a_secret(&template, text, scope.checker);
                Some(template)
            };
        let needless =
            |what: Option<&'_ Located<String>>, name: &str, scope: &mut RequestScope<'_, '_>| {
                if let Some(what) = what {
                    scope.checker.error_with(
                        what.place(),
                        format!("`{name}` is not used with this `client_auth`"),
                        "leave it out, or write another `client_auth`",
                    );
                }
                what.is_none().then_some(())
            };
        match client.auth {
            ClientAuth::Basic | ClientAuth::Body => {
                needless(key.key, "key", scope)?;
                needless(key.key_id, "key_id", scope)?;
                needless(key.certificate, "certificate", scope)?;
                if client.auth == ClientAuth::Basic && client.secret.is_some() {
                    let password = wanted(client.secret, "client_secret", scope)?;
                    self.basic = Some((UserPassword { username: id, password }, true));
                    return Some(());
                }
                self.field("client_id", id);
                // A public client has no secret (RFC 6749 §3.2.1).
                if client.secret.is_some() {
                    let secret = wanted(client.secret, "client_secret", scope)?;
                    self.field("client_secret", secret);
                }
                Some(())
            }
            ClientAuth::ClientSecretJwt => {
                needless(key.key, "key", scope)?;
                needless(key.certificate, "certificate", scope)?;
                let secret = wanted(client.secret, "client_secret", scope)?;
                let algorithm = key.algorithm.unwrap_or(AssertionAlgorithm::Hs256);
                if !is_shared(algorithm) {
                    scope.checker.error_with(
                        place,
                        "`client_secret_jwt` signs with a shared secret",
                        "write `algorithm: HS256` or `HS512`, or `client_auth: private_key_jwt`",
                    );
                    return None;
                }
                self.client_assertion(id, AssertionKey::Shared(secret), algorithm, key, url, scope)
            }
            ClientAuth::PrivateKeyJwt | ClientAuth::Certificate => {
                needless(client.secret, "client_secret", scope)?;
                let private = wanted(key.key, "key", scope)?;
                if client.auth == ClientAuth::Certificate {
                    if key.certificate.is_none() {
                        scope.checker.error_with(
                            place,
                            "`client_auth` needs `certificate`, which is not there",
                            "write it, or another `client_auth`",
                        );
                        return None;
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
                    scope.checker.error_with(
                        place,
                        "a private key signs with no HMAC",
                        "write `algorithm: RS256`, or `client_auth: client_secret_jwt`",
                    );
                    return None;
                }
                self.client_assertion(id, AssertionKey::Pem(private), algorithm, key, url, scope)
            }
        }
    }

    fn client_assertion(
        &mut self,
        id: Template,
        signer: AssertionKey,
        algorithm: AssertionAlgorithm,
        key: &ClientKey<'_>,
        url: &Template,
        scope: &mut RequestScope<'_, '_>,
    ) -> Option<()> {
        let mut optional = |text: Option<&Located<String>>| match text {
            None => Some(None),
            Some(text) => scope.template(text).map(Some),
        };
        let key_id = optional(key.key_id)?;
        let certificate = optional(key.certificate)?;
        let claim = |name: &str, value: &Template| (name.to_owned(), value.clone());
        self.assertion = Some(Assertion {
            place: AssertionPlace::Field("client_assertion"),
            key: signer,
            algorithm,
            key_id,
            certificate,
            claims: vec![claim("iss", &id), claim("sub", &id), claim("aud", url)],
            life: ASSERTION_LIFE,
            backdated: Duration::ZERO,
        });
        self.field("client_id", id);
        self.field("client_assertion_type", Template::literal(ASSERTION_TYPE));
        Some(())
    }

    fn into_auth(
        self,
        kind: &'static str,
        url: (Template, crate::checked::Origin),
        body: written::TokenBody,
        answer: TokenAnswer,
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
            answer,
            send: bearer("Bearer"),
            base_origins: Vec::new(),
        })
    }
}

fn is_shared(algorithm: AssertionAlgorithm) -> bool {
    matches!(algorithm, AssertionAlgorithm::Hs256 | AssertionAlgorithm::Hs512)
}

/// A template of our own over `{token}`.
pub(super) fn bearer(scheme: &str) -> SendToken {
    let text = format!("{scheme} {{token}}");
    let value = Template::parse(&text, &[Root::Record], &Lookups::new());
    SendToken::Header {
        name: "authorization".to_owned(),
        value: value.unwrap_or_else(|_| Template::literal("")),
    }
}

fn own_path(name: &str) -> Option<Path> {
    Path::parse(name, &[Root::Record]).ok()
}

fn answer(written: &written::TokenAnswer, scope: &mut RequestScope<'_, '_>) -> Option<TokenAnswer> {
    let mut path = |text: &Located<String>| scope.checker.path(text, &[Root::Record]);
    let token = match &written.token {
        Some(token) => path(token)?,
        None => own_path("access_token")?,
    };
    let life = match (&written.expires_in, &written.expires_at) {
        (Some(seconds), None) => Life::Seconds(path(seconds)?),
        (None, Some(at)) => Life::Until(path(at)?),
        (None, None) => Life::Seconds(own_path("expires_in")?),
        (Some(_), Some(at)) => {
            scope.checker.error_with(
                at.place(),
                "the end of a token is said twice",
                "keep one of `expires_in` and `expires_at`",
            );
            return None;
        }
    };
    Some(TokenAnswer { token: TokenPlace::Body(token), life, bearer: true, base_url: None })
}

pub(super) fn client_credentials(
    written: &written::ClientCredentials,
    scope: &mut RequestScope<'_, '_>,
) -> Option<Box<TokenAuth>> {
    let url = scope.url(&written.token_url);
    let mut asked = Asked::new("client_credentials");
    asked.scopes(&written.scopes);
    let audience = asked.text("audience", written.audience.as_ref(), scope);
    let client = Client {
        id: Some(&written.client_id),
        secret: written.client_secret.as_ref(),
        auth: written.client_auth,
    };
    if written.client_secret.is_none() && written.client_auth == ClientAuth::Basic {
        scope.checker.error_with(
            written.client_id.place(),
            "`client_auth` needs `client_secret`, which is not there",
            "write it, or another `client_auth`",
        );
        return None;
    }
    let key = ClientKey {
        key: written.key.as_ref(),
        key_id: written.key_id.as_ref(),
        certificate: written.certificate.as_ref(),
        algorithm: written.algorithm,
    };
    let url = url?;
    let client = asked.client(&client, &key, &url.0, scope);
    let params = asked.params(&written.params, scope);
    let answer = answer(&written.answer, scope)?;
    audience.and(client).and(params)?;
    Some(asked.into_auth("client_credentials", url, written.body, answer))
}

pub(super) fn password(
    written: &written::PasswordGrant,
    scope: &mut RequestScope<'_, '_>,
) -> Option<Box<TokenAuth>> {
    let url = scope.url(&written.token_url)?;
    let mut asked = Asked::new("password");
    asked.text("username", Some(&written.username), scope)?;
    let password = scope.template(&written.password)?;
    names_a_secret(&password, &written.password, scope.checker);
    asked.field("password", password);
    asked.scopes(&written.scopes);
    simple_client(
        written.client_id.as_ref(),
        written.client_secret.as_ref(),
        written.client_auth,
        &mut asked,
        &url.0,
        scope,
    )?;
    asked.params(&written.params, scope)?;
    let answer = answer(&written.answer, scope)?;
    Some(asked.into_auth("password", url, written.body, answer))
}

pub(super) fn refresh_token(
    written: &written::RefreshToken,
    scope: &mut RequestScope<'_, '_>,
) -> Option<Box<TokenAuth>> {
    let url = scope.url(&written.token_url)?;
    let name = &written.refresh_token;
    crate::checked::load::check_secret_name(name, name.place(), scope.checker)?;
    let mut asked = Asked::new("refresh_token");
    asked.scopes(&written.scopes);
    simple_client(
        written.client_id.as_ref(),
        written.client_secret.as_ref(),
        written.client_auth,
        &mut asked,
        &url.0,
        scope,
    )?;
    asked.params(&written.params, scope)?;
    let answer = answer(&written.answer, scope)?;
    let mut auth = asked.into_auth("refresh_token", url, written.body, answer);
    auth.refresh_token = Some((**name).clone());
    Some(auth)
}

pub(super) fn jwt_bearer(
    written: &written::JwtBearer,
    scope: &mut RequestScope<'_, '_>,
) -> Option<Box<TokenAuth>> {
    let url = scope.url(&written.token_url)?;
    let mut asked = Asked::new(JWT_BEARER);
    asked.scopes(&written.scopes);
    simple_client(
        written.client_id.as_ref(),
        written.client_secret.as_ref(),
        written.client_auth,
        &mut asked,
        &url.0,
        scope,
    )?;
    asked.params(&written.params, scope)?;
    let answer = answer(&written.answer, scope)?;
    let key = scope.template(&written.key)?;
    names_a_secret(&key, &written.key, scope.checker);
    let algorithm = written.algorithm.unwrap_or(AssertionAlgorithm::Rs256);
    let mut claims = vec![("iss".to_owned(), scope.template(&written.issuer)?)];
    if let Some(subject) = &written.subject {
        claims.push(("sub".to_owned(), scope.template(subject)?));
    }
    claims.push((
        "aud".to_owned(),
        match &written.audience {
            Some(audience) => scope.template(audience)?,
            None => url.0.clone(),
        },
    ));
    for (name, value) in &written.claims {
        let ours = ["iat", "exp", "jti"].contains(&name.as_str());
        if ours || claims.iter().any(|(there, _)| there == name) {
            scope.checker.error_with(
                value.place(),
                format!("the claim `{name}` is not one to write here"),
                "`issuer`, `subject` and `audience` have keys of their own; times and `jti` are made",
            );
            return None;
        }
        claims.push((name.clone(), scope.template(value)?));
    }
    let life = scope.checker.duration_or(written.life.as_ref(), ASSERTION_LIFE);
    if life.is_zero() || life > LONGEST_LIFE {
        scope.checker.error(
            written.life.as_ref().and_then(Located::place),
            "`life` is not between a second and an hour",
        );
        return None;
    }
    let key_id = match &written.key_id {
        Some(key_id) => Some(scope.template(key_id)?),
        None => None,
    };
    asked.assertion = Some(Assertion {
        place: AssertionPlace::Field("assertion"),
        key: if is_shared(algorithm) { AssertionKey::Shared(key) } else { AssertionKey::Pem(key) },
        algorithm,
        key_id,
        certificate: None,
        claims,
        life,
        backdated: Duration::ZERO,
    });
    Some(asked.into_auth("jwt_bearer", url, written.body, answer))
}

pub(super) fn google_service_account(
    written: &written::GoogleServiceAccount,
    scope: &mut RequestScope<'_, '_>,
) -> Option<Box<TokenAuth>> {
    let default = written.key.with(GOOGLE.to_owned());
    let url = scope.url(written.token_url.as_ref().unwrap_or(&default))?;
    let key = scope.template(&written.key)?;
    names_a_secret(&key, &written.key, scope.checker);
    if written.scopes.is_empty() {
        scope.checker.error_with(
            written.key.place(),
            "a service account asks for no scope",
            "name at least one under `scopes`",
        );
        return None;
    }
    let scopes: Vec<_> = written.scopes.iter().map(|scope| scope.as_str()).collect();
    let mut claims = vec![
        ("scope".to_owned(), Template::literal(scopes.join(" "))),
        ("aud".to_owned(), url.0.clone()),
    ];
    if let Some(subject) = &written.subject {
        claims.push(("sub".to_owned(), scope.template(subject)?));
    }
    let mut asked = Asked::new(JWT_BEARER);
    asked.assertion = Some(Assertion {
        place: AssertionPlace::Field("assertion"),
        key: AssertionKey::GoogleKey(key),
        algorithm: AssertionAlgorithm::Rs256,
        key_id: None,
        certificate: None,
        claims,
        life: LONGEST_LIFE,
        backdated: Duration::ZERO,
    });
    let answer = answer(&written::TokenAnswer::default(), scope)?;
    Some(asked.into_auth("google_service_account", url, written::TokenBody::Form, answer))
}

pub(super) fn github_app(
    written: &written::GithubApp,
    scope: &mut RequestScope<'_, '_>,
) -> Option<Box<TokenAuth>> {
    let default = written.installation_id.with(GITHUB.to_owned());
    let api = written.api_url.as_ref().unwrap_or(&default);
    let url = api.with(format!(
        "{}/app/installations/{}/access_tokens",
        api.trim_end_matches('/'),
        &*written.installation_id
    ));
    let (url, origin) = scope.url(&url)?;
    let key = scope.template(&written.key)?;
    names_a_secret(&key, &written.key, scope.checker);
    let issuer = scope.template(&written.app_id)?;
    let header = |name: &str, value: &str| (name.to_owned(), Template::literal(value));
    Some(Box::new(TokenAuth {
        kind: "github_app",
        url,
        origin,
        url_field: "api_url",
        headers: vec![header("accept", "application/vnd.github+json")],
        basic: None,
        body: TokenBody::Empty,
        assertion: Some(Assertion {
            place: AssertionPlace::Bearer,
            key: AssertionKey::Pem(key),
            algorithm: AssertionAlgorithm::Rs256,
            key_id: None,
            certificate: None,
            claims: vec![("iss".to_owned(), issuer)],
            life: ASSERTION_LIFE,
            backdated: BACKDATED,
        }),
        refresh_token: None,
        answer: TokenAnswer {
            token: TokenPlace::Body(own_path("token")?),
            life: Life::Until(own_path("expires_at")?),
            bearer: false,
            base_url: None,
        },
        send: bearer("Bearer"),
        base_origins: Vec::new(),
    }))
}

/// A client that proves itself by a secret, if it does at all.
fn simple_client(
    id: Option<&Located<String>>,
    secret: Option<&Located<String>>,
    auth: ClientAuth,
    asked: &mut Asked,
    url: &Template,
    scope: &mut RequestScope<'_, '_>,
) -> Option<()> {
    if !matches!(auth, ClientAuth::Basic | ClientAuth::Body) {
        scope.checker.error_with(
            id.and_then(Located::place),
            "`client_auth` is `basic` or `body` here",
            "assertions stand in place of a secret only under `client_credentials`",
        );
        return None;
    }
    asked.client(&Client { id, secret, auth }, &ClientKey::default(), url, scope)
}
