"""The PAM module in a login program of the tests' own (pam_application.c), with a helper and launchers of the tests' own:
what it returns, what it gives to the session, and that the login program is the same afterwards, whatever they do.

As root it runs in tests/sandbox, and privileges are really dropped; as an ordinary user the login is that user's.

SPDX-License-Identifier: MIT
"""

import ast
import json
import os
import pwd
import shutil
import socket
import subprocess
import tempfile
import textwrap
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest

ROOT = os.geteuid() == 0
SERVICE = "xrdp-sesman"
SECRET = "eyJhbGciOiJIUzI1NiJ9-secret"
URL = f"https://studio-d-abcdefghij12.studio.ap-northeast-1.sagemaker.aws/auth?token={SECRET}"
VARIABLES = {"SAGEMAKER_STUDIO_SESSION", "SAGEMAKER_STUDIO_USER_PROFILE", "SAGEMAKER_STUDIO_DOMAIN_ID"}
WITH_GROUPS = ["setpriv", "--groups", "4,20"] if ROOT else []
LATENESS_MS = 2500  # beyond the deadline, on a busy machine


# ---- a host ----------------------------------------------------------------------------------------------------------


@pytest.fixture
def person() -> pwd.struct_passwd:
    if not ROOT:
        return pwd.getpwuid(os.geteuid())
    if "TEST_USER" not in os.environ:
        pytest.skip("runs in the sandbox, or as an ordinary user")
    return pwd.getpwnam(os.environ["TEST_USER"])


def safe_place() -> Path:
    """A folder with none above it that others can write: programs elsewhere, such as below /tmp, are not started."""
    candidates = [Path("/run")] if ROOT else [Path(os.environ.get("BUILD", "build")).resolve(), Path.home()]
    base = next(folder for folder in candidates if os.access(folder, os.W_OK))
    folder = Path(tempfile.mkdtemp(prefix="m-", dir=base))
    folder.chmod(0o755)
    return folder


@dataclass
class Report:
    """What pam_application says."""

    facts: dict

    def __getitem__(self, key: str):
        return self.facts[key]

    def call(self, name: str) -> dict:
        return next(call for call in self.facts["calls"] + self.facts["closing"] if call["call"] == name)

    @property
    def opened(self) -> str:
        return self.call("open_session")["result"]

    @property
    def closed(self) -> str:
        return self.call("close_session")["result"]

    @property
    def environment(self) -> dict[str, str]:
        return dict(variable.split("=", 1) for variable in self.facts["environment"])

    @property
    def differences(self) -> list[str]:
        return [text for call in self.facts["calls"] + self.facts["closing"] for text in call["differences"]]

    @property
    def session(self) -> str:
        return "".join(self.facts["session_output"])

    @property
    def errors(self) -> list[str]:
        return [line for line in self.facts["log"] if line.startswith("<3>")]


@dataclass
class Host:
    folder: Path
    application: Path
    module: Path
    person: pwd.struct_passwd
    wrapper: list[str] = field(default_factory=list)

    @property
    def socket(self) -> Path:
        return self.folder / "run" / "helper.sock"

    @property
    def sessions(self) -> Path:
        return self.folder / "run" / "users" / str(self.person.pw_uid)

    def write_service(self, text: str, service: str = SERVICE) -> None:
        (self.folder / "pam.d" / service).write_text(text)

    def run(self, *options: str, user: str = "", service: str = SERVICE) -> Report:
        command = [*self.wrapper, str(self.application), *options, service, user or self.person.pw_name,
                   str(self.folder / "pam.d")]
        result = subprocess.run(command, capture_output=True, text=True, timeout=60, stdin=subprocess.DEVNULL)
        assert result.returncode == 0, result.stderr
        return Report(json.loads(result.stdout))

    def log_in(self, *options: str, arguments: str = "", service: str = SERVICE, user: str = "") -> Report:
        """With a stack of our module alone, so that what it returns is what the application sees."""
        words = f"socket={self.socket} launcher={self.folder}/bin/launcher helper={self.folder}/bin/helper {arguments}"
        self.write_service(f"session required {self.module} {words}\n", service)
        return self.run(*options, service=service, user=user)

    def program(self, name: str, text: str) -> Path:
        path = self.folder / "bin" / name
        path.unlink(missing_ok=True)
        path.write_text("#!/usr/bin/python3 -I\n" + textwrap.dedent(text))
        path.chmod(0o755)
        return path

    def survivors(self) -> list[str]:
        """Programs of this host that still run, or are still to be waited for by somebody."""
        found = []
        for entry in Path("/proc").glob("[0-9]*"):
            try:
                words = (entry / "cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace")
            except OSError:
                continue
            if f"{self.folder}/bin/" in words:
                found.append(words)
        return found


