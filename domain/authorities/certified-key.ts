/** Decides over the certificates of one holder: requested, then issued, replaced in time, revoked when need be. */
import { otherwise, type Decider, type Message } from '../kernel/decider.ts';
import { reject, rejectFields } from '../kernel/rejection.ts';
import type { SealedSecret } from '../kernel/sealed.ts';
import type { CertificateRequest, CertifiedKeyEvent, RevocationReason } from './certified-key.events.ts';

/** `replaces` is the serial that the asker saw as the newest (null: none): one who saw less gets nothing. */
export type RequestCertifiedKey = Message<
  'RequestCertifiedKey',
  Readonly<{ replaces: string | null; request: CertificateRequest; privateKey: SealedSecret; now: number }>
>;
export type IssueCertifiedKey = Message<'IssueCertifiedKey', Readonly<{ serial: string; certificate: string; now: number }>>;
export type RevokeCertifiedKey = Message<
  'RevokeCertifiedKey',
  Readonly<{ serial: string; reason: RevocationReason; revokedAt: number; now: number }>
>;
export type CertifiedKeyCommand = RequestCertifiedKey | IssueCertifiedKey | RevokeCertifiedKey;

export type RequestedKey = Readonly<{ request: CertificateRequest; privateKey: SealedSecret }>;
export type IssuedKey = RequestedKey & Readonly<{ certificate: string }>;

export type CertifiedKeys = Readonly<{
  /** Asked for and not issued yet. */
  pending?: RequestedKey;
  /** The newest one issued, revoked or not. */
  current?: IssuedKey;
  /** Every serial ever issued, since when it is valid, and when it was revoked. */
  issued: ReadonlyMap<string, Readonly<{ notBefore: number; revokedAt?: number; recordedAt?: number }>>;
}>;

const initialState: CertifiedKeys = { issued: new Map() };

/** The serial of the newest request; null when there is none. */
export const newestSerial = (state: CertifiedKeys): string | null =>
  state.pending?.request.serial ?? state.current?.request.serial ?? null;

export const isRevoked = (state: CertifiedKeys, serial: string): boolean => state.issued.get(serial)?.revokedAt !== undefined;

const HOUR_MS = 3_600_000;
/** Of one holder: every one stays on the issuer's list for good, and everybody who checks a signature fetches that. */
export const REVOCATIONS_AN_HOUR = 20;

/** Milliseconds until one more may be revoked at `now`; 0: now. */
export const revocationWait = ({ issued }: CertifiedKeys, now: number): number => {
  const lately = [...issued.values()].flatMap(({ recordedAt }) => (recordedAt !== undefined && recordedAt > now - HOUR_MS ? [recordedAt] : [])).toSorted((one, other) => one - other);
  const leaving = lately.at(-REVOCATIONS_AN_HOUR);
  return leaving === undefined ? 0 : leaving + HOUR_MS - now;
};

const evolve = (state: CertifiedKeys, event: CertifiedKeyEvent): CertifiedKeys => {
  switch (event.type) {
    case 'CertifiedKeyRequested':
      return { ...state, pending: { request: event.data.request, privateKey: event.data.privateKey } };
    case 'CertifiedKeyIssued': {
      if (state.pending?.request.serial !== event.data.serial) return state;
      const { pending, ...rest } = state;
      const issued = new Map(state.issued).set(event.data.serial, { notBefore: pending.request.notBefore });
      return { ...rest, issued, current: { ...pending, certificate: event.data.certificate } };
    }
    case 'CertifiedKeyRevoked': {
      const { serial, revokedAt, recordedAt } = event.data;
      const { notBefore = revokedAt } = state.issued.get(serial) ?? {};
      return { ...state, issued: new Map(state.issued).set(serial, { notBefore, revokedAt, recordedAt }) };
    }
    default:
      return otherwise(event, state);
  }
};

const request = ({ replaces, request: asked, privateKey, now }: RequestCertifiedKey['data'], state: CertifiedKeys): readonly CertifiedKeyEvent[] =>
  replaces === newestSerial(state)
    ? [{ type: 'CertifiedKeyRequested', data: { request: asked, privateKey, requestedAt: now } }]
    : [];

const issue = ({ serial, certificate, now }: IssueCertifiedKey['data'], state: CertifiedKeys): readonly CertifiedKeyEvent[] => {
  if (state.issued.has(serial)) return [];
  if (state.pending?.request.serial !== serial) return reject('authorities.not_requested', { serial });
  return [{ type: 'CertifiedKeyIssued', data: { serial, certificate, issuedAt: now } }];
};

const revoke = ({ serial, reason, revokedAt, now }: RevokeCertifiedKey['data'], state: CertifiedKeys): readonly CertifiedKeyEvent[] => {
  const { notBefore } = state.issued.get(serial) ?? reject('authorities.certificate_unknown', { serial });
  if (isRevoked(state, serial)) return [];
  if (revokedAt > now) return rejectFields({ at: 'must not lie in the future' });
  if (revokedAt < notBefore) return rejectFields({ at: 'must not lie before the certificate\'s own time' });
  return [{ type: 'CertifiedKeyRevoked', data: { serial, reason, revokedAt, recordedAt: now } }];
};

export const certifiedKeys: Decider<CertifiedKeys, CertifiedKeyCommand, CertifiedKeyEvent> = {
  initialState,
  evolve,
  decide: (command, state) => {
    switch (command.type) {
      case 'RequestCertifiedKey':
        return request(command.data, state);
      case 'IssueCertifiedKey':
        return issue(command.data, state);
      case 'RevokeCertifiedKey':
        return revoke(command.data, state);
      default:
        return otherwise(command, []);
    }
  },
};
