import { X509Certificate } from 'node:crypto';
import { expect } from 'chai';
import { verifyAuthenticode } from '../../../infrastructure/pki/authenticode-verify.ts';
import { createBuiltInTimestamps } from '../../../infrastructure/signing/built-in-timestamps.ts';
import { createLocalSigningBackend } from '../../../infrastructure/signing/local-backend.ts';
import { createGround, type Ground } from '../../support/authorities.ts';
import { START, startProgram, type Program } from './program.ts';

describe('an answer of POST /sign-digest with the local backend', () => {
  let program: Program;
  let ground: Ground;

  before(async () => {
    program = await startProgram();
    ground = await createGround(START);
  });
  after(async () => {
    await program.close();
    await ground.close();
  });

  it('is an Authenticode signature over the digest, of the kind of file, that chains to the served root', async () => {
    const authorities = ground.start();
    await authorities.ensureInstallation();
    const backend = createLocalSigningBackend({ authorities, timestamps: createBuiltInTimestamps(authorities, ground.clock) });
    program.knobs.sign = (...given) => backend.sign(...given);
    const acme = await program.organization();
    const digest = 'n4bQgYhMfWWaL+qgxVrQFaO/TxsrC4Is0V1sFbDwCgg=';
    const root = new X509Certificate((await authorities.trustAnchors()).root.pem);

    for (const [fileName, kind] of [['MyApp.exe', 'pe'], ['setup.msi', 'msi'], ['build.ps1', 'powershell'], ['drivers.cab', 'cab']] as const) {
      const body = { digest, algorithm: 'sha256', file_name: fileName, file_size: 1, organization_slug: acme.slug };
      const { status, json, text } = await program.ask('POST', '/qwick-cert/api/v1/sign-digest', { as: (await program.key(acme)).secret, body });
      expect(status, text).to.equal(200);
      const { signature, certificate_chain: chain, timestamp } = json.data as { signature: string; certificate_chain: string[]; timestamp: string };
      const verified = verifyAuthenticode(Buffer.from(signature, 'base64'), { roots: [root] });
      expect([verified.kind, verified.digest.toString('base64')]).to.deep.equal([kind, digest]);
      expect(verified.genTime.toISOString()).to.equal(timestamp.replace('Z', '.000Z'));
      expect(chain).to.have.length(3);
      expect(chain[0]).to.equal(verified.signer.raw.toString('base64'));
      expect(chain[2]).to.equal(root.raw.toString('base64'));
    }
    await authorities.idle();
  });
});
