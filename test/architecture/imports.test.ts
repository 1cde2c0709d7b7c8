/** Which layer may import what. Counts what it saw, so that it cannot pass by looking at nothing. */
import { expect } from 'chai';
import { readFileSync } from 'node:fs';
import { dirname, join, relative, resolve } from 'node:path';
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
