"""The units under a real systemd, in the throw-away host that tests/systemd-box boots: the helper comes when somebody
connects, goes when nobody does, is replaced without a link being lost, and its sandbox is in nobody's way.

SPDX-License-Identifier: MIT
"""

import contextlib
import json
import os
import re
import shutil
import signal
import socket
import struct
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path

import pytest
from conversation import PATIENCE, connect, parse_answer, receive, request_text, say
from directory_service import DirectoryService
from login_host import CONFIG_FOLDER, LAUNCHER, RUN_FOLDER, SOCKET, SecureShellServer, eventually, run
from stand_in_aws import REGION, StandInAws
from studio_config import HARDLY_LIMITED, StudioConfig

pytestmark = pytest.mark.skipif(not Path("/run/studio-systemd-box").exists(), reason="only in tests/systemd-box")

ALICE, BOB, DAVE = 12001, 12002, 12003
SERVICE, SOCKET_UNIT = "sagemaker-studio.service", "sagemaker-studio.socket"
UNIT_FILE = Path("/usr/lib/systemd/system") / SERVICE
DROP_INS = Path("/run/systemd/system") / f"{SERVICE}.d"
AUTHORITY = Path("/etc/ssl/stand-in-aws.pem")  # the service sees no /tmp but its own
SOURCE = Path(__file__).resolve().parent.parent
EXPOSURE = 15  # tenths, of `systemd-analyze security`; 1.5 is "OK"


# ---- asking, as somebody ---------------------------------------------------------------------------------------------


def become(uid: int) -> None:
    os.setgroups([])
    os.setresgid(uid, uid, uid)
    os.setresuid(uid, uid, uid)


class Person:
    """A process of this uid that does what it is told; the kernel shows the helper this uid as its peer."""

    def __init__(self, uid: int):
        self.process = ProcessPoolExecutor(1, get_context("fork"), become, (uid,))

    def start(self, what: Callable, *arguments: object, **options: object) -> Future:
        return self.process.submit(what, *arguments, **options)

    def do(self, what: Callable, *arguments: object, **options: object):
        return self.start(what, *arguments, **options).result(timeout=60)


def ask(op: str = "issue", **fields: object) -> dict[str, str]:
    """Whatever becomes of the helper: one connection, one request, one answer.  Where the backlog is full, again, as the
    module and the launcher do."""
    until = time.monotonic() + PATIENCE
    while True:
        try:
            return parse_answer(say(SOCKET, request_text(op=op, budget_ms=10000, **fields)))
        except BlockingIOError:
            assert time.monotonic() < until, "no place in the backlog"
            time.sleep(0.001)


def connect_quickly(times: int) -> int:
    """As often as the backlog takes it; how many connections there were."""
    made = 0
    for _ in range(times):
        with socket.socket(socket.AF_UNIX) as client:
            client.setblocking(False)
            made += client.connect_ex(str(SOCKET)) == 0
    return made


@contextlib.contextmanager
def person(uid: int) -> Iterator[Person]:
    somebody = Person(uid)
    try:
        yield somebody
    finally:
        somebody.process.shutdown()


@pytest.fixture(scope="module")
def alice() -> Iterator[Person]:
    with person(ALICE) as somebody:
        yield somebody


@pytest.fixture(scope="module")
def bob() -> Iterator[Person]:
    with person(BOB) as somebody:
        yield somebody


# ---- systemd ---------------------------------------------------------------------------------------------------------


def systemctl(*words: str) -> str:
    done = run("systemctl", *words)
    assert done.returncode == 0, f"systemctl {' '.join(words)}: {done.stderr}"
    return done.stdout.strip()


def state(unit: str, name: str = "ActiveState") -> str:
    return systemctl("show", "--value", "--property", name, unit)


def main_pid() -> int:
    return int(state(SERVICE, "MainPID"))


def has_ended() -> bool:
    return state(SERVICE) == "inactive"


