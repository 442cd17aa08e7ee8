// Vendors that prove themselves with a signed token (JWT).

import { createHash, createHmac, createPublicKey, createSecretKey, sign } from "node:crypto";
import { createRequire } from "node:module";
import { OAuth2Client } from "google-auth-library";
import { decodeProtectedHeader, importJWK, jwtVerify } from "jose";
import { crossed } from "../lib/crossed.mjs";
import { ecdsa, p256, rsa } from "../lib/keys.mjs";
import { library } from "../lib/library.mjs";
import { NOW, Suite, iso } from "../lib/suite.mjs";
import { awkward } from "../lib/signed.mjs";

const require = createRequire(import.meta.url);
const atlassian = require("atlassian-jwt");
const messagebird = require("messagebird/lib/webhook-signature-jwt");

const json = JSON.stringify;
const sha256 = (data) => createHash("sha256").update(data).digest("hex");
const part = (value) => Buffer.from(typeof value === "string" ? value : json(value)).toString("base64url");
export const SECONDS = NOW / 1000;

const SIGNERS = {
  HS256: (text, key) => createHmac("sha256", key).update(text).digest(),
  HS384: (text, key) => createHmac("sha384", key).update(text).digest(),
  HS512: (text, key) => createHmac("sha512", key).update(text).digest(),
  RS256: (text, key) => sign("sha256", Buffer.from(text), key),
  RS512: (text, key) => sign("sha512", Buffer.from(text), key),
  RS384: (text, key) => sign("sha384", Buffer.from(text), key),
  ES256: (text, key) => ecdsa(Buffer.from(text), key, "ieee-p1363"),
  none: () => Buffer.alloc(0),
};

/** A token, written out. */
export function write(header, claims, key) {
  const text = `${part(header)}.${part(claims)}`;
  return `${text}.${(SIGNERS[header.alg] ?? SIGNERS.none)(text, key).toString("base64url")}`;
}

/**
 * The battery for tokens. `claims(o)` are those of a genuine one, `key`, `previous` and `stranger`
 * sign, `place(token)` puts it into headers, `public` is the text of the public key if there is
 * one, `rotation` what two live keys are, `digests` the claims that cover the request.
 */
