'use strict';

const util = require('util');

function named(name) {
  return class extends Error {
    constructor(message, cause) {
      super(message);
      this.name = name;
      if (cause && cause.stack) this.stack = `${name}: ${message}\n${cause.stack}`;
    }
  };
}

const ImportModuleError = named('Runtime.ImportModuleError');
const UserCodeSyntaxError = named('Runtime.UserCodeSyntaxError');
const HandlerNotFound = named('Runtime.HandlerNotFound');
const MalformedHandlerName = named('Runtime.MalformedHandlerName');
const CallbackHandlerDeprecated = named('Runtime.CallbackHandlerDeprecated');

class UnhandledPromiseRejection extends Error {
  constructor(reason, promise) {
    super(String(reason));
    this.name = 'Runtime.UnhandledPromiseRejection';
    this.reason = reason;
    this.promise = promise;
  }
}

function isError(value) {
  return util.types.isNativeError(value)
    || (value !== null && typeof value === 'object' && 'name' in value && 'message' in value && 'stack' in value);
}

/** The error document that the caller gets. Never throws, whatever the getters of `error` do. */
function describe(error) {
  try {
    if (isError(error)) {
      return {
        errorType: String(error.name).replace(/\x7f/g, '%7F'),
        errorMessage: String(error.message).replace(/\x7f/g, '%7F'),
        trace: String(error.stack).replace(/\x7f/g, '%7F').split('\n'),
      };
    }
    return { errorType: typeof error, errorMessage: String(error), trace: [] };
  } catch (problem) {
    return {
      errorType: 'handled',
      errorMessage: 'callback called with Error argument, but there was a problem while retrieving one or more of its message, name, and stack',
      trace: [],
    };
  }
}

/** The same for the log, with the error's own properties (`code`, `$metadata`, …). */
function logged(error) {
  const { errorType, errorMessage, trace } = describe(error);
  const own = {};
  if (isError(error)) {
    for (const key of Object.keys(error)) {
      try {
        JSON.stringify(error[key]);
        own[key] = isError(error[key]) ? describe(error[key]) : error[key];
      } catch (circular) {
        own[key] = util.inspect(error[key]);
      }
    }
  }
  return { errorType, errorMessage, ...own, stack: trace };
}

module.exports = {
  CallbackHandlerDeprecated,
  HandlerNotFound,
  ImportModuleError,
  MalformedHandlerName,
  UnhandledPromiseRejection,
  UserCodeSyntaxError,
  describe,
  isError,
  logged,
};
