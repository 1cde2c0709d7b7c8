/** Pages by cursor: opaque, and good for the list it comes from only. */
import Type, { type Static, type TSchema } from 'typebox';
import { rejectFields } from '../../domain/kernel/rejection.ts';

const MOST = 200;
const USUAL = 50;

export const PageQuery = Type.Object({
  limit: Type.Optional(
    Type.Integer({ minimum: 1, description: `How many items at most; ${USUAL} without, and never more than ${MOST}`, example: USUAL }),
  ),
  cursor: Type.Optional(Type.String({ minLength: 1, maxLength: 1_024, description: 'The `next_cursor` of the page before' })),
});

export const pageOf = <Item extends TSchema>(item: Item, description: string) =>
  Type.Object(
    {
      items: Type.Array(item, { description: 'The items of this page' }),
      next_cursor: Type.Union([Type.String(), Type.Null()], { description: 'Leads to the next page; null on the last' }),
      limit: Type.Integer({ description: 'The limit that was in force' }),
    },
    { description },
  );

type Found<Item> = Readonly<{ items: readonly Item[]; next?: string }>;

const encode = (list: string, next: string): string => Buffer.from(JSON.stringify([list, next])).toString('base64url');

const wrong = (): never => rejectFields({ cursor: 'is not a cursor of this list' });

const decode = (list: string, cursor: string): string => {
  const bytes = Buffer.from(cursor, 'base64url');
  if (bytes.toString('base64url') !== cursor) return wrong();
  try {
    const [from, next] = JSON.parse(bytes.toString('utf8')) as readonly unknown[];
    return from === list && typeof next === 'string' ? next : wrong();
  } catch {
    return wrong();
  }
};

/** The limit that is in force where `limit` was asked for, or none. */
export const effectiveLimit = (limit = USUAL): number => Math.min(limit, MOST);

/** Asks for one page of `list` (a name that no other list has) and answers it in the platform's form. */
export const answerPage = async <Item, Shown>(
  list: string,
  { limit, cursor }: Static<typeof PageQuery>,
  ask: (page: Readonly<{ limit: number; after?: string }>) => Promise<Found<Item>>,
  show: (item: Item) => Shown,
) => {
  const effective = effectiveLimit(limit);
  const found = await ask({ limit: effective, ...(cursor !== undefined && { after: decode(list, cursor) }) });
  const next = found.next === undefined ? null : encode(list, found.next);
  return { status: 200, body: { items: found.items.map(show), next_cursor: next, limit: effective } };
};

const HOW_MANY = /^[1-9]\d{0,5}$/u;

/** The same for a list that is at hand as a whole: its cursors say how many items came before. */
export const answerWhole = <Item>(list: string, query: Static<typeof PageQuery>, all: readonly Item[]) =>
  answerPage(
    list,
    query,
    async ({ limit, after }) => {
      const from = after === undefined || HOW_MANY.test(after) ? Number(after ?? 0) : wrong();
      return { items: all.slice(from, from + limit), ...(from + limit < all.length && { next: String(from + limit) }) };
    },
    (item) => item,
  );
