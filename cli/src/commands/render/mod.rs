//! `mef render`: what CloudFormation deploys, made of the source files.
//!
//! `infra/app.yml` is a plain template that a person can read. What depends on the sources is put in at
//! its marker lines: schedules, the exact ARNs of the secrets, alarms, URLs. There is no macro and no
//! second language, and the result is the same every time: a stack changes only when a source file does.

mod names;
mod parts;
mod policies;
mod template;
mod throttle;
mod warnings;

use std::path::Path;
use std::process::ExitCode;
use std::sync::Arc;

use anyhow::{Context as _, bail};
use mef_source::Source;

use crate::args::{Global, RenderOptions};
use crate::output;
use crate::sources::files::{self, SourceFile};

pub(super) fn render(global: &Global, options: &RenderOptions) -> anyhow::Result<ExitCode> {
    let dir = options.dir.as_deref().unwrap_or(&global.sources);
    let written = std::fs::read_to_string(&options.template)
        .with_context(|| format!("cannot read the template {}", options.template.display()))?;
    let mut files = files::read_all(dir)?;
    files.sort_by(|a, b| name(a).cmp(name(b)));
    let sources: Vec<Arc<Source>> = files.iter().filter_map(|file| file.source.clone()).collect();
    let template = template::fill(&written, &parts::of(&sources)?)
        .with_context(|| format!("cannot fill in {}", options.template.display()))?;
    let package = options.out.join("package");
    empty(&package)?;
    for (file, source) in files.iter().zip(&sources) {
        copy(file, source, &package)?;
    }
    let path = options.out.join("template.yml");
    std::fs::write(&path, &template).with_context(|| format!("cannot write {}", path.display()))?;
    output::say(&format!(
        "{} for {}; the source files are in {}",
        path.display(),
        output::count(sources.len(), "source"),
        package.display(),
    ));
    for warning in warnings::of(&sources, options.api_type) {
        output::say(&format!("warning: {warning}"));
    }
    Ok(ExitCode::SUCCESS)
}

fn name(file: &SourceFile) -> &str {
    file.source.as_ref().map_or("", |source| source.name.as_str())
}

/// Deletes the sources that an earlier run put into the package, and nothing else.
fn empty(package: &Path) -> anyhow::Result<()> {
    let sources = package.join("sources");
    match std::fs::remove_dir_all(&sources) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
            return Err(error).with_context(|| format!("cannot empty {}", sources.display()));
        }
        _ => {}
    }
    std::fs::create_dir_all(&sources)
        .with_context(|| format!("cannot make the folder {}", sources.display()))
}

/// Copies a source file and the schemas that it names to where the functions look for them.
fn copy(file: &SourceFile, source: &Source, package: &Path) -> anyhow::Result<()> {
    let folder = package.join("sources").join(source.name.as_str());
    std::fs::create_dir_all(&folder)
        .with_context(|| format!("cannot make the folder {}", folder.display()))?;
    write(&folder.join("source.yml"), file.text.as_bytes())?;
    let events = [
        source.webhook.as_ref().map(|webhook| &webhook.event),
        source.poll.as_ref().map(|poll| &poll.event),
    ];
    for schema in events.into_iter().flatten().filter_map(|event| event.schema.as_ref()) {
        if schema.file == "source.yml" {
            bail!("{}: a schema cannot be the source file itself", file.path.display());
        }
        let from = file.folder().join(&schema.file);
        let bytes =
            std::fs::read(&from).with_context(|| format!("cannot read {}", from.display()))?;
        write(&folder.join(&schema.file), &bytes)?;
    }
    Ok(())
}

fn write(path: &Path, bytes: &[u8]) -> anyhow::Result<()> {
    std::fs::write(path, bytes).with_context(|| format!("cannot write {}", path.display()))
}
