/** What is told of the log itself. */
import type { LogIdentityEvent } from '../../../domain/transparency/log-identity.events.ts';
import { told, type PublicRows } from '../public-row.ts';
import { shape, text } from '../shapes.ts';

export const transparencyRows: PublicRows<LogIdentityEvent> = {
  LogOriginFixed: told({
    type: 'chancery.transparency.log_origin.fixed',
    summary: 'The installation\'s log got its name, for good.',
    schema: shape({ installation_id: text('The installation'), origin: text('The first part of every checkpoint\'s origin') }),
    subject: (data) => data.origin,
    data: (data) => ({ installation_id: data.installationId, origin: data.origin }),
  }),
};