class Journal:
    """What the service logged since this object was made."""

    def __init__(self):
        self.cursor = re.search(r"-- cursor: (\S+)", run("journalctl", "--lines=0", "--show-cursor").stdout)[1]

    def entries(self) -> list[dict[str, str]]:
        run("journalctl", "--sync")
        lines = run("journalctl", "--output=json", f"--after-cursor={self.cursor}", f"--unit={SERVICE}").stdout
        return [json.loads(line) for line in lines.splitlines()]

    def holds_any(self, secrets: set[str]) -> bool:
        """In any field of any unit's entries."""
        run("journalctl", "--sync")
        everything = run("journalctl", "--output=export", "--all", f"--after-cursor={self.cursor}").stdout
        return any(secret[:40] in everything for secret in secrets)

    def wait_for(self, event: str) -> list[dict[str, str]]:
        def found() -> list[dict[str, str]]:
            return [entry for entry in self.entries() if f"event={event}" in str(entry["MESSAGE"])]

        return eventually(f"event={event} in the journal", found)


@contextlib.contextmanager
def drop_in(text: str) -> Iterator[None]:
    DROP_INS.mkdir(parents=True)
    (DROP_INS / "test.conf").write_text(text)
    systemctl("daemon-reload")
    try:
        yield
    finally:
        shutil.rmtree(DROP_INS)
        systemctl("daemon-reload")


class Configuration(StudioConfig):
    """The folder that the installed helper reads; studio.conf may be written with any setting of [helper]."""

    def __init__(self, aws: StandInAws):
        shutil.copy(aws.ca_bundle, AUTHORITY)
        shutil.rmtree(CONFIG_FOLDER)
        super().__init__(CONFIG_FOLDER, aws)
        self.set_map("*  research  {user}\n")

    def set_domain(self, more: str = HARDLY_LIMITED, **changes: object) -> None:
        super().set_domain(more, **{"ca_bundle": AUTHORITY, **changes})


@pytest.fixture(scope="module", autouse=True)
def enabled() -> None:
    """As the README says."""
    systemctl("enable", "--now", SOCKET_UNIT)


@pytest.fixture(autouse=True)
def config(aws: StandInAws) -> Configuration:
    """Every test begins with a configuration of its own and without a helper."""
    systemctl("stop", SERVICE)
    return Configuration(aws)


@pytest.fixture
def journal() -> Journal:
    return Journal()


# ---- the units themselves --------------------------------------------------------------------------------------------


def test_systemd_has_nothing_to_say_about_the_units():
    done = run("systemd-analyze", "verify", "--man=no", SERVICE, SOCKET_UNIT)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


def test_the_service_is_hardly_exposed():
    done = run("systemd-analyze", "security", f"--threshold={EXPOSURE}", "--no-pager", SERVICE)
    assert done.returncode == 0, done.stdout


def test_the_folder_and_the_socket_are_roots_and_everybody_may_connect():
    assert [(RUN_FOLDER / name).stat().st_uid for name in ("", "users", "helper.sock")] == [0, 0, 0]
    assert [oct((RUN_FOLDER / name).stat().st_mode & 0o7777) for name in ("", "users", "helper.sock")] == [
        "0o755", "0o711", "0o666"]


def test_the_helper_is_the_service_account_without_any_privilege(alice):
    assert alice.do(ask)["status"] == "ok"
    status = Path(f"/proc/{main_pid()}/status").read_text()
    assert re.search(r"^Uid:\s+(\d+)\s+\1\s+\1\s+\1$", status, re.MULTILINE)[1] == str(
        run("id", "-u", "sagemaker-studio").stdout.strip())
    assert set(re.findall(r"^Cap\w+:\s+(\w+)$", status, re.MULTILINE)) == {"0" * 16}
    assert "NoNewPrivs:\t1" in status and "Seccomp:\t2" in status


# ---- it comes when somebody connects ---------------------------------------------------------------------------------


def test_the_first_connection_starts_the_helper(alice):
    assert has_ended() and state(SOCKET_UNIT) == "active"
    assert alice.do(ask)["status"] == "ok"
    assert state(SERVICE) == "active"


def test_each_user_is_known_by_his_uid_and_root_asks_for_others(alice, bob):
    assert alice.do(ask)["user_profile_name"] == "alice"
    assert bob.do(ask)["user_profile_name"] == "bob"
    assert ask(uid=BOB)["user_profile_name"] == "bob"
    assert alice.do(ask, uid=BOB)["code"] == "not-allowed"


