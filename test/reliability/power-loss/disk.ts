/**
 * A disk as pessimists see it. What was synced is there. Of what was written since, any part may be: none, a beginning, a choice in any
 * order, with the last write torn at a sector of 512 bytes. Names are kept in order, and are certain once the directory was synced.
 */
import type { Seeded } from '../../support/seeded.ts';
import type { DiskOperation } from './recording.ts';

type Change = Readonly<{ offset: number; data: Buffer }> | Readonly<{ size: number }>;
type File = { durable: Buffer; pending: Change[] };
type Naming = Readonly<{ path: string; file: File | undefined }>;

const SECTOR = 512;

const applied = (content: Buffer, change: Change): Buffer => {
  if ('size' in change) {
    const resized = Buffer.alloc(change.size);
    content.copy(resized, 0, 0, change.size);
    return resized;
  }
  const end = change.offset + change.data.length;
  const grown = end > content.length ? Buffer.concat([content, Buffer.alloc(end - content.length)]) : content;
  change.data.copy(grown, change.offset);
  return grown;
};

const after = (content: Buffer, changes: readonly Change[]): Buffer => changes.reduce(applied, Buffer.from(content));

const torn = (change: Change, random: Seeded): readonly Change[] => {
  if ('size' in change) return random.chance(0.5) ? [change] : [];
  const sectors = Array.from({ length: Math.ceil(change.data.length / SECTOR) }, (_, index) => index * SECTOR);
  return sectors.filter(() => random.chance(0.5)).map((start) => ({ offset: change.offset + start, data: change.data.subarray(start, start + SECTOR) }));
};

/** What of a file's unsynced changes reached the disk: four kinds of bad luck, each as likely. */
const survivors = (pending: readonly Change[], random: Seeded): readonly Change[] => {
  const cut = random.below(pending.length + 1);
  const kinds = [
    () => [],
    () => pending.slice(0, cut),
    () => pending.filter(() => random.chance(0.5)),
    () => [...pending.slice(0, cut), ...pending.slice(cut, cut + 1).flatMap((change) => torn(change, random))],
  ];
  return random.pick(kinds)();
};

export type Image = ReadonlyMap<string, Buffer>;

export class Disk {
  readonly #names = new Map<string, File>();
  readonly #durableNames = new Map<string, File>();
  #namings: Naming[] = [];
  readonly #directory: string;

  constructor(directory: string) {
    this.#directory = directory;
  }

  apply(operation: Exclude<DiskOperation, { kind: 'said' }>): void {
    const file = this.#names.get(operation.path);
    if (operation.kind === 'write' || operation.kind === 'truncate') file?.pending.push(operation);
    else if (operation.kind === 'sync') this.#sync(operation.path);
    else if (operation.kind === 'create') this.#name(operation.path, file ?? { durable: Buffer.alloc(0), pending: [] });
    else this.#unname(operation.path, operation.kind === 'rename' ? operation.to : undefined);
  }

  /** One state in which the power may leave the disk now. */
  crash(random: Seeded): Image {
    const names = new Map(this.#durableNames);
    for (const { path, file } of this.#namings.slice(0, random.below(this.#namings.length + 1))) rename(names, path, file);
    return new Map([...names].map(([path, { durable, pending }]) => [path, after(durable, survivors(pending, random))]));
  }

  #name(path: string, file: File | undefined): void {
    rename(this.#names, path, file);
    this.#namings.push({ path, file });
  }

  #unname(path: string, to: string | undefined): void {
    if (to !== undefined) this.#name(to, this.#names.get(path));
    this.#name(path, undefined);
  }

  #sync(path: string): void {
    if (path === this.#directory) {
      for (const naming of this.#namings) rename(this.#durableNames, naming.path, naming.file);
      this.#namings = [];
      return;
    }
    const file = this.#names.get(path);
    if (file === undefined) return;
    file.durable = after(file.durable, file.pending);
    file.pending = [];
  }
}

const rename = (names: Map<string, File>, path: string, file: File | undefined): void => {
  if (file === undefined) names.delete(path);
  else names.set(path, file);
};
