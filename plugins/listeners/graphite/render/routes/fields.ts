import type { RouteRequest } from 'opsbro/sdk';

/** What a request asks for, wherever it says so: names of its query or form, which may repeat, or of a JSON body. */
export class Fields {
  readonly #values = new Map<string, string[]>();

  constructor({ fields, query, body }: Pick<RouteRequest, 'fields' | 'query' | 'body'>) {
    const given = fields ?? Object.entries(query);
    const isObject = body !== null && typeof body === 'object' && !Array.isArray(body);
    for (const [name, value] of [...given, ...(isObject ? Object.entries(body) : [])])
      for (const one of Array.isArray(value) ? value : [value]) this.#add(name, one);
  }

  /** The last value of a name. */
  text(name: string): string | undefined {
    return this.#values.get(name)?.at(-1);
  }

  all(name: string): string[] {
    return [...(this.#values.get(name) ?? []), ...(this.#values.get(`${name}[]`) ?? [])];
  }

  flag(name: string): boolean {
    return /^(true|1|yes|on)$/i.test(this.text(name) ?? '');
  }

  names(): string[] {
    return [...this.#values.keys()];
  }

  #add(name: string, value: unknown): void {
    if (typeof value !== 'string' && typeof value !== 'number' && typeof value !== 'boolean') return;
    const values = this.#values.get(name);
    if (values === undefined) this.#values.set(name, [String(value)]);
    else values.push(String(value));
  }
}
