/** Authorities over the real embedded store and the real sealing, in a directory of their own. */
import { createAuthorities, type Authorities } from '../../application/authorities/authorities.ts';
import { authoritiesEvents } from '../../application/authorities/events.ts';
import type { PkiUrls } from '../../application/authorities/installation.ts';
import type { Pki } from '../../application/authorities/ports.ts';
import { createEventCodec } from '../../application/kernel/event-codec.ts';
import type { Clock, EventStore, Logger } from '../../application/kernel/ports.ts';
import type { Secrets } from '../../application/kernel/sealing.ts';
import type { TenantId } from '../../domain/kernel/ids.ts';
import { openKeyring } from '../../infrastructure/crypto/open-keyring.ts';
import { createSecrets } from '../../infrastructure/crypto/secrets.ts';
import { openEventStore } from '../../infrastructure/event-store/event-store.ts';
import { createSharedKeysPki } from './shared-keys.ts';
import { randomIds } from './random-ids.ts';
import { failOnFatal } from './silent.ts';
import { temporaryDirectory } from './temporary-directory.ts';

export const CRL_URL = 'http://127.0.0.1:9/qwick-cert/pki/issuing.crl';
export const ACME = { id: '019aa5c4-6f00-7000-8000-0000000000f0' as TenantId, name: 'Acme Corp' };

/** A clock that a test turns. */
export type TurnedClock = Clock & { time: number };
export const turnedClock = (time: number): TurnedClock => ({
  time,
  now() {
    return this.time;
  },
});

export type Warnings = Logger & Readonly<{ warnings: string[] }>;
export const collectWarnings = (): Warnings => {
  const warnings: string[] = [];
  const warn = (_fields: object, message: string): void => void warnings.push(message);
  return { warnings, warn, error: warn, debug: () => undefined, info: () => undefined };
};

export type Ground = Readonly<{
  store: EventStore;
  secrets: Secrets;
  pki: Pki;
  clock: TurnedClock;
  log: Warnings;
  /** Another program on the same data: nothing is shared but what is stored. */
  start: (over?: Partial<Readonly<{ pki: Pki; store: EventStore; provisioningWaitMs: number; urls: PkiUrls }>>) => Authorities;
  close: () => Promise<void>;
}>;

export const createGround = async (time: number): Promise<Ground> => {
  const directory = temporaryDirectory();
  const clock = turnedClock(time);
  const log = collectWarnings();
  const codec = createEventCodec(authoritiesEvents);
  const opened = await openEventStore({ path: `${directory.path}/events.db`, codec, clock, ids: randomIds, onFatal: failOnFatal });
  const secrets = createSecrets(await openKeyring(opened.vault, { masterKey: Buffer.alloc(32, 7) }));
  const { store } = opened;
  const pki = createSharedKeysPki();
  return {
    store, secrets, pki, clock, log,
    start: (over = {}) => createAuthorities({ store, secrets, pki, clock, ids: randomIds, log, urls: { crl: CRL_URL }, ...over }),
    close: async () => {
      await opened.close();
      directory.remove();
    },
  };
};
