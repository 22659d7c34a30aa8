/** The longest name, in characters, tags apart. */
export const maxNameChars = 255;
const maxTagsChars = 1024;
const maxTags = 64;

/** A name as Graphite knows it. */
export interface MetricName {
  base: string;
  /** `;k=v` of each tag, sorted; empty for none. */
  tags: string;
}

/**
 * The name of a metric as it is stored, with the tags of both spellings, `name;k=v` and DogStatsD's `#k:v`: what statsd's original makes of
 * it, but sorted. A tag without a value is true; of two with one key the last counts. Undefined for what leaves no name, or too long a one.
 */
export function metricName(written: string, tagText: string): MetricName | undefined {
  const [first = '', ...inline] = written.split(';');
  const base = cleaned(first);
  if (base.length === 0 || base.length > maxNameChars) return undefined;
  if (inline.length === 0 && tagText === '') return { base, tags: '' };
  const pairs = new Map<string, string>();
  for (const tag of inline) addTag(pairs, tag, '=');
  for (const tag of tagText === '' ? [] : tagText.split(',')) addTag(pairs, tag.replaceAll(';', '_'), ':');
  const tags = [...pairs]
    .sort(([one], [other]) => (one < other ? -1 : 1))
    .map(([key, value]) => `;${key}=${value}`)
    .join('');
  return pairs.size > maxTags || tags.length > maxTagsChars ? undefined : { base, tags };
}

function addTag(pairs: Map<string, string>, tag: string, separator: string): void {
  const at = tag.indexOf(separator);
  const key = cleaned(at === -1 ? tag : tag.slice(0, at)).replaceAll('=', '_');
  const value = cleaned(at === -1 ? 'true' : tag.slice(at + 1));
  if (key !== '' && value !== '') pairs.set(key, value);
}

function cleaned(text: string): string {
  return text
    .replaceAll(/\s+/g, '_')
    .replaceAll('/', '-')
    .replaceAll(/[^a-zA-Z_\-0-9.=]/g, '');
}
