//! The text that a vendor signs.
//!
//! It is a list of parts and not a string, because the body is bytes and must not be
//! copied to be hashed: the verifier feeds the parts to the hash one by one.

use std::fmt;

use serde_json::Value;

use crate::checked::checker::{Checker, Told};
use crate::checked::webhook::checks::surroundings::lint_name;
use crate::digest_text::DigestText;
use crate::path::{Path, Root};
use crate::problem::Place;
use crate::template::{Filter, Lookups, Part, Placeholder};
use crate::written::Located;

/// The roots that a path may have in a signed text.
const ROOTS: &[Root] = &[
    Root::Record,
    Root::Header,
    Root::Query,
    Root::Body,
    Root::Timestamp,
    Root::Id,
    Root::Method,
    Root::Url,
    Root::PathQuery,
    Root::EscapedPathQuery,
    Root::FormSorted,
    Root::SignedHeaders,
    Root::AtlassianCanonical,
    Root::Form,
    Root::Signature,
    Root::ListedHeaders,
    // They mean nothing here, and are no fields of a body either.
    Root::OwnSecret,
    Root::Secret,
    Root::Var,
];

/// One part of a signed text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SignedPart {
    /// Text of the scheme itself, such as `v0:`.
    Literal(String),
    /// The body as received.
    Body,
    /// The timestamp as received.
    Timestamp,
    /// The message id as received.
    Id,
    /// The request's method.
    Method,
    /// The source's public URL with the query as received.
    Url,
    /// The path and query as received.
    PathQuery,
    /// The path and query as received, escaped once more.
    EscapedPathQuery,
    /// A header's value, by its name in lower case.
    Header(String),
    /// A query parameter's decoded value.
    Query(String),
    /// The decoded value of a form's field.
    Form(String),
    /// A value out of the JSON body, as text.
    Json(Path),
    /// The item of the signature with this key, as received.
    Item(String),
    /// The values of the headers that this item of the signature lists, with `.` between them.
    ListedHeaders(String),
    /// The fields of a form, decoded: sorted by name, each name followed by its value, nothing
    /// between them.
    FormSorted,
    /// The headers that this header lists, which must be one of them: `name:value`, sorted by name,
    /// with `;` between them.
    SignedHeaders(String),
    /// Method, path and sorted query without `jwt`, with `&` between them.
    AtlassianCanonical,
    /// A digest of a part.
    Digest(DigestText, Box<SignedPart>),
    /// A part, or this text if it is missing.
    Default(Box<SignedPart>, String),
}

impl SignedPart {
    /// Returns the part without its filters.
    fn bare(&self) -> &SignedPart {
        match self {
            SignedPart::Digest(_, part) | SignedPart::Default(part, _) => part.bare(),
            bare => bare,
        }
    }

    /// Returns whether it changes with every change of the body.
    fn holds_body(&self) -> bool {
        match self {
            SignedPart::Body | SignedPart::FormSorted => true,
            SignedPart::Digest(DigestText::Sha256Hex | DigestText::Sha256Base64, part)
            | SignedPart::Default(part, _) => part.holds_body(),
            _ => false,
        }
    }

    /// Returns whether a sender can choose how long the part is. A timestamp has to be
    /// near, which fixes its length, and there are only a few methods.
    fn has_open_end(&self) -> bool {
        match self {
            SignedPart::Literal(_)
            | SignedPart::Timestamp
            | SignedPart::Method
            | SignedPart::Digest(..) => false,
            SignedPart::Default(part, _) => part.has_open_end(),
            _ => true,
        }
    }
}

impl fmt::Display for SignedPart {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            SignedPart::Literal(text) => f.write_str(text),
            SignedPart::Body => f.write_str("{body}"),
            SignedPart::Timestamp => f.write_str("{timestamp}"),
            SignedPart::Id => f.write_str("{id}"),
            SignedPart::Method => f.write_str("{method}"),
            SignedPart::Url => f.write_str("{url}"),
            SignedPart::PathQuery => f.write_str("{path_query}"),
            SignedPart::EscapedPathQuery => f.write_str("{escaped_path_query}"),
            SignedPart::Header(name) => write!(f, "{{header.{name}}}"),
            SignedPart::Query(name) => write!(f, "{{query.{name}}}"),
            SignedPart::Json(path) => write!(f, "{{{path}}}"),
            SignedPart::FormSorted => f.write_str("{form_sorted}"),
            SignedPart::SignedHeaders(name) => write!(f, "{{signed_headers.{name}}}"),
            SignedPart::AtlassianCanonical => f.write_str("{atlassian_canonical}"),
            SignedPart::Form(name) => write!(f, "{{form.{name}}}"),
            SignedPart::Item(key) => write!(f, "{{signature.{key}}}"),
            SignedPart::ListedHeaders(key) => write!(f, "{{listed_headers.{key}}}"),
            SignedPart::Digest(digest, part) => filtered(f, part, digest.name()),
            SignedPart::Default(part, text) => filtered(f, part, &format!("default({text:?})")),
        }
    }
}

