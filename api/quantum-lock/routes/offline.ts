/** GET /licenses/{license_key}/offline and /revocations/bundle: what is checked without asking, signed. */
import type { Static } from 'typebox';
import { isPosition } from '../../../application/kernel/positions.ts';
import type { OfflineLicences } from '../../../application/licensing/offline.ts';
import type { RevocationBundles, Since } from '../../../application/licensing/revocation-bundle.ts';
import { BEFORE_ALL } from '../../../application/licensing/signed-token.ts';
import { reject, Rejection, rejectFields } from '../../../domain/kernel/rejection.ts';
import { defineRoute, type Route } from '../../kernel/route.ts';
import type { TenantSlots } from '../../kernel/tenant-slots.ts';
import { canonicalKey } from '../licence-key.ts';
import { BundleQuery, BundleReply, OfflineQuery, OfflineReply } from '../offline-schemas.ts';
import { identified, type LockPrincipal } from '../principal.ts';
import { LicenceParams } from '../schemas.ts';
import { parseMoment, timesFor } from '../times.ts';
import { LISTS_AT_ONCE, LISTS_BUSY } from './revocations.ts';

export type OfflineRouteDeps = Readonly<{ offline: OfflineLicences; bundles: RevocationBundles }>;

const common = { method: 'GET', tags: ['Offline use'], permission: 'licences' } as const;

/** A place in the log, or a moment. Rejects what is neither, naming the field. */
const parseSince = (text: string): NonNullable<Since> => {
  if (text === BEFORE_ALL || isPosition(text)) return { position: text };
  try {
    return { moment: parseMoment('since', text) };
  } catch (error) {
    if (!(error instanceof Rejection)) throw error;
    return rejectFields({ since: 'must be the `to` of an earlier bundle, or an ISO 8601 date-time (UTC unless it says otherwise) or date' });
  }
};

const offlineRoute = ({ offline }: OfflineRouteDeps) =>
  defineRoute<LockPrincipal, typeof LicenceParams, typeof OfflineQuery>({
    ...common,
    path: '/api/v1/licenses/:license_key/offline',
    operationId: 'getOfflineLicense',
    summary: 'A license for offline use',
    description:
      'Signed with the account\'s own key. It works until its end, and `grace_days` longer, wherever no revocation list has arrived that names it. Licenses that are revoked or expired get none.',
    params: LicenceParams,
    query: OfflineQuery,
    replies: { 200: { description: 'The signed license', schema: OfflineReply } },
    rejections: ['licensing.licence_not_found', 'licensing.offline_forged', 'licensing.offline_revoked', 'licensing.offline_expired', 'licensing.offline_erased'],
    handle: async (request) => {
      const { params, query, cause } = request;
      const licenceKey = canonicalKey(params.license_key) ?? reject('licensing.licence_not_found');
      const { algorithm, grace_days: graceDays } = query;
      const issued = await offline.issue(identified(request.principal).tenant.id, { licenceKey, algorithm, graceDays }, cause);
      const write = timesFor(request);
      const reply: Static<typeof OfflineReply> = {
        license: issued.token,
        kid: issued.kid,
        algorithm,
        issued_at: write(issued.issuedAt),
        valid_until: write(issued.validUntil),
        grace_until: write(issued.graceUntil),
        position: issued.position,
      };
      return { status: 200, body: reply };
    },
  });

/** `slots`: shared with the lists that are not signed. */
const bundleRoute = ({ bundles }: OfflineRouteDeps, slots: TenantSlots) =>
  defineRoute<LockPrincipal, undefined, typeof BundleQuery>({
    ...common,
    path: '/api/v1/revocations/bundle',
    operationId: 'getRevocationBundle',
    summary: 'Signed revocation list, piece by piece',
    description:
      `Holds the SHA-256 of each revoked license key, in the order of the log: at most 5,000 in a piece. A piece that is missing shows, because each says where it begins and ends. With a time as \`since\`, \`from\` is the place in the log before everything that was revoked then or later. At most ${LISTS_AT_ONCE} lists or bundles of an account at once.`,
    query: BundleQuery,
    replies: { 200: { description: 'The signed piece', schema: BundleReply } },
    rejections: [LISTS_BUSY],
    handle: async (request) => {
      const { query, cause, signal } = request;
      const { algorithm } = query;
      const since = query.since === undefined ? undefined : parseSince(query.since);
      const { id } = identified(request.principal).tenant;
      const over = slots.take(id, signal);
      try {
        const { token, kid, from, to, more, count, issuedAt } = await bundles.bundle(id, { since, algorithm, signal }, cause);
        const reply: Static<typeof BundleReply> = { bundle: token, kid, algorithm, from, to, more, count, timestamp: timesFor(request)(issuedAt) };
        return { status: 200, body: reply };
      } finally {
        over();
      }
    },
  });

export const offlineRoutes = (deps: OfflineRouteDeps, slots: TenantSlots): readonly Route<LockPrincipal>[] => [offlineRoute(deps), bundleRoute(deps, slots)];
