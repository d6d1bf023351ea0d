'use strict';

// Compiles files of a function's package without running any of them. Arguments: the package's directory, then the
// files' names in there. Writes to the standard output, for each file in order, how many bytes follow (32 bits, the
// highest first; 0: it is no CommonJS, or nothing can be made of it) and what compiled.js is to read.

const fs = require('fs');
const path = require('path');
const v8 = require('v8');
const { IMPORT, STAND_IN, script, write } = require('./compiled.js');

/** For all files: looking for calls of `import` reads a file several times for each. */
const MILLISECONDS_MAX = 20_000;
const began = Date.now();

/**
 * Where `import` is called in `text`; undefined where that cannot be said.
 *
 * V8 is asked by changing the word: what breaks tells where it stood.
 */
function calls(text) {
  const places = [];
  // With nothing between the word and its arguments but a comment.
  for (const { index } of text.matchAll(/(?<![\w$])import(?=\s*[(/])/g)) {
    if (Date.now() - began > MILLISECONDS_MAX) return undefined;
    const fits = (word) => isScript(text.slice(0, index) + word + text.slice(index + IMPORT.length));
    // In no code, but in any string, pattern and comment.
    if (!fits('\x01')) {
      // Code. A call may be negated; the name of a property or a method may not.
      if (!fits('!this ')) return undefined;
      places.push(index);
    } else if (!['"', "'", '`'].every(fits)) {
      // Inside a string: it may be code once, and an `import()` of that would be this module's too.
      return undefined;
    }
  }
  return places;
}

function isScript(text) {
  try {
    script(text, [], 'file');
    return true;
  } catch (error) {
    return false;
  }
}

function compile(root, name) {
  const file = path.join(root, name);
  try {
    const text = fs.readFileSync(file, 'utf8').replace(/^\uFEFF/, '');
    if (text.includes(STAND_IN) || !isScript(text)) return Buffer.alloc(0);
    const places = calls(text);
    if (places === undefined) return Buffer.alloc(0);
    // With all inner functions, called or not: most of what a large file takes to start is compiling those.
    v8.setFlagsFromString('--no-lazy');
    const made = script(text, places, file);
    // V8 takes what was made under the flags that it has itself.
    v8.setFlagsFromString('--lazy');
    return write(places, made.createCachedData());
  } catch (error) {
    return Buffer.alloc(0);
  }
}

const [root, ...names] = process.argv.slice(2);
for (const name of names) {
  const made = compile(root, name);
  const length = Buffer.alloc(4);
  length.writeUInt32BE(made.length);
  process.stdout.write(length);
  process.stdout.write(made);
}
