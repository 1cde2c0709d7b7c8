/** Mocha's own spec reporter, which also leaves what came of the run in the file that TEST_REPORT names: how scripts/test.ts adds up its processes. */
const { writeFileSync } = require('node:fs');
const { reporters } = require('mocha');

/** In characters. */
const MOST_OF_AN_ERROR = 2_000;

module.exports = class Adding extends reporters.Spec {
  constructor(runner, options) {
    super(runner, options);
    const report = { passed: 0, pending: [], failed: [], milliseconds: {} };
    let begun = performance.now();
    runner.on('pass', () => { report.passed += 1; });
    runner.on('pending', (test) => report.pending.push(test.fullTitle()));
    runner.on('fail', (test, error) => report.failed.push({ title: test.fullTitle(), why: String(error?.stack ?? error).slice(0, MOST_OF_AN_ERROR) }));
    runner.on('suite end', ({ parent, file }) => {
      if (parent?.root !== true) return;
      const now = performance.now();
      report.milliseconds[file] = (report.milliseconds[file] ?? 0) + Math.round(now - begun);
      begun = now;
    });
    runner.once('end', () => writeFileSync(process.env.TEST_REPORT, JSON.stringify(report)));
  }
};
