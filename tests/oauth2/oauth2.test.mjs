// Pulling with OAuth 2.0 client credentials, against a real authorization server.

import assert from 'node:assert/strict';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';

import { Home } from '../drive/mef.mjs';
import { CLIENTS, HOLDER, SIGNER, Vendor } from './vendor.mjs';

const withSecret = (clientAuth) => (url) => `client_credentials:
      token_url: "${url}/token"
      client_id: ${CLIENTS[clientAuth].id}
      client_secret: "{secret.client_secret}"
      scopes: ["logs:read"]
      client_auth: ${clientAuth}`;

const source = (url, auth) => `
source: saas
poll:
  schedule: rate(1 minute)
  auth:
    ${auth(url)}
  request:
    get: "${url}/logs"
    query: { since: "{window.start|rfc3339}", until: "{window.end|rfc3339}" }
  next: { link: next }
  stop: [no_next, empty_page, same_next]
  records: ""
  cursor: { time: published, id: uuid, order: ascending, start: 1d, end_lag: 1s, overlap: 1h }
event: { map: { category: saas, summary: "{action}", timestamp: "{published}" } }
`;

/** Runs `work` with a vendor and a home of its own, and tidies up. */
async function scene({ clientAuth = 'basic', auth = withSecret(clientAuth), secret = CLIENTS[clientAuth].secret, ttl } = {}, work) {
  const vendor = await Vendor.start({ ttl });
  let home;
  try {
    home = await Home.create({ saas: source(vendor.url, auth) }, { MEF_SECRET_SAAS_CLIENT_SECRET: secret });
    const poll = async (...more) => {
      const result = await home.call('--log', 'debug', ...more, 'poll', 'saas', '--once');
      // Whatever the run was for: no credential shows.
      for (const hidden of [secret, encodeURIComponent(secret), ...vendor.tokens]) {
        assert.ok(!`${result.stdout}${result.stderr}`.includes(hidden), 'a credential is in the output');
      }
      return { ...result, summary: result.lines.length ? JSON.parse(result.lines.at(-1)) : undefined };
    };
    await work({ vendor, home, poll });
  } finally {
    await home?.close();
    await vendor.close();
  }
}

/** Holds a run's summary against what is expected, with what it said if it differs. */
function ended({ status, summary, stderr }, expectedStatus, expected) {
  const found = summary && Object.fromEntries(Object.keys(expected).map((key) => [key, summary[key]]));
  assert.deepEqual({ status, ...found }, { status: expectedStatus, ...expected }, stderr);
}

/** Every record is in the queue, once. */
async function allOnce(home, vendor) {
  const found = (await home.events()).map(({ details }) => details.saas);
  const byId = (a, b) => (a.uuid < b.uuid ? -1 : 1);
  const wanted = [...new Map(vendor.records.map((record) => [record.uuid, record])).values()];
  assert.deepEqual(found.sort(byId), wanted.sort(byId));
}

for (const clientAuth of ['basic', 'body']) {
  test(`all pages are pulled with one token (client_auth: ${clientAuth})`, () =>
    scene({ clientAuth }, async ({ vendor, home, poll }) => {
      vendor.add(35);
      ended(await poll(), 0, { end: 'caught_up', records: 35, delivered: 35, rejected: 0, pages: 4 });
      assert.equal(vendor.tokenRequests, 1);
      assert.ok(vendor.apiRequests.every(({ authorized }) => authorized));
      await allOnce(home, vendor);
    }));

  test(`a wrong client secret is told as such (client_auth: ${clientAuth})`, () =>
    scene({ clientAuth, secret: 'wrong/+=& secret of nobody' }, async ({ vendor, home, poll }) => {
      vendor.add(5);
      const { status, stdout, stderr } = await poll();
      assert.equal(status, 1, stderr);
      assert.match(stderr, /invalid_client/);
      assert.doesNotMatch(stdout + stderr, /panicked/);
      // Asking again with the same secret would only get the client locked out.
      assert.ok(vendor.tokenRequests <= 2, `${vendor.tokenRequests} token requests`);
      assert.equal(vendor.apiRequests.length, 0);
      assert.deepEqual(await home.events(), []);
    }));
}

