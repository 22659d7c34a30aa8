import { existsSync, mkdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { PluginEntry } from '../../configuration/model.ts';
import { proposeApproval, recordApproval } from '../../sandbox/approval/approve.ts';
import { createWorkbench, lines, type Workbench } from './workbench.ts';

const manifest = 'api: 1\nkind: collector\nname: weather\nsummary: weather\n';
const code = 'export default { collect: () => ({ up: 1 }) };\n';
let made: Workbench;

beforeEach(() => {
  made = createWorkbench();
});

afterEach(() => made.dispose());

function entry(id: string): PluginEntry | undefined {
  return made.configuration.read(made.directories).plugins.entries.get(id);
}

async function approve(path: string): Promise<void> {
  const lock = join(made.root, 'plugins.lock');
  await recordApproval(await proposeApproval(made.path(path), lock), lock, { by: 'tester', at: '' });
}

function drop(path: string, text = manifest): void {
  made.write(`${path}/plugin.yml`, text);
  made.write(`${path}/index.js`, code);
}

describe('the name of a plugin', () => {
  it.each(['../../etc/x', 'a/b', '..', '.hidden', '/etc/x', '__proto__', 'a\\0b', 'x'.repeat(65)])(
    'cannot be %j',
    async (name) => {
      drop('a/weather', manifest.replace('weather', JSON.stringify(name).replaceAll('\\\\0', '\\0')));
      expect(lines(made.load().diagnostics)[0]).toMatch(/^plugin\.yml:3:7 error 'name' is /);
      await expect(approve('a/weather')).rejects.toMatchObject({ code: 'OPSBRO_PLUGIN_MANIFEST' });
      expect(existsSync(join(made.root, '.plugins'))).toBe(false);
    },
  );
});

describe('a plugin behind a link', () => {
  const refused = 'error the plugin is a link out of the configuration directory; put its files there';

  it.each([
    ['a folder', 'elsewhere/weather', 'weather'],
    ['a folder above it', 'elsewhere', 'weather'],
    ['one file', 'elsewhere/weather.js', 'weather.js'],
  ])('out of the configuration directory is refused: %s', (_what, target, told) => {
    drop('/elsewhere/weather');
    made.write('/elsewhere/weather.js', `/*---\n${manifest}---*/\n${code}`);
    if (target === 'elsewhere') rmSync(join(made.root, 'elsewhere/weather.js'));
    mkdirSync(made.path('a'));
    const name = target.split('/').at(-1) as string;
    symlinkSync(join(made.root, target), made.path(`a/${name}`));
    expect(lines(made.load().diagnostics)).toEqual([`${told}:1:1 ${refused}`]);
    expect(entry('collector/weather')).toBeUndefined();
  });

  it('within it is a plugin, also where the directory itself is reached by a link', async () => {
    drop('..v1/weather');
    symlinkSync('..v1/weather', made.path('weather'));
    const link = join(made.root, 'linked.d');
    symlinkSync(made.path('.'), link);
    await approve('weather');
    expect(entry('collector/weather')?.approval).toBe('approved');
    made.directories.config[0] = link;
    expect(entry('collector/weather')?.approval).toBe('approved');
  });

  it('that takes the place of an approved one runs nothing, and what was approved is left alone', async () => {
    drop('a/weather');
    await approve('a/weather');
    const running = made.run();
    expect(running.map(({ id }) => id)).toContain('core/collector/weather');
    drop('/elsewhere/weather');
    writeFileSync(
      join(made.root, 'elsewhere/weather/index.js'),
      'export default { collect: () => ({ evil: 1 }) };',
    );
    rmSync(made.path('a/weather'), { recursive: true });
    symlinkSync(join(made.root, 'elsewhere/weather'), made.path('a/weather'));
    const plan = made.load(running);
    expect(lines(plan.diagnostics)).toEqual([`weather:1:1 ${refused}`]);
    expect([...plan.start, ...plan.restart]).toEqual([]);
  });
});

describe('two plugins of one name', () => {
  const told = (winner: string) =>
    `error the plugin collector/weather exists already in ${made.path(winner)}; give this one another name`;

  it('leave its place to the one that was approved, wherever the other sorts', async () => {
    drop('m/weather');
    await approve('m/weather');
    const running = made.run();
    made.write('a/weather.js', `/*---\n${manifest}---*/\nexport default { collect: () => ({ evil: 1 }) };\n`);
    drop('z/weather', `${manifest}interval: 3s\n`);
    const plan = made.load(running);
    expect(lines(plan.diagnostics).sort()).toEqual([
      `plugin.yml:1:1 ${told('m/weather')}`,
      `weather.js:1:1 ${told('m/weather')}`,
    ]);
    expect([...plan.stop, ...plan.start, ...plan.restart]).toEqual([]);
    expect(entry('collector/weather')).toMatchObject({
      approval: 'approved',
      folder: made.path('m/weather'),
    });
    expect(entry('collector/weather')?.waits).toBeUndefined();
  });

  it('leave it also to the one that changed where it was approved', async () => {
    drop('m/weather');
    await approve('m/weather');
    drop('m/weather', `${manifest}interval: 3s\n`);
    drop('a/weather', `${manifest}interval: 4s\n`);
    expect(lines(made.load().diagnostics)).toEqual([`plugin.yml:1:1 ${told('m/weather')}`]);
    expect(entry('collector/weather')).toMatchObject({
      approval: 'approved',
      folder: made.path('m/weather'),
    });
  });

  it('are named by their files where nothing is approved', () => {
    made.write('a/weather.js', `/*---\n${manifest}---*/\n${code}`);
    drop('b/weather');
    expect(lines(made.load().diagnostics)).toEqual([`plugin.yml:1:1 ${told('a/weather.js')}`]);
  });
});

describe('two functions of one name', () => {
  it('are a warning that names both plugins, and the first is called', async () => {
    const functions = (name: string): string =>
      `api: 1\nkind: functions\nname: ${name}\nsummary: s\nfunctions:\n  depth_of:\n    summary: depth\n    parameters: [{ name: queue }]\n`;
    for (const name of ['first', 'second']) {
      made.write(`a/${name}/plugin.yml`, functions(name));
      made.write(`a/${name}/index.js`, 'export default { functions: { depth_of: () => 1 } };\n');
      await approve(`a/${name}`);
    }
    expect(lines(made.load().diagnostics)).toEqual([
      "plugin.yml:1:1 warning the function 'depth_of' of functions/second is never called, for functions/first gives one of that name; give it another",
    ]);
    const { functions: known } = made.configuration.read(made.directories).plugins;
    expect(known.get('depth_of')?.plugin).toBe('functions/first');
  });
});
