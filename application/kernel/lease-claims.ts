/** What one process wants of leases and holds of them, as it looks at all of them together. */
import type { StateStore } from './state.ts';

/** Scope in the state store: an entry for each lease that somebody holds, and one for each process that holds some or waits. */
export const LEASES = 'lease';
const HOLDER = 'holder:';
/** Looks at which nothing has moved, after which a holder counts as gone. */
const LOOKS = 4;
/** Times in a row that a process which was gone has to move before it counts among those who divide: one that is too slow would get and lose its part for ever. */
const STEADY = 2 * LOOKS;
/** After so many that found a lease free, whoever else could take it is taken not to want it. */
const LOOKS_LET_LIE = 3 * LOOKS;
/** After these the entry of a process that is gone is cleared away. */
const LOOKS_KEPT = 600;
/** How long the names of processes are. */
const UUID = 36;

/** The name of the entry by which others can tell that a process is there. */
export const holderEntry = (process: string): string => HOLDER + process;

export type LeaseEntries = Pick<StateStore, 'get' | 'compareAndSet' | 'list'>;

/** What is stored, by name. */
type Present = ReadonlyMap<string, string>;

/** How a lease stands: its entry, and its holder's. */
const textOf = (present: Present, value: string): string => `${value} ${present.get(HOLDER + value.slice(0, UUID)) ?? ''}`;

/** `looks`: how often in a row it has been seen as it stands; `moves`: how often it was seen to move since it was found gone. */
type Sighting = Readonly<{ text: string; looks: number; moves: number }>;

const after = (known: Sighting | undefined, text: string): Sighting => {
  // Whoever has just come is not to wait.
  if (known === undefined) return { text, looks: 0, moves: STEADY };
  if (known.text === text) return { ...known, looks: known.looks + 1 };
  return { text, looks: 0, moves: known.looks >= LOOKS ? 0 : known.moves + 1 };
};

/** What was seen of leases and holders, look after look. */
const createSightings = () => {
  let seen = new Map<string, Sighting>();
  return {
    note: (present: Present): void => {
      seen = new Map([...present].map(([name, value]) => [name, after(seen.get(name), textOf(present, value))] as const));
    },
    /** Whether a holder moves, and has done so for a while if it was ever gone. */
    isSteady: (name: string): boolean => {
      const { looks = 0, moves = STEADY } = seen.get(name) ?? {};
      return looks < LOOKS && moves >= STEADY;
    },
    /** Looks that found this, as it is present, as they had found it before. */
    looks: (present: Present, name: string): number => {
      const [value, known] = [present.get(name), seen.get(name)];
      return value !== undefined && known?.text === textOf(present, value) ? known.looks : 0;
    },
  };
};

/** `share`: of what it is a part that processes divide among themselves. */
export type Wanted = Readonly<{ name: string; share: string | undefined }>;

/** One wish for a lease: `entry` is stored for as long as it is held. `idle`: looks at which nobody who is there had it. */
export type Claim = Wanted & { readonly entry: string; readonly taken: () => void; readonly lose: AbortController; isHeld: boolean; idle: number; trying: Promise<void> | undefined };

/** `room`: how much more of a share this process should hold, below zero where it holds too much; `wanted`: how much more the others would take. */
type Part = { room: number; wanted: number };

/** The claims of this process, and what has become of them. */
export class Claims {
  readonly #state: LeaseEntries;
  readonly #me: string;
  readonly #sightings = createSightings();
  /** By entry. */
  readonly #all = new Map<string, Claim>();
  #count = 0;
  /** By share, at the last look. */
  #left: ReadonlyMap<string, Part> = new Map();

  constructor(state: LeaseEntries, me: string) {
    this.#state = state;
    this.#me = me;
  }

  add(wanted: Wanted, taken: () => void): Claim {
    this.#count += 1;
    const claim = { ...wanted, idle: 0, entry: `${this.#me}:${this.#count}`, taken, lose: new AbortController(), isHeld: false, trying: undefined };
    this.#all.set(claim.entry, claim);
    return claim;
  }

  /** Gives back what is held, and wants nothing any more. What cannot be given back now is with one of the next looks, or when this process is gone. */
  async remove(claim: Claim): Promise<void> {
    this.#all.delete(claim.entry);
    await claim.trying;
    if (claim.isHeld) await this.#giveBack(claim);
  }

