//! Renders a compiled template to a value.

use std::borrow::Cow;

use super::compiled::{Part, Placeholder, Template};
use super::filter::Filter;
use super::rendered::{RenderError, Rendered};
use crate::path::{Path, Root};

/// The values that paths stand for while a template is rendered.
pub trait Variables {
    /// Returns the value at `path`; [`Rendered::Null`] if there is none.
    fn get<'v>(&'v self, path: &Path) -> Rendered<'v>;

    /// Returns the HMAC-SHA256 of `text`; `None` if there is no key for it.
    fn sign(&self, _text: &[u8]) -> Option<Vec<u8>> {
        None
    }
}

impl Template {
    /// Renders the template.
    ///
    /// A single placeholder gives its value with the value's type. In a longer
    /// text, a placeholder without a value makes the whole result
    /// [`Rendered::Null`], because half a sentence is no summary and half a URL
    /// no address; `|default("")` says otherwise.
    ///
    /// # Errors
    ///
    /// Fails if a filter cannot use the value that it was given.
    pub fn render<'v>(&'v self, variables: &'v dyn Variables) -> Result<Rendered<'v>, RenderError> {
        match self.parts.as_slice() {
            [] => return Ok(Rendered::Text(Cow::Borrowed(""))),
            [Part::Literal(text)] => return Ok(Rendered::Text(Cow::Borrowed(text))),
            [Part::Placeholder(placeholder)] => return placeholder.render(variables),
            _ => {}
        }
        let mut text = String::new();
        for part in &self.parts {
            match part {
                Part::Literal(literal) => text.push_str(literal),
                Part::Placeholder(placeholder) => {
                    let value = placeholder.render(variables)?;
                    if value.is_null() {
                        return Ok(Rendered::Null);
                    }
                    text.push_str(&value.to_text()?);
                }
            }
        }
        Ok(Rendered::Text(Cow::Owned(text)))
    }

    /// Renders each placeholder that reads from `root` by itself, filters
    /// included. A placeholder that cannot be rendered is left out.
    pub fn values_of<'v>(
        &'v self,
        root: Root,
        variables: &'v dyn Variables,
    ) -> impl Iterator<Item = Rendered<'v>> {
        self.placeholders()
            .filter(move |placeholder| placeholder.path.root() == root)
            .filter_map(|placeholder| placeholder.render(variables).ok())
    }
}

impl Placeholder {
    fn render<'v>(&'v self, variables: &'v dyn Variables) -> Result<Rendered<'v>, RenderError> {
        self.filters.iter().try_fold(variables.get(&self.path), |value, filter| match filter {
            Filter::Hmac(written) if !value.is_null() => {
                let hmac = variables.sign(value.to_text()?.as_bytes()).ok_or(RenderError::Key)?;
                Ok(Rendered::Text(Cow::Owned(written.write(&hmac))))
            }
            filter => filter.apply(value),
        })
    }
}