@pytest.fixture
def host(build, person: pwd.struct_passwd) -> Iterator[Host]:
    folder = safe_place()
    for name in ("pam.d", "bin", "run", "facts"):
        (folder / name).mkdir()
        (folder / name).chmod(0o755)
    (folder / "facts").chmod(0o1777)
    shutil.copy(build.launcher, folder / "bin" / "launcher")
    (folder / "pam.d" / "other").write_text("".join(
        f"{kind} required pam_deny.so\n" for kind in ("auth", "account", "password", "session")))
    yield Host(folder, build.pam_application, build.module, person)
    shutil.rmtree(folder)


# ---- a helper --------------------------------------------------------------------------------------------------------


def ok(**changes: str) -> dict[str, str]:
    now = int(time.time())
    answer = {"status": "ok", "url": URL, "issued_at": str(now), "expires_at": str(now + 300), "region": "ap-northeast-1",
              "request_id": "0a1b", "rule": "users.map:1", "domain": "research", "user_profile_name": "alice-tanaka",
              "domain_id": "d-abcdefghij12"}
    return {key: value for key, value in (answer | changes).items() if value}


def encode(answer: dict[str, str]) -> bytes:
    return ("proto=1\n" + "".join(f"{key}={value}\n" for key, value in answer.items()) + "\n").encode()


class Helper:
    """Listens where the module asks, in a thread; `behave` is given each connection once its request is there."""

    def __init__(self, path: Path):
        self.requests: list[dict[str, str]] = []
        self.behave: Callable[[socket.socket], None] = self.answer(ok())
        self.ended = threading.Event()
        self.listener = socket.socket(socket.AF_UNIX)
        self.listener.bind(str(path))
        path.chmod(0o666)
        self.listener.listen(16)
        self.thread = threading.Thread(target=self.serve)
        self.thread.start()

    @staticmethod
    def answer(answer: dict[str, str]) -> Callable[[socket.socket], None]:
        return lambda connection: connection.sendall(encode(answer))

    def serve(self) -> None:
        while not self.ended.is_set():
            connection, _ = self.listener.accept()
            with connection:
                self.converse(connection)

    def converse(self, connection: socket.socket) -> None:
        data = b""
        while not data.endswith(b"\n\n"):
            more = connection.recv(65536)
            if not more:
                return
            data += more
        lines = data.decode().split("\n")[:-2]
        assert lines[0] == "proto=1"
        self.requests.append(dict(line.split("=", 1) for line in lines[1:]))
        try:
            self.behave(connection)
        except (BrokenPipeError, ConnectionResetError):
            pass

    def stop(self) -> None:
        self.ended.set()
        with socket.socket(socket.AF_UNIX) as last:
            last.connect(self.listener.getsockname())
        self.thread.join()
        self.listener.close()


@pytest.fixture
def helper(host: Host) -> Iterator[Helper]:
    helper = Helper(host.socket)
    yield helper
    helper.stop()


def wait_until_hung_up(connection: socket.socket) -> None:
    connection.settimeout(30)
    try:
        while connection.recv(4096):
            pass
    except OSError:
        pass


# ---- what the session gets -------------------------------------------------------------------------------------------


def test_the_session_gets_a_link_and_loses_it_when_it_ends(host: Host, helper: Helper):
    report = host.log_in("--run-in-session", 'cat "$SAGEMAKER_STUDIO_SESSION"; stat -c "%a %u" "$SAGEMAKER_STUDIO_SESSION"')

    assert report.opened == "PAM_SUCCESS"
    assert set(report.environment) == VARIABLES
    assert report.environment["SAGEMAKER_STUDIO_USER_PROFILE"] == "alice-tanaka"
    assert report.environment["SAGEMAKER_STUDIO_DOMAIN_ID"] == "d-abcdefghij12"
    assert Path(report.environment["SAGEMAKER_STUDIO_SESSION"]).parent == host.sessions
    assert f"url={URL}\n" in report.session and report.session.endswith(f"600 {host.person.pw_uid}\n")
    assert report.closed == "PAM_SUCCESS"
    assert report["environment_after"] == [] and list(host.sessions.iterdir()) == []
    assert report["log"] == [] and report["messages"] == [] and report.differences == []


def test_the_helper_is_asked_by_uid_and_told_how_long_it_may_take(host: Host, helper: Helper):
    host.log_in(arguments="timeout=10")

    (request,) = helper.requests
    assert request["op"] == "issue" and request["uid"] == str(host.person.pw_uid)
    assert 1000 < int(request["budget_ms"]) <= 9000
    assert request.get("service") == (SERVICE if ROOT else None)


