'use strict';

// The process that runs a Node handler: loads it, then pulls one event after another.

const { Connection } = require('./connection.js');
const { loadHandler } = require('./loader.js');
const { logError, patchConsole, setRequestId } = require('./logging.js');
const { Invocation } = require('./invocation.js');
const { describe, UnhandledPromiseRejection } = require('./errors.js');
const { installStreaming } = require('./streaming.js');

const BASE = '/2018-06-01/runtime';
const EXIT_AFTER_UNCAUGHT = 129;

/** From nodejs24.x on, handlers are async only: no callbacks, no `context.done`. */
const callbacksAllowed = runtimeMajor() < 24;

function runtimeMajor() {
  const named = /^AWS_Lambda_nodejs(\d+)\.x$/.exec(process.env.AWS_EXECUTION_ENV || '');
  return Number(named ? named[1] : process.versions.node.split('.')[0]);
}

async function main() {
  const connection = new Connection(process.env.AWS_LAMBDA_RUNTIME_API);
  patchConsole();
  installStreaming();

  // What escapes the handler ends the process, as it would end any other; but it is told first.
  // Over a connection of its own, because the other one may be waiting for a reply.
  let errorPath = `${BASE}/init/error`;
  const fatal = (error) => {
    logError('Uncaught Exception', error);
    const exit = () => process.exit(EXIT_AFTER_UNCAUGHT);
    postError(new Connection(connection.address), errorPath, error).then(exit, exit);
  };
  process.on('uncaughtException', fatal);
  process.on('unhandledRejection', (reason, promise) => fatal(new UnhandledPromiseRejection(reason, promise)));

  let handler;
  try {
    handler = await loadHandler(process.env.LAMBDA_TASK_ROOT, process.env._HANDLER, callbacksAllowed);
  } catch (error) {
    fatal(error);
    return;
  }

  // While a handler waits for nothing that could ever happen, the event loop runs dry; this is where
  // that shows.
  let current = null;
  process.on('beforeExit', () => current && current.loopIsEmpty());

  // A promise that loading left rejected shows after this turn of the loop: still a failed start.
  await new Promise(setImmediate);

  for (;;) {
    const next = await connection.request('GET', `${BASE}/invocation/next`);
    if (next.status !== 200) throw new Error(`invocation/next answered ${next.status}`);
    const id = next.headers['lambda-runtime-aws-request-id'];
    const path = `${BASE}/invocation/${id}`;
    setRequestId(id);
    process.env._X_AMZN_TRACE_ID = next.headers['lambda-runtime-trace-id'] || '';
    errorPath = `${path}/error`;
    current = new Invocation(next, { callbacksAllowed, connection, path });
    const failure = await current.run(handler);
    current = null;
    if (failure) {
      logError('Invoke Error', failure.error);
      await postError(connection, errorPath, failure.error);
    }
  }
}

function postError(connection, path, error) {
  const document = describe(error);
  return connection.request('POST', path, {
    'Content-Type': 'application/json',
    'Lambda-Runtime-Function-Error-Type': document.errorType,
  }, JSON.stringify(document));
}

main().catch((error) => {
  console.error('Runtime failed', error);
  process.exit(1);
});
