"""The launcher as the module and people run it: session-write, session-clear, url, status, check.

Env LAUNCHER names another program than the one in the build folder.

SPDX-License-Identifier: MIT
"""

import json
import os
import resource
import socket
import stat
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from conversation import receive, send

ID = "0123456789abcdef0123456789abcdef"
OTHER_ID = "fedcba9876543210fedcba9876543210"
URL = "https://d-abcdefghij12.studio.ap-northeast-1.sagemaker.aws/auth?token=eyJsb2dpbiI6MX0"
NEW_URL = "https://d-abcdefghij12.studio.ap-northeast-1.sagemaker.aws/auth?token=eyJuZXciOjF9"
PATIENCE = 30

# The numbers of include/session_exit.h: the module knows no other word of the launcher's.
OK, USAGE, BAD_ANSWER, NO_ANSWER, FOLDER, WRITE = 0, 64, 65, 66, 73, 74


def message(**fields: object) -> bytes:
    return "".join(f"{key}={value}\n" for key, value in {"proto": 1, **fields}.items()).encode() + b"\n"


def answer(**changes: object) -> bytes:
    """What the helper answers to op=issue; a change to None leaves the key out."""
    now = int(time.time())
    fields = {"status": "ok", "url": URL, "issued_at": now, "expires_at": now + 300, "domain": "research",
              "domain_id": "d-abcdefghij12", "user_profile_name": "alice-tanaka", "region": "ap-northeast-1",
              "request_id": "0f3d", "rule": "users.map:3", **changes}
    return message(**{key: value for key, value in fields.items() if value is not None})


class Launcher:
    def __init__(self, program: Path, folder: Path) -> None:
        self.program = program
        self.runtime = folder / "runtime"
        self.runtime.mkdir(0o700)
        self.sessions = self.runtime / "sagemaker-studio"
        self.socket = folder / "helper.sock"
        self.environment = {"XDG_RUNTIME_DIR": str(self.runtime), "PATH": "/usr/bin:/bin"}

    def run(self, *arguments: object, given: bytes = b"", **options) -> subprocess.CompletedProcess:
        return subprocess.run([self.program, *map(str, arguments)], input=given, capture_output=True, timeout=PATIENCE,
                              env=self.environment, **options)

    def start(self, *arguments: object) -> subprocess.Popen:
        return subprocess.Popen([self.program, *map(str, arguments)], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                                stderr=subprocess.PIPE, env=self.environment)

    def session(self, word: str, identifier: str = ID, given: bytes = b"", **options) -> subprocess.CompletedProcess:
        return self.run(word, "--folder", self.sessions, "--session", identifier, given=given, **options)

    def write(self, identifier: str = ID, **changes: object) -> Path:
        done = self.session("session-write", identifier, answer(**changes))
        assert done.returncode == OK, done.stderr
        return self.fresh(identifier)

    def let_age(self, seconds_left: int, identifier: str = ID) -> None:
        """As if it had been written long ago; a machine that is slow makes the link older still, never younger."""
        path = self.fresh(identifier)
        session = parse(path)
        expires = int(session["issued_boottime"]) + seconds_left
        path.write_text(path.read_text().replace(f"expires_boottime={session['expires_boottime']}\n",
                                                 f"expires_boottime={expires}\n"))

    def fresh(self, identifier: str = ID) -> Path:
        return self.sessions / f"session-{identifier}"

    def spent(self, identifier: str = ID) -> Path:
        return self.sessions / f"spent-{identifier}"

    def url(self) -> subprocess.CompletedProcess:
        return self.run("url", "--socket", self.socket)

    def status(self) -> dict:
        return json.loads(self.run("status", "--json", "--socket", self.socket).stdout)


@pytest.fixture
def launcher(request: pytest.FixtureRequest, folder: Path) -> Launcher:
    program = os.environ.get("LAUNCHER")
    return Launcher(Path(program) if program else request.getfixturevalue("build").launcher, folder)


