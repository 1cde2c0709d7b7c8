/** What is published of the events is made from the rows that make them, and is what they are now. */
import { expect } from 'chai';
import { readFileSync } from 'node:fs';
import { publicTypes } from '../../../projections/fanout/integration-events.ts';
import { EVENT_DOCUMENT, eventDocument } from '../../../scripts/event-documents.ts';

describe('documents of the events', () => {
  it('docs/events.md says what the rows say: after a change of theirs, node scripts/event-documents.ts', () => {
    const document = readFileSync(EVENT_DOCUMENT, 'utf8');
    for (const { type, schema } of publicTypes) {
      expect(document).to.contain(`### ${type}\n`);
      for (const member of Object.keys((schema as unknown as { properties: object }).properties)) expect(document).to.contain(`| \`${member}\` |`);
    }
    expect(document).to.equal(eventDocument());
  });
});
