//! A vendor that gives the answers of a list, one after another, and keeps the
//! requests as a person would read them.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use mef_poller::{Budget, Poller, RunReport};
use mef_ports::{Http, HttpError, HttpRequest, HttpResponse};
use serde_json::Value;

use crate::support::{Bench, answer, source};

/// A vendor that answers from a list.
#[derive(Default)]
pub(crate) struct Scripted {
    answers: Mutex<VecDeque<HttpResponse>>,
    requests: Mutex<Vec<String>>,
}

impl Scripted {
    /// Answers 200 with each of `bodies`.
    pub(crate) fn bodies(bodies: &[&str]) -> Arc<Scripted> {
        Scripted::answers(bodies.iter().map(|body| answer(200, &[], body)).collect())
    }

    pub(crate) fn answers(answers: Vec<HttpResponse>) -> Arc<Scripted> {
        Arc::new(Scripted { answers: Mutex::new(answers.into()), requests: Mutex::default() })
    }

    pub(crate) fn more(&self, bodies: &[&str]) {
        self.answers.lock().unwrap().extend(bodies.iter().map(|body| answer(200, &[], body)));
    }

    /// The answers that nobody asked for yet.
    pub(crate) fn left(&self) -> Vec<HttpResponse> {
        self.answers.lock().unwrap().drain(..).collect()
    }

    /// The requests so far: `METHOD /path?query | content type | body`, with
    /// the host where it is not the source's own.
    pub(crate) fn requests(&self) -> Vec<String> {
        std::mem::take(&mut self.requests.lock().unwrap())
    }
}

#[async_trait]
impl Http for Scripted {
    async fn send(&self, request: HttpRequest) -> Result<HttpResponse, HttpError> {
        let query = request.url.query().map(|query| format!("?{query}")).unwrap_or_default();
        let host = request.url.host_str().filter(|host| *host != "api.example.com");
        let mut line =
            format!("{} {}{}{query}", request.method, host.unwrap_or(""), request.url.path());
        if let Some(body) = &request.body {
            let kind = request.headers.get("content-type").unwrap().to_str().unwrap();
            line += &format!(" | {kind} | {}", std::str::from_utf8(body).unwrap());
        }
        if let Some(page) = request.headers.get("x-page") {
            line += &format!(" | x-page: {}", page.to_str().unwrap());
        }
        self.requests.lock().unwrap().push(line);
        let answer = self.answers.lock().unwrap().pop_front();
        answer.ok_or_else(|| HttpError::Transport("the script is over".into()))
    }
}

/// Pages with one object under `list`, each of which names another.
pub(crate) fn endless(list: &str) -> Vec<HttpResponse> {
    let page = |n| format!("{{\"{list}\":[{{\"org\":{{\"id\":\"{n}\"}}}}],\"next\":\"{n}\"}}");
    (0..1_001).map(|n| answer(200, &[], &page(n))).collect()
}

/// One run of the source `file` against `vendor`. Its answers stand in an order, so one partition is read after another.
pub(crate) async fn run(bench: &Bench, vendor: &Arc<Scripted>, file: &str) -> RunReport {
    let poller = Poller::new(source(file), vendor.clone(), bench.ports()).unwrap();
    poller.one_partition_at_a_time().run(&Budget::default()).await
}

/// The records of the events in the queue.
pub(crate) async fn records(bench: &Bench) -> Vec<Value> {
    let events = bench.store.events(None, usize::MAX).await.unwrap();
    let event =
        |body: &str| serde_json::from_str::<Value>(body).unwrap()["details"]["acme"].clone();
    events.iter().map(|event_| event(&event_.message.body)).collect()
}