def test_login_link_no_prepares_the_session_and_asks_for_no_link(host: Host, helper: Helper):
    helper.behave = helper.answer(ok(url=""))

    report = host.log_in(arguments="login_link=no")

    assert helper.requests[0]["op"] == "whoami"
    assert report.opened == "PAM_SUCCESS" and report.closed == "PAM_SUCCESS"
    assert set(report.environment) == VARIABLES - {"SAGEMAKER_STUDIO_SESSION"}
    assert report["environment_after"] == [] and not host.sessions.exists()


def test_over_his_rate_the_user_gets_his_session_without_a_link(host: Host, helper: Helper):
    helper.behave = helper.answer({"status": "error", "code": "rate-limited", "message": "too many links",
                                   "user_profile_name": "alice-tanaka", "domain_id": "d-abcdefghij12"})

    report = host.log_in()

    assert report.opened == "PAM_SUCCESS"
    assert set(report.environment) == VARIABLES - {"SAGEMAKER_STUDIO_SESSION"}


def test_the_link_itself_is_in_the_environment_only_with_export_url(host: Host, helper: Helper):
    assert SECRET not in json.dumps(host.log_in().facts)
    report = host.log_in(arguments="export_url")

    assert report.environment["SAGEMAKER_STUDIO_URL"] == URL
    assert report["environment_after"] == []


@pytest.mark.skipif(not ROOT, reason="only root can make /run/user/UID")
def test_the_runtime_folder_of_the_user_is_preferred(host: Host, helper: Helper):
    runtime = Path(f"/run/user/{host.person.pw_uid}")
    runtime.mkdir(mode=0o700, parents=True)
    os.chown(runtime, host.person.pw_uid, host.person.pw_gid)

    report = host.log_in("-E", f"XDG_RUNTIME_DIR={runtime}", "--run-in-session", 'cat "$SAGEMAKER_STUDIO_SESSION"')

    assert Path(report.environment["SAGEMAKER_STUDIO_SESSION"]).parent == runtime / "sagemaker-studio"
    assert f"url={URL}\n" in report.session
    assert list((runtime / "sagemaker-studio").iterdir()) == [] and report.closed == "PAM_SUCCESS"
    shutil.rmtree(runtime)


def test_the_user_is_told_only_when_asked_for_and_not_silent(host: Host, helper: Helper):
    assert host.log_in()["messages"] == []
    assert host.log_in("--silent", arguments="message")["messages"] == []
    (told,) = host.log_in(arguments="message")["messages"]
    assert "alice-tanaka" in told and "sagemaker-studio open" in told

    helper.behave = helper.answer({"status": "error", "code": "aws", "message": "Ask it-desk@example.com."})
    (told,) = host.log_in(arguments="message")["messages"]
    assert "Ask it-desk@example.com." in told


def test_debug_says_what_happens_and_no_secret(host: Host, helper: Helper):
    report = host.log_in(arguments="debug")

    assert any(line.startswith("<7>") for line in report["log"])
    assert SECRET not in "".join(report["log"])


# ---- what is returned ------------------------------------------------------------------------------------------------


def test_nobody_s_rule_is_none_of_our_business(host: Host, helper: Helper):
    helper.behave = helper.answer({"status": "none", "reason": "no-rule"})
    host.write_service(f"session required {host.module} socket={host.socket}\nsession required pam_permit.so\n")

    report = host.run()

    assert report.opened == "PAM_SUCCESS" and report["environment"] == [] and report["log"] == []
    assert len(helper.requests) == 1


@pytest.mark.parametrize("code", ["unavailable", "aws", "timeout", "no-credentials"])
def test_a_refusal_is_a_session_error_that_the_helper_has_logged(host: Host, helper: Helper, code: str):
    helper.behave = helper.answer({"status": "error", "code": code, "message": "why"})

    report = host.log_in()

    assert report.opened == "PAM_SESSION_ERR"
    assert report["environment"] == [] and report["log"] == [] and report.differences == []


@pytest.mark.parametrize("service", ["cron", "su", "sudo", "systemd-user", "lightdm-greeter", "sshd"])
def test_a_service_that_is_not_ours_makes_no_connection(host: Host, helper: Helper, service: str):
    host.write_service(f"session required {host.module} socket={host.socket}\nsession required pam_permit.so\n", service)

    report = host.run(service=service)

    assert report.opened == "PAM_SUCCESS" and report.closed == "PAM_SUCCESS"
    assert helper.requests == [] and report["environment"] == [] and report["log"] == []


