/** Projections over the sample events, for tests of what runs projections. */
import { defineProjection } from '../../projections/kernel/projection.ts';
import type { Counted, Noted } from './sample-events.ts';

export type Tally = Readonly<{ stream: string; notes: number; total: number; lastText: string; at: string }>;

const emptyTally = (stream: string, at: string): Tally => ({ stream, notes: 0, total: 0, lastText: '', at });

/** One document per stream. */
export const tallies = defineProjection<Tally, Noted | Counted>({
  name: 'tallies',
  version: 1,
  indexes: [['at'], ['notes', 'at']],
  id: ({ stream }) => stream,
  on: {
    Noted: (tally, { stream, time, data }) => {
      const known = tally ?? emptyTally(stream, time);
      return { ...known, notes: known.notes + 1, lastText: data.text };
    },
    Counted: (tally, { stream, time, data }) => {
      const known = tally ?? emptyTally(stream, time);
      return { ...known, total: known.total + data.count };
    },
  },
});

/** One document per text; counting to zero removes it. */
export const texts = defineProjection<Readonly<{ text: string; times: number }>, Noted>({
  name: 'texts',
  version: 1,
  indexes: [['times']],
  id: ({ data }) => data.text,
  on: { Noted: (known, { data }) => (known !== undefined && known.times === 2 ? undefined : { text: data.text, times: (known?.times ?? 0) + 1 }) },
});
