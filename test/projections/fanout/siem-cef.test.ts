/** CEF lines, read back by another reader than the one that would be fooled: every field as it was, and one line whatever is in it. */
import { expect } from 'chai';
import { cefHeader, CEF_SEVERITIES, cefValue, createToCef } from '../../../projections/fanout/siem-cef.ts';
import { NAUGHTY } from '../../reliability/mutants.ts';
import { CORRELATION, CREDENTIAL, EVENT_ID, recordedAs, storedEvents, TENANT } from '../../support/stored-events.ts';

const toCef = createToCef('1.2.3');

type Read = Readonly<{ header: readonly string[]; extension: ReadonlyMap<string, string> }>;

const KEY = /(?:^| )([A-Za-z][A-Za-z0-9]*)=/g;
const ESCAPES: Readonly<Record<string, string>> = { n: '\n', r: '\r', '\\': '\\', '=': '=', '|': '|' };
const unescape = (text: string): string => text.replaceAll(/\\(.)/gs, (_all, character: string) => ESCAPES[character] ?? `?${character}`);

/** By the format's own rules, character by character: seven fields end at bars without a backslash; a key begins a pair at an equals sign without one. */
const read = (line: string): Read => {
  const fields = /^((?:[^\\|]|\\.)*)\|((?:[^\\|]|\\.)*)\|((?:[^\\|]|\\.)*)\|((?:[^\\|]|\\.)*)\|((?:[^\\|]|\\.)*)\|((?:[^\\|]|\\.)*)\|((?:[^\\|]|\\.)*)\|(.*)$/su.exec(line);
  if (fields === null) throw new Error(`no CEF: ${line}`);
  const [, ...parts] = fields;
  const rest = parts.pop() as string;
  const hidden = rest.replaceAll(/\\./gs, '\0\0');
  const keys = [...hidden.matchAll(KEY)];
  const pairs = keys.map((found, index) => {
    const end = keys[index + 1]?.index ?? rest.length;
    return [found[1] as string, unescape(rest.slice(found.index + found[0].length, end))] as const;
  });
  return { header: parts.map(unescape), extension: new Map(pairs) };
};

const requested = (fileName: string): string =>
  toCef(recordedAs({ context: 'signing' }, 'SigningRequested', { operationId: 'o', actorUserId: 'a', by: { kind: 'session', id: 's' }, fileName, fileSize: 7, source: 'cli' })) as string;

/** What is left of a text: no other control characters, whole characters, and not more than a reader takes. */
const kept = (text: string): string => {
  const whole = Array.from(text.toWellFormed()).map((character) => (/[\p{Cc}\u2028\u2029]/u.test(character) && !'\r\n'.includes(character) ? ' ' : character)).join('');
  return whole.length <= 1_023 ? whole : whole.slice(0, 1_023).toWellFormed();
};

describe('CEF lines', () => {
  it('say who, what, when and how it went, under the keys of the format', () => {
    expect(requested('app.exe')).to.equal(
      `CEF:0|Chancery|Chancery|1.2.3|chancery.signing.operation.requested|Signature requested|2|rt=1773066225678 externalId=${EVENT_ID} cat=API Activity act=Create outcome=pending suid=${CREDENTIAL.id} sourceServiceName=credential fname=app.exe fsize=7 cs1Label=tenant cs1=${TENANT} cs2Label=subject cs2=o cs3Label=correlation cs3=${CORRELATION} cs4Label=position cs4=00000000000000000042`,
    );
  });

  it('are one line each, with seven fields before the extension and a severity of 0 to 10, for every stored type', () => {
    let seen = 0;
    for (const { name, recorded } of storedEvents()) {
      const line = toCef(recorded);
      if (line === undefined) continue;
      const { header, extension } = read(line);
      expect(line, name).not.to.match(/[\r\n]/);
      expect(header.slice(0, 4)).to.deep.equal(['CEF:0', 'Chancery', 'Chancery', '1.2.3']);
      expect(Number(header[6])).to.be.within(0, 10);
      expect([...extension.keys()]).to.include.members(['rt', 'externalId', 'cat', 'act', 'outcome', 'cs1', 'cs1Label', 'cs2', 'cs3', 'cs4']);
      expect(extension.get('externalId')).to.equal(EVENT_ID);
      seen += 1;
    }
    expect(seen).to.be.greaterThan(50);
    expect(Object.values(CEF_SEVERITIES)).to.deep.equal([2, 4, 6, 8, 9]);
  });

  it('say that a refused signature failed, which OCSF calls a new finding', () => {
    const refused = [...storedEvents()].filter(({ recorded }) => recorded.type === 'SigningRefused');
    expect(refused).not.to.be.empty;
    for (const { extension } of refused.map(({ recorded }) => read(toCef(recorded) as string))) expect(extension.get('outcome')).to.equal('failure');
  });

  const BREAKS = [
    'a=b', 'a\\=b', 'a\\', '\\', '=', 'a|b', 'x\nCEF:0|Evil|Evil|1|1|planted|10|', 'x\r\nact=Delete outcome=success', 'x act=Delete', ' suid=root', 'x cs1=other', '\\n', '\\\n', '\0', '\u0085', '\u2028',
    '\ud800', 'x'.repeat(5_000), `${'x'.repeat(1_022)}\u{1F600}`, 'file name with spaces.exe', '=act=', '\\=act\\=', '|||',
  ];
  it(`give ${BREAKS.length + NAUGHTY.length} naughty file names back as they were, and nothing that they would plant`, () => {
    const plain = [...read(requested('x')).extension.keys()];
    const wrong = [...BREAKS, ...NAUGHTY].filter((name) => {
      const line = requested(name);
      const { header, extension } = read(line);
      return /[\r\n]/.test(line) || header.length !== 7 || extension.get('fname') !== kept(name) || extension.get('suid') !== CREDENTIAL.id || plain.some((key) => !extension.has(key));
    });
    expect(wrong).to.deep.equal([]);
  });

  it('go red where values are put into lines as they are', () => {
    const careless = requested('MARK').replace('MARK', 'x act=Delete suid=root');
    expect(read(careless).extension.get('suid')).not.to.equal(CREDENTIAL.id);
    expect(read(requested('x act=Delete suid=root')).extension.get('suid')).to.equal(CREDENTIAL.id);
  });

  it('escape in the header what ends a field, and in values what ends a value', () => {
    expect(cefHeader('a|b\\c=d\r\ne')).to.equal('a\\|b\\\\c=d e');
    expect(cefValue('a|b\\c=d\r\ne')).to.equal('a|b\\\\c\\=d\\r\\ne');
  });
});
