// Keys that are made for these tests and nothing else. Those of curves come from a text; an RSA
// key does not, so three stand in `keys/`.
//
// ECDSA signs with a random number, so that a second run would write other signatures: they are
// kept in `keys/signatures.json` and made anew only where one is missing or wrong.

import { createECDH, createHash, createPrivateKey, createPublicKey, sign, verify } from "node:crypto";
import { readFileSync, writeFileSync } from "node:fs";

const seed = (name) => createHash("sha256").update(`a key for tests: ${name}`).digest();

/** An Ed25519 private key. */
export function ed25519(name) {
  const der = Buffer.concat([Buffer.from("302e020100300506032b657004220420", "hex"), seed(name)]);
  return createPrivateKey({ key: der, format: "der", type: "pkcs8" });
}

/** The 32 bytes of an Ed25519 public key. */
export const raw = (key) => createPublicKey(key).export({ format: "der", type: "spki" }).subarray(-32);

/** A private key on P-256. */
export function p256(name) {
  const ecdh = createECDH("prime256v1");
  const d = seed(name);
  ecdh.setPrivateKey(d);
  const point = ecdh.getPublicKey();
  const part = (bytes) => bytes.toString("base64url");
  const jwk = { kty: "EC", crv: "P-256", d: part(d), x: part(point.subarray(1, 33)), y: part(point.subarray(33)) };
  return createPrivateKey({ key: jwk, format: "jwk" });
}

/** An RSA private key, by the name of its file. */
export const rsa = (name) => createPrivateKey(readFileSync(new URL(`../keys/${name}.pem`, import.meta.url)));

/** The self-signed certificate of an RSA key. */
export const certificate = (name) => readFileSync(new URL(`../keys/${name}.crt`, import.meta.url), "utf8");

/** A public key as base64 of its DER form. */
export const spki = (key) => createPublicKey(key).export({ format: "der", type: "spki" }).toString("base64");

const file = new URL("../keys/signatures.json", import.meta.url);
const known = (() => {
  try {
    return JSON.parse(readFileSync(file, "utf8"));
  } catch {
    return {};
  }
})();
const used = {};

/** An ECDSA signature over `text`; `form` is `der`, or `ieee-p1363` for JWTs. */
export function ecdsa(text, key, form = "der") {
  const place = createHash("sha256").update(`${spki(key)} ${form} `).update(text).digest("hex").slice(0, 32);
  const options = { key, dsaEncoding: form };
  let signature = Buffer.from(known[place] ?? "", "base64");
  if (!verify("sha256", text, { key: createPublicKey(key), dsaEncoding: form }, signature)) {
    signature = sign("sha256", text, options);
  }
  used[place] = signature.toString("base64");
  return signature;
}

/** Keeps the signatures that were asked for. */
export function keepSignatures() {
  const sorted = Object.fromEntries(Object.entries(used).sort(([a], [b]) => (a < b ? -1 : 1)));
  writeFileSync(file, `${JSON.stringify(sorted, null, 1)}\n`);
}
