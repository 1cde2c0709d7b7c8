/** `npm start`: serves until it is told to stop. */
import './compile-cache.js';

const { serve } = await import('./cli/serve.ts');

process.exitCode = await serve();
