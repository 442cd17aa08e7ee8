//! From Lambda's runtime API to a role and back.

use std::sync::Arc;

use jiff::Timestamp;
use lambda_runtime::{Diagnostic, LambdaEvent, Runtime, service_fn};
use mef_http::SystemClock;
use mef_ports::Clock as _;
use serde_json::Value;
use serde_json::value::RawValue;
use tracing::Instrument as _;

use crate::environment::Environment;
use crate::invocation::{Done, Failed, Invocation};
use crate::roles::authorizer::AuthorizerRole;
use crate::roles::handler::HandlerRole;
use crate::roles::poller::PollerRole;
use crate::roles::redrive::RedriveRole;

/// A role and its ports.
pub(crate) enum Function {
    Authorizer(AuthorizerRole),
    Handler(HandlerRole),
    Poller(Box<PollerRole>),
    Redrive(RedriveRole),
}

impl Function {
    async fn invoke(&self, text: &str, invocation: Invocation) -> Done {
        match self {
            Function::Authorizer(gate) => gate.invoke(text).await,
            Function::Handler(intake) => intake.invoke(text).await,
            Function::Poller(pulls) => pulls.invoke(text, invocation).await,
            Function::Redrive(redrives) => redrives.invoke(text, invocation).await,
        }
    }
}

impl From<Failed> for Diagnostic {
    fn from(failed: Failed) -> Diagnostic {
        Diagnostic { error_type: format!("{failed:?}"), error_message: failed.to_string() }
    }
}

/// Serves calls until Lambda ends the process.
///
/// # Errors
///
/// Fails if the runtime API can no longer be reached.
pub(crate) async fn serve(
    function: Function,
    environment: Environment,
) -> Result<(), lambda_runtime::Error> {
    let (stack, by_source) = (environment.stack(), environment.source_metrics);
    let shared = Arc::new(Shared { function, stack, by_source });
    Runtime::new(service_fn(move |event| call(Arc::clone(&shared), event))).run().await
}

/// What every call uses.
struct Shared {
    function: Function,
    stack: String,
    /// Whether each source has metrics of its own.
    by_source: bool,
}

async fn call(shared: Arc<Shared>, event: LambdaEvent<Box<RawValue>>) -> Result<Value, Failed> {
    let Shared { function, stack, by_source } = &*shared;
    let (text, context) = event.into_parts();
    let deadline = i64::try_from(context.deadline).ok();
    let deadline = deadline.and_then(|ms| Timestamp::from_millisecond(ms).ok());
    let invocation = Invocation { deadline: deadline.unwrap_or(Timestamp::MAX) };
    let span = tracing::info_span!(
        "invocation",
        aws.request_id = context.request_id,
        aws.trace_id = context.xray_trace_id.as_deref(),
    );
    let done = function.invoke(text.get(), invocation).instrument(span).await;
    if let Some(metrics) = &done.metrics
        && let Err(error) = metrics.write(stack, *by_source, SystemClock.now())
    {
        tracing::warn!(error = %error, "the metrics are lost");
    }
    done.output
}
