import type { State } from '../model.ts';

/** A state of an old installation. */
export interface OldState {
  /** In the old database. */
  id: number;
  /** Epoch ms. */
  at: number;
  state: State;
  info: string;
}

/** An alert of an old installation; nobody is told of it again. */
export interface OldAlert {
  at: number;
  channel: string;
  event: string;
  message: string;
  /** The id of its state in the old database. */
  state: number | null;
}

/** A server of an old installation, with the alerts that are of none of its services. */
export interface OldServer {
  name: string;
  title: string;
  ip: string;
  /** As OverC kept it: the key itself. null where there is none. */
  key: string | null;
  alerts: OldAlert[];
}

/** A service of an old installation. */
export interface OldService {
  name: string;
  title: string;
  period: number | null;
  timedOut: boolean;
  /** Oldest first. */
  states: OldState[];
  alerts: OldAlert[];
}

/** What becomes of a server or service: nothing of what is here already is overwritten. */
export type Adoption = 'carried' | 'known' | 'other-key' | 'full';
