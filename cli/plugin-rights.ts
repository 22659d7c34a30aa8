import type { PluginEntry } from '../configuration/model.ts';
import type { PluginView } from '../control/shapes.ts';
import type { CliContext } from './context.ts';
import { plain } from './table.ts';

/** What is told of a third-party plugin. */
export type RightsView = Pick<
  PluginView,
  'id' | 'kind' | 'origin' | 'summary' | 'approval' | 'rights' | 'waits'
> & {
  state: PluginView['state'] | null;
};

/** What can be told of one by its files alone. */
export function droppedView({ id, manifest, approval, origin, waits, rights }: PluginEntry): RightsView {
  const { kind, summary } = manifest;
  const isChanged = approval !== 'pending' && waits !== undefined;
  const known = isChanged || approval === 'shipped' ? 'changed' : approval;
  return {
    id,
    kind,
    state: null,
    origin,
    summary,
    approval: known,
    ...(rights && { rights }),
    ...(waits && { waits }),
  };
}

/** The third-party plugins: whether each was approved, what it may do or asks for, and what to type where something waits. */
export function rightsText(cli: CliContext, plugins: readonly RightsView[]): string[] {
  const strangers = plugins.filter(({ origin }) => origin === 'third-party');
  if (strangers.length === 0) return [];
  return ['', cli.paint.bold('third-party plugins'), ...strangers.flatMap((one) => ofOne(cli, one))];
}

function ofOne(
  cli: CliContext,
  { id, approval = 'pending', state, rights = [], waits }: RightsView,
): string[] {
  const { paint } = cli;
  const word = state === 'quarantined' ? state : approval;
  const color =
    word === 'quarantined'
      ? paint.red
      : word === 'pending' || word === 'changed'
        ? paint.yellow
        : paint.green;
  const lines = [`${plain(id)}  ${color(word)}`, ...rights.map((right) => `  ${plain(right)}`)];
  if (waits !== undefined)
    lines.push(`  ${paint.yellow(plain(waits))}`, `  opsbro plugins approve ${plain(id)}`);
  if (state === 'quarantined') lines.push(`  opsbro plugins release ${plain(id)}`);
  return lines;
}

/** What `plugins show` says of a third-party plugin's approval, as name and value. */
export function approvalFacts({
  approval,
  approved,
  rights = [],
  digest,
  waits,
}: PluginView): [string, string][] {
  if (approval === undefined) return [];
  return [
    ['approval', approved === undefined ? approval : `${approval}, ${approved.at} by ${approved.by}`],
    ...(waits === undefined ? [] : [['waits', waits] as [string, string]]),
    ...rights.map((right, index): [string, string] => [index === 0 ? 'may' : '', right]),
    // Before an approval it is that of the files, which no other command shows.
    ...(approved === undefined || digest === undefined ? [] : [['digest', digest] as [string, string]]),
  ];
}
