import type { Json, JsonObject } from 'opsbro/sdk';

/** A node that Grafana is to know. */
export interface WantedNode {
  uuid: string;
  name: string;
  /** Where Grafana reaches it. */
  url: string;
}

/** A data source of ours, as Grafana lists it. */
export interface FoundSource {
  /** Its place below `/api/datasources`: by uid, or by number where Grafana is too old for that. */
  path: string;
  uuid: string;
  name: string;
  url: string;
}

/** What there is to do. */
export interface Changes {
  create: WantedNode[];
  update: { found: FoundSource; node: WantedNode }[];
  /** Nobody knows their nodes. */
  unknown: FoundSource[];
}

const mark = '--opsbro--';
const maxNameLength = 100;

/** The name of a node's data source. */
export function sourceName({ name, uuid }: WantedNode): string {
  return `${name.slice(0, maxNameLength)}${mark}${uuid}`;
}

/** What Grafana is sent to make or change one. Access by `proxy`: Grafana's server asks, not the browser. */
export function sourceBody(node: WantedNode): JsonObject {
  const jsonData = { graphiteVersion: '1.1', graphiteType: 'default' };
  return { name: sourceName(node), type: 'graphite', url: node.url, access: 'proxy', jsonData };
}

/** The data sources that are ours among all that Grafana lists; undefined for what is no list. */
export function ourSources(listed: Json): FoundSource[] | undefined {
  if (!Array.isArray(listed)) return undefined;
  return listed.flatMap((entry) => {
    const { id, uid, name, url } = (entry ?? {}) as JsonObject;
    if (typeof name !== 'string') return [];
    const at = name.lastIndexOf(mark);
    const path =
      typeof uid === 'string' && uid !== ''
        ? `uid/${encodeURIComponent(uid)}`
        : typeof id === 'number' && `${id}`;
    if (at < 0 || path === false) return [];
    return [{ path, uuid: name.slice(at + mark.length), name, url: typeof url === 'string' ? url : '' }];
  });
}

/** How the data sources become those of these nodes. */
export function changesTo(wanted: readonly WantedNode[], found: readonly FoundSource[]): Changes {
  const nodes = new Map(wanted.map((node) => [node.uuid, node]));
  const present = new Set(found.map(({ uuid }) => uuid));
  return {
    create: wanted.filter(({ uuid }) => !present.has(uuid)),
    update: found.flatMap((source) => {
      const node = nodes.get(source.uuid);
      const isSame = node === undefined || (source.url === node.url && source.name === sourceName(node));
      return isSame ? [] : [{ found: source, node }];
    }),
    unknown: found.filter(({ uuid }) => !nodes.has(uuid)),
  };
}
