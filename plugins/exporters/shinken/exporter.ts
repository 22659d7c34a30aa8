import type { ServiceContext } from 'opsbro/sdk';
import { ClusterView, type Gone, type Wanted } from './cluster-view.ts';
import { CommandPipe } from './command-pipe.ts';
import type { Dialect } from './dialects/dialect.ts';
import { dialects } from './dialects/dialects.ts';
import type { Host, Service } from './hosts.ts';
import { type Changes, ObjectFiles } from './object-files.ts';
import { type Options, type Settings, settingsOf } from './options.ts';
import { resultsOf } from './results.ts';
import { type After, Quiet } from './timers.ts';
import { Tool } from './tool.ts';

/** What is pushed within this time is looked at once. */
const lookMs = 100;
/** Results sent while a tool reloads may be lost, and it does not say when it has: they are sent again after these times. */
const afterReloadMs = [2000, 10_000, 60_000];
/** A timer of Node holds no more than 2^31 ms. */
const longestMs = 24 * 3600 * 1000;

/** By file name. */
type Texts = ReadonlyMap<string, string>;

/**
 * The service while it runs. Snapshots make hosts; a change of their files waits for quiet, is written, verified and either kept and followed by a
 * reload or undone; results go to the pipe at once.
 */
export class Exporter {
  readonly #ctx: ServiceContext<Options>;
  readonly #settings: Settings;
  readonly #dialect: Dialect;
  readonly #after: After;
  readonly #view: ClusterView;
  readonly #files: ObjectFiles;
  readonly #pipe: CommandPipe;
  readonly #tool: Tool;
  readonly #quiet: Quiet;
  readonly #epochMs: number;
  readonly #cancels = new Map<string, () => void>();
  readonly #refused = new Set<string>();
  /** The texts of the last turn, to notice a change. */
  #texts = '';
  /** Looking takes at most a tenth of the thread's time. */
  #lookTookMs = 0;
  #isYoung = true;
  /** What the tool knows: hosts and services by the keys of results. */
  #loaded = new Set<string>();
  /** The last command of each key. */
  #told = new Map<string, string>();
  #turn: Promise<void> = Promise.resolve();
  #isOpen = false;
  #isStopped = false;

