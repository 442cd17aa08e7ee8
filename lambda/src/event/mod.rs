//! What a gateway hands over: one view of every payload format.
//!
//! REST APIs, HTTP APIs and function URLs put the same request into different
//! JSON, and people send events by hand in the shapes of the original
//! framework. So a field is read only when it is needed, and one that is not
//! what it should be counts as missing. Code that needs a missing field fails
//! where it uses it.

pub(crate) mod json;
pub(crate) mod payload;
pub(crate) mod request;
pub(crate) mod route;
#[cfg(test)]
mod tests;
