use crate::world::{output, python, run, shell, spec, world};
use sandbox::Spec;
use std::io::Read;
use std::net::TcpListener;

#[tokio::test]
async fn has_no_privilege() {
    let Some(world) = world() else { return };
    let mut sandbox = world.sandbox().await;
    let status = shell(&mut sandbox, "cat /proc/self/status").await;
    for set in ["CapInh", "CapPrm", "CapEff", "CapBnd", "CapAmb"] {
        assert!(status.contains(&format!("{set}:\t0000000000000000\n")), "{status}");
    }
    for fact in ["NoNewPrivs:\t1\n", "Seccomp:\t2\n", "Groups:\t \n"] {
        assert!(status.contains(fact), "{fact}: {status}");
    }
    let uid = sandbox.uid();
    assert!((0x7000_0000..0x7FFE_0000).contains(&uid));
    assert!(status.contains(&format!("Uid:\t{uid}\t{uid}\t{uid}\t{uid}\n")));
    assert!(status.contains(&format!("Gid:\t{uid}\t{uid}\t{uid}\t{uid}\n")));
    assert_eq!(shell(&mut sandbox, "id -un; hostname; ulimit -Hc").await, "sbx_user\nsandbox\n0\n");
    sandbox.destroy().await.unwrap();
}

#[tokio::test]
async fn two_sandboxes_have_different_users_and_cannot_see_each_other() {
    let Some(world) = world() else { return };
    let (mut one, mut other) = (world.sandbox().await, world.sandbox().await);
    assert_ne!(one.uid(), other.uid());
    shell(&mut one, "echo secret > /tmp/file; echo shared > /dev/shm/file").await;
    assert_eq!(shell(&mut other, "ls -A /tmp /dev/shm").await, "/dev/shm:\n\n/tmp:\n");
}

#[tokio::test]
async fn sees_no_file_of_the_host() {
    let Some(world) = world() else { return };
    let mut sandbox = world.sandbox().await;
    let state = world.state.path().display().to_string();
    for path in [
        "/root",
        "/home",
        "/mnt",
        "/etc/shadow",
        "/etc/ssh",
        "/var/lib",
        "/var/log",
        "/boot",
        "/work",
        &state,
    ] {
        let ended = run(&mut sandbox, &["/bin/ls", path]).await;
        assert!(!ended.exit.status.success(), "{path} can be seen: {}", ended.stdout);
    }
    assert_eq!(
        shell(&mut sandbox, "ls /sys; ls /sys/class 2>&1 | grep -c .").await.lines().next(),
        Some("fs")
    );
    let passwd = shell(&mut sandbox, "cat /etc/passwd").await;
    assert_eq!(passwd.lines().count(), 2, "{passwd}");
    let devices = shell(&mut sandbox, "ls /dev").await;
    let expected = ["fd", "full", "null", "random", "shm", "stderr", "stdin", "stdout", "urandom", "zero"];
    assert_eq!(devices.split_whitespace().collect::<Vec<_>>(), expected);
}

#[tokio::test]
async fn sees_no_process_but_its_own() {
    let Some(world) = world() else { return };
    let mut sandbox = world.sandbox().await;
    let pids =
        shell(&mut sandbox, "ls -d /proc/[0-9]* | wc -l; cat /proc/1/environ /proc/1/maps 2>&1 | grep -c .")
            .await;
    // The shell, ls and wc; and of process 1 only that it cannot be read.
    let mut counts = pids.lines().map(|line| line.parse::<u32>().unwrap());
    assert!(counts.next().unwrap() <= 4, "{pids}");
    let ended = run(&mut sandbox, &["/bin/sh", "-c", "kill -9 1; cat /proc/1/environ"]).await;
    assert!(!ended.exit.status.success());
    let masked = shell(&mut sandbox, "cat /proc/kallsyms /proc/keys 2>/dev/null | wc -c").await;
    assert_eq!(masked.trim(), "0");
}

