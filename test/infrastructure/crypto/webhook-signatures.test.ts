/** What is sent is signed as Standard Webhooks 1.0 says: by its published vectors, and by its published library. */
import { expect } from 'chai';
import { createPublicKey, verify } from 'node:crypto';
import { Webhook } from 'standardwebhooks';
import { webhookSignatures } from '../../../infrastructure/crypto/webhook-signatures.ts';
import { systemClock } from '../../../infrastructure/runtime/clock.ts';
import { vector } from '../../support/vectors.ts';

type Vectors = Readonly<{
  known_answer: Readonly<{ secret: string; msg_id: string; timestamp: number; payload: string; expected: string }>;
  reject: readonly Readonly<{ case: string; signature?: string }>[];
}>;

const { known_answer: known, reject } = JSON.parse(vector('standard-webhooks/vectors.json').toString()) as Vectors;
const secretOf = (shown: string): Buffer => Buffer.from(shown.replace('whsec_', ''), 'base64');
const message = { id: known.msg_id, timestamp: known.timestamp, body: known.payload };

describe('webhook signatures', () => {
  it('are those of the published vector', () => {
    const header = webhookSignatures.sign([{ secret: secretOf(known.secret), seed: Buffer.alloc(32, 7) }], message);
    expect(header.split(' ')[0]).to.equal(known.expected);
    const refused = reject.flatMap(({ signature }) => signature ?? []);
    expect(refused.length).to.be.greaterThan(2);
    for (const signature of refused) expect(header).to.not.contain(signature);
  });

  it('verify by the published library, and no longer when anything is changed', () => {
    const keys = webhookSignatures.make();
    const shown = `whsec_${Buffer.from(keys.secret).toString('base64')}`;
    const timestamp = Math.floor(systemClock.now() / 1_000);
    const header = webhookSignatures.sign([keys], { id: 'msg_1', timestamp, body: '{"a":1}' });
    const headers = { 'webhook-id': 'msg_1', 'webhook-timestamp': String(timestamp), 'webhook-signature': header };
    const receiver = new Webhook(shown);
    expect(receiver.verify('{"a":1}', headers)).to.deep.equal({ a: 1 });
    expect(() => receiver.verify('{"a":2}', headers)).to.throw();
    expect(() => receiver.verify('{"a":1}', { ...headers, 'webhook-id': 'msg_2' })).to.throw();
    expect(() => new Webhook(`whsec_${Buffer.alloc(32, 1).toString('base64')}`).verify('{"a":1}', headers)).to.throw();
  });

  it('have an asymmetric half that anybody verifies with the public key', () => {
    const keys = webhookSignatures.make();
    const [, asymmetric = ''] = webhookSignatures.sign([keys], message).split(' ');
    expect(asymmetric).to.match(/^v1a,/);
    const key = createPublicKey({ key: { kty: 'OKP', crv: 'Ed25519', x: Buffer.from(keys.publicKey).toString('base64url') }, format: 'jwk' });
    const signed = Buffer.from(`${message.id}.${message.timestamp}.${message.body}`);
    expect(verify(null, signed, key, Buffer.from(asymmetric.slice(4), 'base64'))).to.equal(true);
    expect(verify(null, Buffer.concat([signed, Buffer.from(' ')]), key, Buffer.from(asymmetric.slice(4), 'base64'))).to.equal(false);
  });

  it('stand side by side while two generations sign, and the library takes either', () => {
    const [one, other] = [webhookSignatures.make(), webhookSignatures.make()];
    const timestamp = Math.floor(systemClock.now() / 1_000);
    const header = webhookSignatures.sign([one, other], { id: 'msg_1', timestamp, body: '{}' });
    expect(header.split(' ').map((each) => each.split(',')[0])).to.deep.equal(['v1', 'v1a', 'v1', 'v1a']);
    const headers = { 'webhook-id': 'msg_1', 'webhook-timestamp': String(timestamp), 'webhook-signature': header };
    for (const { secret } of [one, other]) expect(new Webhook(Buffer.from(secret).toString('base64')).verify('{}', headers)).to.deep.equal({});
  });

  it('are made with new keys each time, of 32 bytes', () => {
    const made = Array.from({ length: 20 }, () => webhookSignatures.make());
    expect(new Set(made.flatMap(({ secret, seed, publicKey }) => [secret, seed, publicKey].map((key) => Buffer.from(key).toString('hex')))).size).to.equal(60);
    for (const { secret, seed, publicKey } of made) expect([secret.length, seed.length, publicKey.length]).to.deep.equal([32, 32, 32]);
  });
});
