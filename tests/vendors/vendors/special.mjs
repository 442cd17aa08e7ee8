// Vendors with a key pair, and those whose signature is over parts of the request or inside it.

import { createHash, createPublicKey, sign } from "node:crypto";
import { createRequire } from "node:module";
import { parse } from "node:querystring";
import { EventWebhook } from "@sendgrid/eventwebhook";
import { ecdsa, ed25519, p256, raw, rsa, spki } from "../lib/keys.mjs";
import { library } from "../lib/library.mjs";
import { asymmetric, hmac, signed } from "../lib/signed.mjs";
import { NOW } from "../lib/suite.mjs";
import { urlCases } from "./timed.mjs";

const require = createRequire(import.meta.url);
// One of them talks.
process.env.LOG_LEVEL = "none";
const twilio = require("twilio");
const { hmacValidator: AdyenValidator } = require("@adyen/api-library");
const adobe = require("@adobe/aio-lib-events/src/signatureUtils").exportFunctions;

const json = JSON.stringify;

const rsaOf = { today: rsa("rsa"), yesterday: rsa("rsa-previous"), "somebody else": rsa("rsa-stranger") };

const twilioForm = (body) => {
  const params = parse(body.toString());
  return Object.keys(params).sort().map((name) => [params[name]].flat().toSorted().map((value) => name + value).join("")).join("");
};

