//! Bringing the parameters of a kept link up to date with the source file.

use mef_source::Template;
use url::{Url, form_urlencoded};

use crate::request::render::{RequestError, render};
use crate::request::scope::RequestScope;
use crate::request::urls::parameter_name;

/// Returns the link with these parameters in the place of its own. A parameter whose value is empty
/// is dropped, one that the link lacks is added, and every other byte stays: tokens may depend on
/// theirs.
pub(crate) fn rewrite_query(
    mut link: Url,
    rewrite: &[(String, Template)],
    scope: &RequestScope<'_>,
) -> Result<Url, RequestError> {
    for (name, template) in rewrite {
        let value = render(template, scope, name)?.filter(|value| !value.is_empty());
        let piece = value.map(|value| {
            form_urlencoded::Serializer::new(String::new()).append_pair(name, &value).finish()
        });
        let mut pieces: Vec<String> = Vec::new();
        let mut piece = piece;
        for old in link.query().unwrap_or_default().split('&').filter(|old| !old.is_empty()) {
            if parameter_name(old).as_deref() == Some(name) {
                pieces.extend(piece.take());
            } else {
                pieces.push(old.to_owned());
            }
        }
        pieces.extend(piece);
        let query = pieces.join("&");
        link.set_query(Some(query.as_str()).filter(|query| !query.is_empty()));
    }
    Ok(link)
}
