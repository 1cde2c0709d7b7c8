/** PE files: published ones, hostile ones, and the sample. */
import { expect } from 'chai';
import { writeFileSync } from 'node:fs';
import { open, readFile } from 'node:fs/promises';
import { gunzipSync } from 'node:zlib';
import { signAuthenticode } from '../../../infrastructure/pki/authenticode.ts';
import { bufferSource, fileSource } from '../../../infrastructure/pki/byte-source.ts';
import { DerError } from '../../../infrastructure/pki/der.ts';
import { peChecksum, peDigest } from '../../../infrastructure/pki/pe-digest.ts';
import { PeFault, readPe } from '../../../infrastructure/pki/pe-file.ts';
import { samplePe } from '../../../infrastructure/pki/pe-sample.ts';
import { certificateTable, embedSignature, readSignatures } from '../../../infrastructure/pki/pe-signature.ts';
import { verifyPe } from '../../../infrastructure/pki/pe-verify.ts';
import { createCmsSigner } from '../../../infrastructure/pki/signed-data.ts';
import { SignatureFault, verifySignedData } from '../../../infrastructure/pki/signed-data-verify.ts';
import { readSpcIndirectData } from '../../../infrastructure/pki/spc-indirect-data.ts';
import { createTimestampAuthority } from '../../../infrastructure/pki/timestamp-authority.ts';
import { systemClock } from '../../../infrastructure/runtime/clock.ts';
import { toPem } from '../../../application/authorities/pem.ts';
import { requireTool } from '../../support/pending.ts';
import { runTool } from '../../support/run-tool.ts';
import { signerFamily, type SignerFamily } from '../../support/signers.ts';
import { temporaryDirectory, type TemporaryDirectory } from '../../support/temporary-directory.ts';
import { vector } from '../../support/vectors.ts';

const PROGRAMS = ['wineyes.exe', 'ClassLibrary1.dll', 'WindowsFormsApplication1.exe'] as const;
const fault = async (bytes: Uint8Array): Promise<unknown> => readPe(bufferSource(bytes)).catch((error: unknown) => error);
const digestOf = async (bytes: Uint8Array): Promise<Buffer> => peDigest(bufferSource(bytes), await readPe(bufferSource(bytes)));

