/** What goes wrong with a node on demand: in the same process by `apply`, in one of its own by the same requests as JSON. */
import { SILENCE, type Call } from './context.ts';
import { notLeader, notReady, timedOut, unavailable, type Endpoint } from './failures.ts';

export type CallKind = 'read' | 'write';

type Aim = Readonly<{
  /** Which calls it meets; writes by default. */
  on?: CallKind | 'any';
  /** How many calls it meets; all until `heal` where it is left out. */
  times?: number;
}>;

export type Fault = Aim & (
  | Readonly<{
    /**
     * `drop-before`, `drop-after`: the connection is cut before, or after, what was asked for is done and stored; `lose-answer`: it is
     * done and never answered, on a connection that stays; `hold`: it waits for `heal` and is done then; `refuse`: UNAVAILABLE; `not-ready`: the
     * same, but as a node says it of itself, which to a batched write is an error that clients do not know; `time-out`: ABORTED, done all the same.
     */
    fault: 'drop-before' | 'drop-after' | 'lose-answer' | 'hold' | 'refuse' | 'not-ready' | 'time-out';
  }>
  | Readonly<{ fault: 'delay'; ms: number }>
  | Readonly<{ fault: 'not-leader'; leader: Endpoint }>
);

export type FaultRequest = Fault | Readonly<{ fault: 'heal' }> | Readonly<{ fault: 'drop-connections' }>;

export type Connections = Readonly<{ drop: (peer: string) => void; dropAll: () => void }>;

type Planned = Fault & { left: number };

const meets = ({ on = 'write' }: Aim, kind: CallKind): boolean => on === 'any' || on === kind;

/** One promise for all who wait until the node is healed. */
const newGate = (): PromiseWithResolvers<void> => Promise.withResolvers<void>();

export class Faults {
  private planned: Planned[] = [];
  private healed = newGate();
  private readonly connections: Connections;

  constructor(connections: Connections) {
    this.connections = connections;
  }

  apply(request: FaultRequest): void {
    if (request.fault === 'heal') this.heal();
    else if (request.fault === 'drop-connections') this.connections.dropAll();
    else this.planned.push({ ...request, left: request.times ?? Infinity });
  }

  /** Ends every fault; calls that are held go on. */
  heal(): void {
    this.planned = [];
    this.healed.resolve();
    this.healed = newGate();
  }

  /** Does what a call asks for, with what was planned for it; rejects with SILENCE when it is not to be answered. */
  async around<Answer>(kind: CallKind, call: Call, work: () => Promise<Answer>): Promise<Answer> {
    const fault = this.take(kind);
    if (fault === undefined) return work();
    await this.before(fault, call);
    const answer = await work();
    this.after(fault, call);
    return answer;
  }

  private take(kind: CallKind): Planned | undefined {
    const fault = this.planned.find((planned) => meets(planned, kind));
    if (fault === undefined) return undefined;
    fault.left -= 1;
    if (fault.left <= 0) this.planned = this.planned.filter((planned) => planned !== fault);
    return fault;
  }

  private async before(fault: Planned, call: Call): Promise<void> {
    if (fault.fault === 'refuse') throw unavailable();
    if (fault.fault === 'not-ready') throw notReady();
    if (fault.fault === 'not-leader') throw notLeader(fault.leader);
    if (fault.fault === 'drop-before') this.cut(call);
    if (fault.fault === 'hold') await this.healed.promise;
    if (fault.fault === 'delay') await new Promise((resolve) => { setTimeout(resolve, fault.ms); });
  }

  private after({ fault }: Planned, call: Call): void {
    if (fault === 'time-out') throw timedOut();
    if (fault === 'drop-after') this.cut(call);
    if (fault === 'lose-answer') throw SILENCE;
  }

  private cut(call: Call): never {
    this.connections.drop(call.getPeer());
    throw SILENCE;
  }
}
