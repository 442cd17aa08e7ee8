// Discord has two products with one signature: interactions, and webhook events. A type of 1 is the ping of the
// one and every event of the other.

import { createRequire } from "node:module";
import { verifyKey } from "discord-interactions";
import { kinds } from "../lib/crossed.mjs";
import { ed25519, raw } from "../lib/keys.mjs";
import { library } from "../lib/library.mjs";
import { asymmetric } from "../lib/signed.mjs";

const { ApplicationWebhookEventType, ApplicationWebhookType, InteractionType } = createRequire(import.meta.url)("discord-api-types/v10");

const json = JSON.stringify;
const types = library("discord-api-types");
const names = (all) => Object.keys(all).filter((name) => Number.isNaN(Number(name)));

const common = {
  library: library("discord-interactions"),
  text: (o) => [o.ts, o.body],
  header: "X-Signature-Ed25519",
  time: { header: "X-Signature-Timestamp", unit: "s", past: 900, future: 300 },
  differs: [
    [/^time: (a second past|years|a second further)/, "it looks at no clock"],
    [/^time: (text|empty|with|negative|hexadecimal|overflowing|not a number)/, "it takes whatever text was signed as a time"],
  ],
  judge: (_, { body, header, secret }) => verifyKey(body, header("X-Signature-Ed25519"), header("X-Signature-Timestamp"), secret),
};

const discord = (name, spec) => asymmetric(name, ed25519, (key) => raw(key).toString("hex"), { ...common, ...spec });

const interaction = (type) => `{"app_permissions":"562949953601536","application_id":"1290000000000000000","id":"1300000000000000001","type":${json(type)},"data":{"id":"1","name":"ban","type":1},"guild_id":"41771983423143937","member":{"user":{"id":"53908232506183680","username":"ann"}},"token":"aW50ZXJhY3Rpb24","version":1}`;
const webhookEvent = (type) => json({ version: 1, application_id: "1234560123453231555", type: ApplicationWebhookType.Event, event: { type, timestamp: "2026-06-01T11:59:58.123456", data: { integration_type: 1, scopes: ["applications.commands"], user: { id: "937600280096510007", username: "ann" } } } });

const PING = '{"application_id":"1290000000000000000","id":"1300000000000000002","token":"A_UNIQUE_TOKEN","type":1,"user":{"id":"1"},"version":1}';
const EVENTS_PING = json({ version: 1, application_id: "1234560123453231555", type: ApplicationWebhookType.Ping });

function pings(b, suite, text, response) {
  suite.add("handshake: a ping", b.request({ text }), { outcome: "handshake", ...response }, "Discord checks the URL when it is given, and later");
  suite.add("handshake: a ping, badly signed", b.request({ text, secret: suite.spec.stranger }), "reject", "Discord probes with bad signatures and wants 401");
  suite.add("handshake: a ping, unsigned", b.raw(b.options({ text }), []), "reject", "Discord probes with bad signatures and wants 401");
}

export const suites = [
  discord("discord", {
    deliveryId: (text) => JSON.parse(text).id,
    bodies: { "a command": interaction(2) },
    more(b, suite) {
      pings(b, suite, PING, { status: 200, response: { json: { type: 1 } } });
      const text = b.first.replace('"type":2', '"type":"1"');
      suite.add("genuine: a type that is a text", b.request({ text }), b.accept(text), "only the number 1 is a ping");
      const known = names(InteractionType).filter((name) => name !== "Ping");
      kinds(suite, types, known, (name) => interaction(InteractionType[name]), (body) => b.request({ text: body }), (body) => b.accept(body));
      const event = webhookEvent("APPLICATION_AUTHORIZED");
      suite.add("event: of the other product", b.request({ text: event }), { outcome: "accept", status: 200, events: 1 }, "its type is 1 too, as that of a ping: it must not be lost");
    },
  }),
  discord("discord-events", {
    status: 204,
    bodies: { "an authorization": webhookEvent("APPLICATION_AUTHORIZED") },
    more(b, suite) {
      pings(b, suite, EVENTS_PING, { status: 204, response: { body: "", headers: { "content-type": "application/json" } } });
      const known = names(ApplicationWebhookEventType).map((name) => ApplicationWebhookEventType[name]);
      kinds(suite, types, known.filter((type) => type !== "APPLICATION_AUTHORIZED"), webhookEvent, (body) => b.request({ text: body }), (body) => b.accept(body));
      suite.add("event: the ping of the other product", b.request({ text: PING }), b.accept(PING), "its type is that of an event");
    },
  }),
];
