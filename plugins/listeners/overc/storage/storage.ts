import type { AlertRow, Outcome, Report, Run, ServiceFacts, State, StateRow, Verdict } from '../model.ts';
import type { Adoption, OldServer, OldService } from '../takeover/old.ts';

/** What a storage tells of as it happens. */
export interface StorageEvents {
  /** A service reported a state, or went offline (null), and that is on the disk; in order. */
  changed(service: ServiceFacts, state: { state: State; info: string } | null): void;
  /** Services are gone. */
  removed(services: ServiceFacts[]): void;
  /** Alerts are on the disk that nobody was told of yet. */
  alerts(): void;
}

/** What is asked of the past of a service. Rows and runs are in the order of their ids. */
export interface Past {
  rows: StateRow[];
  /** Those that are over, and the one that goes on. */
  runs: Run[];
}

/** Which servers and services are meant. */
export interface Selection {
  server?: number;
  service?: number;
}

/** A registered server, as an operator sees it. */
export interface ServerView {
  name: string;
  ip: string;
  services: number;
  /** When its newest state was so, ISO; null where it told of none. */
  last_report: string | null;
}

/** How full a storage is. */
export interface StorageFigures {
  servers: number;
  services: number;
  unsent: number;
  sizeBytes: number;
}

/** Keeps what was reported. Whatever resolved is there after a power cut. */
export interface Storage {
  open(): Promise<void>;
  /** Also twice. */
  close(): Promise<void>;
  /** Takes a whole request, or nothing of it. */
  take(report: Report): Promise<Outcome>;
  /** Whether who sends a report may, by its key and its enrollment; changes nothing. */
  verdict(report: Report): Promise<Verdict>;
  /**
   * Whether this server supervises: of several that share the storage one does, and another where that one is silent for 30 s. To be called each few
   * seconds.
   */
  supervises(): Promise<boolean>;
  /** The same, as it was last heard. */
  readonly isSupervisor: boolean;
  /** Sends the services offline that are late. */
  markLate(isLate: (service: ServiceFacts) => boolean, at: number): Promise<void>;
  /** All services with their newest state, or those that are meant of a hundred thousand. */
  services(isMeant?: (service: ServiceFacts) => boolean): Promise<ServiceFacts[]>;
  servers(): Promise<ServerView[]>;
  /** The service of that name. */
  find(server: string, service: string): Promise<ServiceFacts | undefined>;
  /** Titles of servers by id. */
  titles(ids: number[]): Promise<Map<number, string>>;
  /** Alerts that nobody was told of, oldest first; claimed for `leaseMs` where several servers share the storage. */
  unsent(limit: number): Promise<AlertRow[]>;
  sent(ids: number[]): Promise<void>;
  past(service: number, since: number): Promise<Past>;
  /** Newest first. */
  alerts(selection: Selection, since: number): Promise<AlertRow[]>;
  /** What rows said, by id; of those that are still kept. */
  infos(rows: number[]): Promise<Map<number, string>>;
  /** The newest row of all. */
  lastRow(): Promise<number>;
  /** With everything below; false where there is none. */
  remove(what: 'server' | 'service', id: number): Promise<boolean>;
  /** Forgets the key of a server: the next one that it comes with counts. */
  reset(name: string): Promise<boolean>;
  /** Takes a server of an old installation; `isDry` only says what would become of it. */
  adoptServer(old: OldServer, isDry: boolean): Promise<Adoption>;
  /** Takes a service of such a server, of which nobody is told what was before. */
  adoptService(server: string, old: OldService, isDry: boolean): Promise<Adoption>;
  figures(): Promise<StorageFigures>;
}
