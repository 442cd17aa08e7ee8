//! One source's webhook: verifies a request, drops repeats, runs the pipeline, answers.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use jiff::Timestamp;
use mef_auth::Request;
use mef_auth::verify::{Denied, Explained, LiveSecrets, Verified, verify, verify_explained};
use mef_pipeline::{Admitted, Delivered, Fallbacks, Outputs, Pipeline, SchemaError, deliver_all};
use mef_ports::moment::after;
use mef_ports::{Clock, Deliveries, DeliveryKey, Http, Secrets, StoreError};

use mef_source::Source;
use mef_source::checked::{EqualBodies, REMEMBERED, Webhook};
use tokio::task::spawn_blocking;

use crate::answer::Answer;
use crate::answer_template::{Beside, render};
use crate::at_hand::key_cache::KeyCache;
use crate::at_hand::live_secrets::references;
use crate::at_hand::published_keys::PublishedKeys;
use crate::capture::Capture;
use crate::delivery_id;
use crate::head;
use crate::judging::judge;
use crate::long_work::LongWork;
use crate::proven::Proven;
use crate::verdict::{Handled, Verdict};

/// The ports of a receiver.
#[derive(Clone)]
pub struct ReceiverPorts {
    /// The queue and the dead letters.
    pub outputs: Outputs,
    /// The marks of deliveries that are done.
    pub deliveries: Arc<dyn Deliveries>,
    /// The secrets.
    pub secrets: Arc<dyn Secrets>,
    /// The keys that vendors publish.
    pub keys: Arc<KeyCache>,
    /// For handshakes that fetch something from the vendor.
    pub http: Arc<dyn Http>,
    /// The clock.
    pub clock: Arc<dyn Clock>,
}

/// Learns how requests are judged, for a person who asks why.
pub trait Observer: Send + Sync {
    /// Takes the checks that judged a request. It may be judged again with newer secrets: the last time
    /// counts.
    fn judged(&self, checks: Vec<Explained>);

    /// Takes the vendor's id of the delivery.
    fn identified(&self, delivery_id: &str);

    /// Takes which fields of the delivered events fell back to their defaults.
    fn delivered(&self, fallbacks: Fallbacks);
}

/// Receives one source's webhooks.
pub struct Receiver {
    pub(crate) source: Arc<Source>,
    pub(crate) webhook: Arc<Webhook>,
    pipeline: Pipeline,
    pub(crate) ports: ReceiverPorts,
    pub(crate) long_work: LongWork,
    observer: Option<Arc<dyn Observer>>,
    refused: AtomicU64,
}

impl Receiver {
    /// Returns a receiver for `source`; `None` if the source is not pushed.
    pub fn new(source: Arc<Source>, ports: ReceiverPorts) -> Option<Receiver> {
        let webhook = Arc::new(source.webhook.clone()?);
        let pipeline = Pipeline::for_webhook(&source)?;
        Some(Receiver {
            source,
            webhook,
            pipeline,
            ports,
            long_work: LongWork::new(),
            observer: None,
            refused: AtomicU64::new(0),
        })
    }

    /// Tells `observer` how requests are judged.
    #[must_use]
    pub fn observed_by(self, observer: Arc<dyn Observer>) -> Receiver {
        Receiver { observer: Some(observer), ..self }
    }

    /// Returns the source.
    pub fn source(&self) -> &Arc<Source> {
        &self.source
    }

    /// Returns the largest body that the source takes, in bytes as sent: a server answers 413 before it
    /// reads more.
    pub fn max_body(&self) -> usize {
        self.webhook.max_body
    }

    /// Compiles the source's schema, so that a fault shows before the first record.
    ///
    /// # Errors
    ///
    /// Fails if the schema cannot be used.
    pub fn check_schema(&self) -> Result<(), SchemaError> {
        self.pipeline.check_schema()
    }

    /// Handles one request, logs how it ended, and gives `capture` what is not authentic.
    pub async fn serve(&self, request: Request, capture: Option<&Capture>) -> Handled {
        let at = self.ports.clock.now();
        let captured = capture.map(|capture| (capture, request.clone()));
        let handled = self.handle(request).await;
        let is_refused = handled.verdict.word() == "reject";
        let refused = is_refused.then(|| self.refused.fetch_add(1, Ordering::Relaxed) + 1);
        handled.log(&self.source.name, refused);
        if let (Some((capture, request)), Verdict::Denied(denied)) = (captured, &handled.verdict) {
            capture.keep(&self.source, &request, at, &denied.to_string()).await;
        }
        handled
    }

    /// Handles one request, read whole.
    pub async fn handle(&self, request: Request) -> Handled {
        if head::is_too_large(&request) {
            return Handled::by(Verdict::HeadTooLarge, self.webhook.rejected_status);
        }
        if let Some(handled) = self.handshake(&request).await {
            return handled;
        }
        let mut handled = self.take_in(&request).await;
        if let Verdict::Method = handled.verdict {
            handled.answer.headers.push(("allow".into(), self.webhook.methods.join(", ")));
        }
        Handled { answer: handled.answer.to(request.method()), verdict: handled.verdict }
    }

