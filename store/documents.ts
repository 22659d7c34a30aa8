import Datastore from 'nedb-promises';
import type { Json, JsonObject } from 'opsbro/sdk';
import { OpsbroError } from '../core/errors.ts';
import { type Journal, type OpenedJournal, openJournal } from './journal.ts';

/** A document as it is kept: plain JSON under an `_id`. */
export type Document = JsonObject & { _id: string };

/** What a field must satisfy: equal a value, or every condition given. */
export type Condition = Json | { in?: Json[]; ne?: Json; gt?: Json; gte?: Json; lt?: Json; lte?: Json };

/** Conditions by field name; all must hold. Empty means every document. */
export type Where = { [field: string]: Condition };

/** Order, by one field, and window of what `find` gives. */
export interface Window {
  sort?: { field: string; descending?: boolean };
  skip?: number;
  limit?: number;
}

/**
 * Documents that can be queried: nedb in memory over a checksummed journal of our own. Calls run one after the other; a change
 * is visible once it is in the file, and a change whose write failed never was. Every key that comes from outside is checked:
 * `__proto__`, `constructor`, `prototype`, dotted keys and keys that begin with `$` are refused with `OPSBRO_API_INVALID`.
 */
export interface Documents {
  /** Adds one and gives it an `_id` when it has none. `OPSBRO_AGENT_BUSY` when full. */
  insert(document: JsonObject): Promise<Document>;
  find(where: Where, window?: Window): Promise<Document[]>;
  count(where: Where): Promise<number>;
  /** Sets top-level fields of every match; resolves to how many there were. `_id` cannot be set. */
  update(where: Where, set: JsonObject): Promise<number>;
  /** Resolves to how many were removed. */
  remove(where: Where): Promise<number>;
  /** Resolves once every change so far is on the disk. */
  sync(): Promise<void>;
  /** What loading had to leave out, one line each, to be logged as warnings. */
  readonly mended: string[];
  /** Syncs and closes. Also twice. */
  close(): Promise<void>;
}

/** Where documents live and how many there may be. */
export interface DocumentsOptions {
  path: string;
  /** Fields with a search index; `unique` ones refuse a second document with the same value. */
  indexes?: { field: string; unique?: boolean }[];
  /** Default 20,000. */
  maxDocuments?: number;
  /** Names the file that unreadable lines are moved to; epoch ms. */
  now?: () => number;
}

const defaultMax = 20_000;
const maxDocumentBytes = 256 * 1024;
const maxDepth = 32;

/**
 * Loads the documents of `path`, creating the file when absent. Loading 20,000 documents blocks for about half a second, so
 * it belongs into a thread of its own, never the main one. Rejects with `OPSBRO_AGENT_STORE` when the file cannot be used.
 */
export async function openDocuments(options: DocumentsOptions): Promise<Documents> {
  const indexes = options.indexes ?? [];
  for (const { field } of indexes) checkKey(field);
  const opened = await guarded(options.path, () => openJournal(options.path, options.now ?? Date.now));
  const memory = Datastore.create({ inMemoryOnly: true });
  for (const { field, unique } of indexes) {
    await memory.ensureIndex({ fieldName: field, unique: unique === true, sparse: true });
  }
  const mended = await load(memory, opened, options.path);
  return new JournaledDocuments(memory, opened.journal, mended, options);
}

type Memory = ReturnType<typeof Datastore.create>;

/** Lines are `{"put": document}` or `{"del": id}`; the last one of an id counts. */
async function load(memory: Memory, opened: OpenedJournal, path: string): Promise<string[]> {
  const mended: string[] = [];
  if (opened.bad > 0) {
    mended.push(`${path}: ${opened.bad} damaged lines were left out and kept in ${opened.setAside}`);
  }
  const byId = new Map<string, Document>();
  let odd = 0;
  for (const text of opened.texts) {
    const entry = parseEntry(text);
    if (entry === null) odd += 1;
    else if ('put' in entry) byId.set(entry.put._id, entry.put);
    else byId.delete(entry.del);
  }
  for (const document of byId.values()) {
    await memory.insert(document).catch(() => {
      odd += 1;
    });
  }
  if (odd > 0)
    mended.push(`${path}: ${odd} lines hold no document this version can keep; they were left out`);
  return mended;
}

