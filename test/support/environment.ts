/** The environment for programs that tests start: theirs, without what would put these programs on the engines that the tests are run against. */

const ENGINES: ReadonlySet<string> = new Set(['EVENTSTORE_URL', 'MONGO_URL', 'KAFKA_BROKERS', 'ROLES']);

export const withoutEngines = (): NodeJS.ProcessEnv => Object.fromEntries(Object.entries(process.env).filter(([name]) => !ENGINES.has(name)));