class Helper:
    """Takes what is asked at the socket and answers with what `respond` returns; keeps the requests."""

    def __init__(self, path: Path, respond: Callable[[int], bytes]) -> None:
        self.requests: list[bytes] = []
        self.respond = respond
        self.listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.listener.bind(str(path))
        self.listener.listen(32)
        self.thread = threading.Thread(target=self.serve)
        self.thread.start()

    def serve(self) -> None:
        while True:
            try:
                client, _ = self.listener.accept()
            except OSError:
                return
            with client:
                client.settimeout(PATIENCE)
                self.requests.append(receive(client))
                send(client, self.respond(len(self.requests)))

    def stop(self) -> None:
        self.listener.shutdown(socket.SHUT_RDWR)
        self.thread.join()
        self.listener.close()


@pytest.fixture
def helper(launcher: Launcher) -> Iterator[Callable[[Callable[[int], bytes]], Helper]]:
    started: list[Helper] = []

    def start(respond: Callable[[int], bytes]) -> Helper:
        started.append(Helper(launcher.socket, respond))
        return started[-1]

    yield start
    for each in started:
        each.stop()


def parse(path: Path) -> dict[str, str]:
    lines = path.read_text().splitlines()
    assert lines[0] == "proto=1" and lines[-1] == ""
    return dict(line.split("=", 1) for line in lines[1:-1])


# ---- what is said about the program itself ---------------------------------------------------------------------------

def test_help_and_version_go_to_stdout(launcher: Launcher):
    assert b"usage: sagemaker-studio" in launcher.run("--help").stdout
    assert launcher.run("--version").stdout.startswith(b"sagemaker-studio ")
    for word in ("url", "status"):
        shown = launcher.run(word, "--help")
        assert shown.returncode == 0 and f"usage: sagemaker-studio {word}".encode() in shown.stdout


@pytest.mark.parametrize("arguments", [[], ["opne"], ["url", "extra"], ["url", "--wrong"], ["status", "x"],
                                       ["status", "--socket"]])
def test_what_is_not_understood_gets_help_on_stderr(launcher: Launcher, arguments: list[str]):
    done = launcher.run(*arguments)
    assert done.returncode == 2
    assert done.stdout == b"" and done.stderr != b""


def test_check_says_when_the_helper_is_missing(launcher: Launcher):
    if Path("/usr/libexec/sagemaker-studio/sagemaker-studio-helper").exists():
        pytest.skip("the helper is installed here")
    done = launcher.run("check", "--config-only")
    assert done.returncode == 2
    assert b"missing" in done.stderr


# ---- session-write ---------------------------------------------------------------------------------------------------

def test_the_session_file_holds_the_link_and_its_clock(launcher: Launcher):
    path = launcher.write()
    session = parse(path)
    assert session["url"] == URL
    assert session["user_profile_name"] == "alice-tanaka"
    assert session["domain"] == "research" and session["domain_id"] == "d-abcdefghij12"
    assert session["region"] == "ap-northeast-1" and session["request_id"] == "0f3d"
    assert int(session["expires_at"]) - int(session["issued_at"]) == 300
    assert session["boot_id"] == Path("/proc/sys/kernel/random/boot_id").read_text().strip()
    life = int(session["expires_boottime"]) - int(session["issued_boottime"])
    assert 300 - PATIENCE < life <= 300
    assert set(session) == {"url", "issued_at", "expires_at", "boot_id", "issued_boottime", "expires_boottime",
                            "domain", "domain_id", "user_profile_name", "region", "request_id"}


@pytest.mark.parametrize("umask", [0o000, 0o022, 0o777])
def test_file_and_folder_are_the_users_alone_whatever_the_umask(launcher: Launcher, umask: int):
    done = launcher.session("session-write", given=answer(), umask=umask)
    assert done.returncode == OK, done.stderr
    assert stat.S_IMODE(launcher.sessions.stat().st_mode) == 0o700
    assert stat.S_IMODE(launcher.fresh().stat().st_mode) == 0o600
    assert launcher.fresh().stat().st_uid == os.geteuid()


def test_a_link_that_was_under_way_has_less_time_left(launcher: Launcher):
    now = int(time.time())
    session = parse(launcher.write(issued_at=now - 200, expires_at=now + 100))
    assert int(session["expires_boottime"]) - int(session["issued_boottime"]) <= 100


