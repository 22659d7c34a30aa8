import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import {
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { program, root, run } from '../cli-run.ts';
import { type Lan, tryLan } from './namespaces.ts';

const lan = tryLan(1);
const patientMs = 120_000;
const [, chapter = ''] =
  /^## A cluster$([\s\S]*?)^## /m.exec(readFileSync(join(root, 'README.md'), 'utf8')) ?? [];
const block = (language: string): string =>
  new RegExp(`^\`\`\`${language}$([\\s\\S]*?)^\`\`\`$`, 'm').exec(chapter)?.[1]?.trim() ?? '';
/** What is typed into each terminal. */
const terminals = block('sh')
  .split(/^# \w+ terminal$/m)
  .slice(1);
/** What is typed then, and what it prints. */
const dialogue = block('console')
  .split(/^\$ /m)
  .slice(1)
  .map((text): [string, string[]] => {
    const [command = '', ...lines] = text.trim().split('\n');
    return [command, lines];
  });

function hasDig(): boolean {
  try {
    execFileSync('sh', ['-c', 'command -v dig'], { stdio: 'ignore' });
    return true;
  } catch {
    return process.env.OPSBRO_TEST_REQUIRE === 'all';
  }
}

/** Where a file changes each check that ships. */
const shippedChecks = readdirSync(join(root, 'config.d'), { recursive: true, encoding: 'utf8' }).flatMap(
  (path) => {
    const [, pack, name] = /([^/]+)\/monitoring\/([^/]+\.yml)$/.exec(path) ?? [];
    return name === undefined ? [] : [join(pack as string, name)];
  },
);

/** A line of the README as a pattern: the host, its groups, ages and what fails on it are others here. */
function patternOf(line: string): RegExp {
  const escaped = line.trimEnd().replace(/[.*+?^${}()|[\]\\]/g, '\\$&');
  const loose = escaped
    .replace(/^db1 /, '\\S+ ')
    .replace(/\d+s ago/, '(\\S.* ago|now)')
    .replace(/-\s+debian, debian-12, linux$/, '- .*linux.*')
    .replace(/ +/g, ' +');
  return new RegExp(`^${loose}\\s*$`);
}

function exactly(line: string): RegExp {
  return new RegExp(`^${line.replaceAll('.', '\\.')}$`);
}

describe.skipIf(typeof lan === 'string' || !hasDig())('the README’s three terminals', () => {
  const folder = mkdtempSync(join(tmpdir(), 'opsbro-readme-'));
  const running: ChildProcess[] = [];
  const wrapper = (lan as Lan).wrapper?.(0) ?? [];

  /** What a shell in the folder makes of a line, as a user sees it. */
  const typed = async (line: string): Promise<string> => {
    const [shell = '', ...words] = [...wrapper, 'sh', '-c', `cd ${folder} && ${line}`];
    const { stdout, stderr } = await run(shell, words, {
      PATH: `${folder}:${process.env.PATH}`,
      NO_COLOR: '1',
    });
    return (stderr + stdout).trim();
  };

  /** Types a line again until it prints that. */
  const until = async (line: string, isRight: (text: string) => boolean): Promise<string> => {
    const end = performance.now() + patientMs;
    for (;;) {
      const text = await typed(line);
      if (isRight(text)) return text;
      if (performance.now() > end) throw new Error(`${line} printed at last: ${text}`);
    }
  };

  beforeAll(async () => {
    // Whose checks fail is left out of DNS, and on a busy host some do.
    for (const path of shippedChecks)
      for (const name of ['one', 'two', 'three']) {
        mkdirSync(join(folder, `${name}.d`, dirname(path)), { recursive: true });
        writeFileSync(join(folder, `${name}.d`, path), 'check: { enabled: false }\n');
      }
    symlinkSync(program, join(folder, 'opsbro'));
    for (const [index, script] of terminals.entries()) {
      const [shell = '', ...words] = [...wrapper, 'sh', '-ec', script];
      const env = { PATH: `${folder}:${process.env.PATH}` };
      running.push(spawn(shell, words, { cwd: folder, env, stdio: 'ignore', detached: true }));
      const data = /--data (\S+)/.exec(script)?.[1];
      await typed(`opsbro --data ${data} agent wait-initialized --timeout ${90 + index}`);
    }
  }, 300_000);

  afterAll(async () => {
    for (const child of running) {
      if (child.exitCode !== null || child.signalCode !== null) continue;
      process.kill(-(child.pid as number), 'SIGKILL');
      await once(child, 'exit');
    }
    (lan as Lan).dispose();
    rmSync(folder, { recursive: true, force: true });
  });

  it('show members that join, all of them, and their names in DNS, word for word', async () => {
    expect([terminals.length, dialogue.length]).toEqual([3, 4]);
    for (const [command, expected] of dialogue) {
      const patterns = expected.map(command.startsWith('dig') ? exactly : patternOf);
      // Members are sorted by uuid, and addresses by nothing.
      const isSame = (text: string): boolean => {
        const lines = text.split('\n');
        return (
          lines.length === patterns.length &&
          patterns.every((pattern) => lines.some((line) => pattern.test(line)))
        );
      };
      await until(command, isSame);
    }
  });

  it('show the death of one that is stopped by ctrl-c, and who found it out', async () => {
    process.kill(-(running[2]?.pid as number), 'SIGINT');
    await until('opsbro --data var/one gossip members', (text) => /web-three\] +dead/.test(text));
    expect(await typed('opsbro --data var/one gossip history')).toMatch(/dead[\s\S]*web-(one|two)/);
    const [dig = ''] = dialogue.map(([command]) => command).filter((command) => command.startsWith('dig'));
    await until(dig, (text) => text.split('\n').sort().join() === '127.0.0.1,127.0.0.2');
  });
});
