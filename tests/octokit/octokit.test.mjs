// GitHub's own examples, signed by GitHub's own library, through a real `mef run`.
//
// What counts: every authentic payload is in the queue whole and once, and nothing else is.

import assert from 'node:assert/strict';
import { createHmac, randomUUID } from 'node:crypto';
import { existsSync, readFileSync, readdirSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { after, before, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { gzipSync } from 'node:zlib';

import { sign } from '@octokit/webhooks-methods';

import { Home } from '../drive/mef.mjs';

const HERE = dirname(fileURLToPath(import.meta.url));
const SECRET = 'octokit/+=&% secret';
const AT_ONCE = 16;
const FORMS = 100;

const SOURCE = `
source: github
webhook:
  verify:
    - hmac:
        hash: sha256
        secrets: [webhook_secret]
        text: "{body}"
        signature: { from: header.X-Hub-Signature-256, pair: "=", take: [sha256], encoding: hex }
  delivery_id: header.X-GitHub-Delivery
event:
  map:
    category: github
    summary: "{header.x-github-event}.{action} on {repository.full_name} by {sender.login}"
    tags: [github]
`;

// Every payload of the package: github.com's and those of each GitHub Enterprise Server.
const root = dirname(createRequire(import.meta.url).resolve('@octokit/webhooks-examples/package.json'));
const examples = readdirSync(root, { withFileTypes: true })
  .filter((entry) => entry.isDirectory() && existsSync(join(root, entry.name, 'index.json')))
  .flatMap((entry) => JSON.parse(readFileSync(join(root, entry.name, 'index.json'), 'utf8')))
  .flatMap(({ name, examples: payloads }) => payloads.map((payload) => ({ name, payload })));

let home;
let url;
// Every payload that the queue owes us, each time it was accepted.
const owed = [];

/** `work` on every item, at most AT_ONCE at a time. */
async function each(items, work) {
  const queue = items.entries();
  const worker = async () => {
    for (const [index, item] of queue) await work(item, index);
  };
  await Promise.all(Array.from({ length: AT_ONCE }, worker));
}

/** Posts a body as GitHub does. */
async function post(body, signature, { event = 'push', delivery = randomUUID(), ...headers } = {}) {
  const response = await fetch(`${url}/github`, {
    method: 'POST',
    headers: {
      'user-agent': 'GitHub-Hookshot/044aadd',
      'content-type': 'application/json',
      'x-github-event': event,
      'x-github-delivery': delivery,
      'x-hub-signature-256': signature,
      ...headers,
    },
    body,
  });
  return { status: response.status, answer: await response.json() };
}

const signBytes = (bytes) => `sha256=${createHmac('sha256', SECRET).update(bytes).digest('hex')}`;

/** JSON text in which the order of keys does not count. */
function canonical(value) {
  if (Array.isArray(value)) return `[${value.map(canonical).join(',')}]`;
  if (value === null || typeof value !== 'object') return JSON.stringify(value);
  return `{${Object.keys(value).sort().map((key) => `${JSON.stringify(key)}:${canonical(value[key])}`).join(',')}}`;
}

function counted(values) {
  const counts = new Map();
  for (const value of values) {
    const text = canonical(value);
    counts.set(text, (counts.get(text) ?? 0) + 1);
  }
  return counts;
}

/** Reads the queue beside the running server and holds it against what is owed. */
async function settle() {
  const events = await home.events();
  const found = counted(events.map((event) => JSON.parse(event.details.raw.join(''))));
  const wanted = counted(owed);
  for (const [text, count] of wanted) {
    assert.equal(found.get(text) ?? 0, count, `how often the queue has ${text.slice(0, 300)}`);
  }
  for (const text of found.keys()) assert.ok(wanted.has(text), `nobody sent ${text.slice(0, 300)}`);
  assert.equal(events.length, owed.length);
  return events;
}

before(async () => {
  assert.ok(examples.length > 700, `only ${examples.length} examples were found`);
  const ours = join(HERE, '../../config-examples/github');
  const source = existsSync(join(ours, 'source.yml')) ? { folder: ours } : SOURCE;
  home = await Home.create({ github: source }, { MEF_SECRET_GITHUB_WEBHOOK_SECRET: SECRET });
  ({ url } = await home.run());
});

after(() => home?.close());

test('every example arrives whole and once', async () => {
  await each(examples, async ({ name, payload }) => {
    const body = JSON.stringify(payload);
    const { status, answer } = await post(body, await sign(SECRET, body), { event: name });
    assert.deepEqual([status, answer], [200, { accepted: 1, rejected: 0 }], name);
    owed.push(payload);
  });
  const events = await settle();
  for (const event of events) assert.equal(event.category, 'github');
});

test('a payload with one byte changed is refused and leaves nothing', async () => {
  await each(examples, async ({ name, payload }, index) => {
    const body = Buffer.from(JSON.stringify(payload));
    const signature = await sign(SECRET, body.toString());
    body[(index * 7919) % body.length] ^= 1 << (index % 7);
    const { status, answer } = await post(body, signature, { event: name });
    assert.deepEqual([status, answer], [401, { error: 'unauthorized' }], name);
  });
  await settle();
  assert.deepEqual(await home.data('dlq', 'list'), []);
});

test('a form with the payload in a field arrives as the payload', async () => {
  const sample = examples.filter((_, index) => index % Math.floor(examples.length / FORMS) === 0);
  await each(sample, async ({ name, payload }) => {
    const body = new URLSearchParams({ payload: JSON.stringify(payload) }).toString();
    const headers = { event: name, 'content-type': 'application/x-www-form-urlencoded' };
    const { status, answer } = await post(body, await sign(SECRET, body), headers);
    assert.deepEqual([status, answer], [200, { accepted: 1, rejected: 0 }], name);
    owed.push(payload);
  });
  await settle();
});

test('a delivery that is sent again comes once', async () => {
  const payload = { action: 'repeated', nonce: randomUUID(), repository: { full_name: 'o/r' } };
  const body = JSON.stringify(payload);
  const signature = await sign(SECRET, body);
  const delivery = randomUUID();
  assert.equal((await post(body, signature, { delivery })).status, 200);
  owed.push(payload);
  for (let again = 0; again < 3; again += 1) {
    const { status, answer } = await post(body, signature, { delivery });
    assert.deepEqual([status, answer], [200, { duplicate: true }]);
  }
  await settle();
});

test('the same body under another delivery id is another event', async () => {
  const payload = { action: 'twice', nonce: randomUUID() };
  const body = JSON.stringify(payload);
  for (let time = 0; time < 2; time += 1) {
    const { status, answer } = await post(body, await sign(SECRET, body));
    assert.deepEqual([status, answer], [200, { accepted: 1, rejected: 0 }]);
    owed.push(payload);
  }
  await settle();
});

test('another body under a known delivery id is not taken for a repeat', async () => {
  const delivery = randomUUID();
  for (const action of ['first', 'second']) {
    const payload = { action, nonce: randomUUID() };
    const body = JSON.stringify(payload);
    const { status, answer } = await post(body, await sign(SECRET, body), { delivery });
    assert.deepEqual([status, answer], [200, { accepted: 1, rejected: 0 }]);
    owed.push(payload);
  }
  await settle();
});

test('a compressed body is verified as it was sent and arrives plain', async () => {
  const payload = { action: 'compressed', nonce: randomUUID(), text: 'x'.repeat(10_000) };
  const plain = Buffer.from(JSON.stringify(payload));
  const packed = gzipSync(plain);
  const headers = { 'content-encoding': 'gzip' };
  const overWire = await post(packed, signBytes(packed), headers);
  assert.deepEqual([overWire.status, overWire.answer], [200, { accepted: 1, rejected: 0 }]);
  owed.push(payload);
  const overPlain = await post(packed, signBytes(plain), headers);
  assert.deepEqual([overPlain.status, overPlain.answer], [401, { error: 'unauthorized' }]);
  await settle();
});

test('what the library signs with another secret is refused', async () => {
  const body = JSON.stringify({ action: 'forged' });
  const { status, answer } = await post(body, await sign('another secret', body));
  assert.deepEqual([status, answer], [401, { error: 'unauthorized' }]);
  await settle();
});
