// Vendors that sign a time, an id or the URL with the body.

import { createRequire } from "node:module";
import { LinearWebhookClient } from "@linear/sdk/webhooks";
import { Paddle } from "@paddle/paddle-node-sdk";
import { Webhook as Standard } from "standardwebhooks";
import Stripe from "stripe";
import { Webhook as Svix } from "svix";
import { kinds } from "../lib/crossed.mjs";
import { declared, library } from "../lib/library.mjs";
import { hmac, signed } from "../lib/signed.mjs";
import { NOW } from "../lib/suite.mjs";

const require = createRequire(import.meta.url);
const bolt = require("@slack/bolt");
const { Signature: HubSpot } = require("@hubspot/api-client");
const { WebhooksManager } = require("box-node-sdk/lib/managers/webhooks");
const { WebhooksHelper } = require("square");

const json = JSON.stringify;
const field = (...names) => (text) => {
  let value = JSON.parse(text);
  for (const part of names) value = value?.[part];
  return value === undefined ? undefined : String(value);
};

export function timed(name, { secret, ...spec }) {
  const secrets = spec.secrets ?? {
    webhook_secret: secret ?? `${name}-secret-of-today`,
    previous_webhook_secret: `${name}-secret-of-yesterday`,
  };
  return signed({
    name,
    secrets,
    previous: secrets.previous_webhook_secret,
    stranger: spec.stranger ?? `${name}-secret-of-somebody-else`,
    sign: hmac("sha256"),
    ...spec,
  });
}

/** A header that holds the time and signatures: `t=1,v1=ab`. */
export const packed = (key, scheme, separator, old) => ({
  wrap: (signature, o) => [`${key}=${o.ts}`, `${scheme}=${signature}`].join(separator),
  list: { head: (o) => `${key}=${o.ts}`, item: (signature, name = scheme) => `${name}=${signature}`, separator, old },
});

/** Attacks on a header that holds the time. */
export function packedAttacks(key, scheme, separator) {
  return (b, suite) => {
    const now = b.options();
    const old = b.options({ time: NOW - 86400_000 });
    const right = b.encode(b.signature(now));
    const stale = b.encode(b.signature(old));
    const reject = (name, value, why, options) => suite.add(`attack: ${name}`, b.raw(now, value.join(separator)), "reject", why, options);
    reject("two times, the new one first", [`${key}=${now.ts}`, `${key}=${old.ts}`, `${scheme}=${stale}`], "two times contradict each other");
    reject("two times, the old one first", [`${key}=${old.ts}`, `${key}=${now.ts}`, `${scheme}=${stale}`], "two times contradict each other");
    reject("a right signature beside a second time", [`${key}=${now.ts}`, `${key}=${old.ts}`, `${scheme}=${right}`], "two times contradict each other", { judge: false });
    reject("the time renewed", [`${key}=${now.ts}`, `${scheme}=${stale}`], "the time is signed");
    reject("no time", [`${scheme}=${right}`], "without its time it may be of any");
    reject("no signature", [`${key}=${now.ts}`], "nothing is proven");
    suite.add("genuine: the signature before the time", b.raw(now, [`${scheme}=${right}`, `${key}=${now.ts}`].join(separator)), b.accept(b.first), "an order means nothing");
    // What is a time to one reader and the start of the body to another.
    const shifted = b.options({ body: Buffer.from(`0.${b.first}`) });
    reject("a digit moved from the body to the time", [`${key}=${now.ts}.0`, `${scheme}=${b.encode(b.signature(shifted))}`], "the parts cannot be shifted against each other");
  };
}

const STANDARD_SECRETS = {
  webhook_secret: "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw",
  previous_webhook_secret: "whsec_C2FVsBQIhrscChlQIMV+b5sSYspob7oD",
};
const standardKey = (secret) => Buffer.from(secret.replace(/^whsec_/, ""), "base64");

