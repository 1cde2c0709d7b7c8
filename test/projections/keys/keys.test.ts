import { expect } from 'chai';
import { INSTALLATION } from '../../../domain/kernel/ids.ts';
import type { KmsKeyEvent } from '../../../domain/keys/kms-key.events.ts';
import { kmsKeysProjection, type KmsKeyDocument } from '../../../projections/keys/kms-keys.ts';
import { publishedKeysProjection, type PublishedKey } from '../../../projections/keys/published-keys.ts';

const at = (hour: number): string => `2026-03-09T${hour}:00:00.000Z`;
const name = { keyId: 'default', algorithm: 'Ed25519', service: 'billing' } as const;
const version = (number: number, seed: boolean) => ({
  ...name, version: number, kid: `kid-${number}`, publicKey: `x-${number}`, seed: seed ? { tenantKey: 1, box: 'canary' } : null, origin: seed ? 'generated' : 'imported', commandId: `c-${number}`,
} as const);
const created: KmsKeyEvent = { type: 'KmsKeyCreated', data: { ...version(1, true), createdAt: at(10) } };
const rotated: KmsKeyEvent = { type: 'KmsKeyRotated', data: { ...version(2, true), rotatedAt: at(11) } };
const retired: KmsKeyEvent = { type: 'KmsKeyVersionRetired', data: { ...name, version: 1, kid: 'kid-1', retiredAt: at(12) } };
const foreign: KmsKeyEvent = { type: 'KmsKeyCreated', data: { ...version(1, false), createdAt: at(10) } };

const idOf = (event: KmsKeyEvent, stream: string) => publishedKeysProjection.id({ ...event, stream } as never);

type Handlers<Document> = Readonly<Record<string, (document: Document | undefined, recorded: object) => Document | undefined>>;
const folding = <Document>(on: object) => (...events: readonly KmsKeyEvent[]): Document | undefined =>
  events.reduce<Document | undefined>((document, event) => (on as Handlers<Document>)[event.type]?.(document, event), undefined);

describe('projection keys_kms_keys', () => {
  const given = folding<KmsKeyDocument>(kmsKeysProjection.on);
  const first = { version: 1, kid: 'kid-1', origin: 'generated', signs: true, createdAt: at(10), retiredAt: null } as const;
  const second = { ...first, version: 2, kid: 'kid-2', createdAt: at(11) } as const;
  const key = { reference: 'default@billing:Ed25519', ...name, createdAt: at(10) };

  it('shows a key with its version, and nothing of its seed', () => {
    expect(given(created)).to.deep.equal({ ...key, versions: [first] });
    expect(JSON.stringify(given(created, rotated))).not.to.include('canary');
  });
  it('shows the newest version first', () => expect(given(created, rotated)).to.deep.equal({ ...key, versions: [second, first] }));
  it('shows what is retired', () => expect(given(created, rotated, retired)).to.deep.equal({ ...key, versions: [second, { ...first, retiredAt: at(12) }] }));
  it('never rejects a fact', () => {
    for (const event of [rotated, retired]) expect(given(event)).to.equal(undefined);
  });
  it('each event twice is the same', () => {
    const history = [created, rotated, retired];
    expect(given(...history.flatMap((event) => [event, event]))).to.deep.equal(given(...history));
  });
});

describe('projection keys_published_keys', () => {
  const given = folding<PublishedKey>(publishedKeysProjection.on);
  const jwk = { kty: 'OKP', crv: 'Ed25519', alg: 'Ed25519', x: 'x-1', kid: 'kid-1', use: 'sig', purpose: 'kms' };

  it('publishes what signs, under the installation', () => {
    expect(given(created)).to.deep.equal({ jwk });
    expect(publishedKeysProjection.tenant?.(created as never)).to.equal(INSTALLATION);
  });
  it('publishes no key that signs elsewhere', () => expect(given(foreign)).to.equal(undefined));
  it('takes back what is retired', () => expect(given(created, retired)).to.equal(undefined));
  it('has a document for each place in which a key is kept', () => {
    expect(new Set([idOf(created, 'one'), idOf(created, 'two'), idOf(rotated, 'one')]).size).to.equal(3);
    expect(idOf(retired, 'one')).to.equal(idOf(created, 'one'));
  });
});
