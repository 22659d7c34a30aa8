/** A line of a source file; counts from 1. */
export interface Place {
  file: string;
  line: number;
}

/** One directive as written, or as inherited: `place` is the line that really says it. */
export interface Directive {
  value: string;
  place: Place;
}

/** One `define TYPE { … }`. */
export interface Definition {
  type: ObjectType;
  place: Place;
  directives: Map<string, Directive>;
}

/** Something in the source that is wrong or over a limit; what it belongs to is left out. */
export interface Fault {
  place: Place;
  message: string;
}

/** Kinds of objects, as Nagios 4 knows them. */
export type ObjectType =
  | 'host'
  | 'hostgroup'
  | 'service'
  | 'servicegroup'
  | 'command'
  | 'contact'
  | 'contactgroup'
  | 'timeperiod'
  | 'servicedependency'
  | 'hostdependency'
  | 'serviceescalation'
  | 'hostescalation'
  | 'hostextinfo'
  | 'serviceextinfo';

/** A service on one host. */
export interface Service {
  host: string;
  description: string;
  definition: Definition;
}

/** A dependency or an escalation, spread over the hosts and services it names. `service` is null when it is about a host. */
export interface Relation {
  /** What depends, or what is escalated. */
  host: string;
  service: string | null;
  /** What it depends on; null for an escalation. */
  master: { host: string; service: string | null } | null;
  definition: Definition;
}

/** A whole Nagios configuration: templates resolved, groups spread over their members. */
export interface NagiosConfiguration {
  /** Settings of the main file; the last line of a name counts. */
  settings: ReadonlyMap<string, Directive>;
  /** `USER1` and so on, of the resource files. */
  users: ReadonlyMap<string, Directive>;
  hosts: ReadonlyMap<string, Definition>;
  commands: ReadonlyMap<string, Definition>;
  contacts: ReadonlyMap<string, Definition>;
  periods: ReadonlyMap<string, Definition>;
  hostGroups: ReadonlyMap<string, Group>;
  serviceGroups: ReadonlyMap<string, Group>;
  contactGroups: ReadonlyMap<string, Group>;
  services: Service[];
  dependencies: Relation[];
  escalations: Relation[];
  /** `hostextinfo` and `serviceextinfo`. */
  extras: Definition[];
  files: number;
  faults: Fault[];
  /** Faults beyond those that are kept. */
  moreFaults: number;
}

/** A group: its definition, and who is in it. Members of a service group are `host` and `description` joined by a NUL. */
export interface Group {
  definition: Definition;
  members: Set<string>;
}