def test_a_clock_that_was_set_back_makes_no_link_live_longer(launcher: Launcher):
    now = int(time.time())
    session = parse(launcher.write(issued_at=now + 5000, expires_at=now + 5300))
    assert int(session["expires_boottime"]) - int(session["issued_boottime"]) == 300


@pytest.mark.parametrize("changes", [
    {"status": "error"}, {"status": "none"}, {"status": None}, {"url": None}, {"url": ""},
    {"url": "http://d-1.studio.eu-west-1.sagemaker.aws/"}, {"url": "https://"}, {"url": "https:///auth"},
    {"url": "javascript:alert(1)"}, {"url": URL + " x"}, {"url": URL + '"'}, {"url": URL + "'"}, {"url": URL + "\\"},
    {"url": URL + "<script>"}, {"url": URL + "\u00e9"}, {"url": "https://" + "a" * 32768},
    {"issued_at": None}, {"expires_at": None}, {"issued_at": "now"}, {"issued_at": -1}, {"expires_at": "1e9"},
    {"issued_at": 1, "expires_at": 301}, {"issued_at": 5, "expires_at": 4}, {"expires_at": 10 ** 15},
    {"user_profile_name": None}, {"user_profile_name": ""}, {"domain_id": None},
], ids=str)
def test_a_doubtful_answer_is_not_written(launcher: Launcher, changes: dict):
    done = launcher.session("session-write", given=answer(**changes))
    assert done.returncode == BAD_ANSWER
    assert not launcher.sessions.exists()
    assert b"token=" not in done.stdout + done.stderr


@pytest.mark.parametrize("given", [
    b"", b"\n", b"proto=2\n\n", b"garbage" * 100, answer() + b"more", answer()[:-1], answer().replace(b"\n", b"\r\n"),
    answer().replace(b"region", b"url"), answer().replace(b"alice", b"al\0ce"), answer().replace(b"alice", b"al\xffce"),
    b"proto=1\na=" + b"x" * 70000, b"x" * (1 << 20),
], ids=["empty", "blank", "protocol 2", "garbage", "more", "cut", "CRLF", "twice", "NUL", "not UTF-8", "long", "flood"])
def test_what_is_no_message_is_not_written(launcher: Launcher, given: bytes):
    assert launcher.session("session-write", given=given).returncode == BAD_ANSWER
    assert not launcher.sessions.exists()


def test_the_empty_line_ends_the_answer_even_when_stdin_stays_open(launcher: Launcher):
    writer = launcher.start("session-write", "--folder", launcher.sessions, "--session", ID)
    writer.stdin.write(answer())
    writer.stdin.flush()
    assert writer.wait(PATIENCE) == OK
    writer.communicate()
    assert parse(launcher.fresh())["url"] == URL


def test_a_silent_stdin_does_not_keep_it_for_ever_and_its_memory_stays_its_own(launcher: Launcher):
    writer = launcher.start("session-write", "--folder", launcher.sessions, "--session", ID)
    limits = Path(f"/proc/{writer.pid}/limits")
    give_up = time.monotonic() + 4
    while not any(line.split()[:5] == ["Max", "core", "file", "size", "0"] for line in limits.read_text().splitlines()):
        assert time.monotonic() < give_up, limits.read_text()
    assert writer.wait(PATIENCE) == NO_ANSWER
    writer.communicate()


@pytest.mark.parametrize("arguments", [[], ["--folder", "/tmp"], ["--session", ID], ["--folder", "/tmp", "--session", "x"],
                                       ["--folder", "/tmp", "--session", ID.upper()],
                                       ["--folder", "/tmp", "--session", "../" + ID[3:]],
                                       ["--folder", "/tmp", "--session", ID, "more"], ["--nonsense"]])
@pytest.mark.parametrize("word", ["session-write", "session-clear"])
def test_wrong_arguments_are_told_by_the_exit_status(launcher: Launcher, word: str, arguments: list[str]):
    assert launcher.run(word, *arguments, given=answer()).returncode == USAGE


