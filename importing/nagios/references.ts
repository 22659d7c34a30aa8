import type { Faults } from './faults.ts';
import { pick } from './groups.ts';
import type { Definition, Group } from './model.ts';

const numbers = [
  'check_interval',
  'retry_interval',
  'max_check_attempts',
  'notification_interval',
  'first_notification_delay',
  'first_notification',
  'last_notification',
  'low_flap_threshold',
  'high_flap_threshold',
];

/** Finds contacts that do not exist, and numbers that are none, in a host, a service or an escalation: both would pass for nothing given. */
export function checkReferences(
  { directives }: Definition,
  contacts: ReadonlyMap<string, Definition>,
  contactGroups: ReadonlyMap<string, Group>,
  faults: Faults,
): void {
  pick(directives.get('contacts'), contacts, 'contact', faults);
  pick(directives.get('contact_groups'), contactGroups, 'contactgroup', faults);
  for (const name of numbers) {
    const given = directives.get(name);
    if (given !== undefined && !/^\d+(\.\d+)?$/.test(given.value))
      faults.add(given.place, `'${name}' is '${given.value.slice(0, 60)}', expected a number`);
  }
}
