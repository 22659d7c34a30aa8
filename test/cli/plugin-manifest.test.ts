import { afterEach, beforeEach, expect, it } from 'vitest';
import { Workplace } from './workplace.ts';

let place: Workplace;
beforeEach(() => {
  place = new Workplace();
});
afterEach(() => place.dispose());

const plugin = {
  id: 'exporter/demo',
  kind: 'exporter',
  state: 'ok',
  origin: 'shipped',
  summary: 'Shows.',
  log: '',
  runs: 0,
  errors: 0,
  timeouts: 0,
  restarts: 0,
  skipped: 0,
  late: 0,
  last_ms: null,
  p99_ms: null,
  heap_bytes: null,
  manifest: {
    api: 1,
    kind: 'exporter',
    name: 'demo',
    summary: 'Shows.',
    options: {
      type: 'object',
      properties: {
        port: { type: 'integer', default: 6770, description: 'The port.' },
        mode: { enum: ['read', 'none'], default: 'read' },
        wait: { type: 'string', format: 'duration', default: '' },
      },
    },
    routes: [{ method: 'GET', path: '/demo', scope: 'read', schema: { body: { type: 'object' } } }],
    functions: { both: { parameters: [{ name: 'a' }, { name: 'b' }], summary: 'The two.' } },
    output: { 'used.*': 'how much, %' },
    permissions: { read: ['/proc/meminfo'] },
  },
};

it('shows a manifest as tables rather than as a tree of schemas', async () => {
  await place.agent({ '/api/v1/plugins': [plugin], '/api/v1/plugins/exporter/demo': plugin });
  const { code, out } = await place.opsbro(['plugins', 'show', 'demo']);
  expect(code).toBe(0);
  expect(out.slice(out.indexOf('options:'))).toMatchInlineSnapshot(`
    "options:
      NAME  VALUES      DEFAULT  WHAT
      port  integer     6770     The port.
      mode  read, none  read
      wait  duration    ''
    routes:
      METHOD  PATH   TAKES THE RIGHT
      GET     /demo  read
    functions:
      NAME        WHAT
      both(a, b)  The two.
    output:
      NAME    WHAT
      used.*  how much, %
    manifest:
      api = 1
      permissions.read.0 = /proc/meminfo
    "
  `);
});