def test_services_says_which_services_are_ours(host: Host, helper: Helper):
    assert host.log_in(arguments="services=sshd,my-desktop", service="my-desktop").opened == "PAM_SUCCESS"
    host.log_in(arguments="services=sshd,my-desktop", service="my-desk")
    assert len(helper.requests) == 1


@pytest.mark.parametrize("user", ["root", "daemon", "nobody"])
def test_accounts_that_are_no_person_s_make_no_connection(host: Host, helper: Helper, user: str):
    host.write_service(f"session required {host.module} socket={host.socket}\nsession required pam_permit.so\n")

    report = host.run(user=user)

    assert report.opened == "PAM_SUCCESS" and helper.requests == [] and report["log"] == []


def test_an_account_that_cannot_be_looked_up_is_an_error(host: Host, helper: Helper):
    report = host.log_in(user="no-such-account")

    assert report.opened == "PAM_SESSION_ERR" and helper.requests == []
    assert "no-such-account" in report.errors[0]


@pytest.mark.parametrize("control", ["required", "sufficient", "optional"])
def test_alone_in_a_stack_it_lets_nobody_in(host: Host, helper: Helper, control: str):
    kinds = ("auth", "account", "password", "session")
    host.write_service("".join(f"{kind} {control} {host.module} socket={host.socket}\n" for kind in kinds))
    helper.behave = helper.answer({"status": "none"})

    report = host.run("--all-stacks")

    assert [call["call"] for call in report["calls"] if call["result"] == "PAM_SUCCESS"] == []
    assert report.differences == []


@pytest.mark.parametrize("argument, expected", [
    ("timeout=0", "from 1 to 30"), ("timeout=31", "from 1 to 30"), ("timeout=3s", "from 1 to 30"),
    ("timeout", "from 1 to 30"), ("login_link=maybe", "login_link=no"), ("export_url=yes", "export_url alone"),
    ("services=", "services=NAME"), ("services=a,,b", "services=NAME"), ("config_dir=etc", "absolute"),
    ("colour=blue", "unknown argument"), ("time", "unknown argument"),
])
def test_a_wrong_argument_is_named_and_the_default_holds(host: Host, helper: Helper, argument: str, expected: str):
    report = host.log_in("--no-close", arguments=argument)

    assert report.opened == "PAM_SUCCESS"
    (line,) = report.errors
    assert argument in line and expected in line


# ---- sessions and their ends -----------------------------------------------------------------------------------------


def test_a_second_open_on_the_same_handle_does_nothing(host: Host, helper: Helper):
    report = host.log_in("--twice")

    assert [call["result"] for call in report["calls"]] == ["PAM_SUCCESS", "PAM_SUCCESS"]
    assert len(helper.requests) == 1 and list(host.sessions.iterdir()) == []


def test_two_sessions_of_one_user_do_not_remove_each_other_s(host: Host, helper: Helper):
    first = Path(host.log_in("--no-close").environment["SAGEMAKER_STUDIO_SESSION"])
    second = host.log_in()

    assert second.closed == "PAM_SUCCESS"
    assert list(host.sessions.iterdir()) == [first]


def test_a_session_can_be_closed_in_another_process(host: Host, helper: Helper):
    report = host.log_in("--close-in-child")

    assert report.closed == "PAM_SUCCESS" and list(host.sessions.iterdir()) == []


def test_a_session_can_be_closed_on_a_fresh_handle(host: Host, helper: Helper):
    path = host.log_in("--no-close").environment["SAGEMAKER_STUDIO_SESSION"]

    report = host.log_in("--close-only", "-E", f"SAGEMAKER_STUDIO_SESSION={path}", "-E", "SAGEMAKER_STUDIO_USER_PROFILE=x")

    assert report.closed == "PAM_SUCCESS" and not Path(path).exists()
    assert report["environment_after"] == [] and len(helper.requests) == 1


@pytest.mark.parametrize("path", ["{facts}/session-{id}", "{sessions}/../{uid}/session-{id}", "{sessions}/session-{id}x",
                                  "{sessions}/spent-{id}", "/run/user/1/sagemaker-studio/session-{id}", "", "session-{id}"])
def test_a_path_that_cannot_be_ours_is_left_alone(host: Host, helper: Helper, path: str):
    facts = host.folder / "facts"
    identifier = "0123456789abcdef" * 2
    victim = facts / f"session-{identifier}"
    victim.write_text("keep me")
    os.chown(victim, host.person.pw_uid, -1)
    path = path.format(facts=facts, sessions=host.sessions, uid=host.person.pw_uid, id=identifier)
    host.program("launcher", f"open({str(facts / 'ran')!r}, 'w')")
    host.write_service(f"session required {host.module} socket={host.socket} launcher={host.folder}/bin/launcher\n"
                       "session required pam_permit.so\n")

    report = host.run("--close-only", "-E", f"SAGEMAKER_STUDIO_SESSION={path}")

    assert report.closed == "PAM_SUCCESS"  # pam_permit's
    assert victim.exists() and not (facts / "ran").exists()
    assert report["environment_after"] == [f"SAGEMAKER_STUDIO_SESSION={path}"]


