import { chmodSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Manifest } from 'opsbro/sdk';
import { complianceSuite, hostContext, runVerb, testEvent } from 'opsbro/sdk/testing';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import overc from './index.ts';
import { splitWords } from './shell-words.ts';

const folder = new URL('./', import.meta.url);
const manifest = parse(readFileSync(new URL('plugin.yml', folder), 'utf8')) as Manifest;
const text = 'web1 app: [service:state/FAIL] State changed: "OK" -> "FAIL"\nCurrent: FAIL: größe\n';
const alert = testEvent('alert', { text });
let scratch = '';

beforeEach(() => {
  scratch = mkdtempSync(join(tmpdir(), 'opsbro-overc-'));
});
afterEach(() => rmSync(scratch, { recursive: true, force: true }));

function script(name: string, body: string): void {
  writeFileSync(join(scratch, name), `#!/bin/sh\n${body}\n`);
  chmodSync(join(scratch, name), 0o755);
}

function context(options: { command?: string; config?: string }) {
  return hostContext({ options: { command: '', directory: scratch, config: '', ...options }, name: 'mail' });
}

const wrote = (name: string): string => readFileSync(join(scratch, name), 'utf8');

it('gives the text to a command, without a shell, in its directory', async () => {
  script('mail.sh', 'printf "%s|" "$@" > args; cat > text; pwd > where');
  const { status } = await runVerb(overc, context({ command: `./mail.sh 'a b' "$HOME" c\\ d` }), alert);
  expect(status).toBe('done');
  expect([wrote('args'), wrote('text'), wrote('where').trim()]).toEqual(['a b|$HOME|c d|', text, scratch]);
});

it('tells all plugins of a server.ini, and all of those that failed, once', async () => {
  script('good.sh', 'cat >> good');
  script('bad.sh', 'cat >> bad; exit 3');
  const config = join(scratch, 'server.ini');
  const sections = ['good]\ncommand=./good.sh', 'bad]\ncommand: ./bad.sh x', 'none]\nCommand = ./none.sh'];
  writeFileSync(config, `[overc]\nloglevel=WARN\n${sections.map((each) => `[alert:${each}\n`).join('')}`);
  const ctx = context({ config });
  const failed =
    "Alert plugin `bad` failed: Command './bad.sh x' returned non-zero exit status 3\n" +
    'Alert plugin `none` failed: [Errno 2] No such file or directory\n';
  const lines = (found: string): string[] => found.split('\n').sort();
  await expect(runVerb(overc, ctx, alert)).rejects.toThrow('Alert plugin `bad` failed');
  expect(lines(wrote('good'))).toEqual(lines(text + failed));
  await expect(runVerb(overc, ctx, alert)).rejects.toThrow('Alert plugin `bad` failed');
  expect(lines(wrote('good'))).toEqual(lines(text + failed));
  script('bad.sh', 'cat > mended');
  script('none.sh', 'cat > there');
  expect(await runVerb(overc, ctx, alert)).toMatchObject({ status: 'done' });
  expect([wrote('mended'), wrote('there'), ctx.state.told]).toEqual([text, text, []]);
});

it('gives each plugin ten seconds, and tells several at the same time', async () => {
  // Each of the two ends once the other has begun.
  for (const [own, other] of ['ab', 'ba'])
    script(`${own}.sh`, `cat > ${own}; until [ -e ${other} ]; do sleep 0.01; done; cp ${own} ${own}.told`);
  script('hang.sh', 'exec sleep 1000');
  const config = join(scratch, 'server.ini');
  writeFileSync(config, ['a', 'b', 'hang'].map((name) => `[alert:${name}]\ncommand=./${name}.sh\n`).join(''));
  const ctx = context({ config });
  const given: unknown[] = [];
  const exec: typeof ctx.exec = (file, args, options) => {
    given.push(options?.timeoutMs);
    return ctx.exec(file, args, file.endsWith('hang.sh') ? { ...options, timeoutMs: 50 } : options);
  };
  await expect(runVerb(overc, { ...ctx, exec }, alert)).rejects.toThrow(/^Alert plugin `hang` failed: .*$/);
  expect(new Set(given)).toEqual(new Set([10_000]));
  expect([wrote('a.told'), wrote('b.told')].map((told) => told.startsWith('Alert plugin `hang`'))).toEqual([
    ...[true, true],
  ]);
});

it('tells the others of one whose command cannot be read', async () => {
  script('good.sh', 'cat >> good');
  const config = join(scratch, 'server.ini');
  writeFileSync(config, '[alert:odd]\ncommand=./odd.sh "x\n[alert:good]\ncommand=./good.sh\n');
  const ctx = context({ config });
  const failed = "Alert plugin `odd` failed: the quotation of './odd.sh \"x' does not end";
  await expect(runVerb(overc, ctx, alert)).rejects.toThrow(failed);
  await expect(runVerb(overc, ctx, alert)).rejects.toThrow(failed);
  expect(wrote('good')).toBe(`${text}${failed}\n`);
});

it('says it when nobody could be told', async () => {
  script('bad.sh', 'exit 1');
  const ctx = context({ command: './bad.sh' });
  await expect(runVerb(overc, ctx, alert)).rejects.toThrow('non-zero exit status 1');
  expect(ctx.logs.map(({ message }) => message).join()).toContain(
    'NONE of the plugins could send the message:',
  );
});

it('tells of problems of checks, but not of pushed ones, which bring texts of their own', async () => {
  script('mail.sh', 'cat >> text');
  const ctx = context({ command: './mail.sh' });
  await runVerb(overc, ctx, testEvent('problem', { pack: 'push' }));
  await runVerb(overc, ctx, testEvent('problem'));
  expect(wrote('text')).toBe(
    'web1 Load average: [service:state/FAIL] State changed: "OK" -> "FAIL"\nCurrent: FAIL: load is 42\n',
  );
});

it.each([
  ['a  b', ['a', 'b']],
  [`a'b c'd "e \\"f" \\'`, ['ab cd', 'e "f', "'"]],
  ['""', ['']],
])('splits %s', (command, words) => expect(splitWords(command)).toEqual(words));

it('refuses a quotation that does not end', () => expect(() => splitWords('a "b')).toThrow('does not end'));

describe('compliance', () => {
  const options = { command: '/bin/true', directory: '/', config: '' };
  for (const test of complianceSuite('handler', folder, overc, manifest, { options }))
    it.skipIf(test.skip !== undefined)(test.name, test.run);
});
