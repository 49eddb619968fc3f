"""The inside of tests/sandbox as a host that people log in to: its configuration, PAM services, sshd, the resident
helper, and the system log.

SPDX-License-Identifier: MIT
"""

import contextlib
import json
import re
import shlex
import signal
import subprocess
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

MARKER = Path("/run/studio-sandbox")
CONFIG_FOLDER = Path("/etc/sagemaker-studio")
RUN_FOLDER = Path("/run/sagemaker-studio")
SOCKET = RUN_FOLDER / "helper.sock"
HELPER = "/usr/libexec/sagemaker-studio/sagemaker-studio-helper"
LAUNCHER = "/usr/bin/sagemaker-studio"
SERVICE_ACCOUNT = "sagemaker-studio"
LOG_FILE = Path("/run/log-lines")
PAM_FOLDER = Path("/etc/pam.d")
GENEROUS = 20.0  # seconds after which a test gives up waiting

Result = TypeVar("Result")


def inside_sandbox() -> bool:
    return MARKER.exists()


def eventually(what: str, condition: Callable[[], Result], seconds: float = GENEROUS) -> Result:
    """Wait for a condition that another process brings about; its first true value."""
    until = time.monotonic() + seconds
    while not (value := condition()):
        assert time.monotonic() < until, f"waited {seconds:.0f} s in vain: {what}"
        time.sleep(0.01)
    return value


def run(*command: str | Path, **options) -> subprocess.CompletedProcess:
    options.setdefault("stdin", subprocess.DEVNULL)
    return subprocess.run([str(word) for word in command], capture_output=True, text=True, timeout=60, **options)


# ---- PAM -------------------------------------------------------------------------------------------------------------


def write_pam_service(name: str, *arguments: str) -> None:
    """As an administrator has it: whatever our module says, the login goes on."""
    (PAM_FOLDER / name).write_text(
        "auth required pam_permit.so\n"
        "account required pam_permit.so\n"
        f"session optional pam_sagemaker_studio.so {' '.join(arguments)}\n"
        "session required pam_permit.so\n"
    )


@dataclass
class Login:
    """What pam_application tells of a session that was opened and closed."""

    result: str  # of our module, "PAM_SUCCESS" and so on
    seconds: float
    environment: dict[str, str]
    output: str  # of the command that ran in the session
    log: list[str]  # what the module said to syslog(3)
    differences: list[str]  # in the process that opened and closed the session, before and after


def login_of(report: dict) -> Login:
    assert report["start"] == "PAM_SUCCESS", report
    (opened,) = report["calls"]
    return Login(
        result=opened["result"].replace("PAM_PERM_DENIED", "PAM_IGNORE"),
        seconds=opened["milliseconds"] / 1000,
        environment=dict(setting.split("=", 1) for setting in report["environment"]),
        output="".join(report.get("session_output", [])),
        log=report["log"],
        differences=[text for call in (opened, *report["closing"]) for text in call["differences"]],
    )


class LoginUnderWay:
    """A login that a test looks at while it waits."""

    def __init__(self, process: subprocess.Popen):
        self.process = process

    def is_under_way(self) -> bool:
        return self.process.poll() is None

    def finish(self) -> Login:
        output, errors = self.process.communicate(timeout=60)
        assert self.process.returncode == 0, f"{self.process.returncode}: {errors}"
        return login_of(json.loads(output))


class PamHost:
    """A program that logs people in.  Its PAM service has our module alone, so that the result is the module's; for
    PAM_IGNORE libpam says PAM_PERM_DENIED (pam_dispatch.c: "Don't return with PAM_IGNORE as status"), which the module
    itself never says."""

    CONTROL = "[success=ok default=bad]"

    def __init__(self, application: Path, service: str, *arguments: str):
        self.application = application
        self.service = service
        self.set_arguments(*arguments)

    def set_arguments(self, *arguments: str) -> None:
        self.arguments = arguments
        self.write_service(self.service)

    def write_service(self, name: str) -> None:
        (PAM_FOLDER / name).write_text(f"session {self.CONTROL} pam_sagemaker_studio.so {' '.join(self.arguments)}\n")

    def start(self, user: str, *options: str, service: str = "", within: tuple[str, ...] = ()) -> LoginUnderWay:
        """within: a command to run pam_application by, such as unshare."""
        command = [*within, str(self.application), *options, service or self.service, user, str(PAM_FOLDER)]
        return LoginUnderWay(subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                                              stderr=subprocess.PIPE, text=True, cwd="/"))

    def log_in(self, user: str, *options: str, service: str = "", within: tuple[str, ...] = ()) -> Login:
        """Open a session and close it again."""
        return self.start(user, *options, service=service, within=within).finish()


