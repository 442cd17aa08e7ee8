// Vendors that sign the body and nothing else.

import { createRequire } from "node:module";
import { verify as githubVerify } from "@octokit/webhooks-methods";
import "@shopify/shopify-api/adapters/node";
import { shopifyApi, ApiVersion } from "@shopify/shopify-api";
import Razorpay from "razorpay";
import { library } from "../lib/library.mjs";
import { hmac, joined, signed } from "../lib/signed.mjs";

const require = createRequire(import.meta.url);
const { validateSignature, validateWebhook } = require("twitter-autohook");
const version = library;

const json = JSON.stringify;
const field = (name) => (text) => {
  let value = JSON.parse(text);
  for (const part of name.split(".")) value = value?.[part];
  return value === undefined ? undefined : String(value);
};

/** What vendors of this kind share; `prefix` is the key before the signature. */
export function plain(name, { prefix, hash = "sha256", secret, ...spec }) {
  const secrets = spec.secrets ?? {
    webhook_secret: secret ?? `${name}-secret-of-today`,
    previous_webhook_secret: `${name}-secret-of-yesterday`,
  };
  return signed({
    name,
    secrets,
    previous: secrets.previous_webhook_secret,
    stranger: `${name}-secret-of-somebody-else`,
    sign: hmac(hash),
    text: (o) => [o.body],
    ...(prefix ? { wrap: (signature) => `${prefix}=${signature}` } : {}),
    ...spec,
  });
}

const keyed = (old) => ({ separator: ",", item: (signature, key = "v1") => `${key}=${signature}`, old });

const shopify = shopifyApi({
  apiKey: "key",
  apiSecretKey: "unused-until-a-case-says",
  apiVersion: ApiVersion.July26 ?? Object.values(ApiVersion).at(-2),
  isEmbeddedApp: true,
  hostName: "hooks.example.com",
  scopes: [],
  logger: { level: 0 },
});

