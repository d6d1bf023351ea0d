'use strict';

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
      process.stdout.write(json ? jsonEntry(level, parts) : textEntry(level, parts));
    };
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
