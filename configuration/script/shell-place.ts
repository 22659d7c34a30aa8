/** Where a value stands in a shell's text, or why none may stand there. */
export type ShellPlace = 'bare' | 'single' | 'double' | 'comment' | { refused: string };

type Frame =
  | 'bare'
  | 'substitution'
  | 'parentheses'
  | 'single'
  | 'double'
  | 'backquotes'
  | 'braces'
  | 'arithmetic'
  | 'comment';

/** Nobody nests deeper, and a hostile text costs no more time than its length. */
const maxDepth = 100;

const advice: { [frame in Frame]?: string } = {
  backquotes: 'inside backquotes; write $(…) instead of them',
  braces: 'inside the braces of a parameter; set a variable to the macro first',
  arithmetic: 'inside $((…)), where a value may be a program; set a variable to the macro first',
};

/**
 * Follows the quoting of a POSIX shell through a text, character by character, as dash and bash both see it. Where the two differ, or
 * where the end of a construct cannot be told for sure, every place behind it is refused: a value in a wrongly guessed place could
 * become a command.
 */
export class ShellText {
  private readonly frames: Frame[] = ['bare'];
  /** The last characters of the word at hand; 'x' stands for one that was escaped, quoted or a value. */
  private tail = '\n';
  private isEscaped = false;
  private unsure: string | null = null;

  /** The place in front of the next character. */
  get place(): ShellPlace {
    const frame = this.frame;
    if (frame === 'comment') return frame;
    const refused = this.unsure ?? this.frames.map((name) => advice[name]).find((text) => text !== undefined);
    if (refused !== undefined) return { refused };
    if (frame === 'single') return frame;
    if (this.previous === '$') return { refused: "right behind a '$'; put something between the two" };
    return frame === 'double' ? frame : 'bare';
  }

  /** True when a backslash takes the meaning of the next character. */
  get escapes(): boolean {
    return this.isEscaped;
  }

  /** Takes characters of the script itself. Once a place is refused for good, it need not know more. */
  feed(text: string): void {
    for (const character of text) if (this.unsure === null) this.take(character);
  }

  /** A value that was put in, quoted: part of a word. */
  passValue(): void {
    this.note('x');
  }

  private get frame(): Frame {
    return this.frames.at(-1) as Frame;
  }

  private get previous(): string {
    return this.tail.at(-1) as string;
  }

  private note(character: string): void {
    this.tail = (this.tail + character).slice(-6);
  }

  private take(character: string): void {
    const { frame } = this;
    if (this.isEscaped) this.takeEscaped(character);
    else if (frame === 'single') this.endAt("'", character);
    else if (frame === 'comment') this.endAt('\n', character);
    else if (character === '\\' && frame !== 'braces' && frame !== 'arithmetic') this.isEscaped = true;
    else if (frame === 'backquotes') this.endAt('`', character);
    else if (frame === 'braces') this.takeInBraces(character);
    else if (frame === 'arithmetic') this.takeInArithmetic(character);
    else if (frame === 'double') this.takeInDouble(character);
    else this.takeBare(character);
  }

  /** A backslash with a line's end is nothing at all: `$`, backslash, line end, `(` is `$(`. */
  private takeEscaped(character: string): void {
    this.isEscaped = false;
    if (character !== '\n') this.note('x');
  }

  private endAt(end: string, character: string): void {
    if (character !== end) return;
    this.frames.pop();
    this.tail = end;
  }

  private enter(frame: Frame, character: string): void {
    this.frames.push(frame);
    this.tail = character;
    if (this.frames.length > maxDepth) this.doubt(`inside more than ${maxDepth} parentheses and quotes`);
  }

  private doubt(reason: string): void {
    this.unsure ??= `${reason}; put the macro in front of that, or use a list of arguments`;
  }

  private takeInDouble(character: string): void {
    if (character === '"') this.endAt('"', character);
    else this.takeExpansion(character);
  }

  /** What begins an expansion both inside and outside of double quotes. */
  private takeExpansion(character: string): void {
    const isDollar = this.previous === '$';
    if (character === '`') this.enter('backquotes', character);
    else if (character === '(' && isDollar) this.enter('substitution', character);
    else if (character === '{' && isDollar) this.enter('braces', character);
    else {
      if (character === '[' && isDollar) this.doubt("behind '$['");
      // Two are the shell's own number: what follows is no expansion.
      this.note(character === '$' && isDollar ? 'x' : character);
    }
  }

  private takeBare(character: string): void {
    const { previous } = this;
    if (character === "'") {
      if (previous === '$') this.doubt("behind $'…', which shells read differently");
      this.enter('single', character);
    } else if (character === '"') this.enter('double', character);
    else if (character === '#' && /[ \t\n;&|()<>]/.test(previous)) this.enter('comment', character);
    else if (character === '(' && previous !== '$') this.takeParenthesis();
    else if (character === ')') this.closeParenthesis();
    else {
      this.doubtBare(character);
      this.takeExpansion(character);
    }
  }

  private doubtBare(character: string): void {
    const isInside = this.frames.includes('substitution');
    if (character === '<' && this.previous === '<') this.doubt('behind a here-document');
    if (character === '[' && /[\w[]/.test(this.previous)) this.doubt(`behind '${this.previous}['`);
    if (isInside && /[ \t\n;&|(]case$/.test(this.tail) && /[ \t\n]/.test(character))
      this.doubt("behind a 'case' inside $(…)");
  }

  private takeParenthesis(): void {
    const isSecond = this.previous === '(';
    if (isSecond && this.frame === 'substitution') {
      this.frames.pop();
      this.enter('arithmetic', '(');
      this.frames.push('arithmetic');
      return;
    }
    if (isSecond) this.doubt("behind '(('");
    this.enter('parentheses', '(');
  }

  private closeParenthesis(): void {
    // Without an open one it ends a pattern of `case`.
    if (this.frame !== 'bare') this.frames.pop();
    this.tail = ')';
  }

  private takeInBraces(character: string): void {
    if (character === '}') this.endAt('}', character);
    else if (/['"\\$`({]/.test(character))
      this.doubt('behind a parameter in braces with quotes or another expansion inside');
  }

  private takeInArithmetic(character: string): void {
    const isExpansion = this.previous === '$' && /[({]/.test(character);
    const isComment = character === '#' && /[ \t]/.test(this.previous);
    // One closed and not the other: shells differ in what they take the rest for.
    const isTorn = this.frames.at(-2) !== 'arithmetic' && character !== ')';
    if (/['"\\`\n]/.test(character) || isExpansion || isComment || isTorn)
      this.doubt("behind '$((…))' with quotes or another expansion inside");
    if (character === '(') this.enter('arithmetic', '(');
    else if (character === ')') this.endAt(')', character);
    else this.note(character);
  }
}
