import { pick } from './result.ts';

const tokens = [
  '\t',
  '\0',
  '\u2028',
  '---',
  '...',
  '&a [*a, *a]',
  '*nothing',
  '<<: *a',
  '!!js/function x',
  '!!binary aGk=',
  '? [a]: b',
  '{{',
  '}}',
  '{{collector.',
  '$a$',
  '||',
  '__proto__: 1',
  'constructor: {}',
  'interval: -1s',
  'interval: 1e99s',
  'check: []',
  'detector: null',
  'id: ../../x',
  `x: "${'('.repeat(3000)}"`,
  `x: ${'['.repeat(500)}`,
  'y'.repeat(70_000),
  "apply_if: \"' or __import__('os')\"",
];

/** A text with one to four random changes: bytes, lines, hostile tokens. */
export function mutate(text: string, random: () => number): Buffer {
  let bytes: Buffer = Buffer.from(text);
  const changes = 1 + Math.floor(random() * 4);
  for (let change = 0; change < changes; change += 1) bytes = pick(mutations, random)(bytes, random);
  return bytes;
}

type Mutation = (bytes: Buffer, random: () => number) => Buffer;

const place = (bytes: Buffer, random: () => number): number => Math.floor(random() * (bytes.length + 1));

function insert(bytes: Buffer, at: number, what: Buffer): Buffer {
  return Buffer.concat([bytes.subarray(0, at), what, bytes.subarray(at)]);
}

function overLines(bytes: Buffer, act: (lines: string[]) => void): Buffer {
  const lines = bytes.toString('latin1').split('\n');
  act(lines);
  return Buffer.from(lines.join('\n'), 'latin1');
}

const mutations: Mutation[] = [
  (bytes, random) => bytes.subarray(0, place(bytes, random)),
  (bytes, random) => insert(bytes, place(bytes, random), Buffer.from([Math.floor(random() * 256)])),
  (bytes, random) => insert(bytes, place(bytes, random), Buffer.from(pick(tokens, random))),
  (bytes, random) => insert(bytes, place(bytes, random), Buffer.from(`\n${pick(tokens, random)}\n`)),
  (bytes, random) => {
    const copy = Buffer.from(bytes);
    if (copy.length > 0) copy[Math.floor(random() * copy.length)] = Math.floor(random() * 256);
    return copy;
  },
  (bytes, random) => overLines(bytes, (lines) => lines.splice(Math.floor(random() * lines.length), 1)),
  (bytes, random) =>
    overLines(bytes, (lines) => lines.splice(Math.floor(random() * lines.length), 0, pick(lines, random))),
  (bytes, random) =>
    overLines(bytes, (lines) => {
      const at = Math.floor(random() * lines.length);
      lines[at] = `${' '.repeat(Math.floor(random() * 5))}${lines[at]}`;
    }),
];
