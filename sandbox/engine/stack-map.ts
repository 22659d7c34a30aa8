import { SourceMap } from 'node:module';

const mostFrames = 10;

/**
 * The frames of QuickJS's stack text that are the plugin's, each as `where (file:line:column)` of the author's files, at most ten. The text is an
 * attacker's: it is searched, never believed.
 */
export function mapStack(stack: string, map: string): string[] {
  const frames: string[] = [];
  let source: SourceMap | undefined;
  for (const found of stack.matchAll(/at ([^\s()]{1,100})? ?\(?plugin\.js:(\d{1,9}):(\d{1,9})\)?/g)) {
    if (frames.length === mostFrames) break;
    const [, name, line, column] = found;
    try {
      source ??= new SourceMap(JSON.parse(map));
      const entry = source.findEntry(Number(line) - 1, Number(column) - 1);
      if (!('originalSource' in entry)) continue;
      const place = `${entry.originalSource}:${entry.originalLine + 1}:${entry.originalColumn + 1}`;
      frames.push(name === undefined ? place : `${name} (${place})`);
    } catch {
      // No map, or one that is not: the message has to do.
      return [];
    }
  }
  return frames;
}

/** `file:line:column` of a frame. */
export function placeOf(frame: string): string {
  return /\(([^()]+)\)$/.exec(frame)?.[1] ?? frame;
}

/** Says of a global that Node or a browser has and the sandbox has not, that it is not the author's typing error. */
export function explainAbsent(message: string): string {
  const [, name = ''] = /'([\w$]{1,40})' is not defined$/.exec(message) ?? [];
  const isElsewhere = name in globalThis || ['require', 'module', 'exports', '__dirname'].includes(name);
  return isElsewhere
    ? `${message}: the sandbox leaves it out, see 'What is left out' in sdk/README.md`
    : message;
}