def test_a_removal_that_fails_is_reported(host: Host, helper: Helper):
    host.program("launcher", "import sys; sys.exit(74 if sys.argv[1] == 'session-clear' else 0)")

    report = host.log_in()

    assert report.opened == "PAM_SUCCESS" and report.closed == "PAM_SESSION_ERR"
    assert len(report.errors) == 1 and "session-clear" in report.errors[0]


def test_a_removal_that_hangs_is_ended(host: Host, helper: Helper):
    host.program("launcher", "import sys, time; time.sleep(60 if sys.argv[1] == 'session-clear' else 0)")

    report = host.log_in(arguments="timeout=10")

    assert report.opened == "PAM_SUCCESS" and report.closed == "PAM_SESSION_ERR"
    assert report.call("close_session")["milliseconds"] < 2000 + LATENESS_MS
    assert report.differences == [] and host.survivors() == []


@pytest.mark.parametrize("variable", sorted(VARIABLES | {"SAGEMAKER_STUDIO_URL"}))
def test_nothing_half_done_stays_when_the_environment_cannot_be_set(host: Host, helper: Helper, variable: str):
    report = host.log_in("--fail-variable", variable, arguments="export_url")

    assert report.opened == "PAM_SESSION_ERR" and report["environment"] == []
    assert list(host.sessions.iterdir()) == [] and variable in report.errors[0]


# ---- trouble with the helper -----------------------------------------------------------------------------------------


def drip(connection: socket.socket) -> None:
    for byte in encode(ok()):
        connection.sendall(bytes([byte]))
        time.sleep(0.05)


def flood(connection: socket.socket) -> None:
    while True:
        connection.sendall(b"key=value\n" * 1000)


TROUBLE = {
    "silent": (wait_until_hung_up, "timeout"),
    "slow": (drip, "timeout"),
    "closes": (lambda connection: None, "helper-gone"),
    "half an answer": (lambda connection: connection.sendall(encode(ok())[:-20]), "helper-gone"),
    "garbage": (lambda connection: connection.sendall(os.urandom(4096) + b"\n\n"), "protocol"),
    "another protocol": (lambda connection: connection.sendall(b"proto=2\nstatus=ok\n\n"), "protocol"),
    "64 KiB and one": (lambda connection: connection.sendall(b"proto=1\nurl=" + b"x" * (65537 - 12)), "protocol"),
    "floods": (flood, "protocol"),
    "key twice": (lambda connection: connection.sendall(b"proto=1\nstatus=ok\nstatus=none\n\n"), "protocol"),
    "no status": (Helper.answer(ok(status="")), "protocol"),
    "unknown status": (Helper.answer(ok(status="fine")), "protocol"),
    "no link": (Helper.answer(ok(url="")), "protocol"),
    "no https": (Helper.answer(ok(url="http://example.com/")), "protocol"),
    "no profile": (Helper.answer(ok(user_profile_name="")), "protocol"),
    "error without code": (Helper.answer({"status": "error"}), "protocol"),
}


@pytest.mark.parametrize("trouble", TROUBLE)
def test_a_helper_in_trouble_costs_the_link_and_nothing_else(host: Host, helper: Helper, trouble: str):
    helper.behave, code = TROUBLE[trouble]

    report = host.log_in(arguments="timeout=1")

    assert report.opened == "PAM_SESSION_ERR"
    assert report.call("open_session")["milliseconds"] < 1000 + LATENESS_MS
    assert len(report.errors) == 1 and f"code={code}" in report.errors[0] and SECRET not in report.errors[0]
    assert report["environment"] == [] and report.differences == [] and not host.sessions.exists()


def test_the_login_after_that_works(host: Host, helper: Helper):
    helper.behave = TROUBLE["garbage"][0]
    assert host.log_in().opened == "PAM_SESSION_ERR"
    helper.behave = helper.answer(ok())
    assert host.log_in().opened == "PAM_SUCCESS"


# ---- a helper that the module starts ---------------------------------------------------------------------------------

STARTED_HELPER = """
    import os, socket, sys
    connection = socket.socket(fileno=0)
    request = b""
    while not request.endswith(b"\\n\\n"):
        request += connection.recv(4096)
"""


