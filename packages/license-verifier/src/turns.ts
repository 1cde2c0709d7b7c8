/** Runs one piece of work after the other, in the order in which they were given. */
export type InTurn = <Result>(work: () => Promise<Result>) => Promise<Result>;

export const createTurns = (): InTurn => {
  let tail: Promise<unknown> = Promise.resolve();
  return (work) => {
    const mine = tail.then(work);
    tail = mine.catch(() => undefined);
    return mine;
  };
};
