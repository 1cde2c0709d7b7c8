/** What an append is checked for before any store sees it. */
import type { AppendOptions, Cause } from '../../application/kernel/ports.ts';
import type { Message } from '../../domain/kernel/decider.ts';

const UUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;

/** Event ids of the caller's choice: UUIDs in lower case, one for each event. */
export const checkIds = (ids: readonly string[], events: readonly Message[]): readonly string[] => {
  if (ids.length !== events.length) throw new TypeError(`${ids.length} ids for ${events.length} events`);
  const wrong = ids.find((id) => !UUID.test(id));
  if (wrong !== undefined) throw new TypeError(`not an event id: ${wrong}`);
  return ids;
};

const plainCause = ({ actor: { kind, id }, correlation, causation }: Cause): Cause => ({
  actor: { kind, id },
  correlation,
  ...(causation === undefined ? {} : { causation }),
});

/** As they are stored: one for all events, or one for each. */
export const plainCauses = (how: Cause & AppendOptions, events: readonly Message[]): Cause | readonly Cause[] => {
  const { causes } = how;
  if (causes === undefined) return plainCause(how);
  if (causes.length !== events.length) throw new TypeError(`${causes.length} causes for ${events.length} events`);
  return causes.map(plainCause);
};

export const isOne = (causes: Cause | readonly Cause[]): causes is Cause => !Array.isArray(causes);
