//! Paths, by which a source file points at values.
//!
//! `actor.displayName` and the JSON pointer `/actor/displayName` both point
//! into the record; `header.x-event` and `query.t` point into the request that
//! brought it. It depends on where a path is used which first words have such a
//! meaning. A pointer, such as `/header`, always reaches the record's own field
//! of that name.

use std::fmt;

use serde_json::Value;

use crate::path_error::PathError;

/// What a path starts from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Root {
    /// The record, or the parsed body.
    Record,
    /// What the record was split out of.
    Parent,
    /// A request header.
    Header,
    /// A query parameter of the request.
    Query,
    /// A field of the request's body, which is a form.
    Form,
    /// An item of the signature header: `signature.t`.
    Signature,
    /// A constant of the source file.
    Var,
    /// A secret of the source.
    Secret,
    /// The secret whose key is made, as bytes.
    OwnSecret,
    /// The window that is being read: `window.start`, `window.since`, `window.end`.
    Window,
    /// The cursor: `cursor.token`, `cursor.start`, `cursor.time`, `cursor.id`, `cursor.ask`.
    Cursor,
    /// The partition that is being read: `partition`, or a value that was listed with it.
    Partition,
    /// The page that a request asks for: `page.token`, `page.number`, `page.offset`, `page.last`.
    Page,
    /// The run: `run.id`, `run.started`.
    Run,
    /// A value from a response of `setup`.
    Setup,
    /// A value from a response that was not ready.
    Wait,
    /// A listed item, whose details are asked for.
    Item,
    /// When the bytes were received.
    ReceivedAt,
    /// The vendor's delivery id.
    DeliveryId,
    /// The code of why a request is denied.
    Denied,
    /// The body, as it was received.
    Body,
    /// The signed timestamp, as it was received.
    Timestamp,
    /// The signed message id, as it was received.
    Id,
    /// The request's method.
    Method,
    /// The public URL of the request.
    Url,
    /// The path and query of the request, as they were received.
    PathQuery,
    /// The path and query of the request, escaped once more.
    EscapedPathQuery,
    /// The fields of a form body, sorted.
    FormSorted,
    /// The headers whose names a header lists.
    SignedHeaders,
    /// The values of the headers whose names an item of the signature lists.
    ListedHeaders,
    /// Method, path and sorted query, as one canonical text.
    AtlassianCanonical,
}

impl Root {
    /// Returns the first word of paths that start here.
    pub fn word(self) -> &'static str {
        match self {
            Root::Record => "",
            Root::Parent => "parent",
            Root::Header => "header",
            Root::Query => "query",
            Root::Form => "form",
            Root::Signature => "signature",
            Root::Var => "var",
            Root::Secret | Root::OwnSecret => "secret",
            Root::Window => "window",
            Root::Cursor => "cursor",
            Root::Partition => "partition",
            Root::Page => "page",
            Root::Run => "run",
            Root::Setup => "setup",
            Root::Wait => "wait",
            Root::Item => "item",
            Root::ReceivedAt => "received_at",
            Root::DeliveryId => "delivery_id",
            Root::Denied => "denied",
            Root::Body => "body",
            Root::Timestamp => "timestamp",
            Root::Id => "id",
            Root::Method => "method",
            Root::Url => "url",
            Root::PathQuery => "path_query",
            Root::EscapedPathQuery => "escaped_path_query",
            Root::FormSorted => "form_sorted",
            Root::SignedHeaders => "signed_headers",
            Root::ListedHeaders => "listed_headers",
            Root::AtlassianCanonical => "atlassian_canonical",
        }
    }

    /// Returns whether the word stands alone (`received_at`) instead of being followed by a name
    /// (`header.x-event`).
    fn is_scalar(self) -> bool {
        matches!(
            self,
            Root::ReceivedAt
                | Root::DeliveryId
                | Root::Partition
                | Root::Body
                | Root::Timestamp
                | Root::Id
                | Root::Method
                | Root::Url
                | Root::PathQuery
                | Root::EscapedPathQuery
                | Root::FormSorted
                | Root::AtlassianCanonical
                | Root::OwnSecret
                | Root::Denied
        )
    }

    /// Returns whether it is read from the body of the request that brought the record.
    pub fn is_in_body(self) -> bool {
        matches!(self, Root::Record | Root::Form | Root::Body)
    }
}

