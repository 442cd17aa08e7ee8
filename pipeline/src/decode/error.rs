//! Why bytes cannot be read.

/// Why bytes cannot be read.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum DecodeError {
    /// The bytes are not JSON, or the parser found them nested too deeply.
    #[error("not JSON: {0}")]
    Json(String),
    /// Where the records end cannot be found.
    #[error("where its records end cannot be found: {0}")]
    Borders(String),
    /// The bytes are not UTF-8, as JSON must be (RFC 8259 §8.1).
    #[error("not UTF-8 from byte {0} on")]
    Utf8(usize),
    /// The value is nested more deeply than a record may be.
    #[error("nested more than {0} levels deep")]
    TooDeep(usize),
    /// The compression is not supported.
    #[error("the content encoding `{0}` is not understood; gzip is")]
    Encoding(String),
    /// The gzip data is broken.
    #[error("it begins as gzip does, and is not: {0}")]
    Gzip(String),
    /// The data is too large once it is decompressed.
    #[error("more than {0} bytes once decompressed")]
    TooLarge(usize),
    /// There are more records than are taken at once.
    #[error("more than {0} records")]
    TooManyRecords(usize),
    /// There are more values than fit in memory.
    #[error("more than {0} values")]
    TooManyValues(usize),
    /// A row of a table has too few or too many values.
    #[error("a row has {values} values for {columns} columns")]
    Row {
        /// How many values it has.
        values: usize,
        /// How many columns the table has.
        columns: usize,
    },
    /// The text is not in the character set that was said.
    #[error("not {0}")]
    Charset(&'static str),
    /// The text is UTF-16, and nothing says so.
    #[error("it looks like UTF-16 without a byte order mark: if it is, write `charset: utf-16`")]
    UnsaidUtf16,
    /// The text is XML, and nothing says so.
    #[error("not JSON: it begins with `<`: if it is XML, write `decode: xml`")]
    UnsaidXml,
    /// The bytes are not XML.
    #[error("not XML: {0}")]
    Xml(String),
    /// What the record leads to cannot be asked for.
    #[error(
        "{0}: correct the template under `details`, then read the stretch again with `mef backfill`; an \
         item that leads to nothing can be discarded"
    )]
    NoDetails(String),
    /// There are no bytes, or only blanks.
    #[error("the body is empty")]
    Empty,
    /// The bytes are not a form.
    #[error("not a form: {0}")]
    Form(String),
}
