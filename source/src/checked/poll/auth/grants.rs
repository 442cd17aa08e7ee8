//! The kinds of `poll.auth` that request an access token.

use std::time::Duration;

use super::token::{
    Assertion, AssertionKey, AssertionPlace, Life, TokenAnswer, TokenAuth, TokenBody, TokenPlace,
};
use super::token_request::{
    ASSERTION_LIFE, Client, ClientKey, TokenRequest, answer, bearer, is_shared,
};
use crate::checked::checker::Told;
use crate::checked::poll::request::scope::RequestScope;
use crate::checked::secret::check_secret_name;
use crate::path::Root;
use crate::template::Template;
use crate::written::{self, AssertionAlgorithm, ClientAuth, Located};

/// The longest that Google accepts.
const LONGEST_LIFE: Duration = Duration::from_secs(3600);
/// GitHub advises this because clocks differ.
const BACKDATED: Duration = Duration::from_secs(60);
const JWT_BEARER: &str = "urn:ietf:params:oauth:grant-type:jwt-bearer";
const GOOGLE: &str = "https://oauth2.googleapis.com/token";
const GITHUB: &str = "https://api.github.com";

pub(crate) fn client_credentials(
    written: &written::ClientCredentials,
    scope: &mut RequestScope<'_, '_>,
) -> Result<Box<TokenAuth>, Told> {
    let url = scope.url(&written.token_url);
    let mut request = TokenRequest::new("client_credentials");
    request.scopes(&written.scopes);
    let audience = request.text("audience", written.audience.as_ref(), scope);
    let client = Client {
        id: Some(&written.client_id),
        secret: written.client_secret.as_ref(),
        auth: written.client_auth,
    };
    if written.client_secret.is_none() && written.client_auth == ClientAuth::Basic {
        return Err(scope.checker.error_with(
            written.client_id.place(),
            "`client_auth` needs `client_secret`, which is not there",
            "write it, or another `client_auth`",
        ));
    }
    let key = ClientKey {
        key: written.key.as_ref(),
        key_id: written.key_id.as_ref(),
        certificate: written.certificate.as_ref(),
        algorithm: written.algorithm,
    };
    let url = url?;
    let client = request.client(&client, &key, &url.0, scope);
    let params = request.params(&written.params, scope);
    let answer = answer(&written.answer, scope)?;
    audience.and(client).and(params)?;
    Ok(request.into_auth("client_credentials", url, written.body, answer))
}

pub(crate) fn password(
    written: &written::PasswordGrant,
    scope: &mut RequestScope<'_, '_>,
) -> Result<Box<TokenAuth>, Told> {
    let url = scope.url(&written.token_url)?;
    let mut request = TokenRequest::new("password");
    request.text("username", Some(&written.username), scope)?;
    let password = scope.secret(&written.password)?;
    request.field("password", password);
    request.scopes(&written.scopes);
    let client = Client::new(&written.client_id, &written.client_secret, written.client_auth);
    request.simple_client(&client, &url.0, scope)?;
    request.params(&written.params, scope)?;
    let answer = answer(&written.answer, scope)?;
    Ok(request.into_auth("password", url, written.body, answer))
}

pub(crate) fn refresh_token(
    written: &written::RefreshToken,
    scope: &mut RequestScope<'_, '_>,
) -> Result<Box<TokenAuth>, Told> {
    let url = scope.url(&written.token_url)?;
    let name = &written.refresh_token;
    check_secret_name(name, name.place(), scope.checker)?;
    let mut request = TokenRequest::new("refresh_token");
    request.scopes(&written.scopes);
    let client = Client::new(&written.client_id, &written.client_secret, written.client_auth);
    request.simple_client(&client, &url.0, scope)?;
    request.params(&written.params, scope)?;
    let answer = answer(&written.answer, scope)?;
    let mut auth = request.into_auth("refresh_token", url, written.body, answer);
    auth.refresh_token = Some((**name).clone());
    Ok(auth)
}

