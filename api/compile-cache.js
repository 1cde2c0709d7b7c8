/**
 * What Node.js has compiled is kept for the next start, which takes less than half as much work. It lies beside the packages, which are as
 * trusted as the program itself; where nothing can be written there, there is none. To be imported before everything else, best by
 * `--import`: what is loaded before it is not kept. In JavaScript, because what takes the types out of TypeScript is a start's largest part,
 * and is only loaded for files that are not kept.
 */
import { enableCompileCache } from 'node:module';
import { fileURLToPath } from 'node:url';

const directory = fileURLToPath(new URL('../node_modules/.cache/chancery', import.meta.url));

// What comes from there tells less exactly which of its lines were run.
if (process.env['NODE_V8_COVERAGE'] === undefined) {
  enableCompileCache(directory);
  // For the threads, which begin with nothing compiled.
  process.env['NODE_COMPILE_CACHE'] ??= directory;
}
