/** Events as frames of a `text/event-stream` (WHATWG HTML, 9.2), put together to pieces that are written at once. */
import type { Position } from '../../domain/kernel/ids.ts';
import type { Recorded } from '../../application/kernel/ports.ts';
import { createRecent } from '../../application/kernel/recent.ts';

/** What a client is sent of an event: type and JSON; undefined when it is none of the public's. */
export type Shown = Readonly<{ type: string; json: string }>;

/** Octets of frames that are kept: what happens is written out once for all who follow it. */
const KEPT = 4 * 1_048_576;
/** Octets that are written at once, unless one event has more. */
const PIECE = 65_536;

const NOTHING = Buffer.alloc(0);

/** An event as it is sent; empty when nothing of it is. */
export type Frame = (recorded: Recorded) => Buffer;

const frameOf = (position: Position, { type, json }: Shown): Buffer => Buffer.from(`id: ${position}\nevent: ${type}\ndata: ${json}\n\n`);

export const createFrames = (show: (recorded: Recorded) => Shown | undefined): Frame => {
  // What is empty has its entry as well.
  const known = createRecent<Position, Buffer>(KEPT, ({ length }) => length + 64);
  return (recorded) => {
    const before = known.get(recorded.position);
    if (before !== undefined) return before;
    const shown = show(recorded);
    const frame = shown === undefined ? NOTHING : frameOf(recorded.position, shown);
    known.set(recorded.position, frame);
    return frame;
  };
};

type Part = Readonly<{ position: Position; frame: Buffer }>;

/** What is written at once: some events in their order. */
export type Piece = Readonly<{
  first: Position;
  last: Position;
  bytes: Buffer;
  /** What of it comes after a position; empty when nothing does. */
  after: (position: Position) => Buffer;
}>;

const joined = (parts: readonly Part[]): Buffer => {
  const [only, ...more] = parts;
  if (only === undefined) return NOTHING;
  return more.length === 0 ? only.frame : Buffer.concat(parts.map(({ frame }) => frame));
};

const pieceOf = (parts: readonly [Part, ...Part[]]): Piece => ({
  first: parts[0].position,
  last: (parts.at(-1) ?? parts[0]).position,
  bytes: joined(parts),
  after: (position) => joined(parts.filter((part) => part.position > position)),
});

/** Events of which nothing is sent are left out. */
export const piecesOf = (events: readonly Recorded[], frame: Frame): readonly Piece[] => {
  const groups: [Part, ...Part[]][] = [];
  let size = 0;
  for (const recorded of events) {
    const part = { position: recorded.position, frame: frame(recorded) };
    if (part.frame.length === 0) continue;
    const group = groups.at(-1);
    size += part.frame.length;
    if (group !== undefined && size <= PIECE) {
      group.push(part);
    } else {
      groups.push([part]);
      size = part.frame.length;
    }
  }
  return groups.map(pieceOf);
};
