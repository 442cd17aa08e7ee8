// Vendors whose events travel in a signed token: the body is one (RFC 8935), or holds one.

import { createLocalJWKSet, jwtVerify } from "jose";
import { library } from "../lib/library.mjs";
import { NOW, Suite } from "../lib/suite.mjs";
import { SECONDS, google, jwk, pem, write } from "./jwt.mjs";

const json = JSON.stringify;
const KIDS = { today: "f9d97b4cae90bcd76aeb20026f6b770cac221783", yesterday: "1e9gdk7" };
const KEYS = { keys: [jwk(google.today, KIDS.today, "RS256"), jwk(google.yesterday, KIDS.yesterday, "RS256")] };

/** `spec.body(token)` is a request's body, `spec.denied` the status of what is refused. */
function sets(spec) {
  const { name, issuer, audience, type } = spec;
  const suite = new Suite({
    name,
    library: library("jose"),
    overrides: spec.overrides,
    published: { [spec.keysUrl]: json(KEYS) },
    async judge(_, { text }) {
      const token = spec.token(text);
      await jwtVerify(token, createLocalJWKSet(KEYS), { issuer, audience, algorithms: ["RS256"], requiredClaims: ["iat", "jti", "events"], clockTolerance: 60, ...(type ? { typ: type } : {}) });
      return true;
    },
  });
  const claims = { iss: issuer, aud: audience, iat: SECONDS - 2, jti: "756e69717565206964656e746966696572", ...spec.claims };
  const header = { typ: type ?? "JWT", alg: "RS256", kid: KIDS.today };
  const make = (given = {}) => {
    const all = { ...claims, ...given.claims };
    for (const [key, value] of Object.entries(all)) if (value === undefined) delete all[key];
    const token = given.token ?? write({ ...header, ...given.header }, given.payload ?? all, given.key ?? google.today);
    const body = given.body ?? spec.body((given.change ?? ((text) => text))(token));
    return { method: "POST", path: `/${name}`, headers: [["Content-Type", spec.contentType]], body: Buffer.from(body) };
  };
  const accepted = (id = claims.jti) => ({ outcome: "accept", status: spec.accepted, events: 1, delivery_id: id, ...(spec.accepted === 202 ? { response: { body: "" } } : {}) });
  const add = (label, given, why, options) => suite.add(label, make(given), accepted(given.claims?.jti), why, options);
  const reject = (label, given, why, err, options) => suite.add(label, make(given), { outcome: "reject", status: spec.denied, ...(spec.denied === 400 && err ? { response: { json: { err, description: "the token was not accepted" } } } : {}) }, why, options);

  add("genuine: an event", {}, "as the vendor sends it");
  add("genuine: without a subject and an expiry", { claims: { sub: undefined, exp: undefined } }, "a security event token has none (RFC 8417)");
  add("genuine: further claims and header members", { claims: { txn: 8675309, more: { a: [1] } }, header: { more: "x" } }, "what is unknown means nothing");
  add("genuine: several audiences", { claims: { aud: ["https://other.example.com", audience] } }, "one of them is ours");
  add("genuine: sent a week after it was made", { claims: { iat: SECONDS - 7 * 86400, jti: "7d" } }, "it tells of the past; that it came before is told by its id");
  add("rotation: signed with the other published key", { key: google.yesterday, header: { kid: KIDS.yesterday } }, "either is published");
  reject("key: another", { key: google.stranger }, "whoever signed does not know the key", "invalid_key");
  reject("key: an unknown name", { key: google.stranger, header: { kid: "0" } }, "no key has that name", "invalid_key");
  for (const alg of ["none", "None", ""]) reject(`algorithm: ${alg || "an empty text"}`, { header: { alg } }, "an unsigned token proves nothing");
  for (const [label, key] of Object.entries({ "as PEM": pem(google.today), "as JWK": json(KEYS.keys[0]) })) reject(`algorithm: HS256 with the public key, ${label}`, { header: { alg: "HS256" }, key: Buffer.from(key) }, "everybody knows the public key");
  reject("attack: the key's URL in the token's own header", { key: google.stranger, header: { jku: "https://attacker.example/keys" } }, "a token does not say whom to trust");
  reject("claim: another issuer", { claims: { iss: "https://attacker.example" } }, "everybody can issue tokens of their own", "invalid_issuer");
  reject("claim: no issuer", { claims: { iss: undefined } }, "everybody can issue tokens of their own", "invalid_issuer");
  reject("claim: another audience", { claims: { aud: "https://other.example.com" } }, "it is meant for somebody else", "invalid_audience");
  reject("claim: no audience", { claims: { aud: undefined } }, "it is meant for nobody", "invalid_audience");
  reject("claim: no events", { claims: { events: undefined } }, "a token that logs somebody in is no event");
  reject("claim: no id", { claims: { jti: undefined } }, "a repeat could not be told");
  reject("claim: no moment of making", { claims: { iat: undefined } }, "it says when it was made");
  reject("time: expired an hour ago", { claims: { exp: SECONDS - 3600 } }, "where it has an expiry, that counts");
  reject("time: not yet good", { claims: { nbf: SECONDS + 3600 } }, "it is not good yet");
  reject("signature: its first half", { change: (token) => token.slice(0, token.length - 40) }, "a part is not the whole");
  reject("signature: empty", { change: (token) => token.replace(/[^.]*$/, "") }, "nothing is proven");
  reject("token: two parts", { change: (token) => token.replace(/\.[^.]*$/, "") }, "not a token", "invalid_request");
  reject("token: garbage", { token: "a.b.c" }, "not a token", "invalid_request");
  reject("token: claims that are a list", { payload: "[]" }, "not a token");
  reject("body: the claims alone", { body: json(claims) }, "unsigned claims prove nothing");
  if (type) reject("type: that of another token", { header: { typ: "JWT" } }, "a token of another kind is not taken for an event (RFC 8417 §4.5)");
  spec.more?.({ suite, make, add, reject, claims });
  return suite;
}

