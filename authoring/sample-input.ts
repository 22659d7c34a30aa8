import { hostname } from 'node:os';
import type { EventType, HandlerEvent, JsonObject } from 'opsbro/sdk';
import { testEvent, testFacts } from 'opsbro/sdk/testing';

/** Events a handler can be tried with. */
export const eventTypes: readonly EventType[] = [
  'problem',
  'recovery',
  'flapping',
  'acknowledgement',
  'downtime',
  'group',
  'node',
  'agent',
  'test',
];

/** An event such as the agent makes, of this host. */
export function sampleEvent(type: EventType): HandlerEvent {
  return { ...testEvent(type), node: hostname() };
}

/** Facts such as the agent gives to an exporter, of this host. */
export function sampleFacts(): JsonObject {
  const facts = testFacts();
  return { ...facts, at: Date.now(), node: { ...facts.node, name: hostname() } } as unknown as JsonObject;
}
