/** What the machine can do at best, in a process of its own: ML-DSA-65 signatures by the thread pool, and nothing else. */
import { generateKeyPairSync, randomBytes, sign } from 'node:crypto';
import { rateOf } from './measure.ts';

export type Question = Readonly<{ ms: number }>;
export type Limit = Readonly<{ perSecond: number; processorMsPerSignature: number }>;

/** Enough to keep the pool's threads busy, few enough to not compete. */
const AT_ONCE = 16;

const { privateKey } = generateKeyPairSync('ml-dsa-65');
const data = randomBytes(32);

const signature = (): Promise<Buffer> =>
  new Promise((resolve, reject) => {
    sign(null, data, privateKey, (error, signed) => (error === null ? resolve(signed) : reject(error)));
  });

const measure = async (ms: number): Promise<Limit> => {
  const before = process.cpuUsage();
  const begin = performance.now();
  const perSecond = await rateOf(AT_ONCE, ms, signature);
  const signatures = (perSecond * (performance.now() - begin)) / 1_000;
  const { user, system } = process.cpuUsage(before);
  return { perSecond, processorMsPerSignature: (user + system) / 1_000 / signatures };
};

process.on('message', ({ ms }: Question) => {
  void measure(ms).then((limit) => process.send?.(limit));
});
process.once('disconnect', () => process.exit(0));
