/** Licences, wired. */
import type { Container } from 'inversify';
import { createLicences } from '../../application/licensing/create-licences.ts';
import { fingerprintHashes } from '../../infrastructure/crypto/fingerprint-hashes.ts';
import { createFairTurns } from '../../projections/kernel/fair-turns.ts';
import { createLicenceBook } from '../../projections/licensing/licence-book.ts';
import { createLicenceIndex } from '../../projections/licensing/licence-index.ts';
import { createRevocationPlaces } from '../../projections/licensing/revocation-places.ts';
import { provide, provideValue } from './provide.ts';
import { licensing, offline, runtime, storage } from './tokens.ts';

type BookDeps = Omit<Parameters<typeof createLicenceBook>[0], 'turns'>;

export const bindLicensing = (container: Container): void => {
  const { store, personalData, secrets, reader, readModels } = storage;
  provideValue(container, licensing.hashes, fingerprintHashes);
  provide(container, licensing.index, createLicenceIndex, { reader, readModels });
  // One line for all who read much.
  const turns = createFairTurns();
  provide(container, licensing.book, (deps: BookDeps) => createLicenceBook({ ...deps, turns }), { reader, personalData });
  provide(container, offline.places, (deps: Pick<BookDeps, 'reader'>) => createRevocationPlaces({ ...deps, turns }), { reader });
  provide(container, licensing.licences, createLicences, {
    store, personalData, secrets, hashes: licensing.hashes, index: licensing.index, clock: runtime.clock,
  });
};
