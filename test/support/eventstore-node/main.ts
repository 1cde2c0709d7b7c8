/**
 * The node as a process of its own, for tests that kill it: `node main.ts --port P --dir D [--version V]`. It says on standard output where
 * it listens, as a line of JSON. Requests for faults come in on standard input, one JSON text a line, each answered by a line.
 */
import { createInterface } from 'node:readline';
import { parseArgs } from 'node:util';
import type { FaultRequest } from './faults.ts';
import { startEventStoreNode, type EventStoreNode } from './node.ts';

const { values } = parseArgs({ options: { port: { type: 'string', default: '0' }, dir: { type: 'string' }, version: { type: 'string' }, statistics: { type: 'string' } } });

const say = (line: unknown): void => void process.stdout.write(`${JSON.stringify(line)}\n`);

const obey = (node: EventStoreNode, line: string): void => {
  try {
    node.faults.apply(JSON.parse(line) as FaultRequest);
    say({ done: true });
  } catch (error) {
    say({ done: false, reason: (error as Error).message });
  }
};

const node = await startEventStoreNode({
  port: Number(values.port),
  ...(values.dir !== undefined && { directory: values.dir }),
  ...(values.version !== undefined && { version: values.version }),
  ...(values.statistics !== undefined && { statisticsEvery: Number(values.statistics) }),
});
say({ listening: node.port, url: node.url });
const requests = createInterface({ input: process.stdin });
requests.on('line', (line) => obey(node, line));
// Whoever started it has gone.
requests.once('close', () => void node.close());
process.once('SIGTERM', () => requests.close());
