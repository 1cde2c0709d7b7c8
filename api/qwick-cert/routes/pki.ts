/** GET /pki/{root,issuing,tsa}.pem and /pki/issuing.crl, for everybody who verifies a signature. */
import { PKI_MEDIA_TYPES, type Authorities, type TrustAnchors } from '../../../application/authorities/authorities.ts';
import { defineRoute, type Route } from '../../kernel/route.ts';
import type { QwickPrincipal } from '../principal.ts';

export type PkiDeps = Readonly<{ authorities: Pick<Authorities, 'trustAnchors' | 'crl'> }>;

const tags = ['Trust anchors'];

const ANCHORS: readonly (readonly [name: keyof TrustAnchors, operationId: string, summary: string])[] = [
  ['root', 'getRootCertificate', 'The root certificate'],
  ['issuing', 'getIssuingCertificate', 'The certificate of the issuing CA'],
  ['tsa', 'getTimestampCertificate', 'The certificate of the built-in timestamp authority'],
];

const anchorRoute = ({ authorities }: PkiDeps, [name, operationId, summary]: (typeof ANCHORS)[number]) =>
  defineRoute<QwickPrincipal>({
    method: 'GET',
    path: `/pki/${name}.pem`,
    operationId,
    summary,
    tags,
    permission: 'public',
    replies: { 200: { description: 'PEM (RFC 7468)', contentType: PKI_MEDIA_TYPES.pem } },
    handle: async () => {
      const { [name]: anchor } = await authorities.trustAnchors();
      return { status: 200, bytes: Buffer.from(anchor.pem, 'ascii'), contentType: PKI_MEDIA_TYPES.pem };
    },
  });

const crlRoute = ({ authorities }: PkiDeps) =>
  defineRoute<QwickPrincipal>({
    method: 'GET',
    path: '/pki/issuing.crl',
    operationId: 'getRevocationList',
    summary: 'The issuing CA\'s certificate revocation list',
    tags,
    permission: 'public',
    replies: { 200: { description: 'DER (RFC 5280, section 5)', contentType: PKI_MEDIA_TYPES.crl } },
    handle: async () => {
      const { der } = await authorities.crl();
      return { status: 200, bytes: der, contentType: PKI_MEDIA_TYPES.crl };
    },
  });

export const pkiRoutes = (deps: PkiDeps): readonly Route<QwickPrincipal>[] => [
  ...ANCHORS.map((anchor) => anchorRoute(deps, anchor)),
  crlRoute(deps),
];
