"""Files of the host, of the server and of other functions; and writing where nothing is to be written."""

import os
import tempfile

from escape.attempt import add_attempt, attempt, control, observe
from escape.raw import libc

ABSENT = ("ENOENT", "EACCES", "EPERM")

HOST = {
    "/etc/shadow": "The machine's passwords.",
    "/etc/sudoers": "Who may become root.",
    "/etc/ssh": "The machine's keys.",
    "/etc/machine-id": "Which machine it is.",
    "/root": "The administrator's files.",
    "/home": "The users' files.",
    "/boot": "The kernel that starts next.",
    "/var/log": "The machine's logs.",
    "/var/lib": "The data of the machine's services.",
    "/var/spool/cron": "Programs that run as root, by and by.",
    "/var/run/docker.sock": "Root on the host, for whoever may write there.",
    "/run/systemd": "The machine's process 1.",
    "/run/dbus": "The machine's services.",
    "/mnt": "The machine's disks.",
    "/srv": "The machine's data.",
    "/lost+found": "Only the root of a disk has one.",
}

WRITES = {
    "/": "The root is read-only.",
    "/var/task": "Code that could change itself would outlive the invocation, and be another's code next.",
    "/opt": "Layers are shared by all instances.",
    "/var/runtime": "The runtime is shared by all functions.",
    "/usr/bin": "The host's programs.",
    "/usr/lib": "The host's libraries.",
    "/etc": "The sandbox's own settings.",
    "/etc/ssl/certs": "Whom the host trusts.",
    "/dev": "Devices are given, not made.",
    "/run": "Nothing is kept there.",
    "/var": "Nothing is kept there.",
    "/proc": "The kernel's.",
    "/sys": "The kernel's.",
}


def look(path):
    def read():
        if os.path.isdir(path):
            os.listdir(path)
        else:
            with open(path, "rb") as file:
                file.read(1)

    return observe(read)


def add_files():
    for path, why in HOST.items():
        name = "see_" + path.strip("/").replace("/", "_").replace("-", "_").replace(".", "_").replace("+", "_")
        add_attempt("files", name, "private-root", why, ABSENT, lambda facts, path=path: look(path))
    for path, why in WRITES.items():
        name = "write_" + (path.strip("/").replace("/", "_") or "root")
        target = os.path.join(path, "escaped")
        add_attempt("files", name, "private-root", why, ("EROFS", "EACCES", "ENOENT", "EPERM"),
                    lambda facts, target=target: observe(lambda: open(target, "x").close()))


add_files()


@control("ok")
def own_files(facts):
    """A function keeps files in /tmp, makes directories, links and pipes, runs what it put there, and renames."""
    with tempfile.TemporaryDirectory(dir="/tmp") as directory:
        one, two = os.path.join(directory, "one"), os.path.join(directory, "two")
        with open(one, "w") as file:
            file.write("x")
        os.link(one, two)
        os.symlink(one, two + "-link")
        os.mkfifo(two + "-pipe")
        os.rename(two, one + "-new")
        os.chmod(one, 0o755)
        os.utime(one)
    with open("/dev/shm/mine", "w") as file:
        file.write("x")
    os.unlink("/dev/shm/mine")
    return "ok"


def of_the_server(name, why, path_of):
    add_attempt("files", name, "private-root", why, ABSENT, lambda facts: look(path_of(facts)), outside="ok")


of_the_server("see_the_data_directory", "Everything that Zerun keeps lies there.", lambda facts: facts["data"])
of_the_server("see_the_credentials", "The root key pair.", lambda facts: facts["data"] + "/credentials")
of_the_server("see_the_master_key", "It decrypts every secret in the store.", lambda facts: facts["data"] + "/master.key")
of_the_server("see_the_store", "Every record.", lambda facts: facts["data"] + "/store")
of_the_server("see_blobs", "Every object of every bucket.", lambda facts: facts["data"] + "/blobs")
of_the_server("see_others_code", "Code of every function.", lambda facts: facts["data"] + "/code")
of_the_server("see_sandboxes", "Templates of every /tmp.", lambda facts: facts["data"] + "/sandboxes")
of_the_server("see_a_file_of_the_host", "A file that everybody on the host may read.", lambda facts: facts["host_file"])


