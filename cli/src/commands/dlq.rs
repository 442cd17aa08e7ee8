//! `mef dlq`: the records that were refused.

use std::process::ExitCode;

use anyhow::Context as _;
use mef_auth::Redactor;
use mef_ports::DeadLetters as _;

use crate::args::{Dlq, Global};
use crate::local::Local;
use crate::output;

pub(super) async fn dlq(
    global: &Global,
    command: &Dlq,
    redactor: &Redactor,
) -> anyhow::Result<ExitCode> {
    let local = Local::open(global, redactor)?;
    match command {
        Dlq::List { source, limit } => {
            let letters = local.store.list(source.as_deref(), *limit).await?;
            if global.json {
                letters.iter().try_for_each(output::json)?;
            } else {
                let rows: Vec<_> = letters
                    .iter()
                    .map(|letter| {
                        vec![
                            letter.id.clone(),
                            letter.source.clone(),
                            letter.received_at.strftime("%Y-%m-%dT%H:%M:%SZ").to_string(),
                            letter.stage.to_string(),
                            letter.place.clone(),
                            letter.reason.chars().take(100).collect(),
                        ]
                    })
                    .collect();
                output::table(&["ID", "SOURCE", "RECEIVED", "STAGE", "PLACE", "REASON"], &rows)?;
            }
        }
        Dlq::Show { id } => {
            let letter = local.store.get(id).await?.with_context(|| {
                format!("there is no dead letter `{id}`: `mef dlq list` shows those there are")
            })?;
            if global.json {
                output::json(&letter)?;
            } else {
                output::line(&serde_json::to_string_pretty(&letter)?)?;
            }
        }
    }
    Ok(ExitCode::SUCCESS)
}
