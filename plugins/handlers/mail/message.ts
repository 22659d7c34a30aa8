import { createHash } from 'node:crypto';
import {
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
  const data = variables(ctx, event);
  const pick = (part: 'subject' | 'text'): string => {
    const own = topic === 'other' || topic === 'node' ? '' : given(ctx, `${topic}_${part}_template`);
    return own || (topic === 'check' && given(ctx, `${part}_template`)) || defaultTemplates[topic][part];
  };
  const html = given(ctx, 'html_template');
  const subject = (await ctx.render(pick('subject'), data)).replaceAll(/\s+/g, ' ').trim();
  return {
    subject: cutText(marked(event, subject), maxSubject),
    text: await ctx.render(pick('text'), data),
    ...(html !== 'none' && { html: await ctx.render(html || defaultHtml, data, { html: true }) }),
    messageId: `<${createHash('sha256').update(event.key).digest('hex').slice(0, 32)}@${hostPart(event.node)}>`,
  };
}

function topicOf({ type, data }: HandlerEvent): Topic {
  if (type === 'problem' || type === 'recovery') return 'check';
  if (type === 'group') return 'group';
  if (type === 'node') return 'node';
  return typeof data.compliance === 'object' && data.compliance !== null ? 'compliance' : 'other';
}

/** A template that cannot be read must not keep the mail from being sent. */
function given(ctx: Context<MailOptions>, name: string): string {
  const template = (ctx.options as unknown as { [name: string]: Template })[name];
  if (template === null) ctx.log.warn(`${name} cannot be read; the built-in text is used`);
  return template ?? '';
}

/** What templates see; `check`, `_time`, `group`, `group_modification`, `compliance` and `handler` are those of older packs. */
function variables(ctx: Context<MailOptions>, event: HandlerEvent): JsonObject {
  const { password: _, ...handler } = ctx.options as unknown as JsonObject;
  const alerts = alertsOf(event).map((alert) => ({ ...alert, state_id: stateIds[String(alert.state)] ?? 3 }));
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
