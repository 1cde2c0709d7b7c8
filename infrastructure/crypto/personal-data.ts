/**
 * Personal data under one key for each person. Subject keys are never cached: the vault is asked each time, so that a
 * destroyed key is gone everywhere at once.
 */
import { createHmac, type KeyObject } from 'node:crypto';
import type { Ids, KeyRecord, KeyVault } from '../../application/kernel/ports.ts';
import type { PersonalData, Place } from '../../application/kernel/sealing.ts';
import { normalizedAddress } from '../../application/tenancy/email.ts';
import type { SubjectId } from '../../domain/kernel/ids.ts';
import { Rejection } from '../../domain/kernel/rejection.ts';
import { open, seal, type Binding } from './aead.ts';
import { unwrapKey, wrapKey, type Keyring } from './keyring.ts';

const FORMAT = 1;
const INDEX_KEY = 'subject-index';

/** A keyed hash under which something is found without being stored: HMAC-SHA256, base64url. `purpose` keeps uses apart. */
export type BlindIndex = (purpose: string, value: string) => Promise<string>;

export const createBlindIndex = (keyring: Keyring): BlindIndex => async (purpose, value) =>
  createHmac('sha256', await keyring.installation(INDEX_KEY)).update(`${purpose}\0${value}`, 'utf8').digest('base64url');

const bindingOf = ({ tenant, place }: Place, record: KeyRecord): Binding => ({
  tenant,
  place,
  key: record.id,
  version: record.version,
});

export const createPersonalData = (deps: Readonly<{ vault: KeyVault; keyring: Keyring; ids: Ids; blindIndex: BlindIndex }>): PersonalData => {
  const { vault, keyring, ids, blindIndex } = deps;
  const lookup = (email: string): Promise<string> => blindIndex('subject', normalizedAddress(email));
  const keyIn = async (record: KeyRecord): Promise<KeyObject> =>
    unwrapKey(record, await keyring.version(record.tenant, record.wrappedBy));

  return {
    subject: async (tenant, email) => {
      const index = await lookup(email);
      const [known] = await vault.find(index, tenant);
      if (known !== undefined) return { id: known.id as SubjectId, newKeys: [] };
      const record = wrapKey({ id: ids.next(), tenant, kind: 'subject', version: 1, lookup: index }, await keyring.current(tenant));
      return { id: record.id as SubjectId, newKeys: [record] };
    },

    find: async (tenant, email) => (await vault.find(await lookup(email), tenant))[0]?.id as SubjectId | undefined,

    findEverywhere: async (email) =>
      (await vault.find(await lookup(email))).map(({ id, tenant }) => ({ tenant, subject: id as SubjectId })),

    seal: async (subject, place, plaintext) => {
      const record = subject.newKeys.find(({ id }) => id === subject.id) ?? (await vault.get(subject.id));
      // A key of another tenant would seal what its own tenant could never open.
      if (record === undefined || record.tenant !== place.tenant) throw new Rejection('kernel.subject_unknown');
      const box = seal(await keyIn(record), bindingOf(place, record), Buffer.from(plaintext, 'utf8'));
      return { subject: subject.id, box: Buffer.concat([Buffer.of(FORMAT), box]).toString('base64url') };
    },

    open: async (sealed, place) => {
      const record = await vault.get(sealed.subject);
      if (record === undefined) return undefined;
      const bytes = Buffer.from(sealed.box, 'base64url');
      if (bytes[0] !== FORMAT || record.tenant !== place.tenant) throw new Rejection('kernel.seal_broken');
      return open(await keyIn(record), bindingOf(place, record), bytes.subarray(1)).toString('utf8');
    },
  };
};
