/** The stabilizer formalism against states that are known, and against state vectors for few qubits. */
import { expect } from 'chai';
import {
  applyCliffords, canonical, CLIFFORDS, graphOf, type Pauli, pairsOf, product, signOf, stabilizerOf, tableauBytes, weightOf, type Stabilizer,
} from '../../../domain/licensing/graph-state.ts';
import { seeded, type Seeded } from '../../support/seeded.ts';
import { applied, CLIFFORD_MATRICES, fixes, graphVector, overlap, paulis, sameState, withCliffords } from './state-vector.ts';

const SEED = 20261122;

const randomGraph = (random: Seeded, qubits: number) => graphOf(qubits, Uint8Array.from({ length: Math.ceil(pairsOf(qubits) / 8) }, () => random.below(256)));
const randomCliffords = (random: Seeded, qubits: number) => Array.from({ length: qubits }, () => random.below(CLIFFORDS));

/** `+XZI` and the like, the first letter for qubit 0. */
const pauli = (text: string): Pauli => {
  const letters = text.slice(1).split('');
  const bits = (which: string): number => letters.reduce((sum, letter, qubit) => sum + (which.includes(letter) ? 1 << qubit : 0), 0);
  const ys = letters.filter((letter) => letter === 'Y').length;
  return { x: bits('XY'), z: bits('ZY'), phase: (ys + (text.startsWith('-') ? 2 : 0)) % 4 };
};

const textOf = (operator: Pauli, qubits: number): string =>
  (signOf(operator) === 1 ? '-' : '+') +
  Array.from({ length: qubits }, (_, qubit) => 'IXZY'[((operator.x >> qubit) & 1) + 2 * ((operator.z >> qubit) & 1)]).join('');

const H = 1 << 2;
const edges = (qubits: number, list: readonly (readonly [number, number])[]) => {
  const neighbours = Array.from({ length: qubits }, () => 0);
  for (const [a, b] of list) {
    neighbours[a] = (neighbours[a] as number) | (1 << b);
    neighbours[b] = (neighbours[b] as number) | (1 << a);
  }
  return neighbours;
};
const star = (qubits: number) => edges(qubits, Array.from({ length: qubits - 1 }, (_, leaf) => [0, leaf + 1] as const));

const texts = (graph: readonly number[]) => stabilizerOf(graph).map((operator) => textOf(operator, graph.length));

/** What a Clifford makes of X and Z, by which its matrix is found. */
const imagesOf = (clifford: number): string =>
  ['+X', '+Z'].map((letter) => textOf(applyCliffords([pauli(letter)], [clifford])[0] as Pauli, 1)).join(' ');

