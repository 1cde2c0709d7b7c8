/** Brings a holder's certificate about: asked for, signed by its issuer, recorded; and finishes what another left half done. */
import { certifiedKeys, newestSerial, type CertifiedKeyCommand, type CertifiedKeys, type IssuedKey, type RequestedKey } from '../../domain/authorities/certified-key.ts';
import type { CertificateRequest } from '../../domain/authorities/certified-key.events.ts';
import { streamParts, type StreamId } from '../../domain/kernel/ids.ts';
import { createAggregate, type Outcome } from '../kernel/command-handler.ts';
import type { Cause, Clock, EventStore, Ids } from '../kernel/ports.ts';
import type { Place, Secrets } from '../kernel/sealing.ts';
import { createTurns } from '../kernel/turns.ts';
import type { CertifiedSigner, KeyAlgorithm, Pki, SigningKey } from './ports.ts';

export type HolderDeps = Readonly<{
  store: EventStore;
  secrets: Secrets;
  pki: Pki;
  clock: Clock;
  ids: Ids;
}>;

/** What a holder wants of a new certificate; `serial` is at hand because names may carry it. */
export type Wanted = Readonly<{
  stream: StreamId;
  algorithm: KeyAlgorithm;
  /** Undefined: self-signed. */
  issuer?: CertifiedSigner;
  describe: (serial: string) => Omit<CertificateRequest, 'serial' | 'publicKey'>;
  /** Whether a certificate of this request, issued or about to be, will do. */
  suits: (request: CertificateRequest, keys: CertifiedKeys) => boolean;
}>;

export interface Holders {
  load(stream: StreamId): Promise<CertifiedKeys>;
  execute(stream: StreamId, command: CertifiedKeyCommand, cause?: Cause): Promise<Outcome<CertifiedKeys, unknown>>;
  /** The holder's certificate that suits; made when there is none. */
  ensure(wanted: Wanted): Promise<IssuedKey>;
  /** The key unsealed, once; `above` is the issuer's chain. */
  open(stream: StreamId, issued: IssuedKey, above: readonly Uint8Array[]): Promise<CertifiedSigner>;
}

/** Lost races after which somebody else is not just ahead but something is wrong. */
const ROUNDS = 5;
const MAX_OPEN = 10_000;

const placeOf = (stream: StreamId, serial: string): Place => ({ tenant: streamParts(stream).tenant, place: `${stream}#privateKey.${serial}` });

const createOpenKeys = ({ secrets, pki }: HolderDeps) => {
  const opened = new Map<StreamId, Readonly<{ serial: string; signer: Promise<CertifiedSigner> }>>();
  const unseal = async (stream: StreamId, { request, privateKey }: RequestedKey): Promise<SigningKey> => {
    const pkcs8 = await secrets.open(placeOf(stream, request.serial), privateKey);
    const key = pki.importKey(pkcs8);
    pkcs8.fill(0);
    return key;
  };
  const signerOf = async (stream: StreamId, issued: IssuedKey, above: readonly Uint8Array[]): Promise<CertifiedSigner> => ({
    serial: issued.request.serial,
    chain: [Buffer.from(issued.certificate, 'base64'), ...above],
    key: await unseal(stream, issued),
  });
  const open: Holders['open'] = async (stream, issued, above) => {
    const { serial } = issued.request;
    const known = opened.get(stream);
    if (known?.serial === serial) return known.signer;
    const signer = signerOf(stream, issued, above);
    opened.set(stream, { serial, signer });
    if (opened.size > MAX_OPEN) opened.delete(opened.keys().next().value as StreamId);
    // What could not be unsealed now is tried again, not remembered.
    signer.catch(() => opened.delete(stream));
    return signer;
  };
  return { unseal, open };
};

export const createHolders = (deps: HolderDeps): Holders => {
  const { store, secrets, pki, clock, ids } = deps;
  const aggregate = createAggregate(store, certifiedKeys);
  const keysInTurn = createTurns();
  const { unseal, open } = createOpenKeys(deps);

  const system = (): Cause => ({ actor: { kind: 'system', id: 'authorities' }, correlation: ids.next() });
  const execute: Holders['execute'] = async (stream, command, cause = system()) => aggregate.execute(stream, command, cause);
  const load: Holders['load'] = async (stream) => (await aggregate.load(stream)).state;

  const ask = async ({ stream, algorithm, describe }: Wanted, replaces: string | null): Promise<void> => {
    // One key pair at a time: generation takes a thread of the pool that signatures need as well.
    const material = await keysInTurn('generate', async () => pki.generateKeys(algorithm));
    const serial = pki.newSerial();
    const privateKey = await secrets.seal(placeOf(stream, serial), material.privateKey);
    material.privateKey.fill(0);
    const request = { ...describe(serial), serial, publicKey: Buffer.from(material.publicKey).toString('base64') };
    await execute(stream, { type: 'RequestCertifiedKey', data: { replaces, request, privateKey, now: clock.now() } });
  };

  const issue = async ({ stream, issuer }: Wanted, pending: RequestedKey): Promise<void> => {
    const above = issuer?.chain[0];
    const key = issuer?.key ?? (await unseal(stream, pending));
    const certificate = await pki.certificate(pending.request, above === undefined ? { key } : { key, certificate: above });
    const { serial } = pending.request;
    await execute(stream, {
      type: 'IssueCertifiedKey',
      data: { serial, certificate: Buffer.from(certificate).toString('base64'), now: clock.now() },
    });
  };

  const ensure: Holders['ensure'] = async (wanted) => {
    for (let round = 1; round <= ROUNDS; round += 1) {
      const keys = await load(wanted.stream);
      const { pending, current } = keys;
      if (pending !== undefined && wanted.suits(pending.request, keys)) await issue(wanted, pending);
      else if (current !== undefined && wanted.suits(current.request, keys)) return current;
      else await ask(wanted, newestSerial(keys));
    }
    throw new Error(`no certificate could be settled on ${wanted.stream}`);
  };

  return { load, execute, ensure, open };
};