#[tokio::test]
async fn writes_nowhere_but_in_tmp_and_shm() {
    let Some(world) = world() else { return };
    let mut sandbox = world.sandbox().await;
    for path in [
        "/x",
        "/usr/x",
        "/etc/x",
        "/var/task/x",
        "/opt/x",
        "/dev/x",
        "/run/x",
        "/proc/sys/kernel/hostname",
        "/proc/self/oom_score_adj",
    ] {
        let ended = run(&mut sandbox, &["/bin/sh", "-c", &format!("echo x > {path}")]).await;
        assert!(!ended.exit.status.success(), "{path} can be written");
    }
    shell(
        &mut sandbox,
        "echo x > /tmp/x && cp /bin/true /tmp/t && /tmp/t && echo x > /dev/shm/x && mkdir /var/tmp/d",
    )
    .await;
    shell(&mut sandbox, "echo x > /dev/null && head -c 8 /dev/urandom > /tmp/r").await;
}

#[tokio::test]
async fn reaches_no_network() {
    let Some(world) = world() else { return };
    let mut sandbox = world.sandbox().await;
    let on_host = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = on_host.local_addr().unwrap().port();
    let script = format!(
        "import socket, os\n\
         def attempt(family, address):\n\
         \x20   s = socket.socket(family)\n\
         \x20   s.settimeout(3)\n\
         \x20   try: s.connect(address); return 'connected'\n\
         \x20   except OSError as e: return os.strerror(e.errno)\n\
         print(attempt(socket.AF_INET, ('127.0.0.1', {port})))\n\
         print(attempt(socket.AF_INET, ('192.0.2.1', 80)))\n\
         print(attempt(socket.AF_INET6, ('2001:db8::1', 80)))\n\
         print([name for _, name in socket.if_nameindex()])\n\
         print(socket.gethostbyname('sandbox.localdomain'))\n\
         try: socket.gethostbyname('example.com'); print('resolved')\n\
         except OSError: print('unresolved')\n"
    );
    let text = output(&mut sandbox, &[python(), "-c", &script]).await;
    let expected =
        "Connection refused\nNetwork is unreachable\nNetwork is unreachable\n['lo']\n127.0.0.1\nunresolved\n";
    assert_eq!(text, expected);
}

#[tokio::test]
async fn a_tun_device_is_the_only_way_out_and_the_host_reads_it() {
    let Some(world) = world() else { return };
    let tun = sandbox::Tun {
        v4: [192, 0, 0, 2].into(),
        v6: "fd00::2".parse().unwrap(),
        mtu: 65_535,
        nameserver: [192, 0, 0, 1].into(),
    };
    let mut sandbox = world.sandbox_of(Spec { tun: Some(tun), ..spec() }).await;
    let device = std::fs::File::from(sandbox.take_tun().unwrap());
    assert!(sandbox.take_tun().is_none());
    let script = "import socket\n\
         s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)\n\
         s.sendto(b'hello', ('203.0.113.1', 9)); print(s.getsockname()[1])\n\
         s = socket.socket(socket.AF_INET6, socket.SOCK_DGRAM)\n\
         s.sendto(b'hello', ('2001:db8::1', 9))\n\
         print([name for _, name in socket.if_nameindex()])\n\
         print(open('/etc/resolv.conf').readline().strip())\n";
    let text = output(&mut sandbox, &[python(), "-c", script]).await;
    let (_, text) = text.split_once('\n').unwrap();
    assert_eq!(text, "['lo', 'eth0']\nnameserver 192.0.0.1\n");
    let mut packet = [0; 2048];
    let mut next = || (&device).read(&mut packet).map(|length| packet[..length].to_vec());
    let first = next().unwrap();
    assert_eq!((first[0] >> 4, &first[12..20]), (4, &[192, 0, 0, 2, 203, 0, 113, 1][..]), "{first:?}");
    assert!(first.ends_with(b"hello"));
    let second = next().unwrap();
    assert_eq!((second[0] >> 4, second[6]), (6, 17), "{second:?}");
    assert_eq!(next().unwrap_err().kind(), std::io::ErrorKind::WouldBlock, "nobody else spoke");
    sandbox.destroy().await.unwrap();
}