export function tokens(spec) {
  const suite = new Suite(spec);
  const first = Object.values(spec.bodies)[0];
  const header = { alg: spec.alg, typ: "JWT", ...(spec.kid ? { kid: spec.kid } : {}) };
  const make = (given = {}) => {
    const o = { text: first, path: `/${spec.name}`, url: spec.publicUrl, key: spec.key, header, ...given };
    const claims = { ...spec.claims(o), ...given.claims };
    for (const [name, value] of Object.entries(claims)) if (value === undefined) delete claims[name];
    const token = given.token ?? write({ ...header, ...given.header }, given.payload ?? claims, o.key);
    const change = given.change ?? ((text) => text);
    return { method: "POST", path: o.path, headers: [["Content-Type", "application/json"], ...spec.place(change(token)), ...(spec.extra ?? [])], body: Buffer.from(given.sent ?? o.text) };
  };
  const accept = (text = first) => {
    const expect = { outcome: "accept", status: 200, events: spec.events?.(text) ?? 1 };
    const id = spec.deliveryId?.(text);
    if (id !== undefined) expect.delivery_id = id;
    return expect;
  };
  const reject = (name, given, why, options) => suite.add(name, make(given), "reject", why, options);
  for (const [name, text] of Object.entries(spec.bodies)) suite.add(`genuine: ${name}`, make({ text }), accept(text), "as the vendor sends it");
  suite.add("genuine: escapes and big numbers", make({ text: awkward(first) }), accept(awkward(first)), "the bytes count");
  const cased = make();
  cased.headers = cased.headers.map(([name, value]) => [name.toUpperCase(), value]);
  suite.add("genuine: header names in upper case", cased, accept(), "header names have no case");
  if (spec.leeway !== 0) suite.add("genuine: a clock two seconds behind ours", make({ claims: { exp: spec.claims({ text: first }).exp && SECONDS - 2 } }), accept(), "clocks differ", { judge: false });
  suite.add("genuine: further claims and header members", make({ claims: { more: { a: [1] } }, header: { more: "x" } }), accept(), "what is unknown means nothing");

  reject("key: another", { key: spec.stranger }, "whoever signed does not know the key");
  reject("key: of another, named as the known one", { key: spec.stranger, header: { kid: spec.kid ?? "1" } }, "a name proves nothing");
  reject("algorithm: none", { header: { alg: "none" } }, "an unsigned token proves nothing");
  for (const alg of ["None", "NONE", "nOnE", ""]) reject(`algorithm: ${alg || "an empty text"}`, { header: { alg } }, "an unsigned token proves nothing");
  reject("algorithm: none, with the signature of the genuine token", { token: `${part({ alg: "none", typ: "JWT" })}.${write(header, spec.claims({ text: first, path: `/${spec.name}`, url: spec.publicUrl }), spec.key).split(".").slice(1).join(".")}` }, "an unsigned token proves nothing");
  reject("algorithm: missing", { header: { alg: undefined } }, "an unsigned token proves nothing");
  reject("algorithm: of another strength", { header: { alg: spec.otherAlg }, key: spec.otherKey ?? spec.key }, "only what is listed is taken");
  if (spec.public) {
    for (const [name, key] of Object.entries(spec.public)) reject(`algorithm: HS256 with the public key, ${name}`, { header: { alg: "HS256" }, key: Buffer.from(key) }, "everybody knows the public key");
    reject("attack: the key in the token's own header", { key: spec.stranger, header: { jwk: createPublicKey(spec.stranger).export({ format: "jwk" }), kid: undefined } }, "a token does not say whom to trust");
    reject("attack: the key's URL in the token's own header", { key: spec.stranger, header: { jku: "https://attacker.example/keys", x5u: "https://attacker.example/cert" } }, "a token does not say whom to trust");
  }
  reject("attack: a critical extension that is unknown", { header: { crit: ["exp2"], exp2: 1 } }, "what must be understood is not (RFC 7515 §4.1.11)");
  reject("signature: empty", { change: (token) => token.replace(/[^.]*$/, "") }, "nothing is proven");
  reject("signature: its first half", { change: (token) => token.slice(0, token.length - 20) }, "a part is not the whole");
  reject("signature: of another token", { change: (token) => token.replace(/[^.]*$/, write(header, { ...spec.claims({ text: "", path: "/", url: "" }), jti: "7" }, spec.key).split(".")[2]) }, "it is not the signature");
  reject("token: two parts", { change: (token) => token.replace(/\.[^.]*$/, "") }, "not a token");
  reject("token: four parts", { change: (token) => `${token}.e30` }, "not a token");
  reject("token: empty", { token: "" }, "nothing is proven");
  reject("token: garbage", { token: "a.b.c" }, "not a token");
  reject("token: claims that are not JSON", { payload: "not json" }, "not a token");
  reject("token: claims that are a list", { payload: "[]" }, "not a token");
  const without = make();
  without.headers = [without.headers[0]];
  suite.add("token: missing", without, "reject", "nothing is proven");
  const twice = make();
  twice.headers.push(...spec.place(write(header, { exp: 1 }, spec.stranger)));
  suite.add("token: on two lines", twice, "reject", "one of two readings would be a guess", { judge: false });

  const { max } = spec;
  if (spec.claims({ text: first }).exp) {
    reject("time: expired an hour ago", { claims: { exp: SECONDS - 3600 } }, "an expired token is a replay");
    reject("time: an expiry that is a text", { claims: { exp: "tomorrow" } }, "not a time");
    if (!spec.optionalExpiry) reject("time: no expiry", { claims: { exp: undefined } }, "a token for ever is none");
    reject("time: not yet good", { claims: { nbf: SECONDS + 3600 } }, "it is not good yet", spec.ignoresNbf ? { judge: false } : {});
  }
  if (max) {
    suite.add("time: at the edge", make({ claims: { iat: SECONDS - max } }), accept(), "the edge is within", { judge: false });
    reject("time: made an hour ago", { claims: { iat: SECONDS - 3600 } }, "an old token is a replay");
    reject("time: made an hour from now", { claims: { iat: SECONDS + 3600 } }, "a time to come would be replayed until then", { judge: false });
    reject("time: no moment of making", { claims: { iat: undefined } }, "without its time it may be of any");
    reject("time: a moment that is a text", { claims: { iat: "now" } }, "not a time");
  }
  for (const [name, why] of Object.entries(spec.digests ?? {})) {
    reject(`claim: ${name} missing`, { claims: { [name]: undefined } }, why);
    reject(`claim: ${name} empty`, { claims: { [name]: "" } }, why);
    reject(`claim: ${name} of another request`, { claims: { [name]: sha256("another") } }, why);
    reject(`claim: ${name} as a list`, { claims: { [name]: [sha256(first)] } }, why);
  }
  if (spec.coversBody) {
    reject("body: one byte changed", { sent: first.replace(/[a-z]/, "q") }, "the body's digest is signed");
    reject("body: a newline appended", { sent: `${first}\n` }, "the body's digest is signed");
    reject("body: written anew by another JSON writer", { sent: json(JSON.parse(first), null, 1) + " " }, "the body's digest is signed");
    reject("body: taken out", { sent: "" }, "the body's digest is signed");
  }
  for (const [name, given] of Object.entries(spec.wrongClaims ?? {})) reject(`claim: ${name}`, { claims: given }, "the token is not meant for us, or not by whom we know");

  if (spec.rotation) {
    const rotation = suite.variant("rotation", spec.rotation.both);
    suite.add("rotation: signed with the current key", make(), accept(), "either counts", { source: rotation, judged: spec.rotation.judged });
    suite.add("rotation: signed with the previous key", make({ key: spec.previous, header: spec.rotation.header }), accept(), "either counts", { source: rotation, judged: spec.rotation.judged });
    suite.add("rotation: signed with neither", make({ key: spec.stranger }), "reject", "neither signed", { source: rotation, judged: spec.rotation.judged });
    const retired = suite.variant("retired", spec.rotation.retired);
    suite.add("rotation: signed with the previous key, retired a second ago", make({ key: spec.previous, header: spec.rotation.header }), "reject", "it counts no more", { source: retired, judge: false });
  }
  spec.more?.({ make, accept, reject, first }, suite);
  crossed(suite, spec.bodies, (text) => make({ text }), accept);
  return suite;
}

