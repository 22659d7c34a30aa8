import type { Member } from './members.ts';
import type { AliveClaim, Message } from './messages.ts';

/**
 * The word of `self` for who pings it under an accusation that it has refuted: the pinger missed the refutation, which by now nobody tells
 * any more, and would bury it in the end.
 */
export function answerToCharge([ping, charge]: readonly Message[], self: Member): AliveClaim | undefined {
  if (ping?.kind !== 'ping' || (charge?.kind !== 'suspect' && charge?.kind !== 'dead')) return undefined;
  const isOutdated = charge.uuid === self.uuid && charge.incarnation < self.incarnation;
  return isOutdated && charge.by === ping.from && self.state !== 'leave' ? self.alive : undefined;
}

/** Whether a packet is answered with more bytes than it has: by the word above, or since it asks who is there. */
export function wantsLength(messages: readonly Message[], self: Member): boolean {
  const isQuestion = (one: Message): boolean => one.kind === 'detect' && one.from !== self.uuid;
  return messages.some(isQuestion) || answerToCharge(messages, self) !== undefined;
}
