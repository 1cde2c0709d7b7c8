/** Verifies a signed PE file: the file's digest is the signed one, and everything above it holds. */
import { verifyAuthenticode, type TrustedRoots, type VerifiedAuthenticode } from './authenticode-verify.ts';
import type { ByteSource } from './byte-source.ts';
import { peDigest } from './pe-digest.ts';
import { PeFault, readPe } from './pe-file.ts';
import { readSignatures } from './pe-signature.ts';
import { SignatureFault } from './signed-data-verify.ts';

/** Throws `PeFault`, `DerError` or `SignatureFault` with what does not hold. */
export const verifyPe = async (source: ByteSource, trusted: TrustedRoots): Promise<VerifiedAuthenticode> => {
  const layout = await readPe(source);
  const [pkcs7, ...more] = await readSignatures(source, layout);
  if (pkcs7 === undefined) throw new PeFault('the file carries no signature');
  if (more.length > 0) throw new PeFault('the file carries more than one signature');
  const verified = verifyAuthenticode(pkcs7, trusted);
  if (verified.kind !== 'pe') throw new SignatureFault('the signature is for another kind of file');
  if (!verified.digest.equals(await peDigest(source, layout))) throw new SignatureFault('the file is not the one that was signed');
  return verified;
};
