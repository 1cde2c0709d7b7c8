/** What is sent of an event: from memory while it is there, and of the right event. */
import { expect } from 'chai';
import { createBodies } from '../../../application/delivery/bodies.ts';
import type { PublicEvent } from '../../../application/delivery/ports.ts';
import { LARGEST_BODY } from '../../../application/delivery/send-webhook.ts';
import type { EventStore, Recorded } from '../../../application/kernel/ports.ts';
import { samplePublic } from '../../support/deliveries.ts';

const recordedAs = (stream: string, text: string, type = 'Noted'): Recorded => ({ type, data: { text }, id: 'e-1', stream, tenant: 't', revision: 3, position: '9', time: '2026-03-09T14:00:00.000Z', cause: {} }) as unknown as Recorded;
const publicOf = (recorded: Recorded): PublicEvent => samplePublic.toPublic(recorded) as PublicEvent;
const place = (stream: string) => ({ eventId: 'e-1', eventType: 'sample.noted', eventStream: stream, eventRevision: 3, eventPosition: '9' });

const open = (log: readonly Recorded[]) => {
  const reads: string[] = [];
  const store: Pick<EventStore, 'read'> = {
    read: async function* read(stream, from = 0) {
      reads.push(stream);
      yield* log.filter((recorded) => recorded.stream === stream && recorded.revision >= from) as never[];
    },
  };
  return { reads, bodies: createBodies({ events: samplePublic, store, linkTo: async () => 'https://chancery.example/there' }) };
};

const refusal = (log: readonly Recorded[]): Promise<unknown> => open(log).bodies.of(place('a')).catch((error: unknown) => error);

describe('bodies of deliveries, kept', () => {
  const one = recordedAs('a', 'one');

  it('are those of the event, and not read from the log again', async () => {
    const { bodies, reads } = open([]);
    bodies.note(one, publicOf(one));
    expect(JSON.parse(await bodies.of(place('a')))).to.deep.equal(publicOf(one));
    expect(reads).to.deep.equal([]);
  });
  it('are told apart where events of two streams have one id', async () => {
    const other = recordedAs('b', 'other');
    const { bodies } = open([]);
    for (const recorded of [one, other]) bodies.note(recorded, publicOf(recorded));
    expect([await bodies.of(place('a')), await bodies.of(place('b'))].map((body) => JSON.parse(body).data.text)).to.deep.equal(['one', 'other']);
  });
  it('are read from the log when they are not there', async () => {
    const { bodies, reads } = open([one]);
    expect(JSON.parse(await bodies.of(place('a')))).to.deep.equal(publicOf(one));
    expect(reads).to.deep.equal(['a']);
  });
  it('say where it is when it is too large', async () => {
    const large = recordedAs('a', 'x'.repeat(LARGEST_BODY));
    const { bodies } = open([large]);
    bodies.note(large, publicOf(large));
    expect(JSON.parse(await bodies.of(place('a')))).to.include({ dataref: 'https://chancery.example/there' }).and.not.have.property('data');
  });
  it('are none of an event that is not there, or that nothing is said of', async () => {
    expect(await refusal([])).to.be.an('error').with.property('message').that.includes('not in the log');
    expect(await refusal([recordedAs('a', 'x', 'Hushed')])).to.be.an('error').with.property('message').that.includes('nothing is said');
  });
});
