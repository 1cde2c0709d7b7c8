/** The form of positions. */
import { expect } from 'chai';
import { createStarts } from '../../../application/delivery/starts.ts';
import { BEFORE_THE_FIRST, isPosition, positionOf } from '../../../application/kernel/positions.ts';
import type { Position } from '../../../domain/kernel/ids.ts';
import { rejection } from '../../support/rejections.ts';

const at = (number: number): string => String(number).padStart(20, '0');
const both = `${at(9)}-${at(7)}`;

describe('positions', () => {
  it('are 20 digits, or both halves', () => {
    expect([at(5), both].map(isPosition)).to.deep.equal([true, true]);
    for (const wrong of ['5', '', `${at(9)}-7`, `${both}-${at(1)}`, `${at(9)}-`, ` ${at(9)}`, `${at(9)}\n`]) expect(isPosition(wrong), wrong).to.equal(false);
  });

  it('may be given without the zeros in front', () => {
    expect(['5', at(5), both, '0'].map(positionOf)).to.deep.equal([at(5), at(5), both, BEFORE_THE_FIRST]);
    for (const wrong of ['', '-1', 'x', '1e3', `0${at(5)}`, '9-7', `${at(9)}-7`, '１']) expect(positionOf(wrong), wrong).to.equal(undefined);
  });

  it('are refused by field where the log holds nothing at them', async () => {
    const places: readonly (string | undefined)[] = [at(100), both, at(300)];
    const log = { head: async () => at(300) as Position, before: async (position: Position) => (places.includes(position) ? { at: undefined } : undefined) };
    const starts = createStarts({ log, clock: { now: () => 0 } });
    for (const position of ['0', '100', at(300)]) expect((await starts.start({ position })).startAfter).to.equal(positionOf(position));
    const wanted = { 42: 'is no position of this log', 301: 'is beyond the head of the log', 'a-b': 'is not a position' };
    for (const [position, words] of Object.entries(wanted)) {
      expect((await rejection(starts.start({ position }))).details).to.deep.equal({ fields: { 'start.position': words } });
      expect((await rejection(starts.range({ fromPosition: position }))).details).to.deep.equal({ fields: { from_position: words } });
    }
  });
});
