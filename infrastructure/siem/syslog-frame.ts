/** A record as a syslog message (RFC 5424), in a frame that is counted in octets (RFC 6587, 3.4.1; RFC 5425, 4.3). */
import type { SinkRecord } from '../../application/delivery/siem-ports.ts';

/** RFC 5424, 6.2.1: log audit. */
const FACILITY = 13;
const APP_NAME = 'chancery';
const LONGEST_MSGID = 32;
const LONGEST_HOSTNAME = 255;

/** Syslog's severity for one of CEF (0 to 3 low, 4 to 6 medium, 7 to 8 high, 9 to 10 very high). */
const severityOf = (cef: number): number => {
  if (cef >= 9) return 2;
  if (cef >= 7) return 3;
  if (cef >= 4) return 4;
  return cef >= 3 ? 5 : 6;
};

/** PRINTUSASCII of RFC 5424, 6; `-` when nothing is left. */
const printable = (text: string, longest: number): string => text.replaceAll(/[^\x21-\x7e]/gu, '').slice(0, longest) || '-';

const SHARED_PREFIX = /^chancery\./u;

/** MSGID of RFC 5424, 6.2.7: the type without what all types begin with; what is longer than there is room for is cut at its end. */
export const msgIdOf = (type: string): string => printable(type.replace(SHARED_PREFIX, ''), LONGEST_MSGID);

/** `message` holds UTF-8 and no BOM (MSG-ANY): what follows CEF in practice begins at its first octet. */
export const syslogFrame = ({ type, time, severity, body }: SinkRecord, hostname: string): Buffer => {
  const priority = FACILITY * 8 + severityOf(severity);
  const header = `<${String(priority)}>1 ${time} ${printable(hostname, LONGEST_HOSTNAME)} ${APP_NAME} - ${msgIdOf(type)} - `;
  const message = Buffer.from(header + body, 'utf8');
  return Buffer.concat([Buffer.from(`${String(message.length)} `, 'ascii'), message]);
};
