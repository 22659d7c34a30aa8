import { copyFileSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { opsbro, root, scratch } from './new-plugin.ts';

const queue = '/tmp/opsbro-queue/mine';
const fixtures = join(root, 'test/fixtures/plugins/third-party');
const readme = readFileSync(join(root, 'sdk/README.md'), 'utf8');
const blocks = [...readme.matchAll(/^```(\w+)(?: (\S+))?\n([\s\S]*?)^```$/gm)].map(
  ([, language = '', note = '', text = '']) => ({ language, note, text }),
);
let place: ReturnType<typeof scratch>;

beforeAll(() => {
  place = scratch();
  mkdirSync(queue, { recursive: true });
});

afterAll(() => {
  place.dispose();
  rmSync(queue, { recursive: true, force: true });
});

/** The words of a command line: single quotes hold spaces. */
function wordsOf(line: string): string[] {
  return [...line.matchAll(/'([^']*)'|(\S+)/g)].map(([, quoted, plain]) => quoted ?? plain ?? '');
}

it('has a plugin of each kind, the same as those that run in a real agent', () => {
  const shown = new Map(blocks.map(({ note, text }) => [note.replace('file=', ''), text]));
  const names = readdirSync(fixtures);
  expect(names.length).toBe(6);
  for (const name of names) expect(shown.get(name)).toBe(readFileSync(join(fixtures, name), 'utf8'));
});

it('is executed, block by block, from top to bottom', () => {
  let commands = 0;
  for (const { language, note, text } of blocks) {
    if (note.startsWith('file=')) {
      const file = join(place.path, note.slice(5));
      mkdirSync(dirname(file), { recursive: true });
      writeFileSync(file, text);
      continue;
    }
    expect(language).toBe('sh');
    const lines = text.trimEnd().split('\n');
    lines.forEach((line, index) => {
      const [program, ...words] = wordsOf(line);
      expect(program).toBe('opsbro');
      const { code, stdout, stderr } = opsbro(place.path, ...words);
      const isToFail = note === 'fails' && index === lines.length - 1;
      expect(code, `${line}\n${stdout}${stderr}`).toBe(isToFail ? 1 : 0);
      if (isToFail) expect(stdout).toContain('permissions: { read: ["/etc/shadow"] }');
      commands += 1;
    });
  }
  expect(commands).toBeGreaterThan(10);
});

it('shows objects of the configuration that use those plugins', () => {
  const config = join(place.path, 'config.d');
  for (const name of readdirSync(fixtures)) copyFileSync(join(fixtures, name), join(config, name));
  for (const name of ['banner', 'chat', 'count-lines', 'memory-class', 'plain-out', 'queue-depth']) {
    const { code, stderr } = opsbro(place.path, '--config', config, 'plugins', 'approve', name, '--yes');
    expect(code, stderr).toBe(0);
  }
  const { code, stdout, stderr } = opsbro(place.path, 'config', 'check', '--strict', config);
  expect(code, stdout + stderr).toBe(0);
});

it('gives each plugin that it shows to the compliance suite of its kind', () => {
  for (const name of readdirSync(fixtures).map((file) => basename(file))) {
    const { code, stdout } = opsbro(place.path, 'plugins', 'test', join(fixtures, name));
    expect(stdout, name).toContain('✔ has the verb of its kind');
    expect(code, stdout).toBe(0);
  }
});
