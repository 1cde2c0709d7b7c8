import { ObjectIdentifier } from 'asn1js';
import { expect } from 'chai';
import * as fc from 'fast-check';
import { children, DerError, encode, generalizedTime, integer, octetString, oid, readElement, readGeneralizedTime, readOid, sequence, setOf, unsignedInteger } from '../../../infrastructure/pki/der.ts';

const time = (text: string) => readElement(encode(0x18, Buffer.from(text)));
const hex = (text: string): Buffer => Buffer.from(text.replaceAll(' ', ''), 'hex');

describe('pki: DER', () => {
  const encodings: readonly (readonly [string, Buffer, string])[] = [
    ['zero', integer(0), '02 01 00'],
    ['127', integer(127), '02 01 7f'],
    ['128 gets a sign octet', integer(128), '02 02 00 80'],
    ['leading zeros go', unsignedInteger(hex('0000ff')), '02 02 00 ff'],
    ['a set is ordered by encoding', setOf(integer(2), integer(1)), '31 06 02 01 01 02 01 02'],
    ['SHA-256', oid('2.16.840.1.101.3.4.2.1'), '06 09 60 86 48 01 65 03 04 02 01'],
    ['an arc under 2 beyond 39', oid('2.999.3'), '06 03 88 37 03'],
    ['a time', generalizedTime(new Date('2026-03-09T14:23:45.999Z')), '18 0f 32303236303330393134323334355a'],
  ];
  for (const [what, encoded, expected] of encodings) it(`writes ${what}`, () => expect(encoded.toString('hex')).to.equal(hex(expected).toString('hex')));

  it('writes lengths in the fewest octets', () => {
    for (const [length, header] of [[127, '047f'], [128, '048180'], [255, '0481ff'], [256, '04820100'], [65_536, '0483010000']] as const) {
      expect(octetString(Buffer.alloc(length)).subarray(0, header.length / 2).toString('hex')).to.equal(header);
    }
  });

  it('reads back what it wrote, any bytes and depth', () => {
    fc.assert(fc.property(fc.array(fc.uint8Array({ maxLength: 300 })), (items) => {
      const read = children(readElement(sequence(...items.map(octetString))));
      expect(read.map(({ content }) => content.toString('hex'))).to.deep.equal(items.map((item) => Buffer.from(item).toString('hex')));
    }), { numRuns: 50 });
  });

  it('agrees with asn1js about object identifiers', () => {
    const arc = fc.nat({ max: 1_000_000 });
    fc.assert(fc.property(fc.nat({ max: 39 }), fc.array(arc, { maxLength: 8 }), (second, rest) => {
      const dotted = ['1', second, ...rest].join('.');
      expect(oid(dotted).toString('hex')).to.equal(Buffer.from(new ObjectIdentifier({ value: dotted }).toBER()).toString('hex'));
      expect(readOid(readElement(oid(dotted)), 'it')).to.equal(dotted);
    }), { numRuns: 100 });
  });

  it('reads object identifiers of 128-bit arcs', () => {
    const dotted = '2.25.329800735698586629295641978511506172918';
    expect(readOid(readElement(oid(dotted)), 'it')).to.equal(dotted);
  });

  it('reads times with fractions, and no others', () => {
    expect(readGeneralizedTime(time('20260309142345.25Z'), 'it').toISOString()).to.equal('2026-03-09T14:23:45.250Z');
    for (const wrong of ['20260309142345', '20261309142345Z', '20260309142345+0100', '2026']) expect(() => readGeneralizedTime(time(wrong), 'it'), wrong).to.throw(DerError);
  });

  const broken: readonly (readonly [string, string])[] = [
    ['nothing', ''],
    ['no length', '30'],
    ['indefinite length', '30 80 00 00'],
    ['a length in more octets than needed', '04 81 05 00 00 00 00 00'],
    ['a length past the end', '04 05 00'],
    ['a length of five octets', '04 85 00 00 00 00 01 00'],
    ['a high tag', '1f 81 00 00'],
    ['bytes after the element', '05 00 00'],
  ];
  for (const [what, bytes] of broken) it(`refuses ${what}`, () => expect(() => readElement(hex(bytes))).to.throw(DerError));

  it('never fails in another way on rubbish', () => {
    const walk = (bytes: Uint8Array): void => {
      const element = readElement(bytes);
      if ((element.tag & 0x20) !== 0) for (const child of children(element)) walk(child.raw);
    };
    fc.assert(fc.property(fc.uint8Array({ maxLength: 64 }), (bytes) => {
      try {
        walk(bytes);
      } catch (error) {
        expect(error).to.be.instanceOf(DerError);
      }
    }), { numRuns: 500 });
  });
});
