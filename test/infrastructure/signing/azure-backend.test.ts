/** The Azure backend against a server that follows the documented behaviour, faults included; and what must never be told. */
import { expect } from 'chai';
import { createHash, X509Certificate } from 'node:crypto';
import { open } from 'node:fs/promises';
import { writeFileSync } from 'node:fs';
import { inspect } from 'node:util';
import { toPem } from '../../../application/authorities/pem.ts';
import { verifyAuthenticode } from '../../../infrastructure/pki/authenticode-verify.ts';
import { bufferSource } from '../../../infrastructure/pki/byte-source.ts';
import { peDigest } from '../../../infrastructure/pki/pe-digest.ts';
import { readPe } from '../../../infrastructure/pki/pe-file.ts';
import { embedSignature } from '../../../infrastructure/pki/pe-signature.ts';
import { createTimestampAuthority } from '../../../infrastructure/pki/timestamp-authority.ts';
import { systemClock } from '../../../infrastructure/runtime/clock.ts';
import { createLogger } from '../../../infrastructure/runtime/logger.ts';
import { createAzureSigningBackend, type AzureBackendDeps } from '../../../infrastructure/signing/azure-backend.ts';
import { pauseOf } from '../../../infrastructure/signing/azure-http.ts';
import { Rejection } from '../../../domain/kernel/rejection.ts';
import { ACME, turnedClock } from '../../support/authorities.ts';
import { asSigningCertificate, echo, json, signDigest, startAzure, type AzureServer, type Fault } from '../../support/azure.ts';
import { requireTool } from '../../support/pending.ts';
import { runTool } from '../../support/run-tool.ts';
import { certified, signerFamily, type SignerFamily } from '../../support/signers.ts';
import { temporaryDirectory } from '../../support/temporary-directory.ts';
import { vector } from '../../support/vectors.ts';

const DIGEST = createHash('sha256').update('a file').digest();
const DAY = 86_400_000;

/** Waits take no time, and are written down. */
const turnedTiming = () => {
  const pauses: number[] = [];
  let now = 0;
  return {
    pauses,
    skip: (milliseconds: number): void => void (now += milliseconds),
    now: () => now,
    pause: async (milliseconds: number): Promise<void> => {
      pauses.push(milliseconds);
      now += milliseconds;
    },
  };
};

