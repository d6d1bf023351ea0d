"""Reaching what a function may not reach: the host, its network, its cloud, other functions."""

import fcntl
import os
import socket
import struct

from escape.attempt import add_attempt, attempt, control, observe
from escape.raw import call

# How an address that is not for us may answer. That it hangs is no way of refusing.
UNREACHABLE = ("ECONNREFUSED", "ENETUNREACH", "EHOSTUNREACH", "EACCES", "EPERM", "ECONNRESET")
REFUSED = ("ENOSYS", "EPERM", "EACCES", "EPROTONOSUPPORT", "EAFNOSUPPORT", "ESOCKTNOSUPPORT")
# A connection that neither comes about nor fails within this time.
CONNECT_SECONDS_MAX = 5

ADDRESSES = {
    "metadata": (("169.254.169.254", 80), "The cloud's metadata hands out the machine's credentials."),
    "metadata_of_containers": (("169.254.170.2", 80), "Credentials of containers."),
    "metadata_ipv6": (("fd00:ec2::254", 80), "The cloud's metadata has an IPv6 address too."),
    "link_local": (("169.254.1.1", 80), "Whoever is on the same wire."),
    "private_10": (("10.0.0.1", 80), "The operator's network."),
    "private_172": (("172.17.0.1", 80), "The operator's network, or that of Docker on the host."),
    "private_192": (("192.168.0.1", 80), "The operator's network."),
    "carrier": (("100.100.100.200", 80), "Another cloud's metadata, in the range of carriers."),
    "any_address": (("0.0.0.0", 9), "Linux takes it for the machine itself."),
    "broadcast": (("255.255.255.255", 80), "Everybody on the wire."),
    "unique_local": (("fd12:3456::1", 80), "The operator's network."),
    "link_local_ipv6": (("fe80::1", 80), "Whoever is on the same wire."),
    "translated_private": (("64:ff9b::a00:1", 80), "10.0.0.1 as IPv6 networks translate it (NAT64)."),
    "tunnelled_private": (("2002:a00:1::1", 80), "10.0.0.1 as old tunnels wrap it (6to4)."),
    "this_network": (("0.1.2.3", 80), "Nobody's address, and so whoever's router takes it."),
    "multicast": (("224.0.0.1", 80), "Everybody on the wire."),
    "benchmarks": (("198.18.0.1", 80), "Kept for laboratories, and used inside of clouds."),
    "reserved": (("240.0.0.1", 80), "Used inside of clouds, since it is nobody's outside."),
    "another_loopback": (("127.1.2.3", 22), "All of 127.0.0.0/8 is the sandbox itself."),
    "mapped_private": (("::ffff:10.0.0.1", 80), "An IPv4 address in IPv6 clothes is the same address."),
    "mapped_metadata": (("::ffff:169.254.169.254", 80), "An IPv4 address in IPv6 clothes is the same address."),
}

FAMILIES = {
    "packet": (17, 3, 0x0300, "Frames as they are on the wire."),
    "raw_ip": (socket.AF_INET, 3, 1, "Packets with any sender."),
    "raw_ipv6": (socket.AF_INET6, 3, 58, "Packets with any sender."),
    "netlink_netfilter": (16, 3, 12, "Rules of the firewall: the source of most holes of 2022 to 2024."),
    "netlink_audit": (16, 3, 9, "The machine's audit."),
    "netlink_kobject": (16, 3, 15, "Events of devices, to be forged for the host's udev."),
    "netlink_xfrm": (16, 3, 6, "Encrypted tunnels: another large part of the kernel."),
    "netlink_generic": (16, 3, 16, "Dozens of drivers' commands."),
    "vsock": (40, 1, 0, "Talks to the machine's own host."),
    "crypto": (38, 5, 0, "The kernel's ciphers, for whoever parses there."),
    "bluetooth": (31, 3, 1, "A large part of the kernel."),
    "can": (29, 3, 1, "The wires of cars and machines."),
    "tipc": (30, 1, 0, "A cluster's protocol with a record of holes (CVE-2021-43267)."),
    "rds": (21, 5, 0, "A cluster's protocol with a record of holes (CVE-2010-3904)."),
    "key": (15, 3, 2, "Keys of encrypted tunnels."),
    "xdp": (44, 3, 0, "Frames past the kernel."),
    "smc": (43, 1, 0, "Shared memory between machines."),
    "qrtr": (42, 2, 0, "The machine's modem."),
    "sctp": (socket.AF_INET, 1, 132, "Loads a module with a record of holes; who needs it may ask for it."),
    "dccp": (socket.AF_INET, 6, 33, "Loads a module with a record of holes (CVE-2017-6074)."),
    "l2tp": (socket.AF_INET, 2, 115, "Tunnels; loads a module."),
    "udplite": (socket.AF_INET, 2, 136, "A forgotten protocol."),
}


def connect(address, seconds_max=CONNECT_SECONDS_MAX):
    family = socket.AF_INET6 if ":" in address[0] else socket.AF_INET
    with socket.socket(family) as attempted:
        attempted.settimeout(seconds_max)
        try:
            return observe(lambda: attempted.connect(address))
        except socket.timeout:
            return "hangs"


