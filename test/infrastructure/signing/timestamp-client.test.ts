/** The client of an outside timestamp authority, against answers good and bad. */
import { expect } from 'chai';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { sha256 } from '../../../infrastructure/pki/signed-data.ts';
import { createTimestampAuthority, timestampRejection, type TimestampAnswers } from '../../../infrastructure/pki/timestamp-authority.ts';
import { verifyTimestamp } from '../../../infrastructure/pki/timestamp-verify.ts';
import { writeTimestampRequest } from '../../../infrastructure/pki/timestamp-request.ts';
import { systemClock } from '../../../infrastructure/runtime/clock.ts';
import { createTimestampClient } from '../../../infrastructure/signing/timestamp-client.ts';
import { turnedClock } from '../../support/authorities.ts';
import { rejection } from '../../support/rejections.ts';
import { signerFamily, type SignerFamily } from '../../support/signers.ts';

const SIGNATURE = Buffer.from('a signature value');

type Handler = (request: Readonly<{ body: Buffer; message: IncomingMessage }>, reply: ServerResponse, attempt: number) => Promise<void> | void;

const send = (reply: ServerResponse, body: Uint8Array, type = 'application/timestamp-reply'): void => {
  reply.setHeader('content-type', type);
  reply.end(body);
};

describe('signing: client of an outside timestamp authority', function suite() {
  this.timeout(30_000);
  let family: SignerFamily;
  let authority: TimestampAnswers;
  let handler: Handler;
  let attempts = 0;
  let url = '';
  const seen: IncomingMessage[] = [];
  const server = createServer((message, reply) => {
    const chunks: Buffer[] = [];
    message.on('data', (chunk: Buffer) => chunks.push(chunk));
    message.on('end', () => {
      attempts += 1;
      seen.push(message);
      void handler({ body: Buffer.concat(chunks), message }, reply, attempts);
    });
  });
  const granted: Handler = async ({ body }, reply) => send(reply, await authority.respond(body));

  before(async () => {
    family = await signerFamily(systemClock.now());
    authority = createTimestampAuthority({ signer: family.tsa, clock: systemClock });
    await new Promise<void>((resolve) => void server.listen(0, '127.0.0.1', resolve));
    url = `http://127.0.0.1:${String((server.address() as AddressInfo).port)}/tsa`;
  });
  after(() => {
    server.closeAllConnections();
    server.close();
  });
  beforeEach(() => {
    attempts = 0;
    seen.length = 0;
  });

  const client = (over: object = {}) => createTimestampClient({ url, clock: systemClock, timeoutMs: 2_000, pauseMs: 1, ...over });

  it('brings a token that verifies', async () => {
    handler = granted;
    const { token, genTime } = await client().stamp(SIGNATURE);
    expect(verifyTimestamp(token, SIGNATURE, family.roots)).to.deep.equal(genTime);
    expect(seen[0]?.method).to.equal('POST');
    expect(seen[0]?.headers).to.include({ 'content-type': 'application/timestamp-query', accept: 'application/timestamp-reply' });
    expect(seen[0]?.headers.authorization).to.equal(undefined);
  });

  it('sends user information as basic authentication, not in the address', async () => {
    handler = granted;
    await client({ url: url.replace('//', '//user:p%40ss@') }).stamp(SIGNATURE);
    expect(seen[0]?.headers.authorization).to.equal(`Basic ${Buffer.from('user:p@ss').toString('base64')}`);
    expect(seen[0]?.url).to.equal('/tsa');
  });

  for (const status of [500, 503, 429, 408]) {
    it(`tries again after ${String(status)}`, async () => {
      handler = async (request, reply, attempt) => {
        if (attempt === 3) return granted(request, reply, attempt);
        reply.statusCode = status;
        reply.end();
      };
      await client().stamp(SIGNATURE);
      expect(attempts).to.equal(3);
    });
  }

  const transient: readonly (readonly [string, Handler, number])[] = [
    ['errors that stay', (_request, reply) => void reply.writeHead(502).end(), 3],
    ['connections cut off', (_request, reply) => void reply.destroy(), 3],
    ['answers cut off', (_request, reply) => { reply.writeHead(200, { 'content-type': 'application/timestamp-reply', 'content-length': '100' }); reply.write('x'); setImmediate(() => reply.destroy()); }, 3],
  ];
  for (const [what, answers, expected] of transient) {
    it(`gives up on ${what}, as something that may pass`, async () => {
      handler = answers;
      expect((await rejection(client().stamp(SIGNATURE))).code).to.equal('signing.backend_transient');
      expect(attempts).to.equal(expected);
    });
  }

  it('gives up on an authority that does not answer in time', async () => {
    handler = () => undefined;
    expect((await rejection(client({ timeoutMs: 50, attempts: 2 }).stamp(SIGNATURE))).code).to.equal('signing.backend_transient');
    expect(attempts).to.equal(2);
  });

  it('gives up on an authority that is not there', async () => {
    expect((await rejection(client({ url: 'http://127.0.0.1:1/' }).stamp(SIGNATURE))).code).to.equal('signing.backend_transient');
  });

  const failures: readonly (readonly [string, Handler, string])[] = [
    ['404', (_request, reply) => void reply.writeHead(404).end(), 'the authority answered 404'],
    ['a page instead of an answer', (_request, reply) => send(reply, Buffer.from('<html>'), 'text/html'), 'the answer is not a timestamp reply'],
    ['an endless answer', (_request, reply) => send(reply, Buffer.alloc(70_000)), 'the answer is too long'],
    ['rubbish', (_request, reply) => send(reply, Buffer.from('rubbish')), 'the answer does not verify'],
    ['a refusal', (_request, reply) => send(reply, timestampRejection('badAlg', 'no')), 'the authority refused (2)'],
    ['an answer to another question', async (_request, reply) => send(reply, await authority.respond(writeTimestampRequest(sha256(Buffer.from('other')), Buffer.of(1)))), 'the answer does not verify'],
    ['a replayed answer', async (_request, reply) => send(reply, await authority.respond(writeTimestampRequest(sha256(SIGNATURE), Buffer.of(7)))), 'the nonce is another'],
    ['an altered answer', async ({ body }, reply) => {
      const answer = await authority.respond(body);
      answer[answer.length - 1] = (answer.at(-1) ?? 0) ^ 1;
      send(reply, answer);
    }, 'the answer does not verify'],
    ['an answer by a certificate not made for it', async ({ body }, reply) =>
      send(reply, await createTimestampAuthority({ signer: family.leaf, clock: systemClock }).respond(body)), 'the answer does not verify'],
    ['an answer from a clock an hour ahead', async ({ body }, reply) =>
      send(reply, await createTimestampAuthority({ signer: family.tsa, clock: turnedClock(systemClock.now() + 3_600_000) }).respond(body)), "the authority's clock is too far from ours"],
  ];
  for (const [what, answers, why] of failures) {
    it(`refuses ${what}, at once`, async () => {
      handler = answers;
      const { code, details } = await rejection(client().stamp(SIGNATURE));
      expect(code).to.equal('signing.backend_failed');
      expect(details.timestamp).to.contain(why);
      expect(attempts).to.equal(1);
    });
  }

  it('follows no redirect', async () => {
    handler = (_request, reply) => void reply.writeHead(307, { location: 'http://127.0.0.1:1/elsewhere' }).end();
    expect((await rejection(client().stamp(SIGNATURE))).details).to.deep.equal({ timestamp: 'the authority answered 307' });
    expect(seen.every((message) => message.url === '/tsa')).to.equal(true);
  });
});
