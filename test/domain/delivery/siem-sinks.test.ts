import type { SiemSinkCreated, SiemSinkEvent } from '../../../domain/delivery/siem-sink.events.ts';
import { MOST_SINKS, siemSinks, type ChangeSiemSink, type CreateSiemSink, type SiemSinkCommand } from '../../../domain/delivery/siem-sinks.ts';
import { specification } from '../../support/specification.ts';

const { given } = specification(siemSinks);
const AT = '2026-03-09T14:23:42.100Z';
const settings = { name: 'Collector', target: { kind: 'bus', topic: 'audit' }, types: null, secret: null, startAfter: null, startTime: null } as const;

const create = (sinkId: string): CreateSiemSink => ({ type: 'CreateSiemSink', data: { sinkId, ...settings, at: AT } });
const created = (sinkId: string): SiemSinkCreated => ({ type: 'SiemSinkCreated', data: { sinkId, ...settings, createdAt: AT } });
const on = (type: 'PauseSiemSink' | 'ResumeSiemSink' | 'DeleteSiemSink', sinkId = 'one'): SiemSinkCommand => ({ type, data: { sinkId, at: AT } });
const paused: SiemSinkEvent = { type: 'SiemSinkPaused', data: { sinkId: 'one', pausedAt: AT } };
const resumed: SiemSinkEvent = { type: 'SiemSinkResumed', data: { sinkId: 'one', resumedAt: AT } };
const deleted = (sinkId = 'one'): SiemSinkEvent => ({ type: 'SiemSinkDeleted', data: { sinkId, deletedAt: AT } });

const box = (name: string) => ({ tenantKey: 1, box: name });
const http = (url: string) => ({ kind: 'ocsf-http', url: box(url), header: 'Authorization' }) as const;
const change = (wanted: ChangeSiemSink['data']['settings'], basis = 0, sinkId = 'one'): ChangeSiemSink => ({ type: 'ChangeSiemSink', data: { sinkId, settings: wanted, basis, at: AT } });
const { name, target, types, secret } = settings;
const changed = (over: Partial<ChangeSiemSink['data']['settings']>): SiemSinkEvent => ({ type: 'SiemSinkChanged', data: { sinkId: 'one', name, target, types, secret, ...over, changedAt: AT } });

describe('domain: SIEM sinks', () => {
  it('are made', () => given().when(create('one')).then(created('one')));
  it('are made by the same command once', () => given().twice(create('one')));
  it('are not made again by the command of one that was deleted', () => given(created('one'), deleted()).when(create('one')).nothing());

  const full = Array.from({ length: MOST_SINKS }, (_, index) => created(String(index)));
  it('are limited in number', () => given(...full).when(create('more')).rejected('delivery.too_many_sinks', { limit: MOST_SINKS }));
  it('have room for another when one is deleted', () => given(...full, deleted('3')).when(create('more')).then(created('more')));

  it('are changed', () => given(created('one')).when(change({ name: 'Other' })).then(changed({ name: 'Other' })));
  it('are changed by the same command once', () => given(created('one')).twice(change({ target: http('a'), secret: box('s') })));
  it('keep what is not named, of an earlier change as well', () =>
    given(created('one'), changed({ types: ['a'] })).when(change({ target: { kind: 'bus', topic: 'other' } }, 1)).then(changed({ types: ['a'], target: { kind: 'bus', topic: 'other' } })));
  for (const same of [{}, { name }, { target: { ...target } }, { secret: null }, { types: null }]) {
    it(`are as they were with ${JSON.stringify(same)}`, () => given(created('one')).when(change(same)).nothing());
  }
  it('are as they were with the boxes that they have, and the same types in another order', () =>
    given(created('one'), changed({ target: http('a'), secret: box('s'), types: ['a', 'b'] })).when(change({ target: http('a'), secret: box('s'), types: ['b', 'a'] }, 1)).nothing());
  it('are changed where only the box of a secret or a URL is another', () => {
    const before = changed({ target: http('a'), secret: box('s') });
    given(created('one'), before).when(change({ secret: box('t') }, 1)).then(changed({ target: http('a'), secret: box('t') }));
    given(created('one'), before).when(change({ target: http('b') }, 1)).then(changed({ target: http('b'), secret: box('s') }));
  });
  it('refuse a target or a secret for a sink that is no longer the one that was seen', () => {
    given(created('one'), changed({ target: http('a') })).when(change({ secret: box('s') }, 0)).rejected('delivery.sink_changed');
    given(created('one'), changed({ target: http('a') })).when(change({ target: http('b') }, 0)).rejected('delivery.sink_changed');
    given(created('one'), changed({ target: http('a') })).when(change({ name: 'Other' }, 0)).then(changed({ target: http('a'), name: 'Other' }));
  });
  it('stay paused when they are changed', () => given(created('one'), paused, changed({ name: 'Other' })).when(on('PauseSiemSink')).nothing());
  it('are changed only while they are there', () => given(created('one'), deleted()).when(change({ name: 'Other' })).rejected('delivery.sink_not_found'));

  it('are paused, once', () => given(created('one')).twice(on('PauseSiemSink')));
  it('are resumed, once', () => given(created('one'), paused).twice(on('ResumeSiemSink')));
  it('are resumed only after a pause', () => given(created('one')).when(on('ResumeSiemSink')).nothing());
  it('are paused again', () => given(created('one'), paused, resumed).when(on('PauseSiemSink')).then(paused));
  it('are deleted, once', () => given(created('one')).twice(on('DeleteSiemSink')));
  it('are deleted while they pause', () => given(created('one'), paused).when(on('DeleteSiemSink')).then(deleted()));

  for (const type of ['PauseSiemSink', 'ResumeSiemSink', 'DeleteSiemSink'] as const) {
    it(`${type} needs one that is there`, () => given(created('one')).when(on(type, 'other')).rejected('delivery.sink_not_found'));
  }
  it('are paused only while they are there', () => given(created('one'), deleted()).when(on('PauseSiemSink')).rejected('delivery.sink_not_found'));
});
