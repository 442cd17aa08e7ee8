// Vendors that deal with people: who is hired, paid and proven to be somebody.

import { createRequire } from "node:module";
import { library } from "../lib/library.mjs";
import { hmac, signed } from "../lib/signed.mjs";
import { NOW } from "../lib/suite.mjs";
import { plain } from "./body.mjs";

const require = createRequire(import.meta.url);
const gocardless = require("gocardless-nodejs/webhooks");

const json = JSON.stringify;

export const suites = [
  signed({
    name: "lever",
    partly: true,
    bodyRead: true,
    secrets: { webhook_secret: "lever-signature-token-of-today", previous_webhook_secret: "lever-signature-token-of-yesterday" },
    previous: "lever-signature-token-of-yesterday",
    stranger: "lever-signature-token-of-somebody",
    sign: hmac("sha256"),
    text: (o) => ["ff0a9b1e3c4d5e6f", o.ts],
    header: "",
    time: { unit: "ms", past: 86_400, future: 300 },
    deliveryId: () => "d0b2f6e4-1f4d-4f5e-9a52-9d3c1a1f7b11",
    bodies: { "a hire": json({ candidateId: "6dfb5d1c-2f1a-4e0a-8f0a-3f9d1c2b4a5e", opportunityId: "8a2c1f3e-0b4d-4e6f-9a8b-7c6d5e4f3a2b" }) },
    build(o, values) {
      const members = ['"id":"d0b2f6e4-1f4d-4f5e-9a52-9d3c1a1f7b11"', `"triggeredAt":${/^\d{1,17}$/.test(o.ts) && !/^0/.test(o.ts) ? o.ts : json(o.ts)}`, '"event":"candidateHired"', '"webhookId":"w1"', '"token":"ff0a9b1e3c4d5e6f"', ...values.map((value) => `"signature":${json(value)}`)];
      return { method: "POST", path: "/lever", headers: [["Content-Type", "application/json"]], body: Buffer.from(`{${members.join(",")},"data":${o.body}}`) };
    },
    more(b, suite) {
      const change = (name, from, to, why) => {
        const request = b.request();
        suite.add(name, { ...request, body: Buffer.from(request.body.toString().replace(from, to)) }, "reject", why);
      };
      change("body: another token", "ff0a9b1e", "ef0a9b1e", "the token is signed");
      change("body: no token", '"token":"ff0a9b1e3c4d5e6f",', "", "the token is signed");
      change("time: renewed", `${NOW}`, `${NOW + 1}`, "the time is signed");
      change("time: missing", `"triggeredAt":${NOW},`, "", "without its time it may be of any");
      const request = b.request();
      suite.add("body: another candidate", { ...request, body: Buffer.from(request.body.toString().replace("6dfb5d1c", "7dfb5d1c")) }, b.accept(b.first), "Lever signs a token and a time and no more: an operator has to know");
    },
  }),
  plain("greenhouse", {
    header: "Signature",
    wrap: (signature) => `sha256 ${signature}`,
    extra: () => [["Greenhouse-Event-ID", "75f2b4f4-1b8e-4cd5-8e52-3c3a2a1f5b6d"]],
    deliveryId: () => "75f2b4f4-1b8e-4cd5-8e52-3c3a2a1f5b6d",
    bodies: {
      "a hire": json({ action: "hire_candidate", payload: { application: { id: 46194062, status: "hired", candidate: { id: 37177117, first_name: "Ann", last_name: "Smith" } } } }),
      "the ping": json({ action: "ping", payload: { web_hook_id: 1133091 } }),
    },
  }),
  plain("deel", {
    header: "x-deel-signature",
    text: (o) => ["POST", o.body],
    extra: () => [["x-deel-hmac-label", "hmac-label-1"]],
    bodies: {
      "a contract": json({ data: { meta: { event_type: "contract.status.updated", event_type_id: "0a1b2c3d" }, resource: [{ id: "37nex2x", type: "ongoing_time_based", status: "in_progress" }] }, timestamp: "2026-06-01T11:59:58.123Z" }),
    },
    more(b, suite) {
      suite.add("attack: the body alone is signed", b.raw(b.options(), hmac("sha256")(b.first, suite.spec.secrets.webhook_secret).toString("hex")), "reject", "the method is signed before it");
      suite.add("attack: the method at the start of another body", b.raw(b.options({ body: Buffer.from(`POST${b.first}`) }), b.encode(b.signature(b.options()))), "reject", "it is not what was signed");
    },
  }),
  plain("sumsub", {
    header: "X-Payload-Digest",
    extra: () => [["X-Payload-Digest-Alg", "HMAC_SHA256_HEX"]],
    bodies: {
      "a review": json({ applicantId: "5cb56e8e0a975a35f333cb83", inspectionId: "5cb56e8e0a975a35f333cb84", correlationId: "req-a260b669-4f14-4bb5-a4c5-ac0218acb9a4", externalUserId: "ann", levelName: "id-and-liveness", type: "applicantReviewed", reviewResult: { reviewAnswer: "RED", rejectLabels: ["FORGERY"], reviewRejectType: "FINAL" }, reviewStatus: "completed", createdAtMs: "2026-06-01 11:59:58.123" }),
    },
    more(b, suite) {
      const weak = b.raw(b.options(), hmac("sha1")(b.first, suite.spec.secrets.webhook_secret).toString("hex"));
      weak.headers.find(([name]) => name === "X-Payload-Digest-Alg")[1] = "HMAC_SHA1_HEX";
      suite.add("attack: SHA-1, as the header says", weak, "reject", "no downgrade");
    },
  }),
  plain("gocardless", {
    library: library("gocardless-nodejs"),
    header: "Webhook-Signature",
    events: (text) => JSON.parse(text).events.length,
    deliveryId: (text) => JSON.parse(text).meta.webhook_id,
    bodies: {
      "two events": json({ events: [{ id: "EV123", created_at: "2026-06-01T11:59:58.123Z", action: "failed", resource_type: "payments", links: { payment: "PM123" }, details: { origin: "bank", cause: "insufficient_funds", description: "The customer's account had insufficient funds." } }, { id: "EV456", created_at: "2026-06-01T11:59:58.124Z", action: "cancelled", resource_type: "mandates", links: { mandate: "MD123" }, details: { origin: "bank", cause: "bank_account_disabled", description: "The mandate was cancelled." } }], meta: { webhook_id: "WB123" } }),
    },
    judge: (_, { body, headers, secret }) => {
      gocardless.verifySignature(body, secret, headers["webhook-signature"]);
      return true;
    },
  }),
];
