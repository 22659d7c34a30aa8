import { describe, expect, it } from 'vitest';
import {
  type Import,
  importsOf,
  packageOf,
  product,
  resolveImport,
  type SourceFile,
  sourceFiles,
} from './repository.ts';

const files = sourceFiles(...product).filter(({ isTest }) => !isTest);
const byPath = new Map(files.map((file) => [file.path, file]));

/** What the code of each folder may reach, beside its own files. */
const allowed: { [folder: string]: RegExp[] } = {
  // What `opsbro/sdk/testing` borrows, so that a test meets the real network, templates and bounds.
  sdk: [
    /^node:/,
    /^opsbro\/sdk$/,
    /^threads\/(context\/(http|tcp|run-emits|unix-datagrams|own-store)|templates\/render)\.ts$/,
    /^alerting\/calendar\/cron\.ts$/,
  ],
  core: [
    /^node:/,
    /^opsbro\/sdk$/,
    /^npm:/,
    /^(alerting|configuration|control|exec|language|sandbox|store|threads)\//,
  ],
  // Its shapes are those of what they show.
  control: [
    /^node:/,
    /^opsbro\/sdk$/,
    /^core\/(errors|clock)\.ts$/,
    /^alerting\/(model|(explain|history|outbox|suppression)\/\S*views?)\.ts$/,
    /^alerting\/history\/(compare|report)-view\.ts$/,
    /^configuration\/(model|sources\/function-views)\.ts$/,
    /^sandbox\/budgets\/ledger\.ts$/,
    // What the service manager is told goes by a datagram.
    /^threads\/context\/unix-datagrams\.ts$/,
  ],
  store: [/^node:/, /^opsbro\/sdk$/, /^npm:/, /^core\/(errors|clock)\.ts$/],
  alerting: [
    /^node:/,
    /^opsbro\/sdk$/,
    /^npm:/,
    /^core\/(errors|clock)\.ts$/,
    /^configuration\/sources\/duration\.ts$/,
  ],
  exec: [/^node:/, /^opsbro\/sdk$/, /^core\/(errors|clock)\.ts$/],
  language: [
    /^node:/,
    /^opsbro\/sdk$/,
    /^npm:/,
    /^core\/(errors|clock)\.ts$/,
    /^threads\/(entry|lane-memory|(deadline|quickjs)\/\S+)\.ts$/,
  ],
  configuration: [
    /^node:/,
    /^opsbro\/sdk$/,
    /^npm:/,
    /^core\/(errors|clock)\.ts$/,
    /^language\/(program|nearest|compile)\.ts$/,
    /^exec\/quote\.ts$/,
    // Templates are judged by what fills them.
    /^threads\/(protocol|context\/secrets|templates\/render)\.ts$/,
    /^sandbox\//,
    /^alerting\/suppression\/(request|dependency-graph)\.ts$/,
    /^alerting\/calendar\/(weekly|cron)\.ts$/,
  ],
  threads: [
    /^node:/,
    /^opsbro\/sdk$/,
    /^npm:/,
    /^core\/(errors|clock|leveled-log)\.ts$/,
    /^(configuration|language)\//,
    /^sandbox\/model\.ts$/,
    /^alerting\/calendar\/cron\.ts$/,
    // A service keeps what was acknowledged as the agent does.
    /^store\/level\.ts$/,
  ],
  sandbox: [
    /^node:/,
    /^opsbro\/sdk$/,
    /^npm:/,
    /^core\/(errors|clock|leveled-log)\.ts$/,
    /^configuration\/(model|sources\/\S+)\.ts$/,
    /^threads\//,
  ],
  authoring: [
    /^node:/,
    /^opsbro\/sdk(\/testing)?$/,
    /^npm:/,
    /^core\/(errors|clock)\.ts$/,
    /^configuration\/(model|sources\/\S+)\.ts$/,
    /^(sandbox|threads)\//,
    /^language\/(compile|program|engine\/engine)\.ts$/,
  ],
  importing: [
    /^node:/,
    /^opsbro\/sdk$/,
    /^core\/errors\.ts$/,
    /^configuration\/(offline|script\/shell-place)\.ts$/,
    /^language\/nearest\.ts$/,
    // The dialect of OverC's files.
    /^overcli\/monitor\/ini\.ts$/,
  ],
  // Of the metric store it knows the one file that reads what its service wrote.
  replay: [
    /^node:/,
    /^opsbro\/sdk$/,
    /^core\/(errors|clock)\.ts$/,
    /^(alerting|configuration|language)\//,
    /^plugins\/listeners\/graphite\/history\.ts$/,
  ],
  plugins: [/^node:/, /^opsbro\/sdk(\/testing)?$/, /^npm:/],
  // It runs in a browser: of the agent it knows the shapes of answers, see below.
  web: [/^opsbro\/sdk$/, /^npm:(preact|uplot)$/, /^control\/shapes\.ts$/],
  // One file that is copied to hosts where nothing else of this is.
  overcli: [/^node:/],
  cli: [
    /^node:/,
    /^opsbro\/sdk$/,
    /^npm:commander$/,
    /^core\/(agent|errors|clock)\.ts$/,
    /^(authoring|configuration|control|importing|language|replay|sandbox|threads)\//,
  ],
};

