import { createHash } from 'node:crypto';

/** The longest name that is taken, in bytes. */
export const maxNameBytes = 255;
/** What a file system takes as a name, less our endings. */
const maxFileBytes = 240;

/**
 * A name as it is kept: `name;tag=value` with its tags sorted, the last of two equal ones. Undefined for what is no name: an empty step, a
 * character of control, `/` or `\`, a tag without a name or a value, more than 255 bytes, a step that no file can be called.
 */
export function normalName(text: string): string | undefined {
  if (/[\u0000-\u0020\u007f-\u009f/\\\ufffd]/.test(text) || Buffer.byteLength(text) > maxNameBytes)
    return undefined;
  const [path = '', ...tags] = text.split(';');
  if (path.split('.').some((step) => step === '' || step.startsWith('_tagged'))) return undefined;
  if (tags.length === 0) return Buffer.byteLength(path) > maxFileBytes ? undefined : path;
  const values = new Map<string, string>();
  for (const tag of tags) {
    const [, name, value] = /^([^=!^]+)=([^~].*)$/.exec(tag) ?? [];
    if (name === undefined || value === undefined || name === 'name') return undefined;
    values.set(name, value);
  }
  const sorted = [...values].map(([name, value]) => `;${name}=${value}`).sort();
  const whole = `${path}${sorted.join('')}`;
  return Buffer.byteLength(whole.replaceAll('.', '_DOT_')) > maxFileBytes ? undefined : whole;
}

/** Where the file of a series lies below the store's folder, as carbon lays it out. */
export function pathOf(name: string): string {
  if (!name.includes(';')) return `${name.replaceAll('.', '/')}.wsp`;
  const hash = createHash('sha256').update(name).digest('hex');
  return `_tagged/${hash.slice(0, 3)}/${hash.slice(3, 6)}/${name.replaceAll('.', '_DOT_')}.wsp`;
}

/** The series of a file, from its path below the store's folder; undefined for what is no file of a series. */
export function nameAt(path: string): string | undefined {
  if (!path.endsWith('.wsp')) return undefined;
  const stem = path.slice(0, -4);
  const tagged = /^_tagged\/[0-9a-f]{3}\/[0-9a-f]{3}\/([^/]+)$/.exec(stem)?.[1];
  return normalName(tagged === undefined ? stem.replaceAll('/', '.') : tagged.replaceAll('_DOT_', '.'));
}
