//! The source files of a folder.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::{Context as _, bail};
use mef_pipeline::Pipeline;
use mef_source::checked::Endpoint;
use mef_source::{Expansion, Problem, Severity, Source, load};

use super::meant::meant;
use super::problems;

/// A source file that was read; it may not have loaded.
pub(crate) struct SourceFile {
    /// Where it is.
    pub(crate) path: PathBuf,
    /// Its text.
    pub(crate) text: String,
    /// The files beside it that it names, with their text; `None` if one cannot be read.
    pub(crate) beside: Vec<(PathBuf, Option<String>)>,
    /// The source; `None` if there are errors.
    pub(crate) source: Option<Arc<Source>>,
    /// Its `webhook` with the presets written out, if it loaded and names any.
    pub(crate) expansion: Option<Expansion>,
    /// Its errors and warnings.
    pub(crate) problems: Vec<Problem>,
}

impl SourceFile {
    /// Returns the source in a deployment whose webhooks come in below `endpoint`.
    pub(crate) fn deployed_at(&self, endpoint: Option<&Endpoint>) -> Option<Arc<Source>> {
        let source = Source::clone(self.source.as_ref()?);
        Some(Arc::new(source.deployed_at(endpoint)))
    }

    /// Returns the folder that the file is in.
    pub(crate) fn folder(&self) -> &Path {
        self.path.parent().unwrap_or(Path::new("."))
    }
}

/// Reads every source file of `dir`, or the one file that `dir` is.
pub(crate) fn read(dir: &Path) -> anyhow::Result<Vec<SourceFile>> {
    let mut files: Vec<_> =
        paths(dir)?.into_iter().map(|path| read_one(&path)).collect::<Result<_, _>>()?;
    let mut first_of_name: BTreeMap<String, PathBuf> = BTreeMap::new();
    for file in &mut files {
        let Some(source) = &file.source else { continue };
        if let Some(first) = first_of_name.get(source.name.as_str()) {
            let message = format!("the source `{}` is also in {}", source.name, first.display());
            file.problems
                .push(Problem::error(None, message).help("give each source a name of its own"));
            file.source = None;
        } else {
            first_of_name.insert(source.name.to_string(), file.path.clone());
        }
    }
    Ok(files)
}

/// Loads every source of `dir`; fails if one has errors.
pub(crate) fn load_all(dir: &Path) -> anyhow::Result<Vec<Arc<Source>>> {
    Ok(read_all(dir)?.into_iter().filter_map(|file| file.source).collect())
}

/// Reads every source file of `dir`; fails if one has errors.
pub(crate) fn read_all(dir: &Path) -> anyhow::Result<Vec<SourceFile>> {
    let files = read(dir)?;
    let mut broken = 0;
    for file in &files {
        let errors: Vec<_> =
            file.problems.iter().filter(|p| p.severity == Severity::Error).cloned().collect();
        problems::show(&file.path, &file.text, &errors, false)?;
        broken += usize::from(file.source.is_none());
    }
    match broken {
        0 => Ok(files),
        n => {
            bail!("{n} of {} source files do not load: see above, or run `mef check`", files.len())
        }
    }
}

/// Loads the source with this name; fails if any file of `dir` has errors.
pub(crate) fn load_named(dir: &Path, name: &str) -> anyhow::Result<Arc<Source>> {
    let sources = load_all(dir)?;
    let names: Vec<_> = sources.iter().map(|source| source.name.to_string()).collect();
    sources.into_iter().find(|source| source.name.as_str() == name).with_context(|| {
        let names: Vec<_> = names.iter().map(String::as_str).collect();
        format!("there is no source `{name}` in {}{}", dir.display(), meant(name, &names))
    })
}

/// Returns the file of the source with this name, if there is one that loads.
pub(crate) fn find(dir: &Path, name: &str) -> Option<PathBuf> {
    // Before the first source is written, the folder is empty or missing.
    let files = read(dir).unwrap_or_default();
    let is_it = |file: &SourceFile| file.source.as_ref().is_some_and(|s| s.name.as_str() == name);
    files.into_iter().find(is_it).map(|file| file.path)
}

/// Loads the source with this name, even if other files have errors.
pub(crate) fn load_one(dir: &Path, name: &str) -> anyhow::Result<Arc<Source>> {
    let mut sources = read(dir)?.into_iter().filter_map(|file| file.source);
    match sources.find(|source| source.name.as_str() == name) {
        Some(source) => Ok(source),
        None => load_named(dir, name),
    }
}

/// Says why a source cannot be polled.
pub(crate) fn not_pulled(source: &Source) -> String {
    format!("`{}` is pushed, not pulled: its file has no `poll`", source.name)
}

/// Returns where the source files of `dir` are; fails if there are none.
pub(crate) fn paths(dir: &Path) -> anyhow::Result<Vec<PathBuf>> {
    if dir.is_file() {
        return Ok(vec![dir.to_owned()]);
    }
    let mut found = Vec::new();
    let entries =
        std::fs::read_dir(dir).with_context(|| format!("cannot read {}", dir.display()))?;
    for entry in entries {
        let path = entry?.path();
        let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
        if path.is_file() && (name == "source.yml" || name.ends_with(".source.yml")) {
            found.push(path);
        } else if path.is_dir() && path.join("source.yml").is_file() {
            found.push(path.join("source.yml"));
        }
    }
    found.sort();
    if found.is_empty() {
        bail!(
            "there is no `source.yml`, `*.source.yml` or `*/source.yml` in {}: name the folder with --sources",
            dir.display()
        );
    }
    Ok(found)
}

fn read_one(path: &Path) -> anyhow::Result<SourceFile> {
    let bytes = std::fs::read(path).with_context(|| format!("cannot read {}", path.display()))?;
    let text = match String::from_utf8(bytes) {
        Ok(text) => text,
        Err(error) => {
            let problem =
                Problem::error(None, format!("the file is not UTF-8: {}", error.utf8_error()));
            return Ok(SourceFile {
                path: path.to_owned(),
                text: String::new(),
                beside: Vec::new(),
                source: None,
                expansion: None,
                problems: vec![problem],
            });
        }
    };
    let folder = path.parent().unwrap_or(Path::new(".")).to_owned();
    let named = RefCell::new(Vec::new());
    let beside = |name: &str| {
        // No path may lead out of the folder.
        if Path::new(name).components().count() != 1 || name.contains("..") {
            return Err("it must stand beside the source file".to_owned());
        }
        let path = folder.join(name);
        let text = std::fs::read_to_string(&path);
        named.borrow_mut().push((path, text.as_ref().ok().cloned()));
        text.map_err(|error| error.to_string())
    };
    let (source, expansion, mut problems) = match load(&text, &beside) {
        Ok(loaded) => (Some(loaded.source), loaded.expansion, loaded.warnings),
        Err(problems) => (None, None, problems),
    };
    let schema_errors: Vec<_> = source.iter().flat_map(schema_problems).collect();
    let source = source.filter(|_| schema_errors.is_empty()).map(Arc::new);
    problems.extend(schema_errors);
    let beside = named.into_inner();
    Ok(SourceFile { path: path.to_owned(), text, beside, source, expansion, problems })
}

fn schema_problems(source: &Source) -> Vec<Problem> {
    let pipelines = [Pipeline::for_webhook(source), Pipeline::for_poll(source)];
    let mut problems: Vec<_> = pipelines
        .iter()
        .flatten()
        .filter_map(|pipeline| pipeline.check_schema().err())
        .map(|error| Problem::error(None, error.to_string()))
        .collect();
    problems.dedup();
    problems
}
