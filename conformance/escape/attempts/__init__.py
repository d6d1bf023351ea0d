"""The corpus, a file per theme. Importing it collects every attempt in `attempt.ALL`."""

from escape.attempts import (
    cgroups,
    devices,
    files,
    ipc,
    kernel,
    mounts,
    namespaces,
    network,
    privileges,
    proc_files,
    processes,
    surroundings,
)

THEMES = [theme.__name__.rpartition(".")[2] for theme in (
    processes, proc_files, namespaces, mounts, devices, kernel, privileges, files, network, ipc, cgroups, surroundings)]
