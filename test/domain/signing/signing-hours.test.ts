import { expect } from 'chai';
import { isClockTime, isOpen, isTimeZone, type SigningHours } from '../../../domain/signing/signing-hours.ts';

const office: SigningHours = { timezone: 'Europe/Berlin', days: ['mon', 'tue', 'wed', 'thu', 'fri'], from: '08:00', to: '18:00' };
const night: SigningHours = { timezone: 'Europe/Berlin', days: ['fri'], from: '22:00', to: '06:00' };
const small: SigningHours = { timezone: 'Europe/Berlin', from: '02:00', to: '03:00' };

describe('signing hours', () => {
  const cases: readonly (readonly [what: string, hours: SigningHours, at: string, open: boolean])[] = [
    ['a minute before they begin', office, '2026-03-09T06:59:59.999Z', false],
    ['when they begin', office, '2026-03-09T07:00:00.000Z', true],
    ['a moment before they end', office, '2026-03-09T16:59:59.999Z', true],
    ['when they end', office, '2026-03-09T17:00:00.000Z', false],
    ['on Sunday', office, '2026-03-08T10:00:00.000Z', false],
    ['on a Monday that is still Sunday in UTC', { ...office, timezone: 'Asia/Tokyo' }, '2026-03-08T23:30:00.000Z', true],
    ['on a Sunday that is already Monday in UTC', { ...office, timezone: 'America/New_York' }, '2026-03-09T03:00:00.000Z', false],
    ['an hour earlier by UTC in summer', office, '2026-06-01T06:00:00.000Z', true],
    ['in a zone with half an hour', { timezone: 'Asia/Kolkata', from: '05:30', to: '05:31' }, '2026-03-09T00:00:30.000Z', true],
    ['across midnight, on Friday evening', night, '2026-03-13T21:00:00.000Z', true],
    ['across midnight, before it begins', night, '2026-03-13T20:59:59.000Z', false],
    ['across midnight, on Saturday morning', night, '2026-03-14T04:59:59.000Z', true],
    ['across midnight, when it ends', night, '2026-03-14T05:00:00.000Z', false],
    ['across midnight, on Friday morning, which is Thursday\'s night', night, '2026-03-13T03:00:00.000Z', false],
    ['across midnight, on Saturday evening', night, '2026-03-14T21:30:00.000Z', false],
    ['across midnight from Sunday to Monday', { ...night, days: ['sun'] }, '2026-03-16T03:00:00.000Z', true],
    ['the same time twice, on its day', { ...night, from: '00:00', to: '00:00' }, '2026-03-13T12:00:00.000Z', true],
    ['the same time twice, on another day', { ...night, from: '00:00', to: '00:00' }, '2026-03-14T12:00:00.000Z', false],
    ['the same time twice, the day after until then', { ...night, from: '09:00', to: '09:00' }, '2026-03-14T07:59:59.000Z', true],
    ['the same time twice, the day after from then on', { ...night, from: '09:00', to: '09:00' }, '2026-03-14T08:00:00.000Z', false],
    ['without days, on any', { timezone: 'UTC', from: '00:00', to: '12:00' }, '2026-03-08T11:59:00.000Z', true],
    ['with an empty list of days, on any', { timezone: 'UTC', days: [], from: '00:00', to: '12:00' }, '2026-03-08T11:59:00.000Z', true],
    // Europe/Berlin: 29 March 2026, 02:00 to 03:00 does not exist; 25 October 2026, 02:00 to 03:00 comes twice.
    ['in the hour that spring leaves out, before it', small, '2026-03-29T00:59:59.000Z', false],
    ['in the hour that spring leaves out, after it', small, '2026-03-29T01:00:00.000Z', false],
    ['in the hour that comes twice in autumn, the first time', small, '2026-10-25T00:30:00.000Z', true],
    ['in the hour that comes twice in autumn, the second time', small, '2026-10-25T01:30:00.000Z', true],
    ['after the hour that comes twice in autumn', small, '2026-10-25T02:00:00.000Z', false],
    ['on 29 February', { ...office, days: ['tue'] }, '2028-02-29T08:00:00.000Z', true],
    ['after 2038', office, '2040-01-02T09:00:00.000Z', true],
  ];
  for (const [what, hours, at, open] of cases) it(`${open ? 'open' : 'closed'} ${what}`, () => expect(isOpen(hours, Date.parse(at))).to.equal(open));

  it('knows the zones of the IANA database', () => {
    for (const zone of ['UTC', 'Europe/Berlin', 'America/Argentina/Buenos_Aires', 'Etc/GMT+5', 'US/Pacific']) expect(isTimeZone(zone), zone).to.equal(true);
  });
  it('takes nothing else for one', () => {
    for (const zone of ['', 'Z', '+01:00', 'Mars/Base', 'Europe/Berlin ', 'Europe', '../etc/passwd', '2026-01-01[Europe/Berlin]', 'a'.repeat(1_000)]) expect(isTimeZone(zone), zone).to.equal(false);
  });
  it('takes HH:MM of a day', () => {
    for (const time of ['00:00', '09:30', '23:59']) expect(isClockTime(time), time).to.equal(true);
    for (const time of ['24:00', '9:30', '09:60', '09:30:00', '0930', '', ' 09:30', '09:30\n']) expect(isClockTime(time), time).to.equal(false);
  });
});
