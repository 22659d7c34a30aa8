import { chmodSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { digestPlugin, writeLock } from '../../configuration/lock.ts';
import type { PluginEntry } from '../../configuration/model.ts';
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

describe('a third-party plugin', () => {
  it('waits for approval, and what uses it is not started', () => {
    made.write('a/weather/plugin.yml', manifest);
    made.write('a/weather/index.js', code);
    made.write('a/here.yml', 'collector: {use: weather}\n');
    expect(entry('collector/weather')).toMatchObject({
      origin: 'third-party',
      approval: 'pending',
      module: null,
    });
    const plan = made.load();
    expect(plan.start.map(({ id }) => id)).not.toContain('a/collector/here');
    expect(lines(plan.diagnostics)).toEqual([
      'here.yml:1:18 warning the plugin collector/weather waits for approval; the collector is not started',
    ]);
  });

  it('runs when the lock trusts its digest, and stops when its code changes', () => {
    made.write('a/weather/plugin.yml', manifest);
    made.write('a/weather/index.js', code);
    const folder = made.path('a/weather');
    writeLock(join(made.root, 'plugins.lock'), [
      { name: 'collector/weather', digest: digestPlugin(folder), trust: true },
    ]);
    expect(entry('collector/weather')).toMatchObject({
      approval: 'trusted',
      module: join(folder, 'index.js'),
      folder,
    });
    const running = made.run();
    expect(running.map(({ id }) => id)).toContain('core/collector/weather');
    made.write('a/weather/index.js', `${code}// changed\n`);
    const plan = made.load(running);
    expect(plan.stop).toEqual(['core/collector/weather']);
    expect(plan.plugins?.find(({ id }) => id === 'collector/weather')).toMatchObject({ approval: 'pending' });
  });

  it('may be one file that opens with its manifest', () => {
    made.write('a/weather.js', `/*---\n${manifest}---*/\n${code}`);
    made.write('a/plain.js', code);
    expect(entry('collector/weather')).toMatchObject({ approval: 'pending', folder: made.path('a') });
    const digest = digestPlugin(made.path('a/weather.js'));
    writeLock(join(made.root, 'plugins.lock'), [{ name: 'collector/weather', digest, trust: true }]);
    expect(entry('collector/weather')).toMatchObject({
      approval: 'trusted',
      module: made.path('a/weather.js'),
    });
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

  it('may not hold links, nor be too large', () => {
    made.write('a/weather/plugin.yml', manifest);
    symlinkSync('/etc/passwd', made.path('a/weather/index.js'));
    expect(lines(made.load().diagnostics)).toEqual([
      `plugin.yml:1:1 error ${made.path('a/weather/index.js')}: a plugin may hold only files and folders`,
    ]);
    expect(() => digestPlugin(made.path('a/weather'))).toThrow(
      expect.objectContaining({ code: 'OPSBRO_CONFIG_UNSAFE' }),
    );
    const big = createWorkbench();
    big.write('p/data', Buffer.alloc(5 * 1024 * 1024));
    expect(() => digestPlugin(big.path('p'))).toThrow(
      expect.objectContaining({ code: 'OPSBRO_CONFIG_TOO_LARGE' }),
    );
    big.dispose();
  });

  it.each([
    ['that others may write', '{"plugins": []}', 0o666, /must belong to root or the agent's user/],
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
