// Vendors whose token holds the body's hash, or whose signature leaves the body out (detached JWS).

import { createHash, createSecretKey } from "node:crypto";
import { compactVerify, createLocalJWKSet, decodeProtectedHeader, jwtVerify } from "jose";
import { crossed } from "../lib/crossed.mjs";
import { library } from "../lib/library.mjs";
import { NOW, Suite, iso } from "../lib/suite.mjs";
import { google, jwk, tokens, write } from "./jwt.mjs";

const json = JSON.stringify;
const hash = (encoding) => (data) => createHash("sha256").update(data).digest(encoding);
const secrets = (name) => ({
  secrets: { webhook_secret: `${name}-secret-of-today-0123456789abcdef`, previous_webhook_secret: `${name}-secret-of-yesterday-0123456789` },
  key: `${name}-secret-of-today-0123456789abcdef`,
  previous: `${name}-secret-of-yesterday-0123456789`,
  stranger: `${name}-secret-of-somebody-else-01234`,
  rotation: {
    both: { secrets: ["webhook_secret", "previous_webhook_secret"] },
    retired: { secrets: ["webhook_secret", { name: "previous_webhook_secret", not_after: iso(NOW - 1000) }] },
    judged: ["webhook_secret", "previous_webhook_secret"],
  },
});

/** A vendor whose token has the body's hash in `claim`, and no time. */
const bound = (name, { claim, encoding, header, algorithms, ...spec }) => tokens({
  name,
  library: library("jose"),
  alg: "HS256",
  ...secrets(name),
  claims: (o) => ({ ...spec.issued, [claim]: hash(encoding)(o.text) }),
  coversBody: true,
  place: (token) => [[header, token]],
  digests: { [claim]: "it says which body the token is for" },
  async judge(_, { headers, body, secret }) {
    const { payload } = await jwtVerify(headers[header.toLowerCase()], createSecretKey(Buffer.from(secret)), { algorithms, ...(spec.issued?.iss ? { issuer: spec.issued.iss } : {}) });
    return payload[claim] === hash(encoding)(body);
  },
  ...spec,
});

export const suites = [
  bound("netlify", {
    claim: "sha256",
    encoding: "hex",
    header: "X-Webhook-Signature",
    algorithms: ["HS256"],
    otherAlg: "HS512",
    issued: { iss: "netlify" },
    wrongClaims: { "another issuer": { iss: "somebody" }, "no issuer": { iss: undefined } },
    bodies: { "a deploy": json({ id: "5f0f3b", site_id: "fa8c2b41", name: "docs", state: "error", error_message: "Build script returned non-zero exit code: 2", updated_at: "2026-06-01T11:59:58.123Z", branch: "main", committer: "ann" }) },
  }),
  bound("fusionauth", {
    claim: "request_body_sha256",
    encoding: "base64",
    header: "X-FusionAuth-Signature-JWT",
    algorithms: ["HS256", "HS384", "HS512"],
    otherAlg: "RS256",
    otherKey: google.today,
    deliveryId: (text) => JSON.parse(text).event?.id,
    bodies: { "a login that failed": json({ event: { id: "e502168a-b469-45d9-a079-fd45f83e0406", type: "user.login.failed", createInstant: 1780315198123, tenantId: "30663132-6464-6665-3032-326466613934", authenticationType: "PASSWORD", ipAddress: "192.0.2.7", user: { id: "0001", email: "ann@example.com" } } }) },
    more({ make, accept, reject, first }, suite) {
      for (const alg of ["HS384", "HS512"]) suite.add(`algorithm: ${alg}`, make({ header: { alg } }), accept(), "the key can be for either");
      reject("claim: the hash in hexadecimal", { claims: { request_body_sha256: hash("hex")(first) } }, "another encoding is another text");
    },
  }),
  fireblocks(),
];

