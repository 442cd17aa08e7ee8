//! What the source file reads in the records of a page. It shows whether they are records, or an error
//! that came with a good status.

use crate::checked::event::EventSpec;
use crate::path::{Path, Root};
use crate::template::Template;

/// What the source file reads in the records of a page.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Expects {
    /// What the cursor reads: the time and the id.
    pub cursor: Vec<Path>,
    /// What the event reads.
    pub event: Vec<Path>,
}

impl Expects {
    /// Notes what `event` reads, without what is `kept` from elsewhere. A record that is split is read
    /// in its parts, and those may be anywhere.
    pub(crate) fn of(&mut self, event: &EventSpec, kept: &[(String, Template)]) {
        if event.split.is_some() {
            return;
        }
        let is_kept = |name: &String| kept.iter().any(|(kept, _)| kept == name);
        let mut visit = |path: &Path| {
            if path.root() == Root::Record
                && path.segments().first().is_some_and(|name| !is_kept(name))
            {
                self.event.push(path.clone());
            }
        };
        event.id.iter().flat_map(Template::paths).for_each(&mut visit);
        event.map.values().for_each(|mapping| mapping.for_each_path(&mut visit));
    }
}
