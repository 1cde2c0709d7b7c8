/**
 * Endpoints and replays that stand in the log and that nobody has begun with: their events name places of the source, which mean others in the
 * destination and which nobody can change there. Where they begin is written into the state, and what their events say is not looked at any more.
 */
import type { Lane } from '../../application/delivery/shelves.ts';
import { sinkFollower } from '../../application/delivery/siem-streams.ts';
import { MAIN_LANE } from '../../application/delivery/worker.ts';
import type { TenantId } from '../../domain/kernel/ids.ts';
import type { MovedEvent } from './moved-event.ts';

/** Up to where those who begin with them have come, in positions of the source. */
export type Begun = Readonly<{ webhooks: string | undefined; sinks: string | undefined }>;

/** By the names of their entries in the state; places in positions of the source. */
export type Started = Readonly<{ lanes: ReadonlyMap<string, Lane>; sinks: ReadonlyMap<string, string> }>;

type Data = Readonly<Partial<Record<'webhookId' | 'sinkId' | 'replayId', string>> & Partial<Record<'startAfter' | 'startTime' | 'after' | 'upTo' | 'since' | 'until', string | null>> & { types?: readonly string[] | null }>;

const OF_WEBHOOKS = /^delivery\.Webhook(Created|Deleted|ReplayRequested|ReplayFinished)\.v\d+$/;
const OF_SINKS = /^delivery\.SiemSink(Created|Deleted)\.v\d+$/;

const isNew = (position: string, begun: string | undefined): boolean => begun === undefined || position > begun;

const laneOfReplay = ({ after = null, upTo = null, since = null, until = null, types = null }: Data): Lane => ({ place: after, upTo, since, until, types });

/** Undefined where its own event is the beginning, which is found where it is. */
const mainLane = ({ startAfter = null, startTime = null }: Data): Lane | undefined =>
  startAfter === null ? undefined : { place: startAfter, since: startTime, upTo: null, until: null, types: null };

export const createStarted = (begun: Begun): Readonly<{ see: (event: MovedEvent) => void; started: Started }> => {
  const [lanes, sinks] = [new Map<string, Lane>(), new Map<string, string>()];
  const drop = (prefix: string, kept?: string): void => {
    for (const key of lanes.keys()) if (key.startsWith(prefix) && key !== kept) lanes.delete(key);
  };
  const ofWebhooks: Readonly<Record<string, (prefix: string, said: Data) => void>> = {
    Created: (prefix, said) => {
      const lane = mainLane(said);
      if (lane !== undefined) lanes.set(prefix + MAIN_LANE, lane);
    },
    // Of replays only the newest is begun with, and only while it is not over.
    ReplayRequested: (prefix, said) => {
      drop(prefix, prefix + MAIN_LANE);
      lanes.set(prefix + (said.replayId ?? ''), laneOfReplay(said));
    },
    ReplayFinished: (prefix) => drop(prefix, prefix + MAIN_LANE),
    Deleted: (prefix) => drop(prefix),
  };
  const seeWebhook = (what: string, { tenant, data }: MovedEvent): void => {
    const said = JSON.parse(data) as Data;
    ofWebhooks[what]?.(`${tenant}/${said.webhookId ?? ''}/`, said);
  };
  const seeSink = (what: string, { tenant, data }: MovedEvent): void => {
    const { sinkId = '', startAfter } = JSON.parse(data) as Data;
    const name = sinkFollower({ tenant: tenant as TenantId, sinkId });
    if (what === 'Deleted') sinks.delete(name);
    else if (startAfter !== null && startAfter !== undefined) sinks.set(name, startAfter);
  };
  return {
    started: { lanes, sinks },
    see: (event) => {
      const [, ofWebhook] = OF_WEBHOOKS.exec(event.type) ?? [];
      if (ofWebhook !== undefined && isNew(event.position, begun.webhooks)) seeWebhook(ofWebhook, event);
      const [, ofSink] = OF_SINKS.exec(event.type) ?? [];
      if (ofSink !== undefined && isNew(event.position, begun.sinks)) seeSink(ofSink, event);
    },
  };
};