export const suites = [
  asymmetric("sendgrid", p256, spki, {
    library: library("@sendgrid/eventwebhook"),
    sign: (text, key) => ecdsa(text, key),
    text: (o) => [o.ts, o.body],
    header: "X-Twilio-Email-Event-Webhook-Signature",
    encoding: "base64",
    time: { header: "X-Twilio-Email-Event-Webhook-Timestamp", unit: "s", past: 25 * 3600, future: 300 },
    events: (text) => JSON.parse(text).length ?? 1,
    bodies: {
      "two events": json([{ email: "ann@example.com", timestamp: 1780315199, event: "bounce", reason: "550 no such user", sg_event_id: "ZGVsaXZlcmVkLTAtMQ", sg_message_id: "14c5d75ce93.dfd.64b469" }, { email: "bob@example.com", timestamp: 1780315199, event: "spamreport", sg_event_id: "ZGVsaXZlcmVkLTAtMg", sg_message_id: "14c5d75ce93.dfd.64b470" }]) + "\r\n",
    },
    differs: [
      [/^time: (a second past|years|a second further)/, "it looks at no clock"],
      [/^time: (text|empty|with|negative|hexadecimal|overflowing|not a number)/, "it takes whatever text was signed as a time"],
    ],
    judge(_, { body, header, secret }) {
      const webhook = new EventWebhook();
      return webhook.verifySignature(webhook.convertPublicKeyToECDSA(secret), body, header("X-Twilio-Email-Event-Webhook-Signature"), header("X-Twilio-Email-Event-Webhook-Timestamp"));
    },
  }),
  asymmetric("standard-webhooks-asymmetric", ed25519, (key) => `whpk_${raw(key).toString("base64")}`, {
    text: (o) => [o.id, ".", o.ts, ".", o.body],
    header: "webhook-signature",
    id: "webhook-id",
    time: { header: "webhook-timestamp", unit: "s", past: 300, future: 300 },
    encoding: "base64",
    wrap: (signature) => `v1a,${signature}`,
    list: { separator: " ", item: (signature, key = "v1a") => `${key},${signature}`, old: "v1" },
    deliveryId: () => "msg_2mN8vQx1",
    bodies: { "an event": json({ type: "contact.created", timestamp: "2026-06-01T11:59:58.123Z", data: { id: "1f81eb52", type: "contact" } }) },
    more(b, suite) {
      const o = b.options();
      const known = suite.spec.secrets.public_key;
      const text = Buffer.from(`${o.id}.${o.ts}.${b.first}`);
      for (const [name, key] of [["its text", known], ["its bytes", Buffer.from(known.slice(5), "base64")]]) {
        const forged = hmac("sha256")(text, key).toString("base64");
        suite.add(`attack: an HMAC with the public key, ${name}`, b.raw(o, `v1,${forged}`), "reject", "everybody knows the public key");
        suite.add(`attack: an HMAC with the public key, ${name}, under the right version`, b.raw(o, `v1a,${forged}`), "reject", "everybody knows the public key");
      }
      const right = b.encode(b.signature(o));
      suite.add("id: another", b.raw({ ...o, id: "msg_other" }, `v1a,${right}`), "reject", "the id is signed");
      suite.add("id: missing", b.raw({ ...o, id: null }, `v1a,${right}`), "reject", "the id is signed");
    },
  }),
  asymmetric("adobe", (name) => rsaOf[name.slice("adobe ".length)], spki, {
    library: library("@adobe/aio-lib-events"),
    more_secrets: { client_id: "4d8f7e2a9b0c4f31a5e6d7c8b9a0f1e2" },
    sign: (text, key) => sign("rsa-sha256", text, key),
    text: (o) => [o.body],
    header: "x-adobe-digital-signature-1",
    encoding: "base64",
    bodyRead: true,
    extra: () => [["x-adobe-public-key1-path", "/prod/keys/pub-key-1.pem"], ["x-adobe-public-key2-path", "/prod/keys/pub-key-2.pem"], ["x-adobe-event-id", "eb04c2e1-0001"]],
    deliveryId: (text) => JSON.parse(text).event_id,
    bodies: {
      "an event": json({ event_id: "eb04c2e1-0001", event: { header: { imsOrgId: "1@AdobeOrg" }, body: { event: { "activitystreams:published": "2026-06-01T11:59:58Z" } } }, recipient_client_id: "4d8f7e2a9b0c4f31a5e6d7c8b9a0f1e2" }),
    },
    judge: async (_, { text, header, secret }) => {
      const pem = createPublicKey({ key: Buffer.from(secret, "base64"), format: "der", type: "spki" }).export({ format: "pem", type: "spki" });
      const signatures = [header("x-adobe-digital-signature-1") ?? "", header("x-adobe-digital-signature-2") ?? ""];
      const id = "4d8f7e2a9b0c4f31a5e6d7c8b9a0f1e2";
      return adobe.isTargetRecipient(JSON.parse(text), id) && Boolean(await adobe.verifySignature(signatures, text, [pem, pem], id));
    },
    more(b, suite) {
      const o = b.options();
      const right = b.encode(b.signature(o));
      const both = (first, second) => {
        const request = b.raw(o, first);
        request.headers.push(["x-adobe-digital-signature-2", second]);
        return request;
      };
      const wrong = b.encode(b.signature({ ...o, secret: suite.spec.stranger }));
      suite.add("headers: both, the second of a known key", both(wrong, right), b.accept(b.first), "either key counts");
      suite.add("headers: both of unknown keys", both(wrong, wrong), "reject", "neither is known");
      const others = b.first.replace("4d8f7e2a9b0c4f31a5e6d7c8b9a0f1e2", "ffff7e2a9b0c4f31a5e6d7c8b9a0f1e2");
      suite.add("attack: an event for another customer", b.request({ text: others }), "reject", "all customers share Adobe's keys");
      const nobody = b.first.replace(/,"recipient_client_id":"[^"]*"/, "");
      suite.add("attack: an event for nobody", b.request({ text: nobody }), "reject", "all customers share Adobe's keys");
      suite.add("handshake: the challenge", { method: "GET", path: "/adobe?challenge=8ec8d794-e0ab-42df-9017-e3dada8e84f7", headers: [], body: Buffer.alloc(0) }, { outcome: "handshake", status: 200, response: { json: { challenge: "8ec8d794-e0ab-42df-9017-e3dada8e84f7" } } }, "Adobe checks the URL when it is given");
      suite.add("handshake: a GET without a challenge", { method: "GET", path: "/adobe", headers: [], body: Buffer.alloc(0) }, { outcome: "reject", status: 405 }, "a GET brings no event");
    },
  }),
  signed({
    name: "twilio",
    library: library("twilio"),
    publicUrl: "https://hooks.example.com/twilio",
    secrets: { webhook_secret: "12345abcdef67890fedcba0987654321", previous_webhook_secret: "fedcba0987654321fedcba0987654321" },
    previous: "fedcba0987654321fedcba0987654321",
    stranger: "00000000000000000000000000000000",
    sign: hmac("sha1"),
    text: (o) => [o.url, twilioForm(o.body)],
    type: "application/x-www-form-urlencoded",
    header: "X-Twilio-Signature",
    encoding: "base64",
    bodyRead: true,
    extra: () => [["I-Twilio-Idempotency-Token", "b8e1c2d3-0d3c-4d3e-9d8c-7a6b5c4d3e2f"]],
    deliveryId: () => "b8e1c2d3-0d3c-4d3e-9d8c-7a6b5c4d3e2f",
    bodies: {
      "a message": "AccountSid=AC0123456789abcdef0123456789abcdef&Body=Hello%20there%21+ok&From=%2B14155551212&MessageSid=SM1&NumMedia=0&To=%2B41791234567",
      "unicode and empty values": "To=%2B41791234567&Body=Zo%C3%AB+%F0%9F%98%80&Digits=&AccountSid=AC1",
      "names out of order": "b=2&a=1&B=3&A=4&a1=5&a.b=6",
      "a name twice": "MediaUrl=https%3A%2F%2Fb&MediaUrl=https%3A%2F%2Fa&AccountSid=AC1",
    },
    judge(request, { text, headers, secret }) {
      const query = request.path.includes("?") ? request.path.slice(request.path.indexOf("?")) : "";
      const url = `https://hooks.example.com/twilio${query}`;
      const signature = headers["x-twilio-signature"] ?? "";
      if (query.includes("bodySHA256")) return twilio.validateRequestWithBody(secret, signature, url, text);
      return twilio.validateRequest(secret, signature, url, parse(text));
    },
    more(b, suite) {
      urlCases(b, suite);
      const { publicUrl } = suite.spec;
      const withPort = (port) => publicUrl.replace("example.com", `example.com:${port}`);
      suite.add("url: with the scheme's own port", b.request({ url: withPort(443) }), b.accept(b.first), "Twilio signs some URLs with the port");
      suite.add("url: with another port", b.request({ url: withPort(8443) }), "reject", "that is another URL");
      const body = json({ CallSid: "CA1", Note: "Zoë 😀", big: 12345678901234567890 }).replace("12345678901234567000", "12345678901234567890");
      const digest = twilio.getExpectedTwilioSignature ? createHash("sha256").update(body).digest("hex") : "";
      const request = (given = {}) => {
        const o = { body, digest, sent: given.body ?? body, query: undefined, ...given };
        const query = o.query ?? `?bodySHA256=${o.digest}`;
        const signature = twilio.getExpectedTwilioSignature(o.secret ?? suite.spec.secrets.webhook_secret, publicUrl + (o.signed ?? query), {});
        return { method: "POST", path: `/twilio${query}`, headers: [["Content-Type", "application/json"], ["I-Twilio-Idempotency-Token", "b8e1c2d3-0d3c-4d3e-9d8c-7a6b5c4d3e2f"], ["X-Twilio-Signature", signature]], body: Buffer.from(o.sent) };
      };
      const accepted = { outcome: "accept", status: 200, events: 1, delivery_id: "b8e1c2d3-0d3c-4d3e-9d8c-7a6b5c4d3e2f" };
      suite.add("json: genuine", request(), accepted, "JSON bodies are signed by their digest in the URL");
      suite.add("json: with another parameter", request({ query: `?tenant=7&bodySHA256=${digest}` }), accepted, "the query is signed as it was sent");
      suite.add("json: a byte changed", request({ sent: body.replace("CA1", "CA2") }), "reject", "the digest is another");
      suite.add("json: a newline appended", request({ sent: `${body}\n` }), "reject", "the digest is another");
      suite.add("json: the digest exchanged with the body", request({ sent: "{}", query: `?bodySHA256=${createHash("sha256").update("{}").digest("hex")}`, signed: `?bodySHA256=${digest}` }), "reject", "the digest is signed");
      suite.add("json: wrong secret", request({ secret: suite.spec.stranger }), "reject", "whoever signed does not know the secret");
      suite.add("json: no digest", request({ query: "" }), "reject", "the body is not signed");
      suite.add("json: an empty digest", request({ query: "?bodySHA256=" }), "reject", "the body is not signed");
      suite.add("json: two digests", request({ query: `?bodySHA256=${createHash("sha256").update("{}").digest("hex")}&bodySHA256=${digest}` }), "reject", "one of two readings would be a guess", { judge: false });
      const posing = request({ sent: "CallSid=CA2" });
      posing.headers[0][1] = "application/x-www-form-urlencoded";
      suite.add("attack: a form under the signature of a JSON body", posing, "reject", "a form is signed by its fields");
      const bare = b.request();
      bare.headers[0][1] = "application/json";
      bare.body = Buffer.from("{}");
      suite.add("attack: a JSON body under the signature of a form", bare, "reject", "a JSON body is signed by its digest");
    },
  }),
  signed({
    name: "mailgun",
    partly: true,
    bodyRead: true,
    secrets: { webhook_secret: "key-3ax6xnjp29jd6fds4gc373sgvjxteol0", previous_webhook_secret: "key-yesterday" },
    previous: "key-yesterday",
    stranger: "key-of-somebody-else",
    sign: hmac("sha256"),
    text: (o) => [o.ts, "3a9f4b1c2d5e6f708192a3b4c5d6e7f8091a2b3c4d5e6f70"],
    time: { unit: "s", past: 300, future: 300 },
    header: "",
    deliveryId: () => "CPgfbmQMTCKtHW6uIWtuVe",
    bodies: {
      "a failure": json({ id: "CPgfbmQMTCKtHW6uIWtuVe", timestamp: 1780315199.873, event: "failed", severity: "permanent", recipient: "ann@example.com", "delivery-status": { code: 605, message: "" } }),
    },
    build(o, values) {
      const members = [`"timestamp":${json(o.ts)}`, '"token":"3a9f4b1c2d5e6f708192a3b4c5d6e7f8091a2b3c4d5e6f70"', ...values.map((value) => `"signature":${json(value)}`)];
      return { method: "POST", path: "/mailgun", headers: [["Content-Type", "application/json"]], body: Buffer.from(`{"signature":{${members.join(",")}},"event-data":${o.body}}`) };
    },
    more(b, suite) {
      const change = (name, from, to, why) => {
        const request = b.request();
        suite.add(name, { ...request, body: Buffer.from(request.body.toString().replace(from, to)) }, "reject", why);
      };
      change("body: another token", "3a9f4b1c", "4a9f4b1c", "the token is signed");
      change("body: no token", /"token":"[^"]*",/, "", "the token is signed");
      change("body: an empty token", /"token":"[^"]*"/, '"token":""', "the token is signed");
      change("time: renewed", `"${NOW / 1000}"`, `"${NOW / 1000 + 1}"`, "the time is signed");
      change("time: missing", /"timestamp":"\d+",/, "", "the time is signed");
      change("body: two signatures of which none is text", /"signature":"[^"]*"\}/, '"signature":["a"]}', "a list is no signature");
      change("body: not JSON", '{"signature"', '"signature"', "the signature is inside");
    },
  }),
  adyen(),
];

