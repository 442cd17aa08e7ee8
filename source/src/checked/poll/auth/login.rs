//! A login that gives a token or a cookie.

use super::token::{Life, SendToken, TokenAuth, TokenBody, TokenLocation, TokenResponse};
use super::user_password::UserPassword;
use super::words::with_record;
use crate::checked::checker::Told;
use crate::checked::poll::request::scope::RequestScope;
use crate::path::{Root, is_header_name};
use crate::written::{self, Located};

pub(crate) fn session(
    written: &written::Session,
    scope: &mut RequestScope<'_, '_>,
) -> Result<Box<TokenAuth>, Told> {
    let login = &written.login;
    let url = scope.url(&login.post);
    let mut headers = Vec::new();
    for (name, value) in &login.headers {
        scope.header_name(name, value.place())?;
        headers.push((name.clone(), scope.template(value)?));
    }
    let own = login.headers.iter().find(|(name, _)| name.eq_ignore_ascii_case("authorization"));
    if let (Some((_, value)), Some(_)) = (own, &login.basic) {
        return Err(scope.checker.error_with(
            value.place(),
            "the header `authorization` of the login is set by `headers` and by `basic`",
            "keep one of them",
        ));
    }
    let basic = login.basic.as_ref().map(|user| UserPassword::check(user, scope)).transpose()?;
    let body = match (&login.json, &login.form) {
        (None, None) => TokenBody::Empty,
        (Some(json), None) => TokenBody::Tree(scope.json(json)?),
        (None, Some(form)) => {
            let fields =
                form.iter().map(|(name, value)| Ok((name.clone(), scope.template(value)?)));
            TokenBody::Form(fields.collect::<Result<_, _>>()?)
        }
        (Some(json), Some(_)) => {
            return Err(scope.checker.error_with(
                json.place(),
                "a login has one body",
                "keep one of `json` and `form`",
            ));
        }
    };
    let (token, send) = match (&written.token, &written.cookies) {
        (Some(token), None) => (place(&token.from, scope)?, send(&token.send, scope)?),
        (None, Some(names)) => (cookies(names, scope)?, SendToken::Cookies),
        (token, _) => {
            let message = match token {
                None => "this login gives nothing that is sent",
                Some(_) => "a session sends a token or cookies",
            };
            return Err(scope.checker.error_with(
                login.post.place(),
                message,
                "write one of `token` and `cookies` beside `login`",
            ));
        }
    };
    let life = match &written.expires {
        None => Life::Open,
        Some(written::Expires::After(text)) => Life::Fixed(scope.checker.duration(text)?),
        Some(written::Expires::In(path)) => {
            Life::Seconds(scope.checker.path(path, &[Root::Record])?)
        }
        Some(written::Expires::At(path)) => Life::Until(scope.checker.path(path, &[Root::Record])?),
    };
    let logout = written.logout.as_ref().map(|request| scope.last_request(request)).transpose()?;
    let base_url = scope.checker.record_path(written.base_url.as_ref().map(|base| &base.from))?;
    let (url, origin) = url?;
    let auth = TokenAuth {
        kind: "session",
        url,
        origin,
        url_field: "login.post",
        headers,
        basic: basic.map(|user| (user, false)),
        body,
        assertion: None,
        refresh_token: None,
        response: TokenResponse { token, life, bearer: false, base_url },
        send,
        logout,
        base_origins: Vec::new(),
    };
    if !auth.has_secret() {
        scope.checker.warn(
            login.post.place(),
            "the credentials of this login stand in the file",
            "name them: `{secret.password}` is read from where secrets are kept",
        );
    }
    Ok(Box::new(auth))
}

/// Reads `header.NAME`, `cookie.NAME`, or a path into the body.
fn place(from: &Located<String>, scope: &mut RequestScope<'_, '_>) -> Result<TokenLocation, Told> {
    if let Some(name) = from.strip_prefix("cookie.") {
        scope.cookie_name(&from.with(name.to_owned()))?;
        return Ok(TokenLocation::Cookie(name.to_owned()));
    }
    if let Some(name) = from.strip_prefix("header.") {
        if !is_header_name(name) {
            return Err(scope
                .checker
                .error(from.place(), format!("`{name}` is not a header's name")));
        }
        return Ok(TokenLocation::Header(name.to_ascii_lowercase()));
    }
    scope.checker.path(from, &[Root::Record]).map(TokenLocation::Body)
}

/// Reads the names of cookies that must all be in the response.
fn cookies(
    names: &Located<Vec<Located<String>>>,
    scope: &mut RequestScope<'_, '_>,
) -> Result<TokenLocation, Told> {
    if names.is_empty() {
        return Err(scope.checker.error_with(
            names.place(),
            "`cookies` names none",
            "such as `cookies: [JSESSIONID, XSRF-TOKEN]`",
        ));
    }
    let names = names.iter().map(|name| {
        scope.cookie_name(name)?;
        Ok((**name).clone())
    });
    names.collect::<Result<_, _>>().map(TokenLocation::Cookies)
}

fn send(written: &written::SendToken, scope: &mut RequestScope<'_, '_>) -> Result<SendToken, Told> {
    Ok(match written {
        written::SendToken::Header(pair) => {
            scope.header_name(&pair.name, pair.name.place())?;
            let value = with_record(&pair.value, &["token"], scope)?;
            if !value.paths().any(|path| path.root() == Root::Record) {
                return Err(scope.checker.error_with(
                    pair.value.place(),
                    "the header does not send the token",
                    "write `{token}` where it goes, such as `Bearer {token}`",
                ));
            }
            SendToken::Header { name: (*pair.name).clone(), value }
        }
        written::SendToken::Cookie(name) => {
            scope.cookie_name(name)?;
            SendToken::Cookie((**name).clone())
        }
        written::SendToken::Query(name) => {
            scope.not_empty(name, "a query parameter's name")?;
            SendToken::Query((**name).clone())
        }
    })
}
