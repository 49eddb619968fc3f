"""The instance metadata service at its real addresses, at the other end of a wire that leads nowhere else: two network
namespaces and a pair of veth interfaces.  Nothing is asked at these addresses before it is certain that the namespace
which asks has no other interface.

SPDX-License-Identifier: MIT
"""

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

from login_host import run

IPV4, IPV6 = "169.254.169.254", "fd00:ec2::254"
HOST_4, HOST_6 = "10.83.0.1", "fd83::1"
CONTAINERS_4, CONTAINERS_6 = "10.84.0.0/24", "fd84::/64"
PATIENCE = 20

# Answers everything, in threads; prints a line when it listens.
SERVER = """
import http.server, socket
class Service(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    def do_PUT(self):
        self.send_response(200); self.send_header("Content-Length", "5"); self.end_headers(); self.wfile.write(b"token")
    do_GET = do_PUT
    def log_message(self, *arguments): pass
class Server(http.server.ThreadingHTTPServer):
    address_family = socket.AF_INET6
    daemon_threads = True
server = Server(("::", 80), Service)
print("listening", flush=True)
server.serve_forever()
"""

# What somebody gets who asks: the status, or the error's name; "timeout" is what the guard is not to bring about.
CLIENT = """
import errno, http.client, sys
try:
    connection = http.client.HTTPConnection(sys.argv[1], 80, timeout=10)
    connection.request("PUT", "/latest/api/token", headers={"X-aws-ec2-metadata-token-ttl-seconds": "60"})
    print(connection.getresponse().status)
except TimeoutError:
    print("timeout")
except OSError as error:
    print(errno.errorcode[error.errno])
"""


class Namespace:
    """A network namespace, with a /proc of its own so that its settings can be written."""

    def __init__(self):
        self.holder = subprocess.Popen(
            ["unshare", "--net", "--mount", "--pid", "--fork", "--kill-child", "--mount-proc", "sh", "-c", "echo; exec cat"],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        assert self.holder.stdout.readline() == b"\n"
        (self.pid,) = Path(f"/proc/{self.holder.pid}/task/{self.holder.pid}/children").read_text().split()

    def command(self, *words: str | Path) -> list[str]:
        return ["nsenter", "--target", self.pid, "--net", "--mount", "--pid", "--", *map(str, words)]

    def close(self) -> None:
        self.holder.stdin.close()
        self.holder.wait(PATIENCE)


class Here:
    """The namespace that the tests run in."""

    def __init__(self):
        self.pid = str(os.getpid())

    def command(self, *words: str | Path) -> list[str]:
        return [str(word) for word in words]

    def close(self) -> None:
        pass


class MetadataWire:
    """`host` is the namespace that asks; the service is in another one."""

    def __init__(self, host: Namespace | Here):
        self.host = host
        self.service = Namespace()
        self.container: Namespace | None = None
        self.connect(self.host, "wire", [HOST_4 + "/24", HOST_6 + "/64"],
                     self.service, "host", [IPV4 + "/32", IPV6 + "/128"])
        self.ip(self.host, "route", "add", IPV4, "dev", "wire", "src", HOST_4)
        self.ip(self.host, "-6", "route", "add", IPV6, "dev", "wire", "src", HOST_6)
        self.ip(self.service, "route", "add", "10.83.0.0/24", "dev", "host", "src", IPV4)
        self.ip(self.service, "-6", "route", "add", "fd83::/64", "dev", "host", "src", IPV6)
        self.server = subprocess.Popen(self.service.command(sys.executable, "-c", SERVER), stdout=subprocess.PIPE)
        assert self.server.stdout.readline() == b"listening\n"

    def close(self) -> None:
        self.server.send_signal(signal.SIGTERM)
        self.server.wait(PATIENCE)
        for namespace in (self.container, self.service, self.host):
            if namespace is not None:
                namespace.close()

    def ip(self, namespace: Namespace | Here, *words: str) -> None:
        done = run(*namespace.command("ip", *words))
        assert done.returncode == 0, f"ip {' '.join(words)}: {done.stderr}"

    def connect(self, one, name: str, addresses: list[str], other, other_name: str, other_addresses: list[str]) -> None:
        self.ip(other, "link", "add", other_name, "type", "veth", "peer", "name", name)
        # With our own view of processes, by which the other namespace is named.
        done = run("nsenter", "--target", other.pid, "--net", "--", "ip", "link", "set", name, "netns", one.pid)
        assert done.returncode == 0, done.stderr
        for namespace, interface, of_interface in ((one, name, addresses), (other, other_name, other_addresses)):
            for address in of_interface:
                self.ip(namespace, "address", "add", address, "dev", interface, *(["nodad"] if ":" in address else []))
            self.ip(namespace, "link", "set", interface, "up")
            self.ip(namespace, "link", "set", "lo", "up")

    def add_container(self) -> None:
        """A network of its own, whose packets the host forwards."""
        self.container = Namespace()
        self.connect(self.container, "uplink", ["10.84.0.2/24", "fd84::2/64"], self.host, "bridge", ["10.84.0.1/24", "fd84::1/64"])
        self.ip(self.container, "route", "add", "default", "via", "10.84.0.1")
        self.ip(self.container, "-6", "route", "add", "default", "via", "fd84::1")
        self.ip(self.service, "route", "add", CONTAINERS_4, "via", HOST_4, "dev", "host")
        self.ip(self.service, "-6", "route", "add", CONTAINERS_6, "via", HOST_6, "dev", "host")
        for setting in ("ipv4/ip_forward", "ipv6/conf/all/forwarding"):
            done = run(*self.host.command("sh", "-c", f"echo 1 >/proc/sys/net/{setting}"))
            assert done.returncode == 0, done.stderr

    def assert_it_leads_nowhere(self, namespace: Namespace | Here) -> None:
        names = {link["ifname"] for link in json.loads(run(*namespace.command("ip", "-json", "link")).stdout)}
        assert names and names <= {"lo", "wire", "bridge", "uplink"}, names

    def client(self, uid: int, program: str, address: str, *, in_namespace_of_his_own: bool = False,
               in_container: bool = False) -> list[str]:
        namespace = self.container if in_container else self.host
        self.assert_it_leads_nowhere(namespace)
        become = [] if uid == 0 else ["setpriv", "--reuid", str(uid), "--regid", str(uid), "--clear-groups"]
        if in_namespace_of_his_own:
            become += ["unshare", "--user", "--map-root-user"]
        return namespace.command(*become, "/usr/bin/python3", "-I", "-c", program, address)

    def ask(self, uid: int, address: str = IPV4, **where: bool) -> str:
        """What the service says to this uid: an HTTP status, or how the connection failed."""
        done = run(*self.client(uid, CLIENT, address, **where))
        assert done.returncode == 0, done.stderr
        return done.stdout.strip()

    def half_open(self) -> list[str]:
        """Connections that the service would like to see the end of."""
        finished = {"0A", "06"}  # LISTEN and TIME_WAIT, as in include/net/tcp_states.h
        lines = Path(f"/proc/{self.service.pid}/net/tcp6").read_text().splitlines()[1:]
        return [line for line in lines if line.split()[3] not in finished]
