import type { ExportedFacts } from '../facts.ts';

/**
 * Facts as the agent gives them to an exporter: of the node `web1` on 2026-01-01 at 12:00 UTC, with one collector and one check that is
 * critical. `given` replaces single keys.
 * @example `await runVerb(graphite, fixtureContext({ options }), testFacts({ groups: ['web'] }));`
 */
export function testFacts(given: Partial<ExportedFacts> = {}): ExportedFacts {
  const at = Date.UTC(2026, 0, 1, 12);
  return {
    at,
    node: { name: 'web1', uuid: '2f1c7e9054d34cf4a3f5b0d4d7b0a1c2', zone: 'internet' },
    groups: ['debian', 'linux'],
    samples: { loadaverage: { load1: 42, load5: 17.5, load15: 3 } },
    checks: [
      {
        id: 'linux/check/load',
        name: 'load',
        display_name: 'Load average',
        pack: 'linux',
        state: 'critical',
        hard: true,
        output: 'load is 42',
        long_output: '',
        perfdata: 'load1=42;10;20;0',
        since: at - 120_000,
        last_run: at - 1000,
        stale: false,
        labels: { team: 'web' },
      },
    ],
    ...given,
  };
}
