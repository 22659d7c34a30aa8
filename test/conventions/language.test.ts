import { basename, dirname } from 'node:path';
import { describe, expect, it } from 'vitest';
import { filesBelow, product, sourceFiles, withoutTexts } from './repository.ts';

const files = sourceFiles(...product, 'test');
const shipped = files.filter(({ isTest }) => !isTest);
const mayTalk = /^(cli|overcli|test\/bench|test\/soak)\//;

/** `path:line` of every line of code that matches. */
function matches(pattern: RegExp, where: typeof files): string[] {
  return where.flatMap(({ path, text }) =>
    withoutTexts(text)
      .split('\n')
      .flatMap((line, index) => (pattern.test(line) ? [`${path}:${index + 1}: ${line.trim()}`] : [])),
  );
}

describe('names', () => {
  it('are never utils, helpers, common, misc or base', () => {
    const vague = files.flatMap(({ path }) => {
      const words = path.replace(/(\.test)?\.tsx?$/, '').split('/');
      return words.some((word) => /^(utils?|helpers?|common|misc|base|shared|lib)$/.test(word)) ? [path] : [];
    });
    expect(vague).toEqual([]);
  });

  it('of files are kebab-case', () => {
    const odd = files.filter(({ path }) => !/^[a-z0-9]+(-[a-z0-9]+)*(\.test)?\.tsx?$/.test(basename(path)));
    expect(odd.map(({ path }) => path)).toEqual([]);
  });

  it('of classes do not end in Manager, Service, Helper or Util', () => {
    expect(matches(/\bclass\s+\w+(Manager|Service|Helper|Util)s?\b/, files)).toEqual([]);
  });
});

describe('code', () => {
  it('has no any', () => {
    expect(matches(/(:|<|\bas)\s*any\b/, shipped)).toEqual([]);
  });

  it('prints and exits only in the CLI, benches and soaks', () => {
    const silent = shipped.filter(({ path }) => !mayTalk.test(path));
    expect(matches(/\bconsole\.\w+\(/, silent)).toEqual([]);
    expect(matches(/\bprocess\.exit\(/, silent)).toEqual([]);
  });

  it('exports by name, but for the index.ts of a plugin', () => {
    const others = shipped.filter(({ path }) => !/^plugins\/[^/]+\/[^/]+\/index\.ts$/.test(path));
    expect(matches(/^export default/, others)).toEqual([]);
  });

  it('is erasable TypeScript', () => {
    expect(matches(/^(export )?(declare )?(const )?(enum|namespace|module) /, shipped)).toEqual([]);
    expect(matches(/\b(constructor)\(.*\b(public|private|protected|readonly) \w+\??:/, shipped)).toEqual([]);
  });

  it('leaves no note of work to be done', () => {
    const notes = ['TO' + 'DO', 'FIX' + 'ME', 'X'.repeat(3), 'HA' + 'CK'];
    const note = new RegExp(`\\b(${notes.join('|')})\\b`);
    expect(files.filter(({ text }) => note.test(text)).map(({ path }) => path)).toEqual([]);
  });

  it('says of every export what it promises', () => {
    const silent = shipped.flatMap(({ path, text }) => {
      const lines = text.split('\n');
      const documented = new Set<string>();
      return lines.flatMap((line, index) => {
        const name = /^export (?:async |abstract )?(?:function|class|interface|type|const) (\w+)/.exec(
          line,
        )?.[1];
        if (name === undefined || documented.has(name)) return [];
        // Overloads share the comment of the first.
        documented.add(name);
        return /\*\/$/.test(lines[index - 1] ?? '') ? [] : [`${path}:${index + 1}: ${line}`];
      });
    });
    expect(silent).toEqual([]);
  });

  it('draws no banners', () => {
    const drawn = files
      .filter(({ text }) => /^\s*(\/\/|\*)\s*[-=*#]{5,}/m.test(text))
      .map(({ path }) => path);
    expect(drawn).toEqual([]);
  });
});

describe('tests', () => {
  it('of core stand in the folder of their source', () => {
    const folders = new Set(filesBelow('core', '.ts').map(dirname));
    const lost = filesBelow('test/core', '.test.ts').filter(
      (path) => !folders.has(dirname(path.replace(/^test\//, ''))),
    );
    expect(lost).toEqual([]);
  });

  it('never wait for time to pass', () => {
    const sleeping = files.filter(({ path }) => path.endsWith('.test.ts'));
    expect(matches(/await (delay|sleep|pause)\(|setTimeout\(\s*resolve/, sleeping)).toEqual([]);
  });
});
