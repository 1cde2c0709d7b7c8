/** Which layer may import what. Counts what it saw, so that it cannot pass by looking at nothing. */
import { expect } from 'chai';
import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join, relative, resolve, sep } from 'node:path';
import { sourceFiles, layers, root } from '../support/source-files.ts';

type Layer = (typeof layers)[number];

const MAY_IMPORT: Readonly<Record<Layer, readonly Layer[]>> = {
  domain: ['domain'],
  application: ['domain', 'application'],
  projections: ['domain', 'application', 'projections'],
  infrastructure: ['domain', 'application', 'infrastructure'],
  api: ['domain', 'application', 'projections', 'infrastructure', 'api'],
};

const IMPORT = /^\s*(?:import|export)\b[^'";]*?from\s+['"]([^'"]+)['"]|^\s*import\s+['"]([^'"]+)['"]|\bimport\(\s*['"]([^'"]+)['"]\s*\)/gm;

export const importsOf = (source: string): readonly string[] =>
  [...source.matchAll(IMPORT)].map((match) => match[1] ?? match[2] ?? match[3] ?? '');

const layerOf = (file: string): string => relative(root, file).split('/')[0] ?? '';

/** Packages that only some places may import: what it is, and whether a file is such a place. */
const CONFINED: readonly (readonly [RegExp, (file: string) => boolean])[] = [
  [/./, (file) => !file.startsWith('domain/')],
  [/^rxjs/, (file) => !/^(application|projections)\//.test(file)],
  [/^inversify$/, (file) => file.startsWith('api/composition/')],
  [/^express$/, (file) => file.startsWith('api/')],
];

/** The rules that one file breaks, in words. */
export const violations = (file: string, source: string): readonly string[] => {
  const name = relative(root, file);
  const allowed = MAY_IMPORT[layerOf(file) as Layer];
  const breaks = (imported: string): boolean =>
    imported.startsWith('.')
      ? !allowed.includes(layerOf(resolve(dirname(file), imported)) as Layer)
      : CONFINED.some(([confined, allows]) => confined.test(imported) && !allows(name));
  return importsOf(source).filter(breaks).map((imported) => `${name} imports ${imported}`);
};

/** What the programs below `packages` may import, besides their own files: each stands alone, with the dependencies of its own package.json. */
const PACKAGES: Readonly<Record<string, readonly RegExp[]>> = {
  'license-verifier': [/^@noble\/post-quantum\//],
};

/** What a file of a package imports that it may not. */
export const strays = (file: string, source: string): readonly string[] => {
  const [, name = ''] = relative(root, file).split('/');
  const home = join(root, 'packages', name, 'src') + sep;
  const isOwn = (imported: string): boolean => (imported.startsWith('.') ? resolve(dirname(file), imported).startsWith(home) : (PACKAGES[name] ?? []).some((allowed) => allowed.test(imported)));
  return importsOf(source).filter((imported) => !isOwn(imported)).map((imported) => `${relative(root, file)} imports ${imported}`);
};

describe('architecture: imports', () => {
  for (const layer of layers) {
    it(`${layer} imports only ${MAY_IMPORT[layer].join(', ')}`, () => {
      const files = sourceFiles(layer);
      expect(files.length, 'files seen').to.be.greaterThan(0);
      expect(files.flatMap((file) => violations(file, readFileSync(file, 'utf8')))).to.deep.equal([]);
    });
  }

  it('every file of the layers is seen', () => {
    const seen = layers.flatMap((layer) => sourceFiles(layer));
    expect(seen.length).to.be.greaterThan(15);
    expect(seen).to.include(join(root, 'domain/kernel/decider.ts'));
  });

  it('packages stand alone, each on what its package.json names', () => {
    expect(readdirSync(join(root, 'packages'))).to.have.members(Object.keys(PACKAGES));
    for (const [name, allowed] of Object.entries(PACKAGES)) {
      const files = sourceFiles(`packages/${name}/src`);
      expect(files.length, `files seen of ${name}`).to.be.greaterThan(5);
      expect(files.flatMap((file) => strays(file, readFileSync(file, 'utf8')))).to.deep.equal([]);
      const { dependencies } = JSON.parse(readFileSync(join(root, 'packages', name, 'package.json'), 'utf8')) as { dependencies: Readonly<Record<string, string>> };
      const own = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as { dependencies: Readonly<Record<string, string>> };
      expect(Object.keys(dependencies).map((dependency) => allowed.some((one) => one.test(`${dependency}/`))), 'dependencies').to.deep.equal([true]);
      for (const [dependency, version] of Object.entries(dependencies)) expect(own.dependencies[dependency], dependency).to.equal(version);
    }
  });

  it('goes red on a planted stray of a package', () => {
    const file = join(root, 'packages/license-verifier/src/x.ts');
    const planted = ["import { a } from '../../../domain/kernel/ids.ts';", "import { a } from '../index.ts';", "import { a } from 'node:crypto';", "const a = await import('@noble/curves/ed25519.js');"];
    for (const source of planted) expect(strays(file, source), source).to.have.length(1);
    expect(strays(file, "import { a } from './y.ts';\nconst b = await import('@noble/post-quantum/ml-dsa.js');")).to.deep.equal([]);
  });

  it('goes red on a planted violation of each rule', () => {
    const planted: readonly (readonly [string, string])[] = [
      ['domain/kernel/x.ts', "import { sign } from 'node:crypto';"],
      ['domain/kernel/x.ts', "import type { A } from '../../application/kernel/ports.ts';"],
      ['application/kernel/x.ts', "import { of } from 'rxjs';"],
      ['projections/kernel/x.ts', "export { a } from '../../infrastructure/crypto/a.ts';"],
      ['infrastructure/bus/x.ts', "const a = await import('../../api/main.ts');"],
      ['api/kernel/x.ts', "import { Container } from 'inversify';"],
    ];
    for (const [file, source] of planted) expect(violations(join(root, file), source), source).to.have.length(1);
  });
});
