import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type CommandResult, program, run } from './cli-run.ts';
import { type RealAgent, startRealAgent } from './real-agent.ts';

let agent: RealAgent;
beforeAll(async () => {
  agent = await startRealAgent();
});
afterAll(() => agent?.dispose());

const shell = (line: string): Promise<CommandResult> =>
  run('bash', ['-c', `set -o pipefail; opsbro() { "${program}" "$@"; }; ${line}`], {
    OPSBRO_DATA: agent.data,
  });

describe('output that cannot be written', () => {
  const full = 'stdout cannot be written: ENOSPC: no space left on device, write';

  it.each(['version', '--help', 'evaluator list', 'collectors watch loadaverage'])(
    '%s on a full disk fails with one line',
    async (words) => {
      expect(await shell(`opsbro ${words} > /dev/full`)).toMatchObject({
        code: 1,
        stdout: '',
        stderr: `opsbro: ${full}\n`,
      });
    },
  );

  it('says it as JSON with --json', async () => {
    const { code, stderr } = await shell('opsbro version --json > /dev/full');
    expect(code).toBe(1);
    expect(JSON.parse(stderr)).toEqual({ error: { code: 'OPSBRO_HOST_IO', message: full } });
  });

  it.each(['evaluator list --details', 'collectors watch loadaverage'])(
    '%s ends without a word when its reader goes away',
    async (words) => {
      const { stdout, stderr } = await shell(`opsbro ${words} | head -1`);
      expect({ stdout, stderr }).toEqual({ stdout: expect.stringMatching(/^.+\n$/), stderr: '' });
    },
  );

  it('does its work though nobody can read what is said about it', async () => {
    expect(await shell('opsbro version 2> /dev/full')).toMatchObject({ code: 0 });
    expect(await shell('opsbro nonsense 2> /dev/full')).toMatchObject({ code: 2 });
  });
});