type Entry = { put: Document } | { del: string };

function parseEntry(text: string): Entry | null {
  try {
    const entry = JSON.parse(text) as Entry;
    if ('del' in entry) return typeof entry.del === 'string' ? entry : null;
    checkDocument(entry.put);
    return typeof entry.put._id === 'string' ? entry : null;
  } catch {
    return null;
  }
}

class JournaledDocuments implements Documents {
  readonly mended: string[];
  readonly #memory: Memory;
  readonly #journal: Journal;
  readonly #path: string;
  readonly #max: number;
  #turn: Promise<unknown> = Promise.resolve();
  #closed = false;

  constructor(memory: Memory, journal: Journal, mended: string[], options: DocumentsOptions) {
    this.#memory = memory;
    this.#journal = journal;
    this.#path = options.path;
    this.#max = options.maxDocuments ?? defaultMax;
    this.mended = mended;
  }

  async insert(document: JsonObject): Promise<Document> {
    checkDocument(document);
    return await this.#next(async () => {
      if ((await this.#memory.count({})) >= this.#max) {
        throw new OpsbroError(
          'OPSBRO_AGENT_BUSY',
          `${this.#path}: holds ${this.#max} documents, the most it takes`,
        );
      }
      const added = plain(await this.#accepted(() => this.#memory.insert(document)));
      await this.#record([{ put: added }], () => this.#memory.deleteOne({ _id: added._id }, {}));
      return added;
    });
  }

  async find(where: Where, window: Window = {}): Promise<Document[]> {
    const query = toQuery(where);
    if (window.sort) checkKey(window.sort.field);
    return await this.#next(async () => {
      const cursor = this.#memory.find(query);
      if (window.sort) cursor.sort({ [window.sort.field]: window.sort.descending === true ? -1 : 1 });
      if (window.skip !== undefined) cursor.skip(window.skip);
      if (window.limit !== undefined) cursor.limit(window.limit);
      return (await this.#accepted(() => cursor.exec())).map(plain);
    });
  }

  async count(where: Where): Promise<number> {
    const query = toQuery(where);
    return await this.#next(() => this.#accepted(() => this.#memory.count(query)));
  }

  async update(where: Where, set: JsonObject): Promise<number> {
    const query = toQuery(where);
    checkDocument(set);
    if (Object.hasOwn(set, '_id')) throw invalid("'_id' cannot be changed");
    return await this.#next(async () => {
      const before = (await this.#memory.find(query)).map(plain);
      const after = before.map((document) => ({ ...document, ...set }));
      const restore = (): Promise<void> => this.#replaceAll(before);
      try {
        await this.#accepted(() => this.#replaceAll(after));
      } catch (error) {
        await restore();
        throw error;
      }
      await this.#record(
        after.map((put) => ({ put })),
        restore,
      );
      return before.length;
    });
  }

  async remove(where: Where): Promise<number> {
    const query = toQuery(where);
    return await this.#next(async () => {
      const before = (await this.#memory.find(query)).map(plain);
      await this.#memory.deleteMany(query, {});
      const entries = before.map(({ _id }) => ({ del: _id }));
      await this.#record(entries, () => this.#memory.insertMany(before));
      return before.length;
    });
  }

  async sync(): Promise<void> {
    await this.#next(() => guarded(this.#path, () => this.#journal.sync()));
  }

  async close(): Promise<void> {
    if (this.#closed) return;
    const last = this.#next(async () => {
      await guarded(this.#path, () => this.#journal.sync());
      await this.#journal.close();
    });
    this.#closed = true;
    await last;
  }

  /** One call at a time, so that no reader sees a change that a failing disk is about to take back. */
  #next<T>(act: () => Promise<T>): Promise<T> {
    if (this.#closed)
      return Promise.reject(new OpsbroError('OPSBRO_AGENT_STORE', `${this.#path}: is closed`));
    const turn = this.#turn.then(act);
    this.#turn = turn.catch(() => {});
    return turn;
  }

  async #replaceAll(documents: Document[]): Promise<void> {
    for (const document of documents) await this.#memory.updateOne({ _id: document._id }, document, {});
  }

  async #accepted<T>(act: () => Promise<T>): Promise<T> {
    try {
      return await act();
    } catch (error) {
      throw invalid(error instanceof Error ? error.message : String(error), error);
    }
  }

  /** Writes what memory already took, or takes it back from memory. */
  async #record(entries: Entry[], undo: () => Promise<unknown>): Promise<void> {
    if (entries.length === 0) return;
    try {
      await guarded(this.#path, () => this.#journal.append(entries.map((entry) => JSON.stringify(entry))));
    } catch (error) {
      await undo();
      throw error;
    }
    await this.#compact();
  }

  /** Keeps the file below twice its content. A rewrite that fails costs nothing: the longer file stays. */
  async #compact(): Promise<void> {
    const documents = await this.#memory.count({});
    if (this.#journal.lines <= 2 * documents + 1000) return;
    const all = (await this.#memory.find({})).map((document) => JSON.stringify({ put: plain(document) }));
    await this.#journal.rewrite(all).catch(() => {});
  }
}