function adyen() {
  const key = "44782DEF547AAA06C910C43932B1EB0C71FC68D9D0C057550C48EC2ACF6BA056";
  const previous = "55782DEF547AAA06C910C43932B1EB0C71FC68D9D0C057550C48EC2ACF6BA056";
  const validator = new AdyenValidator();
  const item = (given = {}) => ({
    amount: { currency: "EUR", value: 1000 }, eventCode: "AUTHORISATION", eventDate: "2026-06-01T13:59:58+02:00", merchantAccountCode: "YourMerchantAccount", merchantReference: "8313842560770001", paymentMethod: "visa", pspReference: "7914073381342284", success: "false", reason: "Refused", ...given,
  });
  const withSignature = (one, signature) => ({ NotificationRequestItem: { additionalData: { hmacSignature: signature }, ...one } });
  const request = (...items) => ({ method: "POST", path: "/adyen", headers: [["Content-Type", "application/json"]], body: Buffer.from(json({ live: "true", notificationItems: items })) });
  return signed({
    name: "adyen",
    library: library("@adyen/api-library"),
    partly: true,
    bodyRead: true,
    secrets: { webhook_secret: key, previous_webhook_secret: previous },
    previous,
    stranger: "66782DEF547AAA06C910C43932B1EB0C71FC68D9D0C057550C48EC2ACF6BA056",
    key: (secret) => Buffer.from(secret, "hex"),
    sign: hmac("sha256"),
    text: (o) => [validator.getDataToSign(JSON.parse(o.body))],
    header: "",
    encoding: "base64",
    bodies: { "a refusal": json(item()), "one that refers to another": json(item({ eventCode: "REFUND", originalReference: "7914073381342283", success: "true" })), "unicode": json(item({ merchantReference: "Zoë 😀 / 7" })) },
    build(o, values) {
      const inner = o.body.toString().slice(1);
      const signatures = values.map((value) => `"hmacSignature":${json(value)}`).join(",");
      return { method: "POST", path: "/adyen", headers: [["Content-Type", "application/json"]], body: Buffer.from(`{"live":"true","notificationItems":[{"NotificationRequestItem":{"additionalData":{${signatures}},${inner}}]}`) };
    },
    judge: (_, { text, secret }) => {
      const items = JSON.parse(text).notificationItems;
      return items.length > 0 && items.every(({ NotificationRequestItem: one }) => validator.validateHMAC(one, secret));
    },
    more(b, suite) {
      const good = item();
      const right = validator.calculateHmac(good, key);
      const other = item({ pspReference: "7914073381342285", originalReference: "7914073381342284", eventCode: "CHARGEBACK" });
      const second = validator.calculateHmac(other, key);
      suite.add("items: two", request(withSignature(good, right), withSignature(other, second)), { outcome: "accept", status: 200, events: 2 }, "each carries its own signature");
      suite.add("items: the second unsigned", request(withSignature(good, right), { NotificationRequestItem: other }), "reject", "each carries its own signature");
      suite.add("items: the second with the first's signature", request(withSignature(good, right), withSignature(other, right)), "reject", "each carries its own signature");
      suite.add("items: none", request(), "reject", "nothing is proven");
      suite.add("items: no list", { ...request(), body: Buffer.from('{"live":"true"}') }, "reject", "nothing is proven");
      for (const [name, given] of Object.entries({
        "the amount": { amount: { currency: "EUR", value: 9999 } }, "the currency": { amount: { currency: "JPY", value: 1000 } }, "the event": { eventCode: "REFUND" }, "the success": { success: "true" }, "the reference": { merchantReference: "1" }, "the account": { merchantAccountCode: "Another" }, "an original reference": { originalReference: "7914073381342283" },
      })) suite.add(`item: ${name} changed`, request(withSignature(item(given), right)), "reject", "the eight fields are signed");
      suite.add("item: what is not signed changed", request(withSignature(item({ reason: "Fraud" }), right)), { outcome: "accept", status: 200, events: 1 }, "Adyen signs eight fields and no more: an operator has to know");
      const { amount, ...poor } = good;
      suite.add("item: no amount", request(withSignature(poor, right)), "reject", "the eight fields are signed");
      const utf8 = hmac("sha256")(validator.getDataToSign(good), key).toString("base64");
      suite.add("attack: the key's text as key", request(withSignature(good, utf8)), "reject", "the key is what the hex digits mean");
    },
  });
}
