/** Offline licences and their keys, wired. */
import type { Container } from 'inversify';
import { createOfflineLicences } from '../../application/licensing/offline.ts';
import { createRevocationBundles } from '../../application/licensing/revocation-bundle.ts';
import { createLicenceSigningKeys } from '../../application/licensing/signing-keys.ts';
import { licenceDigests } from '../../infrastructure/crypto/licence-digests.ts';
import { createUpToHead } from '../../projections/licensing/up-to-head.ts';
import { provide, provideValue } from './provide.ts';
import { kms, licensing, offline, runtime, storage } from './tokens.ts';

export const bindOffline = (container: Container): void => {
  const { store, secrets, log, freshness } = storage;
  const { clock, ids, publicUrl: issuer } = runtime;
  const { keys, digests, upToHead, places } = offline;
  provideValue(container, digests, licenceDigests);
  provide(container, upToHead, createUpToHead, { log, freshness });
  provide(container, keys, createLicenceSigningKeys, { store, secrets, engine: kms.engine, digests: kms.digests, clock, ids });
  provide(container, offline.licences, createOfflineLicences, {
    store, secrets, hashes: licensing.hashes, keys, book: licensing.book, digests, upToHead, clock, issuer,
  });
  provide(container, offline.bundles, createRevocationBundles, { keys, book: licensing.book, places, digests, upToHead, clock, issuer });
};
