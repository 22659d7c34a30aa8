import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { Configuration } from '../../configuration/loader.ts';
import type { ConfigPlan, Diagnostic, RunningObject } from '../../configuration/model.ts';
import type { TrustedOwners } from '../../configuration/sources/files.ts';
import { compileCheck, compileDetector, compileValue } from '../../language/compile.ts';
import type { ConfigDirectories } from '../../threads/protocol.ts';

const manifests: { [path: string]: string } = {
  'checks/rule': 'api: 1\nkind: check\nname: rule\nsummary: rules\nruns: expression\ninterval: 10s\n',
  'checks/nagios':
    'api: 1\nkind: check\nname: nagios\nsummary: scripts\nruns: expression\ninterval: 10s\ntimeout: 30s\n',
  'detectors/rule': 'api: 1\nkind: detector\nname: rule\nsummary: rules\nruns: expression\n',
  'collectors/cpustats':
    'api: 1\nkind: collector\nname: cpustats\nsummary: cpu\ninterval: 10s\ntimeout: 5s\n',
  'collectors/redis':
    'api: 1\nkind: collector\nname: redis\nsummary: redis\noptions:\n  type: object\n  additionalProperties: false\n' +
    '  properties:\n    server: { type: string, default: localhost }\n    port: { type: integer, default: 6379 }\n' +
    '    patience: { type: string, format: duration, default: 3s }\n    buffer: { type: string, format: size }\n' +
    '    password: { type: string, format: secret }\n    ready_if: { type: string, format: expression }\n',
  'detectors/cloud': 'api: 1\nkind: detector\nname: cloud\nsummary: a detector with code\n',
  'handlers/log':
    'api: 1\nkind: handler\nname: log\nsummary: log\noptions:\n  type: object\n  additionalProperties: false\n' +
    '  properties: { level: { enum: [info, warn], default: info }, text: { type: string, format: template } }\n',
  'listeners/echo':
    'api: 1\nkind: listener\nname: echo\nsummary: a service\noptions:\n  type: object\n  additionalProperties: false\n' +
    '  properties: { port: { type: integer, default: 7 } }\n',
  'functions/text':
    'api: 1\nkind: functions\nname: text\nsummary: text\nruns: job\nfunctions:\n  grep_file:\n    summary: search\n' +
    '    parameters: [{ name: string }, { name: path }]\n    aliases: [grep]\n',
};

/** A place to write configuration in, and a Configuration that reads it with the real compiler and a few plugins. */
export interface Workbench {
  readonly root: string;
  readonly directories: ConfigDirectories;
  readonly configuration: Configuration;
  path(file: string): string;
  write(file: string, content: string | Buffer): void;
  load(running?: readonly RunningObject[]): ConfigPlan;
  /** Loads and returns what runs after the plan was applied. */
  run(running?: readonly RunningObject[]): RunningObject[];
  dispose(): void;
}

/** Makes a workbench; `names` are configuration directories, base first. */
export function createWorkbench(names: string[] = ['config.d'], owners: TrustedOwners = null): Workbench {
  const root = mkdtempSync(join(tmpdir(), 'opsbro-config-'));
  const path = (file: string): string =>
    join(root, file.startsWith('/') ? file.slice(1) : join(names[0]!, file));
  const put = (file: string, content: string | Buffer): void => {
    mkdirSync(dirname(file), { recursive: true });
    writeFileSync(file, content);
  };
  for (const [folder, text] of Object.entries(manifests))
    put(join(root, 'plugins', folder, 'plugin.yml'), text);
  for (const name of names) mkdirSync(join(root, name), { recursive: true });
  const directories: ConfigDirectories = {
    config: names.map((name) => join(root, name)),
    plugins: { manifests: join(root, 'plugins'), modules: join(root, 'dist') },
    locks: [join(root, 'plugins.lock')],
  };
  const configuration = new Configuration({ compileCheck, compileDetector, compileValue }, owners);
  const bench: Workbench = {
    root,
    directories,
    configuration,
    path,
    write: (file, content) => put(path(file), content),
    load: (running = []) => configuration.load(directories, running),
    run: (running = []) => applied(bench.load(running), running),
    dispose: () => rmSync(root, { recursive: true, force: true }),
  };
  return bench;
}

/** What runs once a plan was applied. */
export function applied(plan: ConfigPlan, running: readonly RunningObject[]): RunningObject[] {
  const fresh = [...plan.start, ...plan.restart];
  const gone = new Set([...plan.stop, ...fresh.map(({ id }) => id)]);
  const added = fresh.map(({ id, digest, place }) => ({ id, digest, file: place.file }));
  return [...running.filter(({ id }) => !gone.has(id)), ...added];
}

/** `file:line:column severity message`, the file by its name alone. */
export function lines(diagnostics: readonly Diagnostic[]): string[] {
  return diagnostics.map(
    ({ severity, message, place }) =>
      `${place.file.split('/').at(-1)}:${place.line}:${place.column} ${severity} ${message}`,
  );
}
