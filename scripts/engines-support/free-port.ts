/** Where a program can listen that has to be told its port. */
import { randomInt } from 'node:crypto';
import { once } from 'node:events';
import { createServer } from 'node:net';

/** Below what systems give to whoever asks for any port: one that is free for a moment, between two starts of a program, must not become another's. */
const [FIRST, LAST] = [10_240, 32_000];
const ATTEMPTS = 100;

const isFree = async (port: number): Promise<boolean> => {
  const server = createServer();
  try {
    await once(server.listen(port, '127.0.0.1'), 'listening');
    return true;
  } catch {
    return false;
  } finally {
    server.close();
  }
};

/** Nobody may listen there yet. */
const given = new Set<number>();

/** A port of 127.0.0.1 that nobody listens at now, by chance: others who look at the same moment find others. This process gets each once. */
export const freePort = async (): Promise<number> => {
  for (let attempt = 0; attempt < ATTEMPTS; attempt += 1) {
    const port = randomInt(FIRST, LAST);
    if (given.has(port) || !(await isFree(port)) || given.has(port)) continue;
    given.add(port);
    return port;
  }
  throw new Error('no port is free');
};
