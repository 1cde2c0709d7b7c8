/** Which keys are meant by a key id: the same id may stand for keys of several algorithms, and `default` for those of several services. */
import { KEY_ID, type KmsKeys } from '../../application/keys/kms-keys.ts';
import type { TenantId } from '../../domain/kernel/ids.ts';
import { reject, rejectFields } from '../../domain/kernel/rejection.ts';
import { SIGNATURE_ALGORITHMS, type SignatureAlgorithm } from '../../domain/keys/algorithms.ts';
import type { MadeKmsKey } from '../../domain/keys/kms-key.ts';
import type { Reader } from '../../projections/kernel/reader.ts';
import { kmsKeysProjection, type KmsKeyDocument } from '../../projections/keys/kms-keys.ts';
import { algorithmOf, type KmsAlgorithm } from '../kernel/kms-algorithms.ts';

/** What else was said of the key. */
type Named = Readonly<{ algorithm?: KmsAlgorithm | undefined; service?: string | undefined }>;

/** Both reject with `keys.key_not_found`. */
export interface KeyChoice {
  /** The one that is meant: without a service the one that all share, or else the only one there is. Rejects with `request.invalid` when that leaves several. */
  one(tenant: TenantId, keyId: string, named: Named): Promise<MadeKmsKey>;
  /** All that may be meant. */
  all(tenant: TenantId, keyId: string, named: Named): Promise<readonly MadeKmsKey[]>;
}

const TWO = 2;
/** Own default keys of this many services are shown at once; one service's are asked for by its name. */
const MOST = 1_000;

const algorithmsOf = ({ algorithm }: Named): readonly SignatureAlgorithm[] => (algorithm === undefined ? SIGNATURE_ALGORITHMS : [algorithmOf(algorithm)]);

const isDefined = <Value>(value: Value | undefined): value is Value => value !== undefined;

const refuseSeveral = (keys: readonly MadeKmsKey[]): never =>
  new Set(keys.map(({ name }) => name.algorithm)).size > 1
    ? rejectFields({ algorithm: 'is required: the key exists for several' })
    : rejectFields({ service: 'is required: several services have this key' });

export const createKeyChoice = ({ kmsKeys, reader }: Readonly<{ kmsKeys: Pick<KmsKeys, 'find'>; reader: Reader }>): KeyChoice => {
  const under = async (tenant: TenantId, keyId: string, named: Named): Promise<readonly MadeKmsKey[]> => {
    if (!KEY_ID.test(keyId)) return [];
    const found = await Promise.all(algorithmsOf(named).map((algorithm) => kmsKeys.find(tenant, { keyId, algorithm, service: named.service ?? null })));
    return found.filter(isDefined);
  };

  /** The services' own, too. */
  const listed = async (tenant: TenantId, keyId: string, named: Named, limit: number): Promise<readonly MadeKmsKey[]> => {
    const model = await reader.open<KmsKeyDocument>(tenant, kmsKeysProjection);
    const { items } = await model.page({ where: { keyId, algorithm: { in: [...algorithmsOf(named)] } }, limit });
    return (await Promise.all(items.map((name) => kmsKeys.find(tenant, name)))).filter(isDefined);
  };

  return {
    one: async (tenant, keyId, named) => {
      const direct = await under(tenant, keyId, named);
      const found = direct.length > 0 || named.service !== undefined ? direct : await listed(tenant, keyId, named, TWO);
      const [key] = found;
      if (key === undefined) return reject('keys.key_not_found');
      return found.length > 1 ? refuseSeveral(found) : key;
    },
    all: async (tenant, keyId, named) => {
      const found = named.service === undefined ? await listed(tenant, keyId, named, MOST) : await under(tenant, keyId, named);
      return found.length === 0 ? reject('keys.key_not_found') : found;
    },
  };
};