test('a second run uses the token it has and delivers nothing twice', () =>
  scene({}, async ({ vendor, home, poll }) => {
    vendor.add(25);
    ended(await poll(), 0, { end: 'caught_up', delivered: 25 });
    const second = await poll();
    ended(second, 0, { end: 'caught_up', delivered: 0, rejected: 0 });
    assert.equal(second.summary.duplicates, second.summary.records);
    assert.ok(second.summary.records > 0, 'the overlap was not read again');
    assert.equal(vendor.tokenRequests, 1);
    await allOnce(home, vendor);
  }));

test('a token that is refused in mid-run is replaced once', () =>
  scene({}, async ({ vendor, home, poll }) => {
    vendor.add(35);
    let revoked = false;
    vendor.before = async ({ page }, request) => {
      if (page === 2 && !revoked) {
        revoked = true;
        await vendor.revoke(request);
      }
    };
    ended(await poll(), 0, { end: 'caught_up', delivered: 35, rejected: 0 });
    assert.equal(vendor.tokenRequests, 2);
    assert.deepEqual(vendor.apiRequests.map(({ page, authorized }) => [page, authorized]),
      [[0, true], [1, true], [2, false], [2, true], [3, true]]);
    await allOnce(home, vendor);
  }));

test('a token that is refused again and again ends the run', () =>
  scene({}, async ({ vendor, home, poll }) => {
    vendor.add(35);
    vendor.before = async ({ page }, request) => {
      if (page === 2) await vendor.revoke(request);
    };
    const { status, stderr } = await poll();
    assert.equal(status, 1, stderr);
    assert.match(stderr, /401/);
    assert.equal(vendor.tokenRequests, 2, 'one refresh, and no more');
    assert.equal((await home.events()).length, 20, 'the pages before it are delivered');
    // The cursor stands where it was: the next run brings the rest.
    vendor.before = () => {};
    ended(await poll(), 0, { end: 'caught_up' });
    await allOnce(home, vendor);
  }));

test('tokens that expire in mid-run cost nothing but new tokens', () =>
  scene({ ttl: 2 }, async ({ vendor, home, poll }) => {
    vendor.add(45);
    const outlived = new Set();
    vendor.before = async ({ page }, request) => {
      // The vendor is slow with two of the pages, and the token dies on its way.
      if (outlived.size < 2 && !outlived.has(page) && (await vendor.token(request))) {
        while (await vendor.token(request)) await sleep(50);
        outlived.add(page);
      }
    };
    ended(await poll(), 0, { end: 'caught_up', delivered: 45, rejected: 0 });
    assert.equal(outlived.size, 2);
    assert.ok(vendor.tokenRequests >= 3, `${vendor.tokenRequests} token requests`);
    assert.ok(vendor.tokenRequests <= 5 + 2, `${vendor.tokenRequests} token requests for 5 pages`);
    await allOnce(home, vendor);
  }));

test('a 429 is waited out where the wait is short', () =>
  scene({}, async ({ vendor, home, poll }) => {
    vendor.add(35);
    let asked;
    let waited;
    vendor.before = ({ page }) => {
      if (page === 1 && !asked) {
        asked = performance.now();
        return { status: 429, headers: { 'retry-after': '1' } };
      }
      if (page === 1) waited = performance.now() - asked;
      return undefined;
    };
    ended(await poll(), 0, { end: 'caught_up', delivered: 35 });
    // What the vendor demanded, not a measure of speed: coming earlier is a fault.
    assert.ok(waited >= 990, `asked again after ${waited} ms`);
    await allOnce(home, vendor);
  }));

test('a long 429 ends the run, and the next does not ask before its time', () =>
  scene({}, async ({ vendor, home, poll }) => {
    vendor.add(35);
    vendor.before = ({ page }) => (page === 2 ? { status: 429, headers: { 'retry-after': '600' } } : undefined);
    ended(await poll(), 75, { end: 'limited', delivered: 20 });
    const asked = vendor.apiRequests.length;
    ended(await poll(), 75, { end: 'limited', delivered: 0 });
    assert.equal(vendor.apiRequests.length, asked, 'the limit was not respected');
    assert.equal((await home.events()).length, 20);
  }));

test('late records are delivered, and repeats are not', () =>
  scene({}, async ({ vendor, home, poll }) => {
    vendor.add(25);
    // The same record as the last of one page and the first of the next.
    vendor.records.push({ ...vendor.records[9] });
    ended(await poll(), 0, { end: 'caught_up', records: 26, delivered: 25, duplicates: 1 });
    vendor.records.pop();
    // Published before what was already read, and seen only now.
    const late = { uuid: 'late', published: new Date(Date.now() - 1_200_000).toISOString(), action: 'late' };
    vendor.records.push(late);
    ended(await poll(), 0, { end: 'caught_up', records: 26, delivered: 1, duplicates: 25, late: 1 });
    ended(await poll(), 0, { end: 'caught_up', delivered: 0 });
    await allOnce(home, vendor);
  }));

