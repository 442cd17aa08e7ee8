//! What the source files held when they were read.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use aws_lc_rs::digest::{Digest, SHA256, digest};

use super::files::{SourceFile, paths};

/// A digest of each file that was read: source files, and what they name beside them. The time of a file
/// says less: a copy may keep it.
pub(crate) struct Snapshot {
    sources: Vec<PathBuf>,
    digests: BTreeMap<PathBuf, Option<Vec<u8>>>,
}

impl Snapshot {
    /// Takes what `files` were read from.
    pub(crate) fn of(files: &[SourceFile]) -> Snapshot {
        let sources = files.iter().map(|file| file.path.clone()).collect();
        let source = |file: &SourceFile| (file.path.clone(), Some(of_bytes(file.text.as_bytes())));
        let beside = files.iter().flat_map(|file| &file.beside);
        let beside = beside.map(|(path, text)| {
            (path.clone(), text.as_ref().map(|text| of_bytes(text.as_bytes())))
        });
        Snapshot { sources, digests: files.iter().map(source).chain(beside).collect() }
    }

    /// Returns a file of `dir` that was added, removed or changed since, if there is one.
    pub(crate) fn changed(&self, dir: &Path) -> Option<PathBuf> {
        let now = paths(dir).unwrap_or_default();
        let is_new = |path: &&PathBuf| !self.sources.contains(path);
        let added = now
            .iter()
            .find(is_new)
            .or_else(|| self.sources.iter().find(|path| !now.contains(path)));
        let differs = || {
            let found = |path: &Path| std::fs::read(path).ok().map(|bytes| of_bytes(&bytes));
            self.digests.iter().find(|(path, digest)| found(path) != **digest).map(|(path, _)| path)
        };
        added.or_else(differs).cloned()
    }
}

fn of_bytes(bytes: &[u8]) -> Vec<u8> {
    let digest: Digest = digest(&SHA256, bytes);
    digest.as_ref().to_vec()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sources::files;

    #[test]
    fn every_change_of_a_file_that_was_read_is_seen() {
        let folder = tempfile::tempdir().unwrap();
        let path = |name: &str| folder.path().join(name);
        let write = |name: &str, text: &str| std::fs::write(path(name), text).unwrap();
        let source =
            "source: a\nwebhook: { unauthenticated: \"a test\" }\nevent: { schema: schema.json }\n";
        write("a.source.yml", source);
        write("schema.json", "{}");
        let snapshot = Snapshot::of(&files::read(folder.path()).unwrap());
        let changed = || snapshot.changed(folder.path());
        assert_eq!(changed(), None);
        write("README.md", "no source file");
        assert_eq!(changed(), None);
        write("schema.json", "[]");
        assert_eq!(changed(), Some(path("schema.json")));
        write("schema.json", "{}");
        write("a.source.yml", &source.replace("source: a", "source: b"));
        assert_eq!(changed(), Some(path("a.source.yml")));
        write("a.source.yml", source);
        assert_eq!(changed(), None);
        write("b.source.yml", source);
        assert_eq!(changed(), Some(path("b.source.yml")));
        std::fs::remove_file(path("b.source.yml")).unwrap();
        std::fs::remove_file(path("a.source.yml")).unwrap();
        assert_eq!(changed(), Some(path("a.source.yml")));
    }
}
