//! Two events of a vendor have two ids, also if they are of the same object, in the same second, or in the same batch.

use crate::bench::bench_without_checks;

/// A request as the vendor sends it: what it says beside the body, and the body.
type Sent = (&'static [(&'static str, &'static str)], &'static str);

/// Requests of one vendor whose events differ.
const DIFFERENT: &[(&str, &[Sent])] = &[
    (
        // One envelope goes through many states: https://developers.docusign.com/platform/webhooks/connect/json-sim-event-model/
        "docusign",
        &[
            (
                &[],
                r#"{"event":"envelope-sent","generatedDateTime":"2026-06-01T11:59:58.1Z","data":{"envelopeId":"6e6e"}}"#,
            ),
            (
                &[],
                r#"{"event":"envelope-completed","generatedDateTime":"2026-06-01T11:59:59.1Z","data":{"envelopeId":"6e6e"}}"#,
            ),
            (
                &[],
                r#"{"event":"recipient-completed","generatedDateTime":"2026-06-01T11:59:59.2Z","data":{"envelopeId":"6e6e","recipientId":"1"}}"#,
            ),
            (
                &[],
                r#"{"event":"recipient-completed","generatedDateTime":"2026-06-01T11:59:59.3Z","data":{"envelopeId":"6e6e","recipientId":"2"}}"#,
            ),
        ],
    ),
    (
        // One run notifies of each of its stages: https://developer.hashicorp.com/terraform/cloud-docs/api-docs/notification-configurations
        "hcp-terraform",
        &[
            (
                &[],
                r#"{"run_id":"run-1","notifications":[{"trigger":"run:planning","run_updated_at":"2026-06-01T11:59:58.000Z"}]}"#,
            ),
            (
                &[],
                r#"{"run_id":"run-1","notifications":[{"trigger":"run:errored","run_updated_at":"2026-06-01T11:59:59.000Z"}]}"#,
            ),
        ],
    ),
    (
        // Webhooks that a webhook set off share the event's UUID: https://docs.gitlab.com/user/project/integrations/webhooks/
        "gitlab-token",
        &[
            (&[("X-Gitlab-Event-UUID", "u-1")], r#"{"object_kind":"push","project_id":1}"#),
            (&[("X-Gitlab-Event-UUID", "u-1")], r#"{"object_kind":"pipeline","project_id":1}"#),
            (
                &[("X-Gitlab-Event-UUID", "u-1"), ("Idempotency-Key", "k-1")],
                r#"{"object_kind":"push","project_id":2}"#,
            ),
            (
                &[("X-Gitlab-Event-UUID", "u-1"), ("Idempotency-Key", "k-2")],
                r#"{"object_kind":"push","project_id":2}"#,
            ),
        ],
    ),
    (
        // What is tried again may be batched anew: https://learn.microsoft.com/en-us/azure/event-grid/delivery-and-retry
        "event-grid",
        &[
            (
                &[("aeg-event-type", "Notification")],
                r#"[{"id":"a","eventType":"x"},{"id":"b","eventType":"x"}]"#,
            ),
            (
                &[("aeg-event-type", "Notification")],
                r#"[{"id":"a","eventType":"y"},{"id":"c","eventType":"x"}]"#,
            ),
        ],
    ),
    (
        // The delivery's id is a hash of the webhook's id and the second:
        // https://github.com/woocommerce/woocommerce/blob/trunk/plugins/woocommerce/includes/class-wc-webhook.php
        "woocommerce",
        &[
            (
                &[("X-WC-Webhook-Delivery-ID", "53af"), ("X-WC-Webhook-Signature", "s")],
                r#"{"id":727,"status":"pending"}"#,
            ),
            (
                &[("X-WC-Webhook-Delivery-ID", "53af"), ("X-WC-Webhook-Signature", "s")],
                r#"{"id":728,"status":"pending"}"#,
            ),
            (
                &[("X-WC-Webhook-Delivery-ID", "77cd"), ("X-WC-Webhook-Signature", "s")],
                r#"{"id":728,"status":"pending"}"#,
            ),
        ],
    ),
    (
        // Every test has the same alert's id: https://developer.cisco.com/meraki/webhooks/sample-alerts/
        "meraki",
        &[
            (
                &[],
                r#"{"alertId":"0000000000000000","alertType":"Settings changed","occurredAt":"2018-02-11T00:00:00.123450Z"}"#,
            ),
            (
                &[],
                r#"{"alertId":"0000000000000000","alertType":"APs went down","occurredAt":"2018-02-11T00:00:00.123450Z"}"#,
            ),
        ],
    ),
    (
        // Source and id together are unique, in either mode:
        // https://github.com/cloudevents/spec/blob/main/cloudevents/spec.md#id
        "cloudevents",
        &[
            (&[("ce-source", "/a"), ("ce-id", "1")], r#"{"n":1}"#),
            (&[("ce-source", "/b"), ("ce-id", "1")], r#"{"n":1}"#),
            (&[], r#"{"source":"/c","id":"1"}"#),
            (&[], r#"{"source":"/d","id":"1"}"#),
        ],
    ),
];

#[tokio::test]
async fn no_preset_gives_two_different_events_one_id() {
    for (preset, requests) in DIFFERENT {
        let bench = bench_without_checks(preset);
        let mut ids = Vec::new();
        for (headers, body) in *requests {
            ids = bench.send(headers, body).await;
        }
        let distinct: std::collections::BTreeSet<_> = ids.iter().collect();
        assert!(
            ids.len() >= requests.len(),
            "{preset}: a delivery was taken for a repeat: {ids:?}"
        );
        assert_eq!(distinct.len(), ids.len(), "{preset}: {ids:?}");
    }
}

#[tokio::test]
async fn a_delivery_that_is_sent_again_keeps_its_id() {
    for (preset, requests) in DIFFERENT {
        let (headers, body) = requests[0];
        let first = bench_without_checks(preset).send(headers, body).await;
        assert_eq!(bench_without_checks(preset).send(headers, body).await, first, "{preset}");
    }
}

/// Event Grid sends a validation alone; a list with more is no handshake.
#[tokio::test]
async fn an_event_that_comes_behind_a_validation_is_delivered() {
    let validation = r#"{"id":"a","eventType":"Microsoft.EventGrid.SubscriptionValidationEvent","data":{"validationCode":"c"}}"#;
    let bench = bench_without_checks("event-grid");
    let headers = [("aeg-event-type", "SubscriptionValidation")];
    assert!(bench.send(&headers, &format!("[{validation}]")).await.is_empty());
    let ids = bench.send(&headers, &format!(r#"[{validation},{{"id":"b"}}]"#)).await;
    assert_eq!(ids.len(), 2);
}
