import type { CollectorState } from '../../../control/shapes.ts';
import type { ShownState } from '../live/fact.ts';

const shapes: { [state in CollectorState]: ShownState } = {
  ok: 'ok',
  running: 'ok',
  error: 'critical',
  quarantined: 'critical',
  pending: 'pending',
  'not-eligible': 'pending',
  disabled: 'pending',
};

/** The shape and colour of a collector's state. */
export function collectorShape(state: CollectorState): ShownState {
  return shapes[state];
}
