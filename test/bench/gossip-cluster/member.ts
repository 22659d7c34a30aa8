import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import type { Json, JsonObject, ServiceContext } from 'opsbro/sdk';
import gossip from '../../../plugins/cluster/gossip/index.ts';
import { memoryKeys } from '../../../sdk/testing/memory-keys.ts';
import { testFacts } from '../../../sdk/testing/test-facts.ts';

// One member as a process of its own: `member.js NAME ADDRESS PORT KEY`. It is the plugin itself with its sockets, seal and signatures; only
// the agent around it is missing. Reads `join ENDPOINT` by line, and writes one line for each change of a member: `alive NAME`, `dead NAME`.

const [name = '', address = '', port = '', key = ''] = process.argv.slice(2);
const options = {
  ...{ address, port: Number(port), key, keys: [], seeds: [], bootstrap: true, zone: 'lan', proxy: false },
  ...{ display_name: '', profile: 'lan', forget_dead: '72h' },
};
const uuid = createHash('md5').update(name).digest('hex');
const facts = testFacts({ node: { name, uuid, zone: 'lan' }, groups: ['debian', 'linux'], checks: [] });
const { signal } = new AbortController();
const quiet = (): void => undefined;
let answer: Parameters<ServiceContext['onRequest']>[0] | undefined;

let said = '';

/** What is said in one turn goes out in one write: an agent writes nothing at all. */
function say(line: string): void {
  if (said === '') setImmediate(flush);
  said += `${line}\n`;
}

function flush(): void {
  process.stdout.write(said);
  said = '';
}

function tell(topic: string, data: Json): void {
  if (topic !== 'node') return;
  const { what, state, name: other } = data as { what: string; state: string; name: string };
  if (what === 'dead' || what === 'leave') say(`dead ${other}`);
  else if (what === 'alive' || (what === 'new' && state === 'alive')) say(`alive ${other}`);
}

const context = {
  ...{ options, name: 'gossip', signal, state: {}, emit: tell, publish: quiet },
  log: { debug: quiet, info: quiet, warn: quiet, error: (text: string) => say(`error ${text}`) },
  clock: { now: () => Date.now(), monotonic: () => performance.now() },
  kv: memoryKeys(new Map(), signal),
  tryReadText: (path: string) => readFile(path, 'utf8').catch(() => undefined),
  subscribe(topic: string, listener: (data: Json) => void) {
    if (topic === 'facts') queueMicrotask(() => listener(facts as unknown as Json));
    return quiet;
  },
  onRequest(handler: Parameters<ServiceContext['onRequest']>[0]) {
    answer = handler;
  },
  ask: () => Promise.reject(new Error('there is no agent')),
} as unknown as ServiceContext<never>;

async function join(endpoint: string): Promise<void> {
  const body: JsonObject = { addresses: [endpoint] };
  const route = '/api/v1/gossip/join';
  await answer?.({ method: 'POST', route, params: {}, query: {}, body } as never);
}

process.stdin.on('data', (chunk: Buffer) => {
  const [, endpoint] = /^join (\S+)/.exec(chunk.toString()) ?? [];
  if (endpoint !== undefined) join(endpoint).catch((error: Error) => say(`error ${error.message}`));
});
process.stdin.on('end', () => process.exit());
await gossip.start(context);
say('listening');
