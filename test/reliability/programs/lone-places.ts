/** A planted fault, loaded before the program: the places in the signing step are counted by this process alone. */
import { registerHooks } from 'node:module';

const SHARED = '/infrastructure/signing/shared-places.ts';

registerHooks({
  load: (url, context, next) =>
    url.endsWith(SHARED) ? { format: 'module', shortCircuit: true, source: "export { createInProcessPlaces as createSharedPlaces } from './in-process-places.ts';" } : next(url, context),
});
