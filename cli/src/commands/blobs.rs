//! `mef blobs`: bytes that are kept for a person to look at, such as a page that was not understood.

use std::process::ExitCode;

use anyhow::Context as _;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use jiff::Timestamp;
use mef_auth::Redactor;
use mef_ports::{BlobEntry, BlobKey};
use serde::Serialize;
use serde_json::json;

use crate::args::{BlobsCommand, Global};
use crate::backend::Backend;
use crate::local::ports::Access;
use crate::output;

/// A blob as a line of JSON.
#[derive(Serialize)]
struct BlobLine<'b> {
    key: &'b str,
    bytes: u64,
    since: Option<Timestamp>,
}

pub(super) async fn blobs(
    global: &Global,
    command: &BlobsCommand,
    redactor: &Redactor,
) -> anyhow::Result<ExitCode> {
    let backend = Backend::open(global, Access::Look, redactor).await?;
    let store = &backend.ports.blobs;
    match command {
        BlobsCommand::List => {
            let blobs = store.list().await?;
            let lines: Vec<_> = blobs.iter().map(line).collect();
            output::list(global.json, &lines, &["KEY", "BYTES", "SINCE"], |line| {
                vec![
                    line.key.to_owned(),
                    line.bytes.to_string(),
                    output::or_dash(line.since.map(output::moment)),
                ]
            })?;
        }
        BlobsCommand::Show { key } => {
            let found = match key.starts_with("s3://") {
                true => claimed(global, key).await?,
                false => store.get(&BlobKey(key.clone())).await?,
            };
            let bytes = found.with_context(|| {
                format!("nothing is kept as `{key}`: `mef blobs list` shows what is")
            })?;
            show(global, key, &bytes)?;
        }
    }
    Ok(ExitCode::SUCCESS)
}

fn line(blob: &BlobEntry) -> BlobLine<'_> {
    BlobLine { key: &blob.key.0, bytes: blob.bytes, since: blob.since }
}

/// Prints the bytes as they are into a file or a pipe. On a terminal they could drive it, so what is no
/// text is replaced there.
fn show(global: &Global, key: &str, bytes: &Bytes) -> anyhow::Result<()> {
    if global.json {
        return match std::str::from_utf8(bytes) {
            Ok(text) => output::json(&json!({ "key": key, "text": text })),
            Err(_) => output::json(&json!({ "key": key, "base64": STANDARD.encode(bytes) })),
        };
    }
    if !output::is_terminal() {
        return output::bytes(bytes);
    }
    let text = String::from_utf8_lossy(bytes);
    text.lines().try_for_each(|line| output::line(&output::printable(line)))
}

#[cfg(feature = "aws")]
async fn claimed(global: &Global, claim: &str) -> anyhow::Result<Option<Bytes>> {
    if global.backend == crate::args::Backend::Local {
        return Ok(None);
    }
    Ok(crate::remote::Remote::open(global).await?.blobs().claimed(claim).await?)
}

#[cfg(not(feature = "aws"))]
#[expect(clippy::unused_async, reason = "with the feature it asks AWS")]
async fn claimed(_: &Global, _: &str) -> anyhow::Result<Option<Bytes>> {
    Ok(None)
}
