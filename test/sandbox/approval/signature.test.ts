import { generateKeyPairSync } from 'node:crypto';
import { cpSync, existsSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { PluginEntry } from '../../../configuration/model.ts';
import { proposeApproval, recordApproval } from '../../../sandbox/approval/approve.ts';
import { bundlePlugin } from '../../../sandbox/approval/bundler.ts';
import { generateSigner, readPublicKey, signSource } from '../../../sandbox/approval/signature.ts';
import { dependenciesOf } from '../../../sandbox/approval/source.ts';
import { createWorkbench, lines, type Workbench } from '../../configuration/workbench.ts';

const acme = generateSigner();
const other = generateSigner();
let made: Workbench;

beforeEach(() => {
  made = createWorkbench();
  trustKey(acme.publicKey);
  drop('1.0.0');
});
afterEach(() => made.dispose());

/** agent.yml that lets plugins of this key read below /proc. */
function trustKey(key: string, approve = 'signed'): void {
  made.write(
    'agent.yml',
    `approve: ${approve}\nplugin_keys:\n  - name: acme\n    key: ${key}\n    ceiling: { permissions: { read: ['/proc/**'] }, limits: { cpu: 300ms } }\n`,
  );
}

function drop(
  version: string | null,
  reads = '/proc/loadavg',
  limits = '{}',
  text = 'export default { collect: () => ({}) };\n',
): void {
  const line = version === null ? '' : `version: ${version}\n`;
  made.write(
    'a/depth/plugin.yml',
    `api: 1\nkind: collector\nname: depth\nsummary: Depth.\n${line}permissions: { read: ['${reads}'] }\nlimits: ${limits}\n`,
  );
  made.write('a/depth/index.js', text);
}

async function sign(privateKey = acme.privateKey): Promise<void> {
  const { source, sourceDigest } = await bundlePlugin(made.path('a/depth'));
  const signature = signSource(sourceDigest, privateKey);
  made.write('a/depth/plugin.sig', JSON.stringify({ dependencies: dependenciesOf(source), signature }));
}

/** Loads as the agent does: what is signed and new is bundled, then everything is read again. */
async function load(): Promise<PluginEntry> {
  made.load();
  if (await made.configuration.bundleSigned(made.directories)) made.load();
  const { entries } = made.configuration.read(made.directories).plugins;
  return entries.get('collector/depth') as PluginEntry;
}

describe('a signed plugin', () => {
  it('runs without further approval, from a bundle that is made once', async () => {
    await sign();
    const first = await load();
    expect(first).toMatchObject({
      approval: 'approved',
      approved: { by: 'key acme' },
      sandbox: {
        permissions: { read: ['/proc/loadavg'] },
        bundle: expect.stringContaining('/signed/.plugins/'),
      },
    });
    expect(first.waits).toBeUndefined();
    expect(existsSync(join(made.root, 'plugins.lock'))).toBe(false);
    made.load();
    expect(await made.configuration.bundleSigned(made.directories)).toBe(false);
    expect((await load()).digest).toBe(first.digest);
  });

  it('may be one file with its signature beside it, and may have dependencies that are signed with it', async () => {
    made.write('a/depth/node_modules/dep/index.js', 'module.exports = 1;\n');
    drop(
      '1.0.0',
      '/proc/loadavg',
      '{}',
      "import dep from 'dep';\nexport default { collect: () => ({ dep }) };\n",
    );
    await sign();
    expect((await load()).approval).toBe('approved');
    made.write('a/depth/node_modules/dep/index.js', 'module.exports = 2;\n');
    expect(await load()).toMatchObject({
      waits: 'its signature is not by a key of agent.yml, or of other files',
    });
    const file = made.path('a/one.js');
    made.write(
      'a/one.js',
      '/*---\napi: 1\nkind: collector\nname: one\nsummary: one\nversion: 1.0.0\n---*/\nexport default {};\n',
    );
    const { sourceDigest } = await bundlePlugin(file);
    writeFileSync(
      `${file}.sig`,
      JSON.stringify({ dependencies: [], signature: signSource(sourceDigest, acme.privateKey) }),
    );
    await load();
    expect(made.configuration.read(made.directories).plugins.entries.get('collector/one')?.approval).toBe(
      'approved',
    );
  });

  it.each<[string, () => void | Promise<void>, string | RegExp]>([
    ['no key of agent.yml signed it', () => sign(other.privateKey), /not by a key of agent\.yml/],
    [
      'its files are others',
      async () => {
        await sign();
        made.write('a/depth/index.js', 'export default {};');
      },
      /of other files/,
    ],
    [
      'it reads more than its key may give',
      async () => {
        drop('1.0.0', '/etc/hosts');
        await sign();
      },
      'signed by acme, above the ceiling of that key: reads /etc/hosts',
    ],
    [
      'it uses more than its key may give',
      async () => {
        drop('1.0.0', '/proc/stat', '{ cpu: 1s }');
        await sign();
      },
      'signed by acme, above the ceiling of that key: up to 1 s of CPU a run instead of 300 ms of CPU a run',
    ],
    [
      'it uses more than the defaults where the key says nothing',
      async () => {
        drop('1.0.0', '/proc/stat', '{ memory: 64MiB }');
        await sign();
      },
      /up to 64 MiB of memory instead of 32 MiB/,
    ],
    [
      'it has no version',
      async () => {
        drop(null);
        await sign();
      },
      /its manifest has no version/,
    ],
    [
      'it cannot be bundled',
      async () => {
        await sign();
        drop('1.0.0', '/proc/stat', '{}', "import 'fs';\nexport default {};");
        await signRaw();
      },
      /signed by acme: .*needs Node's module 'fs'/,
    ],
    [
      'its signature is no signature',
      () => made.write('a/depth/plugin.sig', '{"signature": 1}'),
      'nobody approved it',
    ],
    [
      'its signature names files outside',
      () => made.write('a/depth/plugin.sig', '{"signature": "x", "dependencies": ["../../etc/passwd"]}'),
      /that its signature covers cannot be read/,
    ],
    [
      'agent.yml asks for an operator',
      async () => {
        await sign();
        trustKey(acme.publicKey, 'operator');
      },
      'nobody approved it',
    ],
  ])('waits where %s', async (_what, prepare, waits) => {
    await prepare();
    expect(await load()).toMatchObject({ approval: 'pending', waits: expect.stringMatching(waits) });
  });

  it('is replaced by a newer one at once, and never by an older one', async () => {
    drop('1.2.0');
    await sign();
    const { digest } = await load();
    cpSync(made.path('a/depth'), join(made.root, 'newer'), { recursive: true });
    drop('1.1.9');
    await sign();
    expect(await load()).toMatchObject({
      approval: 'approved',
      digest,
      waits: 'signed by acme, but version 1.1.9 is older than 1.2.0',
    });
    drop('1.10.0');
    await sign();
    const newest = await load();
    expect(newest).toMatchObject({ approval: 'approved', manifest: { version: '1.10.0' } });
    expect(newest.waits).toBeUndefined();
    rmSync(made.path('a/depth'), { recursive: true });
    cpSync(join(made.root, 'newer'), made.path('a/depth'), { recursive: true });
    expect(await load()).toMatchObject({
      digest: newest.digest,
      waits: expect.stringContaining('older than 1.10.0'),
    });
  });

  it('is older also than what an operator approved', async () => {
    drop('2.0.0');
    const lock = join(made.root, 'plugins.lock');
    await recordApproval(await proposeApproval(made.path('a/depth'), lock), lock, {
      by: 'alice',
      at: '2026-01-01T00:00:00Z',
    });
    const { digest } = await load();
    drop('1.0.0');
    await sign();
    expect(await load()).toMatchObject({ digest, waits: expect.stringContaining('older than 2.0.0') });
  });

  it('stops when its key is taken away or its ceiling lowered', async () => {
    await sign();
    expect((await load()).approval).toBe('approved');
    trustKey(other.publicKey);
    expect((await load()).approval).toBe('pending');
    trustKey(acme.publicKey);
    expect((await load()).approval).toBe('approved');
    made.write(
      'agent.yml',
      `approve: signed\nplugin_keys: [{ name: acme, key: ${acme.publicKey}, ceiling: {} }]\n`,
    );
    expect(await load()).toMatchObject({
      approval: 'pending',
      waits: expect.stringContaining('above the ceiling'),
    });
  });

  it('gains nothing from a bundle above the ceiling that the own lock of the agent names', async () => {
    await sign();
    const { digest } = await load();
    drop('1.0.0', '/etc/shadow');
    const aside = join(made.root, 'aside', 'plugins.lock');
    made.write('/aside/x', '');
    const wide = await recordApproval(await proposeApproval(made.path('a/depth'), aside), aside, {
      by: 'mallory',
      at: '',
    });
    drop('1.0.0');
    await sign();
    const kept = join(made.root, 'signed', '.plugins');
    cpSync(join(made.root, 'aside', '.plugins', `${wide.digest}.json`), join(kept, `${wide.digest}.json`));
    const lock = join(made.root, 'signed', 'plugins.lock');
    writeFileSync(lock, readFileSync(lock, 'utf8').replace(digest, wide.digest));
    expect(await load()).toMatchObject({ approval: 'pending' });
  });

  it('is no older than what a key approved that was replaced since', async () => {
    drop('1.2.0');
    await sign();
    await load();
    trustKey(other.publicKey);
    drop('1.1.0');
    await sign(other.privateKey);
    expect(await load()).toMatchObject({
      approval: 'pending',
      waits: 'signed by acme, but version 1.1.0 is older than 1.2.0',
    });
    drop('1.2.1');
    await sign(other.privateKey);
    expect(await load()).toMatchObject({ approval: 'approved', manifest: { version: '1.2.1' } });
  });

  it('is not bundled from files that were written after its signature was judged', async () => {
    await sign();
    made.load();
    drop('1.0.0', '/proc/loadavg', '{}', 'export default { collect: () => ({ evil: 1 }) };\n');
    await made.configuration.bundleSigned(made.directories);
    expect(existsSync(join(made.root, 'signed', 'plugins.lock'))).toBe(false);
    expect((await load()).approval).toBe('pending');
  });

  it('runs on while what is dropped over it is not signed', async () => {
    await sign();
    const { digest } = await load();
    drop('1.0.1', '/etc/hosts');
    rmSync(made.path('a/depth/plugin.sig'));
    expect(await load()).toMatchObject({
      approval: 'approved',
      digest,
      waits: 'its files changed, and it asks for more: reads /etc/hosts',
    });
  });
});

/** Signs files that cannot be bundled. */
async function signRaw(): Promise<void> {
  const { digestSource, readSource } = await import('../../../sandbox/approval/source.ts');
  const signature = signSource(digestSource(readSource(made.path('a/depth'))), acme.privateKey);
  made.write('a/depth/plugin.sig', JSON.stringify({ dependencies: [], signature }));
}

describe('a key', () => {
  it('is read from base64 of its bytes, of its DER form, and from a PEM file of nobody else', () => {
    const der = Buffer.from(acme.publicKey, 'base64');
    const key = readPublicKey(acme.publicKey);
    expect(readPublicKey(der.subarray(-32).toString('base64')).equals(key)).toBe(true);
    made.write('/acme.pem', key.export({ type: 'spki', format: 'pem' }).toString());
    const path = join(made.root, 'acme.pem');
    expect(statSync(path).mode & 0o022).toBe(0);
    expect(readPublicKey(path).equals(key)).toBe(true);
  });

  it.each([
    [
      'nonsense',
      'bm9uc2Vuc2U=',
      "agent.yml:4:10 error the key of 'acme': 'bm9uc2Vuc2U=' is no public key in base64",
    ],
    [
      'a file that is not there',
      '/nowhere.pem',
      "agent.yml:4:10 error the key of 'acme': '/nowhere.pem' is no such file, or no public key in PEM",
    ],
    [
      'of another kind',
      generateKeyPairSync('x25519').publicKey.export({ type: 'spki', format: 'der' }).toString('base64'),
      /is x25519, expected ed25519$/,
    ],
  ])('that is %s is told at its place, and counts for nothing', async (_what, key, expected) => {
    trustKey(key);
    await sign();
    expect((await load()).approval).toBe('pending');
    expect(lines(made.load().diagnostics)[0]).toMatch(expected);
  });

  it.each([
    ['plugin_keys: [{ name: a }]\n', /lacks the key 'key'|'plugin_keys/],
    [
      'plugin_keys: [{ name: a, key: x, ceiling: { permissions: { reads: [] } } }]\n',
      /'reads' does not exist/,
    ],
  ])('is checked like all of agent.yml: %s', (text, expected) => {
    made.write('agent.yml', `approve: signed\n${text}`);
    expect(lines(made.load().diagnostics).join('\n')).toMatch(expected);
  });
});
