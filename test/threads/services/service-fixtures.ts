import type { PluginEntry, ServiceObject } from '../../../configuration/model.ts';
import { fixtureModule } from '../plugin-fixtures.ts';

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
