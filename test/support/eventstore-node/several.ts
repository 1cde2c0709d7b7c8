/** A cluster of small nodes over one log, as one sees it from outside: who leads can change, and nodes can go. */
import { randomUUID } from 'node:crypto';
import type { Member } from './cluster.ts';
import { openLog, startEventStoreNode, type EventStoreNode } from './node.ts';

export interface EventStoreCluster {
  /** Names all nodes: the client asks them who leads. */
  readonly url: string;
  readonly nodes: readonly EventStoreNode[];
  /** Makes a node the leader; undefined: nobody leads for now. */
  elect(index: number | undefined): void;
  /** Ends a node; the others know that it is gone. It leads no more. */
  end(index: number): Promise<void>;
  close(): Promise<void>;
}

/** Starts `size` nodes, the first of which leads. */
export const startEventStoreCluster = async (size = 3): Promise<EventStoreCluster> => {
  const shared = openLog();
  const nodes: EventStoreNode[] = [];
  for (let index = 0; index < size; index += 1) nodes.push(await startEventStoreNode({ shared, statisticsEvery: index === 0 ? 10 : 0 }));
  const ids = nodes.map(() => randomUUID());
  const ended = new Set<number>();
  let leading: number | undefined = 0;
  const tell = (): void => {
    const members = nodes.map(({ port }, index): Member => ({
      id: ids[index] as string, state: index === leading ? 'leader' : 'follower', isAlive: !ended.has(index), endpoint: { address: '127.0.0.1', port },
    }));
    for (const node of nodes) node.setMembers(members);
  };
  const end = async (index: number): Promise<void> => {
    ended.add(index);
    if (leading === index) leading = undefined;
    tell();
    await nodes[index]?.close();
  };
  tell();
  return {
    url: `esdb://${nodes.map(({ port }) => `127.0.0.1:${port}`).join(',')}?tls=false&discoveryInterval=20`,
    nodes,
    elect: (index) => {
      leading = index;
      tell();
    },
    end,
    close: async () => {
      for (const index of nodes.keys()) if (!ended.has(index)) await end(index);
      await shared.close();
    },
  };
};