export const suites = [
  plain("github", {
    library: version("@octokit/webhooks-methods"),
    header: "X-Hub-Signature-256",
    prefix: "sha256",
    extra: (o) => [["X-GitHub-Event", o.body.includes("zen") ? "ping" : "member"], ["X-GitHub-Delivery", "8a1b1c2e-cc78-11e3-81ab-4c9367dc0958"], ["X-GitHub-Hook-ID", "512345678"]],
    deliveryId: () => "8a1b1c2e-cc78-11e3-81ab-4c9367dc0958",
    bodies: {
      "a member was added": json({ action: "added", member: { login: "bob", id: 7, type: "User" }, repository: { id: 35129377, full_name: "example-org/public-repo", private: false }, organization: { login: "example-org", id: 5 }, sender: { login: "ann", id: 1 } }),
      ping: json({ zen: "Non-blocking is better than blocking.", hook_id: 512345678, hook: { type: "Organization", active: true, events: ["*"] }, sender: { login: "ann", id: 1 } }),
    },
    judge: (_, { text, headers, secret }) => githubVerify(secret, text, headers["x-hub-signature-256"]),
    more(b, suite) {
      const form = "payload=" + encodeURIComponent(b.first);
      const request = b.request({ text: form });
      request.headers[0][1] = "application/x-www-form-urlencoded";
      suite.add("genuine: as a form", request, { outcome: "accept", status: 200, events: 1, delivery_id: "8a1b1c2e-cc78-11e3-81ab-4c9367dc0958" }, "GitHub's other content type");
      const sha1 = b.request();
      sha1.headers.at(-1)[0] = "X-Hub-Signature";
      suite.add("attack: the signature in the SHA-1 header", sha1, "reject", "only the header of SHA-256 is looked at");
      const downgraded = b.options();
      const weak = hmac("sha1")(downgraded.body, downgraded.secret).toString("hex");
      suite.add("attack: SHA-1 under its own key", b.raw(downgraded, `sha1=${weak}`), "reject", "no downgrade");
    },
  }),
  plain("bitbucket", {
    header: "X-Hub-Signature",
    prefix: "sha256",
    extra: () => [["X-Event-Key", "repo:push"], ["X-Request-UUID", "0f5d2f1c-77b4-4b4c-9f7e-5a8f1c7f0b11"], ["X-Hook-UUID", "2d1c0a3e-5d3f-4bb5-9c35-0a4f0dbe6a10"]],
    deliveryId: () => "0f5d2f1c-77b4-4b4c-9f7e-5a8f1c7f0b11",
    bodies: {
      "a push": json({ push: { changes: [{ forced: true, new: { name: "main", type: "branch" } }] }, actor: { display_name: "Ann", type: "user" }, repository: { full_name: "example/app", is_private: true } }),
    },
  }),
  plain("jira", {
    header: "X-Hub-Signature",
    prefix: "sha256",
    extra: () => [["X-Atlassian-Webhook-Identifier", "1780315200-jira-71"]],
    deliveryId: () => "1780315200-jira-71",
    bodies: {
      "an issue was updated": json({ timestamp: 1780315199000, webhookEvent: "jira:issue_updated", user: { displayName: "Ann", accountId: "5b10a2844c20165700ede21g" }, issue: { id: "10002", key: "SEC-7", fields: { summary: "Rotate the keys" } } }),
    },
  }),
  plain("snyk", {
    header: "X-Hub-Signature",
    prefix: "sha256",
    extra: (o) => [["X-Snyk-Event", o.body.includes("webhookId") ? "ping/v0" : "project_snapshot/v0"], ["X-Snyk-Transport-ID", "998fe884-18a0-45db-8ae0-e379eea3bc0a"], ["X-Snyk-Timestamp", "2026-06-01T11:59:58Z"]],
    deliveryId: () => "998fe884-18a0-45db-8ae0-e379eea3bc0a",
    bodies: {
      "a project was tested": json({ project: { name: "example/app:package.json", id: "af137b96-6966-46c1-826b-2e79ac49bbd9" }, org: { name: "Example" }, newIssues: [{ id: "SNYK-JS-LODASH-590103", issueType: "vuln", issueData: { severity: "high", title: "Prototype Pollution" } }], removedIssues: [] }),
      ping: json({ webhookId: "d3cf26b3-2d77-497b-bce2-23b33cc15362" }),
    },
    more(b, suite) {
      const old = b.request();
      old.headers.find(([name]) => name === "X-Snyk-Timestamp")[1] = "1999-01-01T00:00:00Z";
      suite.add("genuine: an old time in a header that is not signed", old, b.accept(b.first), "what is not signed proves nothing either way");
    },
  }),
  plain("meta", {
    secrets: { webhook_secret: "0f1e2d3c4b5a69788796a5b4c3d2e1f0", previous_webhook_secret: "ffeeddccbbaa99887766554433221100", verify_token: "a-long-random-text-of-ours" },
    header: "X-Hub-Signature-256",
    prefix: "sha256",
    bodies: {
      "two entries": '{"object":"page","entry":[{"id":"1","time":1780315199,"changes":[{"field":"feed","value":{"message":"caf\\u00e9 \\ud83d\\ude00"}}]},{"id":"2","time":1780315199,"changes":[]}]}',
    },
    events: (text) => JSON.parse(text).entry.length,
    more(b, suite) {
      const get = (query) => ({ method: "GET", path: `/meta${query}`, headers: [], body: Buffer.alloc(0) });
      const ask = (name, query, expect, why) => suite.add(`handshake: ${name}`, get(query), expect, why);
      const echo = (body) => ({ outcome: "handshake", status: 200, response: { body } });
      ask("the challenge", "?hub.mode=subscribe&hub.challenge=1158201444&hub.verify_token=a-long-random-text-of-ours", echo("1158201444"), "Meta checks the URL when it is given");
      ask("the parameters in another order", "?hub.verify_token=a-long-random-text-of-ours&hub.challenge=77&hub.mode=subscribe", echo("77"), "an order means nothing");
      ask("a wrong token", "?hub.mode=subscribe&hub.challenge=1158201444&hub.verify_token=guess", "reject", "the token is ours");
      ask("the app secret as token", "?hub.mode=subscribe&hub.challenge=1&hub.verify_token=0f1e2d3c4b5a69788796a5b4c3d2e1f0", "reject", "two secrets are two secrets");
      ask("no token", "?hub.mode=subscribe&hub.challenge=1158201444", "reject", "the token is ours");
      ask("an empty token", "?hub.mode=subscribe&hub.challenge=1158201444&hub.verify_token=", "reject", "the token is ours");
      ask("two tokens", "?hub.mode=subscribe&hub.challenge=1&hub.verify_token=guess&hub.verify_token=a-long-random-text-of-ours", "reject", "one of two readings would be a guess");
      ask("another mode", "?hub.mode=unsubscribe&hub.challenge=1&hub.verify_token=a-long-random-text-of-ours", { outcome: "reject", status: 405 }, "a GET brings no event");
    },
  }),
  plain("x", {
    library: version("twitter-autohook"),
    secret: "kAcSOqF21Fu85e7zjz7ZN2U4ZRhfV3WpwPAoE3Z7kBw",
    header: "x-twitter-webhooks-signature",
    prefix: "sha256",
    encoding: "base64",
    bodies: {
      "a follow": json({ for_user_id: "2244994945", follow_events: [{ type: "follow", created_timestamp: "1780315199000", source: { id: "783214", screen_name: "ann" } }] }),
    },
    judge: (_, { body, headers, secret }) => validateSignature(headers, { consumer_secret: secret }, body),
    more(b, suite) {
      const secret = suite.spec.secrets.webhook_secret;
      const get = (query) => ({ method: "GET", path: `/x${query}`, headers: [], body: Buffer.alloc(0) });
      const crc = (name, query, token, why) =>
        suite.add(`handshake: ${name}`, get(query), { outcome: "handshake", status: 200, response: { json: validateWebhook(token, { consumer_secret: secret }) } }, why, { made_by: version("twitter-autohook") });
      crc("the challenge", "?crc_token=OGI0OTc0NzItZmQyZS00", "OGI0OTc0NzItZmQyZS00", "X asks every hour");
      crc("with a nonce beside it", "?crc_token=foo_bar-1&nonce=NzY", "foo_bar-1", "further parameters mean nothing");
      const refuse = (name, query, why) => suite.add(`handshake: ${name}`, get(query), "reject", why);
      refuse("an event to be signed", `?crc_token=${encodeURIComponent(b.first)}`, "an oracle would sign what X never sent");
      refuse("a token with a newline", "?crc_token=abc%0A", "what is signed is held to plain tokens");
      refuse("a token of 2,000 characters", `?crc_token=${"a".repeat(2000)}`, "what is signed is held to short tokens");
      const no = { outcome: "reject", status: 405 };
      suite.add("handshake: an empty token", get("?crc_token="), no, "nothing is asked");
      suite.add("handshake: two tokens", get("?crc_token=abc&crc_token=def"), no, "one of two readings would be a guess");
      const hex = b.options();
      suite.add("attack: the signature in hex", b.raw(hex, `sha256=${b.signature(hex).toString("hex")}`), "reject", "another encoding is another signature");
    },
  }),
  plain("shopify", {
    library: version("@shopify/shopify-api"),
    header: "X-Shopify-Hmac-SHA256",
    encoding: "base64",
    extra: () => [["X-Shopify-Topic", "orders/create"], ["X-Shopify-Shop-Domain", "example.myshopify.com"], ["X-Shopify-API-Version", "2026-07"], ["X-Shopify-Webhook-Id", "b54557e4-bdd9-4b37-8a5f-bf7d70bcd043"], ["X-Shopify-Event-Id", "98880550-7158-44d4-b7cd-2c97c8a091b5"]],
    deliveryId: () => "b54557e4-bdd9-4b37-8a5f-bf7d70bcd043",
    bodies: {
      "an order": json({ id: 820982911946154508, email: "ann@example.com", total_price: "404.95", currency: "CHF", customer: { id: 115310627314723954, first_name: "Ann" } }).replace("820982911946154500", "820982911946154508"),
    },
    async judge(request, { text, headers, secret }) {
      shopify.config.apiSecretKey = secret;
      const rawRequest = { method: request.method, url: request.path, headers };
      const answer = await shopify.webhooks.validate({ rawBody: text, rawRequest, rawResponse: {} });
      return answer.valid;
    },
  }),
  plain("pagerduty", {
    header: "X-PagerDuty-Signature",
    prefix: "v1",
    list: keyed("v0"),
    extra: () => [["X-Webhook-Id", "2d1c0a3e-5d3f"]],
    deliveryId: field("event.id"),
    bodies: {
      "an incident": json({ event: { id: "01BSSF7ZQ1Y5NDYTNLXBRFQBGL", event_type: "incident.triggered", resource_type: "incident", occurred_at: "2026-06-01T11:59:58.123Z", agent: { type: "user_reference", summary: "Ann" }, data: { id: "PGR0VU2", type: "incident", title: "Disk is full", urgency: "high", status: "triggered" } } }),
      ping: json({ event: { id: "01BSSF7ZQ1Y5NDYTNLXBRFQBGM", event_type: "pagey.ping", resource_type: "pagey", occurred_at: "2026-06-01T11:59:58.123Z", agent: null, data: { message: "Hello", type: "ping" } } }),
    },
  }),
  plain("circleci", {
    header: "circleci-signature",
    prefix: "v1",
    list: keyed("v0"),
    extra: () => [["circleci-event-type", "workflow-completed"]],
    deliveryId: field("id"),
    bodies: {
      "a workflow": json({ id: "3888f21b-eaa7-38e3-8f3d-75a63bba8895", type: "workflow-completed", happened_at: "2026-06-01T11:59:58.123Z", workflow: { id: "fda08377-fe7e-46b1-8992-3a7aaecac9c3", name: "deploy", status: "failed" }, project: { slug: "github/example/app" } }),
    },
  }),
  plain("outpost", {
    header: "x-outpost-signature",
    prefix: "v0",
    list: { ...keyed("v1"), item: (signature, key = "v0") => `${key}=${signature}` },
    extra: () => [["x-outpost-event-id", "evt_7f3a"], ["x-outpost-topic", "user.created"], ["x-outpost-timestamp", "1780315200"]],
    deliveryId: () => "evt_7f3a",
    bodies: { "an event": json({ user: { id: "u_1", email: "ann@example.com" }, plan: "team" }) },
    more(b, suite) {
      const o = b.options();
      const right = b.encode(b.signature(o));
      const wrong = b.encode(Buffer.alloc(32, 7));
      const expect = b.accept(b.first);
      suite.add("list: the right one second, without a key", b.raw(o, `v0=${wrong},${right}`), expect, "while a secret is rotated the second item has no key");
      suite.add("list: the right one first, one without a key after it", b.raw(o, `v0=${right},${wrong}`), expect, "while a secret is rotated the second item has no key");
      suite.add("list: without any key", b.raw(o, right), "reject", "there is no key that it could belong to");
      suite.add("list: without a key behind an unknown scheme", b.raw(o, `v9=${wrong},${right}`), "reject", "it belongs to a scheme that is not taken");
    },
  }),
  plain("sentry", {
    header: "Sentry-Hook-Signature",
    extra: () => [["Sentry-Hook-Resource", "issue"], ["Sentry-Hook-Timestamp", "1780315200"], ["Request-ID", "4d0a6a3b2f014f7b9a2f5e8f2f0f9c11"]],
    deliveryId: () => "4d0a6a3b2f014f7b9a2f5e8f2f0f9c11",
    bodies: {
      "an issue": json({ action: "created", installation: { uuid: "7a485448-a9e2-4c85-8a3c-4f44175783c9" }, data: { issue: { id: "1170820242", title: "ReferenceError: heck is not defined", level: "error", project: { slug: "front-end" } } }, actor: { type: "application", id: "sentry", name: "Sentry" } }),
    },
    more(b, suite) {
      const old = b.request();
      old.headers.find(([name]) => name === "Sentry-Hook-Timestamp")[1] = "1";
      suite.add("genuine: an old time in a header that is not signed", old, b.accept(b.first), "what is not signed proves nothing either way");
    },
  }),
  plain("intercom", {
    hash: "sha1",
    header: "X-Hub-Signature",
    prefix: "sha1",
    deliveryId: field("id"),
    bodies: {
      "a topic": json({ type: "notification_event", app_id: "a86dr8yl", id: "notif_fc8b5a40-1a5e-11f1-a2c9-0242ac120002", topic: "conversation.admin.assigned", created_at: 1780315199, data: { type: "notification_event_data", item: { type: "conversation", id: "123" } } }),
    },
    more(b, suite) {
      suite.add("handshake: is it there?", { method: "HEAD", path: "/intercom", headers: [], body: Buffer.alloc(0) }, { outcome: "handshake", status: 200, response: { body: "" } }, "Intercom asks before it saves the URL");
      suite.add("handshake: a GET is none", { method: "GET", path: "/intercom", headers: [], body: Buffer.alloc(0) }, { outcome: "reject", status: 405 }, "a GET brings no event");
    },
  }),
  plain("docusign", {
    header: "X-DocuSign-Signature-1",
    encoding: "base64",
    several: true,
    deliveryId: joined((body) => [body.event, body.data?.envelopeId, body.generatedDateTime]),
    bodies: {
      "an envelope": json({ event: "envelope-completed", apiVersion: "v2.1", uri: "/restapi/v2.1/accounts/1/envelopes/2", retryCount: 0, configurationId: 10197502, generatedDateTime: "2026-06-01T11:59:58.1234567Z", data: { accountId: "1c3b", userId: "9f", envelopeId: "6e6ea5ba-9b8e-4c0e-8bb7-3a2f5d0f5b0a", envelopeSummary: { status: "completed" } } }),
      "with line ends of another system": '{"event":"envelope-sent",\r\n"data":{"envelopeId":"6e6ea5ba-9b8e-4c0e-8bb7-3a2f5d0f5b0b"}}\r\n',
    },
    more(b, suite) {
      const o = b.options();
      const right = b.encode(b.signature(o));
      const wrong = b.encode(b.signature({ ...o, secret: "of another key" }));
      const numbered = (...values) => {
        const request = b.raw(o, []);
        values.forEach(([number, value]) => request.headers.push([`X-DocuSign-Signature-${number}`, value]));
        return request;
      };
      const expect = b.accept(b.first);
      suite.add("headers: the right one is the second", numbered([1, wrong], [2, right]), expect, "one header for each key of the account");
      suite.add("headers: the right one is the hundredth", numbered([1, wrong], [100, right]), expect, "there are up to a hundred keys");
      suite.add("headers: all wrong", numbered([1, wrong], [2, wrong], [3, wrong]), "reject", "none of them is right");
      suite.add("headers: numbered zero", numbered([0, right]), "reject", "numbers begin with 1");
      suite.add("headers: without a number", numbered(["", right]), "reject", "that is not the header's name");
      suite.add("headers: the right one twice under one number, once wrong", numbered([1, right], [1, wrong]), "reject", "one of two readings would be a guess");
    },
  }),
  plain("dropbox", {
    header: "X-Dropbox-Signature",
    bodies: { "two accounts": json({ list_folder: { accounts: ["dbid:AAH4f99T0taONIb-OurWxbNQ6ywGRopQngc", "dbid:AAFaEBnvw3Fgb"] }, delta: { users: [12345678, 23456789] } }) },
    more: (b, suite) => challenges(b, suite, "text"),
  }),
  plain("nylas", {
    header: "X-Nylas-Signature",
    deliveryId: field("id"),
    bodies: { "a message": json({ specversion: "1.0", type: "message.created", source: "/google/emails/realtime", id: "5e2c9b3e-0f1b-4c41-9c1b-2f8c7d2e5a11", time: 1780315199, data: { application_id: "app", object: { grant_id: "g", object: "message", subject: "Invoice" } } }) },
    more: (b, suite) => challenges(b, suite, "text"),
  }),
  plain("vercel", {
    hash: "sha1",
    header: "x-vercel-signature",
    deliveryId: field("id"),
    bodies: { "a deployment": json({ id: "evt_2kL9xQ", type: "deployment.error", createdAt: 1780315199000, region: "fra1", payload: { team: { id: "team_1" }, user: { id: "u1" }, deployment: { id: "dpl_1", name: "app", url: "app-1.vercel.app" } } }) },
  }),
  plain("hcp-terraform", {
    hash: "sha512",
    header: "X-TFE-Notification-Signature",

    bodies: {
      "a run": json({ payload_version: 1, notification_configuration_id: "nc-AeUQ2zfKZzW9TiGZ", run_url: "https://app.terraform.io/app/acme/prod/runs/run-FwnENkvDnrpyFC7M", run_id: "run-FwnENkvDnrpyFC7M", run_message: "Add five new queue workers", run_created_by: "ann", workspace_name: "prod", organization_name: "acme", notifications: [{ message: "Run Errored", trigger: "run:errored", run_status: "errored", run_updated_at: "2026-06-01T11:59:58.000Z", run_updated_by: "ann" }] }),
      "the verification": json({ payload_version: 1, notification_configuration_id: "nc-AeUQ2zfKZzW9TiGZ", run_url: null, run_id: null, notifications: [{ message: "Verification of prod", trigger: "verification", run_status: null }] }),
    },
  }),
  plain("razorpay", {
    library: version("razorpay"),
    header: "X-Razorpay-Signature",
    extra: () => [["x-razorpay-event-id", "K7nVwR1aQ0dT2s"]],
    deliveryId: () => "K7nVwR1aQ0dT2s",
    bodies: { "a payment": json({ entity: "event", account_id: "acc_BFQ7uQEaa7j2z7", event: "payment.failed", contains: ["payment"], payload: { payment: { entity: { id: "pay_DESlfW9H8K9uqM", amount: 100, currency: "INR", status: "failed" } } }, created_at: 1780315199 }) },
    judge: (_, { text, headers, secret }) => Razorpay.validateWebhookSignature(text, headers["x-razorpay-signature"], secret),
  }),
  plain("asana", {
    header: "X-Hook-Signature",
    events: (text) => JSON.parse(text).events.length,
    bodies: {
      "two events": json({ events: [{ user: { gid: "1", resource_type: "user" }, created_at: "2026-06-01T11:59:58.123Z", action: "changed", resource: { gid: "7", resource_type: "task" } }, { user: { gid: "1", resource_type: "user" }, created_at: "2026-06-01T11:59:58.124Z", action: "deleted", resource: { gid: "8", resource_type: "task" } }] }),
    },
    more(b, suite) {
      const unsigned = b.raw(b.options(), []);
      unsigned.headers.push(["X-Hook-Secret", "b537207f20cbfa02357cf448134da559e8bd39d61597dcd5631b8012eae53e81"]);
      suite.add("handshake: a secret of somebody, while enrolment is closed", unsigned, "reject", "whoever asks first is trusted, so that it must not be open for ever");
      const signedToo = b.request();
      signedToo.headers.push(["X-Hook-Secret", "b537207f20cbfa02357cf448134da559e8bd39d61597dcd5631b8012eae53e81"]);
      suite.add("event: with another secret beside the signature", signedToo, b.accept(b.first), "what is signed is an event, whatever else it brings");
      const badly = b.request({ secret: suite.spec.stranger });
      badly.headers.push(["X-Hook-Secret", "b537207f20cbfa02357cf448134da559e8bd39d61597dcd5631b8012eae53e81"]);
      suite.add("handshake: another secret in a request that is badly signed", badly, "reject", "a stored secret is not exchanged");
    },
  }),
  plain("xero", {
    header: "x-xero-signature",
    encoding: "base64",
    events: (text) => JSON.parse(text).events.length,
    bodies: {
      "an invoice": json({ events: [{ resourceUrl: "https://api.xero.com/api.xro/2.0/Invoices/717f2bfc", resourceId: "717f2bfc-c6d4-41fd-b238-3f2f0c0cf777", eventDateUtc: "2026-06-01T11:59:58.123", eventType: "UPDATE", eventCategory: "INVOICE", tenantId: "c2cc9b6e", tenantType: "ORGANISATION" }], lastEventSequence: 7, firstEventSequence: 7, entropy: "S0m3r4Nd0mt3xt" }),
    },
    more(b, suite) {
      const intent = json({ events: [], firstEventSequence: 0, lastEventSequence: 0, entropy: "TPMGZBFSDXNGEZLWQRXU" });
      suite.add("handshake: intent to receive", b.request({ text: intent }), { outcome: "handshake", status: 200, response: { body: "" } }, "Xero tests the URL with a right signature");
      const first = b.first.replace(/EventSequence":7/g, 'EventSequence":0');
      suite.add("event: counted from zero", b.request({ text: first }), b.accept(first), "what has events is no test, however they are counted");
      suite.add("handshake: intent to receive, badly signed", b.request({ text: intent, secret: "not-the-key" }), "reject", "Xero tests the URL with wrong signatures too, and wants 401");
      suite.add("handshake: intent to receive, unsigned", b.raw(b.options({ text: intent }), []), "reject", "an answer of 200 would tell Xero that nobody checks");
    },
  }),
];

/** A GET with `challenge`, which is echoed as text. */
function challenges(b, suite) {
  const { name } = suite;
  const get = (query) => ({ method: "GET", path: `/${name}${query}`, headers: [], body: Buffer.alloc(0) });
  const echo = (label, query, body, why) =>
    suite.add(`handshake: ${label}`, get(query), { outcome: "handshake", status: 200, response: { body, headers: { "content-type": "text/plain", "x-content-type-options": "nosniff" } } }, why);
  echo("the challenge", "?challenge=bd7c7f1e-8d4a_X", "bd7c7f1e-8d4a_X", "the vendor checks the URL when it is given");
  echo("a challenge with escapes", "?challenge=a%2Bb%20c%3D", "a+b c=", "the value is decoded");
  echo("markup", "?challenge=%3Cscript%3Ealert(1)%3C%2Fscript%3E", "<script>alert(1)</script>", "text that no browser takes for a page");
  suite.add("handshake: a GET without a challenge", get(""), { outcome: "reject", status: 405 }, "a GET brings no event");
  const unsigned = b.raw(b.options(), []);
  suite.add("attack: a challenge beside an unsigned event", { ...unsigned, path: `/${name}?challenge=1` }, "reject", "a POST is an event, whatever its query");
}
