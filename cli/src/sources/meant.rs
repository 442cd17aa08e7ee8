//! What may be meant by a name that is not known.

use mef_source::near;

/// Returns what may be meant by `name`, as the end of a message.
pub(crate) fn meant(name: &str, known: &[&str]) -> String {
    let near = near(name, known.iter().copied());
    match near.is_empty() {
        false => format!(": did you mean `{}`?", near.join("` or `")),
        true => format!("; there are: {}", known.join(", ")),
    }
}
