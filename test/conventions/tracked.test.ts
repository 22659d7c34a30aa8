import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { filesBelow, root } from './repository.ts';

/** Every file that belongs to the project: git's list in a clone, the folders themselves in an unpacked archive. */
function trackedFiles(): string[] {
  const listed = existsSync(join(root, '.git'))
    ? execFileSync('git', ['ls-files', '-z'], { cwd: root, encoding: 'utf8' }).split('\0')
    : [
        'bin',
        'cli',
        'config.d',
        'core',
        'configuration',
        'exec',
        'importing',
        'language',
        'overcli',
        'threads',
        'plugins',
        'sdk',
        'scripts',
        'test',
        'web',
      ].flatMap((folder) => filesBelow(folder, ''));
  return listed.filter(
    (path) => path !== '' && existsSync(join(root, path)) && statSync(join(root, path)).isFile(),
  );
}

const texts = trackedFiles()
  .filter((path) => !path.includes('/testdata/') && path !== 'test/conventions/tracked.test.ts')
  .map((path) => ({ path, text: readFileSync(join(root, path), 'utf8') }));

function holding(pattern: RegExp): string[] {
  return texts.flatMap(({ path, text }) => {
    const found = pattern.exec(text);
    return found === null ? [] : [`${path}: ${found[0]}`];
  });
}

describe('tracked files', () => {
  it('name no path of the machine they were written on', () => {
    expect(holding(/\/(work|home)\/[a-z]+\/|\/root\/\S+|\/Users\/\w+/)).toEqual([]);
  });

  it('name no package registry', () => {
    const lock = texts.find(({ path }) => path === 'package-lock.json')?.text ?? '';
    expect(lock).not.toMatch(/"resolved": "(?!https:\/\/registry\.npmjs\.org\/)/);
    const registry =
      /\b(registry|npm|mirror|artifactory|nexus|verdaccio)[\w-]*\.[\w.-]+\.(com|net|org|io|internal|local)\b/;
    expect(holding(registry).filter((found) => !/: registry\.npmjs\.org$/.test(found))).toEqual([]);
  });

  it('leave out what is built or left over', () => {
    const built = trackedFiles().filter((path) =>
      /^(dist|node_modules|var|coverage)\/|\.(tgz|log|cpuprofile)$/.test(path),
    );
    expect(built).toEqual([]);
  });

  it('are readable text with an end of line, tests data apart', () => {
    const odd = texts.filter(
      ({ path, text }) => text !== '' && !text.endsWith('\n') && !/\.(svg|json|png|webp)$/.test(path),
    );
    expect(odd.map(({ path }) => path)).toEqual([]);
  });

  it('explain every folder that a newcomer opens', () => {
    const paths = new Set(texts.map(({ path }) => path));
    const folders = new Set([...paths].flatMap((path) => /^[^.][^/]*(?=\/)/.exec(path) ?? []));
    const silent = [...folders].filter((folder) => !paths.has(`${folder}/README.md`));
    expect(silent).toEqual([]);
  });

  it('show every folder of core in the picture of core', () => {
    const readme = readFileSync(join(root, 'core/README.md'), 'utf8');
    const folders = new Set(filesBelow('core', '.ts').map((path) => path.split('/').slice(1, -1)[0] ?? ''));
    expect([...folders].filter((folder) => folder !== '' && !readme.includes(`\`${folder}/\``))).toEqual([]);
  });
});