def test_a_user_gets_his_link_by_the_launcher(aws):
    done = run(LAUNCHER, "url", user=ALICE, group=ALICE, extra_groups=[], env={})
    assert done.returncode == 0, done.stderr
    assert done.stdout.strip().partition("token=")[2] in aws.secrets


def test_a_changed_configuration_is_seen_by_the_helper_that_runs(alice, config):
    assert alice.do(ask)["user_profile_name"] == "alice"
    helper = main_pid()
    config.set_map("alice  research  alice-tanaka\n")
    assert alice.do(ask)["user_profile_name"] == "alice-tanaka"
    os.kill(helper, signal.SIGHUP)  # as administrators are used to
    assert alice.do(ask)["user_profile_name"] == "alice-tanaka"
    assert main_pid() == helper


def test_the_journal_has_the_line_of_the_link_and_no_secret(alice, aws, journal):
    assert alice.do(ask)["status"] == "ok"
    (entry,) = journal.wait_for("link-made")
    assert entry["_SYSTEMD_UNIT"] == SERVICE and entry["SYSLOG_IDENTIFIER"] == "sagemaker-studio"
    assert "user=alice uid=12001" in entry["MESSAGE"] and entry["PRIORITY"] == "6"
    assert entry["SYSLOG_FACILITY"] == str(10)  # authpriv
    assert not journal.holds_any(aws.secrets)


# ---- it goes, and nothing is lost ------------------------------------------------------------------------------------


def test_an_idle_helper_ends_and_the_next_connection_starts_another(alice, config):
    config.set_domain("[helper]\nidle_timeout = 1\n")
    assert alice.do(ask)["status"] == "ok"
    first = main_pid()
    eventually("the end of the idle helper", has_ended)
    assert state(SERVICE, "Result") == "success"
    assert alice.do(ask)["status"] == "ok"
    assert main_pid() not in (0, first)


def test_no_connection_is_lost_around_the_moment_when_an_idle_helper_ends(config):
    config.set_domain("[helper]\nidle_timeout = 1\n")
    helpers = set()
    for milliseconds in range(-12, 18, 3):
        assert ask("whoami", uid=ALICE)["status"] == "ok"
        helpers.add(main_pid())
        time.sleep(1 + milliseconds / 1000)
        assert [ask("whoami", uid=ALICE)["status"] for _ in range(20)] == ["ok"] * 20
    assert len(helpers) > 1, "no helper ended, so this test has shown nothing"


def test_a_restart_in_the_middle_of_a_slow_conversation_costs_nobody_a_link(alice, bob, aws):
    assert alice.do(ask)["status"] == "ok"  # and the process is there
    former = main_pid()
    told = threading.Event()
    aws.misbehave("api", "slow", times=1, delay=0.02, until=told)
    slow = alice.start(ask)
    eventually("the slow request", lambda: aws.count("api") == 2)
    restart = subprocess.Popen(["systemctl", "restart", SERVICE])
    eventually("the stop to begin", lambda: state(SERVICE, "SubState") == "stop-sigterm")
    others = [bob.start(ask) for _ in range(3)]
    told.set()
    assert restart.wait(PATIENCE) == 0
    assert [asked.result(PATIENCE)["status"] for asked in (slow, *others)] == ["ok"] * 4
    assert state(SERVICE, "Result") == "success" and main_pid() != former


def test_restarts_in_a_stream_of_links_lose_none(alice, bob):
    stop = threading.Event()
    answers: list[str] = []

    def stream(somebody: Person) -> None:
        while not stop.is_set():
            answers.append(somebody.do(ask)["status"])

    streams = [threading.Thread(target=stream, args=(somebody,)) for somebody in (alice, bob)]
    for thread in streams:
        thread.start()
    helpers = set()
    for _ in range(5):
        before = len(answers)
        eventually("further links", lambda: len(answers) >= before + 4)
        helpers.add(main_pid())
        systemctl("restart", SERVICE)
    stop.set()
    for thread in streams:
        thread.join()
    assert set(answers) == {"ok"} and len(helpers) == 5