  /** What this process wants parts of, and how much more it would take of each, for others to read; undefined: of nothing. */
  shares(): string | undefined {
    const claims = Map.groupBy(this.#all.values(), ({ share }) => share);
    claims.delete(undefined);
    if (claims.size === 0) return undefined;
    return [...claims].map(([share = '', { length }]) => `${share}:${Math.max(0, this.#left.get(share)?.room ?? length)}`).join(' ');
  }

  /** Looks at all leases: which are lost, and which may be taken. `counts`: it comes in the rhythm by which holders are judged. */
  async look(counts: boolean): Promise<void> {
    const held = [...this.#all.values()].filter(({ isHeld }) => isHeld);
    const present = await this.#present();
    if (present === undefined) return;
    if (counts) this.#note(present);
    for (const claim of held) if (present.get(claim.name) !== claim.entry) claim.lose.abort();
    this.#left = this.#divide(present);
    for (const claim of this.#all.values()) if (!claim.isHeld) claim.trying ??= this.#try(claim, present).finally(() => { claim.trying = undefined; });
    this.#giveUp();
    await this.#tidy(present);
  }

  #note(present: Present): void {
    this.#sightings.note(present);
    for (const claim of this.#all.values()) claim.idle = this.#isFree(present, claim.name) ? claim.idle + 1 : 0;
  }

  /** An even part is rounded up, so that all parts together are never less than there is where all want the same. */
  #divide(present: Present): Map<string, Part> {
    const parts = new Map<string, Part>();
    for (const [share, claims] of Map.groupBy(this.#all.values(), (claim) => claim.share)) {
      if (share === undefined) continue;
      const others = this.#others(present, share);
      const has = claims.filter(({ isHeld, lose, trying }) => (isHeld && !lose.signal.aborted) || trying !== undefined).length;
      parts.set(share, { room: Math.ceil(claims.length / (1 + others.length)) - has, wanted: others.reduce((sum, room) => sum + room, 0) });
    }
    return parts;
  }

  /** How much more each other process would take that is there and wants parts of it. */
  #others(present: Present, share: string): readonly number[] {
    return [...present].flatMap(([name, value]) => {
      if (!name.startsWith(HOLDER) || name === holderEntry(this.#me) || !this.#sightings.isSteady(name)) return [];
      const word = value.split(' ').find((said) => said.startsWith(`${share}:`));
      return word === undefined ? [] : [Number(word.slice(share.length + 1))];
    });
  }

  /** Only what somebody else would take. What it has held for longest goes first: what it took because nobody else did stays. */
  #giveUp(): void {
    for (const claim of this.#all.values()) {
      const part = claim.share === undefined ? undefined : this.#left.get(claim.share);
      if (part === undefined || part.room >= 0 || part.wanted <= 0 || !claim.isHeld || claim.lose.signal.aborted) continue;
      part.room += 1;
      part.wanted -= 1;
      claim.lose.abort();
    }
  }

  /** Undefined: the state store cannot answer now, which says nothing about a lease. */
  async #present(): Promise<Present | undefined> {
    const present = new Map<string, string>();
    try {
      for await (const { key, value } of this.#state.list(LEASES)) present.set(key, value);
      return present;
    } catch {
      return undefined;
    }
  }

  async #try(claim: Claim, present: Present): Promise<void> {
    const [{ name, entry }, value] = [claim, present.get(claim.name)];
    // An earlier attempt may have been stored without an answer.
    claim.isHeld = value === entry || (this.#isFree(present, name) && this.#fits(claim) && (await this.#set(name, value, entry)));
    if (claim.isHeld) claim.taken();
  }

  #isFree(present: Present, name: string): boolean {
    return !present.has(name) || this.#sightings.looks(present, name) >= LOOKS;
  }

  /** Beyond its part a process takes what the others let lie: they may not want the very same leases. */
  #fits({ share, idle }: Claim): boolean {
    const part = share === undefined ? undefined : this.#left.get(share);
    if (part === undefined) return true;
    const fits = part.room > 0 || idle > LOOKS_LET_LIE;
    if (fits) part.room -= 1;
    return fits;
  }

  /** False where the answer was lost, too: the next look tells. */
  async #set(name: string, value: string | undefined, entry: string | undefined): Promise<boolean> {
    return this.#state.compareAndSet(LEASES, name, value, entry === undefined ? undefined : { value: entry }).catch(() => false);
  }

  async #giveBack({ name, entry }: Pick<Claim, 'name' | 'entry'>): Promise<void> {
    await this.#set(name, entry, undefined);
  }

  /** Takes away what this process holds without knowing of it, and what is left of processes that are gone. */
  async #tidy(present: Present): Promise<void> {
    for (const [name, value] of present) {
      const isForgotten = value.startsWith(this.#me) && !this.#all.has(value);
      if (isForgotten || (name.startsWith(HOLDER) && this.#sightings.looks(present, name) >= LOOKS_KEPT)) await this.#giveBack({ name, entry: value });
    }
  }
}

