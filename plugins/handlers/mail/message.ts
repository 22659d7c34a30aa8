import { createHash } from 'node:crypto';
import {
  type Alert,
  alertsOf,
  type Context,
  cutText,
  factsOf,
  type HandlerEvent,
  type JsonObject,
  severityOf,
  titleOf,
} from 'opsbro/sdk';
import { defaultHtml, defaultTemplates } from './default-templates.ts';
import type { MailOptions, Template } from './options.ts';

/** A mail that is ready to send. */
export interface Message {
  subject: string;
  text: string;
  html?: string;
  /** The same for every try of an event, so that mail programs show it once. */
  messageId: string;
}

type Topic = keyof typeof defaultTemplates;

const colors = {
  ok: '#1a7f37',
  warning: '#9a6700',
  critical: '#cf222e',
  unknown: '#8250df',
  info: '#0969da',
};
const stateIds: { [state: string]: number } = { ok: 0, warning: 1, critical: 2, unknown: 3 };
const maxSubject = 200;

/**
 * Fills the templates of an event's topic, or the built-in ones. `subject_template` and `text_template` are those of checks by their older
 * names: they print what only a check has.
 */
export async function composeMessage(ctx: Context<MailOptions>, event: HandlerEvent): Promise<Message> {
  const topic = topicOf(event);
  const filling: Filling = { ctx, data: variables(ctx, event), faults: [] };
  const names = (part: 'subject' | 'text'): string[] => {
    const own = topic === 'other' || topic === 'node' ? [] : [`${topic}_${part}_template`];
    return topic === 'check' ? [...own, `${part}_template`] : own;
  };
  const subject = await filled(filling, names('subject'), defaultTemplates[topic].subject);
  const text = await filled(filling, names('text'), defaultTemplates[topic].text);
  const html =
    ctx.options.html_template !== 'none' && (await filled(filling, ['html_template'], defaultHtml));
  const isTestOfCheck = event.type === 'test' && topic === 'check';
  return {
    subject: cutText(marked(event, subject.replaceAll(/\s+/g, ' ').trim()), maxSubject),
    text: withFaults(isTestOfCheck ? `${event.summary}\n\n${text}` : text, filling.faults),
    ...(html !== false && { html }),
    messageId: `<${createHash('sha256').update(event.key).digest('hex').slice(0, 32)}@${hostPart(event.node)}>`,
  };
}

function topicOf(event: HandlerEvent): Topic {
  const { type, data } = event;
  if (checksOf(event).length > 0) return 'check';
  if (type === 'group') return 'group';
  if (type === 'node') return 'node';
  return typeof data.compliance === 'object' && data.compliance !== null ? 'compliance' : 'other';
}

/** The checks that a mail is about; a test of a handler may name one, so that its templates are tried. */
function checksOf(event: HandlerEvent): Partial<Alert>[] {
  const { type, data } = event;
  return type === 'test' && typeof data.check === 'string' ? [data as Partial<Alert>] : alertsOf(event);
}

/** What templates of one mail are filled with, and what was wrong with them. */
interface Filling {
  ctx: Context<MailOptions>;
  data: JsonObject;
  faults: string[];
}

/** The first of these templates that there is, filled. One that cannot be read or filled must not keep the mail from being sent. */
async function filled({ ctx, data, faults }: Filling, names: string[], builtIn: string): Promise<string> {
  const options = ctx.options as unknown as { [name: string]: Template };
  const escaping = { html: builtIn === defaultHtml };
  for (const name of names) {
    const template = options[name];
    if (template === null) ctx.log.warn(`${name} cannot be read; the built-in text is used`);
    if (!template) continue;
    try {
      return await ctx.render(template, data, escaping);
    } catch (thrown) {
      const { code, message: reason } = thrown as { code?: string; message: string };
      if (code !== 'OPSBRO_HOST_TEMPLATE') throw thrown;
      faults.push(`${name} cannot be filled: ${reason}`);
      ctx.log.warn(`${name} cannot be filled; the built-in text is used`, { reason });
      break;
    }
  }
  return ctx.render(builtIn, data, escaping);
}

/** The text with what was wrong, above a signature. */
function withFaults(text: string, faults: string[]): string {
  if (faults.length === 0) return text;
  const signature = text.indexOf('\n-- \n');
  const end = signature < 0 ? text.length : signature + 1;
  return `${text.slice(0, end)}${faults.join('\n')}\n${text.slice(end)}`;
}

/** What templates see; `check`, `_time`, `group`, `group_modification`, `compliance` and `handler` are those of older packs. */
function variables(ctx: Context<MailOptions>, event: HandlerEvent): JsonObject {
  const { password: _, ...handler } = ctx.options as unknown as JsonObject;
  const alerts = checksOf(event).map((alert) => ({ ...alert, state_id: stateIds[String(alert.state)] ?? 3 }));
  return {
    event: { ...event } as unknown as JsonObject,
    node: event.node,
    summary: event.summary,
    title: titleOf(event),
    color: colors[severityOf(event)],
    check: (alerts[0] ?? {}) as unknown as JsonObject,
    alerts: alerts as unknown as JsonObject[],
    repeat: Number(event.data.repeat ?? 0),
    facts: factsOf(event) as unknown as JsonObject[],
    group: event.data.group ?? '',
    group_modification: event.data.modification ?? '',
    compliance: event.data.compliance ?? {},
    handler: { ...handler, name: ctx.name, id: ctx.name },
    _time: localTime(event.at),
  };
}

/** Whatever the template says, a test must not be taken for an alert. */
function marked({ type }: HandlerEvent, subject: string): string {
  const mark = `[${type.toUpperCase()}]`;
  return (type === 'test' || type === 'canary') && !subject.startsWith(mark) ? `${mark} ${subject}` : subject;
}

function localTime(at: number): string {
  const date = new Date(at);
  const two = (value: number): string => String(value).padStart(2, '0');
  const day = `${date.getFullYear()}-${two(date.getMonth() + 1)}-${two(date.getDate())}`;
  return `${day} ${two(date.getHours())}:${two(date.getMinutes())}:${two(date.getSeconds())}`;
}

function hostPart(node: string): string {
  return node.replaceAll(/[^A-Za-z0-9.-]/g, '-') || 'opsbro';
}
