/** Where lines for people go. */
export interface Log {
  warn(text: string): void;
  /** With `-v`. */
  info(text: string): void;
  /** With `-vv`. */
  debug(text: string): void;
  /** With `-vvv`; `text` is asked for only then. */
  trace(text: () => string): void;
}

/** Writes lines with `write`, those of the verbosity asked for. */
export function createLog(verbosity: number, write: (line: string) => void): Log {
  const from = (level: number) => (text: string) => {
    if (verbosity >= level) write(text);
  };
  return {
    warn: from(0),
    info: from(1),
    debug: from(2),
    trace: (text) => {
      if (verbosity >= 3) write(text());
    },
  };
}
