import { STATUS_CODES } from 'node:http';
import { cutText, type Finding, type HttpResponse } from 'opsbro/sdk';
import { type Options, shownUrl } from './options.ts';

const maxShown = 80;

/** True when a status is `200`, in `2xx` or in `200-299`. */
export function isStatus(status: number, wanted: string | number): boolean {
  const [from = '', to = from] = String(wanted).split('-');
  return status >= Number(from.replace('xx', '00')) && status <= Number(to.replace('xx', '99'));
}

/** Judges an answer by what it says; how long it took is another matter. */
export function judgeAnswer(answer: HttpResponse, options: Options): Finding[] {
  return [judgeStatus(answer, options), ...judgeText(answer, options), ...judgeHeaders(answer, options)];
}

function judgeStatus({ status, url }: HttpResponse, options: Options): Finding {
  const isWell = options.status.some((wanted) => isStatus(status, wanted));
  const from = url === options.url || shownUrl(url) === shownUrl(options.url) ? '' : ` from ${shownUrl(url)}`;
  const text = `${status} ${STATUS_CODES[status] ?? ''}`.trim() + from;
  if (isWell) return { state: 'ok', text };
  return { state: 'critical', text: `${text}, expected ${options.status.join(' or ')}` };
}

function judgeText({ text, truncated }: HttpResponse, { contains, matches, lacks }: Options): Finding[] {
  const where = truncated ? `the first ${text.length} characters` : 'the answer';
  const faults: string[] = contains
    .filter((wanted) => !text.includes(wanted))
    .map((wanted) => `${where} does not hold '${wanted}'`);
  if (matches !== undefined && !new RegExp(matches, 'm').test(text))
    faults.push(`${where} does not match /${matches}/`);
  const unwanted = lacks === undefined ? null : new RegExp(lacks, 'm').exec(text);
  if (unwanted !== null) faults.push(`${where} holds '${cutText(unwanted[0], maxShown)}'`);
  return faults.map((fault) => ({ state: 'critical', text: fault }));
}

function judgeHeaders({ headers }: HttpResponse, { expect_headers }: Options): Finding[] {
  return Object.entries(expect_headers).flatMap(([name, pattern]): Finding[] => {
    const value = headers[name.toLowerCase()];
    if (value === undefined) return [{ state: 'critical', text: `the header ${name} is missing` }];
    if (new RegExp(pattern).test(value)) return [];
    return [
      { state: 'critical', text: `the header ${name} is '${cutText(value, maxShown)}', not /${pattern}/` },
    ];
  });
}
