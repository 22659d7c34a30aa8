import { describe, expect, it } from 'vitest';
import { Rules } from '../../core/assembly.ts';
import { OpsbroError } from '../../core/errors.ts';
import { compileValue } from '../../language/compile.ts';
import { defaultExpressionLimits } from '../../language/program.ts';
import { exactStore } from '../../store/exact-store.ts';
import { factsOf, scopeOf } from '../language/engine/fixture.ts';
import { HandClock } from './schedule/test-clock.ts';

describe('exactStore', () => {
  function bench() {
    const clock = new HandClock();
    const lines: string[] = [];
    const log = {
      debug: () => undefined,
      info: () => undefined,
      warn: () => undefined,
      error: (message: string) => void lines.push(message),
    };
    const answers: (() => Promise<void>)[] = [];
    const put = () => (answers.shift() ?? (async () => undefined))();
    const store = exactStore({ put, putOrNothing: put }, clock, log);
    return { clock, lines, answers, store };
  }

  it('goes on, and says so once, while the disk does not answer or too much waits for it', async () => {
    const { clock, lines, answers, store } = bench();
    answers.push(
      () => new Promise(() => undefined),
      () => Promise.reject(new OpsbroError('OPSBRO_AGENT_BUSY', 'full')),
      async () => undefined,
      () => Promise.reject(new OpsbroError('OPSBRO_AGENT_BUSY', 'full')),
    );
    const first = store.put({ del: ['a'] });
    clock.advance(5000);
    await first;
    await store.put({ del: ['a'] });
    expect(lines).toHaveLength(1);
    await store.put({ del: ['a'] });
    await store.put({ del: ['a'] });
    expect(lines).toHaveLength(2);
  });

  it('leaves it to the store to tell that it cannot be written', async () => {
    const { lines, answers, store } = bench();
    answers.push(() => Promise.reject(new OpsbroError('OPSBRO_AGENT_STORE', 'disk full')));
    await store.put({ del: ['a'] });
    expect(lines).toEqual([]);
  });
});

describe('rules', () => {
  it('evaluates anew what a change of the limits cut off', async () => {
    const rules = new Rules(async () => {
      rules.useLimits({ ...defaultExpressionLimits, cpuMs: defaultExpressionLimits.cpuMs + 1 });
      return { ok: true, value: true };
    });
    rules.useLimits(defaultExpressionLimits);
    const { program } = compileValue('v', "file_exists('/x')", scopeOf(), 'opsbro');
    if (program === undefined) throw new Error('does not compile');
    rules.put([program]);
    const [outcome] = await rules.evaluate(['v'], factsOf());
    await rules.stop();
    expect(outcome).toMatchObject({ kind: 'value', value: true });
  });
});
