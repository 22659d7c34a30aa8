/** What a terminal shows of what it is sent: of the escape sequences those that screens use, and an error for any other. */
export class Emulator {
  rows: string[][];
  #row = 0;
  #column = 0;
  #rest = '';
  #usual: string[][] = [];
  isAlternate = false;
  isCursorHidden = false;
  /** Places that were written since the last `forget`, by their number of times. */
  written = new Map<string, number>();
  clears = 0;

  constructor(rows: number, columns: number) {
    this.rows = blank(rows, columns);
  }

  resize(rows: number, columns: number): void {
    this.rows = blank(rows, columns);
  }

  forget(): void {
    this.written.clear();
    this.clears = 0;
  }

  send(text: string): void {
    const all = this.#rest + text;
    const token = /\u001b\[(\?)?([\d;]*)([A-Za-z])|\u001b\[?[?\d;]*$|[^\u001b]|\u001b/gu;
    this.#rest = '';
    for (const [found, mark, parameters = '', final] of all.matchAll(token)) {
      if (final !== undefined) this.#obey(mark === '?', parameters, final);
      else if (found.startsWith('\u001b')) this.#rest = found;
      else this.#put(found);
    }
  }

  text(): string {
    return this.rows.map((row) => row.join('').trimEnd()).join('\n');
  }

  #obey(isPrivate: boolean, parameters: string, final: string): void {
    const [first = 1, second = 1] = parameters.split(';').map((one) => Number(one || 1));
    if (isPrivate && parameters === '1049') {
      this.isAlternate = final === 'h';
      [this.rows, this.#usual] = this.isAlternate
        ? [blank(this.rows.length, this.rows[0]?.length ?? 0), this.rows]
        : [this.#usual, []];
      [this.#row, this.#column] = [0, 0];
    }
    if (isPrivate && ['1049', '7'].includes(parameters)) return;
    if (isPrivate && parameters === '25') this.isCursorHidden = final === 'l';
    else if (final === 'H') [this.#row, this.#column] = [first - 1, second - 1];
    else if (final === 'J' && parameters === '2') {
      this.rows = blank(this.rows.length, this.rows[0]?.length ?? 0);
      this.clears += 1;
    } else if (final !== 'm') throw new Error(`the sequence ${parameters}${final} is not known`);
  }

  #put(character: string): void {
    if (character === '\r') this.#column = 0;
    else if (character === '\n') this.#row += 1;
    else {
      const row = this.rows[this.#row];
      if (row !== undefined && this.#column < row.length) row[this.#column] = character;
      const place = `${this.#row},${this.#column}`;
      this.written.set(place, (this.written.get(place) ?? 0) + 1);
      this.#column += 1;
    }
  }
}

function blank(rows: number, columns: number): string[][] {
  return Array.from({ length: rows }, () => new Array<string>(columns).fill(' '));
}
