/** UUIDs are stored as their 16 bytes. */

const DASHES = /-/g;

export const uuidBytes = (uuid: string): Buffer => {
  const bytes = Buffer.from(uuid.replace(DASHES, ''), 'hex');
  if (bytes.length !== 16) throw new TypeError(`not a UUID: ${uuid}`);
  return bytes;
};

export const uuidText = (bytes: Uint8Array): string => {
  const hex = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('hex');
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-${hex.slice(12, 16)}-${hex.slice(16, 20)}-${hex.slice(20)}`;
};
