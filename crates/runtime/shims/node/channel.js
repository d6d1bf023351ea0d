'use strict';

// The private way to the platform: one frame a message over a connected socket.
//
// A frame is the length of all that follows (4 bytes), its kind (1 byte), the header's length (4 bytes), the
// header (JSON, or nothing), and the body; numbers little-endian.

const fs = require('fs');
const net = require('net');

const SPECIALISE = 1;
const INVOKE = 2;
const RESTORE = 3;
const READY = 16;
const INIT_ERROR = 17;
const RESPONSE = 18;
const ERROR = 19;
const STREAM_START = 20;
const STREAM_CHUNK = 21;
const STREAM_END = 22;
const NEXT = 23;
const LOADED = 24;

const AFTER_LENGTH = 5;
const PREFIX = 4 + AFTER_LENGTH;
const CHUNK_BYTES_MAX = 64 * 1024;
const READ_BYTES = 64 * 1024;

/**
 * Between invocations it keeps the event loop alive; during one it does not, so that an idle loop can be
 * noticed.
 */
class Channel {
  constructor(descriptor) {
    this.descriptor = descriptor;
    this.socket = null;
    this.received = [];
    this.size = 0;
    this.pending = null;
    this.owesNext = false;
  }

  /** Says that this process can be specialised, and waits, without limit, for what to become. */
  environment() {
    writeAll(this.descriptor, frame(LOADED));
    const prefix = readExactly(this.descriptor, PREFIX);
    const rest = readExactly(this.descriptor, prefix.readUInt32LE(0) - AFTER_LENGTH);
    if (prefix[4] !== SPECIALISE) throw new Error(`the platform sent a frame of kind ${prefix[4]}`);
    return JSON.parse(rest.toString('utf8', 0, prefix.readUInt32LE(5))).env;
  }

  /** Begins to listen. To be called once, before anything below. */
  open() {
    // One buffer for all that is read: otherwise each read takes 64 KiB of new memory.
    const buffer = Buffer.allocUnsafeSlow(READ_BYTES);
    const callback = (size) => {
      this.take(buffer.subarray(0, size));
      return true;
    };
    const socket = new net.Socket({ fd: this.descriptor, readable: true, writable: true, onread: { buffer, callback } });
    this.socket = socket;
    const broken = (error) => {
      if (this.pending) this.pending.reject(error);
      this.pending = null;
    };
    socket.on('error', broken);
    socket.on('close', () => broken(new Error('the platform closed the channel')));
    socket.resume();
    socket.unref();
  }

  /** The handler is loaded; `packages` of the runtime pack were loaded with it. */
  ready(packages) {
    this.socket.write(frame(READY, packages.length > 0 ? { packages } : null));
  }

  initError(document) {
    return this.writeOut(frame(INIT_ERROR, { error_type: document.errorType }, JSON.stringify(document)));
  }

  /** Says that this process can be kept, and waits, without limit, until it goes on. */
  async waitForRestore(packages) {
    this.ready(packages);
    await this.wait(RESTORE);
    this.owesNext = false;
  }

  /** Waits, without limit, for an event. */
  next() {
    if (this.owesNext) this.socket.write(frame(NEXT));
    this.owesNext = false;
    return this.wait(INVOKE);
  }

  wait(kind) {
    this.socket.ref();
    return new Promise((resolve, reject) => {
      this.pending = { kind, resolve, reject };
    });
  }

  respond(event, text) {
    // Nothing of the invocation is left to do: both words at once.
    this.owesNext = false;
    this.writeNow(frame(RESPONSE, { id: event.id }, text, NEXT_FRAME));
  }

  fail(event, document) {
    const header = { id: event.id, error_type: document.errorType };
    return this.writeOut(frame(ERROR, header, JSON.stringify(document)));
  }