fn filtered(f: &mut fmt::Formatter<'_>, part: &SignedPart, filter: &str) -> fmt::Result {
    let part = part.to_string();
    write!(f, "{}|{filter}}}", part.strip_suffix('}').unwrap_or(&part))
}

/// The text that a vendor signs, as its parts in order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SigningText(pub Vec<SignedPart>);

impl SigningText {
    /// Returns whether `part` is signed.
    pub fn signs(&self, part: &SignedPart) -> bool {
        self.bare().any(|signed| signed == part)
    }

    /// Returns whether the whole body is signed, or all of it that is read. A CRC-32 of it does not count:
    /// a second body with the same one is easily made.
    pub fn signs_body(&self) -> bool {
        self.0.iter().any(SignedPart::holds_body)
    }

    /// Returns whether the whole body goes into it in some way.
    fn names_body(&self) -> bool {
        self.signs(&SignedPart::Body) || self.signs(&SignedPart::FormSorted)
    }

    /// Returns whether of the body no more than a CRC-32 is signed.
    pub(crate) fn signs_crc_of_body(&self) -> bool {
        self.names_body() && !self.signs_body()
    }

    /// Returns whether the query is signed as it was sent.
    pub fn signs_query(&self) -> bool {
        self.signs(&SignedPart::Url) || self.signs(&SignedPart::PathQuery)
    }

    /// Returns whether the value at `path` in the request is signed.
    pub fn signs_at(&self, path: &Path) -> bool {
        self.bare().any(|part| match (part, path.root()) {
            (SignedPart::Body, Root::Record | Root::Form)
            | (SignedPart::FormSorted, Root::Form)
            | (
                SignedPart::Url
                | SignedPart::PathQuery
                | SignedPart::EscapedPathQuery
                | SignedPart::AtlassianCanonical,
                Root::Query,
            )
            | (SignedPart::SignedHeaders(_), Root::Header) => true,
            (SignedPart::Json(signed), Root::Record) => signed == path,
            (SignedPart::Header(name), Root::Header)
            | (SignedPart::Query(name), Root::Query)
            | (SignedPart::Form(name), Root::Form)
            | (SignedPart::Item(name), Root::Signature) => name == path.name(),
            _ => false,
        })
    }

    /// Returns whether it is the same for every request.
    pub fn is_constant(&self) -> bool {
        self.bare().all(|part| matches!(part, SignedPart::Literal(_)))
    }

    /// Returns whether it needs the body.
    pub fn reads_body(&self) -> bool {
        self.names_body()
            || self.reads_elements()
            || self.bare().any(|part| matches!(part, SignedPart::Form(_)))
    }

    /// Returns the keys of the items of the signature that it reads.
    pub(crate) fn item_keys(&self) -> impl Iterator<Item = &str> {
        self.bare().filter_map(|part| match part {
            SignedPart::Item(key) | SignedPart::ListedHeaders(key) => Some(key.as_str()),
            _ => None,
        })
    }

    /// Returns the parts of the body that it names.
    pub(crate) fn in_body(&self) -> Vec<(Root, String)> {
        let part = |part: &SignedPart| match part {
            SignedPart::Json(path) => Some((Root::Record, path.to_string())),
            SignedPart::Form(name) => Some((Root::Form, name.clone())),
            _ => None,
        };
        self.bare().filter_map(part).collect()
    }

    /// Warns of paths into the body that are written as the names of headers are.
    pub(crate) fn lint_names(&self, written: &Located<String>, checker: &mut Checker<'_>) {
        for part in self.bare() {
            if let SignedPart::Json(path) = part
                && let [name] = path.segments()
                && written.contains(&format!("{{{name}"))
            {
                lint_name(name, written.place(), checker);
            }
        }
    }

    /// Returns the keys of the items of the signature that list headers.
    pub(crate) fn listed(&self) -> impl Iterator<Item = &str> {
        self.bare().filter_map(|part| match part {
            SignedPart::ListedHeaders(key) => Some(key.as_str()),
            _ => None,
        })
    }

    /// Returns whether it has a path into the body.
    pub fn reads_elements(&self) -> bool {
        self.bare().any(|part| matches!(part, SignedPart::Json(_)))
    }

    fn bare(&self) -> impl Iterator<Item = &SignedPart> {
        self.0.iter().map(SignedPart::bare)
    }

