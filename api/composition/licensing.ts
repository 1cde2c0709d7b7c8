/** Licences, wired. */
import type { Container } from 'inversify';
import { createLicences } from '../../application/licensing/create-licences.ts';
import { fingerprintHashes } from '../../infrastructure/crypto/fingerprint-hashes.ts';
import { createLicenceBook } from '../../projections/licensing/licence-book.ts';
import { createLicenceIndex } from '../../projections/licensing/licence-index.ts';
import { provide, provideValue } from './provide.ts';
import { licensing, runtime, storage } from './tokens.ts';

export const bindLicensing = (container: Container): void => {
  const { store, personalData, secrets, reader, readModels } = storage;
  provideValue(container, licensing.hashes, fingerprintHashes);
  provide(container, licensing.index, createLicenceIndex, { reader, readModels });
  provide(container, licensing.book, createLicenceBook, { reader, personalData });
  provide(container, licensing.licences, createLicences, {
    store, personalData, secrets, hashes: licensing.hashes, index: licensing.index, clock: runtime.clock,
  });
};
