/** Colours text, or leaves it alone where nobody would see colours. */
export interface Paint {
  readonly enabled: boolean;
  bold(text: string): string;
  dim(text: string): string;
  red(text: string): string;
  green(text: string): string;
  yellow(text: string): string;
  blue(text: string): string;
  magenta(text: string): string;
  cyan(text: string): string;
}

/** A paint that writes ANSI codes when `enabled`, else returns its input. */
export function createPaint(enabled: boolean): Paint {
  const wrap = (open: number, close: number) => (text: string) =>
    enabled && text !== '' ? `\u001b[${open}m${text}\u001b[${close}m` : text;
  return {
    enabled,
    bold: wrap(1, 22),
    dim: wrap(2, 22),
    red: wrap(31, 39),
    green: wrap(32, 39),
    yellow: wrap(33, 39),
    blue: wrap(34, 39),
    magenta: wrap(35, 39),
    cyan: wrap(36, 39),
  };
}

/** Paints a word by what it says about health: `ok` green, `warning` yellow, `critical` red, what waits dim. */
export function paintState(paint: Paint, state: string, text: string = state): string {
  switch (state) {
    case 'ok':
    case 'running':
    case 'enabled':
      return paint.green(text);
    case 'warning':
    case 'backing-off':
    case 'penalty':
    case 'starting':
    case 'stopping':
      return paint.yellow(text);
    case 'critical':
    case 'error':
    case 'failed':
    case 'quarantined':
      return paint.red(text);
    case 'unknown':
      return paint.magenta(text);
    default:
      return paint.dim(text);
  }
}
