import { appendFileSync, existsSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { Workplace } from './workplace.ts';

const manifest =
  'api: 1\nkind: collector\nname: queue-depth\nsummary: Depth of the queues.\nversion: 1.0.0\n' +
  "permissions:\n  read: ['/var/spool/postfix/**']\n  exec: ['/usr/sbin/postqueue -j']\n";
const code = 'export default {\n  collect: () => ({ depth: 1 }),\n};\n';
let place: Workplace;

beforeEach(() => {
  place = new Workplace();
  place.write('mail/queue-depth/plugin.yml', manifest);
  place.write('mail/queue-depth/index.ts', code);
});
afterEach(() => place.dispose());

function lock(): {
  plugins: { name: string; digest: string; by: string; trust: boolean; permissions: object }[];
} {
  return JSON.parse(readFileSync(join(place.config, 'plugins.lock'), 'utf8'));
}

describe('plugins approve', () => {
  it('says what a plugin may do, asks, and pins what was shown', async () => {
    place.answer = 'y';
    const { code: exit, out, err } = await place.opsbro(['plugins', 'approve', 'queue-depth']);
    expect(exit).toBe(0);
    for (const text of [
      'collector/queue-depth 1.0.0',
      'Depth of the queues.',
      '  reads /var/spool/postfix/**\n',
      '  runs /usr/sbin/postqueue -j\n',
      '  uses at most 32 MiB, 200 ms of CPU a run\n',
      `digest ${lock().plugins[0]?.digest}`,
      'approve collector/queue-depth? [y/N] ',
    ])
      expect(err).toContain(text);
    expect(out).toBe(
      `OK: collector/queue-depth is approved in ${place.config}/plugins.lock; no agent runs; the next one runs it\n`,
    );
    const [entry] = lock().plugins;
    expect(entry).toMatchObject({
      name: 'collector/queue-depth',
      trust: false,
      version: '1.0.0',
      permissions: { read: ['/var/spool/postfix/**'] },
      limits: { cpuMs: 200 },
      path: join(place.config, 'mail/queue-depth'),
    });
    expect(statSync(join(place.config, 'plugins.lock')).mode & 0o777).toBe(0o644);
    expect(existsSync(join(place.config, '.plugins', `${entry?.digest}.json`))).toBe(true);
    expect((await place.opsbro(['config', 'check'])).code).toBe(0);
  });

  it.each([
    ['n', 1, 'collector/queue-depth is not approved'],
    ['', 1, 'collector/queue-depth is not approved'],
    [null, 2, 'nobody can be asked here; to approve collector/queue-depth as shown add --yes'],
  ])('pins nothing when the answer is %j', async (answer, exit, text) => {
    place.answer = answer;
    const result = await place.opsbro(['plugins', 'approve', 'queue-depth']);
    expect(result.code).toBe(exit);
    expect(result.err).toContain(text);
    expect(existsSync(join(place.config, 'plugins.lock'))).toBe(false);
  });

  it('does not ask with --yes, and says all of it in JSON', async () => {
    const {
      code: exit,
      out,
      err,
    } = await place.opsbro(['plugins', 'approve', 'collector/queue-depth', '--yes', '--json']);
    expect({ exit, err }).toEqual({ exit: 0, err: '' });
    expect(JSON.parse(out)).toMatchObject({
      id: 'collector/queue-depth',
      approved: true,
      rights: expect.arrayContaining(['reads /var/spool/postfix/**']),
      before: null,
      digest: lock().plugins[0]?.digest,
      state: null,
    });
  });

  it('shows what is wider than before, and the changed lines, with what would hide them spelled out', async () => {
    await place.opsbro(['plugins', 'approve', 'queue-depth', '--yes']);
    expect((await place.opsbro(['plugins', 'approve', 'queue-depth'])).out).toContain('is approved as it is');
    place.write(
      'mail/queue-depth/plugin.yml',
      manifest.replace('1.0.0', '0.9.0').replace('exec:', "http: ['https://*']\n  exec:"),
    );
    place.write('mail/queue-depth/index.ts', code.replace('depth: 1', 'depth: 2 /* \u202e \x1b[2K */'));
    const { err } = await place.opsbro(['plugins', 'approve', 'queue-depth', '--yes']);
    expect(err).toMatch(/approved before: \d{4}-\d\d-\d\dT\S+ by \S+/);
    expect(err).toContain('this version is older than 1.0.0, which was approved');
    expect(err).toContain('  + ⚠ requests https://* (any host)');
    expect(err).toContain(
      '--- index.ts\n+++ index.ts\n@@ -1 +1 @@\n export default {\n-  collect: () => ({ depth: 1 }),\n',
    );
    expect(err).toContain('+  collect: () => ({ depth: 2 /* \\u{202e} \\u{1b}[2K */ }),\n');
    expect(lock().plugins).toHaveLength(1);
  });

  it('pins what was shown, though the files change while it asks', async () => {
    const before = await place.opsbro(['plugins', 'approve', 'queue-depth']);
    const shown = /^digest (\S+)$/m.exec(before.err)?.[1];
    Object.defineProperty(place, 'answer', {
      get() {
        appendFileSync(join(place.config, 'mail/queue-depth/index.ts'), 'globalThis.evil = 1;\n');
        return 'y';
      },
    });
    await place.opsbro(['plugins', 'approve', 'queue-depth']);
    expect(lock().plugins[0]?.digest).toBe(shown);
    expect(readFileSync(join(place.config, '.plugins', `${shown}.json`), 'utf8')).not.toContain('evil');
    const again = await place.opsbro(['plugins', 'approve', 'queue-depth']);
    expect(again.err).toContain('+globalThis.evil = 1;');
  });

  it('warns where code is to run outside the sandbox, and keeps it as a module', async () => {
    place.write(
      'mail/queue-depth/index.ts',
      `import os from 'node:os';\n${code.replace('1', 'os.uptime()')}`,
    );
    const refused = await place.opsbro(['plugins', 'approve', 'queue-depth', '--yes']);
    expect(refused).toMatchObject({ code: 1, out: '' });
    expect(refused.err).toMatch(
      /index\.ts:1:16: needs Node's module 'node:os', which a sandboxed plugin does not have/,
    );
    const { err } = await place.opsbro(['plugins', 'approve', 'queue-depth', '--yes', '--trust']);
    expect(err).toContain("it runs outside the sandbox: it may do whatever the agent's user may");
    const [entry] = lock().plugins;
    expect(entry?.trust).toBe(true);
    expect(existsSync(join(place.config, '.plugins', `${entry?.digest}.mjs`))).toBe(true);
  });

  it.each([
    ['queue-dept', 2, /no plugin 'queue-dept'; did you mean 'collector\/queue-depth'\?/],
    ['zzz', 2, /no plugin 'zzz'; none of that name is in .*config\.d/],
    ['memory', 2, /collector\/memory ships with OpsBro and needs no approval/],
    ['broken', 1, /broken\/plugin\.yml:1:6: 'api' is the number 9/],
    ['twin', 2, /plugin 'twin' is ambiguous: check\/twin, collector\/twin; use the full id/],
  ])('of %s says what is meant', async (name, exit, text) => {
    place.write('mail/broken/plugin.yml', manifest.replace('api: 1', 'api: 9'));
    place.write('mail/broken/index.js', code);
    for (const kind of ['check', 'collector']) {
      place.write(`${kind}/twin/plugin.yml`, `api: 1\nkind: ${kind}\nname: twin\nsummary: twin\n`);
      place.write(`${kind}/twin/index.js`, code);
    }
    const result = await place.opsbro(['plugins', 'approve', name, '--yes']);
    expect(result.err).toMatch(text);
    expect(result.code).toBe(exit);
  });

  it('refuses a lock that another user could have written', async () => {
    await place.opsbro(['plugins', 'approve', 'queue-depth', '--yes']);
    const { chmodSync } = await import('node:fs');
    chmodSync(join(place.config, 'plugins.lock'), 0o666);
    const { code: exit, err } = await place.opsbro(['plugins', 'approve', 'queue-depth', '--yes']);
    expect(exit).toBe(78);
    expect(err).toMatch(/plugins\.lock: must be a file that belongs to root or the agent's user/);
  });
});

describe('plugins list', () => {
  it('says without an agent what is there to approve', async () => {
    const { code: exit, out, err } = await place.opsbro(['plugins', 'list']);
    expect({ exit, err }).toEqual({
      exit: 0,
      err: 'no agent runs: these are the third-party plugins of the configuration\n',
    });
    expect(out).toContain(
      'third-party plugins\ncollector/queue-depth  pending\n  reads /var/spool/postfix/**\n',
    );
    expect(out).toContain('nobody approved it\n  opsbro plugins approve collector/queue-depth\n');
    await place.opsbro(['plugins', 'approve', 'queue-depth', '--yes']);
    const listed = JSON.parse((await place.opsbro(['plugins', 'list', '--json'])).out);
    expect(listed).toMatchObject([{ id: 'collector/queue-depth', approval: 'approved', state: null }]);
  });
});

describe('where no lock can be', () => {
  it('lists, and says before an approval which directory is missing', async () => {
    const listed = await place.opsbro(['plugins', 'list'], null);
    expect(listed).toMatchObject({ code: 0, out: 'none\n' });
    const { code: exit, err } = await place.opsbro(['plugins', 'revoke', 'queue-depth'], null);
    expect(exit).not.toBe(0);
    expect(err).toMatch(
      /no directory for plugins\.lock: .*data is not there or not to be written; name yours/,
    );
  });
});

describe('plugins revoke', () => {
  it('takes back an approval, also of a plugin that is gone', async () => {
    await place.opsbro(['plugins', 'approve', 'queue-depth', '--yes']);
    rmSync(join(place.config, 'mail'), { recursive: true });
    const { out } = await place.opsbro(['plugins', 'revoke', 'queue-depth']);
    expect(out).toBe(`OK: collector/queue-depth is no longer approved in ${place.config}/plugins.lock\n`);
    expect(lock().plugins).toEqual([]);
    const again = await place.opsbro(['plugins', 'revoke', 'queue-depth']);
    expect(again).toMatchObject({ code: 2, err: expect.stringContaining('approves nothing of that name') });
  });
});

describe('plugins keygen and sign', () => {
  it('make a key, and a signature with which agents that know the key need no approval', async () => {
    const key = join(place.folder, 'acme.key');
    const made = await place.opsbro(['plugins', 'keygen', '--out', key, '--json']);
    const { public_key: publicKey } = JSON.parse(made.out) as { public_key: string };
    expect(statSync(key).mode & 0o777).toBe(0o600);
    expect((await place.opsbro(['plugins', 'keygen', '--out', key])).err).toContain('it exists already');
    const folder = join(place.config, 'mail/queue-depth');
    const { code: exit, out } = await place.opsbro(['plugins', 'sign', folder, '--key', key]);
    expect(exit).toBe(0);
    expect(out).toContain(
      `OK: collector/queue-depth 1.0.0 is signed in ${folder}/plugin.sig; it\n  reads /var/spool`,
    );
    place.write(
      'agent.yml',
      `approve: signed\nplugin_keys:\n  - { name: acme, key: ${publicKey}, ceiling: { permissions: { read: ['/**'], exec: ['*'] } } }\n`,
    );
    expect((await place.opsbro(['config', 'check'])).code).toBe(0);
    place.write('mail/queue-depth/plugin.yml', manifest.replace('version: 1.0.0\n', ''));
    const refused = await place.opsbro(['plugins', 'sign', folder, '--key', key]);
    expect(refused.err).toContain("add 'version: 1.0.0' to its manifest");
  });

  it.each([
    ['no key', 'nonsense', 'the key is no private key in PEM'],
    ['a key that is not there', null, 'cannot be read'],
  ])('refuse %s', async (_what, text, expected) => {
    const key = join(place.folder, 'key');
    if (text !== null) writeFileSync(key, text);
    const { code: exit, err } = await place.opsbro([
      'plugins',
      'sign',
      join(place.config, 'mail/queue-depth'),
      '--key',
      key,
    ]);
    expect({ exit, err }).toEqual({ exit: 2, err: expect.stringContaining(expected) });
  });
});
