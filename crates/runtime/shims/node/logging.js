'use strict';

const fs = require('fs');
const util = require('util');
const { describe, isError, logged } = require('./errors.js');

const LEVELS = { TRACE: 0, DEBUG: 1, INFO: 2, WARN: 3, ERROR: 4, FATAL: 5 };
const METHODS = { trace: 'TRACE', debug: 'DEBUG', log: 'INFO', info: 'INFO', warn: 'WARN', error: 'ERROR', fatal: 'FATAL' };

let requestId;

function setRequestId(id) {
  requestId = id;
}

/** Makes `console` write one marked entry a call: `<time>\t<request id>\t<LEVEL>\t<message>`. */
function patchConsole() {
  const json = process.env.AWS_LAMBDA_LOG_FORMAT === 'JSON';
  // The level is a filter of the JSON format only.
  const least = json ? LEVELS[(process.env.AWS_LAMBDA_LOG_LEVEL || '').toUpperCase()] || 0 : 0;
  for (const [method, level] of Object.entries(METHODS)) {
    console[method] = LEVELS[level] < least ? () => {} : (...parts) => {
      writeOut(json ? jsonEntry(level, parts) : textEntry(level, parts));
    };
  }
  writeSynchronously('stdout');
  writeSynchronously('stderr');
}

/**
 * Makes `process.stdout` write when it is told to, as it does to a file: what would wait in a queue
 * could be frozen with the process, and come out in a later invocation.
 */
function writeSynchronously(name) {
  const { get, ...rest } = Object.getOwnPropertyDescriptor(process, name);
  let stream = null;
  Object.defineProperty(process, name, {
    ...rest,
    get() {
      if (stream === null) {
        stream = get.call(process);
        if (stream._handle && stream._handle.setBlocking) stream._handle.setBlocking(true);
      }
      return stream;
    },
  });
}

/** Writes to descriptor 1, which costs less than making `process.stdout`. */
function writeOut(text) {
  let bytes = Buffer.from(text);
  while (bytes.length > 0) {
    try {
      bytes = bytes.subarray(fs.writeSync(1, bytes));
    } catch (error) {
      // Full, and made non-blocking by somebody: give the reader a moment.
      if (error.code !== 'EAGAIN') return;
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 1);
    }
  }
}

/** Logs an error that ended an invocation or the process, under `title`. */
function logError(title, error) {
  if (process.env.AWS_LAMBDA_LOG_FORMAT === 'JSON') console.error(logged(error));
  else console.error(`${title} \t${JSON.stringify(logged(error))}`);
}

/** A line break inside an entry travels as CR, so that the entry stays one. */
function textEntry(level, parts) {
  const message = util.format(...parts).replace(/\n/g, '\r');
  return `${new Date().toISOString()}\t${requestId}\t${level}\t${message}\n`;
}

function jsonEntry(level, parts) {
  const entry = { timestamp: new Date().toISOString(), level, requestId };
  if (parts.length === 1 && !isError(parts[0])) {
    entry.message = parts[0];
    try {
      return `${JSON.stringify(entry)}\n`;
    } catch (circular) {
      entry.message = util.format(parts[0]);
      return `${JSON.stringify(entry)}\n`;
    }
  }
  entry.message = util.format(...parts);
  const error = parts.find(isError);
  if (error) {
    const { errorType, errorMessage, trace } = describe(error);
    Object.assign(entry, { errorType, errorMessage, stackTrace: trace });
  }
  return `${JSON.stringify(entry)}\n`;
}

module.exports = { logError, patchConsole, setRequestId };
