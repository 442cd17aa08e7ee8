//! The Lambda functions: one binary, whose role is the name of its handler.
//!
//! A role is a small type that takes the text of an event and returns an output and metrics. Everything
//! else is in the crates that `mef` uses on a laptop. Only the source that an event is about is read, and
//! then kept while the process lives.

mod context;
mod environment;
mod event;
mod invocation;
mod logging;
mod metrics;
mod package;
mod refusals;
mod role;
mod roles;
mod serve;
mod sources;

use std::process::ExitCode;

use mef_auth::Redactor;

pub use environment::{Environment, EnvironmentError};
pub use invocation::{Done, Failed, Invocation};
pub use metrics::{Metric, Metrics};
pub use package::{Package, PackageError};
pub use role::Role;
pub use roles::authorizer::AuthorizerRole;
pub use roles::handler::HandlerRole;
pub use roles::poller::PollerRole;
pub use roles::redrive::RedriveRole;

/// Serves the role that the environment names until Lambda ends the process.
pub fn main() -> ExitCode {
    let redactor = Redactor::default();
    let environment = Environment::read();
    let log = environment.as_ref().map_or("info", |environment| environment.log.as_str());
    logging::start(log, &redactor);
    match environment.map_err(Into::into).and_then(|e| run(&e, &redactor)) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            tracing::error!(error = %mef_ports::chain(&*error), "the function ends");
            ExitCode::FAILURE
        }
    }
}

/// Serves on one thread: a function has less than one processor, and one call at a time.
fn run(environment: &Environment, redactor: &Redactor) -> Result<(), lambda_runtime::Error> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let function = context::function(environment, redactor)?;
    // In a task: waking the future that `block_on` waits for goes through the kernel, and hyper does so
    // three times a call.
    let environment = environment.clone();
    runtime.block_on(async { tokio::spawn(serve::serve(function, environment)).await? })
}
