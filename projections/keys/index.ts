/** The read models of keys, all in one list. */
import { kmsKeysProjection } from './kms-keys.ts';
import { publishedKeysProjection } from './published-keys.ts';

export const keysProjections = [kmsKeysProjection, publishedKeysProjection] as const;
