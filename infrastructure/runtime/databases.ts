/** The databases of a data directory. */
export const DATABASES = { events: 'events.db', readModels: 'read-models.db', state: 'state.db' } as const;
