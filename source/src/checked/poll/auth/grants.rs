//! The kinds of `poll.auth` that request an access token.

use std::time::Duration;

use super::token::{Assertion, AssertionSlot, KeyFile, TokenAuth, TokenBody};
use super::token_request::{ASSERTION_LIFE, Client, ClientKey, TokenRequest, response};
use crate::checked::checker::Told;
use crate::checked::poll::request::scope::RequestScope;
use crate::checked::secret::check_secret_name;
use crate::path::Root;
use crate::written::{self, AssertionAlgorithm, ClientAuth, Located, SendAssertion};

/// The longest that Google accepts.
const LONGEST_LIFE: Duration = Duration::from_secs(3600);
const JWT_BEARER: &str = "urn:ietf:params:oauth:grant-type:jwt-bearer";

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
    if written.client_secret.is_none()
        && matches!(written.client_auth, ClientAuth::Basic | ClientAuth::BasicPlain)
    {
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
    let response = response(&written.answer, scope)?;
    audience.and(client).and(params)?;
    Ok(request.into_auth("client_credentials", url, written.body, response))
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
    let response = response(&written.answer, scope)?;
    Ok(request.into_auth("password", url, written.body, response))
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
    let response = response(&written.answer, scope)?;
    let mut auth = request.into_auth("refresh_token", url, written.body, response);
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
    let in_header = written.send == SendAssertion::Bearer;
    let has_parameters = request.fields.len() > 1 || request.basic.is_some();
    if in_header && (has_parameters || written.body != written::TokenBody::Form) {
        return Err(scope.checker.error_with(
            written.token_url.place(),
            "a token request with `send: bearer` has no parameters",
            "leave out `scopes`, `params`, `body` and the client, or `send`",
        ));
    }
    let response = response(&written.answer, scope)?;
    let key = scope.secret(&written.key)?;
    let key_file =
        written.key_file.as_ref().map(|file| key_file(file, written, scope)).transpose()?;
    let names_issuer = key_file.as_ref().is_some_and(|file| file.issuer.is_some());
    if written.issuer.is_some() == names_issuer {
        return Err(scope.checker.error_with(
            written.issuer.as_ref().unwrap_or(&written.key).place(),
            "`jwt_bearer` needs one issuer",
            "write `issuer`, or `key_file.issuer` if the key is JSON that has it",
        ));
    }
    let mut claims = Vec::new();
    let aud = written.audience.as_ref();
    for (name, value) in
        [("iss", written.issuer.as_ref()), ("sub", written.subject.as_ref()), ("aud", aud)]
    {
        match value {
            Some(value) => claims.push((name.to_owned(), scope.template(value)?)),
            None if name == "aud" && !in_header => claims.push((name.to_owned(), url.0.clone())),
            None => {}
        }
    }
    for (name, value) in &written.claims {
        let ours = ["iss", "aud", "iat", "exp", "jti"].contains(&name.as_str());
        if ours || claims.iter().any(|(there, _)| there == name) {
            return Err(scope.checker.error_with(
                value.place(),
                format!("the claim `{name}` is not one to write here"),
                "`issuer`, `subject` and `audience` have keys of their own; times and `jti` are made",
            ));
        }
        claims.push((name.clone(), scope.template(value)?));
    }
    if key_file.is_some() {
        // The name of a stored token depends on this order, and has to stay.
        claims.reverse();
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
        place: match in_header {
            true => AssertionSlot::Bearer,
            false => AssertionSlot::Field("assertion"),
        },
        key,
        key_file,
        algorithm: written.algorithm.unwrap_or(AssertionAlgorithm::Rs256),
        key_id,
        certificate: None,
        claims,
        life,
        backdated: scope.checker.duration_or(written.backdate.as_ref(), Duration::ZERO),
    });
    let mut auth = request.into_auth("jwt_bearer", url, written.body, response);
    if in_header {
        auth.body = TokenBody::Empty;
    }
    let sets_header = in_header || auth.basic.is_some();
    for (name, value) in &written.headers {
        scope.header_name(name, value.place())?;
        if sets_header && name.eq_ignore_ascii_case("authorization") {
            return Err(scope.checker.error_with(
                value.place(),
                "the header `authorization` of the token request is set by `headers` and by the client or `send`",
                "leave it out",
            ));
        }
        auth.headers.push((name.clone(), scope.template(value)?));
    }
    Ok(auth)
}

fn key_file(
    file: &written::KeyFile,
    grant: &written::JwtBearer,
    scope: &mut RequestScope<'_, '_>,
) -> Result<KeyFile, Told> {
    if let (Some(key_id), Some(_)) = (&grant.key_id, &file.key_id) {
        return Err(scope.checker.error_with(
            key_id.place(),
            "the id of the key is said twice",
            "keep one of `key_id` and `key_file.key_id`",
        ));
    }
    Ok(KeyFile {
        key: scope.checker.path(&file.key, &[Root::Record])?,
        issuer: scope.checker.record_path(file.issuer.as_ref())?,
        key_id: scope.checker.record_path(file.key_id.as_ref())?,
        token_url: scope.checker.record_path(file.token_url.as_ref())?,
    })
}
