'use strict';

const net = require('net');

/**
 * One keep-alive HTTP/1.1 connection to the Runtime API, one request at a time.
 *
 * Between requests it does not keep the event loop alive, so that an idle loop can be noticed. Written
 * for one server, whose replies always carry a Content-Length.
 */
class Connection {
  constructor(address) {
    this.address = address;
    const colon = address.lastIndexOf(':');
    this.host = address.slice(0, colon);
    this.port = Number(address.slice(colon + 1));
    this.socket = null;
    this.received = [];
    this.pending = null;
  }

  /** Resolves with `{ status, headers, body }`; header names in lower case, `body` a Buffer. */
  request(method, path, headers = {}, body = '') {
    const bytes = Buffer.isBuffer(body) ? body : Buffer.from(body);
    const reply = this.expectReply();
    this.write(this.head(method, path, { ...headers, 'Content-Length': bytes.length }));
    if (bytes.length > 0) this.write(bytes);
    return reply;
  }

  /** Starts a chunked POST. Chunks go out by `write`, and `end` resolves with the reply. */
  stream(path, headers) {
    const reply = this.expectReply();
    // Looked at by `end`; until then a failure must not count as an unhandled rejection.
    reply.catch(() => {});
    this.write(this.head('POST', path, { ...headers, 'Transfer-Encoding': 'chunked' }));
    // A stream that nobody will ever end must not keep the loop alive.
    if (this.socket) this.socket.unref();
    return {
      write: (chunk, done) => {
        if (chunk.length === 0) return done();
        this.write(`${chunk.length.toString(16)}\r\n`);
        this.write(chunk);
        return this.write('\r\n', done);
      },
      end: (trailers = {}) => {
        const lines = Object.entries(trailers).map(([name, value]) => `${name}: ${clean(value)}\r\n`);
        if (this.socket) this.socket.ref();
        this.write(`0\r\n${lines.join('')}\r\n`);
        return reply;
      },
    };
  }

  head(method, path, headers) {
    const lines = Object.entries({ Host: this.address, ...headers });
    return `${method} ${path} HTTP/1.1\r\n${lines.map(([name, value]) => `${name}: ${clean(value)}\r\n`).join('')}\r\n`;
  }

  expectReply() {
    if (this.socket === null || this.socket.destroyed) this.connect();
    this.socket.ref();
    return new Promise((resolve, reject) => {
      this.pending = { resolve, reject };
    });
  }

  connect() {
    this.received = [];
    const socket = net.connect({ host: this.host, port: this.port, noDelay: true });
    this.socket = socket;
    const broken = (error) => {
      if (this.socket !== socket) return;
      this.socket = null;
      if (this.pending) this.pending.reject(error);
      this.pending = null;
    };
    socket.on('data', (chunk) => this.take(chunk));
    socket.on('error', broken);
    socket.on('close', () => broken(new Error('the Runtime API closed the connection')));
  }

  write(data, done) {
    if (this.socket === null) {
      if (done) process.nextTick(done, new Error('the Runtime API closed the connection'));
      return;
    }
    this.socket.write(data, done);
  }

  take(chunk) {
    this.received.push(chunk);
    const all = this.received.length === 1 ? chunk : Buffer.concat(this.received);
    this.received = [all];
    const end = all.indexOf('\r\n\r\n');
    if (end < 0) return;
    const [statusLine, ...lines] = all.toString('utf8', 0, end).split('\r\n');
    const headers = {};
    for (const line of lines) {
      const colon = line.indexOf(':');
      headers[line.slice(0, colon).toLowerCase()] = line.slice(colon + 1).trim();
    }
    const start = end + 4;
    const size = Number(headers['content-length'] || 0);
    if (all.length < start + size) return;
    this.received = [];
    const { resolve } = this.pending || {};
    this.pending = null;
    if (this.socket) this.socket.unref();
    if (headers.connection === 'close') this.close();
    if (resolve) {
      resolve({ status: Number(statusLine.split(' ')[1]), headers, body: all.subarray(start, start + size) });
    }
  }

  close() {
    const socket = this.socket;
    this.socket = null;
    if (socket) socket.destroy();
  }
}

/** A header's value holds no line breaks. */
function clean(value) {
  return String(value).replace(/[^\x20-\x7e\x80-\xff]/g, ' ');
}

module.exports = { Connection };
