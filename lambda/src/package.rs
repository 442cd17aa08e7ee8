//! The source files in the package: a folder each, read when first needed.
//!
//! Fifty sources share one function, and an invocation is about one of them. So nothing is read at the
//! start, and a file that does not load affects only its own source.

use std::collections::HashMap;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use mef_source::{Problem, Source, SourceName, load};

const FILE: &str = "source.yml";

/// Why a source of the package cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum PackageError {
    /// The file exists and cannot be read.
    #[error("the file of the source `{source_name}` cannot be read")]
    Unreadable {
        /// Its source.
        source_name: SourceName,
        /// Why.
        #[source]
        error: io::Error,
    },
    /// The file does not load.
    #[error(
        "the file of the source `{source_name}` does not load: {}; run `mef check` before a deploy",
        told(problems)
    )]
    Broken {
        /// Its source.
        source_name: SourceName,
        /// What is wrong.
        problems: Vec<Problem>,
    },
    /// The file belongs to another source.
    #[error("the folder `{source_name}` holds the file of the source `{found}`")]
    OtherSource {
        /// The folder.
        source_name: SourceName,
        /// The name in the file.
        found: SourceName,
    },
}

fn told(problems: &[Problem]) -> String {
    problems.iter().map(ToString::to_string).collect::<Vec<_>>().join("; ")
}

/// The source files of one package.
#[derive(Debug)]
pub struct Package {
    root: PathBuf,
    loaded: Mutex<HashMap<SourceName, Arc<Source>>>,
    only: OnceLock<Option<SourceName>>,
}

impl Package {
    /// Returns the package whose source files are in the folders of `root`, without reading any.
    pub fn new(root: impl Into<PathBuf>) -> Package {
        Package { root: root.into(), loaded: Mutex::default(), only: OnceLock::new() }
    }

    /// Returns the source `name`, if the package has it.
    ///
    /// # Errors
    ///
    /// Fails if its file exists and cannot be used.
    pub fn source(&self, name: &SourceName) -> Result<Option<Arc<Source>>, PackageError> {
        let mut loaded = self.loaded.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(source) = loaded.get(name) {
            return Ok(Some(Arc::clone(source)));
        }
        let folder = self.root.join(name.as_str());
        let text = match std::fs::read_to_string(folder.join(FILE)) {
            Ok(text) => text,
            Err(error)
                if matches!(
                    error.kind(),
                    io::ErrorKind::NotFound | io::ErrorKind::NotADirectory
                ) =>
            {
                return Ok(None);
            }
            Err(error) => {
                return Err(PackageError::Unreadable { source_name: name.clone(), error });
            }
        };
        let source = load(&text, &|beside| read_beside(&folder, beside))
            .map_err(|problems| PackageError::Broken { source_name: name.clone(), problems })?
            .source;
        if source.name != *name {
            let (source_name, found) = (name.clone(), source.name);
            return Err(PackageError::OtherSource { source_name, found });
        }
        let source = Arc::new(source);
        loaded.insert(name.clone(), Arc::clone(&source));
        Ok(Some(source))
    }

    /// Returns the source for requests that name none: the one with the service's name, else the only one.
    pub fn unnamed(&self, service: &str) -> Option<SourceName> {
        let named = SourceName::new(service).filter(|name| self.has(name));
        named.or_else(|| self.only.get_or_init(|| self.find_only()).clone())
    }

    fn has(&self, name: &SourceName) -> bool {
        self.root.join(name.as_str()).join(FILE).is_file()
    }

    fn find_only(&self) -> Option<SourceName> {
        let entries = std::fs::read_dir(&self.root).ok()?;
        let mut names = entries
            .filter_map(|entry| SourceName::new(entry.ok()?.file_name().to_str()?))
            .filter(|name| self.has(name));
        let first = names.next()?;
        names.next().is_none().then_some(first)
    }
}

/// Reads a file beside a source file. No path may lead out of the folder.
fn read_beside(folder: &Path, name: &str) -> Result<String, String> {
    if Path::new(name).components().count() != 1 || name.contains("..") {
        return Err("it must stand beside the source file".to_owned());
    }
    std::fs::read_to_string(folder.join(name)).map_err(|error| error.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Folder(tempfile::TempDir);

    impl Folder {
        fn new(files: &[(&str, &str)]) -> Folder {
            let folder = tempfile::tempdir().unwrap();
            for (path, text) in files {
                let path = folder.path().join(path);
                std::fs::create_dir_all(path.parent().unwrap()).unwrap();
                std::fs::write(path, text).unwrap();
            }
            Folder(folder)
        }

        fn package(&self) -> Package {
            Package::new(self.0.path())
        }
    }

    fn name(text: &str) -> SourceName {
        SourceName::new(text).unwrap()
    }

    fn open(source: &str) -> String {
        format!("source: {source}\nwebhook: {{ unauthenticated: \"a test\" }}\n")
    }

    #[test]
    fn one_source_is_read_and_kept_and_a_broken_one_is_its_own_trouble() {
        let with_schema = format!("{}event: {{ schema: schema.json }}\n", open("good"));
        let folder = Folder::new(&[
            ("good/source.yml", &with_schema),
            ("good/schema.json", r#"{"type":"object"}"#),
            ("broken/source.yml", "source: broken\nwebhook: {}\n"),
            ("other/source.yml", &open("good")),
        ]);
        let package = folder.package();
        let first = package.source(&name("good")).unwrap().unwrap();
        std::fs::remove_dir_all(folder.0.path().join("good")).unwrap();
        let second = package.source(&name("good")).unwrap().unwrap();
        assert!(Arc::ptr_eq(&first, &second), "read a second time");
        let broken = package.source(&name("broken")).unwrap_err().to_string();
        assert!(broken.contains("the webhook verifies nothing"), "{broken}");
        let other = package.source(&name("other")).unwrap_err();
        assert!(matches!(other, PackageError::OtherSource { .. }), "{other}");
        assert!(package.source(&name("absent")).unwrap().is_none());
    }

    #[test]
    fn a_schema_stands_beside_its_source_file() {
        let outside = format!("{}event: {{ schema: ../secret.json }}\n", open("good"));
        let folder = Folder::new(&[("good/source.yml", &outside), ("secret.json", "{}")]);
        let error = folder.package().source(&name("good")).unwrap_err();
        assert!(error.to_string().contains("beside"), "{error}");
    }

    #[test]
    fn a_request_without_a_name_is_the_services_or_the_only_sources() {
        let one = Folder::new(&[("zoom/source.yml", &open("zoom")), ("README.md", "x")]);
        assert_eq!(one.package().unnamed("saas"), Some(name("zoom")));
        let two = Folder::new(&[("zoom/source.yml", ""), ("okta/source.yml", "")]);
        assert_eq!(two.package().unnamed("zoom"), Some(name("zoom")));
        assert_eq!(two.package().unnamed("saas"), None);
        assert_eq!(two.package().unnamed("../okta"), None);
        assert_eq!(Folder::new(&[]).package().unnamed("zoom"), None);
    }
}
