'use strict';

// Large CommonJS files of a function's package are not compiled anew at each start: what V8 made of them once
// (compile.js) is mounted beside the package, and read when such a file is loaded.
//
// One thing V8 does not give back: whose `import()` it is. So each `import` that is called becomes a parameter of the
// module's function, of a name as long, and every position in the text stays what it was.

const fs = require('fs');
const Module = require('module');
const path = require('path');
const vm = require('vm');

const DIRECTORY = '/var/compiled';

/** In UTF-16 units: smaller files than any that are compiled ahead. */
const UNITS_MIN = 8 * 1024;

const IMPORT = 'import';
const STAND_IN = 'imp0rt';

// The script begins so many columns before the line.
const BEFORE = `(function (exports, require, module, __filename, __dirname, ${STAND_IN}) { `;
const AFTER = '\n})';

/** A module's text, with its calls of `import` at `places`, as a script that evaluates to that module's function. */
function script(text, places, filename, cachedData) {
  const pieces = [BEFORE];
  let begin = 0;
  for (const place of places) {
    pieces.push(text.slice(begin, place), STAND_IN);
    begin = place + IMPORT.length;
  }
  pieces.push(text.slice(begin), AFTER);
  return new vm.Script(pieces.join(''), { filename, columnOffset: -BEFORE.length, cachedData });
}

/** From now on modules below `root` are loaded from what was compiled, where that is there and fits. */
function useCompiled(root) {
  if (!fs.existsSync(DIRECTORY)) return;
  const compile = Module.prototype._compile;
  const load = Module._extensions['.js'];
  // A text that somebody changes on its way (a transpiler, source maps) is not the one that was compiled.
  const isUntouched = (text, filename, format) =>
    text.length >= UNITS_MIN && (format === undefined || format === 'commonjs') && filename.startsWith(`${root}/`) &&
    Module._extensions['.js'] === load && !process.sourceMapsEnabled && !process.env.NODE_OPTIONS;
  Module.prototype._compile = function _compile(text, filename, format) {
    const made = isUntouched(text, filename, format) && read(text, filename, path.relative(root, filename));
    if (!made) return Reflect.apply(compile, this, arguments);
    const seen = [this.exports, requireOf(this), this, filename, path.dirname(filename), importOf(filename, compile)];
    return Reflect.apply(made.runInThisContext(), this.exports, seen);
  };
}

/** What `write` wrote: how many calls of `import` there are, where, and what V8 made. 32 bits each, lowest first. */
function read(text, filename, name) {
  try {
    const all = fs.readFileSync(path.join(DIRECTORY, name));
    const count = all.readUInt32LE(0);
    const places = Array.from({ length: count }, (_, index) => all.readUInt32LE(4 + 4 * index));
    const made = script(text, places, filename, all.subarray(4 + 4 * count));
    return made.cachedDataRejected === false ? made : undefined;
  } catch (error) {
    // Nothing was compiled of it. What is wrong with the text is told by the usual way.
    return undefined;
  }
}

function write(places, made) {
  const head = Buffer.alloc(4 + 4 * places.length);
  [places.length, ...places].forEach((number, index) => head.writeUInt32LE(number, 4 * index));
  return Buffer.concat([head, made]);
}

/** As the loader makes it for each module. */
function requireOf(module) {
  const require = function require(name) {
    return module.require(name);
  };
  require.resolve = (name, options) => Module._resolveFilename(name, module, false, options);
  require.resolve.paths = (name) => Module._resolveLookupPaths(name, module);
  require.main = process.mainModule;
  require.extensions = Module._extensions;
  require.cache = Module._cache;
  return require;
}

/** The `import` of the module in that file, made by the loader's own `compile` when it is called first. */
function importOf(filename, compile) {
  let own;
  return (...args) => {
    if (own === undefined) {
      own = new Module(filename);
      own.filename = filename;
      const body = 'module.exports = (args) => (args.length > 1 ? import(args[0], args[1]) : import(args[0]));';
      Reflect.apply(compile, own, [body, filename]);
    }
    return own.exports(args);
  };
}

module.exports = { IMPORT, STAND_IN, script, useCompiled, write };
