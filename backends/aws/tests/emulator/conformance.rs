//! AWS held to what every backend is held to.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use mef_aws::{Aws, ParameterStore, SqsQueue};
use mef_ports::conformance::{Backend, Consumer, Vault};
use mef_ports::{Message, SecretRef};

use crate::support::World;

/// Receives and deletes until nothing comes any more.
struct Drain(SqsQueue);

#[async_trait]
impl Consumer for Drain {
    async fn drain(&self) -> Vec<Message> {
        let mut all = BTreeMap::new();
        loop {
            let received = self.0.receive(500, Duration::ZERO).await.unwrap();
            if received.is_empty() {
                return all.into_values().collect();
            }
            self.0.delete(received.iter().map(|one| one.receipt.as_str())).await.unwrap();
            for one in received {
                all.insert(one.message.event_id.clone(), one.message);
            }
        }
    }
}

/// Sets parameters. None can be empty.
struct Console(ParameterStore);

#[async_trait]
impl Vault for Console {
    async fn keep(&self, reference: &SecretRef, value: &str) {
        if value.is_empty() {
            assert!(self.0.put(reference, value).await.is_err(), "an empty secret was stored");
        } else {
            self.0.put(reference, value).await.unwrap();
        }
    }
}

fn always_asking(aws: &Aws) -> ParameterStore {
    aws.secrets().with_ttl(Duration::ZERO)
}

async fn fresh() -> Backend {
    let aws = World::new().await.aws;
    let table = Arc::new(aws.table());
    Backend {
        queue: Arc::new(aws.queue()),
        consumer: Arc::new(Drain(aws.queue())),
        dead_letters: Arc::new(aws.rejected()),
        cursors: table.clone(),
        deliveries: table.clone(),
        tokens: table.clone(),
        limits: table,
        blobs: Arc::new(aws.blobs()),
        secrets: Arc::new(always_asking(&aws)),
        vault: Arc::new(Console(always_asking(&aws))),
    }
}

mef_ports::conformance_tests!(fresh);
