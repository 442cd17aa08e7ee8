//! Why a text is not a path.

/// Why a text is not a path here.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PathError {
    /// There are two dots in a row, or a dot at an end.
    #[error("the path `{0}` has an empty part")]
    EmptyPart(String),
    /// A `~` in a pointer that is not `~0` or `~1`.
    #[error("the pointer `{0}` has a `~` that is neither `~0` nor `~1`")]
    BadEscape(String),
    /// `secret.a.b`: only one name may follow the word.
    #[error("`{path}` goes on too long: after `{word}.` comes one name, and nothing after that")]
    TooLong {
        /// The path.
        path: String,
        /// The word that it begins with.
        word: &'static str,
    },
    /// `header.X Event`: a header cannot have this name.
    #[error("`{0}` is not a header's name")]
    HeaderName(String),
    /// `{meta.next}`: only templates have braces.
    #[error("`{path}` is a path, which has no braces: write `{bare}`")]
    Braces {
        /// The path.
        path: String,
        /// The same without braces and filters.
        bare: String,
    },
    /// `@odata.nextLink`: the name of an OData annotation has a dot in it.
    #[error("`{path}` has a key with a dot in it, as OData writes them: write `{pointer}`")]
    Annotation {
        /// The path.
        path: String,
        /// The pointer that is meant.
        pointer: String,
    },
    /// The first word has no meaning here, and the path cannot point into a record.
    #[error("nothing is called `{path}` here; what can be used: {known}")]
    Unknown {
        /// The path.
        path: String,
        /// The words that have a meaning here.
        known: String,
    },
}
