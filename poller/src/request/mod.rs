//! Writing a request: from the source file's templates to a URL, headers and a body.
//!
//! `build` puts a request together out of what `scope` knows. `link_secrets` keeps our credentials
//! out of the links that a vendor makes of it.

pub(crate) mod body;
pub(crate) mod build;
pub(crate) mod link_secrets;
pub(crate) mod render;
pub(crate) mod scope;
pub(crate) mod urls;
