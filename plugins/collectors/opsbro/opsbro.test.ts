import { readFileSync } from 'node:fs';
import type { Json, JsonObject, Manifest } from 'opsbro/sdk';
import { complianceSuite, fixtureContext, runVerb } from 'opsbro/sdk/testing';
import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { agentFigures, asAgentFacts, handlerFigures, pluginFigures } from './figures.ts';
import opsbro from './index.ts';

const folder = new URL('./', import.meta.url);
const manifest = parse(readFileSync(new URL('plugin.yml', folder), 'utf8')) as Manifest;

const recorded = (name: string) =>
  JSON.parse(readFileSync(new URL(`testdata/${name}.json`, folder), 'utf8')) as JsonObject;

describe('asAgentFacts', () => {
  it.each([
    undefined,
    null,
    3,
    [],
    {},
    { agent: {} },
    { agent: [], plugins: [] },
    { agent: {}, plugins: {} },
  ])('takes %j for no facts', (facts) => expect(asAgentFacts(facts as Json)).toBeUndefined());

  it('leaves out plugins that are none', () => {
    expect(asAgentFacts({ agent: {}, plugins: [null, 3, { id: 'a/b' }] })?.plugins).toEqual([{ id: 'a/b' }]);
  });
});

describe('agentFigures', () => {
  it('takes numbers only, and of what is there', () => {
    const agent = {
      uptime: '3',
      cpu_percent: null,
      memory: { rss_bytes: 1, heap_bytes: null },
      logs: [],
      groups: 'x',
    };
    expect(agentFigures(agent)).toEqual({ memory: { rss_bytes: 1 } });
  });
});

describe('pluginFigures', () => {
  it('keeps hostile names as data', () => {
    const figures = pluginFigures([
      { id: '__proto__/constructor', runs: 1 },
      { id: 'collector/__proto__', runs: 2 },
    ]);
    expect(JSON.stringify(figures)).toBe(
      '{"__proto__":{"constructor":{"runs":1}},"collector":{"__proto__":{"runs":2}}}',
    );
    expect(Object.getPrototypeOf(figures)).toBe(Object.prototype);
  });

  it.each([[{}], [{ id: 3 }], [{ id: 'noslash', runs: 1 }], [{ id: '/x', runs: 1 }]])(
    'leaves out %j',
    (plugin) => {
      expect(pluginFigures([plugin as JsonObject])).toEqual({});
    },
  );
});

describe('handlerFigures', () => {
  it('takes the numbers of each handler by its name', () => {
    const mail = { id: 'p/handler/mail', name: 'mail', waiting: 2, dead: 1, delivered: 3, failed: 4 };
    expect(handlerFigures([{ ...mail, failures_in_row: 5, timeout: 30 }, { waiting: 1 }])).toEqual({
      mail: { waiting: 2, dead: 1, delivered: 3, failed: 4, failures_in_row: 5 },
    });
  });
});

describe('collector/opsbro', () => {
  it('flattens the facts of a running agent', async () => {
    const ctx = fixtureContext({ options: { facts: recorded('running') } });
    expect(await runVerb(opsbro, ctx)).toEqual({
      status: 'done',
      value: {
        state: 'running',
        version: '1.0.0',
        uptime: 3601.5,
        cpu_percent: 0.7,
        detectors: 24,
        notifications: { waiting: 2, dead: 1 },
        handlers: { mail: { waiting: 2, dead: 1, delivered: 40, failed: 3, failures_in_row: 1 } },
        groups: 3,
        memory: { rss_bytes: 104857600, heap_bytes: 20971520 },
        loop_delay_ms: { p50: 0.4, p99: 3.1, max: 11.2 },
        schedule: { runs: 12345, late: 2, skipped: 1 },
        configuration: { generation: 4, objects: 81, files: 37, errors: 1, warnings: 2 },
        checks: { ok: 20, warning: 1, critical: 0, unknown: 0, pending: 0 },
        collectors: { ok: 18, 'not-eligible': 4 },
        threads: { job: 2, penalty: 0, expression: 1, sandbox: 0, service: 0 },
        logs: { errors: 1, warnings: 5 },
        plugin_count: { total: 61, troubled: 1 },
        plugins: {
          collector: {
            memory: {
              runs: 360,
              errors: 0,
              timeouts: 0,
              restarts: 0,
              skipped: 0,
              late: 1,
              last_ms: 0.8,
              p99_ms: 2.4,
              heap_bytes: 9437184,
            },
            temperature: { runs: 60, errors: 0, timeouts: 0, restarts: 0, skipped: 0, late: 0 },
          },
          handler: { log: { runs: 0, errors: 0, timeouts: 0, restarts: 0, skipped: 0, late: 0 } },
        },
      },
    });
  });

  it('yields what an agent knows that has only started', async () => {
    const ctx = fixtureContext({ options: { facts: recorded('starting') } });
    expect(await runVerb(opsbro, ctx)).toEqual({
      status: 'done',
      value: {
        state: 'starting',
        version: '1.0.0',
        uptime: 0,
        detectors: 0,
        groups: 0,
        memory: { rss_bytes: 62914560 },
        configuration: { generation: 0, objects: 0, files: 0, errors: 0, warnings: 0 },
        plugin_count: { total: 0, troubled: 0 },
        plugins: {},
        handlers: {},
      },
    });
  });

  it('documents all it yields', () => {
    const facts = asAgentFacts(recorded('running'));
    const paths = Object.keys(manifest.output ?? {});
    for (const figure of Object.keys((facts?.plugins[0] ?? {}) as JsonObject))
      if (typeof facts?.plugins[0]?.[figure] === 'number') expect(paths).toContain(`plugins.*.*.${figure}`);
  });

  it('is not eligible without facts', async () => {
    expect((await runVerb(opsbro, fixtureContext())).status).toBe('not-eligible');
  });
});

describe('compliance', () => {
  for (const test of complianceSuite('collector', folder, opsbro, manifest))
    it.skipIf(test.skip !== undefined)(test.name, test.run);
});
