/** Keys that are ready to sign and to verify, kept while they are in use: a seed is opened once, not for every signature. */
import type { TenantId } from '../../domain/kernel/ids.ts';
import type { LiveVersion } from '../../domain/keys/kms-key.ts';
import type { KmsKeyName } from '../../domain/keys/kms-key.events.ts';
import { reject } from '../../domain/kernel/rejection.ts';
import { createRecent } from '../kernel/recent.ts';
import type { Secrets } from '../kernel/sealing.ts';
import { seedPlace } from './kms-keys.ts';
import type { SignatureEngine, Signer, Verifier } from './ports.ts';

export interface OpenedKeys {
  /** Rejects with `keys.public_only` when the version has no private key. */
  signer(tenant: TenantId, name: KmsKeyName, version: LiveVersion): Promise<Signer>;
  verifier(name: KmsKeyName, version: LiveVersion): Promise<Verifier>;
}

const SIGNERS = 1_000;
const VERIFIERS = 2_000;

export const createOpenedKeys = ({ secrets, engine }: Readonly<{ secrets: Secrets; engine: SignatureEngine }>): OpenedKeys => {
  // By where the seed belongs, and by the thumbprint of the public key: neither ever stands for another key.
  const signers = createRecent<string, Signer>(SIGNERS);
  const verifiers = createRecent<string, Verifier>(VERIFIERS);

  return {
    signer: async (tenant, name, { kid, seed }) => {
      if (seed === null) return reject('keys.public_only');
      const at = seedPlace(tenant, name, kid);
      const known = signers.get(at.place);
      if (known !== undefined) return known;
      const signer = await engine.signer(name.algorithm, await secrets.open(at, seed));
      signers.set(at.place, signer);
      return signer;
    },
    verifier: async (name, { kid, publicKey }) => {
      const known = verifiers.get(kid);
      if (known !== undefined) return known;
      const verifier = await engine.verifier(name.algorithm, Buffer.from(publicKey, 'base64url'));
      verifiers.set(kid, verifier);
      return verifier;
    },
  };
};
