use std::io;
use std::os::fd::OwnedFd;
use std::process::Command;
use std::sync::mpsc;

type Job = Box<dyn FnOnce() + Send>;

/// A network namespace, as long as this lives: that of one thread, which does what it is told there.
pub struct Namespace {
    jobs: mpsc::Sender<Job>,
    path: String,
}

impl Namespace {
    /// # Errors
    /// Namespaces are not for ordinary users.
    pub fn new() -> io::Result<Self> {
        let (jobs, queue) = mpsc::channel::<Job>();
        let (tell, told) = mpsc::channel();
        std::thread::spawn(move || {
            // SAFETY: plain numbers; only this thread leaves.
            let result = match unsafe { libc::unshare(libc::CLONE_NEWNET) } {
                // SAFETY: no arguments.
                0 => Ok(unsafe { libc::gettid() }),
                _ => Err(io::Error::last_os_error()),
            };
            tell.send(result).unwrap();
            while let Ok(job) = queue.recv() {
                job();
            }
        });
        let thread = told.recv().unwrap()?;
        let path = format!("/proc/{}/task/{thread}/ns/net", std::process::id());
        let namespace = Namespace { jobs, path };
        namespace.ip("link set lo up");
        Ok(namespace)
    }

    /// What a thread that is started by `job` does happens here, too.
    pub fn run<T: Send + 'static>(&self, job: impl FnOnce() -> T + Send + 'static) -> T {
        let (tell, told) = mpsc::channel();
        self.jobs.send(Box::new(move || tell.send(job()).unwrap())).unwrap();
        told.recv().expect("what was to be done in a namespace failed")
    }

    /// Several at once.
    pub fn run_all<T: Send + 'static>(
        &self,
        count: usize,
        job: impl Fn(usize) -> T + Send + Clone + 'static,
    ) -> Vec<T> {
        let threads = self.run(move || {
            let start = |index| {
                let job = job.clone();
                std::thread::spawn(move || job(index))
            };
            (0..count).map(start).collect::<Vec<_>>()
        });
        threads.into_iter().map(|thread| thread.join().unwrap()).collect()
    }

    pub fn ip(&self, arguments: &str) {
        let arguments: Vec<String> = arguments.split_whitespace().map(str::to_owned).collect();
        let shown = arguments.join(" ");
        let output = self.run(move || Command::new("ip").args(arguments).output().unwrap());
        assert!(output.status.success(), "ip {shown}: {}", String::from_utf8_lossy(&output.stderr));
    }

    /// A pair of cables' ends, one here and one there.
    pub fn connect(&self, here: &str, other: &Namespace, there: &str) {
        self.ip(&format!("link add {here} type veth peer name {there} netns {}", other.path));
        self.ip(&format!("link set {here} up"));
        other.ip(&format!("link set {there} up"));
    }

    /// The interface that a sandbox gets.
    pub fn tun(&self) -> OwnedFd {
        let device = self.run(|| {
            let device = std::fs::File::options().read(true).write(true).open("/dev/net/tun").unwrap();
            let fd = std::os::fd::AsRawFd::as_raw_fd(&device);
            // SAFETY: a zeroed request with a name and flags is what the call reads.
            unsafe {
                let mut request: libc::ifreq = std::mem::zeroed();
                for (to, from) in request.ifr_name.iter_mut().zip(b"eth0") {
                    *to = from.cast_signed();
                }
                request.ifr_ifru.ifru_flags = (libc::IFF_TUN | libc::IFF_NO_PI) as libc::c_short;
                assert_eq!(libc::ioctl(fd, libc::TUNSETIFF as libc::Ioctl, &raw mut request), 0);
                assert_eq!(libc::fcntl(fd, libc::F_SETFL, libc::O_NONBLOCK), 0);
            }
            OwnedFd::from(device)
        });
        self.ip(&format!("link set eth0 mtu {} txqueuelen 64", egress::MTU));
        self.ip(&format!("addr add {}/32 dev eth0", egress::INSIDE_V4));
        self.ip("link set eth0 up");
        self.ip("route add default dev eth0");
        self.ip(&format!("addr add {}/128 dev eth0 nodad", egress::INSIDE_V6));
        self.ip("-6 route add default dev eth0");
        device
    }
}
