/** The package as it is shipped: what `npm run build` writes is JavaScript with types that works without the sources. */
import { expect } from 'chai';
import { existsSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { runTool } from '../../support/run-tool.ts';
import { root } from '../../support/source-files.ts';
import { temporaryDirectory } from '../../support/temporary-directory.ts';
import { ALGORITHMS, AUDIENCE, keySet, license, makeKey, SOLD } from './vendor.ts';

const home = join(root, 'packages/license-verifier');

describe('license verifier: the package', () => {
  it('is built by its own command, and verifies', async () => {
    const { scripts, exports } = JSON.parse(readFileSync(join(home, 'package.json'), 'utf8')) as { scripts: { build: string }; exports: { '.': { types: string; default: string } } };
    expect(scripts.build).to.equal('tsc -p .');
    const place = temporaryDirectory();
    try {
      const tsc = join(root, 'node_modules/typescript/bin/tsc');
      const built = await runTool(process.execPath, tsc, '-p', home, '--outDir', join(place.path, 'dist'));
      expect(built.code, built.said).to.equal(0);
      expect(existsSync(join(place.path, exports['.'].types))).to.equal(true);
      writeFileSync(join(place.path, 'package.json'), '{"type":"module"}');
      symlinkSync(join(root, 'node_modules'), join(place.path, 'node_modules'), 'junction');
      const keys = ALGORITHMS.map((algorithm) => makeKey(algorithm));
      const given = { options: { keys: keySet(...keys), audience: AUDIENCE }, licenses: keys.map((key) => license(key)), now: SOLD * 1_000 };
      const program = `
        const { createLicenseVerifier } = await import(${JSON.stringify(pathToFileURL(join(place.path, exports['.'].default)).href)});
        const { options, licenses, now } = ${JSON.stringify(given)};
        const verifier = createLicenseVerifier({ ...options, clock: () => now });
        for (const license of licenses) console.log((await verifier.verify(license)).reason);`;
      const ran = await runTool(process.execPath, '--disable-warning=ExperimentalWarning', '--input-type=module', '-e', program);
      expect(ran).to.deep.equal({ code: 0, said: 'valid\nvalid\n' });
    } finally {
      place.remove();
    }
  });
});