/// A parsed path.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Path {
    root: Root,
    segments: Vec<String>,
}

impl Path {
    /// Parses `text`, in which the words of `roots` have a meaning.
    ///
    /// # Errors
    ///
    /// Fails if a part is empty, an escape or a name is wrong, or `text` begins with none of the
    /// words of `roots` and these do not include [`Root::Record`].
    pub fn parse(text: &str, roots: &[Root]) -> Result<Path, PathError> {
        let unknown = || PathError::Unknown {
            path: text.to_owned(),
            known: roots
                .iter()
                .filter(|root| **root != Root::Record)
                .map(|root| format!("`{}`", root.word()))
                .collect::<Vec<_>>()
                .join(", "),
        };
        if text.is_empty() || text.starts_with('/') {
            if !roots.contains(&Root::Record) {
                return Err(unknown());
            }
            return Ok(Path { root: Root::Record, segments: pointer_segments(text)? });
        }
        if text.contains(['{', '}']) {
            let bare = text.trim_matches(['{', '}']).split('|').next().unwrap_or_default().trim();
            return Err(PathError::Braces { path: text.to_owned(), bare: bare.to_owned() });
        }
        let mut parts = text.split('.').map(str::to_owned).collect::<Vec<_>>();
        if parts.iter().any(String::is_empty) {
            return Err(PathError::EmptyPart(text.to_owned()));
        }
        let named = roots.iter().copied().find(|root| {
            parts.first().is_some_and(|first| first == root.word())
                && (root.is_scalar() == (parts.len() == 1)
                    || matches!(root, Root::Parent | Root::Item | Root::Partition))
        });
        match named {
            Some(root @ (Root::Header | Root::SignedHeaders)) => {
                // The name of a header can have dots, and its case does not matter.
                let name = parts.split_off(1).join(".").to_ascii_lowercase();
                if !is_header_name(&name) {
                    return Err(PathError::HeaderName(name));
                }
                Ok(Path { root, segments: vec![name] })
            }
            Some(root @ (Root::Query | Root::Form | Root::Signature | Root::ListedHeaders)) => {
                Ok(Path { root, segments: vec![parts.split_off(1).join(".")] })
            }
            Some(
                root @ (Root::Var
                | Root::Secret
                | Root::Window
                | Root::Cursor
                | Root::Partition
                | Root::Page
                | Root::Run
                | Root::Setup
                | Root::Wait),
            ) if parts.len() > 2 => {
                Err(PathError::TooLong { path: text.to_owned(), word: root.word() })
            }
            Some(root) => Ok(Path { root, segments: parts.split_off(1) }),
            None if roots.contains(&Root::Record) => match annotation(&parts) {
                Some(pointer) => Err(PathError::Annotation { path: text.to_owned(), pointer }),
                None => Ok(Path { root: Root::Record, segments: parts }),
            },
            None => Err(unknown()),
        }
    }

    /// Returns what the path starts from.
    pub fn root(&self) -> Root {
        self.root
    }

    /// Returns the names and indices after the root.
    pub fn segments(&self) -> &[String] {
        &self.segments
    }

    /// Returns the name after the root: of a header, a variable or a secret.
    pub fn name(&self) -> &str {
        self.segments.first().map_or("", String::as_str)
    }

    /// Follows the segments into `value`. In an array, a segment of digits is an index.
    pub fn find<'v>(&self, value: &'v Value) -> Option<&'v Value> {
        self.segments.iter().try_fold(value, |value, segment| match value {
            Value::Object(object) => object.get(segment),
            Value::Array(array) => array.get(segment.parse::<usize>().ok()?),
            _ => None,
        })
    }

    /// Returns the segments as an RFC 6901 pointer.
    pub fn pointer(&self) -> String {
        self.segments
            .iter()
            .map(|segment| format!("/{}", segment.replace('~', "~0").replace('/', "~1")))
            .collect()
    }
}

