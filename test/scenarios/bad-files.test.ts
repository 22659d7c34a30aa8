import { chmodSync, chownSync, mkdirSync, renameSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { CheckView, ConfigStatusView } from '../../control/shapes.ts';
import { type RealAgent, startRealAgent } from './real-agent.ts';

const isRoot = process.getuid?.() === 0;
const check = (output: string): string =>
  `check:\n  interval: 1s\n  critical_if: "{{collector.loadaverage.load1}} < 0"\n  ok_output: "'${output}'"\n`;
const bomb = `check:\n  l0: &l0 [lol]\n${Array.from({ length: 9 }, (_, i) => `  l${i + 1}: &l${i + 1} [${`*l${i},`.repeat(9)}]\n`).join('')}`;

const big = Buffer.alloc(50 * 1024 * 1024, 97);

let agent: RealAgent;
let file: string;

beforeAll(async () => {
  agent = await startRealAgent({ files: { 'pack/x.yml': check('good'), 'other/y.yml': check('0') } });
  file = join(agent.config, 'pack', 'x.yml');
  await shows('x', 'good');
});

afterAll(() => agent.dispose());

async function row(name: string): Promise<CheckView | undefined> {
  return (await agent.get<CheckView[]>('/api/v1/checks')).find((each) => each.name === name);
}

function shows(name: string, output: string): Promise<CheckView> {
  return agent.until(`'${output}' of ${name}`, async () => {
    const found = await row(name);
    return found?.output === output && found;
  });
}

const status = (): Promise<ConfigStatusView> => agent.get<ConfigStatusView>('/api/v1/config/status');

const rows: [string, () => void, RegExp][] = [
  ['invalid syntax', () => writeFileSync(file, 'check: [1,\n'), /x\.yml:\d+ invalid YAML/],
  [
    'an unknown key',
    () => writeFileSync(file, `${check('new')}  intervall: 1s\n`),
    /x\.yml:5 .*did you mean 'interval'/,
  ],
  [
    'a wrong type',
    () => writeFileSync(file, `${check('new')}  attempts: x\n`),
    /x\.yml:5 'attempts' is the text/,
  ],
  [
    'a duplicate id',
    () => writeFileSync(file, `${check('new')}---\n${check('newer')}`),
    /x\.yml:6 .*exists already at .*x\.yml:1:1/,
  ],
  ['an alias bomb', () => writeFileSync(file, bomb), /x\.yml:\d+ more than 20 aliases/],
  ['50 MB', () => writeFileSync(file, big), /x\.yml:1 the file has \d+ bytes/],
  ['binary content', () => writeFileSync(file, Buffer.from([0, 159, 146, 150])), /x\.yml:1 .*binary/],
  ['nothing', () => writeFileSync(file, ''), /x\.yml:1 the file is empty/],
  ['a folder of its name', () => replaceBy(() => mkdirSync(file)), /x\.yml:1 found a folder/],
  [
    'a symbolic link loop',
    () => {
      symlinkSync('x.yml', join(agent.data, 'loop'));
      renameSync(join(agent.data, 'loop'), file);
    },
    /x\.yml:1 cannot read it: a symbolic link loop/,
  ],
  [
    'text that is not UTF-8',
    () => writeFileSync(file, Buffer.from([0x61, 0x0a, 0xe9, 0x0a])),
    /x\.yml:2 .*not UTF-8/,
  ],
  ['tabs', () => writeFileSync(file, 'check:\n\tinterval: 1s\n'), /x\.yml:2 .*tabs/],
  ...(isRoot
    ? ([
        ['a foreign owner', () => foreign(), /x\.yml:1 the file belongs to user 12345/],
        [
          'a mode that lets others write',
          () => chmodSync(write('new'), 0o666),
          /x\.yml:1 .*writable by its group or everybody/,
        ],
      ] satisfies [string, () => void, RegExp][])
    : ([
        ['a mode that lets nobody read', () => chmodSync(write('new'), 0), /x\.yml:1 .*permission denied/],
      ] satisfies [string, () => void, RegExp][])),
];

function write(output: string): string {
  writeFileSync(file, check(output), { mode: 0o644 });
  return file;
}

/** At once, so that no load meets a moment without the file, which would rightly stop its object. */
function replaceBy(make: () => void): void {
  rmSync(file, { recursive: true, force: true });
  make();
}

function foreign(): void {
  chownSync(write('new'), 12_345, 12_345);
}

describe('a file that turns bad by', () => {
  it.each(rows)(
    '%s is named with its place, keeps its last good object, and touches nothing else',
    async (what, spoil, expected) => {
      if ((await status()).bad_files.length > 0) replaceBy(() => write('good'));
      await shows('x', 'good');
      spoil();
      const found = await agent.until('the error', async () => {
        const seen = await status();
        return seen.bad_files.includes(file) && seen;
      });
      const told = found.diagnostics.map(({ place, message }) => `${place.file}:${place.line} ${message}`);
      expect(
        told.filter((line) => expected.test(line)),
        told.join('\n'),
      ).not.toEqual([]);
      expect((await row('x'))?.output).toBe('good');
      agent.write('other/y.yml', check(what));
      await shows('y', what);
      replaceBy(() => write('good'));
      await agent.until('the file to be good again', async () => (await status()).bad_files.length === 0);
      // A load may have met the moment without the file after all, and have started the object anew.
      await shows('x', 'good');
    },
  );
});