def test_a_full_disk_leaves_nothing_behind(launcher: Launcher):
    """A limit on file size stands for it: write(2) stores some bytes and then no more."""
    done = launcher.session("session-write", given=answer(),
                            preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (100, 100)))
    assert done.returncode == WRITE
    assert list(launcher.sessions.iterdir()) == []


def test_a_folder_that_cannot_be_made_is_told(launcher: Launcher):
    done = launcher.run("session-write", "--folder", launcher.runtime / "no" / "such", "--session", ID, given=answer())
    assert done.returncode == FOLDER


def plant_symlink(path: Path, victim: Path) -> None:
    path.symlink_to(victim)


def plant_hard_link(path: Path, victim: Path) -> None:
    path.hardlink_to(victim)


def plant_fifo(path: Path, victim: Path) -> None:
    os.mkfifo(path, 0o600)


def plant_socket(path: Path, victim: Path) -> None:
    os.mknod(path, 0o600 | stat.S_IFSOCK)


def plant_folder(path: Path, victim: Path) -> None:
    path.mkdir(0o600)


PLANTS = [plant_symlink, plant_hard_link, plant_fifo, plant_socket, plant_folder]


@pytest.fixture
def victim(folder: Path) -> Iterator[Path]:
    """A file of the user's that must come out unharmed."""
    path = folder / "victim"
    path.write_bytes(b"precious")
    path.chmod(0o600)
    yield path
    assert path.read_bytes() == b"precious"


@pytest.mark.parametrize("plant", PLANTS)
@pytest.mark.parametrize("name", ["session-" + ID, ".session-" + ID])
def test_planted_names_are_neither_followed_nor_overwritten(launcher: Launcher, victim: Path, plant, name: str):
    launcher.sessions.mkdir(0o700)
    plant(launcher.sessions / name, victim)
    assert launcher.session("session-write", given=answer()).returncode == WRITE
    assert [path.name for path in launcher.sessions.iterdir()] == [name]


@pytest.mark.parametrize("plant", PLANTS)
def test_a_plant_in_the_place_of_the_folder_is_refused(launcher: Launcher, victim: Path, plant):
    plant(launcher.sessions, victim)
    assert launcher.session("session-write", given=answer()).returncode == FOLDER
    assert launcher.session("session-clear").returncode == FOLDER


def test_a_folder_that_others_may_enter_is_refused(launcher: Launcher):
    launcher.sessions.mkdir()
    launcher.sessions.chmod(0o711)
    assert launcher.session("session-write", given=answer()).returncode == FOLDER
    assert list(launcher.sessions.iterdir()) == []


# ---- session-clear ---------------------------------------------------------------------------------------------------

def test_logout_removes_its_own_link_used_or_not_and_no_other(launcher: Launcher):
    launcher.write(OTHER_ID)
    launcher.write()
    assert launcher.session("session-clear").returncode == OK
    assert [path.name for path in launcher.sessions.iterdir()] == ["session-" + OTHER_ID]
    launcher.fresh(OTHER_ID).rename(launcher.spent(OTHER_ID))
    assert launcher.session("session-clear", OTHER_ID).returncode == OK
    assert list(launcher.sessions.iterdir()) == []


def test_logout_is_quiet_when_all_is_gone(launcher: Launcher):
    for _ in range(2):
        done = launcher.session("session-clear")
        assert (done.returncode, done.stdout, done.stderr) == (OK, b"", b"")
        launcher.sessions.mkdir(0o700, exist_ok=True)


def test_logout_does_not_reach_through_a_planted_link(launcher: Launcher, victim: Path):
    launcher.sessions.mkdir(0o700)
    launcher.fresh().symlink_to(victim)
    assert launcher.session("session-clear").returncode == OK
    assert list(launcher.sessions.iterdir()) == []


# ---- url -------------------------------------------------------------------------------------------------------------

def test_the_login_link_is_printed_alone_and_once(launcher: Launcher, helper):
    asked = helper(lambda _: message(status="ok", url=NEW_URL))
    launcher.write()
    first = launcher.url()
    assert (first.returncode, first.stdout, first.stderr) == (0, URL.encode() + b"\n", b"")
    assert launcher.spent().exists() and not launcher.fresh().exists()
    assert asked.requests == []
    assert launcher.url().stdout == NEW_URL.encode() + b"\n"


