import type { Command, CommandResult } from './command.ts';
import { type CommandPlan, planOf } from './lanes/command-plan.ts';

/** Longer outputs are read each time, so that what is kept of thousands stays small. */
const maxKeptText = 1024;

/** A command that the client asks for again by a number: what it comes to for a lane, and how it ended last. */
export class KeptCommand {
  readonly command: Command;
  readonly plan: CommandPlan;
  #code: number | null = null;
  #text: string | null = null;

  constructor(command: Command) {
    this.command = command;
    this.plan = planOf(command);
  }

  /** Whether the end that was given last is one that the next may be like. */
  get remembers(): boolean {
    return this.#text !== null;
  }

  /** Whether this end is that of the run before to the letter, so that nothing of it needs to be read or told again. */
  endsAsBefore({
    code,
    signal,
    killedFor,
    refused,
    truncated,
    text,
    errorText,
  }: Omit<CommandResult, 'id'>): boolean {
    const isPlain = signal === null && killedFor === null && refused === null && !truncated;
    const isKept = isPlain && code !== null && errorText === undefined && text.length <= maxKeptText;
    const isSame = isKept && text === this.#text && code === this.#code;
    this.#text = isKept ? text : null;
    this.#code = code;
    return isSame;
  }
}
