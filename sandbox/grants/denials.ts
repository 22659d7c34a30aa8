import { OpsbroError } from '../../core/errors.ts';
import type { GrantKind } from './permissions.ts';

const longestShown = 200;

/** Says no: counts each call that the permissions do not cover, and tells the plugin's author what would cover it. */
export class Denials {
  readonly #told: (what: string) => void;

  constructor(told: (what: string) => void) {
    this.#told = told;
  }

  /** `asked` in words, and the pattern that would allow it. Throws `OPSBRO_PLUGIN_DENIED`. */
  deny(kind: GrantKind, asked: string, pattern: string): never {
    const line = `permissions: { ${kind}: [${JSON.stringify(shown(pattern))}] }`;
    this.refuse(`${shown(asked)} is not covered by permission '${kind}'; its manifest would need ${line}`);
  }

  /** For what no single line of the manifest would allow. */
  refuse(why: string): never {
    this.#told(why);
    throw new OpsbroError('OPSBRO_PLUGIN_DENIED', why);
  }
}

function shown(text: string): string {
  const plain = text.replaceAll(/[\p{Cc}\p{Cf}\p{Cs}]/gu, '?');
  return plain.length > longestShown ? `${plain.slice(0, longestShown)}…` : plain;
}