  /** Starts a streamed answer. Chunks go out by `write`; `end` resolves when all is out. */
  stream(event, contentType) {
    this.socket.write(frame(STREAM_START, { id: event.id, content_type: contentType }));
    return {
      write: (chunk, done) => {
        let at = 0;
        for (; chunk.length - at > CHUNK_BYTES_MAX; at += CHUNK_BYTES_MAX) {
          this.socket.write(frame(STREAM_CHUNK, null, chunk.subarray(at, at + CHUNK_BYTES_MAX)));
        }
        this.socket.write(frame(STREAM_CHUNK, null, chunk.subarray(at)), done);
      },
      end: (document) => {
        const header = { id: event.id };
        if (document) header.error_type = document.errorType;
        return this.writeOut(frame(STREAM_END, header, document ? JSON.stringify(document) : ''));
      },
    };
  }

  /** Without the detour through a stream, while nothing waits there and the kernel takes all. */
  writeNow(bytes) {
    let written = 0;
    if (this.socket.writableLength === 0 && !this.socket.destroyed) {
      try {
        written = fs.writeSync(this.descriptor, bytes);
      } catch (error) {
        // Full (EAGAIN), or broken: then the stream says so.
      }
    }
    if (written < bytes.length) this.socket.write(written === 0 ? bytes : bytes.subarray(written));
  }

  /** Resolves when it is out; until then the process has something to do. */
  writeOut(bytes) {
    return new Promise((resolve, reject) => {
      this.socket.write(bytes, (error) => (error ? reject(error) : resolve()));
    });
  }

  /** `chunk` is overwritten by the next one. */
  take(chunk) {
    if (this.size === 0 && chunk.length >= PREFIX) {
      const length = 4 + chunk.readUInt32LE(0);
      if (chunk.length >= length) {
        this.takeFrame(chunk, length);
        return;
      }
    }
    this.received.push(Buffer.from(chunk));
    this.size += chunk.length;
    if (this.size < PREFIX) return;
    // Pieces are put together only for the length, which is in the first, and once all are there.
    if (this.received[0].length < PREFIX) this.received = [Buffer.concat(this.received)];
    const length = 4 + this.received[0].readUInt32LE(0);
    if (this.size < length) return;
    const all = this.received.length === 1 ? this.received[0] : Buffer.concat(this.received);
    this.received = [];
    this.size = 0;
    this.takeFrame(all, length);
  }

  takeFrame(all, length) {
    if (!this.pending || all[4] !== this.pending.kind || all.length > length) {
      throw new Error(`the platform sent a frame of kind ${all[4]} out of turn`);
    }
    const end = PREFIX + all.readUInt32LE(5);
    const header = JSON.parse(all.toString('utf8', PREFIX, end) || '{}');
    const { resolve } = this.pending;
    this.pending = null;
    this.owesNext = true;
    this.socket.unref();
    resolve({
      id: header.id,
      deadline: header.deadline_ms,
      arn: header.arn,
      trace: header.trace,
      clientContext: header.client_context,
      cognitoIdentity: header.cognito_identity,
      body: all.toString('utf8', end, length),
    });
  }
}

/** A whole frame, and what comes right `after` it. */
function frame(kind, header = null, body = '', after = null) {
  const head = header === null ? '' : JSON.stringify(header);
  const headSize = Buffer.byteLength(head);
  const bodySize = typeof body === 'string' ? Buffer.byteLength(body) : body.length;
  const size = PREFIX + headSize + bodySize;
  const bytes = Buffer.allocUnsafe(size + (after ? after.length : 0));
  bytes.writeUInt32LE(size - 4, 0);
  bytes[4] = kind;
  bytes.writeUInt32LE(headSize, 5);
  bytes.write(head, PREFIX);
  if (typeof body === 'string') bytes.write(body, PREFIX + headSize);
  else body.copy(bytes, PREFIX + headSize);
  if (after) after.copy(bytes, size);
  return bytes;
}

const NEXT_FRAME = frame(NEXT);

function writeAll(descriptor, bytes) {
  for (let at = 0; at < bytes.length;) at += fs.writeSync(descriptor, bytes, at);
}

function readExactly(descriptor, size) {
  const bytes = Buffer.allocUnsafe(size);
  for (let at = 0; at < size;) {
    const read = fs.readSync(descriptor, bytes, at, size - at, null);
    if (read === 0) throw new Error('the platform closed the channel');
    at += read;
  }
  return bytes;
}

module.exports = { Channel };