function standard(name, prefix, { more, ...spec }) {
  return timed(name, {
    secrets: STANDARD_SECRETS,
    stranger: "whsec_Zm9yZ2VkLXNlY3JldC1vZi1zb21lYm9keQ==",
    key: standardKey,
    text: (o) => [o.id, ".", o.ts, ".", o.body],
    header: `${prefix}-signature`,
    id: `${prefix}-id`,
    time: { header: `${prefix}-timestamp`, unit: "s", past: 300, future: 300 },
    encoding: "base64",
    wrap: (signature) => `v1,${signature}`,
    list: { separator: " ", item: (signature, key = "v1") => `${key},${signature}`, old: "v0" },
    deliveryId: (_, o) => o?.id ?? "msg_2mN8vQx1",
    bodies: {
      "an event": json({ type: "contact.created", timestamp: "2026-06-01T11:59:58.123Z", data: { id: "1f81eb52-5198-4599-803e-771906343485", type: "contact" } }),
    },
    more(b, suite) {
      const o = b.options();
      const right = b.encode(b.signature(o));
      const reject = (label, request, why) => suite.add(label, request, "reject", why);
      reject("id: missing", b.raw({ ...o, id: null }, `v1,${right}`), "the id is signed");
      reject("id: empty", b.raw({ ...o, id: "" }, `v1,${right}`), "the id is signed");
      reject("id: another", b.raw({ ...o, id: "msg_other" }, `v1,${right}`), "the id is signed");
      reject("attack: the symmetric signature as an asymmetric one", b.raw(o, `v1a,${right}`), "a scheme that is not taken proves nothing");
      reject("attack: the secret's text as key", b.raw(o, `v1,${hmac("sha256")(`${o.id}.${o.ts}.${b.first}`, STANDARD_SECRETS.webhook_secret).toString("base64")}`), "the key is what the text decodes to");
      const moved = { ...o, id: `${o.id}.${o.ts}`, ts: b.first.slice(0, 4) };
      reject("attack: the dot moved", b.raw(moved, `v1,${right}`), "the parts cannot be shifted against each other");
      more?.(b, suite);
    },
    ...spec,
  });
}

// Where several libraries are laxer than we are.
export const AHEAD = [/^time: (a second further|years) ahead/, "it has no bound for a time to come"];
const NOT_A_NUMBER = [/^time: not a number/, "it compares with what is no number"];
const ANY_TEXT = [/^time: (text|with|hexadecimal|overflowing)/, "it takes whatever text was signed as a time"];

