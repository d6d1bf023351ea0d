'use strict';

const { Writable } = require('stream');
const { describe } = require('./errors.js');

const STREAMING = Symbol.for('aws.lambda.runtime.handler.streaming');
const HIGH_WATER_MARK = Symbol.for('aws.lambda.runtime.handler.streaming.highWaterMark');
const HTTP_INTEGRATION = 'application/vnd.awslambda.http-integration-response';

/** Offers the global `awslambda` that handlers answering with a stream are marked with. */
function installStreaming() {
  globalThis.awslambda = {
    streamifyResponse(handler, options) {
      handler[STREAMING] = 'response';
      if (options && options.highWaterMark) handler[HIGH_WATER_MARK] = Number(options.highWaterMark);
      return handler;
    },
    HttpResponseStream: {
      /** Puts status, headers and cookies before the body: JSON and eight NUL bytes. */
      from(stream, prelude) {
        stream.setContentType(HTTP_INTEGRATION);
        stream.prelude = Buffer.concat([Buffer.from(JSON.stringify(prelude)), Buffer.alloc(8)]);
        return stream;
      },
    },
  };
}

function isStreaming(handler) {
  return handler[STREAMING] === 'response';
}

/** What a streaming handler writes to. The answer begins with the first byte, or at the end. */
class ResponseStream extends Writable {
  constructor(open) {
    super();
    this.open = open;
    this.contentType = 'application/octet-stream';
    this.prelude = null;
    this.body = null;
    this.isBrokenOff = false;
  }

  setContentType(contentType) {
    if (this.body) throw new Error('Cannot set content-type, too late.');
    this.contentType = contentType;
  }

  begin() {
    if (this.body) return;
    this.body = this.open(this.contentType);
    if (this.prelude) this.body.write(this.prelude, () => {});
  }

  _write(chunk, encoding, done) {
    this.begin();
    this.body.write(chunk, done);
  }

  _final(done) {
    if (this.isBrokenOff) return done();
    this.begin();
    return this.body.end().then(() => done(), done);
  }

  /** Resolves when everything is out and acknowledged. */
  finished() {
    return new Promise((resolve, reject) => {
      this.on('finish', resolve);
      this.on('error', reject);
    });
  }

  /** Ends the stream with `error` behind its bytes; false when nothing has been sent yet. */
  async breakOff(error) {
    this.isBrokenOff = true;
    if (!this.body) return false;
    await this.body.end(describe(error));
    return true;
  }
}

module.exports = { installStreaming, isStreaming, ResponseStream };
