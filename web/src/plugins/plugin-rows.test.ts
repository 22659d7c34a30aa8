import { expect, it } from 'vitest';
import type { PluginView } from '../../../control/shapes.ts';
import { pluginName, pluginRows, waitingPlugins } from './plugin-rows.ts';

const plugin = (id: string, state: PluginView['state'], more: Partial<PluginView> = {}) =>
  ({ id, state, origin: 'shipped', ...more }) as PluginView;
const plugins = [
  plugin('collector/b', 'ok'),
  plugin('collector/a', 'idle'),
  plugin('handler/mail', 'error'),
  plugin('collector/mine', 'pending', { origin: 'third-party', approval: 'pending' }),
  plugin('collector/theirs', 'ok', { origin: 'third-party', approval: 'changed' }),
];

it('lists plugins with those in trouble first', () => {
  const ids = (text: string): string[] => pluginRows(plugins, text).map(({ id }) => id);
  expect(ids('')).toEqual([
    'handler/mail',
    'collector/mine',
    'collector/a',
    'collector/b',
    'collector/theirs',
  ]);
  expect(ids('MAIL')).toEqual(['handler/mail']);
  expect(ids('third-party')).toEqual(['collector/mine', 'collector/theirs']);
});

it('finds those that wait, and what commands call them', () => {
  expect(waitingPlugins(plugins).map(({ id }) => pluginName(id))).toEqual(['mine', 'theirs']);
});
