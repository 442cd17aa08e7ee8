// Vendors that prove themselves with a fixed token, in a header, the query or the body.

import { crossed } from "../lib/crossed.mjs";
import { Suite, NOW, iso } from "../lib/suite.mjs";
import { awkward, joined } from "../lib/signed.mjs";

const json = JSON.stringify;

/** `spec.request(values, text)` makes a request that holds the values, each in a place of its own. */
export function token(name, { token: secret = `${name}-token-0123456789abcdef`, ...spec }) {
  const previous = `${name}-token-of-yesterday`;
  const suite = new Suite({
    name,
    secrets: { webhook_secret: secret, previous_webhook_secret: previous, ...spec.secrets },
    ...spec,
  });
  const first = Object.values(spec.bodies)[0];
  const request = (values, text = first) => {
    const made = spec.request([values].flat(), text);
    return { method: "POST", path: `/${name}`, ...made, headers: [["Content-Type", spec.type ?? "application/json"], ...(made.headers ?? []), ...(spec.extra ?? [])], body: Buffer.from(made.body ?? text) };
  };
  const accept = (text = first) => {
    const expect = { outcome: "accept", status: 200, events: spec.events?.(text) ?? 1 };
    const id = spec.deliveryId?.(text);
    if (id !== undefined) expect.delivery_id = id;
    return expect;
  };
  for (const [label, text] of Object.entries(spec.bodies)) suite.add(`genuine: ${label}`, request(secret, text), accept(text), "as the vendor sends it");
  if (first.startsWith("{")) suite.add("genuine: escapes and big numbers", request(secret, awkward(first)), accept(awkward(first)), "the token has nothing to do with the body's text");
  const cased = request(secret);
  cased.headers = cased.headers.map(([header, value]) => [header.toUpperCase(), value]);
  suite.add("genuine: header names in upper case", cased, accept(), "header names have no case");
  const reject = (label, values, why, options) => suite.add(`token: ${label}`, request(values), "reject", why, options);
  reject("missing", [], "nothing is proven");
  reject("empty", "", "nothing is proven");
  reject("another", `${name}-token-fedcba9876543210`, "it is not the token");
  reject("that of yesterday, which is not listed", previous, "it counts no more");
  reject("its first half", secret.slice(0, secret.length / 2), "a part is not the whole");
  reject("all but its last character", secret.slice(0, -1), "a part is not the whole");
  reject("with a character more", `${secret}0`, "it is not the token");
  reject("in capitals", secret.toUpperCase(), "tokens have a case");
  reject("twice in one value", `${secret},${secret}`, "it is not the token");
  reject("behind another in one value", `x, ${secret}`, "it is not the token");
  reject("in another scheme", `Basic ${Buffer.from(`:${secret}`).toString("base64")}`, "it is not the token");
  reject("in quotes", `"${secret}"`, "it is not the token");
  if (!spec.prefixed) reject("behind `Bearer`", `Bearer ${secret}`, "it is not the token");
  reject("in two places, the second another", [secret, "another"], "one of two readings would be a guess");
  reject("in two places, the first another", ["another", secret], "one of two readings would be a guess");
  const rotation = suite.variant("rotation", { secrets: ["webhook_secret", "previous_webhook_secret"] });
  suite.add("rotation: the current one", request(secret), accept(), "either counts", { source: rotation });
  suite.add("rotation: the previous one", request(previous), accept(), "either counts", { source: rotation });
  suite.add("rotation: neither", request("neither"), "reject", "it is not the token", { source: rotation });
  suite.add("rotation: both in one value", request(secret + previous), "reject", "it is not the token", { source: rotation });
  const retired = suite.variant("retired", { secrets: ["webhook_secret", { name: "previous_webhook_secret", not_after: iso(NOW - 1000) }] });
  suite.add("rotation: the previous one, retired a second ago", request(previous), "reject", "it counts no more", { source: retired });
  const retiring = suite.variant("retiring", { secrets: ["webhook_secret", { name: "previous_webhook_secret", not_after: iso(NOW + 3600_000) }] });
  suite.add("rotation: the previous one, retired in an hour", request(previous), accept(), "it still counts", { source: retiring });
  if (!spec.inside) {
    suite.add("genuine: an empty body", { ...request(secret), body: Buffer.alloc(0) }, { outcome: "reject", status: 400 }, "authentic, but there is nothing in it");
    const broken = Buffer.from([0x7b, 0x22, 0xff, 0xfe, 0x22, 0x7d]);
    suite.add("genuine: not UTF-8", { ...request(secret), body: broken }, { outcome: "accept", status: spec.damaged ?? 202, events: 0 }, "that no record can be read of it is not the sender's to mend");
    suite.add("body: not UTF-8 and without a token", { ...request([]), body: broken }, "reject", "nothing is proven");
  }
  if (!spec.answersGet) suite.add("method: GET", { ...request(secret), method: "GET", body: Buffer.alloc(0) }, { outcome: "reject", status: 405 }, "a GET brings no event");
  spec.more?.(suite, request, accept, secret);
  crossed(suite, spec.bodies, (text) => request(secret, text), accept);
  return suite;
}

