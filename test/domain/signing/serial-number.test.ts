import { expect } from 'chai';
import { serialNumber } from '../../../domain/signing/serial-number.ts';

describe('a serial number', () => {
  for (const [written, number] of [
    ['0ABC12', 'abc12'], ['abc12', 'abc12'], ['00:0a:bc:12', 'abc12'], ['000abc12', 'abc12'], ['10', '10'], ['00', '0'], ['0', '0'],
  ] as const) it(`written as ${written} is ${number}`, () => expect(serialNumber(written)).to.equal(number));
});
