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
      const event = JSON.parse(this.event.body.toString('utf8'));
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
    const optional = (text) => (text ? JSON.parse(text) : undefined);
    const context = {
      functionVersion: process.env.AWS_LAMBDA_FUNCTION_VERSION,
      functionName: process.env.AWS_LAMBDA_FUNCTION_NAME,
      memoryLimitInMB: process.env.AWS_LAMBDA_FUNCTION_MEMORY_SIZE,
      logGroupName: process.env.AWS_LAMBDA_LOG_GROUP_NAME,
      logStreamName: process.env.AWS_LAMBDA_LOG_STREAM_NAME,
      clientContext: optional(clientContext),
      identity: optional(cognitoIdentity),
      invokedFunctionArn: this.event.arn,
      awsRequestId: this.event.id,
      getRemainingTimeInMillis: () => deadline - Date.now(),
    };
    if (this.callbacksAllowed) {
      Object.defineProperty(context, 'callbackWaitsForEmptyEventLoop', {
        enumerable: true,
        get: () => this.waitsForEmptyLoop,
        set: (value) => { this.waitsForEmptyLoop = Boolean(value); },
      });
      if (done) {
        context.done = done;
        context.succeed = (result) => done(null, result);
        context.fail = (error) => done(error === undefined || error === null ? 'handled' : error);
      }
    }
    return context;
  }
}

module.exports = { Invocation };
