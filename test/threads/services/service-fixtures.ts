import type { Json, JsonObject } from 'opsbro/sdk';
import type { PluginEntry, ServiceObject } from '../../../configuration/model.ts';
import { systemClock } from '../../../core/clock.ts';
import type { PlainError } from '../../../core/errors.ts';
import type { LogLine } from '../../../threads/protocol.ts';
import { ServiceHost, type ServiceHostParts } from '../../../threads/services/services.ts';
import { fixtureModule, threadData } from '../plugin-fixtures.ts';

/** A plugin of `test/fixtures/plugins` that runs as a service. */
export function entryOf(name: string, changes: Partial<PluginEntry['manifest']> = {}): PluginEntry {
  return {
    id: `listener/${name}`,
    manifest: {
      api: 1,
      kind: 'listener',
      name,
      summary: name,
      runs: 'service',
      needs: ['groups'],
      ...changes,
    },
    folder: '',
    module: fixtureModule(name),
    origin: 'shipped',
    approval: 'shipped',
    digest: '',
  };
}

/** The object that runs it. */
export const object: ServiceObject = {
  id: 'local/service/test',
  pack: 'local',
  name: 'test',
  place: { file: 'test.yml', line: 1, column: 1 },
  digest: '',
  plugin: 'listener/test',
  kind: 'service',
  enabled: true,
  enabledIfGroup: null,
  options: {},
};

/** What a host of services did, as its surroundings saw it. */
export interface Seen {
  host: ServiceHost;
  states: string[];
  errors: PlainError[];
  emits: [topic: string, data: Json][];
  lines: LogLine[];
  kept: Map<string, JsonObject>;
}

/** Limits under which a service that dies comes back at once, and is given up after three deaths. */
export const quick = { firstMs: 1, longestMs: 4, jitter: 0, failures: 3, windowMs: 600_000 };

/** Opens a host of services; whoever does closes it. */
export function openHost(changes: Partial<ServiceHostParts> = {}): Seen {
  const seen: Omit<Seen, 'host'> = { states: [], errors: [], emits: [], lines: [], kept: new Map() };
  const host = new ServiceHost({
    threadData,
    clock: systemClock,
    limits: quick,
    load: (id) => seen.kept.get(id) ?? {},
    save: (id, state) => seen.kept.set(id, state),
    emit: (_, topic, data) => seen.emits.push([topic, data]),
    log: (_, line) => seen.lines.push(line),
    changed: (_, state, error) => {
      seen.states.push(state);
      if (error !== null) seen.errors.push(error);
    },
    ...changes,
  });
  return { host, ...seen };
}
