// Runs the binary of this platform as if it were the command itself: arguments, standard streams,
// signals and the way it ends are its own.
'use strict';

const { spawn } = require('node:child_process');
const { constants } = require('node:os');

module.exports = (program) => {
  const fail = (message) => {
    console.error(`${program}: ${message}`);
    process.exit(2);
  };
  const holder = `${require('./package.json').name}-${process.platform}-${process.arch}`;
  let binary;
  try {
    binary = require.resolve(`${holder}/bin/${program}`);
  } catch {
    fail(
      `the package ${holder}, which holds the program, is not installed: ` +
        'optional packages are left out, or there is none for this platform',
    );
  }
  let child;
  // Before there is a program, so that no signal ends the launcher alone. A terminal signals
  // both processes: the program hears it twice, which is better than never.
  for (const signal of ['SIGHUP', 'SIGINT', 'SIGQUIT', 'SIGTERM', 'SIGUSR1', 'SIGUSR2']) {
    process.on(signal, () => child.kill(signal));
  }
  child = spawn(binary, process.argv.slice(2), { stdio: 'inherit' });
  child.on('error', (error) => fail(error.message));
  child.on('exit', (code, signal) => {
    if (signal) {
      process.removeAllListeners(signal);
      process.kill(process.pid, signal);
      // Node does not die of each.
      process.exit(128 + constants.signals[signal]);
    }
    process.exit(code);
  });
};
