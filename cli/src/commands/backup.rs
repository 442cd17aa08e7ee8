//! `mef backup`: a copy of the embedded store, also while `mef run` works on it.

use std::process::ExitCode;

use anyhow::Context as _;
use mef_auth::Redactor;
use serde_json::json;

use crate::args::{self, BackupOptions, Global};
use crate::local::ports::{Access, Local};
use crate::output;

pub(super) async fn backup(
    global: &Global,
    options: &BackupOptions,
    redactor: &Redactor,
) -> anyhow::Result<ExitCode> {
    if global.backend == args::Backend::Aws {
        anyhow::bail!(
            "`mef backup` copies the embedded store: on AWS, DynamoDB's point-in-time recovery keeps the cursors"
        );
    }
    let local = Local::open(global, Access::Look, redactor)?;
    let copied = local.store.backup(&options.file).await;
    let copied = copied.with_context(|| format!("cannot copy {}", global.store.display()))?;
    if global.json {
        output::json(&json!({
            "file": options.file.display().to_string(),
            "events": copied.events,
            "dead_letters": copied.dead_letters,
        }))?;
    }
    output::say(&format!(
        "{} is a whole copy of {}: {} and {}",
        options.file.display(),
        global.store.display(),
        output::count(usize::try_from(copied.events)?, "event"),
        output::count(usize::try_from(copied.dead_letters)?, "dead letter"),
    ));
    Ok(ExitCode::SUCCESS)
}