    /// Reads a text that is hashed without a key, which has no timestamp and no id.
    pub(crate) fn check_hashed(
        text: &Located<String>,
        has_public_url: bool,
        checker: &mut Checker<'_>,
    ) -> Result<SigningText, Told> {
        let hashed = SigningText::check(text, has_public_url, checker)?;
        if hashed.signs(&SignedPart::Timestamp) || hashed.signs(&SignedPart::Id) {
            return Err(checker.error_with(
                text.place(),
                "`{timestamp}` and `{id}` mean nothing here",
                "name where it is, such as `{header.x-timestamp}`; a field of the body is `{/timestamp}`",
            ));
        }
        if hashed.item_keys().next().is_some() {
            return Err(checker.error_with(
                text.place(),
                "an item of a signature means nothing here: there is no signature",
                "it stands in the `text` of the signature that has it",
            ));
        }
        Ok(hashed)
    }

    pub(crate) fn check(
        text: &Located<String>,
        has_public_url: bool,
        checker: &mut Checker<'_>,
    ) -> Result<SigningText, Told> {
        let template = checker.template(text, ROOTS, &Lookups::new())?;
        let mut parts = Vec::new();
        for part in template.parts {
            parts.push(match part {
                Part::Literal(literal) => SignedPart::Literal(literal),
                Part::Placeholder(placeholder) => signed_part(text, placeholder, checker)?,
            });
        }
        let signed = SigningText(parts);
        if signed.signs(&SignedPart::Url) && !has_public_url {
            return Err(checker.error_with(
                text.place(),
                "`{url}` is signed, but there is no `public_url`",
                "write the URL that the vendor was given; the request's own Host header can be forged",
            ));
        }
        Ok(signed)
    }

    /// Warns of two neighbours if one could be made longer at the cost of the other.
    pub(crate) fn check_separators(&self, place: Option<Place>, checker: &mut Checker<'_>) {
        let open = self.0.iter().zip(self.0.iter().skip(1));
        let Some((left, right)) =
            open.into_iter().find(|(l, r)| l.has_open_end() && r.has_open_end())
        else {
            return;
        };
        checker.warn(
            place,
            format!("`{left}` and `{right}` are signed with nothing between them"),
            "bytes can be moved from one into the other under the same signature; sign what separates them if the vendor does",
        );
    }
}

fn signed_part(
    text: &Located<String>,
    placeholder: Placeholder,
    checker: &mut Checker<'_>,
) -> Result<SignedPart, Told> {
    let path = placeholder.path;
    let mut part = match path.root() {
        Root::Body => SignedPart::Body,
        Root::Timestamp => SignedPart::Timestamp,
        Root::Id => SignedPart::Id,
        Root::Method => SignedPart::Method,
        Root::Url => SignedPart::Url,
        Root::PathQuery => SignedPart::PathQuery,
        Root::EscapedPathQuery => SignedPart::EscapedPathQuery,
        Root::FormSorted => SignedPart::FormSorted,
        Root::AtlassianCanonical => SignedPart::AtlassianCanonical,
        Root::Header => SignedPart::Header(path.name().to_owned()),
        Root::SignedHeaders => SignedPart::SignedHeaders(path.name().to_owned()),
        Root::Query => SignedPart::Query(path.name().to_owned()),
        Root::Form => SignedPart::Form(path.name().to_owned()),
        Root::Signature => SignedPart::Item(path.name().to_owned()),
        Root::ListedHeaders => SignedPart::ListedHeaders(path.name().to_owned()),
        Root::OwnSecret | Root::Secret | Root::Var => {
            return Err(checker.error_with(
                text.place(),
                format!("`{path}` is no part of a request"),
                format!("an HMAC is made with a secret and not over it; if it is part of the key, write `key: {{ text: \"{{timestamp}}{{secret}}\" }}`. A field of the body is `{{/{}}}`", path.to_string().replace('.', "/")),
            ));
        }
        _ => SignedPart::Json(path),
    };
    for filter in placeholder.filters {
        part = match (filter, part) {
            (Filter::Digest(digest), part) => SignedPart::Digest(digest, Box::new(part)),
            (
                Filter::Default(Value::String(default)),
                part @ (SignedPart::Header(_)
                | SignedPart::Query(_)
                | SignedPart::Form(_)
                | SignedPart::Json(_)),
            ) => SignedPart::Default(Box::new(part), default),
            _ => {
                return Err(checker.error_with(
                    text.place(),
                    "a signed text knows no such filter",
                    "the bytes are hashed as they came: there are `sha256_hex`, `sha256_base64`, `crc32`, and `default(\"text\")` for a header, query parameter or value of the body that may be missing",
                ));
            }
        };
    }
    Ok(part)
}
