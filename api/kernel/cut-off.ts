/** The end of an answer that is not complete, and that its client does not take. */
import type { Response } from 'express';

/**
 * Resets the connection. One that is only closed stays with the system, megabytes of the answer included, for as long as a client that takes
 * nothing answers its probes (RFC 9293, 3.8.6.1), and is counted against nobody.
 */
export const cutOff = (response: Response): void => {
  const { socket } = response;
  // By itself it waits for what was written before.
  socket?.resetAndDestroy();
  socket?.destroy();
  response.destroy();
};
