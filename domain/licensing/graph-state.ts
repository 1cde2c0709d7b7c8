/**
 * Graph states in the stabilizer formalism: exact, and classical. A state of n qubits (n ≤ 16) is the one that n commuting Pauli operators
 * leave as it is; each operator is two n-bit numbers and a phase, qubit 0 in the lowest bit.
 *
 * An operator is `i^phase · X^x Z^z`, qubit by qubit X before Z. Y is `i·X·Z`: an operator with real sign has a phase of the same parity as
 * the number of its Y.
 */

export type Pauli = Readonly<{ x: number; z: number; phase: number }>;
/** Independent and commuting: they generate the stabilizer. */
export type Stabilizer = readonly Pauli[];

/** For each qubit the set of its neighbours. Symmetric, without loops. */
export type Graph = readonly number[];

/** One of the 24 Cliffords of a qubit, up to its global phase: which operators X and Z become (`0` to `5`), and their signs (`0` to `3`). */
export type Clifford = number;
export const CLIFFORDS = 24;

export const MOST_QUBITS = 16;

/** Bits that are set in a number of 16. */
const ones = (bits: number): number => {
  const pairs = bits - ((bits >> 1) & 0x5555);
  const nibbles = (pairs & 0x3333) + ((pairs >> 2) & 0x3333);
  const bytes = (nibbles + (nibbles >> 4)) & 0x0f0f;
  return (bytes + (bytes >> 8)) & 0x1f;
};

/** Pairs of qubits of a graph: the edges that it may have. */
export const pairsOf = (qubits: number): number => (qubits * (qubits - 1)) / 2;

/** The graph whose edges are the set ones of these bits, lowest first, in the order 0–1, 0–2, 1–2, 0–3, … */
export const graphOf = (qubits: number, bits: Uint8Array): Graph => {
  const neighbours = Array.from({ length: qubits }, () => 0);
  let pair = 0;
  for (let b = 1; b < qubits; b += 1) {
    for (let a = 0; a < b; a += 1, pair += 1) {
      if ((((bits[pair >> 3] as number) >> (pair & 7)) & 1) === 0) continue;
      neighbours[a] = (neighbours[a] as number) | (1 << b);
      neighbours[b] = (neighbours[b] as number) | (1 << a);
    }
  }
  return neighbours;
};

/** X on each qubit with Z on its neighbours: what stabilizes the state that controlled-Z on every edge makes of |+⟩ on every qubit. */
export const stabilizerOf = (graph: Graph): Stabilizer => graph.map((neighbours, qubit) => ({ x: 1 << qubit, z: neighbours, phase: 0 }));

/** What X and Z become, before signs: as bits X, Z of the image of X and then of the image of Z. */
const IMAGES: readonly (readonly [number, number, number, number])[] = [
  [1, 0, 0, 1], [0, 1, 1, 0], [1, 1, 0, 1], [1, 0, 1, 1], [1, 1, 1, 0], [0, 1, 1, 1],
];

/** All qubits' images at once: each number holds one bit for each qubit. */
type Frame = { xx: number; xz: number; zx: number; zz: number; xMinus: number; zMinus: number };

const frameOf = (cliffords: readonly Clifford[]): Frame => {
  const frame: Frame = { xx: 0, xz: 0, zx: 0, zz: 0, xMinus: 0, zMinus: 0 };
  cliffords.forEach((clifford, qubit) => {
    const [xx, xz, zx, zz] = IMAGES[clifford >> 2] as readonly [number, number, number, number];
    frame.xx |= xx << qubit;
    frame.xz |= xz << qubit;
    frame.zx |= zx << qubit;
    frame.zz |= zz << qubit;
    frame.xMinus |= (clifford & 1) << qubit;
    frame.zMinus |= ((clifford >> 1) & 1) << qubit;
  });
  return frame;
};

const conjugate = ({ x, z, phase }: Pauli, { xx, xz, zx, zz, xMinus, zMinus }: Frame): Pauli => ({
  x: (x & xx) ^ (z & zx),
  z: (x & xz) ^ (z & zz),
  // An i for each Y that an X or a Z becomes, a sign where it is asked for, and one where Z of the first image passes X of the second.
  phase: (phase + ones(x & xx & xz) + ones(z & zx & zz) + 2 * (ones(x & xMinus) + ones(z & zMinus) + ones(x & xz & z & zx))) & 3,
});

/** The stabilizer of the state after one Clifford on each qubit. */
export const applyCliffords = (stabilizer: Stabilizer, cliffords: readonly Clifford[]): Stabilizer => {
  const frame = frameOf(cliffords);
  return stabilizer.map((pauli) => conjugate(pauli, frame));
};

/** One operator after the other. */
export const product = (one: Pauli, two: Pauli): Pauli => ({
  x: one.x ^ two.x,
  z: one.z ^ two.z,
  phase: (one.phase + two.phase + 2 * ones(one.z & two.x)) & 3,
});

/** 1 where the operator is the negative of a product of I, X, Y and Z. */
export const signOf = ({ x, z, phase }: Pauli): 0 | 1 => (((phase - ones(x & z)) & 2) >> 1) as 0 | 1;

/** Qubits on which the operator is not the identity. */
export const weightOf = ({ x, z }: Pauli): number => ones(x | z);

/** The operator's bits in one number, X before Z. */
const bitsOf = ({ x, z }: Pauli): number => ((x << MOST_QUBITS) | z) >>> 0;

/** Multiplies the operator at `pivot` into all others that hold this bit: it is then the only one that does. */
const clear = (rows: Pauli[], pivot: number, bit: number): void => {
  const by = rows[pivot] as Pauli;
  for (let row = 0; row < rows.length; row += 1) {
    const other = rows[row] as Pauli;
    if (row !== pivot && (bitsOf(other) & bit) !== 0) rows[row] = product(other, by);
  }
};

/**
 * The one generating set of a state that is in reduced row-echelon form (X bits before Z bits, the highest qubit first), signs included: two
 * stabilizers have the same canonical form exactly when they stabilize the same state.
 */
export const canonical = (stabilizer: Stabilizer): Stabilizer => {
  const rows = [...stabilizer];
  let done = 0;
  for (let column = 2 * MOST_QUBITS - 1; column >= 0 && done < rows.length; column -= 1) {
    const bit = (1 << column) >>> 0;
    const pivot = rows.findIndex((row, at) => at >= done && (bitsOf(row) & bit) !== 0);
    if (pivot < 0) continue;
    [rows[done], rows[pivot]] = [rows[pivot] as Pauli, rows[done] as Pauli];
    clear(rows, done, bit);
    done += 1;
  }
  return rows;
};

/** Five bytes for each operator, in order: X and Z bits (big-endian), sign. */
export const tableauBytes = (stabilizer: Stabilizer): Uint8Array => {
  const bytes = new Uint8Array(5 * stabilizer.length);
  stabilizer.forEach((pauli, row) => {
    bytes.set([pauli.x >> 8, pauli.x & 255, pauli.z >> 8, pauli.z & 255, signOf(pauli)], 5 * row);
  });
  return bytes;
};