describe('pki: PE files', function suite() {
  this.timeout(30_000);
  let family: SignerFamily;
  let directory: TemporaryDirectory;
  let sample: Buffer;

  before(async () => {
    directory = temporaryDirectory();
    [family, sample] = [await signerFamily(systemClock.now()), await samplePe()];
  });
  after(() => directory.remove());

  const signatureFor = async (program: Uint8Array): Promise<Buffer> => {
    const authority = createTimestampAuthority({ signer: family.tsa, clock: systemClock });
    const file = { kind: 'pe', digest: await digestOf(program) } as const;
    return (await signAuthenticode(createCmsSigner(family.leaf), authority, file)).pkcs7;
  };
  const signed = async (program: Uint8Array, name = 'signed.exe'): Promise<string> => {
    const path = `${directory.path}/${name}`;
    writeFileSync(path, program);
    await using file = await open(path, 'r+');
    await embedSignature(file, await signatureFor(program));
    return path;
  };

  it('computes the digest that another signer signed', async () => {
    const source = bufferSource(vector('authenticode/WindowsFormsApplication1.exe'));
    const layout = await readPe(source);
    const [pkcs7] = await readSignatures(source, layout);
    const said = readSpcIndirectData(verifySignedData(pkcs7 ?? Buffer.alloc(0)).content.raw);
    expect(said.kind).to.equal('pe');
    expect((await peDigest(source, layout)).toString('hex')).to.equal(said.digest.toString('hex'));
  });

  it('computes the checksums that linkers and osslsigncode compute', async () => {
    for (const [name, checksum] of [['wineyes.exe', 0xe7f5], ['ClassLibrary1.dll', 0x98a3], ['WindowsFormsApplication1.exe', 0xa87f]] as const) {
      const source = bufferSource(vector(`authenticode/${name}`));
      expect(await peChecksum(source, (await readPe(source)).checksumOffset), name).to.equal(checksum);
    }
  });

  it('reads a file from the disk as it reads it from memory, over more than one chunk', async () => {
    const big = Buffer.concat([sample, Buffer.alloc(3 * 1024 * 1024 + 3, 0xa5)]);
    writeFileSync(`${directory.path}/big.exe`, big);
    await using file = await open(`${directory.path}/big.exe`, 'r');
    const source = await fileSource(file);
    const layout = await readPe(source);
    expect((await peDigest(source, layout)).equals(await digestOf(big))).to.equal(true);
    expect(await peChecksum(source, layout.checksumOffset)).to.equal(await peChecksum(bufferSource(big), layout.checksumOffset));
  });

  for (const name of PROGRAMS) {
    it(`signs ${name} so that osslsigncode verifies it`, async function judged() {
      requireTool(this, 'osslsigncode', 'Debian package osslsigncode');
      const path = await signed(vector(`authenticode/${name}`), name);
      const root = `${directory.path}/root.pem`;
      writeFileSync(root, toPem('CERTIFICATE', family.root.chain[0] ?? sample));
      const verdict = await runTool('osslsigncode', 'verify', '-in', path, '-CAfile', root, '-TSA-CAfile', root);
      expect(verdict.code, verdict.said).to.equal(0);
      expect(verdict.said).to.contain('Signature verification: ok').and.contain('Timestamp Server Signature verification: ok').and.not.contain('invalid PE checksum');
    });
  }

  it('osslsigncode attaches our signature, and we verify what it wrote', async function judged() {
    requireTool(this, 'osslsigncode', 'Debian package osslsigncode');
    const [program, blob, out] = [`${directory.path}/plain.exe`, `${directory.path}/blob.p7`, `${directory.path}/attached.exe`];
    writeFileSync(program, sample);
    writeFileSync(blob, await signatureFor(sample));
    const root = `${directory.path}/root.pem`;
    writeFileSync(root, toPem('CERTIFICATE', family.root.chain[0] ?? sample));
    const verdict = await runTool('osslsigncode', 'attach-signature', '-sigin', blob, '-in', program, '-out', out, '-CAfile', root, '-TSA-CAfile', root);
    expect(verdict.code, verdict.said).to.equal(0);
    expect((await verifyPe(bufferSource(await readFile(out)), family)).kind).to.equal('pe');
    expect((await readFile(out)).equals(await readFile(await signed(sample, 'ours.exe'))), 'only signature and checksum may differ').to.equal(false);
  });

  it('verifies what it signed, and replaces a signature', async () => {
    for (const name of PROGRAMS) {
      const once = await readFile(await signed(vector(`authenticode/${name}`), name));
      expect((await verifyPe(bufferSource(once), family)).digest.equals(await digestOf(once))).to.equal(true);
      const twice = await readFile(await signed(once, `twice-${name}`));
      expect(await readSignatures(bufferSource(twice), await readPe(bufferSource(twice)))).to.have.length(1);
      await verifyPe(bufferSource(twice), family);
    }
  });

  it('signs files of every length, padded to eight octets', async () => {
    for (let extra = 0; extra < 9; extra += 1) {
      const file = await readFile(await signed(Buffer.concat([sample, Buffer.alloc(extra, 1)])));
      expect(file.length % 8).to.equal(0);
      await verifyPe(bufferSource(file), family);
    }
  });

  it('finds every octet of the program that was changed', async () => {
    const file = await readFile(await signed(sample));
    const { checksumOffset, certificateEntryOffset } = await readPe(bufferSource(file));
    const free = (at: number) => (at >= checksumOffset && at < checksumOffset + 4) || (at >= certificateEntryOffset && at < certificateEntryOffset + 8);
    for (let at = 0; at < sample.length; at += 7) {
      if (free(at)) continue;
      const altered = Buffer.from(file);
      altered[at] = (altered[at] ?? 0) ^ 0x10;
      const error = await verifyPe(bufferSource(altered), family).catch((caught: unknown) => caught);
      expect(error instanceof PeFault || error instanceof SignatureFault, `octet ${String(at)}`).to.equal(true);
    }
  });

  it('is not fooled by a signature for another file or kind', async () => {
    const wrong = await signatureFor(vector('authenticode/wineyes.exe'));
    const path = `${directory.path}/wrong.exe`;
    writeFileSync(path, sample);
    await using file = await open(path, 'r+');
    await embedSignature(file, wrong);
    const error = await verifyPe(await fileSource(file), family).catch((caught: unknown) => caught);
    expect(String(error)).to.contain('the file is not the one that was signed');
    expect(String(await verifyPe(bufferSource(sample), family).catch((caught: unknown) => caught))).to.contain('carries no signature');
  });

  /** The sample with one number changed. */
  const at = (offset: number, value: number, octets: 2 | 4): Buffer => {
    const bytes = Buffer.from(sample);
    bytes.writeUIntLE(value, offset, octets);
    return bytes;
  };

  describe('refuses, with a clear fault', () => {
    const OPTIONAL = 0x98;
    const ENTRY = OPTIONAL + 112 + 32;
    const cases: readonly (readonly [string, () => Buffer, string])[] = [
      ['an empty file', () => Buffer.alloc(0), 'too short'],
      ['a file without MZ', () => Buffer.alloc(500), 'no MZ header'],
      ['a 16-bit program', () => vector('authenticode/MORE.EXE'), 'past the end'],
      ['an installer', () => vector('authenticode/minimal-signed-with-signtool.msi'), 'no MZ header'],
      ['a PE header past the end', () => at(0x3c, 0xffff_fff0, 4), 'past the end'],
      ['no PE signature', () => at(0x80, 0, 4), 'no PE signature'],
      ['another machine word', () => at(OPTIONAL, 0x107, 2), 'neither PE32 nor PE32+'],
      ['an optional header cut short', () => at(0x94, 100, 2), 'no place for a certificate table'],
      ['too few data directories', () => at(OPTIONAL + 108, 4, 4), 'no place for a certificate table'],
      ['too many sections', () => at(0x86, 0xffff, 2), 'more than 96 sections'],
      ['a section past the end', () => at(0x188 + 20, 0x1000_0000, 4), 'a section reaches past the end'],
      ['a certificate table in the headers', () => at(ENTRY, 8, 4), 'inside the program'],
      ['a certificate table past the end', () => { const b = at(ENTRY, 0x600, 4); b.writeUInt32LE(64, ENTRY + 4); return b; }, 'past the end'],
      ['a crooked certificate table', () => at(ENTRY, 0x5ff, 4), 'not aligned'],
      ['data after the certificate table', () => { const b = Buffer.concat([at(ENTRY, 0x600, 4), Buffer.alloc(32)]); b.writeUInt32LE(16, ENTRY + 4); return b; }, 'data follows'],
    ];
    for (const [what, bytes, words] of cases) {
      it(what, async () => {
        const found = await fault(bytes());
        expect(found).to.be.instanceOf(PeFault);
        expect(String(found)).to.contain(words);
      });
    }

    it('certificate table entries of wrong length', async () => {
      for (const length of [0, 7, 4_000_000_000]) {
        const table = certificateTable(Buffer.alloc(24));
        table.writeUInt32LE(length, 0);
        const file = Buffer.concat([sample, table]);
        file.writeUInt32LE(sample.length, ENTRY);
        file.writeUInt32LE(table.length, ENTRY + 4);
        const source = bufferSource(file);
        expect(String(await readSignatures(source, await readPe(source)).catch((error: unknown) => error))).to.contain('wrong length');
      }
    });

    it('every published fuzzer finding, and the sample with any octet of its headers changed', async () => {
      const crashes = ['testcase-AuthenticodeExeSignerFuzzer-5196751134392320', 'testcase-AuthenticodeExeSignerFuzzer-5235978144448512', 'testcase-minimized-AuthenticodeExeSignerFuzzer-4514363811168256'];
      for (const name of crashes) expect(await fault(gunzipSync(vector(`authenticode/clusterfuzz-${name}.gz`))), name).to.be.instanceOf(PeFault);
      for (let offset = 0; offset < 0x200; offset += 1) {
        const bytes = Buffer.from(sample);
        bytes[offset] = (bytes[offset] ?? 0) ^ 0xff;
        const found = await verifyPe(bufferSource(bytes), family).catch((error: unknown) => error);
        expect(found instanceof PeFault || found instanceof DerError || found instanceof SignatureFault, `octet ${String(offset)}: ${String(found)}`).to.equal(true);
      }
    });
  });

  it('the sample is what objdump takes for a console program that imports ExitProcess', async function judged() {
    requireTool(this, 'objdump', 'Debian package binutils');
    writeFileSync(`${directory.path}/sample.exe`, sample);
    const { code, said } = await runTool('objdump', '-x', `${directory.path}/sample.exe`);
    if (said.includes('file format not recognized')) {
      if (this.test !== undefined) this.test.title += ' (this objdump knows no PE files)';
      this.skip();
    }
    expect(code, said).to.equal(0);
    expect(said).to.contain('PE32+').and.contain('Windows CUI').and.contain('DLL Name: KERNEL32.dll').and.contain('ExitProcess').and.contain('start address 0x0000000140001000');
  });
});
