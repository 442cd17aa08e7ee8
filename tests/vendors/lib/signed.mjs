// The battery for signatures: what every vendor that signs the body is tried with. A vendor says
// how its text is made, how it is signed and where the signature goes; the rest is the same for all.

import { createHmac, sign } from "node:crypto";
import { crossed } from "./crossed.mjs";
import { NOW, Suite, iso } from "./suite.mjs";

const PLAIN = { s: (ms) => String(Math.floor(ms / 1000)), ms: (ms) => String(ms), rfc3339: iso };

/** Characters that two JSON writers write in two ways, and numbers that a double cannot hold. */
export const AWKWARD = '"note":"Zo\\u00eb \\ud83d\\ude00 naïve 日本 \\/ <&>","big":12345678901234567890,"exact":1.10,"tiny":1e-7';

/** The delivery's id that is made of several values of the body; none if one is missing. */
export const joined = (values) => (text) => {
  const parts = values(JSON.parse(text));
  return parts.includes(undefined) ? undefined : parts.join(" ");
};

/** Puts the awkward members into the text of a JSON object. */
export const awkward = (json) => json.replace(/\{/, `{${AWKWARD},`);

/** Signs with HMAC. */
export const hmac = (hash) => (text, key) => createHmac(hash, key).update(text).digest();

/**
 * Builds the battery. `spec` beside what `Suite` takes:
 * `bodies` (name → JSON text), `text(o)` the parts signed, `sign(text, key)`, `key(secret)`,
 * `build(o, signatures)` the request where headers are not enough, `encoding`, `wrap(signature, o)` the header's value, `header` its name, `time: { header, unit,
 * past, future }`, `lines` where the header is a list without keys, `partly` where not the whole body is signed, `extra(o)` further headers, `list: { item(signature), separator, old }`.
 */
export function signed(spec) {
  const suite = new Suite(spec);
  const b = new Builder(suite, spec);
  b.genuine();
  if (!spec.partly) b.bodies();
  b.secrets();
  b.signatures();
  if (spec.time) b.times();
  if (spec.list) b.lists();
  spec.more?.(b, suite);
  crossed(suite, spec.bodies, (text) => b.request({ text }), (text) => b.accept(text));
  return suite;
}

/** What vendors with a key pair share. */
export function asymmetric(name, make, written, spec) {
  const [today, yesterday, somebody] = ["today", "yesterday", "somebody else"].map((when) => make(`${name} ${when}`));
  return signed({
    name,
    secrets: { public_key: written(today), previous_public_key: written(yesterday), ...spec.more_secrets },
    secretName: "public_key",
    secretKey: "keys",
    signingKey: today,
    previous: yesterday,
    stranger: somebody,
    key: (key) => key,
    sign: (text, key) => sign(null, text, key),
    ...spec,
  });
}

export class Builder {
  constructor(suite, spec) {
    Object.assign(this, { suite, spec, path: `/${spec.name}` });
    this.first = Object.values(spec.bodies)[0];
    this.encode = (bytes) => bytes.toString(spec.encoding ?? "hex");
  }

  /** What is signed and how: everything can be replaced in `given`. */
  options(given = {}) {
    const { spec } = this;
    const time = given.time ?? NOW;
    return {
      body: Buffer.from(given.text ?? this.first),
      time,
      ts: spec.time ? PLAIN[spec.time.unit](time) : "",
      id: "msg_2mN8vQx1",
      method: "POST",
      path: this.path,
      url: spec.publicUrl,
      secret: spec.secrets.webhook_secret ?? spec.signingKey,
      ...given,
    };
  }

  /** The signature's bytes. */
  signature(o) {
    const text = Buffer.concat(this.spec.text(o).map((part) => Buffer.from(part)));
    return this.spec.sign(text, (this.spec.key ?? Buffer.from)(o.secret), o);
  }

  /** A request with the header's value written out. */
  raw(o, values) {
    const { spec } = this;
    if (spec.build) return spec.build(o, [values].flat());
    const headers = [["Content-Type", spec.type ?? "application/json"]];
    if (spec.time?.header && o.ts !== null) headers.push([spec.time.header, o.ts]);
    if (spec.id && o.id !== null) headers.push([spec.id, o.id]);
    headers.push(...(spec.extra?.(o) ?? []));
    for (const value of [values].flat()) headers.push([spec.header, value]);
    return { method: o.method, path: o.path, headers, body: o.body };
  }

  wrap(signature, o) {
    return this.spec.wrap ? this.spec.wrap(signature, o) : signature;
  }

  /** A request as the vendor makes it. */
  request(given = {}) {
    const o = this.options(given);
    return this.raw(o, this.wrap(this.encode(this.signature(o)), o));
  }

  /** A request whose signature's text is changed. */
  changed(change, given = {}) {
    const o = this.options(given);
    return this.raw(o, this.wrap(change(this.encode(this.signature(o))), o));
  }

  accept(text, o = this.options({ text })) {
    const expect = { outcome: "accept", status: this.spec.status ?? 200, events: this.spec.events?.(text) ?? 1 };
    const id = this.spec.deliveryId?.(text, o);
    if (id !== undefined) expect.delivery_id = id;
    return expect;
  }

  genuine() {
    for (const [name, text] of Object.entries(this.spec.bodies)) {
      this.suite.add(`genuine: ${name}`, this.request({ text }), this.accept(text), "as the vendor sends it");
    }
    const odd = awkward(this.first);
    this.suite.add("genuine: escapes and big numbers", this.request({ text: odd }), this.accept(odd), "the bytes are signed, not what they mean");
    const lower = (request, change) => ({ ...request, headers: request.headers.map(([name, value]) => [change(name), value]) });
    const expect = this.accept(this.first);
    this.suite.add("genuine: header names in lower case", lower(this.request(), (name) => name.toLowerCase()), expect, "header names have no case");
    this.suite.add("genuine: header names in upper case", lower(this.request(), (name) => name.toUpperCase()), expect, "header names have no case");
  }

  bodies() {
    const { suite } = this;
    const sent = this.request();
    const other = (body, name, why, options) => suite.add(name, { ...sent, body: Buffer.from(body) }, "reject", why, options);
    const text = this.first;
    const at = text.search(/[a-z]/);
    other(text.slice(0, at) + (text[at] === "z" ? "y" : "z") + text.slice(at + 1), "body: one byte changed", "it is not what was signed");
    other(text + "\n", "body: a newline appended", "it is not what was signed");
    if (text.startsWith("{") || text.startsWith("[")) {
      other(JSON.stringify(JSON.parse(text), null, 2), "body: written anew by another JSON writer", "the bytes are signed", { judge: this.spec.reserialises ? false : undefined });
    }
    other(" " + text, "body: a space before it", "it is not what was signed");
    other("", "body: taken out", "nothing is not what was signed");
    const broken = Buffer.concat([Buffer.from('{"a":"'), Buffer.from([0xff, 0xfe, 0x80]), Buffer.from('"}')]);
    other(broken, "body: not UTF-8, with a signature of another", "it is not what was signed");
    if (!this.spec.bodyRead) {
      suite.add("genuine: not UTF-8", this.request({ body: broken }), { outcome: "accept", status: this.spec.status ?? 202, events: 0 }, "bytes are signed, whatever they are; that no record can be read of them is not the sender's to mend", { judge: false });
      suite.add("genuine: an empty body", this.request({ body: Buffer.alloc(0) }), { outcome: "reject", status: 400 }, "authentic, but there is nothing in it", { judge: false });
    }
  }

  secrets() {
    const { suite, spec } = this;
    const name = spec.secretName ?? "webhook_secret";
    const slot = spec.secretKey ?? "secrets";
    const previous = `previous_${name}`;
    suite.add("secret: another", this.request({ secret: spec.stranger }), "reject", "whoever signed does not know the secret");
    const rotation = suite.variant("rotation", { [slot]: [name, previous] });
    const both = [name, previous];
    suite.add("rotation: signed with the current one", this.request(), this.accept(this.first), "either counts", { source: rotation, judged: both });
    suite.add("rotation: signed with the previous one", this.request({ secret: spec.previous }), this.accept(this.first), "either counts", { source: rotation, judged: both });
    suite.add("rotation: signed with neither", this.request({ secret: spec.stranger }), "reject", "neither signed", { source: rotation, judged: both });
    const retired = suite.variant("retired", { [slot]: [name, { name: previous, not_after: iso(NOW - 1000) }] });
    suite.add("rotation: the previous one, retired a second ago", this.request({ secret: spec.previous }), "reject", "it counts no more", { source: retired, judge: false });
    suite.add("rotation: the current one beside a retired one", this.request(), this.accept(this.first), "the retired one is not needed", { source: retired });
    const retiring = suite.variant("retiring", { [slot]: [name, { name: previous, not_after: iso(NOW + 3600_000) }] });
    suite.add("rotation: the previous one, retired in an hour", this.request({ secret: spec.previous }), this.accept(this.first), "it still counts", { source: retiring, judged: both });
  }

  signatures() {
    const { suite, spec } = this;
    const o = this.options();
    const reject = (name, request, why, options) => suite.add(`signature: ${name}`, request, "reject", why, options);
    reject("missing", this.raw(o, []), "nothing is proven");
    reject("an empty header", this.raw(o, ""), "nothing is proven");
    if (spec.wrap) reject("empty after its key", this.changed(() => ""), "nothing is proven");
    reject("the first half", this.changed((text) => text.slice(0, text.length / 2)), "a part is not the whole");
    reject("one byte short", this.changed((text) => this.encode(Buffer.from(text, spec.encoding ?? "hex").subarray(0, -1))), "a part is not the whole");
    reject("a byte too many", this.changed((text) => this.encode(Buffer.concat([Buffer.from(text, spec.encoding ?? "hex"), Buffer.from([0])]))), "longer than a signature is", { judge: spec.lenient ? false : undefined });
    reject("one bit changed", this.changed((text) => {
      const bytes = Buffer.from(text, spec.encoding ?? "hex");
      bytes[bytes.length - 1] ^= 1;
      return this.encode(bytes);
    }), "it is not the signature");
    reject("all zeros", this.changed((text) => this.encode(Buffer.alloc(Buffer.from(text, spec.encoding ?? "hex").length))), "it is not the signature");
    reject("not of its encoding", this.changed(() => "zz!!%%"), "it cannot be decoded");
    const value = this.wrap(this.encode(this.signature(o)), o);
    const zeros = this.wrap(this.encode(Buffer.alloc(this.signature(o).length)), o);
    if (spec.list || spec.lines) {
      const judge = { judge: false, made_by: "the vendor's documented rule" };
      if (spec.lines || !spec.time || spec.time.header) {
        suite.add("signature: a wrong one and a right one on two lines", this.raw(o, [zeros, value]), this.accept(this.first), "a list may stand on several lines", judge);
      }
    } else {
      reject("on two lines, the second wrong", this.raw(o, [value, zeros]), "one of two readings would be a guess", { judge: false });
      reject("on two lines, the first wrong", this.raw(o, [zeros, value]), "one of two readings would be a guess", { judge: false });
    }
    if (spec.wrap && !spec.list) {
      const bare = this.encode(this.signature(o));
      reject("without its key", this.raw(o, bare), "a signature of an unnamed scheme is none");
      reject("under the key of another scheme", this.raw(o, value.replace(bare, "").replace(/\w+(?=[=, ])/, "v9") + bare), "a signature of another scheme is none");
    }
  }

  times() {
    const { suite, spec } = this;
    const { past, future, unit } = spec.time;
    const reject = (name, request, why, options) => suite.add(`time: ${name}`, request, "reject", why, options);
    const accept = (name, ms, why) => suite.add(`time: ${name}`, this.request({ time: ms }), this.accept(this.first, this.options({ time: ms })), why);
    if (past > 2) accept("a second old enough", NOW - (past - 1) * 1000, "within the window");
    suite.add("time: at the edge", this.request({ time: NOW - past * 1000 }), this.accept(this.first), "the edge is within", { judge: spec.time.edge ?? undefined });
    reject("a second past the edge", this.request({ time: NOW - (past + 1) * 1000 }), "an old request is a replay");
    reject("years old", this.request({ time: NOW - 10 * 365 * 86400_000 }), "an old request is a replay");
    if (future > 0) accept("a little ahead", NOW + Math.min(future, 30) * 1000, "clocks differ");
    reject("a second further ahead than clocks differ", this.request({ time: NOW + (future + 1) * 1000 }), "a time to come would be replayed until then");
    reject("years ahead", this.request({ time: NOW + 10 * 365 * 86400_000 }), "a time to come would be replayed until then");
    const odd = (name, ts, why) => reject(name, this.request({ ts }), why);
    odd("text", "yesterday", "not a time");
    odd("empty", "", "not a time");
    if (unit === "rfc3339") {
      odd("without a zone", "2026-06-01T12:00:00", "a time of no zone is no moment");
      odd("in seconds", String(NOW / 1000), "not as the vendor writes it");
      odd("of a month that is not", "2026-13-01T12:00:00Z", "not a time");
    } else {
      const now = PLAIN[unit](NOW);
      odd("negative", `-${now}`, "not a time");
      odd("with a sign", `+${now}`, "a number that two parsers read differently");
      odd("with a fraction", `${now}.5`, "a number that two parsers read differently");
      odd("hexadecimal", `0x${Number(now).toString(16)}`, "a number that two parsers read differently");
      odd("with a leading zero", `0${now}`, "a number that two parsers read differently");
      odd("with an exponent", `${Number(now) / 1e5}e5`, "a number that two parsers read differently");
      odd("overflowing", "99999999999999999999999999", "no moment");
      odd("not a number", "NaN", "a comparison with it is never true");
    }
    if (spec.time.header) {
      reject("missing", this.raw({ ...this.options(), ts: null }, this.wrap(this.encode(this.signature(this.options())), this.options())), "without its time it may be of any");
      const old = this.options({ time: NOW - (past + 3600) * 1000 });
      const value = this.wrap(this.encode(this.signature(old)), old);
      reject("renewed under an old signature", this.raw(this.options(), value), "the time is signed");
      const twice = this.request();
      twice.headers.splice(1, 0, [spec.time.header, this.options().ts]);
      reject("on two lines", twice, "one of two readings would be a guess", { judge: false });
    }
  }

  lists() {
    const { suite, spec } = this;
    const { separator, item, old, head } = spec.list;
    const o = this.options();
    const right = this.encode(this.signature(o));
    const wrong = this.encode(Buffer.alloc(this.signature(o).length, 7));
    const value = (...items) => (head ? [head(o)] : []).concat(items).join(separator);
    const expect = this.accept(this.first);
    suite.add("list: a wrong one before the right one", this.raw(o, value(item(wrong), item(right))), expect, "any of them counts");
    suite.add("list: a wrong one after the right one", this.raw(o, value(item(right), item(wrong))), expect, "any of them counts");
    suite.add("list: one of a scheme to come beside the right one", this.raw(o, value(item(right, "v7"), item(right))), expect, "unknown schemes are passed over");
    suite.add("list: only one of an unknown scheme", this.raw(o, value(item(right, "v7"))), "reject", "a scheme that is not taken proves nothing");
    suite.add("list: only one of an older scheme", this.raw(o, value(item(right, old))), "reject", "no downgrade");
    suite.add("list: wrong ones only", this.raw(o, value(item(wrong), item(wrong))), "reject", "none of them is right");
    suite.add("list: empty items", this.raw(o, value("", item(""), "")), "reject", "nothing is not a signature");
  }
}
