// Vendors that move money or keep it.

import { sign } from "node:crypto";
import { rsa, spki } from "../lib/keys.mjs";
import { asymmetric, hmac } from "../lib/signed.mjs";
import { NOW } from "../lib/suite.mjs";
import { packed, packedAttacks, timed } from "./timed.mjs";

const json = JSON.stringify;

const rsaOf = (name) => rsa({ today: "rsa", yesterday: "rsa-previous", "somebody else": "rsa-stranger" }[name.replace(/^\S+ /, "")]);

/** Bit by bit, as the polynomial is defined: the program has it from a library. */
function crc32(bytes) {
  let crc = 0xffffffff;
  for (const byte of bytes) {
    crc ^= byte;
    for (let bit = 0; bit < 8; bit += 1) crc = crc & 1 ? (crc >>> 1) ^ 0xedb88320 : crc >>> 1;
  }
  return String((crc ^ 0xffffffff) >>> 0);
}

const WEBHOOK_ID = "1JE4291016473214C";
const LISTED = [["content-type", "application/json"], ["x-hook0-id", "7fa0e1c2-3b4d-4e5f-8a9b-0c1d2e3f4a5b"]];

export const suites = [
  timed("recurly", {
    text: (o) => [o.ts, ".", o.body],
    header: "recurly-signature",
    time: { unit: "ms", past: 300, future: 300 },
    wrap: (signature, o) => `${o.ts},${signature}`,
    lines: true,
    extra: () => [["recurly-notification-id", "s7lhmiyfvx4b"]],
    deliveryId: () => "s7lhmiyfvx4b",
    bodies: { "a payment": json({ id: "s7lhmiyfvx4b", object_type: "payment", site_id: "qf1x", event_type: "failed", event_time: "2026-06-01T11:59:58Z", account_code: "ann", uuid: "5c1d" }) },
    more(b, suite) {
      const o = b.options();
      const right = b.encode(b.signature(o));
      const next = b.encode(b.signature({ ...o, secret: "the key to come" }));
      const accept = (name, value) => suite.add(`list: ${name}`, b.raw(o, value), b.accept(b.first), "while a key is rotated both sign");
      const reject = (name, value, why) => suite.add(`list: ${name}`, b.raw(o, value), "reject", why);
      accept("the right one first", `${o.ts},${right},${next}`);
      accept("the right one last", `${o.ts},${next},${right}`);
      reject("of which none is right", `${o.ts},${next},${next}`, "none of them is right");
      reject("with the time at the end", `${right},${o.ts}`, "the time comes first");
      reject("with another time before it", `${NOW + 1},${o.ts},${right}`, "the time that comes first is the one that is signed");
      reject("of a time alone", o.ts, "nothing is proven");
    },
  }),
  asymmetric("fireblocks-v1", rsaOf, spki, {
    sign: (text, key) => sign("rsa-sha512", text, key),
    text: (o) => [o.body],
    header: "Fireblocks-Signature",
    encoding: "base64",
    more_secrets: { tenant_id: "d1c2a3b4-tenant" },
    bodyRead: true,
    bodies: { "a transaction": json({ type: "TRANSACTION_STATUS_UPDATED", tenantId: "d1c2a3b4-tenant", timestamp: NOW - 2000, data: { id: "1e4f", status: "REJECTED", assetId: "BTC", amount: 0.5, createdBy: "ann" } }) },
    more(b, suite) {
      const weak = sign("rsa-sha256", Buffer.from(b.first), suite.spec.signingKey).toString("base64");
      const others = b.first.replace("d1c2a3b4", "ffff2222");
      suite.add("attack: an event of another tenant", b.request({ text: others }), "reject", "all customers share the key");
      suite.add("attack: an event of no tenant", b.request({ text: b.first.replace('"tenantId":"d1c2a3b4-tenant",', "") }), "reject", "all customers share the key");
      suite.add("attack: signed with SHA-256", b.raw(b.options(), weak), "reject", "another hash is another scheme");
    },
  }),
  asymmetric("paypal", rsaOf, spki, {
    overrides: { text: `{header.paypal-transmission-id}|{timestamp}|${WEBHOOK_ID}|{body|crc32}` },
    sign: (text, key) => sign("rsa-sha256", text, key),
    text: (o) => [o.id, "|", o.ts, "|", o.webhook ?? WEBHOOK_ID, "|", crc32(o.body)],
    header: "PAYPAL-TRANSMISSION-SIG",
    id: "PAYPAL-TRANSMISSION-ID",
    time: { header: "PAYPAL-TRANSMISSION-TIME", unit: "rfc3339", past: 73 * 3600, future: 300 },
    encoding: "base64",
    extra: () => [["PAYPAL-AUTH-ALGO", "SHA256withRSA"], ["PAYPAL-CERT-URL", "https://api.paypal.com/v1/notifications/certs/CERT-360caa42-fca2a594-7a8abba8"]],
    deliveryId: () => "msg_2mN8vQx1",
    bodies: { "a dispute": json({ id: "WH-4M0448861G563140B-9EX36365822141321", event_version: "1.0", create_time: "2026-06-01T11:59:58.123Z", event_type: "CUSTOMER.DISPUTE.CREATED", summary: "A new dispute opened", resource: { dispute_id: "PP-000-042-663-135", reason: "UNAUTHORISED" } }) },
    more(b, suite) {
      suite.add("attack: an event of another webhook", b.request({ webhook: "9AB1234567890123X" }), "reject", "all customers share PayPal's key");
      suite.add("id: another", b.raw({ ...b.options(), id: "msg_other" }, b.encode(b.signature(b.options()))), "reject", "the id is signed");
      suite.add("id: missing", b.raw({ ...b.options(), id: null }, b.encode(b.signature(b.options()))), "reject", "the id is signed");
    },
  }),
  timed("coinbase-cdp", {
    text: (o) => [o.ts, ".", LISTED.map(([name]) => name).join(" "), ".", LISTED.map(([, value]) => value).join("."), ".", o.body],
    header: "X-Hook0-Signature",
    time: { unit: "s", past: 300, future: 300 },
    wrap: (signature, o) => `t=${o.ts},v0=${hmac("sha256")(Buffer.concat([Buffer.from(`${o.ts}.`), o.body]), o.secret).toString("hex")},h=content-type x-hook0-id,v1=${signature}`,
    lines: true,
    extra: () => [["X-Hook0-Id", LISTED[1][1]]],
    deliveryId: () => LISTED[1][1],
    bodies: { "a transfer": json({ id: "evt_1a2b3c4d5e6f", type: "onchain.activity.detected", createdAt: "2026-06-01T11:59:58.123Z", data: { subscriptionId: "sub_1", networkId: "base-mainnet", blockNumber: 12345678, eventName: "Transfer", contractAddress: "0x833589fcd6edb6e08f4c7c32d4f71b54bda02913" } }) },
    more(b, suite) {
      const o = b.options();
      const value = b.request().headers.at(-1)[1];
      const reject = (name, change, why) => suite.add(`attack: ${name}`, b.raw(o, change(value)), "reject", why);
      reject("only the signature of the body", (text) => text.replace(/,h=.*/, ""), "a scheme that is not taken proves nothing");
      reject("the signature of the body as that of the headers", (text) => text.replace(/v1=.*/, `v1=${text.match(/v0=([0-9a-f]+)/)[1]}`), "the headers are signed too");
      reject("a header taken off the list", (text) => text.replace("content-type x-hook0-id", "content-type"), "the list is signed");
      reject("an empty list", (text) => text.replace("content-type x-hook0-id", ""), "the list is signed");
      reject("the time renewed", (text) => text.replace(/t=\d+/, `t=${NOW / 1000 + 1}`), "the time is signed");
      const renamed = b.request();
      renamed.headers.find(([name]) => name === "X-Hook0-Id")[1] = "another";
      suite.add("attack: another id", renamed, "reject", "the headers that are listed are signed");
      const dropped = b.request();
      dropped.headers = dropped.headers.filter(([name]) => name !== "X-Hook0-Id");
      suite.add("attack: a listed header taken out", dropped, "reject", "the headers that are listed are signed");
    },
  }),
  timed("persona", {
    text: (o) => [o.ts, ".", o.body],
    header: "Persona-Signature",
    time: { unit: "s", past: 300, future: 300 },
    ...packed("t", "v1", ",", "v0"),
    deliveryId: (text) => JSON.parse(text).data.id,
    bodies: { "an inquiry": json({ data: { type: "event", id: "evt_XGuqFwYJvSYAsWpUzWUqVeGg", attributes: { name: "inquiry.declined", "created-at": "2026-06-01T11:59:58.123Z", payload: { data: { type: "inquiry", id: "inq_ypsmFUtLuXFh4U2HFMfWjnPZ", attributes: { status: "declined" } } } } } }) },
    more(b, suite) {
      packedAttacks("t", "v1", ",")(b, suite);
      const o = b.options();
      const right = b.encode(b.signature(o));
      const next = b.encode(b.signature({ ...o, secret: "the secret to come" }));
      const pair = (signature, ts = o.ts) => `t=${ts},v1=${signature}`;
      suite.add("rotation: two pairs, the right one first", b.raw(o, `${pair(right)} ${pair(next)}`), b.accept(b.first), "while a secret is rotated both sign");
      suite.add("rotation: two pairs, the right one last", b.raw(o, `${pair(next)} ${pair(right)}`), b.accept(b.first), "while a secret is rotated both sign");
      suite.add("rotation: two pairs of which none is right", b.raw(o, `${pair(next)} ${pair(next)}`), "reject", "none of them is right");
      suite.add("rotation: two pairs of two times", b.raw(o, `${pair(next, NOW / 1000 + 1)} ${pair(right)}`), "reject", "two times contradict each other");
    },
  }),
];