/** `core/x.ts` for a relative import, `npm:name` for a package, the specifier itself otherwise. */
function target(file: SourceFile, { specifier }: Import): string {
  if (specifier.startsWith('.')) return resolveImport(file, specifier);
  return /^(node:|opsbro\/)/.test(specifier) ? specifier : `npm:${packageOf(specifier)}`;
}

/** The part of the tree whose files may import each other freely: the folder, or one plugin. */
function home(path: string): string {
  const [folder = '', kind = '', name = ''] = path.split('/');
  return folder === 'plugins' ? `plugins/${kind}/${name}/` : `${folder}/`;
}

describe('imports', () => {
  it.each(Object.keys(allowed))('of %s stay inside its border', (folder) => {
    const strangers = files
      .filter(({ path }) => path.startsWith(`${folder}/`))
      .flatMap((file) => importsOf(file).map((found) => ({ file, to: target(file, found) })))
      .filter(({ file, to }) => !to.startsWith(home(file.path)))
      .filter(({ to }) => !allowed[folder]?.some((rule) => rule.test(to)))
      .map(({ file, to }) => `${file.path} imports ${to}`);
    expect(strangers).toEqual([]);
  });

  it('name relative files with their ending', () => {
    const endless = files.flatMap((file) =>
      importsOf(file)
        .filter(({ specifier }) => specifier.startsWith('.') && !/\.(tsx?|json|js|css)$/.test(specifier))
        .map(({ specifier }) => `${file.path} imports ${specifier}`),
    );
    expect(endless).toEqual([]);
  });

  it('of the page are types where they are of the agent', () => {
    const run = files
      .filter(({ path }) => path.startsWith('web/'))
      .flatMap((file) => importsOf(file).map((found) => ({ ...found, file, to: target(file, found) })))
      .filter(({ typeOnly, to }) => !typeOnly && /^(opsbro\/|control\/)/.test(to))
      .map(({ file, to }) => `${file.path} imports ${to}`);
    expect(run).toEqual([]);
  });

  it('of one library come from one file', () => {
    const users = new Map<string, string[]>();
    for (const file of files) {
      for (const to of new Set(importsOf(file).map((found) => target(file, found)))) {
        // The hook for a plugin's own tests is loaded by Node itself, apart from the agent and the CLI.
        if (file.path === 'authoring/test-loader.ts') continue;
        const isWoven =
          (to === 'npm:commander' && file.path.startsWith('cli/')) ||
          (to === 'npm:preact' && file.path.startsWith('web/'));
        if (to.startsWith('npm:') && !isWoven) {
          users.set(to, [...(users.get(to) ?? []), file.path]);
        }
      }
    }
    expect([...users].filter(([, paths]) => paths.length > 1)).toEqual([]);
  });

  it('never bring YAML, schemas, the expression parser or undici to the main thread', () => {
    const loaded = new Map([['core/agent.ts', 'the start']]);
    const heavy: string[] = [];
    for (const [path, from] of loaded) {
      const file = byPath.get(path);
      if (file === undefined) continue;
      for (const found of importsOf(file).filter(({ typeOnly }) => !typeOnly)) {
        const to = target(file, found);
        if (
          /^npm:(ajv|yaml|@lezer\/.*|undici|nunjucks|nodemailer|quickjs-emscripten|esbuild|nedb-promises)$/.test(
            to,
          )
        )
          heavy.push(`${path} (from ${from}) loads ${to}`);
        else if (
          /^(core|alerting|configuration|control|exec|language|sandbox|store|threads)\//.test(to) &&
          !loaded.has(to)
        )
          loaded.set(to, path);
      }
    }
    expect(loaded.size).toBeGreaterThan(20);
    expect(heavy).toEqual([]);
  });
});