test('a next link to another origin is not followed and gets no token', () =>
  scene({}, async ({ vendor, home, poll }) => {
    vendor.add(5);
    const elsewhere = await Vendor.start();
    const heard = [];
    elsewhere.server.prependListener('request', (request) => heard.push(request.headers));
    const answer = vendor.answer.bind(vendor);
    vendor.answer = (request, response) => {
      const { writeHead } = response;
      response.writeHead = function withLink(status, headers) {
        return writeHead.call(this, status, { ...headers, link: `<${elsewhere.url}/logs>; rel="next"` });
      };
      return answer(request, response);
    };
    try {
      const { status, stderr } = await poll();
      assert.equal(status, 1, stderr);
      assert.deepEqual(heard, []);
      assert.match(stderr, /not one of the source's own origins/);
      // The records of that page are good, so they are there; the next run asks for it again and knows them.
      await allOnce(home, vendor);
      vendor.answer = answer;
      vendor.add(15, 300);
      ended(await poll(), 0, { end: 'caught_up', records: 20, delivered: 15, duplicates: 5 });
      await allOnce(home, vendor);
    } finally {
      await elsewhere.close();
    }
  }));

test('a client proves itself with its private key', () =>
  scene({
    auth: (url) => `client_credentials: { token_url: "${url}/token", client_id: ${SIGNER.id}, client_auth: private_key_jwt,
      key: "{secret.client_secret}", key_id: k1, scopes: ["logs:read"] }`,
    // One line, as an environment variable or a secrets file has it.
    secret: SIGNER.key.trim().replaceAll('\n', '\\n'),
  }, async ({ vendor, home, poll }) => {
    vendor.add(15);
    ended(await poll(), 0, { end: 'caught_up', delivered: 15 });
    assert.equal(vendor.tokenRequests, 1);
    await allOnce(home, vendor);
  }));

const holder = (url) => `refresh_token: { token_url: "${url}/token", client_id: ${HOLDER.id},
      client_secret: "{secret.client_secret}", refresh_token: refresh_token }`;
const LINE = 'MEF_SECRET_SAAS_REFRESH_TOKEN=';

test('a refresh token that changes with each use is stored each time', () =>
  scene({ auth: holder, secret: HOLDER.secret, ttl: 1 }, async ({ vendor, home, poll }) => {
    const file = join(home.path, 'secrets.env');
    const first = await vendor.consent();
    await writeFile(file, `# kept\n${LINE}${first}\nOTHER=stays\n`, { mode: 0o600 });
    const seen = new Set([first]);
    for (let run = 0; run < 3; run += 1) {
      vendor.add(5, 600 - run * 10);
      vendor.tokens.add([...seen].at(-1));
      const result = await poll('--secrets', file);
      ended(result, 0, { end: 'caught_up', delivered: 5 });
      const [comment, line, other] = (await readFile(file, 'utf8')).split('\n');
      assert.deepEqual([comment, other], ['# kept', 'OTHER=stays']);
      assert.ok(line.startsWith(LINE));
      const now = line.slice(LINE.length);
      assert.ok(!seen.has(now), 'the refresh token was not stored');
      assert.ok(!`${result.stdout}${result.stderr}`.includes(now), 'the new refresh token is in the output');
      seen.add(now);
      while ([...vendor.tokens].length && (await vendor.alive())) await sleep(50);
    }
    await allOnce(home, vendor);
  }));

test('a refresh token that was used by another ends the run and says what to do', () =>
  scene({ auth: holder, secret: HOLDER.secret }, async ({ vendor, home, poll }) => {
    const file = join(home.path, 'secrets.env');
    await writeFile(file, `${LINE}no-such-token\n`, { mode: 0o600 });
    vendor.add(5);
    const { status, stderr } = await poll('--secrets', file);
    assert.equal(status, 1, stderr);
    assert.match(stderr, /invalid_grant/);
    assert.match(stderr, /set the secret `refresh_token`/);
    assert.equal(vendor.tokenRequests, 1);
  }));