export const suites = [
  timed("slack", {
    library: library("@slack/bolt"),
    secret: "8f742231b10e8888abcd99yyyzzz85a5",
    text: (o) => ["v0:", o.ts, ":", o.body],
    header: "X-Slack-Signature",
    wrap: (signature) => `v0=${signature}`,
    time: { header: "X-Slack-Request-Timestamp", unit: "s", past: 300, future: 300 },
    deliveryId: field("event_id"),
    differs: [AHEAD, NOT_A_NUMBER, ANY_TEXT, [/^attack: a digit moved/, "it does not ask whether the time is one"]],
    bodies: {
      "an event": json({ token: "z26uFbvR1xHJEdHE1OQiO6t8", team_id: "T061EG9RZ", api_app_id: "A0FFV41KK", event: { type: "team_join", user: { id: "U2147483697", name: "ann" }, event_ts: "1780315199.000200" }, type: "event_callback", event_id: "Ev9UQ52YNA", event_time: 1780315199, authed_users: ["U061F7AUR"] }),
    },
    judge: (_, { text, headers, secret }) =>
      bolt.isValidSlackRequest({ signingSecret: secret, body: text, headers: { "x-slack-signature": headers["x-slack-signature"], "x-slack-request-timestamp": headers["x-slack-request-timestamp"] } }),
    more(b, suite) {
      const ask = json({ token: "Jhj5dZrVaK7ZwHHjRyZWjbDl", challenge: "3eZbrw1aBm2rZgRNFdxV2595E9CY3gmdALWMmHkvFXO7tYXAYM8P", type: "url_verification" });
      suite.add("handshake: the challenge", b.request({ text: ask }), { outcome: "handshake", status: 200, response: { body: "3eZbrw1aBm2rZgRNFdxV2595E9CY3gmdALWMmHkvFXO7tYXAYM8P" } }, "Slack checks the URL when it is given");
      suite.add("handshake: unsigned", b.raw(b.options({ text: ask }), []), "reject", "a challenge is answered to Slack only");
      suite.add("handshake: badly signed", b.request({ text: ask, secret: "somebody" }), "reject", "a challenge is answered to Slack only");
      suite.add("handshake: signed an hour ago", b.request({ text: ask, time: NOW - 3600_000 }), "reject", "an old request is a replay");
      const event = json({ type: "event_callback", event_id: "Ev1", challenge: "x", event: { type: "message" } });
      suite.add("genuine: an event that has a challenge", b.request({ text: event }), { outcome: "accept", status: 200, events: 1, delivery_id: "Ev1" }, "only its type makes a handshake");
      const wrapped = (type) => json({ ...JSON.parse(b.first), challenge: "x", event: { type, event_ts: "1780315199.000200" } });
      kinds(suite, library("@slack/types"), declared("@slack/types", "dist/events", /^ {4}type: '([a-z_]+)'/gm), wrapped, (body) => b.request({ text: body }), (body) => b.accept(body));
      for (const type of ["app_rate_limited", "block_actions", "view_submission"]) {
        const body = json({ type, token: "z26uFbvR1xHJEdHE1OQiO6t8", challenge: "x", team_id: "T061EG9RZ" });
        suite.add(`event: a body of the type ${type}`, b.request({ text: body }), { outcome: "accept", status: 200, events: 1 }, "only `url_verification` is no event");
      }
      const command = b.request({ text: "command=%2Fdeploy&text=prod&user_name=ann&team_id=T061EG9RZ" });
      command.headers[0][1] = "application/x-www-form-urlencoded";
      suite.add("genuine: a slash command", command, { outcome: "accept", status: 200, events: 1 }, "commands come as forms");
      const shifted = b.options({ body: Buffer.from(`1:${b.first}`) });
      suite.add("attack: a digit moved from the body to the time", b.raw({ ...b.options(), ts: `${b.options().ts}:1` }, `v0=${b.encode(b.signature(shifted))}`), "reject", "the parts cannot be shifted against each other");
    },
  }),
  timed("zoom", {
    text: (o) => ["v0:", o.ts, ":", o.body],
    header: "x-zm-signature",
    wrap: (signature) => `v0=${signature}`,
    time: { header: "x-zm-request-timestamp", unit: "s", past: 300, future: 300 },
    extra: () => [["x-zm-trackingid", "v=2.0;clid=aw1"]],
    bodies: {
      "a meeting": json({ event: "meeting.started", event_ts: 1780315199000, payload: { account_id: "AAAAAABBBB", object: { id: "1234567890", topic: "Stand-up", host_id: "x1yCzABCDEfg23HiJKl4mN" } } }),
    },
    more(b, suite) {
      const ask = (token) => json({ payload: { plainToken: token }, event_ts: 1780315199000, event: "endpoint.url_validation" });
      const secret = suite.spec.secrets.webhook_secret;
      const answer = (token, key = secret) => ({ outcome: "handshake", status: 200, response: { json: { plainToken: token, encryptedToken: hmac("sha256")(token, key).toString("hex") } } });
      const text = ask("qgg8vlvZRS6UYooatFL8Aw");
      const wrapped = (event) => json({ event, event_ts: 1780315199000, payload: { account_id: "AAAAAABBBB", plainToken: "qgg8vlvZRS6UYooatFL8Aw", object: { id: "1" } } });
      const known = declared("@zoom/rivet", ".", /Event<"([a-z_.0-9]+)"/g).filter((name) => name !== "endpoint.url_validation");
      kinds(suite, library("@zoom/rivet"), known, wrapped, (body) => b.request({ text: body }), (body) => b.accept(body));
      suite.add("handshake: the validation", b.request({ text }), answer("qgg8vlvZRS6UYooatFL8Aw"), "Zoom validates the URL, and again every 72 hours");
      suite.add("handshake: the validation, signed with the previous secret", b.request({ text, secret: suite.spec.previous }), answer("qgg8vlvZRS6UYooatFL8Aw", suite.spec.previous), "the answer uses the secret that signed", { source: "rotation" });
      suite.add("handshake: unsigned", b.raw(b.options({ text }), []), "reject", "an oracle would sign what Zoom never sent");
      suite.add("handshake: badly signed", b.request({ text, secret: "somebody" }), "reject", "an oracle would sign what Zoom never sent");
      suite.add("handshake: an event to be signed", b.raw(b.options({ text: ask(`v0:1780315200:${b.first}`) }), []), "reject", "an oracle would sign what Zoom never sent");
    },
  }),
  timed("stripe", {
    library: library("stripe"),
    secret: "whsec_test_3b1f0c9d8e7a6b5c4d3e2f1a0b9c8d7e",
    text: (o) => [o.ts, ".", o.body],
    header: "Stripe-Signature",
    time: { unit: "s", past: 300, future: 300 },
    ...packed("t", "v1", ",", "v0"),
    deliveryId: field("id"),
    differs: [AHEAD, NOT_A_NUMBER],
    bodies: {
      "an event": json({ id: "evt_1NG8Du2eZvKYlo2CUI79vXWy", object: "event", api_version: "2026-05-28", created: 1780315199, livemode: true, type: "payment_intent.payment_failed", data: { object: { id: "pi_3MtwBwLkdIwHu7ix28a3tqPa", object: "payment_intent", amount: 2000, currency: "chf" } } }),
    },
    judge(_, { text, headers, secret }) {
      return Boolean(Stripe.webhooks.constructEvent(text, headers["stripe-signature"], secret, 300));
    },
    more(b, suite) {
      packedAttacks("t", "v1", ",")(b, suite);
      const header = Stripe.webhooks.generateTestHeaderString({ payload: b.first, secret: suite.spec.secrets.webhook_secret, timestamp: NOW / 1000 });
      suite.add("genuine: the header as the library writes it", b.raw(b.options(), header), b.accept(b.first), "made by the library itself");
    },
  }),
  timed("tailscale", {
    text: (o) => [o.ts, ".", o.body],
    header: "Tailscale-Webhook-Signature",
    time: { unit: "s", past: 300, future: 300 },
    ...packed("t", "v1", ",", "v0"),
    events: (text) => JSON.parse(text).length ?? 1,
    bodies: {
      "two events": json([{ timestamp: "2026-06-01T11:59:58.123Z", version: 1, type: "nodeCreated", tailnet: "example.com", message: "Node alices-workstation created", data: { nodeID: "nFJ9Zbm3CNTRL", deviceName: "alices-workstation.yak.ts.net", actor: "ann@example.com" } }, { timestamp: "2026-06-01T11:59:58.124Z", version: 1, type: "policyUpdate", tailnet: "example.com", message: "Policy updated", data: { actor: "ann@example.com" } }]),
    },
    more: packedAttacks("t", "v1", ","),
  }),
  timed("workos", {
    text: (o) => [o.ts, ".", o.body],
    header: "WorkOS-Signature",
    time: { unit: "ms", past: 180, future: 180 },
    ...packed("t", "v1", ", ", "v0"),
    deliveryId: field("id"),
    bodies: {
      "an event": json({ id: "event_01H2GNQD5D7ZE06FDDS75NFPHY", event: "user.created", data: { object: "user", id: "user_01E4ZCR3C56J083X43JQXF3JK5", email: "ann@example.com", email_verified: true }, created_at: "2026-06-01T11:59:58.123Z" }),
    },
    more: packedAttacks("t", "v1", ", "),
  }),
  timed("paddle", {
    library: library("@paddle/paddle-node-sdk"),
    secret: "pdl_ntfset_01gkdqfsvz2ab9qtyd2ajfmrxh_today",
    text: (o) => [o.ts, ":", o.body],
    header: "Paddle-Signature",
    time: { unit: "s", past: 5, future: 5 },
    ...packed("ts", "h1", ";", "h0"),
    deliveryId: field("event_id"),
    differs: [AHEAD, NOT_A_NUMBER, [/^list: a wrong one after/, "it looks at the last one only"]],
    bodies: {
      "an event": json({ event_id: "evt_01hv8wptq8987qeep44cyrewp9", event_type: "transaction.payment_failed", occurred_at: "2026-06-01T11:59:58.123Z", notification_id: "ntf_01hv8wptq8987", data: { id: "txn_01hv8wptq8987", status: "past_due", currency_code: "CHF" } }),
    },
    judge: async (_, { text, headers, secret }) => new Paddle("key").webhooks.isSignatureValid(text, secret, headers["paddle-signature"]),
    more: packedAttacks("ts", "h1", ";"),
  }),
  standard("standard-webhooks", "webhook", {
    library: library("standardwebhooks"),
    judge: (_, { text, headers, secret }) => Boolean(new Standard(secret).verify(text, headers)),
    more(b, suite) {
      const signature = new Standard(STANDARD_SECRETS.webhook_secret).sign("msg_2mN8vQx1", new Date(NOW), b.first);
      suite.add("genuine: the header as the library writes it", b.raw(b.options(), signature), b.accept(b.first), "made by the library itself");
      const renamed = b.request();
      renamed.headers = renamed.headers.map(([name, value]) => [name.replace(/^webhook-/, "svix-"), value]);
      suite.add("headers: of another name", renamed, "reject", "these are Svix's own names");
    },
  }),
  standard("gitlab-signing", "webhook", {
    library: `${library("standardwebhooks")}, whose scheme GitLab follows`,
    extra: () => [["X-Gitlab-Event", "Push Hook"], ["Idempotency-Key", "msg_2mN8vQx1"], ["X-Gitlab-Instance", "https://gitlab.example.com"]],
    bodies: {
      "a push": json({ object_kind: "push", event_name: "push", ref: "refs/heads/main", user_username: "ann", project_id: 15, project: { id: 15, path_with_namespace: "example/app", visibility_level: 0 }, total_commits_count: 1, commits: [{ id: "b6568db1bc1dcd7f8b4d5a946b0b91f9dacd7327", message: "Mend" }] }),
    },
    judge: (_, { text, headers, secret }) => Boolean(new Standard(secret).verify(text, headers)),
  }),
  standard("svix", "svix", {
    library: library("svix"),
    differs: [[/^headers: (the sets mixed|only the signature)/, "it looks for each header by itself"]],
    judge: (_, { text, headers, secret }) => Boolean(new Svix(secret).verify(text, headers)),
    more(b, suite) {
      const rename = (request, ...which) => ({ ...request, headers: request.headers.map(([name, value]) => [which.includes(name) ? name.replace(/^svix-/, "webhook-") : name, value]) });
      const all = ["svix-id", "svix-timestamp", "svix-signature"];
      suite.add("headers: the names of the standard", rename(b.request(), ...all), b.accept(b.first), "either set of names");
      suite.add("headers: the names of the standard, wrong secret", rename(b.request({ secret: suite.spec.stranger }), ...all), "reject", "whoever signed does not know the secret");
      suite.add("headers: the sets mixed", rename(b.request(), "svix-timestamp"), "reject", "one set or the other");
      suite.add("headers: only the signature of the other set", rename(b.request(), "svix-signature"), "reject", "one set or the other");
    },
  }),
  timed("linear", {
    library: library("@linear/sdk"),
    text: (o) => [o.body],
    header: "Linear-Signature",
    bodyRead: true,
    extra: () => [["Linear-Delivery", "234d1a4e-b617-4388-90fe-adc3633d6b72"], ["Linear-Event", "Issue"]],
    deliveryId: () => "234d1a4e-b617-4388-90fe-adc3633d6b72",
    bodies: {
      "an issue": json({ action: "create", actor: { id: "b5ea5f1f", type: "user", name: "Ann" }, createdAt: "2026-06-01T11:59:58.123Z", data: { id: "2174add1", identifier: "SEC-7", title: "Rotate the keys", priority: 1 }, type: "Issue", organizationId: "b4", webhookTimestamp: NOW, webhookId: "000042e3" }),
    },
    judge: (_, { body, headers, secret }) => new LinearWebhookClient(secret).verify(body, headers["linear-signature"], headers["linear-timestamp"]) && Boolean(new LinearWebhookClient(secret).parseData(body, headers["linear-signature"], headers["linear-timestamp"])),
    more(b, suite) {
      const stamped = (value) => b.first.replace(/"webhookTimestamp":\d+/, `"webhookTimestamp":${value}`);
      const reject = (name, value, why) => suite.add(`time: ${name}`, b.request({ text: stamped(value) }), "reject", why);
      suite.add("time: at the edge", b.request({ text: stamped(NOW - 60_000) }), b.accept(b.first), "the edge is within");
      suite.add("time: half a minute ahead", b.request({ text: stamped(NOW + 30_000) }), b.accept(b.first), "clocks differ");
      reject("a second past the edge", NOW - 61_000, "an old request is a replay");
      reject("a second further ahead than clocks differ", NOW + 61_000, "a time to come would be replayed until then");
      reject("in seconds", NOW / 1000, "not as the vendor writes it");
      reject("negative", -NOW, "not a time");
      reject("overflowing", "99999999999999999999999999", "no moment");
      reject("null", "null", "without its time it may be of any");
      reject("text", '"today"', "not a time");
      reject("twice", `${NOW - 3600_000},"webhookTimestamp":${NOW - 7200_000}`, "one of two readings would be a guess");
      suite.add("time: missing", b.request({ text: b.first.replace(/,"webhookTimestamp":\d+/, "") }), "reject", "without its time it may be of any");
      const old = b.request({ text: stamped(NOW - 3600_000) });
      old.headers.push(["Linear-Timestamp", String(NOW)]);
      suite.add("attack: a new time in the header, which is not signed", old, "reject", "the time that is signed counts", { judge: false });
      const twice = b.first.replace("{", `{"webhookTimestamp":${NOW},`).replace(/"webhookTimestamp":\d+,"webhookId"/, `"webhookTimestamp":${NOW - 3600_000},"webhookId"`);
      suite.add("attack: two times in the body", b.request({ text: twice }), "reject", "one of two readings would be a guess", { judge: false });
    },
  }),
  timed("hubspot", {
    library: library("@hubspot/api-client"),
    publicUrl: "https://hooks.example.com/hubspot",
    text: (o) => [o.method, o.url, o.body, o.ts],
    header: "X-HubSpot-Signature-v3",
    encoding: "base64",
    time: { header: "X-HubSpot-Request-Timestamp", unit: "ms", past: 300, future: 300 },
    events: (text) => JSON.parse(text).length ?? 1,
    differs: [AHEAD, NOT_A_NUMBER, ANY_TEXT],
    bodies: {
      "two events": json([{ eventId: 1, subscriptionId: 12345, portalId: 62515, occurredAt: 1780315199000, subscriptionType: "contact.creation", attemptNumber: 0, objectId: 123 }, { eventId: 2, subscriptionId: 12346, portalId: 62515, occurredAt: 1780315199001, subscriptionType: "contact.deletion", attemptNumber: 0, objectId: 124 }]),
    },
    judge(request, { text, headers, secret }) {
      const query = request.path.includes("?") ? request.path.slice(request.path.indexOf("?")) : "";
      return HubSpot.isValid({ signatureVersion: "v3", clientSecret: secret, requestBody: text, signature: headers["x-hubspot-signature-v3"], url: `https://hooks.example.com/hubspot${query}`, method: request.method, timestamp: headers["x-hubspot-request-timestamp"] });
    },
    more: urlCases,
  }),
  timed("zendesk", {
    text: (o) => [o.ts, o.body],
    header: "X-Zendesk-Webhook-Signature",
    encoding: "base64",
    time: { header: "X-Zendesk-Webhook-Signature-Timestamp", unit: "rfc3339", past: 900, future: 300 },
    extra: () => [["X-Zendesk-Account-Id", "1234567"], ["X-Zendesk-Webhook-Id", "01FD33QMDE9WYE0JKF9PEM0R2Z"], ["X-Zendesk-Webhook-Invocation-Id", "01FD3NJRZX1PDP0SHFWR2C4JVZ"]],
    deliveryId: () => "01FD3NJRZX1PDP0SHFWR2C4JVZ",
    bodies: {
      "a user": json({ type: "zen:event-type:user.role_changed", account_id: 1234567, id: "2b24ef80-6a0f-4e7c-8d35-0a7f9d1a2b3c", time: "2026-06-01T11:59:58.123Z", zendesk_event_version: "2022-11-06", subject: "zen:user:1", event: { current: "admin", previous: "agent" }, detail: { id: "1", email: "ann@example.com" } }),
    },
  }),
  timed("box", {
    library: library("box-node-sdk"),
    text: (o) => [o.body, o.ts],
    header: "BOX-SIGNATURE-PRIMARY",
    encoding: "base64",
    time: { header: "BOX-DELIVERY-TIMESTAMP", unit: "rfc3339", past: 600, future: 0 },
    extra: () => [["BOX-DELIVERY-ID", "f96bb54b-ee16-4fc5-aa65-8c2d9e5b546f"], ["BOX-SIGNATURE-VERSION", "1"], ["BOX-SIGNATURE-ALGORITHM", "HmacSHA256"]],
    deliveryId: () => "f96bb54b-ee16-4fc5-aa65-8c2d9e5b546f",
    differs: [[/^time: (text|empty|without a zone|in seconds|of a month)/, "it lets a time through that it cannot read"]],
    bodies: {
      "a file": json({ type: "webhook_event", webhook: { id: "1234567890" }, trigger: "FILE.DELETED", source: { id: "1234567890", type: "file", name: "plan.pdf" }, created_by: { login: "ann@example.com", type: "user", id: "2" }, created_at: "2026-06-01T04:59:58-07:00" }),
    },
    judge: (_, { text, headers, secret }) => WebhooksManager.validateMessage(text, headers, secret, { secondaryKey: secret }),
    more(b, suite) {
      const o = b.options();
      const right = b.encode(b.signature(o));
      const second = b.encode(b.signature({ ...o, secret: suite.spec.previous }));
      const secondary = (request, value) => ({ ...request, headers: [...request.headers, ["BOX-SIGNATURE-SECONDARY", value]] });
      const expect = b.accept(b.first);
      suite.add("headers: both, the primary one known", secondary(b.raw(o, right), second), expect, "either key counts");
      suite.add("headers: both, the secondary one known", secondary(b.raw(o, second), right), expect, "the keys have been exchanged at Box");
      suite.add("headers: only the secondary one", secondary(b.raw(o, []), right), expect, "either key counts");
      suite.add("headers: both, both known", secondary(b.raw(o, right), second), expect, "either key counts", { source: "rotation", judged: ["webhook_secret", "previous_webhook_secret"] });
      suite.add("headers: both wrong", secondary(b.raw(o, second), second), "reject", "neither is known");
      const zone = "2026-06-01T05:00:00-07:00";
      suite.add("time: in another zone", b.request({ ts: zone }), expect, "a moment is a moment in every zone");
    },
  }),
  timed("square", {
    library: library("square"),
    publicUrl: "https://hooks.example.com/square",
    text: (o) => [o.url, o.body],
    header: "x-square-hmacsha256-signature",
    encoding: "base64",
    extra: () => [["square-environment", "Production"]],
    deliveryId: field("event_id"),
    bodies: {
      "a payment": json({ merchant_id: "6SSW7HV8K2ST5", type: "payment.updated", event_id: "13b867cf-db3d-4b1c-90b6-2f32a9d78124", created_at: "2026-06-01T11:59:58.123Z", data: { type: "payment", id: "hYy9pRFVxpDsO1FB05SunFWUe9JZY", object: { payment: { status: "FAILED", amount_money: { amount: 100, currency: "CHF" } } } } }),
    },
    judge(request, { text, headers, secret }) {
      const query = request.path.includes("?") ? request.path.slice(request.path.indexOf("?")) : "";
      return WebhooksHelper.verifySignature({ requestBody: text, signatureHeader: headers["x-square-hmacsha256-signature"] ?? "", signatureKey: secret, notificationUrl: `https://hooks.example.com/square${query}` });
    },
    more: urlCases,
  }),
  timed("trello", {
    publicUrl: "https://hooks.example.com/trello",
    sign: hmac("sha1"),
    text: (o) => [o.body, o.url],
    header: "X-Trello-Webhook",
    encoding: "base64",
    deliveryId: field("action", "id"),
    bodies: {
      "an action": json({ action: { id: "51f9424bcd6e040f3c002412", type: "addMemberToBoard", date: "2026-06-01T11:59:58.123Z", memberCreator: { username: "ann" } }, model: { id: "4d5ea62fd76aa1136000000c", name: "Security" }, webhook: { id: "5e" } }),
    },
    more(b, suite) {
      urlCases(b, suite);
      suite.add("handshake: is it there?", { method: "HEAD", path: "/trello", headers: [], body: Buffer.alloc(0) }, { outcome: "handshake", status: 200, response: { body: "" } }, "Trello asks before it makes the webhook");
    },
  }),
];

