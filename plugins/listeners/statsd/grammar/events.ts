import type { JsonObject } from 'opsbro/sdk';

/** What DogStatsD sends beside metrics. */
export type Notice =
  | { topic: 'event'; data: JsonObject }
  | { topic: 'service-check'; data: JsonObject & { name: string; status: number } };

const maxTextChars = 2000;
const states = ['ok', 'warning', 'critical', 'unknown'];

/** Reads `_e{5,4}:title|text|…` and `_sc|name|status|…`; undefined for what is neither. Total. */
export function readNotice(line: string): Notice | undefined {
  return line.startsWith('_e{') ? readEvent(line) : readServiceCheck(line);
}

function readEvent(line: string): Notice | undefined {
  const head = /^_e\{(\d{1,5}),(\d{1,5})\}:/.exec(line);
  if (head === null) return undefined;
  const [opening, titleBytes, textBytes] = head;
  // Lengths count bytes.
  const rest = Buffer.from(line.slice(opening.length));
  const titleEnd = Number(titleBytes);
  const textEnd = titleEnd + 1 + Number(textBytes);
  if (titleEnd === 0 || rest.length < textEnd || rest[titleEnd] !== 0x7c) return undefined;
  const more = rest.toString('utf8', textEnd);
  if (more !== '' && !more.startsWith('|')) return undefined;
  const fields = fieldsOf(more);
  return {
    topic: 'event',
    data: {
      title: unescaped(rest.toString('utf8', 0, titleEnd)),
      text: unescaped(rest.toString('utf8', titleEnd + 1, textEnd)),
      priority: fields.get('p') === 'low' ? 'low' : 'normal',
      alert_type: fields.get('t') ?? 'info',
      ...optional(fields, { at: 'd', host: 'h', key: 'k', source: 's' }),
      tags: tagsOf(fields),
    },
  };
}

function readServiceCheck(line: string): Notice | undefined {
  const [, name = '', status = '', ...more] = line.split('|');
  if (name === '' || name.length > 255 || !/^[0-3]$/.test(status)) return undefined;
  const fields = fieldsOf(more.map((field) => `|${field}`).join(''));
  return {
    topic: 'service-check',
    data: {
      name,
      status: Number(status),
      state: states[Number(status)]!,
      ...optional(fields, { at: 'd', host: 'h', message: 'm' }),
      tags: tagsOf(fields),
    },
  };
}

/** Fields behind the fixed ones, by their letter. The message of a check is last and may hold anything. */
function fieldsOf(more: string): Map<string, string> {
  const fields = new Map<string, string>();
  const message = more.indexOf('|m:');
  if (message !== -1) fields.set('m', unescaped(more.slice(message + 3)));
  for (const field of (message === -1 ? more : more.slice(0, message)).split('|')) {
    if (field.startsWith('#')) fields.set('#', field.slice(1));
    else if (field[1] === ':') fields.set(field[0] ?? '', field.slice(2));
  }
  return fields;
}

function optional(fields: Map<string, string>, names: { [key: string]: string }): JsonObject {
  const given = Object.entries(names).flatMap(([key, letter]) => {
    const value = fields.get(letter);
    if (value === undefined) return [];
    return [[key, key === 'at' ? Number(value) || 0 : value.slice(0, maxTextChars)] as const];
  });
  return Object.fromEntries(given);
}

function tagsOf(fields: Map<string, string>): string[] {
  const text = fields.get('#') ?? '';
  return text === '' ? [] : text.slice(0, maxTextChars).split(',');
}

function unescaped(text: string): string {
  return text.replaceAll('\\n', '\n').slice(0, maxTextChars);
}
