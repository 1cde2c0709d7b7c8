/**
 * How many receivers are called at once, over all endpoints. Those that did not take their last delivery, or none yet, have places of their own, and
 * no tenant may hold them all: however many receivers hang until their time is up, the others do not wait for them.
 */
import type { TenantId } from '../../domain/kernel/ids.ts';

export interface Slots {
  /** A place as soon as one is free, first come first served; answers how to leave it, or undefined when `signal` has fired before: then there is none to leave. */
  enter(tenant: TenantId, ailing: boolean, signal: AbortSignal): Promise<(() => void) | undefined>;
}

/** `all`: places there are. `each`: of them, for one tenant. */
export type Places = Readonly<{ all: number; each: number }>;

type Waiting = Readonly<{ tenant: TenantId; go: () => void }>;

/** Whether it got a place before the signal fired. */
const waitIn = (line: Waiting[], tenant: TenantId, signal: AbortSignal): Promise<boolean> =>
  new Promise((resolve) => {
    const giveUp = (): void => {
      const at = line.indexOf(mine);
      if (at >= 0) line.splice(at, 1);
      resolve(false);
    };
    const mine: Waiting = { tenant, go: () => { signal.removeEventListener('abort', giveUp); resolve(true); } };
    signal.addEventListener('abort', giveUp, { once: true });
    line.push(mine);
  });

const createPlaces = ({ all, each }: Places) => {
  const held = new Map<TenantId, number>();
  const line: Waiting[] = [];
  let taken = 0;
  const count = (tenant: TenantId): number => held.get(tenant) ?? 0;
  const change = (tenant: TenantId, by: 1 | -1): void => {
    taken += by;
    const next = count(tenant) + by;
    if (next === 0) held.delete(tenant);
    else held.set(tenant, next);
  };
  const isFree = ({ tenant }: Pick<Waiting, 'tenant'>): boolean => taken < all && count(tenant) < each;
  const leave = (tenant: TenantId): void => {
    change(tenant, -1);
    const [next] = line.splice(line.findIndex(isFree) >>> 0, 1);
    if (next === undefined) return;
    change(next.tenant, 1);
    next.go();
  };
  return async (tenant: TenantId, signal: AbortSignal): Promise<(() => void) | undefined> => {
    if (signal.aborted) return undefined;
    if (isFree({ tenant })) change(tenant, 1);
    else if (!(await waitIn(line, tenant, signal))) return undefined;
    return () => leave(tenant);
  };
};

export const createSlots = ({ sound, ailing }: Readonly<{ sound: Places; ailing: Places }> = { sound: { all: 32, each: 16 }, ailing: { all: 32, each: 8 } }): Slots => {
  const places = { sound: createPlaces(sound), ailing: createPlaces(ailing) };
  return { enter: (tenant, isAiling, signal) => (isAiling ? places.ailing(tenant, signal) : places.sound(tenant, signal)) };
};
