import { expect } from 'chai';
import { cliUpdate, isVersion } from '../../../api/qwick-cert/cli-update.ts';

const BOUNDS = { minimum: '1.2.0', current: '1.10.0' };

describe('X-Qwick-CLI-Update', () => {
  const cases: readonly (readonly [unknown, string])[] = [
    ['1.1.9', 'required'],
    ['0.9.99', 'required'],
    ['1.2.0-rc.1', 'required'],
    ['1.2.0', 'recommended'],
    ['v1.9.12', 'recommended'],
    ['1.10.0-beta', 'recommended'],
    ['1.10.0', 'optional'],
    ['1.10.0+build.5', 'optional'],
    ['2.0.0', 'optional'],
    [undefined, 'optional'],
    ['', 'optional'],
    ['latest', 'optional'],
    ['1.2', 'recommended'],
    ['1', 'required'],
    ['2', 'optional'],
    ['v1.10', 'optional'],
    ['1.10-beta', 'recommended'],
    ['1.', 'optional'],
    [1.1, 'optional'],
    [{ toString: () => '0.0.1' }, 'optional'],
    [`1.${'9'.repeat(100_000)}`, 'optional'],
  ];
  for (const [said, expected] of cases) {
    it(`${JSON.stringify(said)?.slice(0, 40) ?? 'nothing'} is ${expected}`, () => expect(cliUpdate(said, BOUNDS)).to.equal(expected));
  }

  it('is optional when nothing is configured', () => expect(cliUpdate('0.0.1', {})).to.equal('optional'));
  it('knows either bound alone', () => {
    expect(cliUpdate('1.0.0', { minimum: '1.2.0' })).to.equal('required');
    expect(cliUpdate('1.0.0', { current: '1.2.0' })).to.equal('recommended');
  });

  it('orders pre-releases as Semantic Versioning 11.4 does', () => {
    const ordered = ['1.0.0-alpha', '1.0.0-alpha.1', '1.0.0-alpha.beta', '1.0.0-beta', '1.0.0-beta.2', '1.0.0-beta.11', '1.0.0-rc.1', '1.0.0'];
    for (const [index, version] of ordered.entries()) {
      for (const [other, minimum] of ordered.entries()) {
        expect(cliUpdate(version, { minimum }), `${version} against ${minimum}`).to.equal(index < other ? 'required' : 'optional');
      }
    }
  });

  it('tells versions from other texts', () => {
    expect(['1', '1.2', '1.2.0', 'v1.2.0', '1.2.0-rc.1'].every(isVersion)).to.equal(true);
    expect(['x', '', '1.', '.1', '1.2.0.0', '1..2'].some(isVersion)).to.equal(false);
  });
});
