// A vendor: oidc-provider as its token endpoint, and a paged API that takes only its living tokens.

import { once } from 'node:events';
import { generateKeyPairSync } from 'node:crypto';
import http from 'node:http';

import { Provider } from 'oidc-provider';

// What RFC 6749 §2.3.1 wants encoded before it goes into a Basic header.
export const CLIENTS = {
  basic: { id: 'client-basic', secret: 'basic s%&+=:/#~ecret of the client' },
  body: { id: 'client-body', secret: 'body s%&+=:/#~ecret of the client' },
};

// A client that proves itself with a private key, and one that was given a refresh token.
const pair = generateKeyPairSync('rsa', { modulusLength: 2048 });
export const SIGNER = { id: 'client-signer', key: pair.privateKey.export({ type: 'pkcs8', format: 'pem' }) };
export const HOLDER = { id: 'client-holder', secret: 'holder s%&+=:/#~ecret of the client' };

const methods = { basic: 'client_secret_basic', body: 'client_secret_post' };

export class Vendor {
  /** `ttl`: how long a token lives, in seconds. */
  static async start({ ttl = 3600 } = {}) {
    const vendor = new Vendor();
    Object.assign(vendor, { records: [], pageSize: 10, before: () => {}, tokenRequests: 0, apiRequests: [], tokens: new Set() });
    vendor.server = http.createServer();
    vendor.server.listen(0, '127.0.0.1');
    await once(vendor.server, 'listening');
    vendor.url = `http://127.0.0.1:${vendor.server.address().port}`;
    vendor.provider = new Provider(vendor.url, {
      clients: [
        ...Object.entries(CLIENTS).map(([kind, { id, secret }]) => ({
          client_id: id,
          client_secret: secret,
          token_endpoint_auth_method: methods[kind],
          grant_types: ['client_credentials'],
          redirect_uris: [],
          response_types: [],
          scope: 'logs:read',
        })),
        {
          client_id: SIGNER.id,
          token_endpoint_auth_method: 'private_key_jwt',
          token_endpoint_auth_signing_alg: 'RS256',
          jwks: { keys: [{ ...pair.publicKey.export({ format: 'jwk' }), kid: 'k1', use: 'sig', alg: 'RS256' }] },
          grant_types: ['client_credentials'],
          redirect_uris: [],
          response_types: [],
          scope: 'logs:read',
        },
        {
          client_id: HOLDER.id,
          client_secret: HOLDER.secret,
          token_endpoint_auth_method: 'client_secret_basic',
          grant_types: ['authorization_code', 'refresh_token'],
          redirect_uris: ['https://app.example.com/back'],
          response_types: ['code'],
          scope: 'openid offline_access logs:read',
        },
      ],
      scopes: ['openid', 'offline_access', 'logs:read'],
      features: { clientCredentials: { enabled: true }, devInteractions: { enabled: false } },
      findAccount: (_, id) => ({ accountId: id, claims: () => ({ sub: id }) }),
      rotateRefreshToken: true,
      ttl: { ClientCredentials: ttl, AccessToken: ttl, RefreshToken: 3600, Grant: 3600 },
    });
    const issue = vendor.provider.callback();
    vendor.server.on('request', (request, response) => {
      if (request.url.startsWith('/token')) {
        vendor.tokenRequests += 1;
        issue(request, response);
      } else {
        vendor.answer(request, response).catch((error) => {
          response.writeHead(500).end(String(error));
        });
      }
    });
    return vendor;
  }

  async close() {
    this.server.closeAllConnections();
    this.server.close();
    await once(this.server, 'close');
  }

  /** The living token that a request brings, if it brings one. */
  async token(request) {
    const bearer = /^Bearer (.+)$/.exec(request.headers.authorization ?? '')?.[1];
    if (bearer) this.tokens.add(bearer);
    const { ClientCredentials, AccessToken } = this.provider;
    const token = bearer && ((await ClientCredentials.find(bearer)) ?? (await AccessToken.find(bearer)));
    return token?.isValid && token.scope.split(' ').includes('logs:read') ? token : undefined;
  }

  /** GET /logs?since=&until=[&from=]: a page of records in order of time. */
  async answer(request, response) {
    const url = new URL(request.url, this.url);
    const query = Object.fromEntries(url.searchParams);
    const from = Number(query.from ?? 0);
    const call = { page: from / this.pageSize, authorized: false, nth: this.apiRequests.length };
    this.apiRequests.push(call);
    const instead = await this.before(call, request, this);
    if (instead) {
      response.writeHead(instead.status, instead.headers).end('{}');
      return;
    }
    if (url.pathname !== '/logs' || !(await this.token(request))) {
      response.writeHead(url.pathname === '/logs' ? 401 : 404, { 'www-authenticate': 'Bearer' }).end('{}');
      return;
    }
    call.authorized = true;
    const inWindow = this.records
      .filter(({ published }) => published >= query.since && published < query.until)
      .sort((a, b) => (a.published < b.published ? -1 : a.published > b.published ? 1 : 0));
    const page = inWindow.slice(from, from + this.pageSize);
    const headers = { 'content-type': 'application/json' };
    if (from + this.pageSize < inWindow.length) {
      const next = new URLSearchParams({ ...query, from: String(from + this.pageSize) });
      headers.link = `<${this.url}/logs?from=0>; rel="self", </logs?${next}>; rel="next"`;
    }
    response.writeHead(200, headers).end(JSON.stringify(page));
  }

  /** Whether a token that was seen still lives. */
  async alive() {
    const found = [...this.tokens].map(async (token) => (await this.provider.AccessToken.find(token))?.isValid);
    return (await Promise.all(found)).some(Boolean);
  }

  /** A refresh token, as a person's consent would have given it to the holder. */
  async consent() {
    const { Grant, RefreshToken, Client } = this.provider;
    const grant = new Grant({ accountId: 'admin', clientId: HOLDER.id });
    grant.addOIDCScope('openid offline_access logs:read');
    const token = new RefreshToken({
      accountId: 'admin',
      client: await Client.find(HOLDER.id),
      grantId: await grant.save(),
      gty: 'authorization_code',
      scope: 'openid offline_access logs:read',
      authTime: Math.floor(Date.now() / 1000),
    });
    return token.save();
  }

  /** Makes the token that a request brings die now. */
  async revoke(request) {
    const token = await this.token(request);
    await token?.destroy();
  }

  /** Adds `count` records, a second apart, the newest `age` seconds old. */
  add(count, age = 600) {
    const newest = Date.now() - age * 1000;
    for (let index = 0; index < count; index += 1) {
      const published = new Date(newest - (count - 1 - index) * 1000).toISOString();
      this.records.push({ uuid: `r-${this.records.length}`, published, action: 'login' });
    }
  }
}
