//! Names of headers, cookies and values.

use std::collections::BTreeMap;

use super::scope::RequestScope;
use crate::checked::checker::{Told, all};
use crate::path::{Path, Root, is_header_name};
use crate::problem::Place;
use crate::template::Template;
use crate::written::{Located, Node};

/// Headers that a source file must not set: `Host`, for example, could name another
/// origin than the one that was checked.
const OUR_HEADERS: [&str; 4] = ["host", "content-length", "transfer-encoding", "connection"];

impl RequestScope<'_, '_> {
    pub(crate) fn header_pairs(
        &mut self,
        written: &BTreeMap<String, Located<Node>>,
    ) -> Vec<(String, Template)> {
        let mut seen: Vec<String> = Vec::new();
        for (name, value) in written {
            self.header_name(name, value.place()).ok();
            let lower = name.to_ascii_lowercase();
            if seen.contains(&lower) {
                self.checker.error_with(
                    value.place(),
                    format!("the header `{name}` is written twice"),
                    "upper and lower case are the same in a header's name",
                );
            }
            seen.push(lower);
        }
        self.pairs(written)
    }

    /// Reports a name that no header of a request may have.
    pub(crate) fn header_name(&mut self, name: &str, place: Option<Place>) -> Result<(), Told> {
        if !is_header_name(name) {
            return Err(self.checker.error(place, format!("`{name}` is not a header's name")));
        }
        if OUR_HEADERS.contains(&name.to_ascii_lowercase().as_str()) {
            return Err(self.checker.error_with(
                place,
                format!("the header `{name}` is not the source file's to set"),
                "it follows from the URL and the connection",
            ));
        }
        Ok(())
    }

    /// Reports a name that no cookie has: it is a token, as a header's is (RFC 6265
    /// §4.1.1).
    pub(crate) fn cookie_name(&mut self, name: &Located<String>) -> Result<(), Told> {
        if is_header_name(name) {
            return Ok(());
        }
        Err(self.checker.error(name.place(), format!("`{}` is not a cookie's name", &**name)))
    }

    pub(crate) fn not_empty(&mut self, text: &Located<String>, wanted: &str) -> Result<(), Told> {
        if !text.is_empty() {
            return Ok(());
        }
        Err(self.checker.error(text.place(), format!("this is empty; it has to be {wanted}")))
    }

    /// Reads names and the paths of their values.
    pub(crate) fn values(
        &mut self,
        written: &BTreeMap<String, Located<String>>,
        roots: &[Root],
    ) -> Result<Vec<(String, Path)>, Told> {
        all(written.iter().map(|(name, path)| {
            if !is_name(name) {
                self.checker.error_with(
                    path.place(),
                    format!("`{name}` cannot be the name of a value"),
                    "use letters, digits and `_`",
                );
            }
            Ok((name.clone(), self.checker.path(path, roots)?))
        }))
    }
}

fn is_name(name: &str) -> bool {
    // A header's name without a dot can stand in a path.
    is_header_name(name) && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_')
}
