import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';

/**
 * The `tsconfig.json` of a plugin's folder: strict, no emit, and the names `opsbro/sdk` and `opsbro/sdk/testing` pointing at the
 * installation in `root`. `include` names its files. `lib` has no DOM: what it lacks, the sandbox lacks too.
 */
export function editorConfig(root: string, include: readonly string[] = ['*.ts']): string {
  const types = (path: string): string[] => [join(root, 'dist', 'sdk', path)];
  const compilerOptions = {
    target: 'es2023',
    lib: ['es2023'],
    module: 'esnext',
    // Code is bundled, so a file needs no package.json to be a module.
    moduleResolution: 'bundler',
    strict: true,
    noUncheckedIndexedAccess: true,
    noEmit: true,
    allowImportingTsExtensions: true,
    erasableSyntaxOnly: true,
    verbatimModuleSyntax: true,
    skipLibCheck: true,
    // The tests of a plugin run in Node; its code does not.
    types: ['node'],
    typeRoots: [nodeTypes(root)],
    paths: { 'opsbro/sdk': types('index.d.ts'), 'opsbro/sdk/testing': types('testing/index.d.ts') },
  };
  return `${JSON.stringify({ compilerOptions, include }, null, 2)}\n`;
}

/** The folder that holds `@types/node`, wherever the package manager put it. */
function nodeTypes(root: string): string {
  const found = createRequire(join(root, 'package.json')).resolve('@types/node/package.json');
  return dirname(dirname(found));
}
