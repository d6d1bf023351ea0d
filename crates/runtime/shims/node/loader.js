'use strict';

const fs = require('fs');
const path = require('path');
const { createRequire } = require('module');
const { pathToFileURL } = require('url');
const errors = require('./errors.js');
const { isStreaming } = require('./streaming.js');

/**
 * Finds the function that `text` names: `[dir/]file.export[.nested]`.
 *
 * Rejects with the error that the caller will see.
 */
async function loadHandler(root, text, callbacksAllowed) {
  const { file, names } = parse(text);
  const loaded = await load(root, file);
  const handler = find(loaded, names);
  if (handler === undefined || handler === null) {
    throw new errors.HandlerNotFound(`${text} is undefined or not exported`);
  }
  if (typeof handler !== 'function') throw new errors.HandlerNotFound(`${text} is not a function`);
  if (!callbacksAllowed && handler.length >= 3 && !isStreaming(handler)) {
    throw new errors.CallbackHandlerDeprecated(
      'This runtime does not support callback-based handlers. Use an async handler instead.',
    );
  }
  return handler;
}

function parse(text) {
  if (text.includes('..')) {
    throw new errors.MalformedHandlerName(
      `'${text}' is not a valid handler name. Use absolute paths when specifying root directories in handler names.`,
    );
  }
  const name = path.basename(text);
  const dot = name.indexOf('.');
  if (dot <= 0 || dot === name.length - 1) throw new errors.MalformedHandlerName('Bad handler');
  const directory = text.slice(0, text.length - name.length);
  return { file: directory + name.slice(0, dot), names: name.slice(dot + 1).split('.') };
}

function find(loaded, names) {
  const walk = (from) => names.reduce((at, name) => (at === undefined || at === null ? undefined : at[name]), from);
  const found = walk(loaded);
  return found === undefined && loaded.default ? walk(loaded.default) : found;
}

async function load(root, file) {
  const base = path.resolve(root, file);
  // Its own `require`, so that what is missing is looked for, and reported, from the code's place.
  const requireFromRoot = createRequire(path.join(root, 'index.js'));
  try {
    if (isFile(base)) return requireFromRoot(base);
    if (isFile(`${base}.js`)) {
      return isModulePackage(base) ? await import(pathToFileURL(`${base}.js`)) : requireFromRoot(`${base}.js`);
    }
    if (isFile(`${base}.mjs`)) return await import(pathToFileURL(`${base}.mjs`));
    if (isFile(`${base}.cjs`)) return requireFromRoot(`${base}.cjs`);
    // As a package, from node_modules or a layer.
    return requireFromRoot(requireFromRoot.resolve(file, { paths: [root, path.dirname(base)] }));
  } catch (error) {
    if (error instanceof SyntaxError) throw new errors.UserCodeSyntaxError(String(error), error);
    if (error && (error.code === 'MODULE_NOT_FOUND' || error.code === 'ERR_MODULE_NOT_FOUND')) {
      throw new errors.ImportModuleError(String(error), error);
    }
    throw error;
  }
}

function isFile(name) {
  const stat = fs.statSync(name, { throwIfNoEntry: false });
  return stat !== undefined && stat.isFile();
}

/** Whether the nearest package.json above says that `.js` files are ES modules. */
function isModulePackage(file) {
  for (let directory = path.dirname(file); ; directory = path.dirname(directory)) {
    const manifest = path.join(directory, 'package.json');
    if (isFile(manifest)) {
      try {
        return JSON.parse(fs.readFileSync(manifest, 'utf8')).type === 'module';
      } catch (unreadable) {
        return false;
      }
    }
    if (directory === path.dirname(directory) || path.basename(directory) === 'node_modules') return false;
  }
}

module.exports = { loadHandler };
