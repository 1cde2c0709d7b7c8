#!/usr/bin/env node
/** `npx chancery …` */
import '../compile-cache.js';

const { processIo } = await import('./io.ts');
const { runCli } = await import('./program.ts');

process.exitCode = await runCli(process.argv.slice(2), processIo());
