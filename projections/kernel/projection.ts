/** The shape of every projection: a pure fold of events into documents that answer one question. */
import type { Message } from '../../domain/kernel/decider.ts';
import type { TenantId } from '../../domain/kernel/ids.ts';
import type { Recorded } from '../../application/kernel/ports.ts';
import type { Query, ReadModelDefinition } from '../../application/kernel/read-models.ts';

/** Documents of the tenant whose event it is. */
export type Forgotten<Document = Readonly<Record<string, unknown>>> = Pick<Query<Document>, 'where' | 'order'>;

/**
 * A projection never rejects a fact, never asks a clock, randomness or another projection. Changing what it computes means
 * raising `version`: the new model is filled beside the live one and takes over when it has caught up.
 */
export type Projection<Document extends object = object, Event extends Message = Message> = ReadModelDefinition &
  Readonly<{
    /** The document an event belongs to; undefined when the event is none of this projection's. */
    id: (recorded: Recorded<Event>) => string | undefined;
    /** Whose document it is: the event's tenant unless said otherwise. */
    tenant?: (recorded: Recorded<Event>) => TenantId;
    /** `undefined` removes the document. */
    on: {
      readonly [Type in Event['type']]: (
        document: Document | undefined,
        recorded: Recorded<Extract<Event, { type: Type }>>,
      ) => Document | undefined;
    };
    /**
     * What is removed when something happens, before that is applied. `at`: pure; undefined where nothing is. `idOf`: the id of a document. Such an event
     * costs a commit and its questions: it should be rare.
     */
    forgets?: Readonly<{ at: (recorded: Recorded<Event>) => readonly Forgotten<Document>[] | undefined; idOf: (document: Document) => string }>;
  }>;

/** Types one projection. */
export const defineProjection = <Document extends object, Event extends Message>(
  projection: Projection<Document, Event>,
): Projection<Document, Event> => projection;

/** Written as methods, because the compiler lets a method's parameters be narrower: a handler of one event type fits. */
type Forgetful = {
  id(recorded: Recorded): string | undefined;
  tenant(recorded: Recorded): TenantId;
  handle(document: object | undefined, recorded: Recorded): object | undefined;
  forgottenAt(recorded: Recorded): readonly Forgotten[] | undefined;
  idOf(document: object): string;
};

/** Any projection, its types forgotten, so that all kinds fit in one list: what the runner works with. */
export type AnyProjection = ReadModelDefinition &
  Readonly<{
    id: Forgetful['id'];
    tenant?: Forgetful['tenant'];
    on: Readonly<Record<string, Forgetful['handle']>>;
    forgets?: Readonly<{ at: Forgetful['forgottenAt']; idOf: Forgetful['idOf'] }>;
  }>;
