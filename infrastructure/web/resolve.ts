/** What a name leads to. */
import { lookup as systemLookup, promises as dns, type LookupAddress } from 'node:dns';

/** All addresses of a name. Rejects with a system's error, its `code`, where there are none. */
export type Resolve = (host: string) => Promise<readonly LookupAddress[]>;

/** As the machine knows names, its own file of hosts included: for those that the operator allowed. */
export const systemResolve: Resolve = (host) =>
  new Promise((resolve, refuse) => {
    systemLookup(host, { all: true, verbatim: true }, (error, addresses) => (error === null ? resolve(addresses) : refuse(error)));
  });

const PATIENCE = { timeout: 2_000, tries: 2 } as const;

/** Name servers, asked without a thread. */
export type NameServers = Readonly<{ resolve4: (host: string) => Promise<readonly string[]>; resolve6: (host: string) => Promise<readonly string[]> }>;

/**
 * As name servers know them. The system's lookup holds a thread of the pool for as long as a dead name takes, and a few of those would keep all
 * other names, and whatever else needs a thread, waiting.
 */
export const createPublicResolve = (servers: NameServers = new dns.Resolver(PATIENCE)): Resolve => async (host) => {
  const [four, six] = await Promise.allSettled([servers.resolve4(host), servers.resolve6(host)]);
  const found = ([[four, 4], [six, 6]] as const).flatMap(([answer, family]) => (answer.status === 'fulfilled' ? answer.value.map((address) => ({ address, family })) : []));
  if (found.length === 0 && four.status === 'rejected') throw four.reason;
  return found;
};
