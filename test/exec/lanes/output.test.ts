import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import {
  closeSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  readdirSync,
  rmSync,
  statSync,
  symlinkSync,
  unlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { endLeftovers } from '../../../exec/lanes/leftovers.ts';
import { outputSize, takeOutput } from '../../../exec/lanes/output-file.ts';
import { openPrivateDirectory } from '../../../exec/lanes/private-directory.ts';
import { programPath } from '../../../exec/lanes/program-path.ts';

let scratch: string;
let file: string;

beforeEach(() => {
  scratch = mkdtempSync(join(tmpdir(), 'opsbro-output-'));
  file = join(scratch, '1');
});

afterEach(() => rmSync(scratch, { recursive: true, force: true }));

describe('takeOutput', () => {
  it.each<[string, number, string, boolean]>([
    ['', 10, '', false],
    ['abc', 3, 'abc', false],
    ['abc def ghi', 9, 'abc def ', true],
    ['abcdefghi', 4, 'abcd', true],
    ['time=1 size=234', 13, 'time=1 ', true],
  ])('reads %j within %i bytes and unlinks it', (text, maxBytes, expected, truncated) => {
    writeFileSync(file, text);
    expect(outputSize(file)).toBe(text.length);
    expect(takeOutput(file, maxBytes)).toEqual({ text: expected, truncated });
    expect(existsSync(file)).toBe(false);
    expect(outputSize(file)).toBe(0);
  });

  it('reads more than it has read before', () => {
    writeFileSync(file, 'x'.repeat(200_000));
    expect(takeOutput(file, 200_000)?.text.length).toBe(200_000);
  });

  it('reads no link, no directory, no pipe and nothing that is absent', () => {
    writeFileSync(join(scratch, 'secret'), 'secret');
    symlinkSync(join(scratch, 'secret'), file);
    expect(takeOutput(file, 10)).toBeNull();
    unlinkSync(file);
    expect(takeOutput(file, 10)).toBeNull();
    spawnSync('mkfifo', [file]);
    expect(takeOutput(file, 10)?.text ?? '').toBe('');
    mkdirSync(file);
    expect(takeOutput(file, 10)?.text ?? '').toBe('');
  });
});

describe('openPrivateDirectory', () => {
  it('takes the first that can be had, and empties it', () => {
    const paths = [join(scratch, 'absent', 'a'), join(scratch, 'b'), join(scratch, 'c')];
    mkdirSync(join(scratch, 'b', 'left'), { recursive: true });
    writeFileSync(join(scratch, 'b', 'left', '1'), 'old');
    expect(openPrivateDirectory(paths)).toBe(paths[1]);
    expect(readdirSync(join(scratch, 'b'))).toEqual([]);
    expect(statSync(join(scratch, 'b')).mode & 0o777).toBe(0o711);
  });

  it('takes none that somebody else may have put there', () => {
    symlinkSync('/tmp', join(scratch, 'link'));
    writeFileSync(file, '');
    expect(() => openPrivateDirectory([join(scratch, 'link'), file])).toThrow(
      /no directory for the output of commands: .*link belongs to somebody else; .*1 belongs to somebody else/,
    );
  });
});

describe('programPath', () => {
  it('finds a program as a shell does, and forgets one that went', () => {
    const path = `relative:/no/such:${scratch}:/bin`;
    expect(programPath('sh', path)).toBe('/bin/sh');
    writeFileSync(join(scratch, 'sh'), '');
    expect(programPath('sh', path)).toBe('/bin/sh');
    writeFileSync(join(scratch, 'check'), '', { mode: 0o755 });
    expect(programPath('check', path)).toBe(join(scratch, 'check'));
    unlinkSync(join(scratch, 'check'));
    expect(programPath('check', path)).toBeNull();
    expect(programPath('./check', path)).toBe('./check');
    expect(programPath('', path)).toBeNull();
  });
});

describe('endLeftovers', () => {
  it('ends what wrote too much into an unlinked output, and nothing else', async () => {
    const others = join(scratch, '2');
    const [first, second] = [openSync(file, 'w'), openSync(others, 'w')];
    const flood = spawn('sh', ['-c', 'head -c 100000 /dev/zero; exec sleep 60'], {
      stdio: ['ignore', first, 'ignore'],
    });
    const quiet = spawn('sleep', ['60'], { stdio: ['ignore', second, 'ignore'] });
    closeSync(first);
    closeSync(second);
    await expect.poll(() => statSync(file).size).toBe(100_000);
    expect(endLeftovers(scratch, 1000)).toEqual([]);
    unlinkSync(file);
    unlinkSync(others);
    const ended = once(flood, 'exit');
    expect(endLeftovers(scratch, 200_000)).toEqual([]);
    expect(endLeftovers(scratch, 1000)).toEqual([flood.pid]);
    expect(await ended).toEqual([null, 'SIGKILL']);
    expect(quiet.exitCode).toBeNull();
    quiet.kill('SIGKILL');
  });
});
