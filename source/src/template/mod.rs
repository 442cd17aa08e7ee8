//! Templates: text with `{placeholders}`, compiled when the file is checked.
//!
//! Nine fields in ten of a source file are a path, a constant, a time in
//! another format, or a sentence made of a few of those. An expression language
//! would do this at ten times the cost and with surprises of its own; templates
//! do this and no more. A template that is a single placeholder keeps the type
//! of the value that it finds.

mod address;
mod compiled;
mod filter;
mod parse;
mod render;
mod rendered;

pub use compiled::Template;
pub(crate) use compiled::{Part, Placeholder};
pub use filter::{Filter, FilterError, HmacText, Lookups};
pub use parse::TemplateError;
pub use render::Variables;
pub use rendered::{RenderError, Rendered};
