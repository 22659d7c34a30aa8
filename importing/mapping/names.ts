const maxLength = 80;

/** A text as a name of a file and an object: lower case letters, digits, `.`, `_` and `-`. */
export function slugOf(text: string): string {
  const slug = text
    .normalize('NFKD')
    .replaceAll(/\p{M}/gu, '')
    .toLowerCase()
    .replaceAll(/[^a-z0-9._-]+/g, '-')
    .replaceAll(/^[-.]+|[-.]+$/g, '')
    .slice(0, maxLength);
  return slug === '' ? 'unnamed' : slug;
}

/** Names of one place, no two alike. */
export class Names {
  private readonly taken: Set<string>;
  private readonly next = new Map<string, number>();

  constructor(taken: Iterable<string> = []) {
    this.taken = new Set(taken);
  }

  /** The name made of a text; with a number behind it where it is taken. */
  take(text: string): string {
    const slug = slugOf(text);
    let name = slug;
    let number = this.next.get(slug) ?? 2;
    for (; this.taken.has(name); number += 1) name = `${slug}-${number}`;
    this.next.set(slug, number);
    this.taken.add(name);
    return name;
  }
}
