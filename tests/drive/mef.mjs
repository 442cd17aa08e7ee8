// Drives a real `mef` binary for the Node suites, as mef.py does for the Python ones.

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { cp, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';

// How long anything that is awaited may take before it counts as never coming, in ms.
const DEADLINE = 60_000;

/** The promise's value, or an error that says what never came. */
export function within(promise, what, ms = DEADLINE) {
  let timer;
  const late = new Promise((_, reject) => {
    timer = setTimeout(() => reject(new Error(`${what}: nothing after ${ms} ms`)), ms);
  });
  return Promise.race([promise, late]).finally(() => clearTimeout(timer));
}

/** A temporary folder that holds everything one installation has. */
export class Home {
  /** `sources`: name → text of its source file, or {folder} to copy one; `secrets`: variable → value. */
  static async create(sources, secrets = {}) {
    const home = new Home();
    if (!process.env.MEF_BIN) {
      throw new Error('MEF_BIN does not say where `mef` is: run ./test, or set it to target/debug/mef');
    }
    home.path = await mkdtemp(join(tmpdir(), 'mef-test-'));
    home.secrets = secrets;
    home.children = new Set();
    for (const [name, source] of Object.entries(sources)) {
      const folder = join(home.path, 'sources', name);
      await mkdir(folder, { recursive: true });
      if (source.folder) await cp(source.folder, folder, { recursive: true });
      else await writeFile(join(folder, 'source.yml'), source);
    }
    return home;
  }

  start(args) {
    const inherited = Object.entries(process.env).filter(([name]) => !/^(MEF_|RUST_LOG$)/.test(name));
    const env = { ...Object.fromEntries(inherited), ...this.secrets };
    const fixed = ['--store', join(this.path, 'mef.db'), '--sources', join(this.path, 'sources'), '--json'];
    const child = spawn(process.env.MEF_BIN, [...fixed, ...args], { cwd: this.path, env, stdio: ['ignore', 'pipe', 'pipe'] });
    this.children.add(child);
    child.once('close', () => this.children.delete(child));
    return child;
  }

  /** Runs `mef` to its end. */
  async call(...args) {
    const child = this.start(args);
    const out = [];
    const err = [];
    child.stdout.on('data', (chunk) => out.push(chunk));
    child.stderr.on('data', (chunk) => err.push(chunk));
    const [status] = await within(once(child, 'close'), `mef ${args.join(' ')}`, 2 * DEADLINE);
    const text = (chunks) => Buffer.concat(chunks).toString('utf8');
    const stdout = text(out);
    return { status, stdout, stderr: text(err), lines: stdout.split('\n').filter(Boolean) };
  }

  /** Runs a command that prints data and gives its lines, parsed. */
  async data(...args) {
    const { status, stderr, lines } = await this.call(...args);
    if (status !== 0) throw new Error(`mef ${args.join(' ')} ended with ${status}: ${stderr}`);
    return lines.map((line) => JSON.parse(line));
  }

  events() {
    return this.data('events', '--limit', '10000000');
  }

  /** Starts `mef run` on a free port and gives its URL once it listens. */
  async run() {
    const child = this.start(['--log', 'debug', 'run', '--listen', '127.0.0.1:0']);
    let log = '';
    child.stderr.on('data', (chunk) => { log += chunk; });
    const first = once(createInterface({ input: child.stdout }), 'line').then(([line]) => line);
    const ended = once(child, 'close').then(([status]) => {
      throw new Error(`mef run ended with ${status}: ${log}`);
    });
    ended.catch(() => {});
    const line = await within(Promise.race([first, ended]), 'mef run did not listen');
    return { child, url: JSON.parse(line).listening, log: () => log };
  }

  /** Ends what still runs and removes the folder. */
  async close() {
    for (const child of this.children) {
      const closed = once(child, 'close');
      child.kill('SIGKILL');
      await closed;
    }
    await rm(this.path, { recursive: true, force: true });
  }
}