# ---- the system log --------------------------------------------------------------------------------------------------


class SystemLog:
    """What was logged since this object was made (or since mark() was called)."""

    def __init__(self):
        self.mark()

    def mark(self) -> None:
        self.start = LOG_FILE.stat().st_size

    def lines(self) -> list[str]:
        with LOG_FILE.open("rb") as file:
            file.seek(self.start)
            return file.read().decode().splitlines()

    def events(self, event: str = "") -> list[dict[str, str]]:
        """The helper's lines, as their fields; only those of one event where that is named."""
        found = [fields_of(line) for line in self.lines() if re.search(r"\bevent=", line)]
        return [fields for fields in found if not event or fields["event"] == event]

    def wait_for(self, event: str, count: int = 1) -> list[dict[str, str]]:
        """At least so many lines of this event; the last so many."""
        eventually(f"{count} log lines event={event}, among {self.lines()}", lambda: len(self.events(event)) >= count)
        return self.events(event)[-count:]


def fields_of(line: str) -> dict[str, str]:
    words = shlex.split(line[line.index("event=") :])
    return dict(word.split("=", 1) for word in words)


# ---- the resident helper ---------------------------------------------------------------------------------------------


@contextlib.contextmanager
def resident_helper() -> Iterator[subprocess.Popen]:
    """`--listen`, as an administrator without systemd runs it; it starts as root and becomes the service account."""
    SOCKET.unlink(missing_ok=True)
    helper = subprocess.Popen([HELPER, "--listen", str(SOCKET)], stdin=subprocess.DEVNULL, cwd="/")
    try:
        eventually("the helper's socket", lambda: SOCKET.is_socket() or helper.poll() is not None)
        assert helper.poll() is None, f"the helper ended with {helper.returncode}"
        yield helper
    finally:
        helper.send_signal(signal.SIGCONT)
        helper.terminate()
        helper.wait(timeout=GENEROUS)


# ---- sshd ------------------------------------------------------------------------------------------------------------

SSHD_CONFIG = """\
Port {port}
ListenAddress 127.0.0.1
HostKey {folder}/host_key
PidFile {folder}/sshd.pid
UsePAM yes
PasswordAuthentication no
KbdInteractiveAuthentication no
AuthorizedKeysFile {folder}/user_key.pub
StrictModes no
"""


class SecureShellServer:
    """An sshd of our own on loopback.  Its PAM service bears its name: sshd takes that from argv[0]."""

    SERVICE = "e2e-sshd"
    PORT = 2222

    def __init__(self, folder: Path):
        self.folder = folder
        for key in ("host_key", "user_key"):
            subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", str(folder / key)], check=True)
        (folder / "sshd_config").write_text(SSHD_CONFIG.format(port=self.PORT, folder=folder))
        program = folder / self.SERVICE
        program.symlink_to("/usr/sbin/sshd")
        self.daemon = subprocess.Popen(
            [str(program), "-D", "-f", str(folder / "sshd_config"), "-E", str(folder / "sshd.log")],
            stdin=subprocess.DEVNULL,
        )
        eventually("sshd to listen", (folder / "sshd.pid").exists)

    def command(self, user: str, script: str) -> list[str]:
        options = ["-F", "none", "-i", str(self.folder / "user_key"), "-p", str(self.PORT)]
        for option in ("BatchMode=yes", "StrictHostKeyChecking=no", "UserKnownHostsFile=/dev/null", "LogLevel=ERROR"):
            options += ["-o", option]
        return ["ssh", *options, "-l", user, "127.0.0.1", script]

    def run(self, user: str, script: str) -> list[str]:
        """Log in, run the script, log out; what it printed."""
        done = run(*self.command(user, script))
        assert done.returncode == 0, f"{done.stderr}\n{(self.folder / 'sshd.log').read_text()}"
        return done.stdout.splitlines()

    @contextlib.contextmanager
    def session(self, user: str) -> Iterator[str]:
        """A session that lasts as long as the block; the session file's path as its environment tells it."""
        command = self.command(user, 'echo "$SAGEMAKER_STUDIO_SESSION"; exec cat')
        with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as client:
            assert client.stdin and client.stdout
            try:
                yield client.stdout.readline().strip()
            finally:
                client.stdin.close()
                client.wait(timeout=GENEROUS)

    def stop(self) -> None:
        self.daemon.terminate()
        self.daemon.wait(timeout=GENEROUS)
