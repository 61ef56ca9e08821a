"""The proxies under test as processes: a generated configuration in a folder of its own, on loopback."""

import asyncio
import contextlib
import getpass
import os
import shutil
import signal
import socket
import subprocess
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]

TOKENWEIR = """\
schema: 1
threads: 1
listen:
  - {{address: "127.0.0.1:{port}"}}
admin: {{address: "127.0.0.1:{admin}"}}
providers:
{hosts}
  # Whatever else the Host is: /case is stripped as a prefix and comes back as the origin's path.
  - {{name: by-path, origin: "http://127.0.0.1:{provider}/case", dialect: {dialect}, match: {{path_prefix: /case}}}}
ledger: {{path: {folder}/ledger.db}}
log: {{level: warn, access: off}}
drain: {{delay: 0s, timeout: 1s}}
"""

NGINX = """\
daemon off;
worker_processes 1;
pid {folder}/nginx.pid;
error_log {folder}/error.log;
events {{ worker_connections 256; }}
http {{
  access_log off;
  client_body_temp_path {folder}/body;
  proxy_temp_path {folder}/proxy;
  fastcgi_temp_path {folder}/fastcgi;
  uwsgi_temp_path {folder}/uwsgi;
  scgi_temp_path {folder}/scgi;
  client_max_body_size 16m;
  upstream echo {{ server 127.0.0.1:{provider} max_fails=0; keepalive 16; }}
  server {{
    listen 127.0.0.1:{port};
    location / {{
      proxy_pass http://echo;
      proxy_http_version 1.1;
      proxy_set_header Connection "";
      proxy_set_header Host $http_host;
      proxy_buffering off;
    }}
  }}
}}
"""

HAPROXY = """\
global
  nbthread 1
defaults
  mode http
  timeout connect 2s
  timeout client 30s
  timeout server 30s
  timeout http-request 10s
  http-reuse always
frontend client
  bind 127.0.0.1:{port}
  default_backend provider
backend provider
  server echo 127.0.0.1:{provider}
"""

APACHE = """\
ServerRoot {folder}
PidFile {folder}/apache.pid
ErrorLog {folder}/error.log
ServerName api.test
Listen 127.0.0.1:{port}
Mutex pthread default
LoadModule mpm_event_module {modules}/mod_mpm_event.so
LoadModule authz_core_module {modules}/mod_authz_core.so
LoadModule proxy_module {modules}/mod_proxy.so
LoadModule proxy_http_module {modules}/mod_proxy_http.so
{unixd}
StartServers 1
ThreadsPerChild 16
MaxRequestWorkers 16
ServerLimit 1
AllowEncodedSlashes NoDecode
ProxyPreserveHost On
ProxyPass / http://127.0.0.1:{provider}/ enablereuse=on retry=0
"""


class Missing(Exception):
    """A proxy that is not on this machine."""


def tool(name):
    found = shutil.which(name) or shutil.which(name, path="/usr/sbin:/usr/local/sbin")
    if not found:
        raise Missing(f"{name} is not installed")
    return found


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


class Process:
    """A proxy in a process of its own."""

    def __init__(self, folder, provider_port):
        self.folder = folder
        self.provider_port = provider_port
        self.port = free_port()
        self.process = None
        folder.mkdir(parents=True, exist_ok=True)

    def write(self, name, template, **more):
        path = self.folder / name
        path.write_text(template.format(folder=self.folder, port=self.port, provider=self.provider_port, **more))
        return path

    async def start(self):
        # A port that was free a moment ago may be taken by now; that says nothing about the proxy.
        for attempt in range(3):
            try:
                return await self.start_once()
            except Missing:
                if attempt == 2:
                    raise
                self.port = free_port()

    async def start_once(self):
        log = open(self.folder / "output.log", "wb")
        self.process = subprocess.Popen(self.command(), stdout=log, stderr=log, cwd=self.folder,
                                        start_new_session=True)
        for _ in range(200):
            await asyncio.sleep(0.05)
            if self.process.poll() is not None:
                break
            with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", self.port), 1):
                return
        log = (self.folder / "output.log").read_text(errors="replace")
        await self.stop()
        raise Missing(f"did not start: {' '.join(log.split()[-60:])}")

    def alive(self):
        return self.process.poll() is None

    async def stop(self):
        if self.process is not None and self.process.poll() is None:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(self.process.pid, signal.SIGTERM)
            for _ in range(40):
                if self.process.poll() is not None:
                    return
                await asyncio.sleep(0.05)
            with contextlib.suppress(ProcessLookupError):
                os.killpg(self.process.pid, signal.SIGKILL)
            self.process.wait()


class Tokenweir(Process):
    binary = None
    hosts = {"api.test"}  # those that cases name; requests are routed by them
    metered = False       # /case is an OpenAI API: requests are read before they are sent on, answers metered

    def command(self):
        if not Path(self.binary).exists():
            raise Missing(f"{Path(self.binary).name} is not built")
        origin = f"http://127.0.0.1:{self.provider_port}"
        hosts = []
        for number, host in enumerate(sorted(self.hosts)):
            hosts.append(f'  - {{name: host-{number}, origin: "{origin}", dialect: opaque, match: {{host: "{host}"}}}}')
            if self.metered:
                hosts.append(f'  - {{name: chat-{number}, origin: "{origin}/case", dialect: openai, '
                             f'match: {{host: "{host}", path_prefix: /case}}}}')
        path = self.write("tokenweir.yaml", TOKENWEIR, admin=free_port(), hosts="\n".join(hosts),
                          dialect="openai" if self.metered else "opaque")
        return [str(self.binary), "serve", "-c", str(path)]


class Nginx(Process):
    def command(self):
        return [tool("nginx"), "-e", str(self.folder / "error.log"), "-c", str(self.write("nginx.conf", NGINX))]


class HAProxy(Process):
    def command(self):
        return [tool("haproxy"), "-db", "-f", str(self.write("haproxy.cfg", HAPROXY))]


class Apache(Process):
    def command(self):
        modules = Path("/usr/lib/apache2/modules")
        unixd = ""
        if (modules / "mod_unixd.so").exists():
            unixd = f"LoadModule unixd_module {modules}/mod_unixd.so\n"
        if getpass.getuser() == "root":
            unixd += "User www-data\nGroup www-data"
        return [tool("apache2"), "-X", "-f", str(self.write("apache.conf", APACHE, modules=modules, unixd=unixd))]