def connect_or_hang(address):
    said = connect(address)
    return "hangs" if said == "timed out" else said


def add_families():
    for name, (address, why) in ADDRESSES.items():
        add_attempt("network", f"reach_{name}", "namespaces", why, UNREACHABLE + ("EAFNOSUPPORT", "EINVAL"),
                    lambda facts, address=address: connect_or_hang(address))
    for name, (family, kind, protocol, why) in FAMILIES.items():
        add_attempt("network", f"socket_{name}", "seccomp", why, REFUSED,
                    lambda facts, arguments=(family, kind, protocol): call("socket", *arguments))


add_families()


@control("ok")
def talk_to_oneself(facts):
    """Programs of one function talk to each other, and the platform's front door answers."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        socket.create_connection(server.getsockname(), 5).close()
    with socket.create_connection(("127.0.0.1", 4566), 5) as door:
        door.sendall(b"GET / HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")
        assert door.recv(16).startswith(b"HTTP/1.1 ")
    return "ok"


@attempt("namespaces", *UNREACHABLE, outside="ok")
def a_port_of_the_host(facts):
    """127.0.0.1 is the sandbox's own: the host's loopback, with its databases without passwords, is another one."""
    return connect_or_hang(("127.0.0.1", facts["host_port"]))


@attempt("namespaces", *UNREACHABLE, outside="ok")
def the_servers_own_port(facts):
    """The server's public port is reached at the front door inside only, where it is known who asks."""
    return connect_or_hang(("127.0.0.1", facts["server_port"]))


@attempt("namespaces", *UNREACHABLE, outside="ok")
def the_hosts_address(facts):
    """The host by its own address in its network."""
    return connect_or_hang((facts["host_address"], facts["open_port"]))


@attempt("namespaces", "ECONNREFUSED", outside="ok")
def an_abstract_socket_of_the_host(facts):
    """Abstract names belong to a network namespace: X11, dbus and containerd's shims (CVE-2020-15257) listen there."""
    with socket.socket(socket.AF_UNIX) as attempted:
        return observe(lambda: attempted.connect("\0" + facts["abstract"]))


@attempt("namespaces", "own")
def interfaces(facts):
    """What is there is the sandbox's own."""
    names = {name for _, name in socket.if_nameindex()}
    # Its way out, where it has one, ends in the server, which judges each flow.
    return "own" if names <= {"lo", "eth0"} else str(sorted(names))


@attempt("no-capabilities", "EPERM")
def add_an_address(facts):
    """Netlink for routes may be read, as getifaddrs does; changing takes CAP_NET_ADMIN."""
    with socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, 0) as netlink:
        new_address, request_and_ack = 20, 5
        message = struct.pack("=BBBBI", socket.AF_INET, 8, 0, 0, 1) + struct.pack("=HH4s", 8, 2, bytes([10, 9, 9, 9]))
        netlink.send(struct.pack("=IHHII", 16 + len(message), new_address, request_and_ack, 1, 0) + message)
        _, kind, _, _, _, error = struct.unpack_from("=IHHIIi", netlink.recv(4096))
    assert kind == 2, kind
    return os.strerror(-error) if error not in (0, -1) else ("EPERM" if error else "ok")


@attempt("no-capabilities", "EPERM")
def firewall_rules(facts):
    """iptables' own door to the firewall, whose parser has had holes (CVE-2021-22555)."""
    replace = 64
    with socket.socket() as attempted:
        return observe(lambda: attempted.setsockopt(socket.IPPROTO_IP, replace, bytes(256)))


@attempt("no-capabilities", "EPERM")
def send_as_anybody(facts):
    """IP_TRANSPARENT binds addresses that are not ours."""
    with socket.socket() as attempted:
        return observe(lambda: attempted.setsockopt(socket.IPPROTO_IP, 19, 1))


@attempt("no-capabilities", "EPERM")
def mark_packets(facts):
    """Marks choose routes and pass firewalls."""
    with socket.socket() as attempted:
        return observe(lambda: attempted.setsockopt(socket.SOL_SOCKET, 36, 1))


@attempt("no-capabilities", "EPERM")
def unbounded_buffers(facts):
    """SO_RCVBUFFORCE passes the limit of a socket's memory."""
    with socket.socket() as attempted:
        return observe(lambda: attempted.setsockopt(socket.SOL_SOCKET, 33, 1 << 30))


@attempt("seccomp", "ENOSYS")
def change_the_interface(facts):
    """Of the requests to sockets only those are there that ask."""
    set_flags = 0x8914
    with socket.socket() as attempted:
        return observe(lambda: fcntl.ioctl(attempted, set_flags, struct.pack("16sH14x", b"lo", 0)))


@attempt("own-uid", "EPERM")
def forge_credentials(facts):
    """Who sends over a Unix socket is told by the kernel; pretending to be root takes CAP_SETUID."""
    here, there = socket.socketpair(socket.AF_UNIX, socket.SOCK_DGRAM)
    with here, there:
        claimed = struct.pack("iii", os.getpid(), 0, 0)
        return observe(lambda: here.sendmsg([b"x"], [(socket.SOL_SOCKET, 2, claimed)]))
