/** A real syslog daemon on loopback, which writes what it took, field by field, into a file: one line a message. */
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { join } from 'node:path';
import { closing } from './leavings.ts';
import { runTool } from './run-tool.ts';
import { until } from './until.ts';
import { freePort } from '../../scripts/engines-support/free-port.ts';

export type SyslogMessage = Readonly<{ priority: string; program: string; id: string; time: string; text: string }>;

const answers = (port: number): Promise<true | undefined> =>
  new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1');
    socket.once('connect', () => { socket.destroy(); resolve(true); });
    socket.once('error', () => resolve(undefined));
  });

const makeCertificate = async (directory: string): Promise<string> => {
  const [key, certificate] = [join(directory, 'key.pem'), join(directory, 'certificate.pem')];
  const { code, said } = await runTool(
    'openssl', 'req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes', '-days', '2', '-subj', '/CN=syslog', '-addext', 'subjectAltName=IP:127.0.0.1', '-keyout', key, '-out', certificate,
  );
  if (code !== 0) throw new Error(said);
  return certificate;
};

type Ports = Readonly<{ tcp: number; tls: number }>;

const configuration = (directory: string, { tcp, tls }: Ports): string => `@version: 3.35
options { keep-hostname(yes); use-dns(no); stats-freq(0); keep-timestamp(yes); ts-format(iso); frac-digits(3); time-reopen(1); };
source s_tcp { syslog(ip("127.0.0.1") port(${tcp}) transport("tcp")); };
source s_tls { syslog(ip("127.0.0.1") port(${tls}) transport("tls") tls(key-file("${directory}/key.pem") cert-file("${directory}/certificate.pem") peer-verify(optional-untrusted))); };
template t_line { template("$PRI\\t$PROGRAM\\t$MSGID\\t$ISODATE\\t$MSG\\n"); };
destination d_tcp { file("${directory}/tcp.log" template(t_line)); };
destination d_tls { file("${directory}/tls.log" template(t_line)); };
log { source(s_tcp); destination(d_tcp); };
log { source(s_tls); destination(d_tls); };
`;

const parse = (line: string): SyslogMessage => {
  const [priority = '', program = '', id = '', time = '', ...text] = line.split('\t');
  return { priority, program, id, time, text: text.join('\t') };
};

/** `directory`: for its configuration and what it took. It is not running yet. */
export const prepareSyslog = async (directory: string) => {
  const ports: Ports = { tcp: await freePort(), tls: await freePort() };
  const certificate = readFileSync(await makeCertificate(directory), 'utf8');
  const path = (name: string): string => join(directory, name);
  writeFileSync(path('syslog-ng.conf'), configuration(directory, ports));
  let child: ChildProcess | undefined;

  const stop = closing(async () => {
    const running = child;
    child = undefined;
    if (running === undefined || running.exitCode !== null) return;
    running.kill('SIGTERM');
    await once(running, 'exit');
  });

  return {
    ports,
    certificate,
    start: async (): Promise<void> => {
      const started = spawn('syslog-ng', ['-F', '--no-caps', '-f', path('syslog-ng.conf'), '-R', path('persist'), '-p', path('pid'), '-c', path('control')], { stdio: ['ignore', 'ignore', 'pipe'] });
      child = started;
      let said = '';
      started.stderr?.on('data', (chunk: Buffer) => { said += chunk.toString(); });
      await until('the syslog daemon', async () => {
        if (started.exitCode !== null) throw new Error(said);
        return (await answers(ports.tcp)) && (await answers(ports.tls));
      });
    },
    stop,
    /** All that came over one of its ports. */
    taken: (transport: keyof Ports): readonly SyslogMessage[] => {
      const file = path(`${transport}.log`);
      return existsSync(file) ? readFileSync(file, 'utf8').split('\n').filter((line) => line !== '').map(parse) : [];
    },
  };
};
