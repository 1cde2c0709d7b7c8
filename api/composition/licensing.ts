/** Licences, wired. */
import type { Container } from 'inversify';
import { createLicences, type LicencesDeps } from '../../application/licensing/create-licences.ts';
import type { Licences } from '../../application/licensing/licences.ts';
import { fingerprintHashes } from '../../infrastructure/crypto/fingerprint-hashes.ts';
import type { Config } from '../../infrastructure/runtime/config.ts';
import { createFairTurns } from '../../projections/kernel/fair-turns.ts';
import { createLicenceBook } from '../../projections/licensing/licence-book.ts';
import { createLicenceIndex } from '../../projections/licensing/licence-index.ts';
import { createRevocationPlaces } from '../../projections/licensing/revocation-places.ts';
import { provide, provideValue } from './provide.ts';
import { licensing, offline, runtime, storage } from './tokens.ts';

type BookDeps = Omit<Parameters<typeof createLicenceBook>[0], 'turns'>;

/** With a log that several processes share: longer than a revocation is on its way, and clocks differ. */
const OVERLAP_MS = 60_000;

type LicencesParts = Omit<LicencesDeps, 'overlapMs'> & Readonly<{ config: Config }>;

const licencesOf = ({ config, ...deps }: LicencesParts): Licences => createLicences({ ...deps, overlapMs: config.eventStoreUrl === undefined ? 0 : OVERLAP_MS });

export const bindLicensing = (container: Container): void => {
  const { store, personalData, secrets, reader, readModels } = storage;
  provideValue(container, licensing.hashes, fingerprintHashes);
  provide(container, licensing.index, createLicenceIndex, { reader, readModels });
  // One line for all who read much.
  const turns = createFairTurns();
  provide(container, licensing.book, (deps: BookDeps) => createLicenceBook({ ...deps, turns }), { reader, personalData });
  provide(container, offline.places, (deps: Pick<BookDeps, 'reader'>) => createRevocationPlaces({ ...deps, turns }), { reader });
  provide(container, licensing.licences, licencesOf, {
    store, personalData, secrets, hashes: licensing.hashes, index: licensing.index, clock: runtime.clock, config: runtime.config,
  });
};