def test_without_a_socket_the_module_starts_the_helper_for_one_conversation(host: Host):
    host.program("helper", STARTED_HELPER + f"    connection.sendall({encode(ok())!r})\n")

    report = host.log_in()

    assert report.opened == "PAM_SUCCESS" and report.closed == "PAM_SUCCESS"
    assert report.differences == [] and host.survivors() == []


def test_the_started_helper_has_a_clean_slate_and_no_privileges(host: Host):
    host.program("helper", STARTED_HELPER + """\
    import resource, signal, struct
    status = dict(line.split(":\\t", 1) for line in open("/proc/self/status").read().splitlines())
    facts = {
        "argv": sys.argv[1:], "environment": sorted(set(os.environ) - {"LC_CTYPE"}), "cwd": os.getcwd(),
        "uids": os.getresuid(), "groups": os.getgroups(), "umask": os.umask(0),
        "fds": sorted(int(fd) for fd in os.listdir("/proc/self/fd"))[:-1],
        "blocked": int(status["SigBlk"], 16), "ignored_sigchld": signal.getsignal(signal.SIGCHLD) == signal.SIG_IGN,
        "capabilities": int(status["CapEff"], 16) | int(status["CapPrm"], 16), "no_new_privs": status["NoNewPrivs"],
        "core": resource.getrlimit(resource.RLIMIT_CORE)[0], "nofile": resource.getrlimit(resource.RLIMIT_NOFILE)[0],
        "leader": os.getsid(0) == os.getpid(), "asked_by": struct.unpack("3i", connection.getsockopt(1, 17, 12))[1],
    }
    message = repr(facts)
    connection.sendall(("proto=1\\nstatus=error\\ncode=facts\\nmessage=" + message + "\\n\\n").encode())
    """)

    host.wrapper = WITH_GROUPS
    (told,) = host.log_in("--sigchld", "ignore", "--env-storm", "--umask", "0", "--cwd", str(host.folder),
                          arguments=f"message config_dir={host.folder}/etc timeout=10")["messages"]

    facts = ast.literal_eval(told[told.index("{"):])
    account = pwd.getpwnam("sagemaker-studio").pw_uid if ROOT else os.geteuid()
    assert facts == {
        "argv": ["--config-dir", f"{host.folder}/etc"], "environment": ["LANG", "PATH"], "cwd": "/",
        "uids": (account,) * 3, "groups": [] if ROOT else os.getgroups(), "umask": 0o077, "fds": [0, 1, 2],
        "blocked": 0, "ignored_sigchld": False, "capabilities": 0, "no_new_privs": "1", "core": 0, "nofile": 1024,
        "leader": True, "asked_by": os.geteuid(),
    }


@pytest.mark.parametrize("text, words", [
    ("import sys; sys.exit(3)", "status 3"),
    ("import os; os.kill(os.getpid(), 9)", "signal"),
    ("import time; time.sleep(60)", "code=timeout"),
    (STARTED_HELPER + "    os.close(0); import time; connection.detach(); time.sleep(60)", "code=helper-gone"),
])
def test_a_helper_that_cannot_do_its_work_is_ended_and_named(host: Host, text: str, words: str):
    host.program("helper", text)

    report = host.log_in(arguments="timeout=1")

    assert report.opened == "PAM_SESSION_ERR"
    assert report.call("open_session")["milliseconds"] < 1000 + LATENESS_MS
    assert len(report.errors) == 1 and words in report.errors[0]
    assert report.differences == [] and host.survivors() == []


LEAVES_DAEMONS = """
import os, time
for _ in range(20):
  if os.fork() == 0:
    os.setsid()
    if os.fork() == 0: time.sleep(60)
    os._exit(0)
os._exit(3)
"""
BECOMES_A_SUBREAPER = """
import ctypes, os, time
ctypes.CDLL(None).prctl(36, 1)
if os.fork() == 0:
  os.setsid()
  if os.fork() == 0: time.sleep(60)
  time.sleep(60)
time.sleep(60)
"""


@pytest.mark.parametrize("text, words", [(LEAVES_DAEMONS, "status 3"), (BECOMES_A_SUBREAPER, "code=timeout")],
                         ids=["leaves daemons", "becomes a subreaper with grandchildren"])
def test_nothing_that_a_helper_started_outlives_the_login(host: Host, text: str, words: str):
    host.program("helper", text)

    report = host.log_in("--sigchld", "handler", arguments="timeout=1")

    assert report.opened == "PAM_SESSION_ERR" and len(report.errors) == 1 and words in report.errors[0]
    assert report.call("open_session")["milliseconds"] < 1000 + LATENESS_MS
    assert report.differences == [] and report["sigchld"] == 0 and host.survivors() == []