/** The URL is signed: as it was given to the vendor, with the query that was sent. */
export function urlCases(b, suite) {
  const { publicUrl, name } = suite.spec;
  suite.add("url: another host was signed", b.request({ url: `https://attacker.example/${name}` }), "reject", "a request to somebody else is not one to us");
  const host = b.request({ url: `https://attacker.example/${name}` });
  host.headers.push(["Host", "attacker.example"]);
  suite.add("url: another host was signed, and stands in Host", host, "reject", "the URL is never taken from the request", { judge: false });
  const forwarded = b.request({ url: `https://attacker.example/${name}` });
  forwarded.headers.push(["X-Forwarded-Host", "attacker.example"], ["X-Forwarded-Proto", "https"]);
  suite.add("url: another host was signed, and stands in X-Forwarded-Host", forwarded, "reject", "the URL is never taken from the request", { judge: false });
  suite.add("url: http was signed", b.request({ url: publicUrl.replace("https:", "http:") }), "reject", "that is another URL");
  suite.add("url: with a slash at the end was signed", b.request({ url: `${publicUrl}/` }), "reject", "that is another URL");
  suite.add("url: with a query", b.request({ url: `${publicUrl}?tenant=7&x=%20`, path: `/${name}?tenant=7&x=%20` }), b.accept(b.first), "the query is signed as it was sent");
  suite.add("url: a parameter added", { ...b.request(), path: `/${name}?admin=1` }, "reject", "the query is signed");
  suite.add("url: a parameter taken out", { ...b.request({ url: `${publicUrl}?tenant=7`, path: `/${name}` }) }, "reject", "the query is signed");
}