@attempt("private-root", *ABSENT)
def climb_above_the_root(facts):
    """Above the root there is the root: the host's was detached, so it is nowhere to be climbed to."""
    return look("/" + "../" * 64 + facts["host_file"].lstrip("/"))


@attempt("private-root", *ABSENT)
def climb_through_proc(facts):
    """/proc/self/root is the same root."""
    return look("/proc/self/root/../.." + facts["host_file"])


@attempt("private-root", *ABSENT)
def follow_a_link(facts):
    """A link is followed in the tree of whoever follows it."""
    os.symlink(facts["host_file"], "/tmp/link-to-host")
    return look("/tmp/link-to-host")


@attempt("private-root", *ABSENT)
def climb_from_a_working_directory(facts):
    """The runtime was started by the host: its working directory must not be one of the host's."""
    above = os.getcwd()
    for _ in range(64):
        os.chdir("..")
        above = os.getcwd()
    assert above == "/", above
    return look("." + facts["host_file"])


@attempt("private-root", "harmless")
def change_a_program_through_itself(facts):
    """How runc was left in 2019: opening one's own program for writing through /proc/self/exe."""
    said = [observe(lambda: os.close(os.open(path, os.O_WRONLY)))
            for path in ("/proc/self/exe", f"/proc/{os.getppid()}/exe", "/proc/1/exe")]
    return "harmless" if all(one in ("EROFS", "EACCES", "ETXTBSY", "ENOENT", "EPERM") for one in said) else str(said)


@attempt("private-root", "EROFS", "EACCES")
def reopen_for_writing(facts):
    """A file that is open for reading is opened anew through /proc, this time for writing."""
    reading = os.open(os.path.join("/var/task", os.listdir("/var/task")[0]), os.O_RDONLY)
    return observe(lambda: os.close(os.open(f"/proc/self/fd/{reading}", os.O_RDWR)))


@attempt("private-root", "EXDEV", "EROFS", "EACCES", "EPERM")
def link_code_into_tmp(facts):
    """A hard link into /tmp would be code that can be written."""
    name = os.path.join("/var/task", os.listdir("/var/task")[0])
    return observe(lambda: os.link(name, "/tmp/code"))


@attempt("private-root", "EXDEV", "EROFS", "EACCES", "EPERM")
def rename_code_away(facts):
    """Renaming writes both directories."""
    name = os.path.join("/var/task", os.listdir("/var/task")[0])
    return observe(lambda: os.rename(name, "/tmp/code"))


@attempt("private-root", "EROFS", "EACCES", "EPERM")
def change_modes_of_code(facts):
    """What is shared is read-only, its modes and times included."""
    return observe(lambda: os.chmod("/var/task", 0o777))


@attempt("landlock", "EXDEV", "EACCES")
def carry_a_directory_over(facts):
    """Landlock's rights hang on directories; moving one elsewhere must not carry rights along."""
    os.makedirs("/tmp/carried/inner", exist_ok=True)
    return observe(lambda: os.rename("/tmp/carried", "/dev/shm/carried"))


@attempt("landlock", "EACCES", "EROFS")
def truncate_code(facts):
    """Truncating is writing."""
    name = os.path.join("/var/task", os.listdir("/var/task")[0])
    return observe(lambda: os.truncate(name, 0))


@attempt("kernel", "3 or more")
def landlock_is_there(facts):
    """The wall over the walls: the kernel has it, and it can be asked for its version."""
    version = libc.syscall(444, None, 0, 1)
    return "3 or more" if version >= 3 else f"version {version}"