def test_a_new_link_is_asked_for_with_a_budget(launcher: Launcher, helper):
    asked = helper(lambda _: message(status="ok", url=NEW_URL, something_new="ignored"))
    assert launcher.url().stdout == NEW_URL.encode() + b"\n"
    lines = asked.requests[0].decode().splitlines()
    assert lines[:2] == ["proto=1", "op=issue"] and lines[3] == ""
    assert 0 < int(lines[2].removeprefix("budget_ms=")) <= 15000


@pytest.mark.parametrize("left", [0, 1, 9])
def test_a_link_that_is_about_to_expire_is_not_used(launcher: Launcher, helper, left: int):
    helper(lambda _: message(status="ok", url=NEW_URL))
    launcher.write()
    launcher.let_age(left)
    assert launcher.url().stdout == NEW_URL.encode() + b"\n"
    assert launcher.fresh().exists()


def test_a_link_of_another_boot_is_not_used(launcher: Launcher, helper):
    helper(lambda _: message(status="ok", url=NEW_URL))
    path = launcher.write()
    boot_id = parse(path)["boot_id"]
    path.write_text(path.read_text().replace(boot_id, "0" * 8 + boot_id[8:]))
    assert launcher.url().stdout == NEW_URL.encode() + b"\n"


def test_the_environment_points_at_the_link_of_this_login(launcher: Launcher):
    now = int(time.time())
    launcher.write(url=URL + "mine", issued_at=now - 60, expires_at=now + 200)
    launcher.write(OTHER_ID, url=URL + "other")
    launcher.environment["SAGEMAKER_STUDIO_SESSION"] = str(launcher.fresh())
    assert launcher.url().stdout.endswith(b"mine\n")
    assert launcher.url().stdout.endswith(b"other\n")


def test_without_the_environment_the_newest_link_is_used(launcher: Launcher):
    now = int(time.time())
    launcher.write(url=URL + "old", issued_at=now - 60, expires_at=now + 200)
    launcher.write(OTHER_ID, url=URL + "new")
    assert launcher.url().stdout.endswith(b"new\n")


@pytest.mark.parametrize("hint", ["", "/", "relative", "/etc/passwd", "/etc/session-" + ID, "/nonexistent/session-" + ID,
                                  "{sessions}/../../session-" + ID, "{sessions}/spent-" + ID, "/" + "x" * 5000])
def test_a_pointer_that_leads_nowhere_does_no_harm(launcher: Launcher, hint: str):
    launcher.write()
    launcher.environment["SAGEMAKER_STUDIO_SESSION"] = hint.format(sessions=launcher.sessions)
    assert launcher.url().stdout == URL.encode() + b"\n"


def test_a_pointer_alone_is_enough(launcher: Launcher):
    path = launcher.write()
    launcher.environment = {"SAGEMAKER_STUDIO_SESSION": str(path)}
    assert launcher.url().stdout == URL.encode() + b"\n"


def test_links_in_a_folder_that_others_may_enter_are_not_used(launcher: Launcher, helper):
    helper(lambda _: message(status="ok", url=NEW_URL))
    path = launcher.write()
    launcher.sessions.chmod(0o755)
    launcher.environment["SAGEMAKER_STUDIO_SESSION"] = str(path)
    assert launcher.url().stdout == NEW_URL.encode() + b"\n"


@pytest.mark.parametrize("plant", PLANTS)
def test_planted_session_files_are_passed_over(launcher: Launcher, helper, victim: Path, plant):
    helper(lambda _: message(status="ok", url=NEW_URL))
    launcher.sessions.mkdir(0o700)
    plant(launcher.fresh(), victim)
    launcher.environment["SAGEMAKER_STUDIO_SESSION"] = str(launcher.fresh())
    assert launcher.url().stdout == NEW_URL.encode() + b"\n"


def test_a_link_that_was_tampered_with_is_never_printed(launcher: Launcher, helper):
    helper(lambda _: message(status="ok", url=NEW_URL))
    path = launcher.write()
    path.write_text(path.read_text().replace("https://", "file:///"))
    assert launcher.url().stdout == NEW_URL.encode() + b"\n"


