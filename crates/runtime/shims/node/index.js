'use strict';

// The process that runs a Node handler: loads it, then takes one event after another.

const { useCompiled } = require('./compiled.js');
const { become, packagesLoaded, preload } = require('./generic.js');
const { loadHandler } = require('./loader.js');
const { logError, patchConsole, setRequestId } = require('./logging.js');
const { Invocation } = require('./invocation.js');
const { describe, UnhandledPromiseRejection } = require('./errors.js');
const { installStreaming } = require('./streaming.js');

const EXIT_AFTER_UNCAUGHT = 129;

/** The platform, once this process is a function's. */
function connect() {
  const { _ZERUN_CHANNEL_FD: descriptor, _ZERUN_PRELOAD: packages } = process.env;
  delete process.env._ZERUN_CHANNEL_FD;
  delete process.env._ZERUN_PRELOAD;
  if (descriptor === undefined) {
    const { Api } = require('./api.js');
    return new Api(process.env.AWS_LAMBDA_RUNTIME_API);
  }
  const { Channel } = require('./channel.js');
  const channel = new Channel(Number(descriptor));
  if (process.env._HANDLER === undefined) {
    preload(packages ? packages.split(',') : []);
    become(channel.environment());
  }
  channel.open();
  return channel;
}

/** From nodejs24.x on, handlers are async only: no callbacks, no `context.done`. */
function areCallbacksAllowed() {
  const named = /^AWS_Lambda_nodejs(\d+)\.x$/.exec(process.env.AWS_EXECUTION_ENV || '');
  return Number(named ? named[1] : process.versions.node.split('.')[0]) < 24;
}

async function main() {
  const platform = connect();
  const callbacksAllowed = areCallbacksAllowed();
  patchConsole();
  installStreaming();

  // What escapes the handler ends the process, as it would end any other; but it is told first.
  let current = null;
  let event = null;
  const fatal = (error) => {
    logError('Uncaught Exception', error);
    const exit = () => process.exit(EXIT_AFTER_UNCAUGHT);
    const document = describe(error);
    const told = event === null ? platform.initError(document) : platform.fail(event, document);
    told.then(exit, exit);
  };
  process.on('uncaughtException', fatal);
  process.on('unhandledRejection', (reason, promise) => fatal(new UnhandledPromiseRejection(reason, promise)));

  let handler;
  try {
    useCompiled(process.env.LAMBDA_TASK_ROOT);
    handler = await loadHandler(process.env.LAMBDA_TASK_ROOT, process.env._HANDLER, callbacksAllowed);
  } catch (error) {
    fatal(error);
    return;
  }

  // While a handler waits for nothing that could ever happen, the event loop runs dry; this is where
  // that shows.
  process.on('beforeExit', () => current && current.loopIsEmpty());

  // A promise that loading left rejected shows after this turn of the loop: still a failed start.
  await new Promise(setImmediate);

  if (process.env.AWS_LAMBDA_INITIALIZATION_TYPE === 'snap-start') await platform.waitForRestore(packagesLoaded());
  platform.ready(packagesLoaded());
  for (;;) {
    event = await platform.next();
    setRequestId(event.id);
    process.env._X_AMZN_TRACE_ID = event.trace;
    current = new Invocation(event, { callbacksAllowed, platform });
    const failure = await current.run(handler);
    current = null;
    if (failure) {
      logError('Invoke Error', failure.error);
      await platform.fail(event, describe(failure.error));
    }
  }
}

main().catch((error) => {
  console.error('Runtime failed', error);
  process.exit(1);
});