def test_what_never_ends_does_not_stop_a_restart(alice, bob, aws, journal):
    assert alice.do(ask)["status"] == "ok"
    aws.misbehave("api", "hang", times=1)
    hung = alice.start(say, SOCKET, request_text(op="issue", budget_ms=15000))
    eventually("the request that hangs", lambda: aws.count("api") == 2)
    silent = connect(SOCKET)
    systemctl("restart", SERVICE)
    assert state(SERVICE, "Result") == "success"  # it ended by itself: systemd did not have to kill it
    assert b"code=restarting\n" in hung.result(PATIENCE) and silent.recv(1) == b""
    silent.close()
    assert "code=restarting" in journal.wait_for("link-refused")[0]["MESSAGE"]
    assert bob.do(ask)["status"] == "ok"


def test_after_a_helper_was_killed_the_next_connection_is_served(alice, journal):
    for _ in range(6):  # more often than systemd's default of 5 starts in 10 s
        assert alice.do(ask)["status"] == "ok"
        os.kill(main_pid(), signal.SIGKILL)
    assert alice.do(ask)["status"] == "ok"
    assert state(SOCKET_UNIT) == "active"


def test_a_helper_that_cannot_start_is_tried_at_a_bearable_rate_and_served_from_as_soon_as_it_can(alice):
    with drop_in("[Service]\nExecStart=\nExecStart=/bin/false\n"):
        before, since = int(state(SERVICE, "NRestarts")), time.monotonic()
        waiting = alice.start(ask)
        eventually("four attempts", lambda: int(state(SERVICE, "NRestarts")) >= before + 4)
        assert time.monotonic() - since > 1.5
        assert state(SOCKET_UNIT) == "active"
    assert waiting.result(PATIENCE)["status"] == "ok"


def test_quick_connections_and_a_flood_put_nothing_out_of_service(alice, bob):
    assert alice.do(connect_quickly, 400) > 0
    assert bob.do(ask)["status"] == "ok"
    helper = main_pid()
    flood = alice.start(connect_quickly, 20000)
    try:
        while not flood.done():
            assert bob.do(ask)["status"] == "ok"
    finally:  # the tests that follow are not to be disturbed by it
        connections = flood.result()
    assert connections > 1000
    assert ask(uid=ALICE)["status"] == "ok"
    assert state(SOCKET_UNIT) == "active" and main_pid() == helper


def test_a_restart_of_the_socket_restarts_both(alice):
    assert alice.do(ask)["status"] == "ok"
    helper = main_pid()
    systemctl("restart", SOCKET_UNIT)
    assert alice.do(ask)["status"] == "ok"
    assert main_pid() != helper


def test_a_socket_that_is_stopped_takes_its_file_and_its_helper_along(alice):
    assert alice.do(ask)["status"] == "ok"
    systemctl("stop", SOCKET_UNIT)
    try:
        assert not SOCKET.exists() and has_ended()
        assert (RUN_FOLDER / "users").is_dir()
    finally:
        systemctl("start", SOCKET_UNIT)


# ---- the sandbox is in nobody's way ----------------------------------------------------------------------------------


def test_groups_of_the_host_are_seen(alice, config):
    config.set_map("@ml-engineers  research  engineer\n")
    assert ask(uid=DAVE)["user_profile_name"] == "engineer"
    assert alice.do(ask)["status"] == "none"


def test_groups_of_a_directory_service_are_seen(build, config):
    directory = DirectoryService(build.path("tests/libnss_standin.so.2"),
                                 ["erin:x:20001:20001::/home/erin:/bin/sh"], ["studio-people:x:20002:erin"])
    try:
        config.set_map("@studio-people  research  {user}\n")
        assert ask(uid=20001)["user_profile_name"] == "erin"
    finally:
        directory.remove()


def answer_to(query: bytes) -> bytes:
    """DNS (RFC 1035): 127.0.0.1 for any question about A, nothing for any other."""
    end = query.index(b"\0", 12) + 5
    question, (kind,) = query[12:end], struct.unpack("!H", query[end - 4 : end - 2])
    address = b"\xc0\x0c" + struct.pack("!HHIH", 1, 1, 60, 4) + socket.inet_aton("127.0.0.1") if kind == 1 else b""
    return query[:2] + struct.pack("!HHHHH", 0x8180, 1, bool(address), 0, 0) + question + address


