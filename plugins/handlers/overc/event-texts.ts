import { alertsOf, type HandlerEvent } from 'opsbro/sdk';

/** States of checks as OverC calls them. */
const states: { [state: string]: string } = { ok: 'OK', warning: 'WARN', critical: 'FAIL', unknown: 'UNK' };

/**
 * What plugins are told of an event. Pushed services bring their own texts, one for each transition, so that their problems and recoveries are
 * nothing more.
 */
export function textsOf(event: HandlerEvent): string[] {
  const { type, node, data, summary } = event;
  if (type === 'alert') return [String(data.text ?? `${summary}\n`)];
  if (type === 'problem' || type === 'recovery')
    return alertsOf(event)
      .filter(({ pack }) => pack !== 'push')
      .map(({ display_name: name, state = '', old_state: old = '', output }) => {
        const [now, before] = [states[state] ?? state, states[old] ?? '(?)'];
        return `${node} ${name}: [service:state/${now}] State changed: "${before}" -> "${now}"\nCurrent: ${now}: ${output}\n`;
      });
  return [`${node}: [${type}/${String(data.change ?? data.what ?? type)}] ${summary}\n`];
}
