/** What every engine that cannot be asked rejects with. */
import { Rejection } from '../../domain/kernel/rejection.ts';

/** Whether something could not be read or stored for now: whether a write was made then is not known. */
export const isUnavailable = (error: unknown): boolean => error instanceof Rejection && error.code === 'storage.unavailable';
