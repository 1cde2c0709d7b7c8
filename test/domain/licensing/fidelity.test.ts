/** The fidelity against the complete sums, and against every error that can happen to a state vector. */
import { expect } from 'chai';
import { fidelityOf } from '../../../domain/licensing/fidelity.ts';
import { type Graph, graphOf, pairsOf, stabilizerOf, weightOf } from '../../../domain/licensing/graph-state.ts';
import { seeded, type Seeded } from '../../support/seeded.ts';
import { applied, graphVector, overlap } from './state-vector.ts';

const P = 0.001;

const randomGraph = (random: Seeded, qubits: number): Graph =>
  graphOf(qubits, Uint8Array.from({ length: Math.ceil(pairsOf(qubits) / 8) }, () => random.below(256)));

/** How many stabilizers have each weight: all of them, one by one. */
const allWeights = (graph: Graph): readonly number[] => {
  const generators = stabilizerOf(graph);
  const counts = Array.from({ length: graph.length + 1 }, () => 0);
  for (let subset = 0; subset < 2 ** graph.length; subset += 1) {
    let [x, z] = [0, 0];
    generators.forEach((generator, index) => {
      if (((subset >> index) & 1) === 0) return;
      x ^= generator.x;
      z ^= generator.z;
    });
    const weight = weightOf({ x, z, phase: 0 });
    counts[weight] = (counts[weight] as number) + 1;
  }
  return counts;
};

const byErrors = (graph: Graph, p: number): number =>
  allWeights(graph).reduce((sum, count, weight) => sum + count * (1 - p) ** (graph.length - weight) * (p / 3) ** weight, 0);
const byMixing = (graph: Graph, p: number): number =>
  allWeights(graph).reduce((sum, count, weight) => sum + count * (1 - (4 * p) / 3) ** weight, 0) / 2 ** graph.length;

const line = (qubits: number): Graph => Array.from({ length: qubits }, (_, at) => ((1 << (at - 1)) & (at > 0 ? -1 : 0)) | (at + 1 < qubits ? 1 << (at + 1) : 0));
const complete = (qubits: number): Graph => Array.from({ length: qubits }, (_, at) => (2 ** qubits - 1) ^ (1 << at));
const noEdges = (qubits: number): Graph => Array.from({ length: qubits }, () => 0);

describe('the fidelity of a graph state under Pauli errors', () => {
  for (const [name, graph] of [['line', line(16)], ['complete', complete(16)], ['without edges', noEdges(16)], ['random', randomGraph(seeded(7), 16)]] as const) {
    it(`is both complete sums over 65,536 stabilizers, to 3e-11: ${name}`, () => {
      expect(byErrors(graph, P)).to.be.closeTo(byMixing(graph, P), 1e-12);
      expect(fidelityOf(graph, P)).to.be.closeTo(byErrors(graph, P), 3e-11).and.at.most(byErrors(graph, P) + 1e-13);
    });
  }

  it('is the chance that what happens leaves the state as it is: every error on every qubit of three', () => {
    const random = seeded(11);
    for (let round = 0; round < 8; round += 1) {
      const graph = randomGraph(random, 3);
      const state = graphVector(graph, 3);
      let expected = 0;
      for (let x = 0; x < 8; x += 1) {
        for (let z = 0; z < 8; z += 1) {
          const weight = weightOf({ x, z, phase: 0 });
          const { re, im } = overlap(state, applied({ x, z, phase: 0 }, state));
          expected += (1 - 0.2) ** (3 - weight) * (0.2 / 3) ** weight * (re * re + im * im);
        }
      }
      // Three generators: products of up to three are all of them, whatever the rate.
      expect(fidelityOf(graph, 0.2)).to.be.closeTo(expected, 1e-12);
    }
  });

  it('is nearly the same for nearly every graph: what no error at all leaves', () => {
    const random = seeded(3);
    const seen = Array.from({ length: 200 }, () => fidelityOf(randomGraph(random, 16), P));
    expect(Math.min(...seen)).to.be.at.least((1 - P) ** 16);
    expect(new Set(seen.map((fidelity) => fidelity.toFixed(4)))).to.deep.equal(new Set(['0.9841']));
  });
});
