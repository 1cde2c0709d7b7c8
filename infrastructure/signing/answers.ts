/** What all services that signing asks over HTTP have in common: answers that are too long, and refusals that may pass. */

/** Reads a body of at most `limit` octets; throws what `tooLong` makes as soon as there are more. */
export const readCapped = async (body: ReadableStream<Uint8Array> | null, limit: number, tooLong: () => Error): Promise<Buffer> => {
  const chunks: Uint8Array[] = [];
  let octets = 0;
  for await (const chunk of body ?? []) {
    octets += chunk.length;
    if (octets > limit) throw tooLong();
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
};

/** Whether the same request may succeed later (RFC 9110 15.5.9 and 15.6, RFC 6585 4). */
export const mayPass = (status: number): boolean => status >= 500 || status === 408 || status === 429;
