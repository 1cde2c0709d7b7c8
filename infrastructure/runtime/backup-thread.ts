/** Makes a backup on a thread of its own, so that serving goes on. */
import { parentPort, workerData } from 'node:worker_threads';
import { type BackupOptions, copyToBackup } from './backup-copy.ts';

const summary = copyToBackup(workerData as BackupOptions, (events, of) => parentPort?.postMessage({ progress: [events, of] }));
parentPort?.postMessage({ summary });
