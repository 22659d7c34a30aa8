import type { Layout } from '../whisper/layout.ts';
import { retentionsText } from '../whisper/retention.ts';
import type { Series } from './series-files.ts';

/** Files that are laid out in another way than the configuration says: they stay as they were made, and whoever changed it should know. */
export class UnlikeFiles {
  readonly #tell: (message: string) => void;
  /** Of those that were read since the start. */
  count = 0;

  /** `tell` is called once, for the first. */
  constructor(tell: (message: string) => void) {
    this.#tell = tell;
  }

  note({ path, layout }: Series, configured: Layout): void {
    this.count += 1;
    if (this.count > 1 || layout === undefined) return;
    this.#tell(
      `${path} keeps what it was made with, ${textOf(layout)}, and not the configured ${textOf(configured)}; ` +
        `so do all older files, until whisper-resize makes them anew, and 'unlike_files' of the store counts them`,
    );
  }
}

function textOf({ archives, aggregation, xFilesFactor }: Layout): string {
  return `${retentionsText(archives)} by ${aggregation}, xFilesFactor ${Number(xFilesFactor.toPrecision(6))}`;
}
