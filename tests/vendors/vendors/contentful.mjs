// Contentful signs the method, the path and query as its library escapes them, the headers that it lists, and the body.

import { signRequest, verifyRequest } from "@contentful/node-apps-toolkit";
import { library } from "../lib/library.mjs";
import { hmac } from "../lib/signed.mjs";
import { NOW } from "../lib/suite.mjs";
import { AHEAD, timed } from "./timed.mjs";

const json = JSON.stringify;

export const suites = [
  timed("contentful", {
    library: library("@contentful/node-apps-toolkit"),
    secrets: {
      webhook_secret: "a1b2c3d4e5f60718293a4b5c6d7e8f90a1b2c3d4e5f60718293a4b5c6d7e8f90",
      previous_webhook_secret: "0f1e2d3c4b5a69788796a5b4c3d2e1f00f1e2d3c4b5a69788796a5b4c3d2e1f0",
    },
    stranger: "ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff",
    text: (o) => [o.method, "\n", o.path, "\n", contentfulHeaders(o).map(([name, value]) => `${name}:${value}`).join(";"), "\n", o.body],
    header: "x-contentful-signature",
    time: { header: "x-contentful-timestamp", unit: "ms", past: 30, future: 30, edge: false },
    extra: (o) => [["x-contentful-topic", "ContentManagement.Entry.publish"], ["x-contentful-signed-headers", contentfulHeaders(o).map(([name]) => name).join(",")]],
    differs: [AHEAD],
    bodies: {
      "an entry": json({ sys: { type: "Entry", id: "3f1Bz", space: { sys: { id: "sp1" } }, contentType: { sys: { id: "post" } }, updatedBy: { sys: { id: "u1" } }, updatedAt: "2026-06-01T11:59:58.123Z" }, fields: { title: { "en-US": "Hello" } } }),
    },
    judge: (request, { text, headers, secret }) => verifyRequest(secret, { method: request.method, path: request.path, headers, body: text }, 30),
    more(b, suite) {
      const byLibrary = (path) => {
        const signedBy = signRequest(suite.spec.secrets.webhook_secret, { method: "POST", path, headers: { "x-contentful-topic": "ContentManagement.Entry.publish", "content-type": "application/json" }, body: b.first }, NOW);
        const headers = [["Content-Type", "application/json"], ["X-Contentful-Topic", "ContentManagement.Entry.publish"], ...Object.entries(signedBy)];
        return { method: "POST", path, headers, body: Buffer.from(b.first) };
      };
      suite.add("genuine: the headers as the library writes them", byLibrary("/contentful"), b.accept(b.first), "made by the library itself");
      for (const query of ["a=1", "env=master&tags=a,b;c", "q=%20x%2Fy", "é=ü&x=!*'()~", "a+b=$c:@", "="]) {
        suite.add(`url: with the query ${query}`, byLibrary(`/contentful?${query}`), b.accept(b.first), "the library escapes the query twice");
        suite.add(`url: with another query than ${query}`, { ...byLibrary(`/contentful?${query}`), path: `/contentful?${query}&admin=1` }, "reject", "the query is signed");
      }
      suite.add("url: with an empty query", { ...byLibrary("/contentful"), path: "/contentful?" }, b.accept(b.first), "an empty query is none");
      const twice = byLibrary("/contentful?a=1?b=2");
      suite.add("url: with two question marks", twice, "reject", "the library does not sign what stands behind the second", { judge: false });
      suite.add("url: with something behind a second question mark", { ...twice, path: "/contentful?a=1?b=3" }, "reject", "the library does not sign what stands behind the second", { judge: false });
      const changed = b.request();
      changed.headers.find(([name]) => name === "x-contentful-topic")[1] = "ContentManagement.Entry.delete";
      suite.add("attack: a signed header changed", changed, "reject", "the headers that are listed are signed");
      const dropped = b.request();
      dropped.headers = dropped.headers.filter(([name]) => name !== "x-contentful-topic");
      suite.add("attack: a signed header taken out", dropped, "reject", "the headers that are listed are signed");
      const unlisted = b.request();
      unlisted.headers.find(([name]) => name === "x-contentful-signed-headers")[1] = "x-contentful-signed-headers,x-contentful-timestamp";
      suite.add("attack: a header taken off the list", unlisted, "reject", "the list is signed too");
      suite.add("attack: another path", { ...b.request(), path: "/contentful?admin=1" }, "reject", "the path is signed");
      const o = b.options();
      const untimed = (list) => {
        const values = { "x-contentful-signed-headers": list.join(","), "x-contentful-topic": "ContentManagement.Entry.publish" };
        const text = ["POST", "/contentful", list.map((name) => `${name}:${values[name]}`).join(";"), b.first].join("\n");
        const signature = hmac("sha256")(text, o.secret).toString("hex");
        return { method: "POST", path: "/contentful", body: o.body, headers: [["x-contentful-topic", values["x-contentful-topic"]], ["x-contentful-signed-headers", values["x-contentful-signed-headers"]], ["x-contentful-timestamp", String(NOW)], ["x-contentful-signature", signature]] };
      };
      suite.add("attack: a list without the time", untimed(["x-contentful-signed-headers", "x-contentful-topic"]), "reject", "a time that is not signed could be anybody's", { judge: false });
    },
  }),
];

function contentfulHeaders(o) {
  const list = "x-contentful-signed-headers,x-contentful-timestamp,x-contentful-topic";
  return [["x-contentful-signed-headers", list], ["x-contentful-timestamp", o.ts], ["x-contentful-topic", "ContentManagement.Entry.publish"]];
}
