/** What is published of the events is made from the rows that make them, and is what they are now. */
import { expect } from 'chai';
import { readFileSync } from 'node:fs';
import { publicTypes } from '../../../projections/fanout/integration-events.ts';
import { siemTypes } from '../../../projections/fanout/siem.ts';
import { EVENT_DOCUMENT, eventDocument } from '../../../scripts/event-documents.ts';
import { SIEM_DOCUMENT, siemDocument } from '../../../scripts/siem-documents.ts';

describe('documents of the events', () => {
  it('docs/events.md says what the rows say: after a change of theirs, npm run documents', () => {
    const document = readFileSync(EVENT_DOCUMENT, 'utf8');
    for (const { type, schema } of publicTypes) {
      expect(document).to.contain(`### ${type}\n`);
      for (const member of Object.keys((schema as unknown as { properties: object }).properties)) expect(document).to.contain(`| \`${member}\` |`);
    }
    expect(document).to.equal(eventDocument());
  });

  it('docs/siem.md says what the rows say: after a change of theirs, npm run documents', () => {
    const document = readFileSync(SIEM_DOCUMENT, 'utf8');
    const rows = document.split('\n').filter((line) => /^\| `[^`]+` \| .* \| \d{4} .* \| \d{6} \|/.test(line));
    expect(rows).to.have.length(siemTypes.length);
    expect(document).to.equal(siemDocument());
  });
});
