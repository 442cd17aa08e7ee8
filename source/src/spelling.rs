//! Names that a person may have meant.

use strsim::osa_distance;

/// Returns the known names that are near to a written one, nearest first: one
/// begins with the other, or few letters differ.
pub fn near<'n>(written: &str, known: impl Iterator<Item = &'n str>) -> Vec<&'n str> {
    let written = written.to_ascii_lowercase();
    let mut near: Vec<_> = known
        .filter_map(|name| {
            let is_part =
                written.len() > 2 && (name.starts_with(&written) || written.starts_with(name));
            let distance = osa_distance(&written, name);
            let is_near = distance <= 2.min(name.len() / 2);
            (is_part || is_near).then_some((!is_part, distance, name))
        })
        .collect();
    near.sort_unstable();
    near.into_iter().map(|(.., name)| name).collect()
}