describe('graph states', () => {
  it('have one edge for each bit that is set, in the order 0–1, 0–2, 1–2, …', () => {
    expect(graphOf(4, Uint8Array.of(0b000001))).to.deep.equal(edges(4, [[0, 1]]));
    expect(graphOf(4, Uint8Array.of(0b000100))).to.deep.equal(edges(4, [[1, 2]]));
    expect(graphOf(4, Uint8Array.of(0b101000))).to.deep.equal(edges(4, [[0, 3], [2, 3]]));
    expect(graphOf(16, new Uint8Array(15).fill(255))).to.deep.equal(Array.from({ length: 16 }, (_, qubit) => 0xffff ^ (1 << qubit)));
  });

  it('line and ring clusters are stabilized by X with Z on both sides', () => {
    expect(texts(edges(4, [[0, 1], [1, 2], [2, 3]]))).to.deep.equal(['+XZII', '+ZXZI', '+IZXZ', '+IIZX']);
    expect(texts(edges(4, [[0, 1], [1, 2], [2, 3], [3, 0]]))).to.deep.equal(['+XZIZ', '+ZXZI', '+IZXZ', '+ZIZX']);
  });

  for (const qubits of [2, 3, 4, 8, 16]) {
    it(`GHZ of ${qubits}: a star with a Hadamard on every leaf is stabilized by X on all and Z on each pair`, () => {
      const ghz: Stabilizer = [
        { x: 2 ** qubits - 1, z: 0, phase: 0 },
        ...Array.from({ length: qubits - 1 }, (_, qubit) => ({ x: 0, z: 0b11 << qubit, phase: 0 })),
      ];
      const made = applyCliffords(stabilizerOf(star(qubits)), [0, ...Array.from({ length: qubits - 1 }, () => H)]);
      expect(canonical(made)).to.deep.equal(canonical(ghz));
    });
  }

  it('all 24 Cliffords of a qubit are different, and do to X, Y and Z what their matrices do', () => {
    const seen = new Set<string>();
    for (let clifford = 0; clifford < CLIFFORDS; clifford += 1) {
      const images = ['+X', '+Y', '+Z'].map((letter) => textOf(applyCliffords([pauli(letter)], [clifford])[0] as Pauli, 1));
      seen.add(images.join());
      expect(CLIFFORD_MATRICES.get(`${images[0]} ${images[2]}`), images.join()).not.to.equal(undefined);
      expect(CLIFFORD_MATRICES.get(`${images[0]} ${images[2]}`)?.imageOfY).to.equal(images[1]);
    }
    expect(seen.size).to.equal(24);
  });

  it('products keep their signs: all pairs of two-qubit operators against their matrices', () => {
    const random = seeded(SEED);
    const state = withCliffords(graphVector(randomGraph(random, 2), 2), randomCliffords(random, 2).map(imagesOf));
    for (const one of paulis(2)) {
      for (const two of paulis(2)) {
        const both = applied(pauli(one), applied(pauli(two), state));
        const once = applied(product(pauli(one), pauli(two)), state);
        expect(overlap(once, both).re, `${one}·${two}`).to.be.closeTo(1, 1e-12);
      }
    }
  });

  for (const qubits of [1, 2, 3, 4, 5]) {
    it(`every generator leaves the state vector as it is, before and after the canonical form: ${qubits} qubits`, () => {
      const random = seeded(SEED + qubits);
      for (let round = 0; round < 40; round += 1) {
        const graph = randomGraph(random, qubits);
        const cliffords = randomCliffords(random, qubits);
        const vector = withCliffords(graphVector(graph, qubits), cliffords.map(imagesOf));
        const stabilizer = applyCliffords(stabilizerOf(graph), cliffords);
        for (const operator of [...stabilizer, ...canonical(stabilizer)]) expect(fixes(operator, vector), textOf(operator, qubits)).to.equal(true);
      }
    });
  }

  it('two states have one canonical form exactly when their vectors are the same but for a phase', () => {
    const random = seeded(SEED);
    let same = 0;
    for (let round = 0; round < 2_000; round += 1) {
      const [one, two] = [0, 1].map(() => {
        const graph = randomGraph(random, 2);
        const cliffords = randomCliffords(random, 2);
        return { form: canonical(applyCliffords(stabilizerOf(graph), cliffords)), vector: withCliffords(graphVector(graph, 2), cliffords.map(imagesOf)) };
      }) as [{ form: Stabilizer; vector: ReturnType<typeof graphVector> }, { form: Stabilizer; vector: ReturnType<typeof graphVector> }];
      const equal = sameState(one.vector, two.vector);
      same += Number(equal);
      expect(Buffer.from(tableauBytes(one.form)).equals(tableauBytes(two.form))).to.equal(equal);
    }
    expect(same, 'pairs that are the same').to.be.greaterThan(10);
  });

  it('the canonical form does not depend on which operators generate the stabilizer', () => {
    const random = seeded(SEED);
    for (let round = 0; round < 50; round += 1) {
      const stabilizer = applyCliffords(stabilizerOf(randomGraph(random, 16)), randomCliffords(random, 16));
      const form = canonical(stabilizer);
      const mixed = [...stabilizer];
      for (let step = 0; step < 200; step += 1) {
        const [to, by] = [random.below(16), random.below(16)];
        if (to !== by) mixed[to] = product(mixed[to] as Pauli, mixed[by] as Pauli);
      }
      expect(canonical(mixed.toReversed())).to.deep.equal(form);
      expect(canonical(form)).to.deep.equal(form);
    }
  });

  it('weights count the qubits that an operator acts on', () => {
    expect(['+IIII', '+XIII', '-YZIX', '+YYYY'].map((text) => weightOf(pauli(text)))).to.deep.equal([0, 1, 3, 4]);
  });

  it('a tableau is written with five bytes for each operator', () => {
    expect(tableauBytes([{ x: 0x1234, z: 0xa050, phase: 3 }, { x: 1, z: 0, phase: 2 }])).to.deep.equal(Uint8Array.of(0x12, 0x34, 0xa0, 0x50, 1, 0, 1, 0, 0, 1));
  });
});
