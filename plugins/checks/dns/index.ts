import {
  defineCheck,
  type Finding,
  metricOf,
  readQuantity,
  stateOf,
  type Threshold,
  verdictOf,
} from 'opsbro/sdk';
import { ask, faultOf, type RecordType } from './query.ts';

/** The options of the manifest. */
export interface Options {
  name: string;
  type: RecordType;
  server?: string;
  expect: string[];
  only_expected: boolean;
  warning?: Threshold;
  critical?: Threshold;
  give_up_after: string;
}

const maxShown = 10;

function judge(records: string[], { expect, only_expected }: Options): Finding[] {
  const found = new Set(records.map(normal));
  const wanted = new Set(expect.map(normal));
  const missing = expect.filter((record) => !found.has(normal(record)));
  const extra = only_expected ? records.filter((record) => !wanted.has(normal(record))) : [];
  const more = records.length > maxShown ? `, and ${records.length - maxShown} more` : '';
  const answer = `${records.slice(0, maxShown).join(', ')}${more}`;
  if (missing.length > 0)
    return [{ state: 'critical', text: `${missing.join(', ')} is not in the answer: ${answer}` }];
  if (extra.length > 0) return [{ state: 'critical', text: `nobody expects ${extra.join(', ')}` }];
  return [{ state: 'ok', text: answer }];
}

/** Names are the same in upper and lower case, and with the dot of the root at their end. */
function normal(record: string): string {
  return record.toLowerCase().replace(/\.$/, '');
}

/** Asks the name server and judges what it answers. */
export default defineCheck<Options>({
  async check(ctx) {
    const { options, clock } = ctx;
    const { name, type, server } = options;
    const subject = `${type} of ${name}${server === undefined ? '' : ` at ${server}`}`;
    const startedMs = clock.monotonic();
    try {
      const timeoutMs = readQuantity(options.give_up_after) * 1000;
      const question = { name, type, timeoutMs, ...(server !== undefined && { server }) };
      const findings = judge(await ask(question, ctx.signal), options);
      const seconds = (clock.monotonic() - startedMs) / 1000;
      findings.push({ state: stateOf(seconds, options), text: `it took ${seconds.toFixed(3)} s` });
      return verdictOf(subject, findings, { time: metricOf(seconds, 's', options, 0) });
    } catch (thrown) {
      const fault = ctx.signal.aborted ? undefined : faultOf(thrown);
      if (fault === undefined) throw thrown;
      const time = metricOf(null, 's', options, 0);
      return verdictOf(subject, [{ state: 'critical', text: fault }], { time });
    }
  },
});
