import type { KmsKeyCreated, KmsKeyRotated, KmsKeyVersionRetired } from '../../../domain/keys/kms-key.events.ts';
import { kmsKey, MOST_LIVE_VERSIONS, type CreateKmsKey, type KeyMaterial, type RetireKmsKeyVersion, type RotateKmsKey } from '../../../domain/keys/kms-key.ts';
import { specification } from '../../support/specification.ts';

const { given } = specification(kmsKey);
const AT = '2026-03-09T14:23:42.100Z';
const name = { keyId: 'releases', algorithm: 'ML-DSA-65', service: null } as const;

const material = (of: string): KeyMaterial => ({ kid: `kid-${of}`, publicKey: `public-${of}`, seed: { tenantKey: 1, box: `box-${of}` }, origin: 'generated', commandId: `command-${of}` });
const publicOnly: KeyMaterial = { ...material('foreign'), seed: null, origin: 'imported' };

const create = (of: KeyMaterial, more: object = {}): CreateKmsKey => ({ type: 'CreateKmsKey', data: { name, material: of, at: AT, ...more } });
const rotate = (of: string): RotateKmsKey => ({ type: 'RotateKmsKey', data: { material: material(of), at: AT } });
const retire = (version: number): RetireKmsKeyVersion => ({ type: 'RetireKmsKeyVersion', data: { version, at: AT } });

const created = (of: KeyMaterial = material('1')): KmsKeyCreated => ({ type: 'KmsKeyCreated', data: { ...name, ...of, version: 1, createdAt: AT } });
const rotated = (version: number): KmsKeyRotated => ({ type: 'KmsKeyRotated', data: { ...name, ...material(String(version)), version, rotatedAt: AT } });
const retired = (version: number, kid = `kid-${version}`): KmsKeyVersionRetired => ({ type: 'KmsKeyVersionRetired', data: { ...name, version, kid, retiredAt: AT } });

describe('domain: KMS key', () => {
  it('is created with its first version', () => given().when(create(material('1'))).then(created()));
  it('is created by the same command once', () => given().twice(create(material('1'))));
  it('is not created by another command', () => given(created()).when(create(material('2'))).rejected('keys.key_exists'));
  it('is there for whoever needs it and was not the first', () => given(created()).when(create(material('2'), { ifAbsent: true })).nothing());

  it('is rotated to another version', () => given(created(), rotated(2)).when(rotate('3')).then(rotated(3)));
  it('is rotated by the same command once', () => given(created()).twice(rotate('2')));
  it('counts on past versions that are retired', () => given(created(), rotated(2), retired(1)).when(rotate('3')).then(rotated(3)));
  it('is not rotated where there is none', () => given().when(rotate('2')).rejected('keys.key_not_found'));
  it('is not rotated where its private key is elsewhere', () => given(created(publicOnly)).when(rotate('2')).rejected('keys.public_only'));

  const full = [created(), ...Array.from({ length: MOST_LIVE_VERSIONS - 1 }, (_, index) => rotated(index + 2))];
  it('has a bounded number of versions that verify', () => given(...full).when(rotate('more')).rejected('keys.too_many_versions', { limit: MOST_LIVE_VERSIONS }));
  it('has room for another when one is retired', () => given(...full, retired(1)).when(rotate(String(MOST_LIVE_VERSIONS + 1))).then(rotated(MOST_LIVE_VERSIONS + 1)));

  it('retires a version that signs no more', () => given(created(), rotated(2)).when(retire(1)).then(retired(1)));
  it('retires a version once', () => given(created(), rotated(2)).twice(retire(1)));
  it('keeps the version that signs', () => given(created(), rotated(2)).when(retire(2)).rejected('keys.version_signs'));
  it('retires the only version of a key that never signed', () => given(created(publicOnly)).when(retire(1)).then(retired(1, 'kid-foreign')));
  it('retires no version that never was', () => given(created()).when(retire(2)).rejected('keys.version_not_found'));
  it('retires nothing where there is no key', () => given().when(retire(1)).rejected('keys.key_not_found'));
});
