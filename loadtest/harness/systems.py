"""The systems under test, each started the same way: a port that speaks TLS in front of one mock provider."""

import getpass
import signal
import socket
import ssl
import subprocess
import time

from . import machine


class System:
    """A proxy process. `name` is what tables call it; `threads` how many cores it may use."""

    path = None  # what is asked for; None: a chat completion

    def __init__(self, name, bench, threads=1, streaming=False):
        self.name = name
        self.bench = bench
        self.threads = threads
        self.streaming = streaming
        self.port = machine.free_port()
        self.folder = bench.folder / f"{name.replace(' ', '-')}-{threads}-{self.port}"
        self.folder.mkdir()
        self.process = None

    def command(self, alone=False):
        """The command line; `alone` asks for a single process, as callgrind needs it."""
        raise NotImplementedError

    def fill(self, template, **values):
        common = {"PORT": self.port, "PROVIDER": self.bench.mock.port, "THREADS": self.threads,
                  "FOLDER": self.folder, "CERTIFICATE": self.bench.certificate, "KEY": self.bench.key,
                  "PEM": self.bench.folder / "both.pem", "ROOT": machine.ROOT}
        text = (machine.PEERS / template).read_text()
        for name, value in {**common, **values}.items():
            text = text.replace(f"@{name}@", str(value))
        path = self.folder / template
        path.write_text(text)
        return path

    def start(self, core=None, wrapper=(), alone=False):
        log = open(self.folder / "output.log", "wb")
        self.process = subprocess.Popen(machine.pinned([*wrapper, *self.command(alone)], core),
                                        stdout=log, stderr=subprocess.STDOUT, stdin=subprocess.DEVNULL)
        log.close()
        wait_for_tls(self.port, self.process, self.folder / "output.log", 300 if wrapper else 20)
        return self

    def processes(self):
        return machine.family(self.process.pid)

    def stop(self):
        if self.process is None:
            return
        self.process.send_signal(signal.SIGTERM)
        try:
            self.process.wait(30)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        self.process = None


class Direct:
    """No proxy at all: what the load generator and the mock provider cost each other."""

    name = "direct"
    path = None

    def __init__(self, bench):
        self.port = bench.mock.port

    def processes(self):
        return []

    def start(self, core=None):
        return self

    def stop(self):
        pass


class Nginx(System):
    def __init__(self, bench, threads=1, streaming=False):
        self.program = machine.tool("nginx")
        super().__init__("nginx", bench, threads, streaming)

    def command(self, alone=False):
        path = self.fill("nginx.conf", USER=getpass.getuser(), MASTER="off" if alone else "on",
                         FILES=self.bench.files,
                         BUFFERING="off" if self.streaming else "on")
        return [self.program, "-p", str(self.folder), "-c", str(path), "-e", str(self.folder / "error.log")]


class Haproxy(System):
    def __init__(self, bench, threads=1, streaming=False):
        self.program = machine.tool("haproxy")
        super().__init__("HAProxy", bench, threads, streaming)

    def command(self, alone=False):
        # Two descriptors a connection, and some for itself.
        path = self.fill("haproxy.cfg", CONNECTIONS=(self.bench.files - 200) // 2)
        return [self.program, "-db", "-f", str(path)]


class Tokenweir(System):
    """`bare` relays what it does not know: an opaque provider and a path of no known API, so that nothing is read
    or metered (a known path is metered whatever the provider)."""

    def __init__(self, bench, threads=1, streaming=False, bare=False):
        self.program = machine.built("tokenweir")
        self.bare = bare
        self.path = "/relay/anything" if bare else None
        self.admin_port = machine.free_port()
        super().__init__("tokenweir bare" if bare else "tokenweir", bench, threads, streaming)

    def command(self, alone=False):
        path = self.fill("tokenweir-bare.yaml" if self.bare else "tokenweir.yaml", ADMIN=self.admin_port)
        return [self.program, "serve", "-c", str(path)]


def wait_for_tls(port, process, log, seconds):
    context = ssl.create_default_context()
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    limit = time.monotonic() + seconds
    while time.monotonic() < limit:
        if process.poll() is not None:
            break
        try:
            with socket.create_connection(("127.0.0.1", port), seconds) as plain:
                with context.wrap_socket(plain, server_hostname="localhost"):
                    return
        except OSError:
            time.sleep(0.05)
    tail = log.read_text(errors="replace")[-2000:] if log.exists() else ""
    raise RuntimeError(f"{process.args[0]} does not answer on port {port}:\n{tail}")