impl fmt::Display for Path {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.root {
            Root::Record => f.write_str(&self.pointer()),
            root => {
                f.write_str(root.word())?;
                self.segments.iter().try_for_each(|segment| write!(f, ".{segment}"))
            }
        }
    }
}

/// Returns whether `name` is a header's name, which is a token of RFC 9110 §5.6.2.
pub(crate) fn is_header_name(name: &str) -> bool {
    let is_token = |c: char| c.is_ascii_alphanumeric() || "!#$%&'*+-.^_`|~".contains(c);
    !name.is_empty() && name.chars().all(is_token)
}

/// Returns the pointer to an OData annotation (OData JSON Format 4.01 §4.6) whose name was split at
/// its dot.
fn annotation(parts: &[String]) -> Option<String> {
    let at = parts.iter().position(|part| part.ends_with("@odata"))?;
    let (enclosing, name) = parts.split_at(at);
    let segments = enclosing.iter().cloned().chain([name.join(".")]).collect();
    (name.len() > 1).then(|| Path { root: Root::Record, segments }.pointer())
}

fn pointer_segments(text: &str) -> Result<Vec<String>, PathError> {
    text.split('/')
        .skip(1)
        .map(|part| {
            let mut segment = String::with_capacity(part.len());
            let mut chars = part.chars();
            while let Some(c) = chars.next() {
                match c {
                    '~' => match chars.next() {
                        Some('0') => segment.push('~'),
                        Some('1') => segment.push('/'),
                        _ => return Err(PathError::BadEscape(text.to_owned())),
                    },
                    c => segment.push(c),
                }
            }
            Ok(segment)
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    const ROOTS: &[Root] = &[Root::Record, Root::Header, Root::Query, Root::ReceivedAt];

    fn parse(text: &str) -> Path {
        Path::parse(text, ROOTS).unwrap()
    }

    #[test]
    fn dots_and_pointers_lead_to_the_same_place() {
        let record = json!({"actor": {"displayName": "Ann"}, "a/b": {"~": [1, {"c": 2}]}});
        assert_eq!(parse("actor.displayName").find(&record), Some(&json!("Ann")));
        assert_eq!(parse("/actor/displayName").find(&record), Some(&json!("Ann")));
        assert_eq!(parse("/a~1b/~0/1/c").find(&record), Some(&json!(2)));
        assert_eq!(parse("").find(&record), Some(&record));
        assert_eq!(parse("actor.displayName.x").find(&record), None);
    }

    #[test]
    fn first_words_have_a_meaning_only_where_they_are_in_scope() {
        assert_eq!(parse("header.X-Event").root(), Root::Header);
        assert_eq!(parse("header.X-Event").name(), "x-event");
        assert_eq!(parse("/header/X-Event").root(), Root::Record);
        assert_eq!(parse("header").root(), Root::Record);
        assert_eq!(parse("received_at").root(), Root::ReceivedAt);
        assert_eq!(parse("received_at.x").root(), Root::Record);
        assert_eq!(parse("secret.x").root(), Root::Record);
        assert!(matches!(Path::parse("sceret.x", &[Root::Secret]), Err(PathError::Unknown { .. })));
    }

    #[test]
    fn after_a_word_comes_one_name() {
        let roots = &[Root::Record, Root::Secret, Root::Var, Root::Signature, Root::Header];
        for (wrong, word) in [("secret.a.b", "secret"), ("var.a.b", "var")] {
            let error = PathError::TooLong { path: wrong.to_owned(), word };
            assert_eq!(Path::parse(wrong, roots), Err(error));
        }
        assert_eq!(Path::parse("signature.a.b", roots).unwrap().name(), "a.b");
        assert_eq!(Path::parse("header.x.y", roots).unwrap().name(), "x.y");
        assert_eq!(Path::parse("header.x y", roots), Err(PathError::HeaderName("x y".to_owned())));
        assert_eq!(Path::parse("/secret/a/b", roots).unwrap().root(), Root::Record);
    }

    #[test]
    fn empty_parts_and_bad_escapes_are_refused() {
        for wrong in [".a", "a.", "a..b", "/~2", "/a~"] {
            assert!(Path::parse(wrong, ROOTS).is_err(), "{wrong}");
        }
    }
}
