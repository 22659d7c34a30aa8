import type { JsonObject } from 'opsbro/sdk';
import type { CheckObject, CheckTest, Place } from '../model.ts';

/** What is the same of very many checks that a service tells of. */
export interface PassiveTraits
  extends Pick<CheckObject, 'attempts' | 'dependencyWaitMs' | 'dependsOn' | 'escalation' | 'flapping'>,
    Pick<CheckObject, 'forMs' | 'handlers' | 'intervalMs' | 'pack' | 'plugin' | 'runbook' | 'shadow'>,
    Pick<CheckObject, 'volatile'> {
  /** Tells it from others. */
  key: string;
  notes: string;
}

const nothing: JsonObject = Object.freeze({});
const none = Object.freeze([]) as unknown as CheckTest[];

/**
 * A check that a service tells of, as an object of the configuration. There may be a hundred thousand: each has what is its own and no more, and no
 * text twice. The rest are getters, so it is not to be spread or cloned.
 */
export class PassiveObject implements CheckObject {
  readonly id: string;
  readonly name: string;
  readonly labels: CheckObject['labels'];
  readonly #traits: PassiveTraits;
  /** null: the name, with a blank in the place of its slash. */
  readonly #displayName: string | null;

  constructor(
    traits: PassiveTraits,
    id: string,
    name: string,
    displayName: string,
    labels: CheckObject['labels'],
  ) {
    // Mostly a part of the id, which is no further text in memory.
    const end = id.slice(traits.pack.length + '/check/'.length);
    this.id = id;
    this.name = end === name ? end : name;
    this.labels = labels;
    this.#traits = traits;
    this.#displayName = displayName === spaced(name) ? null : displayName;
  }

  get kind(): 'check' {
    return 'check';
  }

  get passive(): true {
    return true;
  }

  get displayName(): string {
    return this.#displayName ?? spaced(this.name);
  }

  /** Made when it is asked for: seldom. */
  get digest(): string {
    return JSON.stringify([this.#traits.key, this.name, this.displayName, this.labels]);
  }

  get pack(): string {
    return this.#traits.pack;
  }

  get plugin(): string {
    return this.#traits.plugin;
  }

  get place(): Place {
    return { file: this.#traits.plugin, line: 1, column: 1 };
  }

  get enabled(): boolean {
    return true;
  }

  get intervalMs(): number {
    return this.#traits.intervalMs;
  }

  get timeoutMs(): number {
    return 0;
  }

  get ifGroup(): null {
    return null;
  }

  get options(): JsonObject {
    return nothing;
  }

  get attempts(): number {
    return this.#traits.attempts;
  }

  get retryIntervalMs(): null {
    return null;
  }

  get forMs(): number {
    return this.#traits.forMs;
  }

  get volatile(): boolean {
    return this.#traits.volatile;
  }

  get flapping(): CheckObject['flapping'] {
    return this.#traits.flapping;
  }

  get onMissing(): 'unknown' {
    return 'unknown';
  }

  get handlers(): string[] | null {
    return this.#traits.handlers;
  }

  get dependsOn(): string[] {
    return this.#traits.dependsOn;
  }

  get dependencyWaitMs(): number {
    return this.#traits.dependencyWaitMs;
  }

  get runbook(): string {
    return this.#traits.runbook;
  }

  get notes(): string {
    return this.#traits.notes;
  }

  get shadow(): boolean {
    return this.#traits.shadow;
  }

  get escalation(): CheckObject['escalation'] {
    return this.#traits.escalation;
  }

  get tests(): CheckTest[] {
    return none;
  }

  get data(): JsonObject {
    return nothing;
  }
}

function spaced(name: string): string {
  return name.replace('/', ' ');
}
