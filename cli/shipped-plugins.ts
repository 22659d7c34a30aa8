import { join } from 'node:path';
import { collectPlugins, type PluginSet, readShipped } from '../configuration/offline.ts';
import type { CliContext } from './context.ts';

/** The plugins that ship with OpsBro, and the functions that they give to expressions. */
export function shippedPlugins({ process: { root } }: CliContext): PluginSet {
  const { entries } = readShipped(join(root, 'plugins'), join(root, 'dist', 'plugins'));
  return collectPlugins(entries, { files: [], plugins: [], diagnostics: [], bad: [] }, []);
}