pub(crate) fn jwt_bearer(
    written: &written::JwtBearer,
    scope: &mut RequestScope<'_, '_>,
) -> Result<Box<TokenAuth>, Told> {
    let url = scope.url(&written.token_url)?;
    let mut request = TokenRequest::new(JWT_BEARER);
    request.scopes(&written.scopes);
    let client = Client::new(&written.client_id, &written.client_secret, written.client_auth);
    request.simple_client(&client, &url.0, scope)?;
    request.params(&written.params, scope)?;
    let answer = answer(&written.answer, scope)?;
    let key = scope.secret(&written.key)?;
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
            return Err(scope.checker.error_with(
                value.place(),
                format!("the claim `{name}` is not one to write here"),
                "`issuer`, `subject` and `audience` have keys of their own; times and `jti` are made",
            ));
        }
        claims.push((name.clone(), scope.template(value)?));
    }
    let life = scope.checker.duration_or(written.life.as_ref(), ASSERTION_LIFE);
    if life.is_zero() || life > LONGEST_LIFE {
        return Err(scope.checker.error(
            written.life.as_ref().and_then(Located::place),
            "`life` is not between a second and an hour",
        ));
    }
    let key_id = written.key_id.as_ref().map(|key_id| scope.template(key_id)).transpose()?;
    request.assertion = Some(Assertion {
        place: AssertionPlace::Field("assertion"),
        key: if is_shared(algorithm) { AssertionKey::Shared(key) } else { AssertionKey::Pem(key) },
        algorithm,
        key_id,
        certificate: None,
        claims,
        life,
        backdated: Duration::ZERO,
    });
    Ok(request.into_auth("jwt_bearer", url, written.body, answer))
}

pub(crate) fn google_service_account(
    written: &written::GoogleServiceAccount,
    scope: &mut RequestScope<'_, '_>,
) -> Result<Box<TokenAuth>, Told> {
    let default = written.key.with(GOOGLE.to_owned());
    let url = scope.url(written.token_url.as_ref().unwrap_or(&default))?;
    let key = scope.secret(&written.key)?;
    if written.scopes.is_empty() {
        return Err(scope.checker.error_with(
            written.key.place(),
            "a service account asks for no scope",
            "name at least one under `scopes`",
        ));
    }
    let scopes: Vec<_> = written.scopes.iter().map(|scope| scope.as_str()).collect();
    let mut claims = vec![
        ("scope".to_owned(), Template::literal(scopes.join(" "))),
        ("aud".to_owned(), url.0.clone()),
    ];
    if let Some(subject) = &written.subject {
        claims.push(("sub".to_owned(), scope.template(subject)?));
    }
    let mut request = TokenRequest::new(JWT_BEARER);
    request.assertion = Some(Assertion {
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
    Ok(request.into_auth("google_service_account", url, written::TokenBody::Form, answer))
}

pub(crate) fn github_app(
    written: &written::GithubApp,
    scope: &mut RequestScope<'_, '_>,
) -> Result<Box<TokenAuth>, Told> {
    let default = written.installation_id.with(GITHUB.to_owned());
    let api = written.api_url.as_ref().unwrap_or(&default);
    let url = api.with(format!(
        "{}/app/installations/{}/access_tokens",
        api.trim_end_matches('/'),
        &*written.installation_id
    ));
    let (url, origin) = scope.url(&url)?;
    let key = scope.secret(&written.key)?;
    let issuer = scope.template(&written.app_id)?;
    let header = |name: &str, value: &str| (name.to_owned(), Template::literal(value));
    Ok(Box::new(TokenAuth {
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
            token: TokenPlace::Body(scope.checker.path_at(None, "token", &[Root::Record])?),
            life: Life::Until(scope.checker.path_at(None, "expires_at", &[Root::Record])?),
            bearer: false,
            base_url: None,
        },
        send: bearer("Bearer"),
        base_origins: Vec::new(),
    }))
}