const named = (list) => ({ keys: { secrets: list } });
const shared = (name, secret, previous) => ({
  secrets: { webhook_secret: secret, previous_webhook_secret: previous },
  key: secret,
  previous,
  stranger: `${name}-secret-of-somebody-else`,
  rotation: {
    both: named(["webhook_secret", "previous_webhook_secret"]),
    retired: named(["webhook_secret", { name: "previous_webhook_secret", not_after: iso(NOW - 1000) }]),
    judged: ["webhook_secret", "previous_webhook_secret"],
  },
});

const plaidKeys = [p256("plaid today"), p256("plaid yesterday"), p256("plaid somebody else")];
export const jwk = (key, kid, alg) => ({ ...createPublicKey(key).export({ format: "jwk" }), kid, alg, use: "sig" });
export const pem = (key) => createPublicKey(key).export({ format: "pem", type: "spki" });
export const google = { today: rsa("rsa"), yesterday: rsa("rsa-previous"), stranger: rsa("rsa-stranger") };
const googleKeys = { keys: [jwk(google.today, "f9d97b4cae90bcd76aeb20026f6b770cac221783", "RS256"), jwk(google.yesterday, "1e9gdk7", "RS256")] };

export const suites = [
  tokens({
    name: "atlassian-connect",
    library: library("atlassian-jwt"),
    alg: "HS256",
    otherAlg: "HS512",
    ...shared("atlassian-connect", "VYx4PBX0tW3B1Ld0Zt6mQh1H8q2y9c7dE5fG3kJ", "yesterdays-shared-secret-of-the-tenant"),
    claims: (o) => ({ iss: "d3a8f6b2-client-key", iat: SECONDS - 5, exp: SECONDS + 175, qsh: o.path ? atlassian.createQueryStringHash(atlassian.fromMethodAndUrl("POST", o.path)) : "" }),
    place: (token) => [["Authorization", `JWT ${token}`]],
    bodies: { "an issue was created": json({ timestamp: 1780315199000, webhookEvent: "jira:issue_created", issue: { id: "10002", key: "SEC-7" } }) },
    digests: { qsh: "it says which request the token is for" },
    judge(request, { headers, secret, at }) {
      const token = headers.authorization.replace(/^JWT /, "");
      if (!headers.authorization.startsWith("JWT ")) return false;
      const claims = atlassian.decodeSymmetric(token, secret, "HS256");
      const qsh = atlassian.createQueryStringHash(atlassian.fromMethodAndUrl(request.method, request.path));
      return claims.qsh === qsh && typeof claims.exp === "number" && claims.exp * 1000 > at;
    },
    differs: [[/^attack: a critical extension/, "it does not know critical extensions"]],
    ignoresNbf: true,
    more({ make, accept, reject }, suite) {
      const query = "?user_id=ann&b=2&a=1&a=0&x=%20%2B~*!'()";
      suite.add("query: sorted and written anew", make({ path: `/atlassian-connect${query}` }), accept(), "the canonical query is hashed");
      const moved = make({ path: `/atlassian-connect${query}` });
      suite.add("query: another value", { ...moved, path: "/atlassian-connect?user_id=bob&b=2&a=1&a=0" }, "reject", "the query is hashed");
      suite.add("query: a parameter added", { ...make(), path: "/atlassian-connect?admin=1" }, "reject", "the query is hashed");
      suite.add("query: in another order", { ...make({ path: "/atlassian-connect?a=1&b=2" }), path: "/atlassian-connect?b=2&a=1" }, accept(), "an order means nothing");
      reject("claim: qsh of a page in a browser", { claims: { qsh: "context-qsh" } }, "such a token is for no request in particular");
      const bearer = make();
      bearer.headers[1][1] = bearer.headers[1][1].replace("JWT", "Bearer");
      suite.add("scheme: Bearer", bearer, "reject", "another scheme");
    },
  }),
  tokens({
    name: "plaid",
    library: `${library("jose")} as Plaid documents it`,
    alg: "ES256",
    kid: "bfbd5111-8e33-4643-8ced-b2e642a72f3c",
    otherAlg: "HS256",
    otherKey: "the secret of nobody",
    secretName: "public_key",
    secrets: { public_key: json(jwk(plaidKeys[0], "bfbd5111-8e33-4643-8ced-b2e642a72f3c", "ES256")), previous_public_key: json(jwk(plaidKeys[1], "6c5516e1-92dc-479e-a8ff-5a51992e0001", "ES256")) },
    key: plaidKeys[0],
    previous: plaidKeys[1],
    stranger: plaidKeys[2],
    public: { "as PEM": pem(plaidKeys[0]), "as JWK": json(jwk(plaidKeys[0], "bfbd5111-8e33-4643-8ced-b2e642a72f3c", "ES256")) },
    rotation: {
      both: { keys: { jwk: ["public_key", "previous_public_key"] } },
      retired: { keys: { jwk: ["public_key", { name: "previous_public_key", not_after: iso(NOW - 1000) }] } },
      judged: ["public_key", "previous_public_key"],
      header: { kid: "6c5516e1-92dc-479e-a8ff-5a51992e0001" },
    },
    max: 300,
    coversBody: true,
    claims: (o) => ({ iat: SECONDS - 1, request_body_sha256: sha256(o.text) }),
    leeway: 0,
    place: (token) => [["Plaid-Verification", token]],
    bodies: { "a transaction": json({ webhook_type: "TRANSACTIONS", webhook_code: "SYNC_UPDATES_AVAILABLE", item_id: "wz666MBjYWTp2PDzzggYhM6oWWmBb", initial_update_complete: true, environment: "production" }) },
    digests: { request_body_sha256: "it says which body the token is for" },
    async judge(_, { headers, body, secret, at }) {
      const token = headers["plaid-verification"];
      if (decodeProtectedHeader(token).alg !== "ES256") return false;
      const key = JSON.parse(secret);
      if (decodeProtectedHeader(token).kid !== key.kid) return false;
      const { payload } = await jwtVerify(token, await importJWK(key, "ES256"), { algorithms: ["ES256"], maxTokenAge: "5 min" });
      return payload.request_body_sha256 === sha256(body);
    },
    more({ make, reject }, suite) {
      reject("key: an unknown name", { header: { kid: "00000000-0000-0000-0000-000000000000" } }, "no key has that name");
      reject("key: the name of another listed key", { header: { kid: "6c5516e1-92dc-479e-a8ff-5a51992e0001" } }, "it was not signed with that key", { source: "rotation", judged: ["public_key", "previous_public_key"] });
      const der = make();
      const [head, claims] = der.headers[1][1].split(".");
      const signature = ecdsa(Buffer.from(`${head}.${claims}`), plaidKeys[0], "der").toString("base64url");
      der.headers[1][1] = `${head}.${claims}.${signature}`;
      suite.add("signature: in DER", der, "reject", "JWTs have both numbers side by side");
      reject("signature: both numbers zero", { change: (token) => token.replace(/[^.]*$/, Buffer.alloc(64).toString("base64url")) }, "a known attack on ECDSA");
    },
  }),
  tokens({
    name: "messagebird",
    library: library("messagebird"),
    publicUrl: "https://hooks.example.com/messagebird",
    alg: "HS256",
    otherAlg: "RS256",
    otherKey: google.today,
    ...shared("messagebird", "2kOTlwxC6jYcPpZqO1fH3nK7rT9vX5bD", "yesterday-2kOTlwxC6jYcPpZqO1fH3nK7"),
    claims: (o) => ({ iss: "MessageBird", nbf: SECONDS - 5, exp: SECONDS + 60, jti: "7f1a8a3e-5c5b-4b7e-8f9c-2f1e0d9c8b7a", url_hash: sha256(o.url ?? ""), payload_hash: sha256(o.text) }),
    coversBody: true,
    optionalExpiry: true,
    place: (token) => [["MessageBird-Signature-JWT", token]],
    bodies: { "a message": json({ id: "e8077d803532c0b5937c639b60216938", recipient: "41791234567", status: "delivery_failed", statusDatetime: "2026-06-01T11:59:58+00:00" }) },
    digests: { url_hash: "it says which URL the token is for", payload_hash: "it says which body the token is for" },
    wrongClaims: { "another issuer": { iss: "Somebody" }, "no issuer": { iss: undefined }, "no id": { jti: undefined } },
    async judge(request, { headers, body, secret }) {
      const query = request.path.includes("?") ? request.path.slice(request.path.indexOf("?")) : "";
      await messagebird.verify(`https://hooks.example.com/messagebird${query}`, body, headers["messagebird-signature-jwt"], createSecretKey(Buffer.from(secret)));
      return true;
    },
    more({ make, accept, reject }, suite) {
      for (const alg of ["HS384", "HS512"]) suite.add(`algorithm: ${alg}`, make({ header: { alg } }), accept(), "MessageBird names three");
      suite.add("url: with a query", make({ path: "/messagebird?tenant=7", url: "https://hooks.example.com/messagebird?tenant=7" }), accept(), "the query is part of the URL");
      suite.add("url: a parameter added", { ...make(), path: "/messagebird?admin=1" }, "reject", "the URL is hashed");
      reject("url: of another host", { url: "https://attacker.example/messagebird" }, "the URL is hashed");
    },
  }),
  tokens({
    name: "google-pubsub",
    library: library("google-auth-library"),
    alg: "RS256",
    kid: "f9d97b4cae90bcd76aeb20026f6b770cac221783",
    otherAlg: "RS384",
    overrides: { audience: "https://hooks.example.com/google-pubsub", claims: { email: "push@example-project.iam.gserviceaccount.com" } },
    published: { "https://www.googleapis.com/oauth2/v3/certs": json(googleKeys) },
    key: google.today,
    previous: google.yesterday,
    stranger: google.stranger,
    public: { "as PEM": pem(google.today), "as JWK": json(jwk(google.today, "f9d97b4cae90bcd76aeb20026f6b770cac221783", "RS256")) },
    claims: () => ({ iss: "https://accounts.google.com", aud: "https://hooks.example.com/google-pubsub", azp: "113774264463038321964", email: "push@example-project.iam.gserviceaccount.com", email_verified: true, sub: "113774264463038321964", iat: SECONDS - 10, exp: SECONDS + 3590 }),
    place: (token) => [["Authorization", `Bearer ${token}`]],
    deliveryId: (text) => JSON.parse(text).message.messageId,
    ignoresNbf: true,
    differs: [[/^attack: a critical extension/, "it does not know critical extensions"]],
    bodies: { "a message": json({ message: { attributes: { key: "value" }, data: Buffer.from('{"finding":"open bucket"}').toString("base64"), messageId: "2070443601311540", message_id: "2070443601311540", publishTime: "2026-06-01T11:59:58.123Z" }, subscription: "projects/example-project/subscriptions/push" }) },
    wrongClaims: {
      "for another audience": { aud: "https://other.example.com" }, "for no audience": { aud: undefined }, "for an audience that begins so": { aud: "https://hooks.example.com/google-pubsub/x" }, "another service account": { email: "attacker@evil.iam.gserviceaccount.com" }, "an address that is not verified": { email_verified: false }, "an address verified as text": { email_verified: "true" }, "no address": { email: undefined }, "another issuer": { iss: "https://attacker.example" }, "an issuer that begins so": { iss: "https://accounts.google.com.attacker.example" }, "no issuer": { iss: undefined },
    },
    async judge(_, { headers }) {
      const [scheme, token] = headers.authorization.split(" ");
      if (scheme !== "Bearer") return false;
      const certs = Object.fromEntries(googleKeys.keys.map((key) => [key.kid, createPublicKey({ key, format: "jwk" }).export({ format: "pem", type: "spki" })]));
      const ticket = await new OAuth2Client().verifySignedJwtWithCertsAsync(token, certs, "https://hooks.example.com/google-pubsub", ["https://accounts.google.com", "accounts.google.com"]);
      const claims = ticket.getPayload();
      return claims.email === "push@example-project.iam.gserviceaccount.com" && claims.email_verified === true;
    },
    more({ make, accept, reject }, suite) {
      suite.add("claim: the older name of the issuer", make({ claims: { iss: "accounts.google.com" } }), accept(), "Google writes either");
      suite.add("claim: several audiences", make({ claims: { aud: ["https://other.example.com", "https://hooks.example.com/google-pubsub"] } }), accept(), "one of them is ours", { judge: false });
      suite.add("rotation: a key of the set that is new", make({ key: google.yesterday, header: { kid: "1e9gdk7" } }), accept(), "the set holds both");
      reject("rotation: a key that is not in the set", { key: google.stranger, header: { kid: "unknown" } }, "no key has that name");
      reject("rotation: named as the other key", { header: { kid: "1e9gdk7" } }, "it was not signed with that key");
      const lower = make();
      lower.headers[1][1] = lower.headers[1][1].replace("Bearer ", "");
      suite.add("scheme: none", lower, "reject", "another scheme");
    },
  }),
  tokens({
    name: "monday",
    library: `${library("jose")} as monday.com documents it`,
    alg: "HS256",
    otherAlg: "HS512",
    ...shared("monday", "b3f1c2d4e5a697887766554433221100", "yesterday-b3f1c2d4e5a69788776655"),
    claims: () => ({ accountId: 1825529, userId: 4012689, aud: "https://hooks.example.com/monday", exp: SECONDS + 300, iat: SECONDS - 1, shortLivedToken: "eyJ0" }),
    place: (token) => [["Authorization", token]],
    deliveryId: (text) => JSON.parse(text).event.triggerUuid,
    bodies: { "an item": json({ event: { userId: 9603417, boardId: 771812698, pulseId: 772099344, pulseName: "Rotate the keys", type: "create_pulse", triggerTime: "2026-06-01T11:59:58.123Z", subscriptionId: 73759690, triggerUuid: "b5ed2e17c530f43668de130142445cba" } }) },
    async judge(_, { headers, secret }) {
      const { payload } = await jwtVerify(headers.authorization, createSecretKey(Buffer.from(secret)), { algorithms: ["HS256"], clockTolerance: 60, requiredClaims: ["exp"] });
      return Boolean(payload);
    },
    more({ make, accept }, suite) {
      const ask = { method: "POST", path: "/monday", headers: [["Content-Type", "application/json"]], body: Buffer.from(json({ challenge: "3eZbrw1aBm2rZgRNFdxV2595E9CY3gmdALWMmHkvFXO7tYXAYM8P" })) };
      suite.add("handshake: the challenge", ask, { outcome: "handshake", status: 200, response: { json: { challenge: "3eZbrw1aBm2rZgRNFdxV2595E9CY3gmdALWMmHkvFXO7tYXAYM8P" } } }, "monday.com checks the URL when it is given", { judge: false });
      const event = { ...ask, body: Buffer.from(json({ challenge: "x", event: { type: "create_pulse" } })) };
      suite.add("attack: an unsigned event with a challenge", event, "reject", "an event is not answered unsigned");
      const pinned = suite.variant("audience", { audience: "https://hooks.example.com/monday" });
      suite.add("audience: ours", make(), accept(), "the URL that monday.com was given", { source: pinned });
      suite.add("audience: another", make({ claims: { aud: "https://hooks.example.com/other" } }), "reject", "a token for another URL", { source: pinned, judge: false });
    },
  }),
];
