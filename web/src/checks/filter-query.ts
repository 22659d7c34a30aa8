import { type ShownState, shownStates } from '../live/fact.ts';
import type { CheckFilter, CheckOrder } from './rows.ts';

/** The filter that stands in an address: `state` with commas, `text`, `host`, `pack`. */
export function filterOf(query: URLSearchParams): CheckFilter {
  const named = (query.get('state') ?? '').split(',');
  return {
    text: query.get('text') ?? '',
    states: new Set(shownStates.filter((state) => named.includes(state))),
    host: query.get('host') ?? '',
    pack: query.get('pack') ?? '',
  };
}

/** The order that stands in an address; the worst first where there is none. */
export function orderOf(query: URLSearchParams): CheckOrder {
  const order = query.get('order');
  return order === 'name' || order === 'since' ? order : 'severity';
}

/** What stands in the address for a filter and an order; what is by default is ''. */
export function queryOf(filter: CheckFilter, order: CheckOrder): { [key: string]: string } {
  const { text, states, host, pack } = filter;
  const state = [...states].join(',');
  return { text, state, host, pack, order: order === 'severity' ? '' : order };
}

/** The filter with a state more, or without one that it had. */
export function toggledState(filter: CheckFilter, state: ShownState): CheckFilter {
  const states = new Set(filter.states);
  if (!states.delete(state)) states.add(state);
  return { ...filter, states };
}
