//! The commands: one file or folder each.

mod backfill;
mod backup;
mod blobs;
mod check;
mod cursors;
mod dlq;
mod events;
mod explain;
mod init;
mod pause;
mod poll;
mod render;
mod run;
mod secrets;
mod status;
mod streams;
mod test;

use std::process::ExitCode;

use mef_auth::Redactor;

use crate::args::{Arguments, Command};
use crate::{demo, output};

/// Runs the command that the arguments name.
pub(crate) async fn run(arguments: Arguments, redactor: Redactor) -> anyhow::Result<ExitCode> {
    let Arguments { global, command } = arguments;
    match command {
        Command::Demo(options) => demo::run(&global, &options, &redactor).await,
        Command::Run(options) => run::run(&global, &options, &redactor).await,
        Command::Check(options) => check::check(&global, &options),
        Command::Test(options) => test::test(&global, &options).await,
        Command::Init(options) => init::init(&global, &options),
        Command::Explain(options) => explain::explain(&global, &options, &redactor).await,
        Command::Poll(options) => poll::poll(&global, &options, &redactor).await,
        Command::Backfill(options) => backfill::backfill(&global, &options, &redactor).await,
        Command::Status => status::status(&global, &redactor).await,
        Command::Pause { source } => pause::pause(&global, &source, true, &redactor).await,
        Command::Resume { source } => pause::pause(&global, &source, false, &redactor).await,
        Command::Events(options) => events::events(&global, &options, &redactor).await,
        Command::Cursors { command } => cursors::cursors(&global, &command, &redactor).await,
        Command::Dlq { command } => dlq::dlq(&global, &command, &redactor).await,
        Command::Blobs { command } => blobs::blobs(&global, &command, &redactor).await,
        Command::Backup(options) => backup::backup(&global, &options, &redactor).await,
        Command::Render(options) => render::render(&global, &options),
        Command::Secrets { command } => secrets::secrets(&global, &command, &redactor).await,
        Command::Schema => {
            let schema = mef_source::source_file_schema();
            output::line(&serde_json::to_string_pretty(&schema)?)?;
            Ok(ExitCode::SUCCESS)
        }
    }
}
