//! The words that templates of `auth` alone may use, such as `{token}`.

use crate::checked::checker::Told;
use crate::checked::poll::request::scope::RequestScope;
use crate::path::Root;
use crate::template::Template;
use crate::written::Located;

/// Reads a template that may also use the words of `known`.
pub(crate) fn with_record(
    text: &Located<String>,
    known: &[&str],
    scope: &mut RequestScope<'_, '_>,
) -> Result<Template, Told> {
    let template = scope.also(&[Root::Record, Root::Header], |scope| scope.template(text))?;
    for path in template.paths().filter(|path| path.root() == Root::Record) {
        let word = path.segments().join(".");
        if !known.contains(&word.as_str()) {
            let known: Vec<_> = known.iter().map(|word| format!("`{{{word}}}`")).collect();
            return Err(scope.checker.error_with(
                text.place(),
                format!("nothing is called `{word}` here"),
                format!("there are {}, `{{secret.…}}` and `{{var.…}}`", known.join(", ")),
            ));
        }
    }
    Ok(template)
}
