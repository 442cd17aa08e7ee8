// One vendor's cases: collects them, lets the vendor's library judge each, and gives the file.

import { at } from "./clock.mjs";

/** The moment at which cases are judged that name none. */
export const NOW = Date.UTC(2026, 5, 1, 12, 0, 0);

export const iso = (ms) => new Date(ms).toISOString().replace(".000Z", "Z");

const utf8 = new TextDecoder("utf-8", { fatal: true });

export class Suite {
  /**
   * `spec.judge(request, context)` is the library's verdict: true or false; an error is false.
   * `spec.published` is what stands at the URLs of the vendor's keys.
   * `spec.differs` lists the names of cases in which it is laxer or stricter than we are, and why.
   */
  constructor(spec) {
    this.spec = { differs: [], secrets: {}, webhook: "", overrides: {}, ...spec };
    this.name = spec.name;
    this.cases = [];
    this.disputes = [];
    this.sources = { default: this.source({}) };
  }

  /** The source file's text: the preset by its name, and what it needs. */
  source(overrides) {
    const all = { ...this.spec.overrides, ...overrides };
    const keys = Object.entries(all).map(([key, value]) => `, ${key}: ${flow(value)}`);
    const preset = keys.length === 0 ? this.name : `{ name: ${this.name}${keys.join("")} }`;
    const extra = this.spec.publicUrl ? `  public_url: ${this.spec.publicUrl}\n` : "";
    return `source: ${this.name}\nwebhook:\n${extra}  verify:\n    - preset: ${preset}\n`;
  }

  /** A further source, by the name that cases give. */
  variant(name, overrides) {
    this.sources[name] = this.source(overrides);
    return name;
  }

  /** Adds a case. `expect` is "accept", "reject" or an object. */
  add(name, request, expect, why, options = {}) {
    if (this.cases.some((known) => known.name === name)) throw new Error(`${this.name}: two cases ${name}`);
    this.cases.push({ name, request, expect: typeof expect === "string" ? { outcome: expect } : expect, why, ...options });
  }

  async file() {
    const cases = [];
    for (const one of this.cases) cases.push(await this.written(one));
    const { secrets, published } = this.spec;
    return { preset: this.name, sources: this.sources, secrets, ...(published ? { published } : {}), cases };
  }

  async written(one) {
    const moment = one.at ?? NOW;
    const expect = { ...one.expect };
    if (expect.outcome === "reject") expect.status ??= 401;
    const judged = this.spec.judge && one.judge !== false && one.request.method === "POST";
    if (judged) {
      const verdict = await this.verdict(one, moment);
      const ours = !(expect.status >= 400 && expect.status < 500);
      const differs = this.difference(one);
      if ((verdict === ours) === Boolean(differs)) {
        this.disputes.push(`${this.name}/${one.name}: ${this.spec.library} says ${verdict ? "yes" : "no"}, ${differs ? "as we do, though it is said to differ" : "and we do not"}`);
      }
    }
    const differs = judged ? this.difference(one) : undefined;
    const { method, path, headers, body } = one.request;
    const request = { method, path, headers };
    try {
      request.body = utf8.decode(body);
    } catch {
      request.body_base64 = body.toString("base64");
    }
    return {
      name: one.name,
      at: iso(moment),
      ...(one.source ? { source: one.source } : {}),
      request,
      expect,
      made_by: one.made_by ?? (judged && !differs ? this.spec.library : "the vendor's documented rule"),
      why: differs ? `${one.why} (${this.spec.library} differs: ${differs})` : one.why,
    };
  }

  difference(one) {
    return this.spec.differs.find(([names]) => names.test(one.name))?.[1];
  }

  async verdict(one, moment) {
    const { request } = one;
    const header = (name) => {
      const found = request.headers.filter(([known]) => known.toLowerCase() === name.toLowerCase());
      return found.length === 0 ? undefined : found.map(([, value]) => value).join(", ");
    };
    const headers = Object.fromEntries(request.headers.map(([name]) => [name.toLowerCase(), header(name)]));
    const secrets = (one.judged ?? [this.spec.secretName ?? "webhook_secret"]).map((name) => this.spec.secrets[name]);
    for (const secret of secrets) {
      const context = { header, headers, text: request.body.toString("utf8"), body: request.body, secret, at: moment };
      try {
        if (await at(moment, () => this.spec.judge(request, context))) return true;
      } catch {
        // The library's way of saying no.
      }
    }
    return false;
  }
}

/** YAML in flow style, of what presets are overridden with. */
function flow(value) {
  if (Array.isArray(value)) return `[${value.map(flow).join(", ")}]`;
  if (value && typeof value === "object") {
    return `{ ${Object.entries(value).map(([key, inner]) => `${key}: ${flow(inner)}`).join(", ")} }`;
  }
  return typeof value === "string" && !/^[\w.-]+$/.test(value) ? JSON.stringify(value) : String(value);
}
