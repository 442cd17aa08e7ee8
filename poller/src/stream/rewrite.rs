//! What the source file says of a kept link's parameters, whatever stood in
//! the link when the vendor gave it.

use mef_source::Template;
use url::{Url, form_urlencoded};

use crate::ask::render::RequestError;
use crate::ask::render::render;
use crate::ask::scope::RequestScope;
use crate::ask::urls::parameter_name;

/// The link with these parameters in the place of its own. One whose value is
/// nothing is dropped, one that the link does not have is added, and every
/// other byte stays: tokens may depend on theirs.
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
