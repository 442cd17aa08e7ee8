//! URLs whose origin is fixed.

use url::Url;

use super::scope::RequestScope;
use crate::checked::checker::Told;
use crate::checked::origin::Origin;
use crate::path::Root;
use crate::template::{Part, Template};
use crate::written::Located;

impl RequestScope<'_, '_> {
    /// Reads a URL whose origin is fixed. No secret, and nothing that changes from run to
    /// run, may choose the origin; only a value of `setup` or of the partition may, among
    /// the origins that the source file lists as the vendor's own.
    pub(crate) fn url(&mut self, text: &Located<String>) -> Result<(Template, Origin), Told> {
        let template = self.template(text)?;
        if let (Some(origin), Some(Part::Placeholder(first))) =
            (&self.item_origin, template.parts.first())
            && first.path.root() == Root::Item
        {
            return Ok((template, origin.clone()));
        }
        if let Some(Part::Placeholder(first)) = template.parts.first()
            && matches!(first.path.root(), Root::Setup | Root::Partition)
            && !first.path.name().is_empty()
        {
            let Some(origin) = self.own_origins.first() else {
                return Err(self.checker.error_with(
                    text.place(),
                    format!("`{{{}}}` could lead anywhere", first.path),
                    "list the origins that it may lead to under `own_origins`: they get the credential",
                ));
            };
            return Ok((template, origin.clone()));
        }
        let start = match template.parts.first() {
            Some(Part::Literal(literal)) => literal.as_str(),
            _ => "",
        };
        // The host is fixed only if its end is in the fixed part too.
        let after_scheme = start.split_once("://").map_or("", |(_, rest)| rest);
        let whole = template.parts.len() == 1 || after_scheme.contains(['/', '?']);
        let url = Url::parse(start).ok();
        if url.as_ref().is_some_and(|url| !url.username().is_empty() || url.password().is_some()) {
            // Not shown: it may be a password.
            return Err(self.checker.error_with(
                text.place(),
                "the URL has a user's name or password in it",
                "say under `auth` who we are, with `{secret.…}`",
            ));
        }
        if url.as_ref().is_some_and(|url| url.fragment().is_some()) {
            self.checker.error_with(
                text.place(),
                "what follows a `#` is never sent",
                "leave it out, or write `%23`",
            );
        }
        match url.as_ref().and_then(Origin::of).filter(|_| whole) {
            Some(origin) => {
                if origin.scheme == "http" && !origin.is_loopback() {
                    self.checker.warn(
                        text.place(),
                        "requests and credentials go out unencrypted",
                        "write `https://`",
                    );
                }
                Ok((template, origin))
            }
            None => Err(self.checker.error_with(
                text.place(),
                format!("`{}` has no fixed origin", &**text),
                "write `https://host/path`, in which only constants and `{var.…}` make up the host",
            )),
        }
    }
}
