import { describe, expect, it } from 'vitest';
import type { ConfigPlan, Diagnostic } from '../../../configuration/model.ts';
import { OpsbroError } from '../../../core/errors.ts';
import { Reloader } from '../../../core/host/reloader.ts';
import { initialSettings } from '../../../core/host/settings.ts';
import { checkObject, plan } from './host-bench.ts';

interface Load {
  answer(result: Partial<ConfigPlan>): void;
  fail(error: Error): void;
}

function bench() {
  const loads: Load[] = [];
  const steps: string[] = [];
  const write = (level: string) => (message: string) => void steps.push(`${level} ${message}`);
  const reloader = new Reloader({
    log: { debug: write('debug'), info: write('info'), warn: write('warn'), error: write('error') },
    now: () => 7,
    running: () => [],
    load: () =>
      new Promise((resolve, reject) => {
        loads.push({ answer: (result) => resolve(plan([], result)), fail: reject });
      }),
    onSettings: () => void steps.push('settings'),
    apply: async ({ start }) => void steps.push(`apply ${start.length}`),
    onBusy: (busy) => void steps.push(busy ? 'busy' : 'idle'),
  });
  return { reloader, loads, steps };
}

async function turn(): Promise<void> {
  await new Promise((resolve) => setImmediate(resolve));
}

const finding = (message: string, severity: Diagnostic['severity'] = 'error'): Diagnostic => ({
  severity,
  code: 'OPSBRO_CONFIG_SYNTAX',
  message,
  place: { file: 'x.yml', line: 1, column: 2 },
});

describe('reloader', () => {
  it('loads, takes the settings, applies, and tells how it went', async () => {
    const { reloader, loads, steps } = bench();
    const outcome = reloader.reload();
    loads[0]?.answer({ agent: initialSettings, start: [checkObject('c', [])], generation: 4 });
    expect((await outcome).ok).toBe(true);
    expect(steps).toEqual(['busy', 'settings', 'apply 1', 'info configuration loaded', 'idle']);
    expect(reloader.status()).toMatchObject({ generation: 4, loadedAt: 7 });
  });

  it('answers all that was asked for during a load by one more', async () => {
    const { reloader, loads } = bench();
    const first = reloader.reload();
    const later = [reloader.reload(), reloader.reload(), reloader.reload()];
    expect(loads).toHaveLength(1);
    loads[0]?.answer({ generation: 1 });
    await first;
    await turn();
    expect(loads).toHaveLength(2);
    loads[1]?.answer({ generation: 2 });
    const generations = (await Promise.all(later)).map(({ plan: { generation } }) => generation);
    expect(generations).toEqual([2, 2, 2]);
  });

  it('changes nothing when a load fails, and loads again when asked', async () => {
    const { reloader, loads, steps } = bench();
    reloader.reloadQuietly();
    const next = reloader.reload();
    loads[0]?.fail(new OpsbroError('OPSBRO_API_DEADLINE', 'too late'));
    await turn();
    expect(steps).toContain('error the configuration could not be loaded; the running one stays');
    expect(reloader.status().generation).toBe(0);
    loads[1]?.answer({ generation: 1 });
    expect((await next).plan.generation).toBe(1);
  });

  it('reports a finding once, and again when it came back', async () => {
    const { reloader, loads, steps } = bench();
    const rounds = [[finding('bad')], [finding('bad'), finding('odd', 'warning')], [], [finding('bad')]];
    for (const [index, diagnostics] of rounds.entries()) {
      const outcome = reloader.reload();
      loads[index]?.answer({ diagnostics });
      expect((await outcome).ok).toBe(!diagnostics.some(({ severity }) => severity === 'error'));
    }
    const reports = steps.filter((step) => step.includes('x.yml'));
    expect(reports).toEqual(['error x.yml:1:2: bad', 'warn x.yml:1:2: odd', 'error x.yml:1:2: bad']);
  });

  it('says to who asked by a signal that nothing changed, and not to others', async () => {
    const { reloader, loads, steps } = bench();
    const said = () => steps.filter((step) => step.startsWith('info'));
    const first = reloader.reload();
    loads[0]?.answer({ agent: initialSettings, start: [checkObject('c', [])] });
    await first;
    const quiet = reloader.reload();
    loads[1]?.answer({ agent: initialSettings });
    await quiet;
    expect(said()).toEqual(['info configuration loaded']);
    reloader.reloadForSignal();
    loads[2]?.answer({ agent: initialSettings });
    await turn();
    expect(said().slice(1)).toEqual(['info configuration unchanged']);
    // Settings of agent.yml are no object, and a change all the same; a bad agent.yml leaves them as they are.
    reloader.reloadForSignal();
    loads[3]?.answer({ agent: { ...initialSettings, logLevel: 'debug' } });
    await turn();
    expect(said().slice(2)).toEqual(['info configuration loaded']);
    reloader.reloadForSignal();
    loads[4]?.answer({ agent: null });
    await turn();
    expect(said().slice(3)).toEqual(['info configuration unchanged']);
  });

  it('applies nothing and says nothing once the agent stops', async () => {
    const { reloader, loads, steps } = bench();
    reloader.reloadQuietly();
    const asked = reloader.reload().catch((error: OpsbroError) => error.code);
    reloader.stop();
    loads[0]?.answer({ start: [checkObject('c', [])] });
    await turn();
    loads[1]?.fail(new OpsbroError('OPSBRO_PLUGIN_EXITED', 'the agent is stopping'));
    expect(await asked).toBe('OPSBRO_PLUGIN_EXITED');
    expect(steps.filter((step) => step.startsWith('apply') || step.startsWith('error'))).toEqual([]);
  });
});
