/** Endpoints, replays and sinks that a move finds in the log and that nobody has begun with. */
import { expect } from 'chai';
import { readFileSync } from 'node:fs';
import { LANES } from '../../../application/delivery/shelves.ts';
import { FOLLOWER_CHECKPOINTS } from '../../../application/kernel/follower.ts';
import type { Position, StreamId } from '../../../domain/kernel/ids.ts';
import { MOVED, withStarted } from '../../../infrastructure/moving/move-state.ts';
import type { MovedEvent } from '../../../infrastructure/moving/moved-event.ts';
import { runsOf } from '../../../infrastructure/moving/event-store-db-log.ts';
import { createStarted } from '../../../infrastructure/moving/started.ts';
import { toPosition } from '../../../infrastructure/runtime/positions.ts';
import { layers, sourceFiles } from '../../support/source-files.ts';

const event = (number: number, type: string, data: object, over: Partial<MovedEvent> = {}): MovedEvent => ({
  id: `e-${number}`, stream: 'delivery.webhooks-t-all' as StreamId, revision: number, position: toPosition(number), type, data: JSON.stringify(data), tenant: 't', time: 0, cause: '{}', salt: '', ...over,
});

const lane = { upTo: null, since: null, until: null, types: null };
const created = (number: number, webhookId: string, startAfter: string | null) => event(number, 'delivery.WebhookCreated.v2', { webhookId, startAfter, startTime: null });
const replay = (number: number, webhookId: string, replayId: string) =>
  event(number, 'delivery.WebhookReplayRequested.v1', { webhookId, replayId, after: toPosition(1), upTo: toPosition(2), since: null, until: null, types: ['a'] });

describe('moving a log: what was started and not begun with', () => {
  it('begins where its event says, as long as nobody has begun with it and it is there', () => {
    const { see, started } = createStarted({ webhooks: toPosition(10), sinks: undefined });
    for (const one of [
      created(9, 'begun', toPosition(3)), created(11, 'new', toPosition(4)), created(12, 'here', null), created(13, 'gone', toPosition(5)), replay(14, 'gone', 'r'),
      event(15, 'delivery.WebhookDeleted.v1', { webhookId: 'gone' }),
      replay(16, 'new', 'r-1'), replay(17, 'new', 'r-2'), replay(18, 'begun', 'r-3'), event(19, 'delivery.WebhookReplayFinished.v1', { webhookId: 'begun', replayId: 'r-3' }),
      event(20, 'delivery.SiemSinkCreated.v1', { sinkId: 's', startAfter: toPosition(6) }), event(21, 'delivery.SiemSinkCreated.v1', { sinkId: 'none', startAfter: null }),
      event(22, 'delivery.SiemSinkCreated.v1', { sinkId: 'gone', startAfter: toPosition(6) }), event(23, 'delivery.SiemSinkDeleted.v1', { sinkId: 'gone' }),
    ]) see(one);
    expect(Object.fromEntries(started.lanes)).to.deep.equal({
      't/new/main': { ...lane, place: toPosition(4) }, 't/new/r-2': { ...lane, place: toPosition(1), upTo: toPosition(2), types: ['a'] },
    });
    expect(Object.fromEntries(started.sinks)).to.deep.equal({ 'siem:t/s': toPosition(6) });
  });

  it('takes nothing of the place of what is in the state', () => {
    const { see, started } = createStarted({ webhooks: undefined, sinks: undefined });
    see(created(1, 'w', toPosition(9)));
    const there = JSON.stringify({ ...lane, place: toPosition(50) });
    const state = withStarted(new Map([[LANES, new Map([['t/w/main', there]])], [FOLLOWER_CHECKPOINTS, new Map([['relay', toPosition(1)]])]]), started);
    expect(state.get(LANES)?.get('t/w/main')).to.equal(there);
    expect(state.get(FOLLOWER_CHECKPOINTS)?.get('relay')).to.equal(toPosition(1));
  });
});

describe('moving a log: the state', () => {
  it('leaves out no checkpoint but those of the in-process bus', () => {
    const scopes = layers.flatMap((layer) => sourceFiles(layer)).flatMap((file) =>
      [...readFileSync(file, 'utf8').matchAll(/'(checkpoint:[a-z-]+)'/gu)].map(([, scope = '']) => scope));
    expect(scopes.length, 'scopes seen').to.be.greaterThan(5);
    expect([...new Set(scopes)].filter((scope) => MOVED[scope] === undefined)).to.deep.equal(['checkpoint:bus']);
  });
});

const at = (number: number, stream: string, revision: number, data = '{}'): MovedEvent => event(number, 't', {}, { stream: stream as StreamId, revision, data, position: String(number) as Position });

describe('moving a log: appends to EventStoreDB', () => {
  it('join what follows one another in one stream, and never overtake', () => {
    const runs = runsOf([at(1, 'a', 0), at(2, 'a', 1), at(3, 'b', 0), at(4, 'a', 2), at(5, 'a', 4), at(6, 'a', 5, `"${'x'.repeat(300_000)}"`), at(7, 'a', 6)]);
    expect(runs.map((run) => run.map(({ position }) => Number(position)))).to.deep.equal([[1, 2], [3], [4], [5], [6], [7]]);
    const many = runsOf(Array.from({ length: 450 }, (_, index) => at(index, 'a', index)));
    expect(many.map(({ length }) => length)).to.deep.equal([200, 200, 50]);
  });
});
