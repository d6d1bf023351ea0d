'use strict';

const { Connection } = require('./connection.js');

const BASE = '/2018-06-01/runtime';

/** The public way to the platform: the Runtime API. */
class Api {
  constructor(address) {
    this.connection = new Connection(address);
  }

  /** Asking for the first event says so. */
  ready() {}

  /** Over a connection of its own, because the other one may be waiting for a reply. */
  initError(document) {
    return this.postError('/init/error', document);
  }

  /** Says that this process can be kept, and waits, without limit, until it goes on. */
  async waitForRestore() {
    const { status } = await this.connection.request('GET', `${BASE}/restore/next`);
    if (status !== 200) throw new Error(`restore/next answered ${status}`);
  }

  /** Waits, without limit, for an event. */
  async next() {
    const { status, headers, body } = await this.connection.request('GET', `${BASE}/invocation/next`);
    if (status !== 200) throw new Error(`invocation/next answered ${status}`);
    return {
      id: headers['lambda-runtime-aws-request-id'],
      deadline: Number(headers['lambda-runtime-deadline-ms']),
      arn: headers['lambda-runtime-invoked-function-arn'],
      trace: headers['lambda-runtime-trace-id'] || '',
      clientContext: headers['lambda-runtime-client-context'],
      cognitoIdentity: headers['lambda-runtime-cognito-identity'],
      body: body.toString('utf8'),
    };
  }

  respond(event, text) {
    const headers = { 'Content-Type': 'application/json' };
    return this.connection.request('POST', `${BASE}/invocation/${event.id}/response`, headers, text);
  }

  fail(event, document) {
    return this.postError(`/invocation/${event.id}/error`, document);
  }

  /** Starts a streamed answer. Chunks go out by `write`; `end` resolves when the reply is there. */
  stream(event, contentType) {
    const body = this.connection.stream(`${BASE}/invocation/${event.id}/response`, {
      'Content-Type': contentType,
      'Lambda-Runtime-Function-Response-Mode': 'streaming',
      Trailer: 'Lambda-Runtime-Function-Error-Type, Lambda-Runtime-Function-Error-Body',
    });
    return {
      write: body.write,
      end: (document) => body.end(document ? {
        'Lambda-Runtime-Function-Error-Type': document.errorType,
        'Lambda-Runtime-Function-Error-Body': Buffer.from(JSON.stringify(document)).toString('base64'),
      } : {}),
    };
  }

  postError(path, document) {
    return new Connection(this.connection.address).request('POST', BASE + path, {
      'Content-Type': 'application/json',
      'Lambda-Runtime-Function-Error-Type': document.errorType,
      Connection: 'close',
    }, JSON.stringify(document));
  }
}

module.exports = { Api };