/// Name, number on x86-64, arguments, and what the kernel must answer.
#[cfg(target_arch = "x86_64")]
#[tokio::test]
async fn is_refused_every_dangerous_system_call() {
    const CASES: &[(&str, u32, &str, &str)] = &[
        ("mount", 165, "b'x', b'/tmp', b'tmpfs', 0, 0", "EPERM"),
        ("umount2", 166, "b'/proc', 2", "EPERM"),
        ("pivot_root", 155, "b'/', b'/tmp'", "EPERM"),
        ("chroot", 161, "b'/tmp'", "EPERM"),
        ("fsopen", 430, "b'tmpfs', 0", "EPERM"),
        ("open_tree", 428, "-100, b'/', 1", "EPERM"),
        ("unshare user", 272, "0x10000000", "EPERM"),
        ("setns", 308, "0, 0", "EPERM"),
        ("clone with a user namespace", 56, "0x10000011, 0, 0, 0, 0", "EPERM"),
        ("clone with a network namespace", 56, "0x40000011, 0, 0, 0, 0", "EPERM"),
        ("clone3", 435, "0, 0", "ENOSYS"),
        ("ptrace", 101, "0, 0, 0, 0", "EPERM"),
        ("process_vm_readv", 310, "1, 0, 0, 0, 0, 0", "EPERM"),
        ("pidfd_getfd", 438, "0, 0, 0", "EPERM"),
        ("bpf", 321, "0, 0, 0", "EPERM"),
        ("perf_event_open", 298, "0, 0, 0, 0, 0", "EPERM"),
        ("userfaultfd", 323, "0", "EPERM"),
        ("io_uring_setup", 425, "1, 0", "ENOSYS"),
        ("keyctl", 250, "0, 0", "EPERM"),
        ("add_key", 248, "b'user', b'x', b'x', 1, -2", "EPERM"),
        ("open_by_handle_at", 304, "-100, 0, 0", "EPERM"),
        ("kexec_load", 246, "0, 0, 0, 0", "EPERM"),
        ("init_module", 175, "0, 0, 0", "EPERM"),
        ("reboot", 169, "0, 0, 0, 0", "EPERM"),
        ("quotactl", 179, "0, 0, 0, 0", "EPERM"),
        ("swapon", 167, "b'/tmp/x', 0", "EPERM"),
        ("acct", 163, "0", "EPERM"),
        ("iopl", 172, "3", "EPERM"),
        ("clock_settime", 227, "0, 0", "EPERM"),
        ("socket AF_PACKET", 41, "17, 3, 0", "ENOSYS"),
        ("socket AF_VSOCK", 41, "40, 1, 0", "ENOSYS"),
        ("socket AF_ALG", 41, "38, 5, 0", "ENOSYS"),
        ("socket AF_NETLINK audit", 41, "16, 3, 9", "ENOSYS"),
        ("socket AF_INET raw", 41, "2, 3, 1", "EPERM"),
        ("ioctl TIOCSTI", 16, "0, 0x5412, 0", "ENOSYS"),
        ("mknod of a device", 133, "b'/tmp/dev', 0o060600, 0xfe00", "EPERM"),
        ("an x32 call", 0x4000_0000 + 39, "", "ENOSYS"),
        ("getpid", 39, "", "fine"),
        ("setuid 0", 105, "0", "EPERM"),
    ];
    let Some(world) = world() else { return };
    let mut sandbox = world.sandbox().await;
    let mut script = String::from(
        "import ctypes, errno\n\
         libc = ctypes.CDLL(None, use_errno=True)\n\
         libc.syscall.restype = ctypes.c_long\n\
         def call(name, *arguments):\n\
         \x20   arguments = [ctypes.c_long(a) if isinstance(a, int) else a for a in arguments]\n\
         \x20   result = libc.syscall(*arguments)\n\
         \x20   print(name + ': ' + ('fine' if result >= 0 else errno.errorcode[ctypes.get_errno()]))\n",
    );
    let mut expected = String::new();
    for (name, number, arguments, answer) in CASES {
        script += &format!("call('{name}', {number}, {arguments})\n");
        expected += &format!("{name}: {answer}\n");
    }
    assert_eq!(output(&mut sandbox, &[python(), "-c", &script]).await, expected);
}

#[tokio::test]
async fn gets_no_descriptor_but_the_standard_streams() {
    let Some(world) = world() else { return };
    let mut sandbox = world.sandbox().await;
    let script = "import os; print(sorted(os.listdir('/proc/self/fd')), os.readlink('/proc/self/fd/0'), os.getsid(0) == os.getpid())";
    // The fourth is the directory being listed.
    assert_eq!(
        output(&mut sandbox, &[python(), "-c", script]).await,
        "['0', '1', '2', '3'] /dev/null True\n"
    );
}
