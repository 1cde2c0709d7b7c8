import { expect } from 'chai';
import type { EventFeed, EventLog } from '../../../application/kernel/ports.ts';
import type { Position, TenantId } from '../../../domain/kernel/ids.ts';
import { createFreshness } from '../../../projections/kernel/freshness-tracker.ts';
import { createLogWatch } from '../../../projections/kernel/log-watch.ts';
import { rejection } from '../../support/rejections.ts';
import { tallies } from '../../support/sample-projections.ts';
import { silentLogger } from '../../support/silent.ts';

const WRITTEN = '00000000000000000001' as Position;
const tenant = 'someone' as TenantId;

/** A log in which another process has written, and whose news are slow to come here. */
const slowLog = () => {
  const arrived = Promise.withResolvers<void>();
  const event = { type: 'Counted', tenant, position: WRITTEN };
  const pull: EventFeed['pull'] = async (after, _limit, signal) => {
    if (after === undefined) await arrived.promise;
    else await new Promise((resolve) => { signal.addEventListener('abort', resolve, { once: true }); });
    return { events: after === undefined ? [event as never] : [], scannedTo: WRITTEN };
  };
  const log = { feed: () => ({ pull }), head: async () => WRITTEN } as unknown as EventLog;
  return { log, arrive: arrived.resolve };
};

describe('what other processes write', () => {
  it('is waited for from the moment at which the log has it, though nothing of it has come here', async () => {
    const { log, arrive } = slowLog();
    const stop = new AbortController();
    const freshness = createFreshness(() => watch.upToNow());
    const watch = createLogWatch({ log, definitions: [tallies], logger: silentLogger, wrote: (owner, position) => freshness.wrote(owner, position) });
    const running = watch.run(undefined, stop.signal);
    let answered = false;
    const ask = async (): Promise<void> => {
      await freshness.settled(tallies.name, tenant);
      answered = true;
    };
    const asked = ask();
    await new Promise((resolve) => { setImmediate(resolve); });
    expect(answered).to.equal(false);
    arrive();
    await new Promise((resolve) => { setImmediate(resolve); });
    expect([answered, watch.concerned(tallies.name)]).to.deep.equal([false, WRITTEN]);
    freshness.reached(tallies.name, WRITTEN);
    await asked;
    stop.abort();
    await running;
  });

  it('is not waited for without a bound', async () => {
    const { log } = slowLog();
    const watch = createLogWatch({ log, definitions: [tallies], logger: silentLogger, wrote: () => undefined, timeoutMs: 20 });
    expect(await rejection(watch.upToNow())).to.deep.equal({ code: 'storage.behind', details: { retryAfter: 1 } });
  });
});