@pytest.mark.parametrize("spoil, words", [
    (lambda path: path.unlink(), "bin/helper"),
    (lambda path: path.chmod(0o644), "not an executable"),
    (lambda path: path.chmod(0o777), "bin/helper"),
    (lambda path: path.parent.chmod(0o777), "/bin"),
    (lambda path: path.write_text("#!/no/such/interpreter\n"), "could not be started"),
])
def test_a_helper_that_must_not_or_cannot_be_started_is_not(host: Host, spoil: Callable[[Path], None], words: str):
    spoil(host.program("helper", STARTED_HELPER + f"    connection.sendall({encode(ok())!r})\n"))

    report = host.log_in()

    assert report.opened == "PAM_SESSION_ERR" and report.differences == []
    assert len(report.errors) == 1 and words in report.errors[0]


# ---- trouble with the launcher, which the user can make do anything --------------------------------------------------

LAUNCHER_TROUBLE = {
    "refuses": ("import sys; sys.exit(65)", "refused the helper's answer"),
    "unknown status": ("import sys; sys.exit(255)", "status 249"),
    "floods": ("import os\nwhile True: os.write(1, b'x' * 65536); os.write(2, b'x' * 65536)", "did not end in time"),
    "writes to its input": ("import os\nfor _ in range(100):\n  try: os.write(0, b'status=ok\\n')\n"
                            "  except OSError: pass\nos._exit(74)", "status 74"),
    "hangs": ("import time; time.sleep(60)", "did not end in time"),
    "ignores signals": ("import signal, time\nfor number in range(1, 65):\n  try: signal.signal(number, signal.SIG_IGN)\n"
                        "  except (OSError, ValueError): pass\ntime.sleep(60)", "did not end in time"),
    "stops itself": ("import os, signal; os.kill(os.getpid(), signal.SIGSTOP)", "did not end in time"),
    "wants to leave daemons": ("import os\ntry: os.fork()\nexcept BlockingIOError: os._exit(74)\nos._exit(75)", "status 74"),
    "kills its parent": ("import os\ntry: os.kill(os.getppid(), 9)\nexcept PermissionError: os._exit(74)\n"
                         "import time; time.sleep(60)", ""),
    "sends descriptors": ("import array, os, socket\nleft, right = socket.socketpair()\nhere = socket.socket(fileno=0)\n"
                          "try: here.sendmsg([b'x'], [(socket.SOL_SOCKET, socket.SCM_RIGHTS,"
                          " array.array('i', [left.fileno(), right.fileno()]))])\n"
                          "except OSError: pass\nos._exit(74)", "status 74"),
}


@pytest.mark.parametrize("trouble", LAUNCHER_TROUBLE)
def test_a_launcher_in_trouble_harms_nobody(host: Host, helper: Helper, trouble: str):
    text, words = LAUNCHER_TROUBLE[trouble]
    if "fork" in text and b"__asan_init" in host.module.read_bytes():
        pytest.skip("a module with AddressSanitizer lets the launcher fork, for LeakSanitizer")
    host.program("launcher", text)

    report = host.log_in("--sigchld", "handler", arguments="timeout=1")

    assert report.opened == "PAM_SESSION_ERR" and report["environment"] == []
    assert report.call("open_session")["milliseconds"] < 1000 + LATENESS_MS
    assert len(report.errors) == 1 and words in report.errors[0] and SECRET not in report.errors[0]
    assert report.differences == [] and report["sigchld"] == 0
    assert host.survivors() == []


def test_the_launcher_gets_the_answer_on_its_input_and_nothing_more(host: Host, helper: Helper):
    facts = host.folder / "facts" / "launcher"
    host.program("launcher", f"""\
        import os, sys
        if sys.argv[1] == "session-clear":
            sys.exit(0)
        fds = sorted(int(fd) for fd in os.listdir("/proc/self/fd"))[:-1]
        given = sys.stdin.buffer.read()
        with open({str(facts)!r}, "w") as out:
            print(repr([sys.argv[1:], os.getresuid(), os.getresgid(), os.getgroups(), fds, given]), file=out)
        """)

    host.wrapper = WITH_GROUPS
    report = host.log_in()

    words, uids, gids, groups, fds, given = ast.literal_eval(facts.read_text())
    folder, name = report.environment["SAGEMAKER_STUDIO_SESSION"].rsplit("/", 1)
    assert words == ["session-write", "--folder", folder, "--session", name.removeprefix("session-")]
    assert uids == (host.person.pw_uid,) * 3 and gids == (host.person.pw_gid,) * 3
    assert groups == ([] if ROOT else os.getgroups()) and fds == [0, 1, 2]
    assert given.startswith(b"proto=1\nstatus=ok\n") and f"url={URL}\n".encode() in given and given.endswith(b"\n\n")


