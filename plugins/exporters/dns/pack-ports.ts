import type { RouteAnswer, ServiceContext } from 'opsbro/sdk';
import { asLabel } from './options.ts';

/** What the agent shows of its configuration, as far as it matters here; a key that stands below another is `above.below`. */
type Shown = { id?: string; keys?: { key?: string; value?: unknown }[] }[];

const timeoutMs = 20_000;
const below = 'ports.';

/**
 * Ports by group, as names spell it: the parameter `port` of the pack of that name, else what the parameter `ports` of any pack says of it.
 * Rejects where the agent does not tell.
 */
export async function packPorts({ ask }: Pick<ServiceContext, 'ask'>): Promise<Map<string, number>> {
  const route = '/api/v1/config/objects/*id';
  const answer = await ask(
    { method: 'GET', route, params: { id: 'parameters' }, query: {}, body: null },
    { timeoutMs },
  );
  if (answer.status !== 200)
    throw new Error(`the agent answers ${answer.status} for the parameters of its packs`);
  return portsIn(answer);
}

function portsIn({ body }: RouteAnswer): Map<string, number> {
  const own = new Map<string, number>();
  const others = new Map<string, number>();
  for (const { id = '', keys = [] } of JSON.parse(new TextDecoder().decode(body)) as Shown) {
    const pack =
      id
        .replace(/\/parameters$/, '')
        .split('/')
        .at(-1) ?? '';
    for (const { key, value } of keys) {
      if (key === 'port') add(own, pack, value);
      else if (key?.startsWith(below)) add(others, key.slice(below.length), value);
    }
  }
  return new Map([...others, ...own]);
}

function add(ports: Map<string, number>, group: string, value: unknown): void {
  const port = Number(value);
  if (Number.isInteger(port) && port > 0 && port < 65_536) ports.set(asLabel(group), port);
}
