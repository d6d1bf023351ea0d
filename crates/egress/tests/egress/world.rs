use crate::namespace::Namespace;
use clock::Clock;
use egress::{Attached, Bounds, Config, Egress};
use std::io::{ErrorKind, Read, Write};
use std::net::{IpAddr, Shutdown, SocketAddr, TcpListener, TcpStream, UdpSocket};
use std::sync::{Arc, Mutex};
use std::time::Duration;

/// Of the Internet: an address that somebody else has.
pub const PUBLIC: &str = "93.184.216.34";
pub const PUBLIC_V6: &str = "2606:2800:220:1::34";
/// Of the server's machine.
pub const OWN: &str = "93.184.216.1";
/// Of the network that the server is in.
pub const PRIVATE: &str = "10.1.2.3";
pub const ECHO: u16 = 7;
pub const CLOSED: u16 = 9;

/// A program's namespace, the server's, and one for the rest of the world.
pub struct World {
    pub inside: Namespace,
    pub outside: Namespace,
    pub told: Arc<Mutex<Vec<String>>>,
    attached: Option<Attached>,
    runtime: Option<tokio::runtime::Runtime>,
}

/// `None`, with a word on why, for an ordinary user.
pub fn world(policy: &str) -> Option<World> {
    world_of(policy, Bounds::default())
}

pub fn world_of(policy: &str, bounds: Bounds) -> Option<World> {
    let inside = match Namespace::new() {
        Ok(namespace) => namespace,
        Err(error) => {
            // SAFETY: no arguments.
            assert_ne!(unsafe { libc::geteuid() }, 0, "no namespace: {error}");
            eprintln!("not tested: {error}");
            return None;
        }
    };
    let (host, outside) = (Namespace::new().unwrap(), Namespace::new().unwrap());
    host.connect("near0", &outside, "far0");
    for (namespace, addresses) in [
        (
            &host,
            ["93.184.216.1/24 dev near0", "10.1.2.1/24 dev near0", "2606:2800:220:1::1/64 dev near0 nodad"],
        ),
        (
            &outside,
            ["93.184.216.34/24 dev far0", "10.1.2.3/24 dev far0", "2606:2800:220:1::34/64 dev far0 nodad"],
        ),
    ] {
        addresses.iter().for_each(|address| namespace.ip(&format!("addr add {address}")));
    }
    for address in [PUBLIC, PRIVATE, PUBLIC_V6] {
        serve_echo(&outside, address.parse().unwrap());
    }
    serve_echo(&host, OWN.parse().unwrap());
    let device = inside.tun();
    let told = Arc::<Mutex<Vec<String>>>::default();
    let (hear, policy) = (told.clone(), policy.parse().unwrap());
    let config = Config {
        bounds,
        nameservers: vec![SocketAddr::new(PUBLIC.parse().unwrap(), 53)],
        ..Config::default()
    };
    let (runtime, attached) = host.run(move || {
        // Its threads are of this namespace, since this one starts them.
        let runtime =
            tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
        let egress = Egress::new(config, Clock::real());
        let _entered = runtime.enter();
        let attached = egress.attach(device, policy, move |line| hear.lock().unwrap().push(line)).unwrap();
        drop(_entered);
        (runtime, attached)
    });
    Some(World { inside, outside, told, attached: Some(attached), runtime: Some(runtime) })
}

impl World {
    pub fn traffic(&self) -> egress::Traffic {
        self.attached.as_ref().unwrap().traffic()
    }

    pub fn connect(&self, address: &str, port: u16) -> std::io::Result<TcpStream> {
        let address = SocketAddr::new(address.parse().unwrap(), port);
        self.inside.run(move || connect(address))
    }

    /// What a connection attempt inside comes to.
    pub fn attempt(&self, address: &str, port: u16) -> Result<(), ErrorKind> {
        self.connect(address, port).map(drop).map_err(|error| error.kind())
    }

    pub fn told(&self, words: &str) -> bool {
        self.told.lock().unwrap().iter().any(|line| line.contains(words))
    }
}

impl Drop for World {
    fn drop(&mut self) {
        self.attached = None;
        if let Some(runtime) = self.runtime.take() {
            runtime.shutdown_timeout(Duration::from_secs(5));
        }
    }
}

/// Fails by itself only if nobody says anything for long.
pub fn connect(address: SocketAddr) -> std::io::Result<TcpStream> {
    let stream = TcpStream::connect_timeout(&address, Duration::from_secs(20))?;
    stream.set_read_timeout(Some(Duration::from_secs(20)))?;
    stream.set_write_timeout(Some(Duration::from_secs(20)))?;
    Ok(stream)
}

/// Gives back what it is sent, over TCP and UDP, at port [`ECHO`]; a connection ends when its client ended.
fn serve_echo(namespace: &Namespace, address: IpAddr) {
    let (tcp, udp) = namespace.run(move || {
        (TcpListener::bind((address, ECHO)).unwrap(), UdpSocket::bind((address, ECHO)).unwrap())
    });
    std::thread::spawn(move || {
        for stream in tcp.incoming() {
            let Ok(mut stream) = stream else { return };
            std::thread::spawn(move || {
                let mut buffer = vec![0; 65_536];
                while let Ok(count @ 1..) = stream.read(&mut buffer) {
                    if stream.write_all(&buffer[..count]).is_err() {
                        return;
                    }
                }
                let _ = stream.shutdown(Shutdown::Write);
            });
        }
    });
    std::thread::spawn(move || {
        let mut buffer = vec![0; 65_536];
        while let Ok((count, from)) = udp.recv_from(&mut buffer) {
            let _ = udp.send_to(&buffer[..count], from);
        }
    });
}

/// Waits until `holds`, and fails after ten seconds.
pub fn until(what: &str, mut holds: impl FnMut() -> bool) {
    let clock = Clock::real();
    let since = clock.moment();
    while !holds() {
        assert!(clock.since(since) < Duration::from_secs(10), "never came about: {what}");
        std::thread::yield_now();
    }
}