export const inHeader = (name, prefix = "") => (values) => ({ headers: values.map((value) => [name, value === "" ? "" : prefix + value]) });

export const suites = [
  token("gitlab-token", {
    request: inHeader("X-Gitlab-Token"),
    extra: [["X-Gitlab-Event", "Push Hook"], ["X-Gitlab-Webhook-UUID", "13792a34-cac6-4fda-95a8-c58e00a3954e"], ["X-Gitlab-Event-UUID", "6a1f2b3c-0000-4fda-95a8-c58e00a3954e"], ["Idempotency-Key", "f5e57d6c-2f0a-4b8e-8d3e-0c9b8a7f6e5d"]],
    deliveryId: () => "f5e57d6c-2f0a-4b8e-8d3e-0c9b8a7f6e5d",
    bodies: { "a push": json({ object_kind: "push", event_name: "push", ref: "refs/heads/main", user_username: "ann", project: { id: 15, path_with_namespace: "example/app" }, total_commits_count: 1 }) },
  }),
  token("okta", {
    answersGet: true,
    request: inHeader("Authorization"),
    events: (text) => JSON.parse(text).data.events.length,
    deliveryId: (text) => JSON.parse(text).eventId,
    bodies: {
      "two events": json({ eventType: "com.okta.event_hook", eventTypeVersion: "1.0", cloudEventsVersion: "0.1", eventId: "b5a188b9-5ece-4636-b041-482ffda96311", eventTime: "2026-06-01T11:59:59.123Z", source: "https://example.okta.com/api/v1/eventHooks/who5", contentType: "application/json", data: { events: [{ uuid: "7eae6b8a-1", published: "2026-06-01T11:59:58.123Z", eventType: "user.account.lock", severity: "WARN", displayMessage: "Max sign in attempts exceeded", actor: { type: "User", alternateId: "ann@example.com" }, outcome: { result: "FAILURE", reason: "LOCKED_OUT" } }, { uuid: "7eae6b8a-2", published: "2026-06-01T11:59:58.124Z", eventType: "user.session.start", severity: "INFO", displayMessage: "User login to Okta", actor: { type: "User", alternateId: "bob@example.com" }, outcome: { result: "SUCCESS" } }] } }),
    },
    more(suite, request, accept, secret) {
      const get = (headers) => ({ method: "GET", path: "/okta", headers, body: Buffer.alloc(0) });
      const challenge = ["X-Okta-Verification-Challenge", "nkFDmRfP8jrLNnWdqAxbVfUWmtBnPcG1"];
      suite.add("handshake: the challenge", get([["Authorization", secret], challenge]), { outcome: "handshake", status: 200, response: { json: { verification: challenge[1] } } }, "Okta verifies the URL once");
      suite.add("handshake: the challenge without the token", get([challenge]), "reject", "Okta sends its token with the challenge");
      suite.add("handshake: the challenge with another token", get([["Authorization", "guess"], challenge]), "reject", "Okta sends its token with the challenge");
      suite.add("handshake: a GET without a challenge", get([["Authorization", secret]]), { outcome: "reject", status: 405 }, "a GET brings no event");
      const posted = request(secret);
      posted.headers.push(challenge);
      suite.add("genuine: an event with a challenge", posted, accept(), "only a GET is a handshake");
    },
  }),
  token("auth0", {
    request: inHeader("Authorization"),
    events: (text) => (text.includes("\n") ? 2 : (JSON.parse(text).length ?? 1)),
    bodies: {
      "JSON lines": ["fp", "limit_wc"].map((type) => json({ log_id: `9002026060111595812345600000000000000122337203685477580${type.length}`, data: { date: "2026-06-01T11:59:58.123Z", type, ip: "192.0.2.7" } })).join("\n"),
      "an array": json([{ log_id: "90020260601115958123456000000000000001223372036854775807", data: { date: "2026-06-01T11:59:58.123Z", type: "fp", description: "Wrong email or password.", client_name: "All Applications", ip: "192.0.2.7", user_name: "ann@example.com", log_id: "90020260601115958123456000000000000001223372036854775807" } }, { log_id: "90020260601115958123456000000000000001223372036854775808", data: { date: "2026-06-01T11:59:59.123Z", type: "s", user_name: "ann@example.com" } }]),
      "an object": json({ log_id: "90020260601115958123456000000000000001223372036854775809", data: { date: "2026-06-01T11:59:58.123Z", type: "limit_wc", ip: "192.0.2.7" } }),
    },
  }),
  token("datadog", {
    request: inHeader("Authorization"),
    deliveryId: (text) => JSON.parse(text).id,
    bodies: { "an alert": json({ id: "7310000000000000001", title: "[Triggered] Many failed logins", alert_type: "error", priority: "normal", date: "1780315199000", org: { id: "1", name: "Example" }, body: "%%% 42 in 5 minutes %%%" }) },
    more(suite, request, accept, secret) {
      const elsewhere = suite.variant("header", { from: "header.X-Datadog-Token" });
      const other = request([]);
      other.headers.push(["X-Datadog-Token", secret]);
      suite.add("header: of another name", other, accept(), "the name of the header is the operator's", { source: elsewhere });
      suite.add("header: of another name, but sent in the usual one", request(secret), "reject", "only the named header counts", { source: elsewhere });
    },
  }),
  token("cloudflare", {
    request: inHeader("cf-webhook-auth"),
    bodies: {
      "an alert": json({ name: "DDoS", text: "An attack was detected", data: { severity: "WARN", attack_id: "a1", action: "mitigated" }, ts: 1780315199, account_id: "acc", policy_id: "pol", alert_type: "dos_attack_l7" }),
      "the test": json({ text: "Hello World! This is a test message sent from https://cloudflare.com." }),
    },
  }),
  token("meraki", {
    inside: true,
    request: (values, text) => ({ body: text.replace("{", `{${values.map((value) => `"sharedSecret":${json(value)},`).join("")}`) }),
    deliveryId: joined((body) => [body.alertId, body.alertType, body.occurredAt]),
    bodies: { "an alert": json({ version: "0.1", sentAt: "2026-06-01T11:59:59.123Z", organizationId: "2930418", organizationName: "Example", networkId: "N_24329156", networkName: "Main", deviceName: "MX", alertId: "0000000000000000", alertType: "Settings changed", alertLevel: "informational", occurredAt: "2026-06-01T11:59:58.123Z", alertData: { name: "Firewall", userId: 646 } }) },
    more(suite, request, accept, secret) {
      const text = (body, name, why) => suite.add(`body: ${name}`, { ...request([]), body: Buffer.from(body) }, "reject", why);
      text(`{"sharedSecret":["${secret}"]}`, "the token in a list", "a list is no token");
      text(`{"sharedSecret":null}`, "null for a token", "nothing is proven");
      text(`{"sharedSecret":true}`, "true for a token", "it is not the token");
      text(`{"shared":{"sharedSecret":"${secret}"}}`, "the token elsewhere", "it has one place");
      text(`[{"sharedSecret":"${secret}"}]`, "the token in a list of objects", "it has one place");
      text(`{"sharedSecret":"${secret}"`, "not JSON", "what cannot be read proves nothing");
      text("", "empty", "nothing is proven");
      const escaped = request([]);
      escaped.body = Buffer.from(`{"\\u0073haredSecret":"\\u006d${secret.slice(1)}","alertId":"7"}`);
      suite.add("genuine: the token written with escapes", escaped, { outcome: "accept", status: 200, events: 1 }, "escapes mean what they stand for");
    },
  }),
  token("microsoft-graph", {
    inside: true,
    request: (values, text) => ({ body: text.replaceAll('"subscriptionId"', `${values.map((value) => `"clientState":${json(value)},`).join("")}"subscriptionId"`) }),
    events: (text) => JSON.parse(text).value.length,
    bodies: { "two notifications": json({ value: [{ id: "lsgTZMr9KwAAA", subscriptionId: "7f3a", subscriptionExpirationDateTime: "2026-06-02T11:00:00Z", changeType: "created", resource: "security/alerts_v2/1", tenantId: "84bd8158", resourceData: { id: "1" } }, { id: "lsgTZMr9KwAAB", subscriptionId: "7f3a", subscriptionExpirationDateTime: "2026-06-02T11:00:00Z", changeType: "updated", resource: "security/alerts_v2/2", tenantId: "84bd8158", resourceData: { id: "2" } }] }) },
    more(suite, request, accept, secret) {
      const one = (state) => ({ id: "1", ...(state === undefined ? {} : { clientState: state }), changeType: "created" });
      const body = (name, value, why) => suite.add(`body: ${name}`, { ...request([]), body: Buffer.from(typeof value === "string" ? value : json(value)) }, "reject", why);
      body("one of two with another token", { value: [one(secret), one("another")] }, "every notification has to prove itself");
      body("one of two without a token", { value: [one(secret), one()] }, "every notification has to prove itself");
      body("one of two with null", { value: [one(secret), one(null)] }, "every notification has to prove itself");
      body("one of two with an empty token", { value: [one(secret), one("")] }, "every notification has to prove itself");
      body("the last of a hundred with another token", { value: [...Array(99).fill(one(secret)), one("another")] }, "every notification has to prove itself");
      body("no notification", { value: [] }, "nothing is proven");
      body("an object for the list", { value: { clientState: secret } }, "there is a list or nothing");
      body("the token beside the list", { clientState: secret, value: [one()] }, "it has one place");
      body("two lists", `{"value":[${json(one(secret))}],"value":[${json(one("another"))}]}`, "one of two readings would be a guess");
      body("no list", { clientState: secret }, "nothing is proven");
      body("empty", "", "nothing is proven");
      const ask = (name, query, text, why) => suite.add(`handshake: ${name}`, { method: "POST", path: `/microsoft-graph${query}`, headers: [["Content-Type", "text/plain; charset=utf-8"]], body: Buffer.alloc(0) }, { outcome: "handshake", status: 200, response: { body: text, headers: { "content-type": "text/plain", "x-content-type-options": "nosniff" } } }, why);
      ask("the token", "?validationToken=Validation%3A%20Testing%20client%20application%20reachability%20for%20subscription%20Request-Id%3A%20522a8e7e", "Validation: Testing client application reachability for subscription Request-Id: 522a8e7e", "Graph checks the URL within ten seconds");
      ask("with plus signs for spaces", "?validationToken=a+b%2Bc", "a b+c", "the value is decoded as a form's");
      ask("markup", "?validationToken=%3Cscript%3Ealert(1)%3C%2Fscript%3E", "<script>alert(1)</script>", "text that no browser takes for a page");
      suite.add("handshake: two tokens", { method: "POST", path: "/microsoft-graph?validationToken=a&validationToken=b", headers: [], body: Buffer.alloc(0) }, "reject", "one of two readings would be a guess");
    },
  }),
  token("event-grid", {
    token: "eventgridtoken0123456789abcdef",
    request: (values) => ({ path: `/event-grid${values.length ? "?" : ""}${values.map((value) => `token=${encodeURIComponent(value)}`).join("&")}` }),
    events: (text) => JSON.parse(text).length ?? 1,
    extra: [["aeg-event-type", "Notification"], ["aeg-subscription-name", "SECURITY"], ["aeg-delivery-count", "0"]],
    bodies: { "two events": json([{ topic: "/subscriptions/1/resourceGroups/x", subject: "/a", id: "831e1650-001e-001b-66ab-eeb76e069631", eventType: "Microsoft.KeyVault.SecretNearExpiry", eventTime: "2026-06-01T11:59:58.123Z", data: { VaultName: "prod" }, dataVersion: "1", metadataVersion: "1" }, { topic: "/subscriptions/1/resourceGroups/x", subject: "/b", id: "831e1650-001e-001b-66ab-eeb76e069632", eventType: "Microsoft.KeyVault.SecretExpired", eventTime: "2026-06-01T11:59:58.124Z", data: { VaultName: "prod" }, dataVersion: "1", metadataVersion: "1" }]) },
    more(suite, request, accept, secret) {
      const text = json([{ id: "2d1781af-3a4c-4d7c-bd0c-e34b19da4e66", topic: "/subscriptions/1", subject: "", data: { validationCode: "512d38b6-c7b8-40c8-89fe-f46f9e9622b6", validationUrl: "https://rp-eastus2.eventgrid.azure.net/…" }, eventType: "Microsoft.EventGrid.SubscriptionValidationEvent", eventTime: "2026-06-01T11:59:58.123Z", metadataVersion: "1", dataVersion: "1" }]);
      const ask = (values) => {
        const made = request(values, text);
        made.headers.find(([name]) => name === "aeg-event-type")[1] = "SubscriptionValidation";
        return made;
      };
      suite.add("handshake: the validation", ask(secret), { outcome: "handshake", status: 200, response: { json: { validationResponse: "512d38b6-c7b8-40c8-89fe-f46f9e9622b6" } } }, "Event Grid checks the URL when it is given");
      suite.add("handshake: the validation without the token", ask([]), "reject", "the token is in the URL that Event Grid has");
      suite.add("handshake: the validation with another token", ask("guess"), "reject", "the token is in the URL that Event Grid has");
    },
  }),
  token("cloudevents", {
    prefixed: true,
    request: inHeader("Authorization", "Bearer "),
    extra: [["ce-specversion", "1.0"], ["ce-type", "com.example.login"], ["ce-id", "A234-1234-1234"], ["ce-source", "/app"]],
    deliveryId: () => "/app A234-1234-1234",
    bodies: { "an event": json({ user: "ann", result: "failure" }) },
    more(suite, request, accept, secret) {
      const query = (value) => ({ ...request([]), path: `/cloudevents?access_token=${encodeURIComponent(value)}` });
      suite.add("query: the token", query(secret), accept(), "the other place that the specification has");
      suite.add("query: another token", query("guess"), "reject", "it is not the token");
      suite.add("query: an empty token", query(""), "reject", "nothing is proven");
      const bare = request([]);
      bare.headers.push(["Authorization", secret]);
      suite.add("token: without `Bearer`", bare, "reject", "another scheme");
      const options = (headers) => ({ method: "OPTIONS", path: "/cloudevents", headers, body: Buffer.alloc(0) });
      suite.add("handshake: an origin", options([["WebHook-Request-Origin", "eventemitter.example.com"], ["WebHook-Request-Rate", "120"]]), { outcome: "handshake", status: 200, response: { headers: { "webhook-allowed-origin": "eventemitter.example.com" }, body: "" } }, "the sender asks whether it may");
      suite.add("handshake: no origin", options([]), { outcome: "reject", status: 405 }, "nobody asks");
      suite.add("handshake: an origin that is none", options([["WebHook-Request-Origin", "a b\"<>"]]), "reject", "it is put into a header");
      suite.add("handshake: two origins", options([["WebHook-Request-Origin", "a.example"], ["WebHook-Request-Origin", "b.example"]]), { outcome: "reject", status: 405 }, "one of two readings would be a guess, so nobody asks");
    },
  }),
];
