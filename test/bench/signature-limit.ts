/**
 * What the machine can do at best, in a process of its own: the two signatures that an answer takes, RSA-3072 for the code and ECDSA P-256
 * for its timestamp, made by the thread pool and nothing else.
 */
import { generateKeyPairSync, type KeyObject, randomBytes, sign } from 'node:crypto';
import { rateOf } from './measure.ts';

export type Question = Readonly<{ ms: number }>;
export type Limit = Readonly<{ perSecond: number; processorMsPerPair: number }>;

/** Enough to keep the pool's threads busy, few enough to not compete. */
const AT_ONCE = 16;

const rsa = generateKeyPairSync('rsa', { modulusLength: 3072 }).privateKey;
const ec = generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey;
/** As long as the signed attributes are. */
const attributes = randomBytes(150);

const signed = (key: KeyObject): Promise<Buffer> =>
  new Promise((resolve, reject) => {
    sign('sha256', attributes, key, (error, signature) => (error === null ? resolve(signature) : reject(error)));
  });

const pair = async (): Promise<void> => {
  await signed(rsa);
  await signed(ec);
};

const measure = async (ms: number): Promise<Limit> => {
  const before = process.cpuUsage();
  const begin = performance.now();
  const perSecond = await rateOf(AT_ONCE, ms, pair);
  const pairs = (perSecond * (performance.now() - begin)) / 1_000;
  const { user, system } = process.cpuUsage(before);
  return { perSecond, processorMsPerPair: (user + system) / 1_000 / pairs };
};

process.on('message', ({ ms }: Question) => {
  void measure(ms).then((limit) => process.send?.(limit));
});
process.once('disconnect', () => process.exit(0));
