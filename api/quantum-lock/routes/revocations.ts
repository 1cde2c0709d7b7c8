/** GET /revocations: what offline clients synchronize, sent as it is read. */
import type { Licences } from '../../../application/licensing/licences.ts';
import type { LicenceBook, Revocation } from '../../../application/licensing/ports.ts';
import { defineRoute, type Route } from '../../kernel/route.ts';
import { saying, type TenantSlots } from '../../kernel/tenant-slots.ts';
import { EXAMPLES } from '../examples.ts';
import { identified, type LockPrincipal } from '../principal.ts';
import { RevocationsQuery, RevocationsReply } from '../schemas.ts';
import { parseMoment, timesFor } from '../times.ts';

export type RevocationDeps = Readonly<{ book: Pick<LicenceBook, 'revocations'>; licences: Pick<Licences, 'revoked'> }>;

/** Keys put together before they are sent: few enough to hold, enough to not send each alone. */
const KEYS_A_PIECE = 500;

async function* inPieces(revocations: AsyncIterable<Revocation>): AsyncIterable<readonly Revocation[]> {
  let piece: Revocation[] = [];
  for await (const revocation of revocations) {
    piece.push(revocation);
    if (piece.length < KEYS_A_PIECE) continue;
    yield piece;
    piece = [];
  }
  // Also when it is empty: somebody waits for a first one.
  yield piece;
}

/** The answer's text, `{"revoked_ids":[…],"count":…,"timestamp":…,"position":…}`. */
async function* answerOf(revocations: AsyncIterable<Revocation>, timestamp: string): AsyncIterable<string> {
  let count = 0;
  let newest: string | null = null;
  for await (const piece of inPieces(revocations)) {
    const keys = piece.map(({ licenceKey }) => JSON.stringify(licenceKey)).join(',');
    for (const { position } of piece) if (newest === null || position > newest) newest = position;
    const before = piece.length === 0 ? '' : ',';
    yield `${count === 0 ? '{"revoked_ids":[' : before}${keys}`;
    count += piece.length;
  }
  yield `],"count":${count},"timestamp":${JSON.stringify(timestamp)},"position":${JSON.stringify(newest)}}`;
}

/** The same pieces, the first of them at hand: what goes wrong before it does so while there still is an error to answer with. */
const begun = async <Piece>(pieces: AsyncIterable<Piece>): Promise<AsyncIterable<Piece>> => {
  const source = pieces[Symbol.asyncIterator]();
  let first: IteratorResult<Piece> | undefined = await source.next();
  return {
    [Symbol.asyncIterator]: () => ({
      next: async () => {
        const next = first ?? (await source.next());
        first = undefined;
        return next;
      },
      return: async () => {
        await source.return?.();
        return { done: true, value: undefined };
      },
    }),
  };
};

/** Lists and signed bundles of an account under way at once, in this process. */
export const LISTS_AT_ONCE = 2;
export const LISTS_BUSY = 'licensing.lists_busy';

/** `slots`: shared with the signed bundles. */
export const revocationsRoute = ({ book, licences }: RevocationDeps, slots: TenantSlots): Route<LockPrincipal> =>
  defineRoute<LockPrincipal, undefined, typeof RevocationsQuery>({
    method: 'GET',
    path: '/api/v1/revocations',
    operationId: 'listRevocations',
    summary: 'Revocation list (SDK sync)',
    description: `Everything that was revoked at or after \`since\`. \`timestamp\` is taken before the list is read and is the next \`since\`: nothing is missed, and a key may come twice. At most ${LISTS_AT_ONCE} lists or bundles of an account at once.`,
    tags: ['Licenses'],
    permission: 'licences',
    query: RevocationsQuery,
    replies: { 200: { description: 'The list', schema: RevocationsReply, example: EXAMPLES.revocations } },
    rejections: [LISTS_BUSY],
    handle: async (request) => {
      const { query: { since }, signal } = request;
      const from = since === undefined ? undefined : parseMoment('since', since);
      const { id } = identified(request.principal).tenant;
      const over = slots.take(id, signal);
      try {
        const timestamp = timesFor(request)(await licences.revoked(id));
        const pieces = saying(answerOf(book.revocations(id, from, signal), timestamp), over);
        return { status: 200, stream: await begun(pieces), contentType: 'application/json; charset=utf-8' };
      } catch (error) {
        over();
        throw error;
      }
    },
  });
