/** How an agent is started; all paths absolute. */
export interface AgentOptions {
  config: string[];
  data: string;
  logLevel?: string;
  /** Exit status of the agent that this one replaces, when its launcher saw it die. */
  endedWith?: number;
  /** Called with the run directory once this agent holds its data directory. */
  onData?(run: string): void;
  /** Run everything once, then stop. */
  oneShot?: boolean;
  uuid?: string | undefined;
  /** Stops the agent when it fires, also one that starts; its reason goes to the log. */
  stop?: AbortSignal;
}

/** A running agent, as its process sees it. */
export interface AgentHandle {
  /** Resolves with the exit code once everything is flushed and closed; with null when that did not come to an end in time. */
  readonly stopped: Promise<number | null>;
  /** Stops gracefully, within 5 s. `why` goes to the log. */
  stop(why: string): void;
  /**
   * Gives up a graceful stop: waits for nothing that runs, blames nobody for it, and closes the data directory and the log if that takes no
   * longer than 500 ms. Resolves with whether it did.
   */
  cutOff(): Promise<boolean>;
  /** Reloads the configuration; what comes of it goes to the log. */
  reload(): void;
}
