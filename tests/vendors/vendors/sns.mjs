// Amazon SNS: a signature inside the message, made with a key whose certificate the message names.

import { sign } from "node:crypto";
import https from "node:https";
import { EventEmitter } from "node:events";
import { createRequire } from "node:module";
import { certificate, rsa } from "../lib/keys.mjs";
import { crossed } from "../lib/crossed.mjs";
import { library } from "../lib/library.mjs";
import { Suite } from "../lib/suite.mjs";

const require = createRequire(import.meta.url);
const MessageValidator = require("sns-validator");

const TOPIC = "arn:aws:sns:eu-west-1:123456789012:security";
const CERT = "https://sns.eu-west-1.amazonaws.com/SimpleNotificationService-7506a1e35b36ef5a444dd1a8e7cc3ed8.pem";
const FIELDS = {
  Notification: ["Message", "MessageId", "Subject", "Timestamp", "TopicArn", "Type"],
  SubscriptionConfirmation: ["Message", "MessageId", "SubscribeURL", "Timestamp", "Token", "TopicArn", "Type"],
  UnsubscribeConfirmation: ["Message", "MessageId", "SubscribeURL", "Timestamp", "Token", "TopicArn", "Type"],
};

/** The library fetches certificates: here it gets ours, and nobody else's. */
const served = { [CERT]: certificate("rsa"), "https://sns.us-gov-west-1.amazonaws.com/SimpleNotificationService-1.pem": certificate("rsa"), "https://sns.cn-north-1.amazonaws.com.cn/SimpleNotificationService-1.pem": certificate("rsa") };
https.get = (url, answer) => {
  const request = new EventEmitter();
  const response = new EventEmitter();
  response.statusCode = served[url] ? 200 : 404;
  queueMicrotask(() => {
    answer(response);
    if (served[url]) response.emit("data", served[url]);
    response.emit("end");
  });
  return request;
};

function signed(message, { key = rsa("rsa"), version = "2", fields = FIELDS[message.Type] ?? FIELDS.Notification } = {}) {
  const text = fields.filter((name) => name in message).map((name) => `${name}\n${message[name]}\n`).join("");
  return { ...message, SignatureVersion: version, Signature: sign(version === "1" ? "sha1" : "sha256", Buffer.from(text), key).toString("base64"), SigningCertURL: message.SigningCertURL ?? CERT };
}

const notification = (given = {}) => ({ Type: "Notification", MessageId: "22b80b92-fdea-4c2c-8f9d-bdfb0c7bf324", TopicArn: TOPIC, Subject: "ALARM: \"root login\"", Message: '{"AlarmName":"root login","NewStateValue":"ALARM","note":"Zo\u00eb \ud83d\ude00\\nline"}', Timestamp: "2026-06-01T11:59:58.123Z", UnsubscribeURL: `https://sns.eu-west-1.amazonaws.com/?Action=Unsubscribe&SubscriptionArn=${TOPIC}:c9135db0`, ...given });
const confirmation = (given = {}) => ({ Type: "SubscriptionConfirmation", MessageId: "165545c9-2a5c-472c-8df2-7ff2be2b3b1b", Token: "2336412f37fb687f5d51e6e241d09c805a5a57b30d712f794cc5f6a988666d92", TopicArn: TOPIC, Message: `You have chosen to subscribe to the topic ${TOPIC}.\nTo confirm the subscription, visit the SubscribeURL included in this message.`, SubscribeURL: `https://sns.eu-west-1.amazonaws.com/?Action=ConfirmSubscription&TopicArn=${TOPIC}&Token=2336412f37fb687f5d51e6e241d09c805a5a57b30d712f794cc5f6a988666d92`, Timestamp: "2026-06-01T11:59:58.123Z", ...given });

const suite = new Suite({
  name: "aws-sns",
  library: library("sns-validator"),
  overrides: { topics: [TOPIC] },
  published: served,
  judge: (_, { text }) => new Promise((resolve, reject) => new MessageValidator().validate(text, (error, message) => (error ? reject(error) : resolve(message.TopicArn === TOPIC)))),
});

const request = (message, type = "text/plain; charset=UTF-8") => ({
  method: "POST",
  path: "/aws-sns",
  headers: [["Content-Type", type], ["x-amz-sns-message-type", message.Type ?? ""], ["x-amz-sns-message-id", message.MessageId ?? ""], ["x-amz-sns-topic-arn", String(message.TopicArn ?? "")]],
  body: Buffer.from(typeof message === "string" ? message : JSON.stringify(message)),
});

const accepted = { outcome: "accept", status: 200, events: 1, delivery_id: "22b80b92-fdea-4c2c-8f9d-bdfb0c7bf324" };
const refused = "reject";
const add = (name, message, expect, why, options) => suite.add(name, request(message), expect, why, options);

add("genuine: a notification", signed(notification()), accepted, "as SNS sends it");
add("genuine: signed with SHA-1", signed(notification(), { version: "1" }), accepted, "topics that were never told otherwise");
const { Subject, ...plain } = notification();
add("genuine: without a subject", signed(plain), accepted, "a subject is optional");
add("genuine: an unsubscription", signed({ ...confirmation(), Type: "UnsubscribeConfirmation", MessageId: "22b80b92-fdea-4c2c-8f9d-bdfb0c7bf324" }), accepted, "somebody took the subscription away: an event that one wants to see", { judge: false });
for (const region of ["https://sns.us-gov-west-1.amazonaws.com/SimpleNotificationService-1.pem", "https://sns.cn-north-1.amazonaws.com.cn/SimpleNotificationService-1.pem"]) {
  add(`genuine: the certificate of ${new URL(region).hostname}`, signed(notification({ SigningCertURL: region })), accepted, "every region has its own host");
}
suite.add("genuine: as JSON", request(signed(notification()), "application/json"), accepted, "the content type means nothing");

