// The vendor of tests/oauth2 as a process: a command a line on stdin, an answer a line on stdout.

import { createInterface } from 'node:readline';

import { Vendor } from '../oauth2/vendor.mjs';

const vendor = await Vendor.start();
let limit = 0;
let revoke = false;
let garbage = false;
vendor.before = async (_, request) => {
  if (limit > 0) return { status: 429, headers: { 'retry-after': String(limit) } };
  if (garbage) return { status: 200, headers: { 'content-type': 'application/json' } };
  if (revoke) await vendor.revoke(request);
  revoke = false;
  return undefined;
};

const say = (answer) => process.stdout.write(`${JSON.stringify(answer)}\n`);
say({ url: vendor.url });

for await (const line of createInterface({ input: process.stdin })) {
  const command = JSON.parse(line);
  if (command.page) vendor.pageSize = command.page;
  if (command.add) vendor.add(command.add, command.age);
  if (command.change) Object.assign(vendor.records.at(-1), command.change);
  if (command.revoke) revoke = true;
  if (command.garbage !== undefined) garbage = command.garbage;
  if (command.limit !== undefined) limit = command.limit;
  say({
    tokens: vendor.tokenRequests,
    calls: vendor.apiRequests.length,
    authorized: vendor.apiRequests.filter(({ authorized }) => authorized).length,
    records: command.add ? vendor.records : undefined,
  });
}
await vendor.close();
