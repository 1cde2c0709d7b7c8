/** Where the credential with a given hash lives. Kept under the installation, since nobody's tenant is known before it is asked. */
import { INSTALLATION, type TenantId } from '../../domain/kernel/ids.ts';
import { Rejection } from '../../domain/kernel/rejection.ts';
import type { EventLog } from '../../application/kernel/ports.ts';
import type { ReadModelDefinition, ReadModelStore } from '../../application/kernel/read-models.ts';
import { createRecent } from '../../application/kernel/recent.ts';
import type { CredentialIndex } from '../../application/tenancy/ports.ts';
import type { CredentialCreated } from '../../domain/tenancy/credential.events.ts';
import type { Freshness } from '../kernel/freshness.ts';
import { defineProjection } from '../kernel/projection.ts';
import type { Reader } from '../kernel/reader.ts';

export type CredentialLocation = Readonly<{ tenant: TenantId; credentialId: string }>;

export const credentialIndexProjection = defineProjection<CredentialLocation, CredentialCreated>({
  name: 'tenancy_credential_index',
  version: 1,
  indexes: [],
  tenant: () => INSTALLATION,
  id: ({ data }) => data.secretHash,
  on: { CredentialCreated: (_document, { tenant, data }) => ({ tenant, credentialId: data.credentialId }) },
});

type Deps = Readonly<{
  readModels: ReadModelStore;
  log: Pick<EventLog, 'head'>;
  freshness: Pick<Freshness, 'until'>;
  reader: Pick<Reader, 'serving'>;
}>;

const KEPT = 10_000;

export const createCredentialIndex = ({ readModels, log, freshness, reader }: Deps): CredentialIndex => {
  // A hash never leads elsewhere: what was found once may be kept.
  const found = createRecent<string, CredentialLocation>(KEPT);

  const askIn = (definition: ReadModelDefinition, hash: string) => readModels.open<CredentialLocation>(INSTALLATION, definition).get(hash);

  /** An older version that still serves knows what was; the one that is being filled beside it knows what came since. */
  const ask = async (hash: string): Promise<CredentialLocation | undefined> => {
    const serving = reader.serving(credentialIndexProjection);
    const served = await askIn(serving, hash);
    const location = served ?? (serving.version === credentialIndexProjection.version ? undefined : await askIn(credentialIndexProjection, hash));
    if (location !== undefined) found.set(hash, location);
    return location;
  };

  /** Why the model does not know the log up to its head; undefined when it does. What is unknown then is unknown; before that nobody can tell. */
  const caughtUp = async (): Promise<Rejection | undefined> => {
    const head = await log.head();
    if (head === undefined) return undefined;
    try {
      await freshness.until(credentialIndexProjection.name, head);
      return undefined;
    } catch (error) {
      if (error instanceof Rejection && error.code === 'storage.behind') return error;
      throw error;
    }
  };

  return {
    find: async (hash) => {
      const known = found.get(hash) ?? (await ask(hash));
      if (known !== undefined) return known;
      const behind = await caughtUp();
      const location = await ask(hash);
      if (location === undefined && behind !== undefined) throw behind;
      return location;
    },
  };
};
