/** What is told of SIEM sinks: never where they lead or what they present there. */
import type { SiemSinkEvent, SinkSettings } from '../../../domain/delivery/siem-sink.events.ts';
import { told, type PublicRows } from '../public-row.ts';
import { instant, list, nullable, shape, text, word } from '../shapes.ts';

const sinkId = { sink_id: text('The sink') };
const settings = {
  name: text('What it is called'),
  kind: word(['ocsf-http', 'cef-syslog', 'ndjson-file', 'bus'], 'How events reach it'),
  types: nullable(list(text('A type of event'), 'Types of events'), 'The types of events that it gets; null: all of them'),
};
const settingsOf = ({ name, target, types }: SinkSettings) => ({ name, kind: target.kind, types });

export const siemSinkRows: PublicRows<SiemSinkEvent> = {
  SiemSinkCreated: told({
    type: 'chancery.delivery.siem_sink.created',
    summary: 'A SIEM sink was made.',
    schema: shape({
      ...sinkId,
      ...settings,
      created_at: instant('When'),
    }),
    subject: (data) => data.sinkId,
    data: (data) => ({ sink_id: data.sinkId, ...settingsOf(data), created_at: data.createdAt }),
  }),
  SiemSinkChanged: told({
    type: 'chancery.delivery.siem_sink.changed',
    summary: 'A SIEM sink was changed: what it is called, what it gets, where it leads, or what it presents there.',
    schema: shape({ ...sinkId, ...settings, changed_at: instant('When') }),
    subject: (data) => data.sinkId,
    data: (data) => ({ sink_id: data.sinkId, ...settingsOf(data), changed_at: data.changedAt }),
  }),
  SiemSinkPaused: told({
    type: 'chancery.delivery.siem_sink.paused',
    summary: 'A SIEM sink gets nothing for now.',
    schema: shape({ ...sinkId, paused_at: instant('When') }),
    subject: (data) => data.sinkId,
    data: (data) => ({ sink_id: data.sinkId, paused_at: data.pausedAt }),
  }),
  SiemSinkResumed: told({
    type: 'chancery.delivery.siem_sink.resumed',
    summary: 'A SIEM sink gets events again, from where it stopped.',
    schema: shape({ ...sinkId, resumed_at: instant('When') }),
    subject: (data) => data.sinkId,
    data: (data) => ({ sink_id: data.sinkId, resumed_at: data.resumedAt }),
  }),
  SiemSinkDeleted: told({
    type: 'chancery.delivery.siem_sink.deleted',
    summary: 'A SIEM sink was deleted.',
    schema: shape({ ...sinkId, deleted_at: instant('When') }),
    subject: (data) => data.sinkId,
    data: (data) => ({ sink_id: data.sinkId, deleted_at: data.deletedAt }),
  }),
};
