import { renameSync, rmSync, symlinkSync } from 'node:fs';
import { afterEach, describe, expect, it } from 'vitest';
import { createWorkbench, lines, type Workbench } from './workbench.ts';

const benches: Workbench[] = [];

function bench(files: { [path: string]: string } = {}, names?: string[]): Workbench {
  const made = createWorkbench(names);
  benches.push(made);
  for (const [path, content] of Object.entries(files)) made.write(path, content);
  return made;
}

afterEach(() => {
  for (const each of benches.splice(0)) each.dispose();
});

const check = (warning: number, id = 'cpu'): string =>
  `check:\n  id: ${id}\n  critical_if: "{{collector.cpustats.idle}} < ${warning}"\n  ok_output: "'fine'"\n`;

describe('a plan', () => {
  it('starts, restarts, stops and keeps', () => {
    const made = bench({
      'a/one.yml': check(1, 'one'),
      'a/two.yml': check(1, 'two'),
      'a/three.yml': check(1, 'three'),
    });
    const running = made.run();
    made.write('a/two.yml', check(9, 'two'));
    rmSync(made.path('a/three.yml'));
    made.write('a/four.yml', check(1, 'four'));
    const plan = made.load(running);
    expect({
      start: plan.start.map(({ id }) => id),
      restart: plan.restart.map(({ id }) => id),
      stop: plan.stop,
      kept: plan.kept,
      plugins: plan.plugins,
    }).toEqual({
      start: ['a/check/four'],
      restart: ['a/check/two'],
      stop: ['a/check/three'],
      kept: 4,
      plugins: null,
    });
  });

  it('restarts nothing when only comments, order or tests of a file change', () => {
    const made = bench({ 'a/one.yml': check(1) });
    const running = made.run();
    made.write('a/one.yml', `# hello\n${check(1)}  tests:\n    - {given: {}, expect: {state: unknown}}\n`);
    expect(made.load(running)).toMatchObject({ start: [], restart: [], stop: [] });
  });

  it('restarts the objects that bind a changed parameter and no others', () => {
    const made = bench({
      'a/one.yml': 'check: {critical_if: "{{parameters.x}} > 1"}\n',
      'a/two.yml': 'check: {critical_if: "{{parameters.y}} > 1"}\n',
      'a/parameters.yml': 'x: 1\ny: 1\n',
    });
    const running = made.run();
    made.write('a/parameters.yml', 'x: 2\ny: 1\n');
    expect(made.load(running).restart.map(({ id }) => id)).toEqual(['a/check/one']);
  });

  it('is the same for a fresh Configuration, whose digests do not depend on memory', () => {
    const made = bench({ 'a/one.yml': check(1), 'a/parameters.yml': 'x: 1\n' });
    const running = made.run();
    const other = createWorkbench();
    benches.push(other);
    expect(other.configuration.load(made.directories, running)).toMatchObject({
      start: [],
      restart: [],
      stop: [],
    });
  });

  it('lets a later directory override by id, and the earlier one return', () => {
    const made = bench({ 'a/cpu.yml': check(1), '/over/a/mine.yml': check(5) }, ['config.d', 'over']);
    const plan = made.load();
    const [cpu] = plan.start.filter(({ id }) => id === 'a/check/cpu');
    expect(cpu?.place.file).toBe(made.path('/over/a/mine.yml'));
    expect(lines(plan.diagnostics)).toEqual([]);
    const running = made.run();
    rmSync(made.path('/over/a/mine.yml'));
    expect(made.load(running).restart[0]?.place.file).toBe(made.path('a/cpu.yml'));
  });

  it('runs the overridden object when the one over it was bad from the start', () => {
    const made = bench(
      { 'a/cpu.yml': check(1), '/over/a/cpu.yml': check(5).replace('ok_output', 'okoutput') },
      ['config.d', 'over'],
    );
    const plan = made.load();
    expect(plan.badFiles).toEqual([made.path('/over/a/cpu.yml')]);
    expect(plan.start.find(({ id }) => id === 'a/check/cpu')?.place.file).toBe(made.path('a/cpu.yml'));
  });
});

describe('last good objects', () => {
  const ruin: [string, (made: Workbench) => void][] = [
    ['invalid YAML', (made) => made.write('a/cpu.yml', 'check: [\n')],
    ['an unknown key', (made) => made.write('a/cpu.yml', check(1).replace('ok_output', 'okoutput'))],
    ['an expression that does not compile', (made) => made.write('a/cpu.yml', check(1).replace('< 1', '<'))],
    ['an empty file', (made) => made.write('a/cpu.yml', '')],
    ['a binary file', (made) => made.write('a/cpu.yml', Buffer.from([0, 1, 2, 255]))],
    [
      'a folder in its place',
      (made) => {
        rmSync(made.path('a/cpu.yml'));
        made.write('a/cpu.yml/x', '');
      },
    ],
    ['parameters that turned bad', (made) => made.write('a/parameters.yml', 'low: [\n')],
    [
      'a link to nothing',
      (made) => {
        renameSync(made.path('a/cpu.yml'), made.path('a/gone'));
        rmSync(made.path('a/gone'));
        symlink('nowhere', made.path('a/cpu.yml'));
      },
    ],
  ];

  it.each(ruin)('stay as they are with %s, and all else goes on', (_what, spoil) => {
    const made = bench({
      'a/cpu.yml': check(1).replace('< 1', '< {{parameters.low}}'),
      'a/parameters.yml': 'low: 3\n',
      'b/other.yml': check(1, 'other'),
    });
    const running = made.run();
    expect(running.map(({ id }) => id)).toContain('a/check/cpu');
    spoil(made);
    made.write('b/other.yml', check(2, 'other'));
    const plan = made.load(running);
    expect(plan.badFiles).toHaveLength(1);
    expect(plan).toMatchObject({ start: [], stop: [] });
    expect(plan.restart.map(({ id }) => id)).toEqual(['b/check/other']);
    expect(plan.diagnostics.filter(({ severity }) => severity === 'error').length).toBeGreaterThan(0);
  });

  it('stay when their whole directory vanished for a moment', () => {
    const made = bench({ 'a/cpu.yml': check(1) });
    const running = made.run();
    renameSync(made.directories.config[0]!, `${made.directories.config[0]}.away`);
    const plan = made.load(running);
    expect(plan).toMatchObject({ stop: [], restart: [], agent: null });
    expect(plan.diagnostics).toMatchObject([{ code: 'OPSBRO_CONFIG_NOT_FOUND' }]);
  });

  it('keep a plugin that runs without YAML from starting beside the bad object of its name', () => {
    const made = bench({ 'a/redis.yml': 'collector: {port: 1}\n' });
    const running = made.run();
    made.write('a/redis.yml', 'collector: {prot: 1}\n');
    expect(made.load(running)).toMatchObject({ start: [], stop: [], restart: [] });
    made.write('a/redis.yml', 'collector: [\n');
    expect(made.load(running)).toMatchObject({ start: [], stop: [], restart: [] });
  });
});

function symlink(target: string, path: string): void {
  rmSync(path, { force: true });
  symlinkSync(target, path);
}
