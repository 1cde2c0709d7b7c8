import type { SiemSinkCreated, SiemSinkEvent } from '../../../domain/delivery/siem-sink.events.ts';
import { MOST_SINKS, siemSinks, type CreateSiemSink, type SiemSinkCommand } from '../../../domain/delivery/siem-sinks.ts';
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

describe('domain: SIEM sinks', () => {
  it('are made', () => given().when(create('one')).then(created('one')));
  it('are made by the same command once', () => given().twice(create('one')));
  it('are not made again by the command of one that was deleted', () => given(created('one'), deleted()).when(create('one')).nothing());

  const full = Array.from({ length: MOST_SINKS }, (_, index) => created(String(index)));
  it('are limited in number', () => given(...full).when(create('more')).rejected('delivery.too_many_sinks', { limit: MOST_SINKS }));
  it('have room for another when one is deleted', () => given(...full, deleted('3')).when(create('more')).then(created('more')));

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