@pytest.fixture
def name_server() -> Iterator[list[bytes]]:
    """The box's only one, by its /etc/resolv.conf; the queries that it got."""
    queries: list[bytes] = []
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as server:
        server.bind(("127.0.0.1", 53))

        def serve() -> None:
            while True:
                query, client = server.recvfrom(512)
                if not query:
                    return
                queries.append(query)
                server.sendto(answer_to(query), client)

        thread = threading.Thread(target=serve)
        thread.start()
        yield queries
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as last:
            last.sendto(b"", ("127.0.0.1", 53))
        thread.join()


def test_an_endpoint_is_found_by_dns_and_believed_by_its_certificate(alice, aws, config, name_server):
    host = f"api.sagemaker.{REGION}.amazonaws.com"
    config.set_domain(endpoint_url=f"https://{host}:{aws.api.port}")
    assert alice.do(ask)["status"] == "ok"
    assert [query for query in name_server if b"sagemaker" in query]
    config.set_domain(endpoint_url=f"https://{host}:{aws.api.port}", ca_bundle=None)
    assert alice.do(ask)["code"] == "tls"  # the system's trust store was read, and the stand-in is not in it


def test_a_trust_store_of_the_system_is_enough(alice, config):
    """Where an administrator puts a company's authority, on Debian."""
    link = Path("/etc/ssl/certs") / (run("openssl", "x509", "-noout", "-hash", "-in", AUTHORITY).stdout.strip() + ".0")
    link.symlink_to(AUTHORITY)
    try:
        config.set_domain(ca_bundle=None)
        assert alice.do(ask)["status"] == "ok"
    finally:
        link.unlink()


CREDENTIAL_PROCESS = """\
#!/usr/bin/python3
import json, os, pwd, resource, socket, subprocess, tempfile, urllib.request
with tempfile.TemporaryFile() as scratch:
    scratch.write(b"x")
resource.getrlimit(resource.RLIMIT_NOFILE)
def refused(action):
    try:
        action()
    except OSError:
        return True
print(json.dumps({
    "user": pwd.getpwuid(os.getuid()).pw_name,
    "child": subprocess.run(["/bin/sh", "-c", "echo $((6 * 7))"], capture_output=True, text=True).stdout.strip(),
    "metadata": urllib.request.urlopen(urllib.request.Request(
        "%s/latest/api/token", method="PUT", headers={"X-aws-ec2-metadata-token-ttl-seconds": "60"})).status,
    "home_hidden": refused(lambda: os.listdir("/home/alice")) or refused(lambda: os.listdir("/root")),
    "cannot_write": refused(lambda: open("/var/lib/x", "w")) and refused(lambda: open("/run/x", "w")),
    "no_raw_socket": refused(lambda: socket.socket(socket.AF_PACKET, socket.SOCK_RAW)),
}))
"""


def sandbox_of_the_unit() -> list[str]:
    """The unit's own settings as options of systemd-run, but for what says what to start and how often."""
    section = UNIT_FILE.read_text().partition("[Service]\n")[2]
    lines = [line for line in section.splitlines() if re.match(r"\w+=", line)]
    return [f"--property={line}" for line in lines if not line.startswith(("ExecStart=", "Restart", "User=", "Group="))]


def test_a_credential_process_can_do_its_work_in_the_sandbox(aws):
    program = Path("/usr/local/bin/stand-in-credential-process")
    program.write_text(CREDENTIAL_PROCESS % aws.imds_url)
    program.chmod(0o755)
    done = run("systemd-run", "--quiet", "--pipe", "--wait", "--collect", "--uid=sagemaker-studio",
               *sandbox_of_the_unit(), program)
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout) == {"user": "sagemaker-studio", "child": "42", "metadata": 200,
                                       "home_hidden": True, "cannot_write": True, "no_raw_socket": True}


# ---- a login ---------------------------------------------------------------------------------------------------------


class Sshd(SecureShellServer):
    SERVICE = "sshd"  # the distribution's own PAM stack


@pytest.fixture
def ssh(folder: Path) -> Iterator[Sshd]:
    stack = Path("/etc/pam.d/sshd")
    before = stack.read_text()
    stack.write_text(before + "session optional pam_sagemaker_studio.so services=sshd timeout=20\n")
    Path("/run/sshd").mkdir(exist_ok=True)
    server = Sshd(folder)
    yield server
    server.stop()
    stack.write_text(before)


