import { createHash, randomUUID } from 'node:crypto';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { OpsbroError } from '../core/errors.ts';

/** The forms that a uuid may have: today's, and the hashes of the first OpsBro. */
const shape = /^([0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}|[0-9a-f]{32}|[0-9a-f]{40})$/;

/** Where an agent's uuid may come from. */
export interface UuidSource {
  /** `--uuid`. */
  given?: string | undefined;
  /** Whether this is the agent of the whole host: only then is the host's hardware its own. */
  isSystem: boolean;
  hostRoot: string;
  hostSys: string;
}

/** Whether a text may be a uuid. */
export function isUuid(text: string): boolean {
  return shape.test(text);
}

/** Who this agent is: `--uuid`, else `uuid` of agent.yml, else what `<data>/uuid` keeps: that of its first start. */
export class AgentUuid {
  readonly #path: string;
  readonly #given: string | undefined;
  readonly #isNew: boolean;
  #stored: string;
  #configured: string | undefined;

  /** Reads what is stored, or else stores the id of the hardware, or a random one. Throws OPSBRO_AGENT_DATA where that cannot be, OPSBRO_CLI_USAGE for a `given` that is none. */
  constructor(data: string, source: UuidSource) {
    this.#path = join(data, 'uuid');
    this.#given = source.given;
    if (this.#given !== undefined && !shape.test(this.#given))
      throw new OpsbroError(
        'OPSBRO_CLI_USAGE',
        `--uuid: '${this.#given}' is none; write one as 2f1c7e90-54d3-4cf4-a3f5-b0d4d7b0a1c2, in lower case`,
      );
    const known = this.#read();
    this.#isNew = known === undefined;
    this.#stored = known ?? this.#given ?? hardwareUuid(source) ?? randomUUID();
    if (this.#isNew) this.#write();
  }

  get uuid(): string {
    return this.#given ?? this.#configured ?? this.#stored;
  }

  /** Takes `uuid` of agent.yml, as it is when the agent starts: a later change counts at its next start. */
  configure(uuid: unknown): string {
    const first = this.#configured === undefined && typeof uuid === 'string' && shape.test(uuid);
    if (first && this.#given === undefined) {
      this.#configured = uuid;
      if (this.#isNew && uuid !== this.#stored) {
        this.#stored = uuid;
        this.#write();
      }
    }
    return this.uuid;
  }

  #read(): string | undefined {
    try {
      const known = readFileSync(this.#path, 'utf8').trim();
      return shape.test(known) ? known : undefined;
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
      throw unusable(this.#path, error);
    }
  }

  #write(): void {
    try {
      writeFileSync(this.#path, `${this.#stored}\n`, { mode: 0o600 });
    } catch (error) {
      throw unusable(this.#path, error);
    }
  }
}

/**
 * The id that the maker of the hardware, or of the virtual machine, gave it, hashed; undefined in a container, whose hardware is not its own,
 * without the right to read it, and where it is a maker's placeholder.
 */
export function hardwareUuid({ isSystem, hostRoot, hostSys }: UuidSource): string | undefined {
  if (!isSystem || existsSync(join(hostRoot, '.dockerenv'))) return undefined;
  let text: string;
  try {
    text = readFileSync(join(hostSys, 'class/dmi/id/product_uuid'), 'utf8').trim().toLowerCase();
  } catch {
    return undefined;
  }
  const digits = text.replaceAll('-', '');
  const isPlaceholder =
    text.startsWith('12345678') || /^(.)\1*$/.test(digits) || digits.startsWith('03000200');
  if (!/^[0-9a-f]{32}$/.test(digits) || isPlaceholder) return undefined;
  const hash = createHash('sha1').update(text).digest('hex');
  return [0, 8, 12, 16, 20].map((from, index, all) => hash.slice(from, all[index + 1] ?? 32)).join('-');
}

function unusable(path: string, cause: unknown): OpsbroError {
  return new OpsbroError('OPSBRO_AGENT_DATA', `cannot use ${path}: ${(cause as Error).message}`, { cause });
}
