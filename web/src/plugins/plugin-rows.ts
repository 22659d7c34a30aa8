import type { PluginState, PluginView } from '../../../control/shapes.ts';
import type { ShownState } from '../live/fact.ts';
import { severity } from '../live/fact.ts';

const shapes: { [state in PluginState]: ShownState } = {
  ok: 'ok',
  idle: 'pending',
  error: 'critical',
  'backing-off': 'warning',
  penalty: 'warning',
  quarantined: 'critical',
  pending: 'warning',
  failed: 'critical',
};

/** The shape and colour of a plugin's state. */
export function pluginShape(state: PluginState): ShownState {
  return shapes[state];
}

/** Plugins whose names, kinds or states hold a text; those in trouble first, then by id. */
export function pluginRows(plugins: readonly PluginView[], text: string): PluginView[] {
  const wanted = text.toLowerCase();
  return plugins
    .filter(({ id, state, origin }) => `${id} ${state} ${origin}`.includes(wanted))
    .sort((one, other) => rank(one) - rank(other) || (one.id < other.id ? -1 : 1));
}

/** What is idle is no worse than what runs well. */
function rank({ state }: PluginView): number {
  const shape = pluginShape(state);
  return shape === 'pending' ? severity('ok') : severity(shape);
}

/** Plugins that wait for somebody's approval: new ones, and new code of those that run. */
export function waitingPlugins(plugins: readonly PluginView[]): PluginView[] {
  return plugins.filter(({ approval }) => approval === 'pending' || approval === 'changed');
}

/** The name that the commands of plugins take. */
export function pluginName(id: string): string {
  return id.split('/').at(-1) ?? id;
}