def test_an_ssh_login_has_its_link_in_the_users_runtime_folder_until_the_logout(ssh, aws, journal):
    with ssh.session("alice") as pointer:
        path = Path(pointer)
        assert path.parent == Path(f"/run/user/{ALICE}/sagemaker-studio")
        assert (path.stat().st_uid, path.stat().st_mode & 0o7777) == (ALICE, 0o600)
        link = dict(line.split("=", 1) for line in path.read_text().splitlines() if "=" in line)
        assert link["user_profile_name"] == "alice" and link["url"].partition("token=")[2] in aws.secrets
        sessions = run("loginctl", "list-sessions", "--no-legend").stdout
        assert "alice" in sessions  # pam_systemd was there, so the folder is logind's
    eventually("the logout to remove the link", lambda: not path.exists())
    (entry,) = journal.wait_for("link-made")
    assert entry["_SYSTEMD_UNIT"] == SERVICE and "via=login user=alice" in entry["MESSAGE"]
    assert not journal.holds_any(aws.secrets)


def test_a_login_while_no_socket_is_served_starts_a_helper_for_itself(ssh):
    systemctl("stop", SOCKET_UNIT)
    try:
        with ssh.session("bob") as pointer:
            assert Path(pointer).is_file()
            assert has_ended()
    finally:
        systemctl("start", SOCKET_UNIT)


# ---- installing on a host that runs ----------------------------------------------------------------------------------


def make(target: str) -> str:
    build = Path(os.environ["BUILD"]).relative_to(SOURCE)
    done = run("make", "--silent", "-C", SOURCE, f"BUILD={build}", "PREFIX=/usr", target)
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_installing_again_replaces_the_helper_that_runs_and_loses_nothing(alice):
    assert alice.do(ask)["status"] == "ok"
    helper = main_pid()
    assert "systemctl enable" not in make("install")
    assert state(SERVICE) == "active" and main_pid() != helper
    assert alice.do(ask)["status"] == "ok"


def test_uninstalling_ends_all_units_and_a_fresh_installation_enables_nothing():
    units = (SOCKET_UNIT, "sagemaker-studio-imds-guard.service", "sagemaker-studio-ssm-credentials.path")
    keys, copy = Path("/root/.aws/credentials"), RUN_FOLDER / "ssm-credentials"
    keys.parent.mkdir(mode=0o700)
    keys.write_text("[default]\n")
    systemctl("enable", "--now", *units)
    eventually("the copy of the SSM agent's keys", copy.exists)
    assert "sagemaker_studio" in run("nft", "list", "tables").stdout
    for _ in range(2):  # the second has nothing left to do, and does not mind
        make("uninstall")
    shutil.rmtree(keys.parent)
    eventually("the copy to be gone", lambda: not copy.exists())
    assert run("nft", "list", "tables").stdout == "" and not SOCKET.exists()
    assert [state(unit, "LoadState") for unit in units] == ["not-found"] * 3
    assert "systemctl enable --now sagemaker-studio.socket" in make("install")
    assert [run("systemctl", "is-enabled", unit).stdout.strip() for unit in units] == ["disabled"] * 3
    assert [state(unit) for unit in units] == ["inactive"] * 3
    systemctl("enable", "--now", SOCKET_UNIT)


def test_keys_of_a_credential_process_give_a_link_in_the_sandbox(alice, aws, config):
    keys = aws.long_lived_keys()
    program = Path("/usr/local/bin/stand-in-keys")
    program.write_text("#!/usr/bin/python3\nimport json\n"
                       f"print(json.dumps({{'Version': 1, 'AccessKeyId': '{keys.access_key_id}',"
                       f" 'SecretAccessKey': '{keys.secret_access_key}'}}))\n")
    program.chmod(0o755)
    config.set_credentials(source="process", credential_process=program)
    assert alice.do(ask)["status"] == "ok"
    assert aws.requests[-1].caller.endswith(":user/studio-desktop")
    # One that hangs goes with the helper, and what it has started with it.
    program.write_text("#!/bin/sh\nsleep 4711.1 &\nsleep 4711.1\n")
    config.set_credentials(source="process", credential_process=f"{program} --again")
    assert b"status=error" in alice.do(say, SOCKET, request_text(op="issue", budget_ms=1000))
    systemctl("stop", SERVICE)
    assert run("pgrep", "-f", "sleep 4711.1").returncode == 1
