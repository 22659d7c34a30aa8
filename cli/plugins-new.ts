import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join, relative, resolve } from 'node:path';
import { editorConfig } from '../authoring/editor-config.ts';
import { type ScaffoldKind, scaffold, scaffoldKinds } from '../authoring/scaffold.ts';
import { OpsbroError } from '../core/errors.ts';
import { nearest } from '../language/nearest.ts';
import type { CliContext } from './context.ts';

/** Writes a working sample of a plugin under a new name into `dir`. Overwrites nothing. */
export function newPlugin(
  cli: CliContext,
  kind: string,
  name: string,
  options: { singleFile?: boolean; dir?: string },
): void {
  const { root } = cli.process;
  const isSingleFile = options.singleFile === true;
  const directory = resolve(options.dir ?? '.');
  const files = scaffold({
    kind: knownKind(kind),
    name,
    isSingleFile,
    samples: join(root, 'authoring', 'samples'),
    tsconfig: isSingleFile ? '' : editorConfig(root),
  });
  const plugin = join(directory, isSingleFile ? `${name}.ts` : name);
  if (existsSync(plugin))
    throw new OpsbroError('OPSBRO_CLI_USAGE', `${plugin} exists already; take another name or --dir`);
  for (const [path, text] of files) {
    const target = join(directory, path);
    mkdirSync(dirname(target), { recursive: true, mode: 0o755 });
    // Files that everybody may write are refused as configuration, whatever the umask.
    writeFileSync(target, text, { mode: 0o644, flag: 'wx' });
  }
  const shown = relative('.', plugin) || plugin;
  cli.show({ path: plugin, files: [...files.keys()] }, () =>
    [
      ...[...files.keys()].map((path) => `  ${relative('.', join(directory, path))}`),
      '',
      `next:  opsbro plugins check ${shown}       what it asks for, and whether it is right`,
      `       opsbro plugins run ${shown} --once  what it yields, in the sandbox`,
      `       opsbro plugins dev ${shown}         the same, after every change`,
    ].join('\n'),
  );
}

function knownKind(given: string): ScaffoldKind {
  const kind = scaffoldKinds.find((one) => one === given || `${one}s` === given);
  if (kind !== undefined) return kind;
  const near = nearest(given, scaffoldKinds);
  const advice = near === undefined ? `it is one of ${scaffoldKinds.join(', ')}` : `did you mean '${near}'?`;
  throw new OpsbroError('OPSBRO_CLI_USAGE', `no plugin can be of the kind '${given}'; ${advice}`);
}
