/**
 * How many receivers are called at once, over all endpoints. Those that did not take their last delivery, or none yet, have places of their own, and
 * no tenant may hold them all: however many receivers hang until their time is up, the others do not wait for them.
 */
import type { TenantId } from '../../domain/kernel/ids.ts';

export interface Slots {
  /** A place as soon as one is free, first come first served; answers how to leave it. */
  enter(tenant: TenantId, ailing: boolean): Promise<() => void>;
}

/** `all`: places there are. `each`: of them, for one tenant. */
export type Places = Readonly<{ all: number; each: number }>;

type Waiting = Readonly<{ tenant: TenantId; go: () => void }>;

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
  return async (tenant: TenantId): Promise<() => void> => {
    if (isFree({ tenant })) change(tenant, 1);
    else await new Promise<void>((go) => { line.push({ tenant, go }); });
    return () => leave(tenant);
  };
};

export const createSlots = ({ sound, ailing }: Readonly<{ sound: Places; ailing: Places }> = { sound: { all: 32, each: 16 }, ailing: { all: 32, each: 8 } }): Slots => {
  const places = { sound: createPlaces(sound), ailing: createPlaces(ailing) };
  return { enter: (tenant, isAiling) => (isAiling ? places.ailing(tenant) : places.sound(tenant)) };
};
