//! What the stack costs: the same work from behind it, and straight from the server's namespace, to a server
//! in a third one. `cargo bench --profile dev -p egress`, as root.

#[path = "../tests/egress/namespace.rs"]
mod namespace;

use clock::Clock;
use egress::{Config, Egress};
use namespace::Namespace;
use std::io::{Read, Write};
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::time::Duration;

const BULK_BYTES: usize = 1 << 30;
const ROUNDS: usize = 5000;
const CONNECTIONS: usize = 1000;
/// The best of so many: the machine's noise only ever adds.
const REPEATS: usize = 3;

fn main() {
    let (inside, host, outside) = match Namespace::new() {
        Ok(inside) => (inside, Namespace::new().unwrap(), Namespace::new().unwrap()),
        Err(error) => return say(&format!("not measured: {error}")),
    };
    host.connect("near0", &outside, "far0");
    host.ip("addr add 93.184.216.1/24 dev near0");
    outside.ip("addr add 93.184.216.34/24 dev far0");
    let server: SocketAddr = "93.184.216.34:7".parse().unwrap();
    let listener = outside.run(move || TcpListener::bind(server).unwrap());
    std::thread::spawn(move || {
        listener.incoming().for_each(|stream| drop(std::thread::spawn(|| serve(stream.unwrap()))))
    });
    let device = inside.tun();
    let _attached = host.run(move || {
        let runtime =
            tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
        let entered = runtime.enter();
        let egress = Egress::new(Config::default(), Clock::real());
        let attached = egress.attach(device, "internet".parse().unwrap(), drop).unwrap();
        drop(entered);
        (attached, runtime)
    });
    say("| | behind the stack | straight | ratio |\n| --- | --- | --- | --- |");
    type Work = fn(SocketAddr) -> f64;
    let works: [(&str, &str, Work); 5] = [
        ("send", "MB/s", send),
        ("receive", "MB/s", receive),
        ("one byte and back", "1/s", ping),
        ("connections, one after the other", "1/s", connect),
        ("connections, 8 at once", "1/s", connect_together),
    ];
    for (name, unit, work) in works {
        let best = |namespace: &Namespace| {
            (0..REPEATS)
                .map(|_| namespace.run_all(1, move |_| work(server)).into_iter().sum())
                .fold(0.0f64, f64::max)
        };
        let (behind, straight) = (best(&inside), best(&host));
        say(&format!("| {name} | {behind:.0} {unit} | {straight:.0} {unit} | {:.2} |", behind / straight));
    }
}

fn say(line: &str) {
    let _ = writeln!(std::io::stdout().lock(), "{line}");
}

/// The first byte says what is wanted.
fn serve(mut stream: TcpStream) {
    let mut buffer = vec![0; 1 << 18];
    match stream.read(&mut buffer[..1]) {
        Ok(1) if buffer[0] == b's' => {
            while stream.read(&mut buffer).is_ok_and(|count| count > 0) {}
            let _ = stream.write_all(b"x");
        }
        Ok(1) if buffer[0] == b'r' => {
            let mut left = BULK_BYTES;
            while left > 0 && stream.write_all(&buffer).is_ok() {
                left = left.saturating_sub(buffer.len());
            }
        }
        _ => {
            let _ = stream.set_nodelay(true);
            while stream.read_exact(&mut buffer[..1]).is_ok() && stream.write_all(&buffer[..1]).is_ok() {}
        }
    }
}

/// Times a second that `work` does what it does `count` times.
fn rate(count: usize, work: impl FnOnce()) -> f64 {
    let clock = Clock::real();
    let began = clock.moment();
    work();
    count as f64 / clock.since(began).max(Duration::from_nanos(1)).as_secs_f64()
}

fn send(to: SocketAddr) -> f64 {
    let mut stream = TcpStream::connect(to).unwrap();
    let buffer = vec![b's'; 1 << 18];
    rate(BULK_BYTES / 1_000_000, || {
        for _ in 0..BULK_BYTES / buffer.len() {
            stream.write_all(&buffer).unwrap();
        }
        stream.shutdown(Shutdown::Write).unwrap();
        stream.read_exact(&mut [0]).unwrap();
    })
}

fn receive(to: SocketAddr) -> f64 {
    let mut stream = TcpStream::connect(to).unwrap();
    let mut buffer = vec![0; 1 << 18];
    stream.write_all(b"r").unwrap();
    rate(BULK_BYTES / 1_000_000, || while stream.read(&mut buffer).unwrap() > 0 {})
}

fn ping(to: SocketAddr) -> f64 {
    let mut stream = TcpStream::connect(to).unwrap();
    stream.set_nodelay(true).unwrap();
    let mut byte = [b'p'];
    stream.write_all(&byte).unwrap();
    rate(ROUNDS, || {
        for _ in 0..ROUNDS {
            stream.write_all(&byte).unwrap();
            stream.read_exact(&mut byte).unwrap();
        }
    })
}

fn connect(to: SocketAddr) -> f64 {
    rate(CONNECTIONS, || {
        for _ in 0..CONNECTIONS {
            // With an answer: connections that nobody has accepted yet pile up, and then are lost.
            let mut stream = TcpStream::connect(to).unwrap();
            stream.write_all(b"p").unwrap();
            stream.shutdown(Shutdown::Write).unwrap();
            stream.read_to_end(&mut Vec::new()).unwrap();
        }
    })
}

fn connect_together(to: SocketAddr) -> f64 {
    let each: Vec<_> = (0..8).map(|_| std::thread::spawn(move || connect(to))).collect();
    each.into_iter().map(|thread| thread.join().unwrap()).sum()
}
