//! The finished binary against a runtime API: what it takes from its
//! environment, and what it leaves in the log.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::process::Stdio;
use std::sync::Arc;

use axum::Router;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::IntoResponse;
use axum::routing::{get, post};
use jiff::Timestamp;
use serde_json::{Value, json};
use tokio::io::{AsyncBufReadExt as _, BufReader, Lines};
use tokio::net::TcpListener;
use tokio::process::{Child, ChildStderr, ChildStdout, Command};
use tokio::sync::{Mutex, mpsc};

const REQUEST: &str = "8476a536-e9f4-11e8-9739-2dfe598c3fcd";
const TRACE: &str = "Root=1-5bef4de7-ad49b0e87f6ef6c87fc2e700;Sampled=0";

/// Lambda's side: calls to hand out, and what was answered.
struct Lambda {
    calls: mpsc::Sender<Value>,
    answers: mpsc::Receiver<(&'static str, Value)>,
    address: String,
}

struct Api {
    calls: Mutex<mpsc::Receiver<Value>>,
    answers: mpsc::Sender<(&'static str, Value)>,
}

async fn next(State(api): State<Arc<Api>>) -> impl IntoResponse {
    let call = match api.calls.lock().await.recv().await {
        Some(call) => call,
        None => std::future::pending().await,
    };
    let headers = [
        ("lambda-runtime-aws-request-id", REQUEST),
        ("lambda-runtime-deadline-ms", "4102444800000"),
        ("lambda-runtime-invoked-function-arn", "arn:aws:lambda:us-east-1:1:function:f"),
        ("lambda-runtime-trace-id", TRACE),
    ];
    (headers, call.to_string())
}

async fn answer(api: &Api, kind: &'static str, body: &str) -> StatusCode {
    api.answers.send((kind, serde_json::from_str(body).unwrap())).await.unwrap();
    StatusCode::ACCEPTED
}

impl Lambda {
    async fn start() -> Lambda {
        let (calls, to_hand_out) = mpsc::channel(4);
        let (to_answers, answers) = mpsc::channel(4);
        let api = Arc::new(Api { calls: Mutex::new(to_hand_out), answers: to_answers });
        let root = "/2018-06-01/runtime/invocation";
        let app = Router::new()
            .route(&format!("{root}/next"), get(next))
            .route(
                &format!("{root}/{REQUEST}/response"),
                post(async |State(api): State<Arc<Api>>, body: String| {
                    answer(&api, "response", &body).await
                }),
            )
            .route(
                &format!("{root}/{REQUEST}/error"),
                post(async |State(api): State<Arc<Api>>, body: String| {
                    answer(&api, "error", &body).await
                }),
            )
            .with_state(api);
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap().to_string();
        tokio::spawn(async move { axum::serve(listener, app).await });
        Lambda { calls, answers, address }
    }

    async fn call(&mut self, event: Value) -> (&'static str, Value) {
        self.calls.send(event).await.unwrap();
        self.answers.recv().await.unwrap()
    }
}

/// A function that runs.
struct Function {
    child: Child,
    stdout: Lines<BufReader<ChildStdout>>,
    stderr: Lines<BufReader<ChildStderr>>,
    _sources: tempfile::TempDir,
}

impl Function {
    fn start(role: &str, api: &str, more: &[(&str, &str)]) -> Function {
        let sources = tempfile::tempdir().unwrap();
        let folder = sources.path().join("sources/open");
        std::fs::create_dir_all(&folder).unwrap();
        let file = "source: open\nwebhook: { unauthenticated: \"a test\" }\n";
        std::fs::write(folder.join("source.yml"), file).unwrap();
        let mut child = Command::new(env!("CARGO_BIN_EXE_bootstrap"))
            .env_clear()
            .envs([
                ("_HANDLER", role),
                ("AWS_LAMBDA_RUNTIME_API", api),
                ("AWS_LAMBDA_FUNCTION_NAME", "f"),
                ("AWS_LAMBDA_FUNCTION_MEMORY_SIZE", "128"),
                ("AWS_LAMBDA_FUNCTION_VERSION", "1"),
                ("AWS_REGION", "us-east-1"),
                ("PROJECT", "MozDef-EF"),
                ("SERVICE", "saas"),
                ("STAGE", "prod"),
            ])
            .env("LAMBDA_TASK_ROOT", sources.path())
            .envs(more.iter().copied())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .kill_on_drop(true)
            .spawn()
            .unwrap();
        let stdout = BufReader::new(child.stdout.take().unwrap()).lines();
        let stderr = BufReader::new(child.stderr.take().unwrap()).lines();
        Function { child, stdout, stderr, _sources: sources }
    }

