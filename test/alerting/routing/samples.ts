import type { Alert, HandlerPolicy } from '../../../alerting/routing/model.ts';

/** A check that is critical since 1,000, told to the handler `mail`. */
export function sampleAlert(change: Partial<Alert> = {}): Alert {
  return {
    check: 'linux/check/load',
    name: 'load',
    displayName: 'load',
    pack: 'linux',
    state: 'critical',
    oldState: 'ok',
    episode: 1,
    since: 1000,
    problemSince: 1000,
    flapping: false,
    output: 'load 9',
    longOutput: '',
    perfdata: [],
    attempt: 1,
    attempts: 1,
    notes: '',
    runbook: '',
    labels: {},
    handlers: ['mail'],
    escalation: [],
    shadow: false,
    removed: false,
    ...change,
  };
}

/** An enabled handler `mail` that takes everything, each check by itself, once. */
export function sampleHandler(change: Partial<HandlerPolicy> = {}): HandlerPolicy {
  return {
    id: 'local/handler/mail',
    name: 'mail',
    enabled: true,
    inGroup: true,
    severities: ['ok', 'warning', 'critical', 'unknown'],
    events: null,
    groupBy: [],
    groupWaitMs: 30_000,
    groupIntervalMs: 300_000,
    repeatIntervalMs: null,
    escalation: [],
    quietUntil: () => null,
    ...change,
  };
}