def test_a_large_link_reaches_the_launcher_whole(host: Host, helper: Helper):
    size = host.folder / "facts" / "size"
    helper.behave = helper.answer(ok(url=URL + "x" * 60000))
    host.program("launcher", f"""\
        import sys
        given = sys.stdin.buffer.read()
        if sys.argv[1] == "session-write":
            open({str(size)!r}, "w").write(str(given.count(b"x")))
        """)

    assert host.log_in().opened == "PAM_SUCCESS"
    assert int(size.read_text()) >= 60000


# ---- awkward hosts ---------------------------------------------------------------------------------------------------

AWKWARD = {
    "plain": [],
    "no standard descriptors": ["--close-fds", "0,1,2"],
    "no standard input": ["--close-fds", "0"],
    "no standard output and error": ["--close-fds", "1,2"],
    "ignores SIGCHLD": ["--sigchld", "ignore"],
    "counts SIGCHLD": ["--sigchld", "handler"],
    "is a subreaper": ["--subreaper"],
    "is a subreaper that ignores SIGCHLD": ["--subreaper", "--sigchld", "ignore"],
    "has threads": ["--threads", "8"],
    "has threads and no descriptors": ["--threads", "4", "--close-fds", "0,1,2", "--sigchld", "handler"],
    "has no umask": ["--umask", "0"],
    "has a full umask": ["--umask", "777" if ROOT else "377"],
    "is in a strange folder": ["--cwd", "/proc/self"],
    "has a strange environment": ["--env-storm"],
    "has few descriptors": ["--nofile", "128"],
    "has a child of its own": ["--own-child"],
    "has a child of its own and counts": ["--own-child", "--sigchld", "handler", "--subreaper"],
}


@pytest.mark.parametrize("resident", [True, False], ids=["asks a resident helper", "starts the helper"])
@pytest.mark.parametrize("awkward", AWKWARD)
def test_the_login_program_is_the_same_afterwards(host: Host, request, awkward: str, resident: bool):
    if resident:
        request.getfixturevalue("helper")
    host.program("helper", STARTED_HELPER + f"    connection.sendall({encode(ok())!r})\n")

    report = host.log_in(*AWKWARD[awkward], arguments="timeout=10")

    assert (report.opened, report.closed) == ("PAM_SUCCESS", "PAM_SUCCESS"), report.facts
    assert report.differences == [] and report["log"] == [] and list(host.sessions.iterdir()) == []
    assert report["sigchld"] == ("--own-child" in AWKWARD[awkward] and "handler" in AWKWARD[awkward])
    if "--own-child" in AWKWARD[awkward]:
        assert report["own_child"] == {"found": True, "status": 7, "nothing_else": True}
    assert host.survivors() == []


@pytest.mark.skipif(not ROOT, reason="only root can make a PID namespace here")
def test_process_1_of_a_container_is_the_same_afterwards(host: Host, helper: Helper):
    host.wrapper = ["unshare", "--pid", "--fork", "--mount-proc"]

    report = host.log_in("--sigchld", "handler")

    assert (report.opened, report.closed) == ("PAM_SUCCESS", "PAM_SUCCESS")
    assert report.differences == [] and report["sigchld"] == 0


def valgrind_can_run(host: Host) -> bool:
    result = subprocess.run(["valgrind", "--quiet", host.application], capture_output=True,
                            env=os.environ | {"LD_PRELOAD": str(host.module)})
    return result.returncode == 64  # its usage error


@pytest.mark.skipif(shutil.which("valgrind") is None, reason="valgrind is not installed")
@pytest.mark.parametrize("resident", [True, False], ids=["asks a resident helper", "starts the helper"])
def test_valgrind_finds_nothing(host: Host, request, resident: bool):
    """It knows no clone3(2), so this is the way of older kernels as well."""
    if not valgrind_can_run(host):
        pytest.skip("valgrind cannot read the debug information of this compiler, or run its sanitizer")
    if resident:
        request.getfixturevalue("helper")
    host.program("helper", STARTED_HELPER + f"    connection.sendall({encode(ok())!r})\n")
    log = host.folder / "facts" / "valgrind"
    host.wrapper = ["valgrind", "--quiet", "--leak-check=full", "--errors-for-leak-kinds=definite,indirect,possible",
                    f"--log-file={log}", "--error-exitcode=9"]

    report = host.log_in(arguments="timeout=30 message debug")

    assert (report.opened, report.closed) == ("PAM_SUCCESS", "PAM_SUCCESS")
    assert log.read_text() == "" and list(host.sessions.iterdir()) == []