const whole = { body: (token) => token, token: (text) => text, contentType: "application/secevent+jwt", accepted: 202, denied: 400 };

export const suites = [
  sets({
    name: "ssf",
    ...whole,
    type: "secevent+jwt",
    issuer: "https://example.okta.com",
    audience: "https://hooks.example.com/ssf",
    keysUrl: "https://example.okta.com/oauth2/v1/keys",
    overrides: { issuer: "https://example.okta.com", audience: "https://hooks.example.com/ssf", keys: { jwks_url: "https://example.okta.com/oauth2/v1/keys" } },
    claims: { sub_id: { format: "email", email: "ann@example.com" }, events: { "https://schemas.openid.net/secevent/caep/event-type/session-revoked": { event_timestamp: SECONDS - 5, reason_admin: { en: "Landspeed policy violation" } } } },
    more({ add }) {
      add("genuine: the type written out", { header: { typ: "application/secevent+jwt" } }, "the prefix may be left out (RFC 7515 §4.1.9)", { judge: false });
      add("genuine: the verification event", { claims: { jti: "verify", events: { "https://schemas.openid.net/secevent/ssf/event-type/verification": { state: "VGhpcyBpcyBhbg" } } } }, "the transmitter tries the stream");
    },
  }),
  sets({
    name: "google-risc",
    ...whole,
    issuer: "https://accounts.google.com/",
    audience: "123456789-abcedfgh.apps.googleusercontent.com",
    keysUrl: "https://www.googleapis.com/oauth2/v3/certs",
    overrides: { audience: ["123456789-abcedfgh.apps.googleusercontent.com"] },
    claims: { events: { "https://schemas.openid.net/secevent/risc/event-type/account-disabled": { subject: { subject_type: "iss-sub", iss: "https://accounts.google.com/", sub: "7375626A656374" }, reason: "hijacking" } } },
    more({ reject }) {
      reject("attack: a token that logs somebody in", { claims: { iss: "https://accounts.google.com", events: undefined, jti: "7", sub: "1", email: "eve@gmail.com", exp: SECONDS + 3600 } }, "everybody with a Google account can get one for our application", undefined);
    },
  }),
  sets({
    name: "apple",
    body: (token) => json({ payload: token }),
    token: (text) => JSON.parse(text).payload,
    contentType: "application/json",
    accepted: 200,
    denied: 401,
    issuer: "https://appleid.apple.com",
    audience: "com.example.app",
    keysUrl: "https://appleid.apple.com/auth/keys",
    overrides: { audience: "com.example.app" },
    claims: { events: json({ type: "account-delete", sub: "820417.faa325acbc78e1be1668ba852d492d8a.0219", event_time: NOW - 2000 }) },
    more({ reject }) {
      reject("attack: a token that logs somebody in", { claims: { events: undefined, sub: "1", exp: SECONDS + 3600 } }, "everybody with an Apple account can get one for our app");
    },
  }),
];
