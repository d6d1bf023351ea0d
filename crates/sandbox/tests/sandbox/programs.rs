//! What people run must run: a filter that breaks an interpreter is no filter.

use crate::world::{output, python, spec, world};
use sandbox::Spec;
use std::path::Path;

const GENEROUS: u64 = 512 << 20;

#[tokio::test]
async fn python_with_threads_processes_and_sockets() {
    let Some(world) = world() else { return };
    let mut sandbox = world.sandbox_of(Spec { memory_bytes: GENEROUS, ..spec() }).await;
    let script = "\
import asyncio, concurrent.futures, getpass, hashlib, json, multiprocessing, os, pwd, signal, socket, sqlite3, ssl, subprocess, tempfile, threading, time, uuid
def double(x): return 2 * x
if __name__ == '__main__':
    with concurrent.futures.ThreadPoolExecutor(4) as pool: assert list(pool.map(double, range(9)))[8] == 16
    with multiprocessing.Pool(2) as pool: assert pool.map(double, [1, 2]) == [2, 4]
    assert subprocess.run(['/bin/echo', 'hi'], capture_output=True).stdout == b'hi\\n'
    assert sqlite3.connect('/tmp/x.db').execute('select 1').fetchone() == (1,)
    assert len(ssl.create_default_context().get_ca_certs()) >= 0
    with tempfile.NamedTemporaryFile() as file: file.write(b'x'); file.flush(); os.fsync(file.fileno())
    async def main():
        server = await asyncio.start_server(lambda r, w: w.close(), '127.0.0.1', 0)
        r, w = await asyncio.open_connection(*server.sockets[0].getsockname())
        assert await r.read() == b''
    asyncio.run(main())
    assert getpass.getuser() == 'sbx_user' and os.cpu_count() > 0 and socket.gethostname() == 'sandbox'
    print('well')
";
    assert_eq!(output(&mut sandbox, &[python(), "-c", script]).await, "well\n");
}

#[tokio::test]
async fn node_with_workers_children_and_sockets() {
    let Some(world) = world() else { return };
    let Some(node) =
        ["/usr/bin/node", "/usr/local/bin/node"].into_iter().find(|path| Path::new(path).exists())
    else {
        eprintln!("not tested: no node below /usr");
        return;
    };
    let mut sandbox = world.sandbox_of(Spec { memory_bytes: GENEROUS, ..spec() }).await;
    let script = "
const { Worker } = require('worker_threads'), http = require('http'), fs = require('fs'), os = require('os');
const { execFileSync } = require('child_process'), crypto = require('crypto'), zlib = require('zlib');
if (execFileSync('/bin/echo', ['hi']).toString() !== 'hi\\n') throw 1;
fs.writeFileSync('/tmp/a', 'x'); fs.renameSync('/tmp/a', '/tmp/b'); fs.copyFileSync('/tmp/b', '/tmp/c'); fs.readdirSync('/');
os.cpus(); os.totalmem(); if (process.constrainedMemory && process.constrainedMemory() !== 536870912) throw 2; os.userInfo(); os.networkInterfaces(); crypto.randomBytes(8); zlib.gzipSync('x');
new Worker('require(\"worker_threads\").parentPort.postMessage(1)', { eval: true }).on('message', () => {
  const server = http.createServer((q, r) => r.end('well')).listen(0, '127.0.0.1', () =>
    fetch('http://127.0.0.1:' + server.address().port).then(r => r.text()).then(t => { console.log(t); process.exit(0); }));
});";
    assert_eq!(output(&mut sandbox, &[node, "-e", script]).await, "well\n");
}

#[tokio::test]
async fn java_and_go() {
    let Some(world) = world() else { return };
    let mut sandbox = world.sandbox_of(Spec { memory_bytes: GENEROUS, ..spec() }).await;
    if Path::new("/usr/bin/java").exists() {
        let flags = ["/usr/bin/java", "-XX:+PrintFlagsFinal", "-version"];
        let flags = output(&mut sandbox, &flags).await;
        let heap = flags.lines().find(|line| line.contains(" MaxHeapSize ")).unwrap();
        assert!(heap.contains("134217728"), "a quarter of the sandbox's memory, not of the host's: {heap}");
    } else {
        eprintln!("not tested: no java");
    }
    if Path::new("/usr/local/go/bin/go").exists() {
        assert_eq!(output(&mut sandbox, &["/usr/local/go/bin/go", "env", "GOOS"]).await, "linux\n");
    } else {
        eprintln!("not tested: no go");
    }
}
