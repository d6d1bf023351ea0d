'use strict';

const { isStreaming, ResponseStream } = require('./streaming.js');

/** One event: calls the handler and posts its answer. */
class Invocation {
  constructor(event, { callbacksAllowed, platform }) {
    this.event = event;
    this.callbacksAllowed = callbacksAllowed;
    this.platform = platform;
    this.waitsForEmptyLoop = true;
    this.whenLoopIsEmpty = null;
  }

  /** Called when the event loop has nothing left to do. */
  loopIsEmpty() {
    const then = this.whenLoopIsEmpty;
    this.whenLoopIsEmpty = null;
    if (then) then();
  }

  /** Resolves when the answer is posted, with `{ error }` when there is an error to post instead. */
  async run(handler) {
    try {
      const event = JSON.parse(this.event.body);
      if (isStreaming(handler)) {
        await this.stream(handler, event);
      } else {
        await this.post(await this.call(handler, event));
      }
      return null;
    } catch (error) {
      return { error };
    }
  }

  /** The handler's result, by whichever of the ways it chose to give it. */
  call(handler, event) {
    return new Promise((resolve, reject) => {
      // Nothing will ever answer when the loop runs dry: the result is null then.
      this.whenLoopIsEmpty = () => resolve(null);
      const callback = (error, result) => {
        if (error !== undefined && error !== null) reject(error);
        else if (this.waitsForEmptyLoop) this.whenLoopIsEmpty = () => resolve(result);
        else resolve(result);
      };
      const done = (error, result) => {
        this.waitsForEmptyLoop = false;
        callback(error, result);
      };
      const context = this.context(done);
      const returned = this.callbacksAllowed ? handler(event, context, callback) : handler(event, context);
      if (returned && typeof returned.then === 'function') {
        returned.then(resolve, reject);
      } else if (!this.callbacksAllowed) {
        resolve(returned);
      }
    });
  }

  async stream(handler, event) {
    const stream = new ResponseStream((contentType) => this.platform.stream(this.event, contentType));
    this.whenLoopIsEmpty = () => stream.end();
    try {
      const finished = stream.finished();
      const returned = handler(event, stream, this.context(null));
      await Promise.race([Promise.resolve(returned).then(() => finished), finished]);
    } catch (error) {
      // Once bytes are out, the error can only follow them.
      if (!(await stream.breakOff(error))) throw error;
    }
  }

  post(result) {
    let body;
    try {
      body = JSON.stringify(result === undefined ? null : result);
    } catch (unserialisable) {
      throw new Error('Unable to stringify response body', { cause: unserialisable });
    }
    return this.platform.respond(this.event, body);
  }

  context(done) {
    const { deadline, clientContext, cognitoIdentity } = this.event;
    const facts = factsOfFunction();
    const invocation = this;
    const context = {
      functionVersion: facts.version,
      functionName: facts.name,
      memoryLimitInMB: facts.memory,
      logGroupName: facts.logGroup,
      logStreamName: facts.logStream,
      clientContext: clientContext ? JSON.parse(clientContext) : undefined,
      identity: cognitoIdentity ? JSON.parse(cognitoIdentity) : undefined,
      invokedFunctionArn: this.event.arn,
      awsRequestId: this.event.id,
      getRemainingTimeInMillis: () => deadline - Date.now(),
    };
    if (!this.callbacksAllowed) return context;
    if (done) {
      context.done = done;
      context.succeed = (result) => done(null, result);
      context.fail = (error) => done(error === undefined || error === null ? 'handled' : error);
    }
    return Object.defineProperty(context, 'callbackWaitsForEmptyEventLoop', {
      enumerable: true,
      get: () => invocation.waitsForEmptyLoop,
      set: (value) => { invocation.waitsForEmptyLoop = Boolean(value); },
    });
  }
}

let facts = null;

/** Read once: each look at the environment is a call of the C library. */
function factsOfFunction() {
  facts ??= {
    version: process.env.AWS_LAMBDA_FUNCTION_VERSION,
    name: process.env.AWS_LAMBDA_FUNCTION_NAME,
    memory: process.env.AWS_LAMBDA_FUNCTION_MEMORY_SIZE,
    logGroup: process.env.AWS_LAMBDA_LOG_GROUP_NAME,
    logStream: process.env.AWS_LAMBDA_LOG_STREAM_NAME,
  };
  return facts;
}

module.exports = { Invocation };
