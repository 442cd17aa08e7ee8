// Vendors that look for weaknesses and for what leaked.

import { createPublicKey } from "node:crypto";
import { verifyRequest } from "@copilot-extensions/preview-sdk";
import { ecdsa, p256, spki } from "../lib/keys.mjs";
import { library } from "../lib/library.mjs";
import { asymmetric, hmac } from "../lib/signed.mjs";
import { plain } from "./body.mjs";
import { timed } from "./timed.mjs";

const json = JSON.stringify;

// GitHub's page shows one request, with the key that signed it.
const PUBLISHED = {
  key: "MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAEYAGMWO8XgCamYKMJS6jc/qgvSlAdAjPuDPRcXU22YxgBrz+zoN19MzuRyW87qEt9/AmtoNP5GrobzUvQSyJFVw==",
  id: "bcb53661c06b4728e59d897fb6165d5c9cda0fd9cdf9d09ead458168deb7518c",
  body: '[{"source":"commit","token":"some_token","type":"some_type","url":"https://example.com/base-repo-url/"}]',
  signature: "MEQCIQDaMKqrGnE27S0kgMrEK0eYBmyG0LeZismAEz/BgZyt7AIfXt9fErtRS4XaeSt/AO1RtBY66YcAdjxji410VQV4xg==",
};

export const suites = [
  plain("hackerone", {
    header: "X-H1-Signature",
    prefix: "sha256",
    extra: () => [["X-H1-Event", "report_triaged"], ["X-H1-Delivery", "8a1b1c2e-cc78-11e3-81ab-4c9367dc0959"]],
    deliveryId: () => "8a1b1c2e-cc78-11e3-81ab-4c9367dc0959",
    bodies: {
      "a report was triaged": json({ data: { activity: { type: "activity-bug-triaged", id: "1337", attributes: { message: "Reproduced", created_at: "2026-06-01T11:59:58.123Z", internal: false }, relationships: { actor: { data: { id: "1", type: "user", attributes: { username: "ann" } } } } }, report: { id: "4242", type: "report", attributes: { title: "XSS in login form", state: "triaged" } } } }),
    },
  }),
  plain("semgrep", {
    header: "X-Semgrep-Signature-256",
    events: (text) => JSON.parse(text).length ?? 1,
    bodies: {
      "two findings": json([7, 8].map((id) => ({ semgrep_finding: { id, check_id: "python.flask.security.injection.tainted-sql-string", path: "src/app.py", line: id, severity: 2, message: "User input in SQL", ref: "refs/heads/main", repo_name: "example/app" } }))),
    },
  }),
  timed("gitguardian", {
    sign: (text, secret, o) => hmac("sha256")(text, `${o.ts}${secret}`),
    text: (o) => [o.body],
    header: "Gitguardian-Signature",
    wrap: (signature) => `sha256=${signature}`,
    time: { header: "Timestamp", unit: "s", past: 300, future: 300 },
    key: (secret) => secret,
    bodies: {
      "an incident": json({ source: "GitGuardian", timestamp: "2026-06-01T11:59:58.123Z", action: "incident_triggered", message: "A new incident has been detected.", target_user: "GitGuardian", incident: { id: 3, severity: "high", status: "TRIGGERED", validity: "valid", occurrence_count: 2, detector: { name: "aws_iam", display_name: "AWS Keys" }, gitguardian_url: "https://dashboard.gitguardian.com/workspace/1/incidents/3" } }),
    },
    more(b, suite) {
      const { secret, ts } = b.options();
      for (const [name, key] of [["the secret alone", secret], ["the time alone", ts], ["the secret before the time", `${secret}${ts}`]]) {
        suite.add(`attack: signed with ${name}`, b.raw(b.options(), `sha256=${hmac("sha256")(b.first, key).toString("hex")}`), "reject", "the key is the time and the secret");
      }
    },
  }),
  asymmetric("github-secret-scanning", p256, spki, {
    library: library("@copilot-extensions/preview-sdk"),
    more_secrets: { published_key: PUBLISHED.key },
    sign: (text, key) => ecdsa(text, key),
    text: (o) => [o.body],
    header: "Github-Public-Key-Signature",
    encoding: "base64",
    extra: () => [["Github-Public-Key-Identifier", PUBLISHED.id]],
    events: (text) => JSON.parse(text).length ?? 1,
    bodies: {
      "two tokens": json(["NMIfyYncKcRALEXAMPLE", "NMIfyYncKcRALEXAMPLF"].map((token) => ({ token, type: "mycompany_api_token", url: "https://github.com/octocat/Hello-World/blob/12345600b9cbe38a219f39a9941c9319b600c002/foo/bar.txt", source: "content" }))),
    },
    judge: (_, { text, header, secret }) => {
      const pem = createPublicKey({ key: Buffer.from(secret, "base64"), format: "der", type: "spki" }).export({ format: "pem", type: "spki" });
      return verifyRequest(text, header("Github-Public-Key-Signature"), pem);
    },
    more(b, suite) {
      const source = suite.variant("published", { keys: ["published_key"] });
      const published = (body) => ({ method: "POST", path: "/github-secret-scanning", headers: [["Content-Type", "application/json"], ["GITHUB-PUBLIC-KEY-IDENTIFIER", PUBLISHED.id], ["GITHUB-PUBLIC-KEY-SIGNATURE", PUBLISHED.signature]], body: Buffer.from(body) });
      const judged = ["published_key"];
      suite.add("genuine: the request that GitHub publishes", published(PUBLISHED.body), b.accept(PUBLISHED.body), "signed by GitHub itself", { source, judged });
      suite.add("attack: another token in the request that GitHub publishes", published(PUBLISHED.body.replace("some_token", "another_token")), "reject", "it is not what was signed", { source, judged });
    },
  }),
];
