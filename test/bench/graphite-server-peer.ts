import type { ServiceDefinition } from 'opsbro/sdk';
import { serviceContext } from '../../sdk/testing/index.ts';

const [given = '{}', data = ''] = process.argv.slice(2);
/** What it is told of its store and doors, over what a bench and a soak have in common. */
const { store, ...doors } = JSON.parse(given) as { store?: object };
const options = {
  ...{ enabled: true, address: '127.0.0.1', port: 0, udp: false, tcp: true, pickle: false, pickle_port: 0 },
  ...{ max_connections: 100, idle_timeout: '60s' },
  ...doors,
  forward: { to: [], protocol: 'lines', copies: 1, queue: '1GiB', keep: true },
  remote_write: {
    ...{ to: [], headers: {}, labels: {}, rules: [], queue: '1GiB', timeout: '30s', verify_tls: true },
    ...{ ca_file: '', keep: true },
  },
  store: {
    ...{
      enabled: true,
      directory: '',
      max_disk: '100GiB',
      max_names: 100_000,
      max_names_per_source: 100_000,
    },
    ...{ max_waiting: 1_048_576, flush: '500ms', retentions: [{ pattern: '', retentions: '1s:6h' }] },
    ...{ aggregations: [], schemas_file: '', aggregation_file: '' },
    ...store,
  },
};
const plugin = new URL('../../plugins/listeners/graphite/index.js', import.meta.url);
const { default: graphite } = (await import(plugin.href)) as { default: ServiceDefinition<object> };
const ctx = serviceContext({
  options,
  async ask({ route }) {
    const body = JSON.stringify(route === '/api/v1/agent' ? { data } : []);
    return { status: 200, type: 'application/json', body: Buffer.from(body) };
  },
});
await graphite.start(ctx);
const log = ctx.logs.map(({ message }) => message).join('\n');
const portOf = (what: string): number =>
  Number(new RegExp(`takes ${what} on tcp \\S+:(\\d+)`).exec(log)?.[1] ?? 0);
process.send?.({ port: portOf('lines'), picklePort: portOf('pickles') });
process.on('message', (what) => {
  if (what === 'stop') void Promise.resolve(graphite.stop()).then(() => process.disconnect());
  else void tellRead();
});

/** How many points of pickles it has read, and for how long any point was not safe. */
async function tellRead(): Promise<void> {
  const clock = (): number => Number(process.hrtime.bigint() / 1000n) / 1000;
  const from = clock();
  const request = { route: '/api/v1/metrics/store', method: 'GET', params: {}, query: {}, body: null };
  const { body } = await ctx.request(request);
  const { received, unsafe_ms: unsafe } = body as {
    received: { pickles: { points: number } };
    unsafe_ms: { now: number; most: number };
  };
  process.send?.({ from, at: clock(), points: received.pickles.points, unsafeMs: unsafe });
}
