/** Quantum states of few qubits as vectors of amplitudes: slow, and hard to get wrong. Shares nothing with what it checks. */
import type { Graph, Pauli } from '../../../domain/licensing/graph-state.ts';

export type Complex = Readonly<{ re: number; im: number }>;
export type Vector = readonly Complex[];
type Matrix = readonly [Complex, Complex, Complex, Complex];

const c = (re: number, im = 0): Complex => ({ re, im });
const add = (one: Complex, two: Complex): Complex => c(one.re + two.re, one.im + two.im);
const times = (one: Complex, two: Complex): Complex => c(one.re * two.re - one.im * two.im, one.re * two.im + one.im * two.re);
const conjugated = ({ re, im }: Complex): Complex => c(re, -im);
const near = (one: Complex, two: Complex): boolean => Math.hypot(one.re - two.re, one.im - two.im) < 1e-9;

const ZERO = c(0);
const ONE = c(1);
const MINUS = c(-1);
const I = c(0, 1);
const MINUS_I = c(0, -1);

const MATRICES: Readonly<Record<string, Matrix>> = {
  I: [ONE, ZERO, ZERO, ONE], X: [ZERO, ONE, ONE, ZERO], Y: [ZERO, MINUS_I, I, ZERO], Z: [ONE, ZERO, ZERO, MINUS],
};
const R = c(Math.SQRT1_2);
const HADAMARD: Matrix = [R, R, R, times(R, MINUS)];
const PHASE: Matrix = [ONE, ZERO, ZERO, I];

const multiply = (one: Matrix, two: Matrix): Matrix => {
  const at = (row: number, column: number): Complex =>
    add(times(one[2 * row] as Complex, two[column] as Complex), times(one[2 * row + 1] as Complex, two[2 + column] as Complex));
  return [at(0, 0), at(0, 1), at(1, 0), at(1, 1)];
};
const adjoint = ([a, b, d, e]: Matrix): Matrix => [conjugated(a), conjugated(d), conjugated(b), conjugated(e)];
const scaled = (matrix: Matrix, by: Complex): Matrix => matrix.map((entry) => times(entry, by)) as unknown as Matrix;
const equal = (one: Matrix, two: Matrix): boolean => one.every((entry, at) => near(entry, two[at] as Complex));

/** `+X`, `-Y`, … of U·P·U†. */
const imageOf = (unitary: Matrix, letter: string): string => {
  const image = multiply(multiply(unitary, MATRICES[letter] as Matrix), adjoint(unitary));
  for (const name of ['X', 'Y', 'Z']) {
    if (equal(image, MATRICES[name] as Matrix)) return `+${name}`;
    if (equal(image, scaled(MATRICES[name] as Matrix, MINUS))) return `-${name}`;
  }
  throw new Error('not a Clifford');
};

/** Every one-qubit Clifford, made of Hadamard and phase gates, by the images of X and Z (`+Z -X`). */
export const CLIFFORD_MATRICES: ReadonlyMap<string, Readonly<{ matrix: Matrix; imageOfY: string }>> = (() => {
  const found = new Map<string, Readonly<{ matrix: Matrix; imageOfY: string }>>();
  const open: Matrix[] = [MATRICES['I'] as Matrix];
  for (let matrix = open.pop(); matrix !== undefined; matrix = open.pop()) {
    const name = `${imageOf(matrix, 'X')} ${imageOf(matrix, 'Z')}`;
    if (found.has(name)) continue;
    found.set(name, { matrix, imageOfY: imageOf(matrix, 'Y') });
    open.push(multiply(HADAMARD, matrix), multiply(PHASE, matrix));
  }
  return found;
})();

/** The amplitude of each basis state: a sign for each edge with both ends set. */
export const graphVector = (graph: Graph, qubits: number): Vector =>
  Array.from({ length: 2 ** qubits }, (_, basis) => {
    let sign = 1;
    for (let a = 0; a < qubits; a += 1) {
      for (let b = a + 1; b < qubits; b += 1) {
        if (((graph[a] as number) >> b) & (basis >> a) & (basis >> b) & 1) sign = -sign;
      }
    }
    return c(sign / Math.sqrt(2 ** qubits));
  });

const onQubit = (matrix: Matrix, qubit: number, vector: Vector): Vector =>
  vector.map((_, basis) => {
    const bit = (basis >> qubit) & 1;
    const [zero, one] = [basis & ~(1 << qubit), basis | (1 << qubit)];
    return add(times(matrix[2 * bit] as Complex, vector[zero] as Complex), times(matrix[2 * bit + 1] as Complex, vector[one] as Complex));
  });

/** One Clifford on each qubit, named by the images of X and Z. */
export const withCliffords = (vector: Vector, cliffords: readonly string[]): Vector =>
  cliffords.reduce((state, name, qubit) => onQubit(CLIFFORD_MATRICES.get(name)?.matrix as Matrix, qubit, state), vector);

/** `i^phase · X^x Z^z` on the state. */
export const applied = ({ x, z, phase }: Pauli, vector: Vector): Vector => {
  const qubits = Math.log2(vector.length);
  let state = vector;
  for (let qubit = 0; qubit < qubits; qubit += 1) {
    if ((z >> qubit) & 1) state = onQubit(MATRICES['Z'] as Matrix, qubit, state);
    if ((x >> qubit) & 1) state = onQubit(MATRICES['X'] as Matrix, qubit, state);
  }
  const factor = [ONE, I, MINUS, MINUS_I][phase] as Complex;
  return state.map((amplitude) => times(amplitude, factor));
};

/** ⟨one|two⟩ */
export const overlap = (one: Vector, two: Vector): Complex =>
  one.reduce((sum, amplitude, basis) => add(sum, times(conjugated(amplitude), two[basis] as Complex)), ZERO);

export const fixes = (operator: Pauli, vector: Vector): boolean => near(overlap(vector, applied(operator, vector)), ONE);

export const sameState = (one: Vector, two: Vector): boolean => {
  const { re, im } = overlap(one, two);
  return Math.abs(Math.hypot(re, im) - 1) < 1e-9;
};

/** The name of every operator of so many qubits, with its sign: `+XI`, `-YZ`, … */
export const paulis = (qubits: number): readonly string[] => {
  const names = Array.from({ length: qubits }).reduce<readonly string[]>((longer) => longer.flatMap((name) => ['I', 'X', 'Y', 'Z'].map((letter) => name + letter)), ['']);
  return names.flatMap((name) => [`+${name}`, `-${name}`]);
};
