//! Names that a person may have meant.

/// The known names that are near to a written one, nearest first: one the
/// beginning of the other, or few letters away.
pub(crate) fn near<'n>(written: &str, known: impl Iterator<Item = &'n str>) -> Vec<&'n str> {
    let written = written.to_ascii_lowercase();
    let mut near: Vec<_> = known
        .filter_map(|name| {
            let is_part =
                written.len() > 2 && (name.starts_with(&written) || written.starts_with(name));
            let distance = distance(&written, name);
            let is_near = distance <= 2.min(name.len() / 2);
            (is_part || is_near).then_some((!is_part, distance, name))
        })
        .collect();
    near.sort_unstable();
    near.into_iter().map(|(.., name)| name).collect()
}

/// How many letters have to be added, left out, changed or swapped with their
/// neighbour to get from one word to the other.
pub(crate) fn distance(from: &str, to: &str) -> usize {
    let (from, to): (Vec<_>, Vec<_>) = (from.chars().collect(), to.chars().collect());
    let mut before_last: Vec<usize> = Vec::new();
    let mut last: Vec<usize> = (0..=to.len()).collect();
    for (i, a) in from.iter().enumerate() {
        let mut row = vec![i + 1];
        for (j, b) in to.iter().enumerate() {
            let at =
                |row: &[usize], column: usize| row.get(column).copied().unwrap_or(usize::MAX / 2);
            let mut best =
                (at(&last, j) + usize::from(a != b)).min(at(&last, j + 1) + 1).min(at(&row, j) + 1);
            let swapped = i > 0 && j > 0 && from.get(i - 1) == Some(b) && to.get(j - 1) == Some(a);
            if swapped {
                best = best.min(at(&before_last, j - 1) + 1);
            }
            row.push(best);
        }
        before_last = std::mem::replace(&mut last, row);
    }
    last.last().copied().unwrap_or_default()
}
