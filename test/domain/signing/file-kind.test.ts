import { expect } from 'chai';
import { extensionOf, fileKindOf } from '../../../domain/signing/file-kind.ts';

const BY_KIND = {
  pe: ['exe', 'dll', 'sys', 'ocx', 'scr', 'efi', 'cpl', 'mui'],
  msi: ['msi', 'msp', 'mst'],
  powershell: ['ps1', 'psm1', 'psd1', 'ps1xml', 'psc1', 'cdxml', 'mof'],
  cab: ['cab'],
} as const;

describe('file kind', () => {
  for (const [kind, extensions] of Object.entries(BY_KIND)) {
    for (const extension of extensions) {
      it(`.${extension} is ${kind}, whatever its case`, () => {
        expect(fileKindOf(`file.${extension}`)).to.equal(kind);
        expect(fileKindOf(`C:\\build\\FILE.${extension.toUpperCase()}`)).to.equal(kind);
      });
    }
  }

  for (const extension of ['appx', 'appxbundle', 'msix', 'msixbundle', 'js', 'vbs', 'wsf']) {
    it(`.${extension} cannot be signed by one digest`, () => {
      expect(fileKindOf(`file.${extension}`)).to.equal(undefined);
      expect(fileKindOf(`File.${extension.toUpperCase()}`)).to.equal(undefined);
      expect(fileKindOf(`file.${extension}. .`), 'with dots and blanks that Windows ignores').to.equal(undefined);
    });
  }

  for (const name of ['setup', 'setup.bin', '.exe', 'a.tar.gz', 'dir.msi/tool', 'dir.msi\\tool', '...', ' ']) {
    it(`${JSON.stringify(name)} is taken for a PE file`, () => expect(fileKindOf(name)).to.equal('pe'));
  }

  it('takes the extension from the last part of a path', () => {
    expect(extensionOf('a/b.MSI')).to.equal('msi');
    expect(extensionOf('a.b\\c')).to.equal('');
    expect(extensionOf('')).to.equal('');
  });
});