function fireblocks() {
  const kids = ["fb-key-today", "fb-key-yesterday"];
  const keys = { keys: [jwk(google.today, kids[0], "RS512"), jwk(google.yesterday, kids[1], "RS512")] };
  const workspace = "a1b2c3d4-workspace";
  const body = json({ id: "9b1deb4d-3b7d-4bad-9bdd-2b0d7b3dcb6d", eventType: "transaction.status.updated", eventVersion: 1, resourceId: "1e4f", createdAt: NOW - 2000, workspaceId: workspace, data: { id: "1e4f", status: "REJECTED", note: "Zo\u00eb" } });
  const suite = new Suite({
    name: "fireblocks",
    library: library("jose"),
    secrets: { workspace_id: workspace },
    published: { "https://keys.fireblocks.io/.well-known/jwks.json": json(keys) },
    async judge(_, { headers, body: sent, text }) {
      const [head, middle, signature, ...rest] = headers["fireblocks-webhook-signature"].split(".");
      if (middle !== "" || rest.length > 0 || decodeProtectedHeader(`${head}..x`).alg !== "RS512") return false;
      await compactVerify(`${head}.${sent.toString("base64url")}.${signature}`, createLocalJWKSet(keys), { algorithms: ["RS512"] });
      return JSON.parse(text).workspaceId === workspace;
    },
  });
  const make = ({ text = body, sent = text, key = google.today, header, change = (value) => value } = {}) => {
    const [head, , signature] = write({ alg: "RS512", kid: kids[0], ...header }, text, key).split(".");
    return { method: "POST", path: "/fireblocks", headers: [["Content-Type", "application/json"], ["Fireblocks-Webhook-Signature", change(`${head}..${signature}`)]], body: Buffer.from(sent) };
  };
  const accept = () => ({ outcome: "accept", status: 200, events: 1, delivery_id: "9b1deb4d-3b7d-4bad-9bdd-2b0d7b3dcb6d" });
  const reject = (name, given, why, options) => suite.add(name, make(given), "reject", why, options);
  suite.add("genuine: a transaction", make(), accept(), "as the vendor sends it");
  suite.add("rotation: signed with the other published key", make({ key: google.yesterday, header: { kid: kids[1] } }), accept(), "either is published");
  reject("key: another", { key: google.stranger }, "whoever signed does not know the key");
  reject("key: an unknown name", { key: google.stranger, header: { kid: "0" } }, "no key has that name");
  for (const alg of ["none", "RS256", "HS512"]) reject(`algorithm: ${alg}`, { header: { alg } , ...(alg === "HS512" ? { key: Buffer.from(json(keys.keys[0])) } : {}) }, "only what is listed is taken");
  reject("body: one byte changed", { sent: body.replace("REJECTED", "REJECTEE") }, "the body is signed");
  reject("body: a newline appended", { sent: `${body}\n` }, "the body is signed");
  reject("body: written anew by another JSON writer", { sent: json(JSON.parse(body), null, 1) }, "the bytes are signed");
  reject("body: taken out", { sent: "" }, "the body is signed");
  reject("signature: its first half", { change: (value) => value.slice(0, value.length - 40) }, "a part is not the whole");
  reject("signature: empty", { change: (value) => value.replace(/[^.]*$/, "") }, "nothing is proven");
  reject("signature: with another body inside", { change: (value) => value.replace("..", `.${Buffer.from("{}").toString("base64url")}.`) }, "the body is the request's");
  reject("attack: an event of another workspace", { text: body.replace(workspace, "of-somebody-else") }, "all customers share the key");
  reject("attack: an event of no workspace", { text: body.replace(`"workspaceId":"${workspace}",`, "") }, "all customers share the key");
  const twice = make();
  twice.headers.push(twice.headers[1]);
  suite.add("signature: on two lines", twice, "reject", "one of two readings would be a guess", { judge: false });
  const missing = make();
  missing.headers.pop();
  suite.add("signature: missing", missing, "reject", "nothing is proven");
  crossed(suite, { "a transaction": body }, (text) => make({ text }), accept);
  return suite;
}
