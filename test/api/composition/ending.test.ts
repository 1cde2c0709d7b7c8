import { expect } from 'chai';
import { endAll } from '../../../api/composition/ending.ts';

const LONG_MS = 10_000;

const recorder = () => {
  const told: string[] = [];
  return { told, logger: { warn: (_fields: object, message: string) => void told.push(message) } };
};

describe('the ending', () => {
  it('goes from the last to the first, each when the one before it is over', async () => {
    const [order, { told, logger }]: [string[], ReturnType<typeof recorder>] = [[], recorder()];
    const named = (name: string) => async (): Promise<void> => {
      order.push(`${name} begins`);
      await new Promise((resolve) => { setImmediate(resolve); });
      order.push(`${name} ends`);
    };
    await endAll([named('engines'), named('workers')], LONG_MS, logger);
    expect(order).to.deep.equal(['workers begins', 'workers ends', 'engines begins', 'engines ends']);
    expect(told).to.deep.equal([]);
  });

  it('passes over what fails', async () => {
    const [order, { told, logger }]: [string[], ReturnType<typeof recorder>] = [[], recorder()];
    await endAll([async () => order.push('engines'), () => Promise.reject(new Error('away')), () => { throw new Error('at once'); }], LONG_MS, logger);
    expect(order).to.deep.equal(['engines']);
    expect(told).to.have.lengthOf(2);
  });

  it('leaves what is not over in time, and does not begin with the rest', async () => {
    const [order, { told, logger }]: [string[], ReturnType<typeof recorder>] = [[], recorder()];
    await endAll([async () => order.push('engines'), () => new Promise<never>(() => undefined), async () => order.push('workers')], 20, logger);
    expect(order).to.deep.equal(['workers']);
    expect(told).to.have.lengthOf(1).and.satisfy(([message]: string[]) => message?.includes('not everything has ended in time'));
  });
});