@pytest.mark.parametrize("url", ["http://x/", "https://x/ y", "https://x/\"", "javascript:1", ""])
def test_a_doubtful_link_of_the_helpers_is_never_printed(launcher: Launcher, helper, url: str):
    helper(lambda _: message(status="ok", url=url))
    done = launcher.url()
    assert (done.returncode, done.stdout) == (1, b"")


def test_many_at_once_never_get_the_same_link(launcher: Launcher, helper):
    asked = helper(lambda count: message(status="ok", url=f"{NEW_URL}{count}"))
    for number in range(4):
        launcher.write(f"{number:032x}", url=f"{URL}{number}")
    running = [launcher.start("url", "--socket", launcher.socket) for _ in range(12)]
    links = [process.communicate(timeout=PATIENCE)[0] for process in running]
    assert len(set(links)) == 12 and b"" not in links
    assert {link.decode().strip() for link in links} >= {f"{URL}{number}" for number in range(4)}
    assert len(asked.requests) == 8


def test_what_the_helper_says_reaches_the_user_with_whom_to_ask(launcher: Launcher, helper):
    helper(lambda _: message(status="error", code="access-denied", message="the host may not make links for you",
                             contact="it-desk@example.com"))
    done = launcher.url()
    assert (done.returncode, done.stdout) == (1, b"")
    assert b"the host may not make links for you" in done.stderr and b"it-desk@example.com" in done.stderr
    assert done.stderr.count(b"\n") == 1


def test_somebody_without_a_rule_is_told_so(launcher: Launcher, helper):
    helper(lambda _: message(status="none", rule="users.map:7"))
    done = launcher.url()
    assert done.returncode == 1
    assert b"No SageMaker Studio user profile is assigned to you" in done.stderr


@pytest.mark.parametrize("said", [b"", b"HTTP/1.1 200 OK\r\n\r\n\n\n", message(status="ok", url=NEW_URL)[:-1],
                                  b"proto=1\n" + b"x" * 70000, message(), message(status="maybe")])
def test_a_helper_that_talks_nonsense_is_one_sentence_for_the_user(launcher: Launcher, helper, said: bytes):
    helper(lambda _: said)
    done = launcher.url()
    assert (done.returncode, done.stdout) == (1, b"")
    assert done.stderr.count(b"\n") == 1


def test_a_host_without_a_helper_says_so(launcher: Launcher):
    done = launcher.url()
    assert done.returncode == 1
    assert b"does not run on this computer" in done.stderr


def test_a_link_that_cannot_be_printed_is_a_failure(launcher: Launcher):
    launcher.write()
    with open("/dev/full", "wb") as full:
        done = subprocess.run([launcher.program, "url"], env=launcher.environment, stdout=full, stderr=subprocess.PIPE,
                              timeout=PATIENCE)
    assert done.returncode == 1
    assert b"token=" not in done.stderr


# ---- status ----------------------------------------------------------------------------------------------------------

def test_status_says_who_and_how_long(launcher: Launcher):
    launcher.write()
    done = launcher.run("status")
    text = done.stdout.decode()
    assert done.returncode == 0
    assert "alice-tanaka" in text and "research (d-abcdefghij12)" in text and "ap-northeast-1" in text
    assert "The icon will use the link made at login, " in text and text.endswith(" s left.\n")
    assert "token=" not in text


def test_status_tells_a_used_from_an_expired_link(launcher: Launcher):
    launcher.write()
    assert launcher.status()["link"] == "fresh"
    launcher.url()
    assert launcher.status()["link"] == "used"
    assert b"has been used" in launcher.run("status").stdout
    launcher.spent().unlink()
    launcher.write()
    launcher.let_age(5)
    assert launcher.status() == {"user_profile_name": "alice-tanaka", "domain": "research", "region": "ap-northeast-1",
                                 "domain_id": "d-abcdefghij12", "rule": "", "link": "expired", "seconds_left": 0}
    assert b"has expired; the icon needs a new one." in launcher.run("status").stdout