describe('signing: Azure backend', function suite() {
  this.timeout(30_000);
  let family: SignerFamily;
  let azure: AzureServer;
  let timing: ReturnType<typeof turnedTiming>;
  /** All that was said in a test, in logs and errors. */
  const said: string[] = [];

  before(async () => {
    family = await signerFamily(systemClock.now());
    azure = await startAzure(family.leaf);
  });
  after(() => azure.close());
  beforeEach(() => {
    azure.reset(family.leaf);
    timing = turnedTiming();
    said.length = 0;
  });
  afterEach('no secret in any log or error', () => {
    for (const secret of azure.secrets) expect(said.join('\n')).to.not.contain(secret);
  });

  const log = createLogger({ level: 'debug', destination: { write: (line) => void said.push(line) } });
  const bare = { warn: (fields: object, message: string): void => { said.push(inspect(fields, { depth: null }), message); log.warn(fields, message); } };
  const backend = (over: Partial<AzureBackendDeps> = {}) =>
    createAzureSigningBackend({ settings: azure.settings, timestamps: createTimestampAuthority({ signer: family.tsa, clock: systemClock }), log: bare, timing, ...over });
  const places = () => azure.calls.map(({ at }) => at);
  /** The rejection of a signature, with all that can be read off it kept for the canary. */
  const refusal = async (over: Partial<AzureBackendDeps> = {}): Promise<Rejection> => {
    const outcome = await backend(over).sign(ACME, DIGEST, 'pe').catch((error: unknown) => error);
    if (!(outcome instanceof Rejection)) throw new Error(`not rejected: ${inspect(outcome)}`);
    said.push(inspect(outcome, { depth: null, showHidden: true }), outcome.stack ?? '', JSON.stringify(outcome));
    expect(said.some((line) => line.includes('no signature from Azure')), 'the operator is told').to.equal(true);
    return outcome;
  };

  for (const kind of ['pe', 'msi', 'powershell', 'cab'] as const) {
    it(`signs the digest of a ${kind} file with the certificate of the answer`, async () => {
      const signed = await backend().sign(ACME, DIGEST, kind);
      const verified = verifyAuthenticode(signed.pkcs7, family);
      expect([verified.kind, verified.digest.equals(DIGEST)]).to.deep.equal([kind, true]);
      expect(verified.genTime.toISOString().replace('.000Z', 'Z')).to.equal(signed.timestamp);
      expect(signed.certificateChain.map((der) => Buffer.from(der).toString('hex'))).to.deep.equal(family.leaf.chain.map((der) => Buffer.from(der).toString('hex')));
      expect(signed.certificateSerial).to.equal(family.leaf.serial);
      expect(places()).to.deep.equal(['token', 'submit', 'poll', 'poll']);
    });
  }

  it('makes an executable that osslsigncode verifies', async function judged() {
    requireTool(this, 'osslsigncode', 'Debian package osslsigncode');
    const directory = temporaryDirectory();
    try {
      const program = vector('authenticode/wineyes.exe');
      const digest = await peDigest(bufferSource(program), await readPe(bufferSource(program)));
      const path = `${directory.path}/signed.exe`;
      const root = `${directory.path}/root.pem`;
      writeFileSync(path, program);
      writeFileSync(root, toPem('CERTIFICATE', family.root.chain[0] ?? DIGEST));
      {
        await using file = await open(path, 'r+');
        await embedSignature(file, (await backend().sign(ACME, digest, 'pe')).pkcs7);
      }
      const verdict = await runTool('osslsigncode', 'verify', '-in', path, '-CAfile', root, '-TSA-CAfile', root);
      expect(verdict.code, verdict.said).to.equal(0);
      expect(verdict.said).to.contain('Signature verification: ok').and.contain('Timestamp Server Signature verification: ok');
    } finally {
      directory.remove();
    }
  });

  it('uses the certificate of each answer, whatever the one before had', async () => {
    const tomorrow = await certified('code_signing', systemClock.now(), family.issuing);
    const signing = backend();
    const first = await signing.sign(ACME, DIGEST, 'pe');
    azure.signer = tomorrow;
    const second = await signing.sign(ACME, DIGEST, 'pe');
    expect([first.certificateSerial, second.certificateSerial]).to.deep.equal([family.leaf.serial, tomorrow.serial]);
    expect(verifyAuthenticode(second.pkcs7, family).signer.raw.equals(tomorrow.chain[0] ?? DIGEST)).to.equal(true);
    expect(places().filter((at) => at === 'token'), 'one token for both').to.have.length(1);
  });

  for (const pending of ['InProgress', 'Running', 'NotStarted']) {
    it(`asks again, less and less often, while the operation is ${pending}`, async () => {
      Object.assign(azure, { polls: 6, pending });
      await backend().sign(ACME, DIGEST, 'pe');
      expect(timing.pauses).to.deep.equal([100, 200, 400, 800, 1_000, 1_000, 1_000]);
    });
  }

  it('takes a signature that comes with the submission, and one that stands in a result', async () => {
    const answer = (digest: string) => ({ signature: signDigest(family.leaf, Buffer.from(digest, 'base64')).toString('base64'), signingCertificate: asSigningCertificate(family.leaf.chain) });
    azure.faults.submit.push((reply, { body }) => json(reply, 200, { id: 'op', status: 'Succeeded', result: answer((JSON.parse(body) as { digest: string }).digest) }));
    const { pkcs7 } = await backend().sign(ACME, DIGEST, 'pe');
    verifyAuthenticode(pkcs7, family);
    expect(places()).to.deep.equal(['token', 'submit']);
  });

  it('waits for the next poll as long as the service says', async () => {
    azure.faults.poll.push((reply) => json(reply, 200, { status: 'Running' }, { 'retry-after': '2' }));
    await backend().sign(ACME, DIGEST, 'pe');
    expect(timing.pauses).to.deep.equal([100, 2_000, 400]);
  });

  it('never polls faster than by itself, though the service says so', async () => {
    azure.faults.poll.push(...Array.from({ length: 3 }, (): Fault => (reply) => json(reply, 200, { status: 'Running' }, { 'retry-after': '0' })));
    await backend().sign(ACME, DIGEST, 'pe');
    expect(timing.pauses.slice(0, 4)).to.deep.equal([100, 200, 400, 800]);
  });

  it('gives up on an operation that does not end, within the time it has', async () => {
    azure.polls = Number.MAX_SAFE_INTEGER;
    const { code, details } = await refusal();
    expect([code, details['azure']]).to.deep.equal(['signing.backend_transient', 'there was no answer in time']);
    expect(timing.now()).to.be.within(28_000, 30_000);
  });

  const ends: readonly (readonly [state: string, code: string])[] = [['Failed', 'failed'], ['Canceled', 'failed'], ['TimedOut', 'transient'], ['NotFound', 'transient'], ['Levitating', 'failed']];
  for (const [state, code] of ends) {
    it(`takes ${state} for the end`, async () => {
      azure.faults.poll.push((reply) => json(reply, 200, { status: state }));
      expect((await refusal()).code).to.equal(`signing.backend_${code}`);
      expect(places()).to.deep.equal(['token', 'submit', 'poll']);
    });
  }

  it('takes an operation that is gone for one to be tried again', async () => {
    azure.faults.poll.push((reply) => void reply.writeHead(404).end());
    expect((await refusal()).code).to.equal('signing.backend_transient');
  });

  describe('token', () => {
    it('is fetched once for all who need one', async () => {
      const signing = backend();
      await Promise.all(Array.from({ length: 8 }, async () => signing.sign(ACME, DIGEST, 'pe')));
      expect(places().filter((at) => at === 'token')).to.have.length(1);
    });

    it('is fetched anew shortly before it ends', async () => {
      const signing = backend();
      const tokens = async (): Promise<number> => {
        await signing.sign(ACME, DIGEST, 'pe');
        return places().filter((at) => at === 'token').length;
      };
      expect(await tokens()).to.equal(1);
      timing.skip(3_290_000);
      expect(await tokens()).to.equal(1);
      timing.skip(10_000);
      expect(await tokens()).to.equal(2);
    });

    it('is fetched anew when it is not accepted, once', async () => {
      const signing = backend();
      await signing.sign(ACME, DIGEST, 'pe');
      azure.revokeTokens();
      azure.calls.length = 0;
      await signing.sign(ACME, DIGEST, 'pe');
      expect(places()).to.deep.equal(['submit', 'token', 'submit', 'poll', 'poll']);
    });

    it('that is refused twice is a credential that is not ready', async () => {
      azure.faults.submit.push(echo(401), echo(401));
      const { code, details } = await refusal();
      expect([code, details['retryAfter']]).to.deep.equal(['signing.backend_provisioning', 3]);
      expect(places()).to.deep.equal(['token', 'submit', 'token', 'submit']);
    });

    it('that is not to be had is a credential that is not ready, in codes and no words', async () => {
      const { code, details } = await refusal({ settings: { ...azure.settings, clientSecret: `${azure.settings.clientSecret}-old` } });
      expect(code).to.equal('signing.backend_provisioning');
      expect(details).to.deep.equal({ azure: 'the token service answered 401 (invalid_client, AADSTS7000215)', retryAfter: 3 });
    });

    const bad: readonly (readonly [string, Fault])[] = [
      ['a page', (reply) => void reply.writeHead(200, { 'content-type': 'text/html' }).end('<html>')],
      ['no token', (reply) => json(reply, 200, { token_type: 'Bearer', expires_in: 10 })],
      ['a token that would break a header', (reply) => json(reply, 200, { token_type: 'Bearer', expires_in: 10, access_token: 'a\r\nb' })],
      ['a token of another type', (reply) => json(reply, 200, { token_type: 'pop', expires_in: 10, access_token: 'a' })],
      ['a token that has ended', (reply) => json(reply, 200, { token_type: 'Bearer', expires_in: 0, access_token: 'a' })],
      ['a redirect', (reply) => void reply.writeHead(307, { location: 'http://127.0.0.1:1/elsewhere' }).end()],
    ];
    for (const [what, fault] of bad) {
      it(`is not taken from ${what}`, async () => {
        azure.faults.token.push(fault);
        expect((await refusal()).code).to.equal('signing.backend_failed');
        expect(places()).to.deep.equal(['token']);
      });
    }

    it('is waited for no longer than the time allows', async () => {
      azure.faults.token.push(() => undefined);
      expect((await refusal({ totalMs: 40 })).code).to.equal('signing.backend_transient');
    });
  });

  describe('faults', () => {
    it('403 is a credential that may not sign yet', async () => {
      azure.faults.submit.push((reply) => void reply.writeHead(403).end());
      const { code, details } = await refusal();
      expect([code, details]).to.deep.equal(['signing.backend_provisioning', { azure: 'the signing service answered 403', retryAfter: 3 }]);
    });

    it('429 is tried again when the service says', async () => {
      azure.faults.submit.push(echo(429, { 'retry-after': '7' }));
      await backend().sign(ACME, DIGEST, 'pe');
      expect(timing.pauses[0]).to.equal(7_000);
    });

    it('a time to try again may be a date, by the clock of the service', async () => {
      azure.faults.submit.push(echo(503, { date: 'Mon, 09 Mar 2026 14:00:00 GMT', 'retry-after': 'Mon, 09 Mar 2026 14:00:05 GMT' }));
      await backend().sign(ACME, DIGEST, 'pe');
      expect(timing.pauses[0]).to.equal(5_000);
    });

    it('a time to try again that is too far away is left to the client', async () => {
      azure.faults.submit.push(echo(429, { 'retry-after': '120' }));
      const { code, details } = await refusal();
      expect([code, details['retryAfter'], timing.pauses]).to.deep.equal(['signing.backend_transient', 120, []]);
    });

    it('a time to try again of nothing does not make it faster than by itself', async () => {
      azure.faults.submit.push(echo(503, { 'retry-after': '0' }), echo(503, { 'retry-after': '0' }));
      await backend().sign(ACME, DIGEST, 'pe');
      // Its own pauses are drawn by lot, and may be short; none of them is what it was told.
      expect(Math.min(...timing.pauses.slice(0, 2))).to.be.greaterThan(0);
      expect([pauseOf(250, 0), pauseOf(250, undefined), pauseOf(250, 900)]).to.deep.equal([250, 250, 900]);
    });

    it('a client is sent away for an hour at most', async () => {
      azure.faults.submit.push(echo(429, { 'retry-after': '999999' }));
      expect((await refusal()).details['retryAfter']).to.equal(3_600);
    });

    for (const at of ['token', 'submit', 'poll'] as const) {
      for (const [what, fault] of [['500', echo(500)], ['408', echo(408)], ['a cut connection', ((reply) => void reply.destroy()) as Fault]] as const) {
        it(`${what} twice at ${at}, and then it works`, async () => {
          azure.faults[at].push(fault, fault);
          verifyAuthenticode((await backend().sign(ACME, DIGEST, 'pe')).pkcs7, family);
          expect(places().filter((place) => place === at).length).to.be.greaterThan(2);
        });
      }
      it(`500 at ${at} that stays is given up as something that may pass`, async () => {
        azure.faults[at].push(...Array.from({ length: 4 }, () => echo(500)));
        expect((await refusal()).code).to.equal('signing.backend_transient');
        expect(places().filter((place) => place === at)).to.have.length(4);
      });
    }

    it('a service that does not answer is given up after a few tries', async () => {
      azure.faults.submit.push(...Array.from({ length: 4 }, (): Fault => () => undefined));
      const { code, details } = await refusal({ timeoutMs: 40 });
      expect([code, details['azure']]).to.deep.equal(['signing.backend_transient', 'the service could not be reached']);
      expect(places()).to.deep.equal(['token', 'submit', 'submit', 'submit', 'submit']);
    });

    it('a service that is not there is given up', async () => {
      expect((await refusal({ settings: { ...azure.settings, authority: 'http://127.0.0.1:1' } })).code).to.equal('signing.backend_transient');
    });

    const bad: readonly (readonly [string, Fault])[] = [
      ['400', echo(400)], ['404', echo(404)],
      ['half a JSON', (reply) => void reply.writeHead(202, { 'content-type': 'application/json' }).end('{"operationId": "plain-words-')],
      ['a list', (reply) => json(reply, 202, [])],
      ['no operation', (reply) => json(reply, 202, {})],
      ['an operation that leads elsewhere', (reply) => json(reply, 202, { operationId: '../../other' })],
      ['a redirect', (reply) => void reply.writeHead(307, { location: `http://127.0.0.1:1/elsewhere` }).end()],
    ];
    for (const [what, fault] of bad) {
      it(`${what} for an answer is final`, async () => {
        azure.faults.submit.push(fault);
        expect((await refusal()).code).to.equal('signing.backend_failed');
        expect(places()).to.deep.equal(['token', 'submit']);
      });
    }

    it('an endless answer is not read to its end', async () => {
      azure.faults.submit.push((reply) => json(reply, 202, { operationId: 'operation', more: 'x'.repeat(300_000) }));
      const { code, details } = await refusal();
      expect([code, details['azure']]).to.deep.equal(['signing.backend_failed', 'the answer is too long']);
    });

    it('a signature that does not fit its certificate is no signature', async () => {
      const another = await certified('code_signing', systemClock.now(), family.issuing);
      azure.finished = (answer, digest) => ({ ...answer, signature: signDigest(another, digest).toString('base64') });
      const { code, details } = await refusal();
      expect([code, details['azure']]).to.deep.equal(['signing.backend_failed', 'the signature is by none of the certificates that came with it']);
    });

    it('no timestamp, no signature', async () => {
      const timestamps = { stamp: async () => Promise.reject(new Rejection('signing.backend_transient', { timestamp: 'gone' })) };
      expect((await refusal({ timestamps })).code).to.equal('signing.backend_transient');
    });

    it('a timestamp from after the end of the certificate makes no signature', async () => {
      const late = createTimestampAuthority({ signer: family.tsa, clock: turnedClock(systemClock.now() + 40 * DAY) });
      expect((await refusal({ timestamps: late })).details).to.deep.equal({ azure: 'a certificate was not valid at the time of the timestamp' });
    });

    it('never tells the answers of the service, nor what it was sent', async () => {
      for (const at of ['token', 'submit', 'poll'] as const) {
        for (const status of [200, 302, 400, 401, 403, 404]) {
          azure.faults[at].push(echo(status), echo(status));
          await refusal();
          azure.reset(family.leaf);
        }
      }
      expect(said.length).to.be.greaterThan(36);
    });
  });

  it('leaves a root out of the message, and has it in the chain', async () => {
    const { pkcs7, certificateChain } = await backend().sign(ACME, DIGEST, 'pe');
    const root = new X509Certificate(certificateChain.at(-1) ?? DIGEST);
    expect(root.subject).to.equal(root.issuer);
    expect(Buffer.from(pkcs7).includes(Buffer.from(family.leaf.chain[0] ?? DIGEST))).to.equal(true);
    expect(Buffer.from(pkcs7).indexOf(root.raw)).to.equal(-1);
  });
});