    async fn logged(&mut self) -> Value {
        serde_json::from_str(&self.stderr.next_line().await.unwrap().unwrap()).unwrap()
    }

    async fn measured(&mut self) -> Value {
        serde_json::from_str(&self.stdout.next_line().await.unwrap().unwrap()).unwrap()
    }
}

fn asked(method: &str, source: &str) -> Value {
    json!({
        "version": "2.0", "type": "REQUEST", "routeArn": "arn:aws:execute-api:r:a:b/s/POST/open",
        "rawPath": format!("/{source}"), "rawQueryString": "", "headers": {},
        "requestContext": { "stage": "$default", "http": { "method": method } },
    })
}

fn is_a_log_line(line: &Value, level: &str) {
    assert_eq!(line["level"], level, "{line}");
    assert!(line["timestamp"].as_str().unwrap().parse::<Timestamp>().is_ok(), "{line}");
    assert!(line["message"].is_string(), "{line}");
}

#[tokio::test]
async fn an_authorizer_answers_logs_and_counts() {
    let mut lambda = Lambda::start().await;
    let mut function = Function::start("authorizer", &lambda.address, &[]);
    let allow = json!({ "isAuthorized": true, "context": { "source": "open" } });
    assert_eq!(lambda.call(asked("POST", "open")).await, ("response", allow));
    let deny = json!({ "isAuthorized": false, "context": {} });
    assert_eq!(lambda.call(asked("GET", "open")).await, ("response", deny));
    let line = function.logged().await;
    is_a_log_line(&line, "WARN");
    assert_eq!(line["source.id"], "open");
    assert_eq!(line["span"]["aws.request_id"], REQUEST);
    assert_eq!(line["span"]["aws.trace_id"], TRACE);
    let metrics = function.measured().await;
    assert_eq!(metrics["Stack"], "MozDef-EF-saas-prod");
    assert_eq!(metrics["Source"], "open");
    assert_eq!(metrics["AuthorizerDenied"], 1);
    assert!(metrics["_aws"]["Timestamp"].is_i64(), "{metrics}");
}

#[tokio::test]
async fn a_handler_needs_no_aws_to_say_no() {
    let mut lambda = Lambda::start().await;
    let names = [
        ("QUEUE_URL", "https://q"),
        ("REJECTED_QUEUE_URL", "https://r"),
        ("TABLE", "t"),
        ("BUCKET", "b"),
    ];
    let mut function = Function::start("handler", &lambda.address, &names);
    let (kind, answer) = lambda.call(asked("POST", "nobody")).await;
    assert_eq!((kind, &answer["statusCode"]), ("response", &json!(404)));
    let line = function.logged().await;
    is_a_log_line(&line, "WARN");
    assert_eq!(line["http.status"], 404);
    assert!(!line.to_string().contains("nobody"), "{line}");
}

#[tokio::test]
async fn a_call_that_fails_is_lambdas_error() {
    let mut lambda = Lambda::start().await;
    let mut function = Function::start("authorizer", &lambda.address, &[]);
    let (kind, error) = lambda.call(json!("no event")).await;
    assert_eq!((kind, &error["errorType"]), ("error", &json!("Event")));
    is_a_log_line(&function.logged().await, "ERROR");
}

#[tokio::test]
async fn an_environment_that_lacks_something_ends_the_function() {
    for (role, missing) in
        [("handler", "QUEUE_URL"), ("poller", "QUEUE_URL"), ("lambda.handler", "not a role")]
    {
        let mut function = Function::start(role, "127.0.0.1:1", &[]);
        let line = function.logged().await;
        is_a_log_line(&line, "ERROR");
        assert!(line["error"].as_str().unwrap().contains(missing), "{line}");
        assert!(!function.child.wait().await.unwrap().success());
    }
}
