/** Code signing with the tenant's own certificate under the installation's issuing CA. */
import type { Authorities } from '../../application/authorities/authorities.ts';
import type { CertifiedSigner } from '../../application/authorities/ports.ts';
import type { SigningBackend, TimestampAuthority } from '../../application/signing/ports.ts';
import { signAuthenticode } from '../pki/authenticode.ts';
import { createCmsSigner, type CmsSigner } from '../pki/signed-data.ts';

export type LocalBackendDeps = Readonly<{ authorities: Pick<Authorities, 'leafFor'>; timestamps: TimestampAuthority }>;

export const createLocalSigningBackend = ({ authorities, timestamps }: LocalBackendDeps): SigningBackend => {
  // What depends on the certificate alone is encoded once; it goes when the certificate does.
  const prepared = new WeakMap<CertifiedSigner, CmsSigner>();
  const prepare = (leaf: CertifiedSigner): CmsSigner => {
    const known = prepared.get(leaf);
    if (known !== undefined) return known;
    const signer = createCmsSigner(leaf);
    prepared.set(leaf, signer);
    return signer;
  };
  return {
    sign: async (tenant, digest, kind) => {
      const leaf = await authorities.leafFor(tenant);
      const { pkcs7, genTime } = await signAuthenticode(prepare(leaf), timestamps, { kind, digest });
      return {
        pkcs7,
        certificateChain: leaf.chain,
        certificateSerial: leaf.serial,
        timestamp: genTime.toISOString().replace('.000Z', 'Z'),
      };
    },
  };
};
