// Platforms that say what happens on them: sites, channels, bases, traffic, mail.

import { createHash } from "node:crypto";
import { createRequire } from "node:module";
import { parse } from "node:querystring";
import { gzipSync } from "node:zlib";
import { library } from "../lib/library.mjs";
import { hmac, signed } from "../lib/signed.mjs";
import { NOW } from "../lib/suite.mjs";
import { plain } from "./body.mjs";
import { timed, urlCases } from "./timed.mjs";
import { inHeader, token } from "./token.mjs";

const require = createRequire(import.meta.url);
const mandrill = require("mandrill-webhook-validator");
const notion = require("@notionhq/client");
const { Client: WebflowWebhooks } = require("webflow-api/dist/wrapper/WebhooksClient");

const json = JSON.stringify;
const base64 = (text) => Buffer.from(text, "base64");

const KEYS = {
  webhook_secret: "MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY=",
  previous_webhook_secret: "ZmVkY2JhOTg3NjU0MzIxMGZlZGNiYTk4NzY1NDMyMTA=",
};
const STRANGER = "YW5vdGhlciBrZXkgdGhhdCBub2JvZHkga25vd3MgaGVyZSE=";

export const suites = [
  plain("microsoft-teams", {
    status: 200,
    secrets: KEYS,
    stranger: STRANGER,
    key: base64,
    header: "Authorization",
    encoding: "base64",
    wrap: (signature) => `HMAC ${signature}`,
    deliveryId: (text) => JSON.parse(text).id,
    bodies: {
      "a message": json({ type: "message", id: "1780315199000", timestamp: "2026-06-01T11:59:58.123Z", serviceUrl: "https://smba.trafficmanager.net/emea/", channelId: "msteams", from: { id: "29:1", name: "Ann", aadObjectId: "5fec5e6c-6b58-4fd0-9a71-6d8d9b2b0f2f" }, conversation: { isGroup: true, id: "19:253b1f341670408fb6fe51050b6e5ceb@thread.skype;messageid=1", conversationType: "channel" }, text: "<at>siem</at> hello" }),
    },
    more(b, suite) {
      suite.add("attack: the secret's text as key", b.raw(b.options(), `HMAC ${hmac("sha256")(b.first, KEYS.webhook_secret).toString("base64")}`), "reject", "the key is what the text decodes to");
      suite.add("answer: a message", b.request(), { ...b.accept(b.first), response: { json: { type: "message", text: "Received." } } }, "Teams takes nothing else and shows an error in its place");
      suite.add("attack: another scheme", b.raw(b.options(), `Bearer ${b.encode(b.signature(b.options()))}`), "reject", "a signature of an unnamed scheme is none");
    },
  }),
  plain("airtable", {
    secrets: KEYS,
    stranger: STRANGER,
    key: base64,
    header: "X-Airtable-Content-MAC",
    prefix: "hmac-sha256",
    bodies: { "a change": json({ base: { id: "app00000000000000" }, webhook: { id: "ach00000000000000" }, timestamp: "2026-06-01T11:59:58.123Z" }) },
  }),
  timed("webflow", {
    library: library("webflow-api"),
    text: (o) => [o.ts, ":", o.body],
    header: "x-webflow-signature",
    time: { header: "x-webflow-timestamp", unit: "ms", past: 300, future: 300 },
    bodies: { "a form": json({ triggerType: "form_submission", payload: { name: "Contact Us", siteId: "65427cf400e02b306eaa049c", data: { "First Name": "Ann", email: "ann@example.com" }, submittedAt: "2026-06-01T11:59:58.123Z", id: "6321ca84df3949bfc6752327" } }) },
    differs: [
      [/^time: (a second past|years|a second further)/, "it looks at no clock"],
      [/^time: (text|empty|with|negative|hexadecimal|overflowing|not a number)/, "it takes whatever text was signed as a time"],
    ],
    judge: (_, { text, headers, secret }) => WebflowWebhooks.prototype.verifySignature({ headers, body: text, secret }),
  }),
  timed("twitch", {
    text: (o) => [o.id, o.ts, o.body],
    header: "Twitch-Eventsub-Message-Signature",
    id: "Twitch-Eventsub-Message-Id",
    time: { header: "Twitch-Eventsub-Message-Timestamp", unit: "rfc3339", past: 600, future: 600 },
    wrap: (signature) => `sha256=${signature}`,
    extra: (o) => [["Twitch-Eventsub-Message-Type", o.kind ?? "notification"], ["Twitch-Eventsub-Subscription-Type", "channel.ban"], ["Twitch-Eventsub-Message-Retry", "0"]],
    deliveryId: () => "msg_2mN8vQx1",
    bodies: {
      "a ban": json({ subscription: { id: "f1c2a387-161a-49f9-a165-0f21d7a4e1c4", type: "channel.ban", version: "1", status: "enabled", condition: { broadcaster_user_id: "1337" }, created_at: "2026-05-01T10:11:12.634234626Z" }, event: { user_login: "bob", broadcaster_user_login: "ann", moderator_user_login: "mod", reason: "Spam", is_permanent: true } }),
    },
    more(b, suite) {
      const text = json({ challenge: "pogchamp-kappa-360noscope-vohiyo", subscription: { id: "f1c2a387-161a-49f9-a165-0f21d7a4e1c4", type: "channel.ban", status: "webhook_callback_verification_pending" } });
      const kind = "webhook_callback_verification";
      suite.add("handshake: the challenge", b.request({ text, kind }), { outcome: "handshake", status: 200, response: { body: "pogchamp-kappa-360noscope-vohiyo", headers: { "content-type": "text/plain" } } }, "Twitch checks the URL when a subscription is made");
      suite.add("handshake: badly signed", b.request({ text, kind, secret: "somebody" }), "reject", "a challenge is answered to Twitch only");
      suite.add("handshake: unsigned", b.raw(b.options({ text, kind }), []), "reject", "a challenge is answered to Twitch only");
      suite.add("event: an event whose header, which is not signed, says that it is a challenge", b.request({ kind }), b.accept(b.first), "the header is not signed");
      const revoked = json({ subscription: { id: "f1c2a387-161a-49f9-a165-0f21d7a4e1c4", type: "channel.ban", status: "authorization_revoked" } });
      suite.add("event: a revocation", b.request({ text: revoked, kind: "revocation" }), b.accept(revoked), "somebody took the subscription away: an event that one wants to see");
      const precise = "2026-06-01T11:59:58.634234626Z";
      suite.add("time: to the nanosecond", b.request({ ts: precise }), b.accept(b.first), "as Twitch writes it");
    },
  }),
  token("cloudflare-logpush", {
    request: inHeader("Authorization"),
    type: "text/plain",
    events: (text) => text.split("\n").filter(Boolean).length,
    bodies: {
      "two firewall events": ["block", "managed_challenge"].map((Action) => json({ Action, ClientIP: "192.0.2.7", ClientRequestHost: "www.example.com", ClientRequestMethod: "GET", ClientRequestPath: "/wp-login.php", Datetime: "2026-06-01T11:59:58Z", RayID: "3a6b5d", RuleID: "sqli", Source: "waf" }) + "\n").join(""),
      "the test": '{"content":"test"}\n',
    },
    more(suite, request, accept, secret) {
      const text = Object.values(suite.spec.bodies)[0];
      const zipped = request(secret);
      zipped.headers.push(["Content-Encoding", "gzip"]);
      suite.add("genuine: gzip", { ...zipped, body: gzipSync(text) }, accept(text), "as Cloudflare sends it");
    },
  }),
  token("aws-firehose", {
    request: inHeader("X-Amz-Firehose-Access-Key"),
    extra: [["X-Amz-Firehose-Protocol-Version", "1.0"], ["X-Amz-Firehose-Request-Id", "ed4acda5-034f-9f42-bba1-f29aea6d7d8f"], ["X-Amz-Firehose-Source-Arn", "arn:aws:firehose:eu-west-1:123456789012:deliverystream/security"]],
    events: (text) => JSON.parse(text).records?.length ?? 1,
    deliveryId: (text) => JSON.parse(text).requestId,
    // Firehose would send again what is answered with another status.
    damaged: 200,
    bodies: {
      "two records": json({ requestId: "ed4acda5-034f-9f42-bba1-f29aea6d7d8f", timestamp: NOW - 2000, records: ["GuardDuty Finding", "Security Hub Findings - Imported"].map((type, at) => ({ data: Buffer.from(json({ id: `53dc4d37-${at}`, "detail-type": type, source: "aws", account: "123456789012", time: "2026-06-01T11:59:58Z", detail: { severity: 8 } })).toString("base64") })) }),
    },
    more(suite, request, accept, secret) {
      const id = "ed4acda5-034f-9f42-bba1-f29aea6d7d8f";
      const answered = (label, made, expect, more, why) => suite.add(`answer: ${label}`, made, { ...expect, response: { json: { requestId: id, timestamp: NOW, ...more }, headers: { "content-type": "application/json" } } }, why);
      answered("to records", request(secret), accept(), {}, "Firehose takes no other answer for a good one");
      answered("to another key", request("guess"), { outcome: "reject", status: 401 }, { errorMessage: "authentication_failed" }, "Firehose shows the message to the operator");
    },
  }),
  plain("notion", {
    library: library("@notionhq/client"),
    secret: "secret_tMrlL1qK5vuQAh1b6cZGhFChZTSYJlce98V0pYn7yBl",
    header: "X-Notion-Signature",
    prefix: "sha256",
    deliveryId: (text) => JSON.parse(text).id,
    bodies: { "a page": json({ id: "367cba44-b6f3-4c92-81e7-6a2e9659efd4", timestamp: "2026-06-01T11:59:58.123Z", workspace_id: "13950b26-c203-4f3b-b97d-93ec06319565", type: "page.created", authors: [{ id: "c7c11cca-1d73-471d-9b6e-bdef51470190", type: "person" }], entity: { id: "153104cd-477e-809d-8dc4-ff2d96ae3090", type: "page" } }) },
    judge: (_, { body, header, secret }) => notion.verifyWebhookSignature({ body, signature: header("X-Notion-Signature"), verificationToken: secret }),
    more(b, suite) {
      const ask = json({ verification_token: "secret_tMrlL1qK5vuQAh1b6cZGhFChZTSYJlce98V0pYn7yBl" });
      suite.add("handshake: the secret, while enrolment is closed", b.raw(b.options({ text: ask }), []), "reject", "whoever asks first is trusted, so that it must not be open for ever");
      const event = b.first.replace("{", '{"verification_token":"secret_of_somebody",');
      suite.add("event: with another secret in it", b.request({ text: event }), b.accept(event), "what is signed is an event, whatever else it brings");
    },
  }),
  plain("woocommerce", {
    header: "X-WC-Webhook-Signature",
    encoding: "base64",
    extra: () => [["X-WC-Webhook-Topic", "order.created"], ["X-WC-Webhook-Delivery-ID", "53af2b9e"], ["X-WC-Webhook-Source", "https://shop.example.com/"]],
    deliveryId: (text) => `53af2b9e ${createHash("sha256").update(text).digest("hex")}`,
    bodies: { "an order": json({ id: 727, status: "failed", currency: "CHF", total: "29.35", customer_ip_address: "192.0.2.7", billing: { email: "ann@example.com" } }) },
    more(b, suite) {
      const ping = { method: "POST", path: "/woocommerce", headers: [["Content-Type", "application/x-www-form-urlencoded"]], body: Buffer.from("webhook_id=7") };
      suite.add("handshake: the ping", ping, { outcome: "handshake", status: 200, response: { body: "" } }, "WooCommerce saves the webhook only if it is answered");
      const form = b.request({ text: "webhook_id=7&order=1" });
      form.headers[0][1] = "application/x-www-form-urlencoded";
      suite.add("event: a form that is signed", form, b.accept("webhook_id=7&order=1"), "what is signed is an event");
    },
  }),
  token("mattermost", {
    inside: true,
    type: "application/x-www-form-urlencoded",
    request: (values, text) => ({ body: [...values.map((value) => `token=${encodeURIComponent(value)}`), text].join("&") }),
    deliveryId: () => "xbkn3f5fstnkrqd3oqqdsb8fxw",
    bodies: { "a message": "team_id=rdc9bgriktyx9p4kowh3dmgqyc&team_domain=example&channel_id=xr3j5x3p4pfk7kk6ck7b4e6ghh&channel_name=town-square&timestamp=1780315199000&user_id=c3a4cqe3dfy6dgopqt8ai3hydh&user_name=ann&post_id=xbkn3f5fstnkrqd3oqqdsb8fxw&text=siem%3A+hello&trigger_word=siem%3A" },
    more(suite, request, accept, secret) {
      const body = json({ token: secret, team_domain: "example", channel_name: "town-square", user_name: "ann", post_id: "xbkn3f5fstnkrqd3oqqdsb8fxw", text: "siem: hello" });
      const asJson = (text) => ({ ...request([]), headers: [["Content-Type", "application/json"]], body: Buffer.from(text) });
      suite.add("genuine: as JSON", asJson(body), accept(), "Mattermost's other content type");
      suite.add("token: another, as JSON", asJson(body.replace(secret, "guess")), "reject", "it is not the token");
      suite.add("token: missing, as JSON", asJson(body.replace('"token"', '"tokens"')), "reject", "nothing is proven");
      suite.add("token: a form that says it is JSON", { ...request(secret), headers: [["Content-Type", "application/json"]] }, "reject", "a form is read only where the request says that it is one");
      suite.add("token: in the query", { ...request([]), path: `/mattermost?token=${secret}` }, "reject", "it has one place");
    },
  }),
  signed({
    name: "mandrill",
    library: library("mandrill-webhook-validator"),
    publicUrl: "https://hooks.example.com/mandrill",
    secrets: { webhook_secret: "rdBJ9rIqQG1yYzTqWTn7zQ", previous_webhook_secret: "8JmTqWTn7zQrdBJ9rIqQG1" },
    previous: "8JmTqWTn7zQrdBJ9rIqQG1",
    stranger: "test-webhook",
    sign: hmac("sha1"),
    text: (o) => [o.url, "mandrill_events", parse(o.body.toString()).mandrill_events ?? ""],
    type: "application/x-www-form-urlencoded",
    header: "X-Mandrill-Signature",
    encoding: "base64",
    bodyRead: true,
    events: (text) => JSON.parse(parse(text).mandrill_events).length,
    bodies: {
      "two events": `mandrill_events=${encodeURIComponent(json(["hard_bounce", "open"].map((event, at) => ({ event, _id: `7761629d-${at}`, ts: NOW / 1000 - 2, msg: { _id: "7761629d", email: "ann@example.com", subject: "Zoë 😀", sender: "ops@example.com", state: "bounced" } }))))}`,
      "none": "mandrill_events=%5B%5D",
    },
    judge(request, { text, headers, secret }) {
      const query = request.path.includes("?") ? request.path.slice(request.path.indexOf("?")) : "";
      return headers["x-mandrill-signature"] === mandrill.makeSignature(secret, `https://hooks.example.com/mandrill${query}`, parse(text));
    },
    more(b, suite) {
      urlCases(b, suite);
      suite.add("handshake: is it there?", { method: "HEAD", path: "/mandrill", headers: [], body: Buffer.alloc(0) }, { outcome: "handshake", status: 200, response: { body: "" } }, "Mandrill asks before it saves the URL");
    },
  }),
];
