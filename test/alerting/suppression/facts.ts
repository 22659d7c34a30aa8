import { parseMatchers } from '../../../alerting/suppression/matcher.ts';
import type {
  Acknowledgement,
  CheckFacts,
  Downtime,
  Silence,
  SuppressionTables,
} from '../../../alerting/suppression/model.ts';

/** Epoch ms of an hour, or a time, of the day that all these tests happen on. */
export function time(text: string): number {
  return Date.parse(`2026-06-10T${text.length <= 5 ? `${text}:00` : text}Z`);
}

/** A check with a hard critical problem, unless said otherwise. */
export function check(name: string, facts: Partial<CheckFacts> = {}): CheckFacts {
  return {
    id: `linux/check/${name}`,
    name,
    pack: 'linux',
    labels: {},
    state: 'critical',
    hard: true,
    ...facts,
  };
}

/** A downtime of the check disk, from 10:00 to 12:00 unless said otherwise. */
export function downtime(facts: Partial<Omit<Downtime, 'match'>> & { match?: string } = {}): Downtime {
  return {
    id: 'work',
    by: 'ann',
    comment: 'new disk',
    createdAt: time('08:00'),
    origin: 'command',
    schedule: { type: 'once', from: time('10:00'), until: time('12:00') },
    flexibleMs: null,
    current: null,
    usedWindow: null,
    ...facts,
    match: parseMatchers([facts.match ?? 'disk']),
  };
}

/** A silence of the check disk from 10:00 on. */
export function silence(facts: Partial<Omit<Silence, 'match'>> & { match?: string[] } = {}): Silence {
  return {
    id: 'quiet',
    by: 'ann',
    comment: '',
    createdAt: time('10:00'),
    origin: 'command',
    until: null,
    untilResolved: false,
    endedAt: null,
    ...facts,
    match: parseMatchers(facts.match ?? ['disk']),
  };
}

/** An acknowledgement of the critical check disk at 10:00. */
export function acknowledgement(facts: Partial<Acknowledgement> = {}): Acknowledgement {
  return {
    check: 'linux/check/disk',
    by: 'ann',
    comment: 'on it',
    createdAt: time('10:00'),
    sticky: false,
    until: null,
    state: 'critical',
    ...facts,
  };
}

/** Tables of these. */
export function tables(
  ...entries: ({ downtime: Downtime } | { silence: Silence } | { acknowledgement: Acknowledgement })[]
): SuppressionTables {
  return {
    downtimes: new Map(
      entries.flatMap((one) => ('downtime' in one ? [[one.downtime.id, one.downtime]] : [])),
    ),
    silences: new Map(entries.flatMap((one) => ('silence' in one ? [[one.silence.id, one.silence]] : []))),
    acknowledgements: new Map(
      entries.flatMap((one) =>
        'acknowledgement' in one ? [[one.acknowledgement.check, one.acknowledgement]] : [],
      ),
    ),
  };
}
