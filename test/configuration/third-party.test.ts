import { chmodSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { PluginEntry } from '../../configuration/model.ts';
import { proposeApproval, recordApproval, revokeApproval } from '../../sandbox/approval/approve.ts';
import { type LockEntry, readLock } from '../../sandbox/approval/lock.ts';
import { createWorkbench, lines, type Workbench } from './workbench.ts';

const manifest = 'api: 1\nkind: collector\nname: weather\nsummary: weather\n';
const code = 'export default { collect: () => ({ up: 1 }) };\n';
let made: Workbench;

beforeEach(() => {
  made = createWorkbench();
});

afterEach(() => made.dispose());

function entry(id: string): PluginEntry | undefined {
  return [...made.configuration.read(made.directories).plugins.entries.values()].find(
    (each) => each.id === id,
  );
}

function lock(): string {
  return join(made.root, 'plugins.lock');
}

function pinned(): LockEntry {
  return readLock(lock()).get('collector/weather') as LockEntry;
}

async function approve(path: string, trust = false): Promise<void> {
  const proposal = await proposeApproval(made.path(path), lock(), { trust });
  await recordApproval(proposal, lock(), { by: 'tester', at: '2026-01-01T00:00:00.000Z' });
}

/** Edits the lock by hand. */
function tamper(change: (entry: LockEntry) => object): void {
  const plugins = [...readLock(lock()).values()].map(change);
  writeFileSync(lock(), JSON.stringify({ version: 2, plugins }));
}

describe('a third-party plugin', () => {
  it.each([
    ['0s', 1000],
    ['1ms', 1000],
    ['900d', 86_400_000],
  ])('that wants to run every %s runs every %i ms', async (interval, expected) => {
    made.write('a/weather/plugin.yml', `${manifest}interval: ${interval}\n`);
    made.write('a/weather/index.js', code);
    await approve('a/weather');
    expect(made.load().start.find(({ name }) => name === 'weather')).toMatchObject({ intervalMs: expected });
  });

  it('waits for approval, and what uses it is not started', () => {
    made.write('a/weather/plugin.yml', manifest);
    made.write('a/weather/index.js', code);
    made.write('a/here.yml', 'collector: {use: weather}\n');
    made.write('a/wet.yml', 'check: { critical_if: "{{collector.weather.rain}} > 5" }\n');
    expect(entry('collector/weather')).toMatchObject({
      origin: 'third-party',
      approval: 'pending',
      module: null,
    });
    const plan = made.load();
    expect(plan.start.map(({ id }) => id)).not.toContain('a/collector/here');
    expect(lines(plan.diagnostics)).toEqual([
      "here.yml:1:18 warning the plugin collector/weather waits for approval, see 'opsbro plugins approve collector/weather'; the collector is not started",
      "wet.yml:1:24 warning critical_if: the collector 'weather' waits with its plugin for approval, see 'opsbro plugins approve collector/weather'",
    ]);
  });

  it('is refused at the place of a permission that means nothing', () => {
    made.write(
      'a/weather/plugin.yml',
      `${manifest}permissions:\n  read:\n    - /proc/stat\n    - etc/passwd\n  tcp: ["127.0.0.1"]\n`,
    );
    made.write('a/weather/index.js', code);
    expect(lines(made.load().diagnostics)).toEqual([
      "plugin.yml:8:7 error permission 'read': 'etc/passwd' is no absolute path; begin it with /",
      "plugin.yml:9:9 error permission 'tcp': '127.0.0.1' is not host:port; write 127.0.0.1:25, [::1]:25, db.example.org:5432 or 10.0.0.0/8:5432",
    ]);
    expect(entry('collector/weather')).toBeUndefined();
  });

  it('may be one file that opens with its manifest', async () => {
    made.write('a/weather.js', `/*---\n${manifest}---*/\n${code}`);
    made.write('a/plain.js', code);
    expect(entry('collector/weather')).toMatchObject({ approval: 'pending', folder: made.path('a') });
    await approve('a/weather.js');
    expect(entry('collector/weather')).toMatchObject({
      approval: 'approved',
      file: made.path('a/weather.js'),
    });
    expect(made.run().map(({ id }) => id)).toContain('core/collector/weather');
  });

  it.each([
    [
      'a wrong manifest',
      'a/w/plugin.yml',
      'api: 2\nkind: collector\nname: w\nsummary: s\n',
      /^plugin.yml:1:6 error 'api' is the number 2, expected 1$/,
    ],
    [
      'an unknown key',
      'a/w/plugin.yml',
      `${manifest}sumary: x\n`,
      /^plugin.yml:5:1 error the key 'sumary' does not exist in a manifest; did you mean 'summary'\?$/,
    ],
    [
      'no name',
      'a/w/plugin.yml',
      'api: 1\nkind: collector\nsummary: s\n',
      /^plugin.yml:1:1 error a manifest lacks the key 'name'$/,
    ],
    ['an empty manifest', 'a/w/plugin.yml', '# nothing\n', /^plugin.yml:1:1 error the manifest is empty$/],
    [
      'a header that does not end',
      'a/w.js',
      `/*---\n${manifest}`,
      /^w.js:1:1 error the manifest after '\/\*---' does not end with '---\*\/'$/,
    ],
    [
      'a wrong header',
      'a/w.js',
      '/*---\napi: 1\nkind: nonsense\nname: w\nsummary: s\n---*/\n',
      /^w.js:3:7 error 'kind' is the text "nonsense", expected one of/,
    ],
    [
      'the name of a shipped one',
      'a/w/plugin.yml',
      manifest.replace('weather', 'redis'),
      /^plugin.yml:1:1 error the plugin collector\/redis exists already in /,
    ],
  ])('with %s does not exist and is told', (_what, path, text, expected) => {
    made.write(path, text);
    expect(lines(made.load().diagnostics)[0]).toMatch(expected);
  });

  it('does not take over the key of another, while it waits neither', () => {
    const named = (kind: string): string => manifest.replace('weather', 'sky').replace('collector', kind);
    made.write('a/one/plugin.yml', named('exporter'));
    made.write('a/two/plugin.yml', named('listener'));
    made.write('sky.yml', 'sky:\n  secret: x\n');
    const { diagnostics, plugins } = made.load();
    expect(lines(diagnostics)).toContain(
      `plugin.yml:1:1 error the plugin exporter/sky exists already in ${made.path('a/one')}; give this one another name`,
    );
    expect([...(plugins?.keys() ?? [])]).not.toContain('listener/sky');
  });

  it('has no setting of agent.yml for its key', () => {
    made.write('a/w/plugin.yml', manifest.replace('weather', 'heartbeat').replace('collector', 'listener'));
    made.write('agent.yml', 'heartbeat: { url: http://127.0.0.1:1/ }\n');
    expect(lines(made.load().diagnostics)).toEqual([
      "plugin.yml:1:1 error 'heartbeat' is a setting of agent.yml; give the listener another name",
    ]);
  });

  it('may not hold links', () => {
    made.write('a/weather/plugin.yml', manifest);
    symlinkSync('/etc/passwd', made.path('a/weather/index.js'));
    expect(lines(made.load().diagnostics)).toEqual([
      `plugin.yml:1:1 error ${made.path('a/weather/index.js')}: a plugin may hold only files and folders`,
    ]);
  });

  it('runs nowhere but in its own thread or the sandbox', () => {
    made.write('a/weather/plugin.yml', `${manifest}runs: guest\n`);
    expect(lines(made.load().diagnostics)).toEqual([
      "plugin.yml:1:1 error only what ships with OpsBro can say 'runs: guest'; leave it out",
    ]);
  });

  it.each([
    ['that others may write', '{"plugins": []}', 0o666, /belongs to root or the agent's user/],
    ['that is no list', '{"plugins": 1}', 0o644, /expected a mapping with a list 'plugins'/],
    ['that does not parse', '{"plugins": [', 0o644, /expected a mapping with a list 'plugins'/],
  ])('is approved by no lock %s', (_what, text, mode, expected) => {
    made.write('a/weather/plugin.yml', manifest);
    made.write('/plugins.lock', text);
    chmodSync(join(made.root, 'plugins.lock'), mode);
    const plan = made.load();
    expect(lines(plan.diagnostics)[0]).toMatch(expected);
    expect(plan.plugins?.find(({ id }) => id === 'collector/weather')?.approval).toBe('pending');
  });
});

describe('an approved plugin', () => {
  const rights = 'permissions: { read: [/proc/loadavg] }\nlimits: { cpu: 50ms }\n';

  beforeEach(async () => {
    made.write('a/weather/plugin.yml', `${manifest}${rights}`);
    made.write('a/weather/index.js', code);
    await approve('a/weather');
  });

  it('runs in the sandbox, without YAML, with the rights of its bundle', () => {
    const found = entry('collector/weather');
    const { digest } = pinned();
    expect(found).toMatchObject({
      approval: 'approved',
      module: null,
      digest,
      approved: { by: 'tester', at: '2026-01-01T00:00:00.000Z' },
      sandbox: { digest, permissions: { read: ['/proc/loadavg'] }, limits: { cpuMs: 50, metrics: 1000 } },
    });
    expect(found?.waits).toBeUndefined();
    expect(JSON.parse(readFileSync(found?.sandbox?.bundle ?? '', 'utf8'))).toMatchObject({ format: 1 });
    expect(made.run().map(({ id }) => id)).toContain('core/collector/weather');
  });

  it('runs on as it was approved when its files change, until they are approved', async () => {
    const running = made.run();
    const before = pinned().digest;
    made.write('a/weather/plugin.yml', `${manifest}permissions: { read: [/etc/**] }\ninterval: 3s\n`);
    made.write('a/weather/index.js', `${code}// changed\n`);
    const plan = made.load(running);
    expect([...plan.stop, ...plan.start, ...plan.restart]).toEqual([]);
    const held = entry('collector/weather');
    expect(held).toMatchObject({
      approval: 'approved',
      digest: before,
      waits: expect.stringMatching(/^its files changed, and it asks for more: ⚠ reads \/etc\/\*\*/),
      sandbox: { permissions: { read: ['/proc/loadavg'] } },
    });
    expect(held?.manifest.interval).toBeUndefined();
    await approve('a/weather');
    const next = made.load(running);
    expect(next.restart).toMatchObject([{ id: 'core/collector/weather', intervalMs: 3000 }]);
    expect(next.plugins?.find(({ id }) => id === 'collector/weather')).toMatchObject({
      approval: 'approved',
      sandbox: { digest: pinned().digest, permissions: { read: ['/etc/**'] } },
    });
    expect(pinned().digest).not.toBe(before);
  });

  it.each([
    ['a manifest that does not parse', 'a/weather/plugin.yml', 'api: [', 'its manifest has errors'],
    ['another file', 'a/weather/lib.js', '', 'its files changed; it asks for the same as before'],
    [
      'fewer rights',
      'a/weather/plugin.yml',
      manifest,
      'its files changed, and it asks for more: up to 200 ms',
    ],
    [
      'fewer rights and the same limits',
      'a/weather/plugin.yml',
      `${manifest}limits: { cpu: 50ms }\n`,
      'its files changed; it asks for less than before',
    ],
  ])('runs on with %s', (_what, path, text, waits) => {
    const running = made.run();
    made.write(path, text);
    const plan = made.load(running);
    expect(plan.stop).toEqual([]);
    expect(plan.plugins?.find(({ id }) => id === 'collector/weather')).toMatchObject({
      approval: 'approved',
      waits: expect.stringContaining(waits),
    });
  });

  it('is gone when it is gone from the directory, and back with it', () => {
    rmSync(made.path('a/weather'), { recursive: true });
    expect(entry('collector/weather')).toBeUndefined();
    expect(pinned().name).toBe('collector/weather');
    made.write('a/weather/plugin.yml', `${manifest}${rights}`);
    made.write('a/weather/index.js', code);
    expect(entry('collector/weather')).toMatchObject({ approval: 'approved' });
  });

  it('waits again once revoked, and nothing is kept of it', async () => {
    expect(await revokeApproval(lock(), 'collector/weather')).toBe(true);
    expect(await revokeApproval(lock(), 'collector/weather')).toBe(false);
    expect(entry('collector/weather')).toMatchObject({ approval: 'pending', waits: 'nobody approved it' });
    expect(readdirSync(join(made.root, '.plugins'))).toEqual([]);
  });

  it('of a service needs trust', async () => {
    made.write('a/ear/plugin.yml', 'api: 1\nkind: listener\nname: ear\nsummary: hears\n');
    made.write('a/ear/index.js', 'export default { start() {}, stop() {} };\n');
    await expect(approve('a/ear')).rejects.toMatchObject({ code: 'OPSBRO_CLI_USAGE' });
    await approve('a/ear', true);
    expect(entry('listener/ear')).toMatchObject({
      approval: 'trusted',
      module: expect.stringMatching(/\.mjs$/),
    });
    tamper((one) => (one.name === 'listener/ear' ? { ...one, trust: false } : one));
    expect(entry('listener/ear')).toMatchObject({ approval: 'pending' });
  });

  it.each<[string, (entry: LockEntry) => object, object, RegExp]>([
    [
      'wider rights for people to read',
      (one) => ({ ...one, permissions: { read: ['/**'], exec: ['/bin/sh ...'] } }),
      { approval: 'approved', sandbox: { permissions: { read: ['/proc/loadavg'] } } },
      /plugins\.lock was edited: it does not say what collector\/weather may do; what was approved holds/,
    ],
    [
      'larger limits for people to read',
      (one) => ({ ...one, limits: { ...one.limits, cpuMs: 9999 } }),
      { approval: 'approved', sandbox: { limits: { cpuMs: 50 } } },
      /was edited/,
    ],
    [
      "another plugin's name",
      (one) => ({ ...one, name: 'collector/other' }),
      { approval: 'pending', waits: 'nobody approved it' },
      /^$/,
    ],
    [
      'the digest of nothing',
      (one) => ({ ...one, digest: 'a'.repeat(64) }),
      { approval: 'pending' },
      /is gone/,
    ],
    ['a path for a digest', (one) => ({ ...one, digest: '../../etc/passwd' }), { approval: 'pending' }, /^$/],
    [
      'trust that nobody gave',
      (one) => ({ ...one, trust: true }),
      { approval: 'pending' },
      /not the code that was approved/,
    ],
    [
      'what an older version wrote',
      ({ name, digest, trust }) => ({ name, digest, trust }),
      { approval: 'pending', waits: 'it was approved for an older OpsBro' },
      /^$/,
    ],
  ])('gains nothing from a lock with %s', (_what, change, expected, finding) => {
    tamper(change);
    const plan = made.load();
    expect(plan.plugins?.find(({ id }) => id === 'collector/weather')).toMatchObject(expected);
    expect(lines(plan.diagnostics).join('\n')).toMatch(finding);
  });

  it('does not run from a bundle that was changed, or that is of another plugin', async () => {
    const kept = join(made.root, '.plugins', `${pinned().digest}.json`);
    const text = readFileSync(kept, 'utf8');
    writeFileSync(kept, text.replace('/proc/loadavg', '/etc/shadow'));
    expect(entry('collector/weather')).toMatchObject({
      approval: 'pending',
      waits: 'what was kept of it is not what was approved',
    });
    writeFileSync(kept, text);
    expect(entry('collector/weather')).toMatchObject({ approval: 'approved' });
    made.write('a/other/plugin.yml', `${manifest}`.replace('weather', 'other'));
    made.write('a/other/index.js', code);
    await approve('a/other');
    const other = readLock(lock()).get('collector/other')?.digest ?? '';
    tamper((one) => ({ ...one, digest: other }));
    expect(made.load().diagnostics[0]?.code).toBe('OPSBRO_PLUGIN_LOCK');
    expect(lines(made.load().diagnostics)[0]).toMatch(
      /names collector\/other as collector\/weather; approve it again/,
    );
  });

  it('that is trusted does not run from a module that was changed or that others may write', async () => {
    await approve('a/weather', true);
    const module = entry('collector/weather')?.module ?? '';
    expect(module).toMatch(/\.plugins\/[0-9a-f]{64}\.mjs$/);
    chmodSync(module, 0o666);
    expect(entry('collector/weather')?.approval).toBe('pending');
    chmodSync(module, 0o644);
    expect(entry('collector/weather')?.approval).toBe('trusted');
    writeFileSync(module, `${readFileSync(module, 'utf8')}//`);
    expect(entry('collector/weather')?.approval).toBe('pending');
  });

  it('gives its functions to expressions', async () => {
    const functions = 'functions:\n  depth_of:\n    summary: depth\n    parameters: [{ name: queue }]\n';
    made.write('a/queues/plugin.yml', `api: 1\nkind: functions\nname: queues\nsummary: queues\n${functions}`);
    made.write('a/queues/index.js', 'export default { functions: { depth_of: () => 1 } };\n');
    made.write('a/deep.yml', 'check:\n  critical_if: "depth_of(\'mail\') > 5"\n');
    expect(lines(made.load().diagnostics)).toEqual([
      "deep.yml:2:17 error critical_if: the function 'depth_of' waits with its plugin for approval, see 'opsbro plugins approve functions/queues'",
    ]);
    await approve('a/queues');
    const plan = made.load();
    expect(plan.diagnostics).toEqual([]);
    expect(plan.start.find(({ id }) => id === 'a/check/deep')).toMatchObject({
      program: { functions: ['depth_of'] },
    });
  });
});

describe('a shipped plugin', () => {
  it('whose manifest is bad is told and does not exist', () => {
    made.write('/plugins/collectors/broken/plugin.yml', 'api: 1\nkind: collector\n');
    const plan = made.load();
    expect(lines(plan.diagnostics)).toEqual([
      "plugin.yml:1:1 error a manifest lacks the key 'name'",
      "plugin.yml:1:1 error a manifest lacks the key 'summary'",
    ]);
  });
});
