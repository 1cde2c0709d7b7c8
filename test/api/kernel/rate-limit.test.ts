/** Rate limits as clients see them: exact, told in the headers, and true about when to come back. */
import { expect } from 'chai';
import { defineRoute } from '../../../api/kernel/route.ts';
import type { RateRule } from '../../../api/kernel/surface.ts';
import { ask, serve, testSurface, type Running, type TestPrincipal } from './support.ts';
import Type from 'typebox';

const LIMIT = 5;
const START = 1_750_000_000_400;

const rate = ({ actor }: TestPrincipal): RateRule => ({ key: actor.id, limit: LIMIT, windowMs: 60_000 });
const told = ({ headers }: { headers: Headers }): readonly (string | null)[] =>
  ['x-ratelimit-limit', 'x-ratelimit-remaining', 'x-ratelimit-reset', 'ratelimit-policy', 'ratelimit'].map((name) => headers.get(name));

describe('kernel: rate limits', () => {
  let running: Running;
  let now = START;
  const route = defineRoute<TestPrincipal, undefined, undefined, ReturnType<typeof Type.Object>>({
    method: 'POST', path: '/things', operationId: 'create', summary: 's', permission: 'write', body: Type.Object({ name: Type.String() }),
    replies: { 204: { description: 'done' } }, handle: async () => ({ status: 204 }),
  });
  before(async () => { running = await serve([testSurface([route], { rate })], { clock: { now: () => now } }); });
  after(() => running.close());
  beforeEach(() => { now += 120_000; });

  const post = (body: unknown = { name: 'x' }, as = 'all') => ask(running, 'POST', '/tiny/things', { body, as });

  it('accepts exactly the limit out of many at once', async () => {
    const answers = await Promise.all(Array.from({ length: 40 }, () => post()));
    expect(answers.filter(({ status }) => status === 204)).to.have.length(LIMIT);
    expect(answers.filter(({ status }) => status === 429)).to.have.length(40 - LIMIT);
  });

  it('tells what is left and until when, in both vocabularies', async () => {
    const reset = String(Math.ceil((now + 60_000) / 1000));
    expect(told(await post())).to.deep.equal(['5', '4', reset, '"default";q=5;w=60', '"default";r=4;t=60']);
    now += 29_500;
    expect(told(await post())).to.deep.equal(['5', '3', reset, '"default";q=5;w=60', '"default";r=3;t=31']);
  });

  it('is right about Retry-After: then it works, a second earlier it does not', async () => {
    for (let count = 0; count < LIMIT; count += 1) await post();
    now += 17_300;
    const refused = await post();
    expect([refused.status, refused.json.details.retryAfter, refused.headers.get('x-ratelimit-remaining')]).to.deep.equal([429, 43, '0']);
    const wait = Number(refused.headers.get('retry-after'));
    expect(wait).to.equal(43);
    now += (wait - 1) * 1000;
    expect((await post()).status).to.equal(429);
    now += 1000;
    expect((await post()).status).to.equal(204);
  });

  it('counts after identity and before input: bad input counts, strangers do not', async () => {
    expect(told(await post({}))[1]).to.equal('4');
    expect(told(await post({}, ''))[1]).to.equal(null);
    expect(told(await post())[1]).to.equal('3');
    expect(told(await post({ name: 'x' }, 'other'))[1]).to.equal('4');
  });
});
