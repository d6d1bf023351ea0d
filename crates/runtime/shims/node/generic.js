'use strict';

// A process that is started before anybody knows for which function, and becomes that function's.

const Module = require('module');

/** Makes this process what one would be that had been started with `environment`, a list of pairs. */
function become(environment) {
  for (const name of Object.keys(process.env)) delete process.env[name];
  for (const [name, value] of environment) process.env[name] = value;
  // Anew, although it is the same path: the code was mounted over the directory that was entered before.
  process.chdir(process.env.LAMBDA_TASK_ROOT);
  // What NODE_PATH says was read when the process started.
  Module._initPaths();
}

/**
 * Loads `packages` of the runtime pack, so that the handler finds them loaded. One that the function
 * brings itself has another path, and is loaded from there as ever.
 */
function preload(packages) {
  const requireFromPack = Module.createRequire('/var/runtime/');
  for (const name of packages) {
    try {
      requireFromPack(name);
    } catch (error) {
      // Another version of the pack may lack it.
    }
  }
}

const PACK = '/var/runtime/node_modules/';

/** The pack's packages that code outside of it has loaded, by name. */
function packagesLoaded() {
  const ofPack = Object.values(require.cache).filter((module) => module.filename.startsWith(PACK));
  const inner = new Set();
  for (const module of ofPack) for (const child of module.children) inner.add(child);
  const names = ofPack.filter((module) => !inner.has(module)).map(({ filename }) => {
    const parts = filename.slice(PACK.length).split('/');
    return parts.slice(0, parts[0].startsWith('@') ? 2 : 1).join('/');
  });
  return [...new Set(names)].slice(0, 64);
}

module.exports = { become, packagesLoaded, preload };