  constructor(ctx: ServiceContext<Options>, after: After) {
    this.#ctx = ctx;
    this.#after = after;
    this.#epochMs = ctx.clock.now() - ctx.clock.monotonic();
    this.#settings = settingsOf(ctx.options);
    this.#dialect = dialects[this.#settings.tool];
    this.#files = new ObjectFiles(this.#settings.folder, this.#dialect.extension);
    this.#pipe = new CommandPipe({ path: this.#settings.pipe, clock: ctx.clock, after, log: ctx.log });
    this.#tool = new Tool(ctx, this.#settings);
    ctx.state.gone ??= {};
    this.#view = new ClusterView(this.#settings, ctx.state.gone as Gone, (uuid) =>
      this.#refuse(
        `the node ${JSON.stringify(uuid).slice(0, 200)} is left out: its uuid is no name of a file`,
      ),
    );
    this.#quiet = new Quiet(after, this.#settings, () => this.#takeTurn());
  }

  start(): void {
    const { subscribe, clock } = this.#ctx;
    subscribe('nodes', (nodes) =>
      this.#pushed(() => this.#view.setNodes(nodes, this.#now(), clock.now() - this.#now())),
    );
    subscribe('node-details', (details) => this.#pushed(() => this.#view.setDetails(details)));
    subscribe('facts', (facts) => this.#pushed(() => this.#view.setFacts(facts)));
    subscribe('routes', (routes) => this.#tool.setRoutes(routes));
    this.#again();
  }

  /** Waits for a turn to end; the context's signal ends the commands it runs. */
  async stop(): Promise<void> {
    this.#isStopped = true;
    this.#quiet.cancel();
    for (const cancel of this.#cancels.values()) cancel();
    this.#cancels.clear();
    await this.#turn;
    this.#pipe.close();
  }

  /** Resolves when no turn runs any more. */
  async settled(): Promise<void> {
    await this.#turn;
  }

  /** Epoch milliseconds as they were at the start, and the time since then: a wall clock that is set takes no host away. */
  #now(): number {
    return this.#epochMs + this.#ctx.clock.monotonic();
  }

  get #isOver(): boolean {
    return this.#isStopped || this.#ctx.signal.aborted;
  }

  #pushed(take: () => void): void {
    take();
    if (!this.#cancels.has('look')) this.#later('look', lookMs + 10 * this.#lookTookMs, () => this.#look());
  }

  /** Sends new results, and notices whether files will have to change. */
  #look(): void {
    if (!this.#view.isReady) return;
    const began = this.#ctx.clock.monotonic();
    const wanted = this.#view.wanted(this.#now());
    this.#tell(wanted);
    const known = wanted.hosts.map(({ isKnown }) => isKnown);
    const texts = JSON.stringify([...this.#textsOf(wanted), ...wanted.kept, known]);
    if (texts !== this.#texts) this.#quiet.notice();
    this.#texts = texts;
    const waitMs = Math.min(longestMs, wanted.next - this.#now() + 1);
    this.#later('next', Math.max(lookMs, waitMs), () => this.#look());
    this.#lookTookMs = this.#ctx.clock.monotonic() - began;
  }

  #tell({ hosts }: Wanted): void {
    const results = hosts.flatMap(resultsOf).filter(({ key }) => this.#loaded.has(key));
    const news = results.filter(({ key, command }) => this.#told.get(key) !== command);
    this.#told = new Map(results.map(({ key, command }) => [key, command]));
    this.#pipe.put(news);
  }

  /** Every so often: all results anew, and whatever did not work. */
  #again(): void {
    this.#later('again', this.#settings.resendMs, () => {
      this.#isYoung = false;
      this.#again();
    });
    this.#told.clear();
    this.#texts = '';
    this.#look();
  }

  #takeTurn(): void {
    this.#turn = this.#turn.then(async () => {
      if (this.#isOver) return;
      try {
        await this.#write();
      } catch (error) {
        if (!this.#isOver) this.#ctx.log.error(`${this.#settings.folder}: ${(error as Error).message}`);
      }
    });
  }

  async #write(): Promise<void> {
    const { log } = this.#ctx;
    const { folder } = this.#settings;
    if (!this.#isOpen) await this.#files.open();
    const present = await this.#files.read();
    if (!this.#isOpen) this.#view.adopt(this.#uuidsOf(present.keys()), this.#now());
    this.#isOpen = true;
    const wanted = this.#view.wanted(this.#now());
    const texts = this.#textsOf(wanted, present);
    const leftOut = new Set<string>();
    const changes = await this.#files.changes(texts, (name) => {
      leftOut.add(name);
      this.#refuse(`${folder}/${name} is left alone: it is not a file of this exporter`);
    });
    if (changes.size > 0) await this.#files.apply(changes);
    if (this.#files.isOpen) {
      const refused = await this.#prove(texts, present, changes);
      if (refused === null || this.#isOver) return;
      for (const name of refused) leftOut.add(name);
      const failure = await this.#tool.reload(wanted.hosts.length);
      if (this.#isOver) return;
      if (failure !== null) return log.error(failure);
      await this.#files.keep();
      for (const ms of afterReloadMs) this.#later(`reload ${ms}`, ms, () => this.#tellAll());
    }
    this.#known(wanted.hosts.filter(({ uuid }) => !leftOut.has(uuid + this.#dialect.extension)));
  }

  /**
   * Has the tool look at the files. When it refuses they are undone; then, so that one node cannot hold up the others, all changes are made but those
   * of files that it named, and it is asked once more. Gives the files that were refused; null when nothing has changed.
   */
  async #prove(texts: Texts, present: Texts, changes: Changes): Promise<string[] | null> {
    const { folder } = this.#settings;
    const refusal = await this.#tool.verify();
    if (refusal === null || this.#isOver) return [];
    await this.#files.undo();
    this.#ctx.log.error(`${folder}: the last good files are back: ${refusal.why}`, { files: changes.size });
    const named = [...changes.keys()].filter(
      (name) => changes.get(name) !== null && refusal.said.includes(name),
    );
    if (named.length === 0 || named.length === changes.size) return null;
    const rest = new Map(texts);
    for (const name of named) {
      const text = present.get(name);
      if (text === undefined) rest.delete(name);
      else rest.set(name, text);
    }
    this.#addGroups(rest);
    const others = await this.#files.changes(rest, () => undefined);
    if (others.size === 0) return null;
    await this.#files.apply(others);
    if ((await this.#tool.verify()) === null) {
      this.#ctx.log.warn(`${folder}: left out for what the tool said: ${named.slice(0, 10).join(', ')}`);
      return named;
    }
    if (!this.#isOver) await this.#files.undo();
    return null;
  }

  /** The tool reads these hosts now. No result is told of others: a host by such a name would be somebody else's. */
  #known(hosts: readonly Host[]): void {
    this.#loaded = new Set(
      hosts.flatMap(({ uuid, services }) => [uuid, ...services.map(({ name }) => `${uuid};${name}`)]),
    );
    this.#pipe.prune((key) => this.#loaded.has(key));
    this.#tellAll();
  }

  #tellAll(): void {
    this.#told.clear();
    this.#tell(this.#view.wanted(this.#now()));
  }

  /**
   * The files that are to be there. Those of nodes that nobody tells of stay as they are, and so do the services of nodes whose checks were not
   * told yet: a tool that loses a service for a while forgets its history. Host groups are those that any file names.
   */
  #textsOf({ hosts, kept }: Wanted, present: Texts = new Map()): Map<string, string> {
    const { extension, host, servicesIn } = this.#dialect;
    const texts = new Map<string, string>();
    for (const made of hosts) {
      const file = made.uuid + extension;
      const text = made.isKnown ? undefined : present.get(file);
      const isAwaited = text !== undefined && (this.#isYoung || made.state !== 'alive');
      const services = isAwaited ? servicesIn(text).map(untold) : made.services;
      texts.set(file, host({ ...made, services }, this.#settings.style));
    }
    for (const file of [...kept].map((uuid) => uuid + extension)) {
      const text = present.get(file);
      if (text !== undefined) texts.set(file, text);
    }
    this.#addGroups(texts);
    return texts;
  }

  #addGroups(texts: Map<string, string>): void {
    const { extension, groups, groupsIn } = this.#dialect;
    const file = `_groups${extension}`;
    texts.delete(file);
    const names = [...new Set([...texts.values()].flatMap(groupsIn))].sort();
    const text = names.length === 0 ? null : groups(names);
    if (text !== null) texts.set(file, text);
  }

  *#uuidsOf(names: Iterable<string>): Iterable<string> {
    for (const name of names) yield name.slice(0, -this.#dialect.extension.length);
  }

  /** Logs once. */
  #refuse(message: string): void {
    if (this.#refused.has(message) || this.#refused.size >= 100) return;
    this.#refused.add(message);
    this.#ctx.log.warn(message);
  }

  #later(name: string, ms: number, work: () => void): void {
    this.#cancels.get(name)?.();
    if (this.#isOver) return;
    const cancel = this.#after(ms, () => {
      this.#cancels.delete(name);
      work();
    });
    this.#cancels.set(name, cancel);
  }
}

function untold(name: string): Service {
  return { name, code: null, output: '', perfdata: '' };
}
