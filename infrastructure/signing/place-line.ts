/** An organization's line at the signing step, as processes share it. Pure: each answers another line. */

/** Of a request: which process holds it, and its number there. */
export type Ticket = string;

/** `waiting` in the order of arrival. `limit` is what the newest arrival knows of it. */
export type PlaceLine = Readonly<{ limit: number; inside: readonly Ticket[]; waiting: readonly Ticket[] }>;

export const NOBODY: PlaceLine = { limit: 0, inside: [], waiting: [] };

export const ticketOf = (keeper: string, count: number): Ticket => `${keeper}/${count}`;
export const keeperOf = (ticket: Ticket): string => ticket.slice(0, ticket.lastIndexOf('/'));

export const isIn = ({ inside, waiting }: PlaceLine, ticket: Ticket): boolean => inside.includes(ticket) || waiting.includes(ticket);
export const isEmpty = ({ inside, waiting }: PlaceLine): boolean => inside.length + waiting.length === 0;

/** Lets in who waits longest, for as long as there is room. */
const advanced = ({ limit, inside, waiting }: PlaceLine): PlaceLine => {
  const room = Math.max(0, limit - inside.length);
  return { limit, inside: [...inside, ...waiting.slice(0, room)], waiting: waiting.slice(room) };
};

/** One more, unless too many wait already: then the line is as it was. Whoever is in it stays where they are. */
export const arrived = (line: PlaceLine, ticket: Ticket, { limit, mostWaiting }: Readonly<{ limit: number; mostWaiting: number }>): PlaceLine => {
  const now = advanced({ ...line, limit });
  if (isIn(now, ticket) || (now.inside.length >= limit && now.waiting.length >= mostWaiting)) return now;
  return advanced({ ...now, waiting: [...now.waiting, ticket] });
};

/** Without those who have gone, wherever they were. */
export const left = (line: PlaceLine, hasGone: (ticket: Ticket) => boolean): PlaceLine => {
  const stays = (ticket: Ticket): boolean => !hasGone(ticket);
  return advanced({ ...line, inside: line.inside.filter(stays), waiting: line.waiting.filter(stays) });
};