    async fn take_in(&self, request: &Request) -> Handled {
        let by = |verdict| Handled::by(verdict, self.webhook.rejected_status);
        if !self.webhook.methods.iter().any(|method| method == request.method()) {
            return by(Verdict::Method);
        }
        if request.body().len() > self.webhook.max_body {
            return by(Verdict::TooLarge);
        }
        let received_at = self.ports.clock.now();
        let verified = match self.verify(request, received_at).await {
            Ok(verified) => verified,
            Err(verdict) => {
                let said = match (&verdict, &self.webhook.respond.denied) {
                    (Verdict::Denied(denied), Some(said)) => {
                        let denied = Some(denied.set_error());
                        let beside = Beside { received_at: Some(received_at), denied, key: None };
                        Some(render(said, &Proven::Otherwise(request), beside))
                    }
                    _ => None,
                };
                return self.answered(by(verdict), said);
            }
        };
        if verified.body().is_empty() {
            return by(Verdict::Empty);
        }
        match self.accept(&verified, received_at).await {
            Ok((verdict, said)) => self.answered(by(verdict), said),
            Err(error) => by(Verdict::Store(error)),
        }
    }

    /// Gives the answer that the source file says, if it says one for this verdict. A request that lacks a
    /// value for it gets the usual answer: what became of its events is done.
    fn answered(&self, handled: Handled, said: Option<Result<Answer, Denied>>) -> Handled {
        // A status that was chosen for rejected records stays.
        let stays = handled.answer.status >= 400
            && matches!(handled.verdict, Verdict::Accepted { rejected: 1.., .. });
        match said.filter(|_| !stays) {
            None => handled,
            Some(Ok(answer)) => Handled { answer, ..handled },
            Some(Err(error)) => {
                tracing::warn!(source.id = %self.source.name, reason = %error, "the answer under `respond` cannot be given");
                handled
            }
        }
    }

    /// Judges the request by all checks of the webhook.
    pub(crate) async fn verify(
        &self,
        request: &Request,
        now: Timestamp,
    ) -> Result<Verified, Verdict> {
        let references = references(self.source.name.as_str(), &self.webhook, |_| true, now);
        let ports = &self.ports;
        let keys = PublishedKeys::gather(&ports.keys, &self.webhook, request, |_| true, now).await;
        let verify = |secrets: Arc<LiveSecrets>| self.judge(request.clone(), secrets, now);
        judge(&*ports.secrets, &ports.keys, &references, keys, now, verify).await
    }

    async fn judge(
        &self,
        request: Request,
        secrets: Arc<LiveSecrets>,
        now: Timestamp,
    ) -> Result<Verified, Denied> {
        let bytes = request.body().len();
        let webhook = Arc::clone(&self.webhook);
        let Some(observer) = &self.observer else {
            let verified = move || verify(&webhook, request, &secrets, now);
            return self.long_work.run(bytes, verified).await;
        };
        let explained = move || verify_explained(&webhook, request, &secrets, now);
        let (judged, checks) = self.long_work.run(bytes, explained).await;
        observer.judged(checks);
        judged
    }

    /// Reads the body of a verified request. A large one is read on another thread, so that other requests
    /// are answered meanwhile.
    async fn admit(
        &self,
        verified: &Verified,
        received_at: Timestamp,
    ) -> Result<Admitted, StoreError> {
        if Admitted::is_quick(verified) {
            return Ok(Admitted::webhook(verified, &self.webhook, received_at));
        }
        let (verified, webhook) = (verified.clone(), Arc::clone(&self.webhook));
        spawn_blocking(move || Admitted::webhook(&verified, &webhook, received_at))
            .await
            .map_err(|error| StoreError::new("read the body", error))
    }

    /// Accepts a verified request, and returns also the answer that the source file says. The delivery is marked
    /// as done only with the receipt in hand: a crash before that leads to a repeat. One that the sender is told to be refused is not done: its retry is
    /// judged anew, perhaps by a mended source file.
    async fn accept(
        &self,
        verified: &Verified,
        received_at: Timestamp,
    ) -> Result<(Verdict, Option<Result<Answer, Denied>>), StoreError> {
        let admitted = self.admit(verified, received_at).await?;
        let beside = Beside { received_at: Some(received_at), ..Beside::default() };
        let proven = Proven::Admitted(verified, &admitted);
        let said = self.webhook.respond.accepted.as_ref();
        let said = said.map(|said| render(said, &proven, beside));
        let delivery_id = delivery_id::find(verified, &admitted, &self.webhook.delivery_id);
        if let (Some(observer), Some(id)) = (&self.observer, &delivery_id) {
            observer.identified(id);
        }
        let id = match self.webhook.equal_bodies {
            EqualBodies::Events => delivery_id.clone(),
            // The body alone tells, and no vendor has an empty id.
            EqualBodies::Repeats => Some(String::new()),
        };
        let key = id.map(|delivery_id| DeliveryKey {
            source: self.source.name.to_string(),
            delivery_id,
            body_sha256: verified.body_sha256_hex(),
        });
        if let Some(key) = &key
            && self.ports.deliveries.is_done(key, received_at).await?
        {
            return Ok((Verdict::Duplicate, said));
        }
        let running = self.pipeline.start(admitted.of_delivery(delivery_id));
        let Delivered { receipt, fallbacks } = deliver_all(&self.ports.outputs, running).await?;
        if fallbacks.total() > 0 {
            tracing::debug!(source.id = %self.source.name, event.fallbacks = fallbacks.total(), "fields fell back to their defaults");
        }
        if let Some(observer) = &self.observer {
            observer.delivered(fallbacks);
        }
        let is_told_refused = receipt.rejected() > 0 && self.webhook.rejected_status >= 300;
        if let Some(key) = key.filter(|_| !is_told_refused) {
            let expires = after(received_at, REMEMBERED);
            if let Err(error) = self.ports.deliveries.mark_done(&key, expires, &receipt).await {
                // The events are safe; a repeat would only arrive twice.
                tracing::warn!(source.id = %self.source.name, error = %error, "the delivery is not marked as done");
            }
        }
        let (delivered, rejected) = (receipt.delivered(), receipt.rejected());
        Ok((Verdict::Accepted { delivered, rejected }, said))
    }
}
