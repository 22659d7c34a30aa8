import {
  bodyOf,
  cutText,
  type EventSeverity,
  factsOf,
  type HandlerEvent,
  runbookOf,
  severityOf,
  titleOf,
} from 'opsbro/sdk';

/** An embed, as Discord documents it. */
export interface DiscordEmbed {
  title: string;
  description: string;
  color: number;
  timestamp: string;
  footer: { text: string };
  fields: { name: string; value: string; inline: boolean }[];
  url?: string;
}

/** What a webhook is given. */
export interface DiscordMessage {
  username: string;
  embeds: DiscordEmbed[];
  /** No output can mention anybody. */
  allowed_mentions: { parse: string[] };
}

const colors: { [severity in EventSeverity]: number } = {
  ok: 0x1a7f37,
  warning: 0xd4a72c,
  critical: 0xcf222e,
  unknown: 0x8250df,
  info: 0x0969da,
};
const maxTitle = 256;
/** All embeds of a message together may have 6,000 characters, and a description 4,096; escaping at most doubles it. */
const maxDescription = 1800;
const maxFields = 10;

/** One embed that fits the limits of Discord. */
export function messageOf(username: string, event: HandlerEvent): DiscordMessage {
  const fields = factsOf(event)
    .filter(({ title, value }) => title.trim() !== '' && value.trim() !== '')
    .slice(0, maxFields)
    .map(({ title, value }) => ({ name: cutText(title, 50), value: cutText(value, 150), inline: true }));
  const embed: DiscordEmbed = {
    title: cutText(titleOf(event), maxTitle),
    description: plain(cutText(bodyOf(event), maxDescription)),
    color: colors[severityOf(event)],
    timestamp: new Date(event.at).toISOString(),
    footer: { text: `OpsBro on ${event.node}` },
    fields,
    ...linkOf(event),
  };
  return { username, embeds: [embed], allowed_mentions: { parse: [] } };
}

/**
 * Discord refuses the whole message where the host of a link is a bare name, as intranets have them (Grafana's issue 65270); the description
 * holds the runbook all the same.
 */
function linkOf(event: HandlerEvent): { url?: string } {
  const url = runbookOf(event);
  return url !== undefined && URL.canParse(url) && new URL(url).hostname.includes('.') ? { url } : {};
}

/**
 * The address of a webhook with a version of the API. Without one, as the settings of a channel give it, it means the sixth, whose
 * `Retry-After` and `retry_after` are milliseconds, not seconds (discord-api-docs, issue 2360).
 */
export function versionedUrl(url: string): string {
  return url.replace(/^(https?:\/\/[^/]+\/api)(?=\/webhooks\/)/, '$1/v10');
}

/** Descriptions are Markdown; an output shows as it is, and makes no links. An address is none, and would break. */
function plain(text: string): string {
  return text.replaceAll(/https?:\/\/[^\s<]+|[\\*_~`|[\]]|^[#>-]/gm, (part) =>
    part.length === 1 ? `\\${part}` : part,
  );
}
