import {
  defineService,
  type ExportedFacts,
  type RouteReply,
  type RouteRequest,
  type ServiceContext,
} from 'opsbro/sdk';
import { exposition, Families } from './families.ts';
import { processorTimes, translations } from './node-names.ts';
import {
  agentFamilies,
  type CollectorState,
  checkFamilies,
  collectorFamilies,
  otherFamilies,
} from './own-names.ts';

interface Options {
  exclude: string[];
  max_samples: number;
}

/** USER_HZ, which is 100 on every Linux that is met. */
const ticksPerSecond = 100;

/** Answers a scrape with what the agent knows at that moment. */
class Exporter {
  readonly #ctx: ServiceContext<Options>;
  #facts: ExportedFacts | undefined;

  constructor(ctx: ServiceContext<Options>) {
    this.#ctx = ctx;
    ctx.subscribe('facts', (facts) => {
      this.#facts = facts as unknown as ExportedFacts;
    });
  }

  async answer({ accept = '' }: RouteRequest): Promise<RouteReply> {
    const { exclude, max_samples } = this.#ctx.options;
    const families = new Families(max_samples);
    const left = new Set(exclude);
    const collectors = (await this.#collectors()).filter(({ name }) => !left.has(name));
    checkFamilies(this.#facts?.checks ?? [], families);
    collectorFamilies(collectors, families);
    if (!left.has('cpustats'))
      processorTimes((await this.#ctx.tryReadText('/proc/stat')) ?? '', ticksPerSecond, families);
    for (const { name, results } of collectors) {
      if (results === undefined || name === 'cpustats') continue;
      const translate = name === 'opsbro' ? agentFamilies : translations.get(name);
      if (translate === undefined) otherFamilies(name, results, families);
      else translate(results, families);
    }
    const dropped = new Families(1);
    dropped.add(
      'opsbro_exporter_dropped_samples',
      'gauge',
      'Samples left out of this answer.',
      families.dropped,
    );
    const { text, type } = exposition([...families, ...dropped], accept);
    return { status: 200, type, body: new TextEncoder().encode(text) };
  }

  async #collectors(): Promise<CollectorState[]> {
    const request = {
      route: '/api/v1/collectors',
      method: 'GET',
      params: {},
      query: { results: '1' },
      body: null,
    };
    const { status, body } = await this.#ctx.ask(request);
    const text = new TextDecoder().decode(body);
    if (status !== 200) throw new Error(`the agent does not tell of its collectors: ${text.slice(0, 200)}`);
    return JSON.parse(text) as CollectorState[];
  }
}

/** What this agent knows, for Prometheus. */
export default defineService<Options>({
  start(ctx) {
    const exporter = new Exporter(ctx);
    ctx.onRequest((request) => exporter.answer(request));
  },
  stop() {},
});
