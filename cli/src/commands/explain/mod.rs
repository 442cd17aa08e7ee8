//! `mef explain`: why a webhook request is taken or refused.
//!
//! The sender of a refused request is told nothing, and must not be. So the operator has the captured
//! request judged here, by the same receiver, with every reason.

mod escape;
mod report;
mod words;

use std::path::Path;
use std::process::ExitCode;
use std::sync::Arc;

use mef_auth::Redactor;
use mef_http::SystemClock;
use mef_intake::Route;
use mef_ports::Clock as _;
use mef_source::Source;

use crate::args::{ExplainOptions, Global};
use crate::offline::captured::Captured;
use crate::offline::webhook;
use crate::sources::files;
use crate::{backend, output};

pub(super) async fn explain(
    global: &Global,
    options: &ExplainOptions,
    redactor: &Redactor,
) -> anyhow::Result<ExitCode> {
    let captured = Captured::read(&options.request)?;
    for key in &captured.unknown {
        output::say(&format!(
            "note: {} has the unknown key `{}`, which is ignored",
            options.request.display(),
            output::printable(key)
        ));
    }
    if captured.is_masked {
        output::say("note: the credentials of this request were masked: it cannot be authentic");
    }
    let source = files::load_one(&global.sources, &options.source)?;
    let source = Arc::new(Source::clone(&source).deployed_at(options.endpoint.as_ref()));
    let path = captured.request.path();
    let leads = match Route::of(path, "", "") {
        Route::Named(name) if name != source.name => Some(format!("to the source `{name}`")),
        Route::Nowhere => Some("to no source".to_owned()),
        Route::Named(_) | Route::Unnamed => None,
    };
    if let Some(leads) = leads {
        output::say(&format!(
            "note: a server would not judge this request as one of `{}`: its path `{}` leads {leads}",
            source.name,
            output::printable(path)
        ));
    }
    let secrets = backend::secrets(global, redactor).await?;
    let at = options.at.or(captured.received_at).unwrap_or_else(|| SystemClock.now());
    let file = files::find(&global.sources, &options.source);
    let folder = file.as_deref().and_then(Path::parent).unwrap_or(Path::new("."));
    let tests = folder.join("tests");
    let judged = webhook::judge(&source, captured.request, secrets, &tests, at).await?;
    let limit = if options.full { usize::MAX } else { report::SIGNED_TEXT };
    let report = report::Report::of(&judged, at, limit, redactor);
    match global.json {
        true => output::json(&report)?,
        false => words::print(&report, &options.source)?,
    }
    Ok(ExitCode::SUCCESS)
}