const good = signed(notification());
const change = (name, given, why = "the field is signed") => add(`body: ${name}`, { ...good, ...given }, refused, why);
change("another message", { Message: "all is well" });
change("another subject", { Subject: "OK" });
change("another id", { MessageId: "00000000-fdea-4c2c-8f9d-bdfb0c7bf324" });
change("another time", { Timestamp: "2027-06-01T11:59:58.123Z" });
change("another type", { Type: "UnsubscribeConfirmation", SubscribeURL: "https://sns.eu-west-1.amazonaws.com/", Token: "1" });
const { Subject: _, ...bare } = good;
add("body: the subject taken out", bare, refused, "the field is signed");
add("body: a subject put in", { ...signed(plain), Subject: "ALARM" }, refused, "the field is signed");
add("signature: of another key", signed(notification(), { key: rsa("rsa-stranger") }), refused, "it was not signed with that certificate");
add("signature: SHA-1 under version 2", { ...signed(notification(), { version: "1" }), SignatureVersion: "2" }, refused, "the version says which hash");
add("signature: SHA-256 under version 1", { ...good, SignatureVersion: "1" }, refused, "the version says which hash");
add("signature: its first half", { ...good, Signature: good.Signature.slice(0, 100) }, refused, "a part is not the whole");
add("signature: not base64", { ...good, Signature: "%%%" }, refused, "it cannot be decoded", { judge: false });

const reject = (name, message, why, options) => add(name, message, "reject", why, options);
for (const name of ["Signature", "SignatureVersion", "SigningCertURL", "Message", "MessageId", "Timestamp", "TopicArn", "Type"]) {
  const { [name]: gone, ...rest } = good;
  reject(`body: no ${name}`, rest, "a message has it");
}
reject("signature: empty", { ...good, Signature: "" }, "nothing is proven");
for (const version of ["0", "3", ""]) reject(`version: ${version || "empty"}`, { ...good, SignatureVersion: version }, "no such version");
reject("topic: another", signed(notification({ TopicArn: "arn:aws:sns:eu-west-1:999999999999:security" })), "anybody can have SNS sign for a topic of their own");
reject("topic: one that begins so", signed(notification({ TopicArn: `${TOPIC}-2` })), "anybody can have SNS sign for a topic of their own");
reject("topic: in another region", signed(notification({ TopicArn: TOPIC.replace("eu-west-1", "eu-west-2") })), "it is not the topic");
reject("topic: ours in the header only", signed(notification({ TopicArn: "arn:aws:sns:eu-west-1:999999999999:theirs" })), "the header is not signed");
suite.cases.at(-1).request.headers[3][1] = TOPIC;
reject("topic: a list that holds ours", signed(notification({ TopicArn: [TOPIC] })), "it is not the topic", { judge: false });
for (const [name, url] of Object.entries({
  "another host": "https://attacker.example/SimpleNotificationService-1.pem",
  "a host that ends so": "https://sns.eu-west-1.amazonaws.com.attacker.example/x.pem",
  "a host that begins so": "https://sns.eu-west-1.amazonaws.com@attacker.example/x.pem",
  "a bucket of somebody": "https://s3.eu-west-1.amazonaws.com/bucket/x.pem",
  "a bucket called sns": "https://sns.s3.amazonaws.com.attacker.example/x.pem",
  "plain HTTP": CERT.replace("https:", "http:"),
  "another port": CERT.replace("amazonaws.com", "amazonaws.com:8443"),
  "no URL": "x.pem",
  "a file": "file:///etc/ssl/x.pem",
  "an address": "https://169.254.169.254/latest/x.pem",
  "a backslash": "https://attacker.example\\@sns.eu-west-1.amazonaws.com/x.pem",
  empty: "",
})) reject(`certificate: ${name}`, signed(notification({ SigningCertURL: url })), "a certificate is fetched from SNS only", { judge: name === "a backslash" ? false : undefined });
reject("body: not JSON", "Notification", "what cannot be read proves nothing");
reject("body: empty", "", "nothing is proven");
reject("body: a list", `[${JSON.stringify(good)}]`, "a message is an object", { judge: false });

add("handshake: the confirmation", signed(confirmation()), { status: 503 }, "SNS asks whether the subscription is wanted; the answer is a GET of its URL, which is not made offline");
add("handshake: the confirmation, badly signed", { ...signed(confirmation()), Token: "1" }, refused, "the token is signed");
add("handshake: the confirmation of another topic", signed(confirmation({ TopicArn: "arn:aws:sns:eu-west-1:999999999999:theirs" })), "reject", "a stranger's topic is not subscribed to");
add("handshake: a foreign certificate", signed(confirmation({ SigningCertURL: "https://attacker.example/x.pem" })), "reject", "a certificate is fetched from SNS only");
suite.add("handshake: a GET", { ...request(signed(confirmation())), method: "GET" }, { outcome: "reject", status: 405 }, "a GET brings no event");

crossed(suite, { "a notification": JSON.stringify(notification()) }, (text) => request(signed(JSON.parse(text))), () => accepted, { judge: false });

export const suites = [suite];