/** A deep copy without nedb's own types; what it holds was checked to be plain JSON on its way in. */
function plain(document: unknown): Document {
  return JSON.parse(JSON.stringify(document)) as Document;
}

function toQuery(where: Where): { [field: string]: Json } {
  const query: { [field: string]: Json } = {};
  for (const [field, condition] of Object.entries(where)) {
    checkKey(field);
    query[field] = isConditions(condition) ? operators(condition) : condition;
    if (!isConditions(condition)) checkKeys(condition, 0);
  }
  return query;
}

const operatorNames = new Set(['in', 'ne', 'gt', 'gte', 'lt', 'lte']);

function isConditions(condition: Condition): condition is { [name: string]: Json } {
  if (typeof condition !== 'object' || condition === null || Array.isArray(condition)) return false;
  const names = Object.keys(condition);
  return names.length > 0 && names.every((name) => operatorNames.has(name));
}

function operators(condition: { [name: string]: Json }): JsonObject {
  const entries = Object.entries(condition).map(([name, value]): [string, Json] => {
    checkKeys(value, 0);
    return [`$${name}`, value];
  });
  return Object.fromEntries(entries);
}

function checkDocument(document: JsonObject): void {
  checkKeys(document, 0);
  if (Object.hasOwn(document, '_id') && typeof document._id !== 'string')
    throw invalid("'_id' must be a string");
  if (Object.hasOwn(document, '_id')) checkKey(String(document._id).replaceAll('.', '_'));
  const size = JSON.stringify(document).length;
  if (size > maxDocumentBytes) throw invalid(`a document of ${size} bytes is over ${maxDocumentBytes}`);
}

function checkKeys(value: Json, depth: number): void {
  if (typeof value !== 'object' || value === null) return;
  if (depth >= maxDepth) throw invalid(`nested deeper than ${maxDepth}`);
  if (!Array.isArray(value)) for (const key of Object.keys(value)) checkKey(key);
  for (const inner of Object.values(value)) checkKeys(inner, depth + 1);
}

function checkKey(key: string): void {
  if (
    key === '__proto__' ||
    key === 'constructor' ||
    key === 'prototype' ||
    key.includes('.') ||
    key.startsWith('$')
  ) {
    throw invalid(`the key '${key.slice(0, 80)}' is not allowed`);
  }
}

function invalid(message: string, cause?: unknown): OpsbroError {
  return new OpsbroError('OPSBRO_API_INVALID', message, { cause });
}

async function guarded<T>(path: string, act: () => Promise<T>): Promise<T> {
  try {
    return await act();
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw new OpsbroError('OPSBRO_AGENT_STORE', `${path}: cannot be used: ${reason}`, { cause });
  }
}
