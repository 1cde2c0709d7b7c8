/** `npm start`: serves until it is told to stop. */
import { serve } from './cli/serve.ts';

process.exitCode = await serve();