def test_status_speaks_of_this_login_unless_another_has_a_fresh_link(launcher: Launcher):
    mine = launcher.write(user_profile_name="mine")
    launcher.let_age(1)
    launcher.write(OTHER_ID, user_profile_name="other")
    launcher.environment["SAGEMAKER_STUDIO_SESSION"] = str(mine)
    assert launcher.status()["user_profile_name"] == "other"
    launcher.url()
    assert launcher.status()["user_profile_name"] == "mine"


def whoami(**changes: object) -> bytes:
    return message(**{"status": "ok", "user_profile_name": "alice-tanaka", "domain": "research",
                      "domain_id": "d-abcdefghij12", "rule": "users.map:3", **changes})


def test_status_asks_the_helper_where_no_link_was_made(launcher: Launcher, helper):
    asked = helper(lambda _: whoami(user_profile_name='a"b\\c', region="eu-west-1", url=URL))
    assert launcher.status() == {"user_profile_name": 'a"b\\c', "domain": "research", "domain_id": "d-abcdefghij12",
                                 "region": "eu-west-1", "rule": "users.map:3", "link": "none", "seconds_left": 0}
    done = launcher.run("status", "--socket", launcher.socket)
    assert done.returncode == 0
    assert b"No link was made at login; the icon makes a new one." in done.stdout and b"token=" not in done.stdout
    assert b"op=whoami\n" in asked.requests[0]
    assert 0 < int(asked.requests[0].decode().partition("budget_ms=")[2].splitlines()[0]) <= 2000


def test_status_says_by_which_rule_and_what_the_icon_will_do(launcher: Launcher, helper):
    helper(lambda _: whoami())
    launcher.write()
    done = launcher.run("status", "--socket", launcher.socket)
    assert (done.returncode, done.stderr) == (0, b"")
    *who, link = done.stdout.decode().splitlines()
    assert who == ["User profile: alice-tanaka", "Domain:       research (d-abcdefghij12)",
                   "Region:       ap-northeast-1", "Rule:         users.map:3"]
    assert link.startswith("The icon will use the link made at login, ") and link.endswith(" s left.")
    launcher.url()
    assert launcher.run("status", "--socket", launcher.socket).stdout.endswith(
        b"\nThe link made at login has been used; the icon makes a new one.\n")


def test_status_believes_the_helper_of_now_and_not_the_link_of_then(launcher: Launcher, helper):
    helper(lambda _: whoami(user_profile_name="alice-new", rule="users.map:2"))
    launcher.write()
    told = launcher.status()
    assert (told["user_profile_name"], told["rule"], told["region"]) == ("alice-new", "users.map:2", "")
    shown = launcher.run("status", "--socket", launcher.socket).stdout.decode()
    assert " s left, which is for alice-tanaka in d-abcdefghij12." in shown


@pytest.mark.parametrize("said, reason", [
    (None, b"does not run on this computer"),
    (message(status="none", reason="no-rule"), b"No SageMaker Studio user profile is assigned to you"),
    (message(status="error", code="config", message="users.map:3: what"), b"users.map:3: what"),
])
def test_status_tells_what_was_so_at_login_where_the_helper_says_nothing(launcher: Launcher, helper, said, reason):
    if said is not None:
        helper(lambda _: said)
    launcher.write()
    done = launcher.run("status", "--socket", launcher.socket)
    assert done.returncode == 0
    assert b"User profile: alice-tanaka\n" in done.stdout and b" s left.\n" in done.stdout
    assert b"this is what was so at login" in done.stderr and reason in done.stderr
    assert done.stderr.count(b"\n") == 1


def test_status_does_not_wait_for_a_helper_that_hangs(launcher: Launcher):
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(str(launcher.socket))
        listener.listen()
        launcher.write()
        started = time.monotonic()
        assert launcher.status()["user_profile_name"] == "alice-tanaka"
        assert time.monotonic() - started < PATIENCE / 2


def test_status_fails_when_nobody_knows(launcher: Launcher):
    done = launcher.run("status", "--json", "--socket", launcher.socket)
    assert done.returncode == 1
    assert json.loads(done.stdout)["error"] == "helper-absent"
    done = launcher.run("status", "--socket", launcher.socket)
    assert done.returncode == 1
    assert b"No link was made at login." in done.stdout
