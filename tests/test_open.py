"""What a click on the icon does, with browsers, dialogs and desktops that are small scripts.

In the sandbox alice clicks and the test is root; elsewhere both are the ordinary user who runs the tests.

SPDX-License-Identifier: MIT
"""

import fcntl
import html
import json
import os
import pwd
import re
import resource
import select
import shutil
import signal
import stat
import subprocess
import sys
import termios
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from login_host import LAUNCHER, RUN_FOLDER, eventually, inside_sandbox
from test_launcher import ID, OTHER_ID, PLANTS, Helper, answer, message, parse

LOGIN_URL = "https://d-abcdefghij12.studio.ap-northeast-1.sagemaker.aws/auth?a=1&token=eyJsb2dpbiI6MX0"
NEW_URL = "https://d-abcdefghij12.studio.ap-northeast-1.sagemaker.aws/auth?a=1&token=eyJuZXciOjF9"
TOKENS = [b"eyJsb2dpbiI6MX0", b"eyJuZXciOjF9"]
PAGE = re.compile(r"open-[a-z2-7]{6}\.html")
PATIENCE = 30
LOCK_AFTER_OPENED = 2  # seconds: launcher/page_watch.h
CONTACT = "it-desk@example.com"

# Says who it is started as, reads the page (when the gate, if there is one, opens), and tells all in a record.
FAKE_BROWSER = """#!/usr/bin/python3 -I
import json, os, resource, sys, time, urllib.parse
records = {records!r}
gate, only_below, status, reads = {gate!r}, {only_below!r}, {status!r}, {reads!r}
told = {{"program": sys.argv[0], "arguments": sys.argv[1:], "environment": dict(os.environ), "cwd": os.getcwd(),
         "descriptors": sorted(map(int, os.listdir("/proc/self/fd")))[:-1], "umask": os.umask(0), "session": os.getsid(0),
         "core": resource.getrlimit(resource.RLIMIT_CORE), "pid": os.getpid(),
         "blocked": [line for line in open("/proc/self/status") if line.startswith(("SigBlk", "SigIgn"))]}}
while gate and os.path.exists(gate):
    time.sleep(0.01)
path = urllib.parse.unquote(sys.argv[-1].removeprefix("file://"))
told["path"] = path
if reads and (only_below is None or path.startswith(only_below)):
    told["page"] = open(path).read()
with open(f"{{records}}/.{{os.getpid()}}", "w") as record:
    json.dump(told, record)
os.rename(f"{{records}}/.{{os.getpid()}}", f"{{records}}/{{os.getpid()}}")
sys.exit(status) if status >= 0 else os.kill(os.getpid(), -status)
"""

FAKE_DIALOG = """#!/usr/bin/python3 -I
import os, sys
with open(f"{dialogs}/.{{os.getpid()}}", "w") as record:
    record.write("\\n".join(sys.argv[1:]))
os.rename(f"{dialogs}/.{{os.getpid()}}", f"{dialogs}/{{os.getpid()}}")
"""


class Desk:
    """A user at a desktop, with a runtime folder, a home folder and programs of his own."""

    def __init__(self, program: Path, folder: Path, account: pwd.struct_passwd) -> None:
        self.program = program
        self.account = account
        self.folder = folder
        self.home = self.make_folder("home")
        self.runtime = self.make_folder("runtime")
        self.programs = self.make_folder("bin")
        self.records = self.make_folder("records")
        self.dialogs = self.make_folder("dialogs")
        self.gate = folder / "gate"
        self.socket = folder / "helper.sock"
        self.private = self.runtime / "sagemaker-studio"
        self.environment = {"HOME": str(self.home), "XDG_RUNTIME_DIR": str(self.runtime), "DISPLAY": ":77",
                            "PATH": f"{self.programs}:/usr/bin:/bin", "LANG": "C.UTF-8",
                            "XDG_DATA_DIRS": "/nonexistent", "XDG_CONFIG_DIRS": "/nonexistent"}
        for name in ("zenity", "kdialog", "notify-send", "xmessage"):
            self.add_program(name, FAKE_DIALOG.format(dialogs=self.dialogs))
        self.use_browser()

    def own(self, path: Path) -> Path:
        os.chown(path, self.account.pw_uid, self.account.pw_gid, follow_symlinks=False)
        return path

    def make_folder(self, name: str, mode: int = 0o700) -> Path:
        path = self.folder / name
        path.mkdir(mode)
        path.chmod(mode)
        return self.own(path)

    def make_file(self, path: Path) -> Path:
        path.touch(0o600)
        return self.own(path)

    def make_private(self) -> Path:
        return self.make_folder("runtime/sagemaker-studio")

    def add_program(self, name: str, text: str) -> Path:
        path = self.programs / name
        path.write_text(text)
        path.chmod(0o755)
        return path

    def browser(self, name: str = "fakefox", gate: bool = False, only_below: object = None, status: int = 0,
                reads: bool = True) -> Path:
        if gate:
            self.gate.touch()
        return self.add_program(name, FAKE_BROWSER.format(
            records=str(self.records), gate=str(self.gate) if gate else None, status=status, reads=reads,
            only_below=None if only_below is None else str(only_below)))

    def use_browser(self, **options) -> None:
        self.environment["BROWSER"] = str(self.browser(**options))

    def add_entry(self, name: str, lines: str) -> None:
        """A desktop entry, and nothing of $BROWSER."""
        applications = self.home / ".local/share/applications"
        applications.mkdir(parents=True, exist_ok=True)
        (applications / f"{name}.desktop").write_text(f"[Desktop Entry]\nType=Application\nName={name}\n{lines}\n")
        self.environment.pop("BROWSER", None)

    def set_handlers(self, **handlers: str) -> None:
        config = self.home / ".config"
        config.mkdir(exist_ok=True)
        lines = "".join(f"{kind}={name}.desktop\n" for kind, name in handlers.items())
        (config / "mimeapps.list").write_text(f"[Default Applications]\n{lines}")

    # ---- what he does

    def as_himself(self, **options) -> dict:
        if os.geteuid() == 0:
            options |= {"user": self.account.pw_uid, "group": self.account.pw_gid, "extra_groups": []}
        return {"env": self.environment, "cwd": "/", **options}

    def command(self, *arguments: object) -> list[str]:
        return [str(self.program), "open", "--socket", str(self.socket), *map(str, arguments)]

    def click(self, *arguments: object, **options) -> subprocess.CompletedProcess:
        """Nobody that stays behind keeps the pipes open, or this would not return."""
        return subprocess.run(self.command(*arguments), stdin=subprocess.DEVNULL, capture_output=True, text=True,
                              timeout=PATIENCE, **self.as_himself(**options))

    def start_click(self) -> subprocess.Popen:
        return subprocess.Popen(self.command(), stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                                text=True, **self.as_himself())

    def open(self, *arguments: object, **options) -> dict:
        """A click that goes well, and what the browser then tells."""
        before = len(self.visits())
        done = self.click(*arguments, **options)
        assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
        return eventually("the browser has been there", lambda: self.visits()[before:])[0]

    def session(self, word: str, identifier: str = ID, given: bytes = b"") -> None:
        subprocess.run([str(self.program), word, "--folder", str(self.private), "--session", identifier], input=given,
                       check=True, timeout=PATIENCE, **self.as_himself())

    def log_in(self, identifier: str = ID, seconds_left: int = 300) -> None:
        now = int(time.time())
        self.session("session-write", identifier, answer(url=LOGIN_URL, issued_at=now, expires_at=now + 300))
        path = self.private / f"session-{identifier}"
        expires = int(parse(path)["issued_boottime"]) + seconds_left
        path.write_text(re.sub(r"expires_boottime=\d+", f"expires_boottime={expires}", path.read_text()))

    # ---- what is there then

    def visits(self) -> list[dict]:
        paths = sorted(self.records.glob("[0-9]*"), key=lambda path: path.stat().st_mtime_ns)
        return [json.loads(path.read_text()) for path in paths]

    def said(self) -> list[str]:
        """In dialogs and notifications; the bar of a slow machine's progress is none."""
        texts = [path.read_text() for path in self.dialogs.glob("[0-9]*")]
        return [text for text in texts if not text.startswith("--progress")]

    def pages(self, folder: Path | None = None) -> list[Path]:
        folder = folder or self.private
        return [path for path in folder.iterdir() if PAGE.fullmatch(path.name)] if folder.exists() else []

    def page(self, folder: Path | None = None) -> Path:
        (page,) = self.pages(folder)
        return page

    def keepers(self) -> list[int]:
        """Processes of ours that stay behind; each names the socket of this test."""
        mine = f"sagemaker-studio open\0--socket\0{self.socket}\0"
        found = []
        for path in Path("/proc").glob("[0-9]*/cmdline"):
            try:
                command = path.read_text()
            except OSError:
                continue
            if "\0".join(command.split("\0")[1:]).startswith(mine.partition(" ")[2]) or mine in command:
                found.append(int(path.parent.name))
        return found

    def is_idle(self) -> bool:
        """Nobody holds the lock, so that the next click counts."""
        with open(self.private / "open.lock") as lock:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                return False
            return True

    def become_idle(self) -> None:
        eventually("the lock is given back", self.is_idle)

    def end(self) -> None:
        """Without its page a keeper ends by itself."""
        self.gate.unlink(missing_ok=True)
        for page in self.folder.rglob("open-*.html"):
            page.unlink() if not page.is_dir() or page.is_symlink() else page.rmdir()
        eventually("no process is left", lambda: not self.keepers())


@pytest.fixture
def desk(request: pytest.FixtureRequest, folder: Path) -> Iterator[Desk]:
    if inside_sandbox():
        alice = pwd.getpwnam("alice")
        shutil.rmtree(RUN_FOLDER / "users" / str(alice.pw_uid), ignore_errors=True)  # of an earlier test's logins
        result = Desk(Path(LAUNCHER), folder, alice)
    elif os.geteuid() == 0:
        pytest.skip("runs in the sandbox, or as an ordinary user")
    else:
        result = Desk(request.getfixturevalue("build").launcher, folder, pwd.getpwuid(os.geteuid()))
    yield result
    result.end()


class Service(Helper):
    """A helper that knows the user and makes him links."""

    def __init__(self, path: Path, who: dict, link: dict) -> None:
        self.who, self.link = who, link
        super().__init__(path, self.reply)
        path.chmod(0o666)

    def reply(self, _: int) -> bytes:
        if b"\nop=whoami\n" in self.requests[-1]:
            return message(**{"status": "ok", "user_profile_name": "alice-tanaka", **self.who})
        return answer(**{"url": NEW_URL, **self.link}) if "code" not in self.link else message(**self.link)

    @property
    def links(self) -> int:
        return sum(b"\nop=issue\n" in request for request in self.requests)


@pytest.fixture
def serve(desk: Desk) -> Iterator[Callable[..., Service]]:
    started: list[Service] = []

    def start(who: dict | None = None, **link: object) -> Service:
        started.append(Service(desk.socket, who or {}, link))
        return started[-1]

    yield start
    for each in started:
        each.stop()


def leads_to(visit: dict, url: str) -> bool:
    escaped = html.escape(url)
    page = visit["page"]
    return (f'<meta http-equiv="refresh" content="0; url={escaped}">' in page and f'href="{escaped}"' in page)


# ---- which link ------------------------------------------------------------------------------------------------------

def test_the_first_click_uses_the_login_link_even_without_a_helper(desk: Desk):
    desk.log_in()
    assert leads_to(desk.open(), LOGIN_URL)
    assert (desk.private / f"spent-{ID}").exists() and not (desk.private / f"session-{ID}").exists()


def test_the_next_click_gets_a_new_link(desk: Desk, serve):
    service = serve()
    desk.log_in()
    assert leads_to(desk.open(), LOGIN_URL)
    assert service.links == 0
    desk.become_idle()
    assert leads_to(desk.open(), NEW_URL)
    assert service.links == 1


@pytest.mark.parametrize("left", [0, 9])
def test_a_login_link_that_may_die_on_the_way_is_not_used(desk: Desk, serve, left: int):
    serve()
    desk.log_in(seconds_left=left)
    assert leads_to(desk.open(), NEW_URL)


def test_a_landing_page_is_asked_for_and_leaves_the_login_link_alone(desk: Desk, serve):
    service = serve()
    desk.log_in()
    assert leads_to(desk.open("--landing-uri", "app:JupyterLab:"), NEW_URL)
    assert b"\nlanding_uri=app:JupyterLab:\n" in service.requests[-1]
    assert (desk.private / f"session-{ID}").exists()


def test_a_landing_page_that_is_not_allowed_is_a_sentence(desk: Desk, serve):
    serve(status="error", code="landing-uri", message="this landing URI is not among the landing_uris of the domain",
          contact=CONTACT)
    done = desk.click("--landing-uri", "app:Secret:")
    assert (done.returncode, done.stdout, desk.visits(), desk.pages()) == (1, "", [], [])
    assert "not among those that can be opened" in done.stderr and CONTACT in done.stderr


@pytest.mark.parametrize("uri", ["a\nuid=0", "x" * 5000, "\x1b[2J"])
def test_a_landing_page_that_no_request_can_hold_is_refused(desk: Desk, serve, uri: str):
    service = serve()
    done = desk.click("--landing-uri", uri)
    assert (done.returncode, service.links) == (1, 0)


@pytest.mark.parametrize("url", ["javascript:alert(1)", "https://x/\"><script>", "file:///etc/passwd", ""])
def test_a_doubtful_link_reaches_no_page(desk: Desk, serve, url: str):
    serve(url=url)
    assert desk.click().returncode == 1
    assert (desk.visits(), desk.pages()) == ([], [])


# ---- the page --------------------------------------------------------------------------------------------------------

def test_the_page_is_the_users_alone_and_runs_no_script(desk: Desk, serve):
    serve()
    visit = desk.open()
    page = desk.page()
    status = page.stat()
    assert visit["path"] == str(page)
    assert (stat.S_IMODE(status.st_mode), status.st_uid, status.st_nlink) == (0o600, desk.account.pw_uid, 1)
    assert stat.S_IMODE(desk.private.stat().st_mode) == 0o700
    assert '<meta name="referrer" content="no-referrer">' in visit["page"]
    assert "If nothing happens" in visit["page"] and "click the icon again" in visit["page"]
    assert "<script" not in visit["page"] and "http://" not in visit["page"]


def test_the_page_is_found_below_a_folder_with_any_name(desk: Desk, serve):
    serve()
    desk.environment["XDG_RUNTIME_DIR"] = str(desk.make_folder("run time é%20#?&"))
    assert leads_to(desk.open(), NEW_URL)


def test_the_page_stays_when_others_read_it_before_the_browser_does(desk: Desk, serve):
    serve()
    desk.use_browser(gate=True)
    assert desk.click().returncode == 0
    for reader in ("cat", "file", "head"):
        subprocess.run([reader, desk.page()], check=True, capture_output=True, timeout=PATIENCE)
    desk.become_idle()
    desk.gate.unlink()
    assert leads_to(eventually("the browser has been there", desk.visits)[0], NEW_URL)
    assert desk.page().exists()


def test_a_browser_that_takes_its_time_still_finds_the_page(desk: Desk, serve):
    """The click is over long before; the page waits as long as its link lives."""
    serve()
    desk.use_browser(gate=True)
    assert desk.click().returncode == 0
    assert desk.visits() == [] and desk.page().exists()
    desk.gate.unlink()
    assert leads_to(eventually("the browser has been there", desk.visits)[0], NEW_URL)


def test_the_page_goes_with_its_link(desk: Desk, serve):
    serve(expires_at=int(time.time()) + 6)
    assert leads_to(desk.open(), NEW_URL)
    began = time.monotonic()
    assert desk.pages() != []
    eventually("the page is removed", lambda: desk.pages() == [])
    assert time.monotonic() - began > 1
    eventually("nobody keeps it any more", lambda: desk.keepers() == [])


def test_the_page_of_a_login_link_goes_with_that_link(desk: Desk):
    desk.log_in(seconds_left=13)
    assert leads_to(desk.open(), LOGIN_URL)
    assert desk.pages() != []
    eventually("the page is removed", lambda: desk.pages() == [])


def test_the_keeper_removes_the_page_when_the_session_ends_it(desk: Desk, serve):
    serve()
    desk.open()
    (keeper,) = desk.keepers()
    os.kill(keeper, signal.SIGTERM)
    eventually("the page is removed", lambda: desk.pages() == [])


def test_the_keeper_holds_nothing_of_whoever_clicked(desk: Desk, serve):
    if os.geteuid() != 0:
        pytest.skip("only root can look at a process that cannot be dumped")
    serve()
    reading, writing = os.pipe()
    visit = desk.open(pass_fds=[writing], cwd=str(desk.home))
    os.close(writing)
    assert select.select([reading], [], [], PATIENCE)[0] and os.read(reading, 1) == b""
    os.close(reading)
    assert visit["cwd"] == str(desk.home)
    (keeper,) = desk.keepers()
    held = {number: os.readlink(f"/proc/{keeper}/fd/{number}") for number in os.listdir(f"/proc/{keeper}/fd")}
    assert [held[number] for number in "012"] == ["/dev/null"] * 3
    assert {path.removeprefix(str(desk.private)) for path in held.values()} - {"/dev/null"} <= {
        "", "/open.lock", "anon_inode:[signalfd]", "anon_inode:inotify", "anon_inode:[timerfd]"}
    assert os.readlink(f"/proc/{keeper}/cwd") == "/"


def test_the_browser_outlives_the_terminal_that_it_was_started_in(desk: Desk, serve):
    serve()
    desk.use_browser(gate=True)
    master, terminal = os.openpty()

    def take_terminal() -> None:
        os.setsid()
        fcntl.ioctl(0, termios.TIOCSCTTY, 0)

    os.fchown(terminal, desk.account.pw_uid, -1)
    clicked = subprocess.run(desk.command(), stdin=terminal, stdout=terminal, stderr=terminal, timeout=PATIENCE,
                             **desk.as_himself(preexec_fn=take_terminal))
    assert clicked.returncode == 0
    os.close(terminal)
    os.close(master)
    desk.gate.unlink()
    assert leads_to(eventually("the browser has been there", desk.visits)[0], NEW_URL)
    assert desk.page().exists()


# ---- impatience ------------------------------------------------------------------------------------------------------

def test_five_clicks_at_once_are_one_link_and_one_tab(desk: Desk, serve):
    service = serve()
    clicks = [desk.start_click() for _ in range(5)]
    told = [click.communicate(timeout=PATIENCE)[1] for click in clicks]
    assert [click.returncode for click in clicks] == [0] * 5
    assert sum("is being opened already" in text for text in told) == 4
    eventually("the browser has been there", desk.visits)
    desk.become_idle()
    assert (len(desk.visits()), service.links, len(desk.pages())) == (1, 1, 1)


def test_clicks_while_the_browser_comes_up_are_one_link_and_one_tab(desk: Desk, serve):
    service = serve()
    desk.use_browser(gate=True)
    assert desk.click().stderr == ""
    for _ in range(4):
        done = desk.click()
        assert (done.returncode, done.stdout) == (0, "")
        assert "is being opened already" in done.stderr
    assert len(eventually("it is said to the desktop too", lambda: len(desk.said()) == 4 and desk.said())) == 4
    desk.gate.unlink()
    eventually("the browser has been there", desk.visits)
    desk.become_idle()
    assert (len(desk.visits()), service.links) == (1, 1)


def test_the_lock_outlasts_the_opening_by_a_moment(desk: Desk, serve):
    serve()
    began = time.monotonic()
    desk.open()
    desk.become_idle()
    assert time.monotonic() - began >= LOCK_AFTER_OPENED


# ---- the browser -----------------------------------------------------------------------------------------------------

def test_the_browser_runs_as_the_user_would_have_started_it(desk: Desk, serve):
    serve()
    desk.environment |= {"DESKTOP_STARTUP_ID": "xfdesktop-1-2_TIME3", "XDG_ACTIVATION_TOKEN": "token-of-the-click"}

    def unusual() -> None:
        os.umask(0o027)
        hard = resource.getrlimit(resource.RLIMIT_CORE)[1]
        resource.setrlimit(resource.RLIMIT_CORE, (4096, hard))
        signal.signal(signal.SIGCHLD, signal.SIG_IGN)
        signal.signal(signal.SIGHUP, signal.SIG_IGN)

    if resource.getrlimit(resource.RLIMIT_CORE)[1] == 0:
        pytest.skip("no process may have a core limit here")
    visit = desk.open(preexec_fn=unusual)
    assert visit["umask"] == 0o027
    # A sanitizer takes the limit away, and reads no options from the environment of a program that is not readable.
    assert visit["core"][0] == 4096 or "SANITIZE" in os.environ
    assert visit["descriptors"] == [0, 1, 2]
    assert visit["session"] == visit["pid"]
    assert visit["environment"]["DESKTOP_STARTUP_ID"] == "xfdesktop-1-2_TIME3"
    assert visit["environment"]["XDG_ACTIVATION_TOKEN"] == "token-of-the-click"
    blocked, ignored = (int(line.split()[1], 16) for line in visit["blocked"])
    assert blocked == 0 and ignored & (1 << (signal.SIGCHLD - 1)) == 0 and ignored & (1 << (signal.SIGHUP - 1)) == 0


def test_nothing_but_the_page_is_among_the_arguments(desk: Desk, serve):
    serve()
    visit = desk.open()
    assert visit["arguments"] == [f"file://{desk.page()}"]


def test_a_snap_gets_the_page_where_it_can_read_it(desk: Desk, serve):
    serve()
    folder = desk.runtime / "snap.fakefox"
    program = desk.browser(only_below=folder)
    desk.add_entry("fakefox_fakefox", f"Exec={program} %u\nX-SnapInstanceName=fakefox")
    desk.set_handlers(**{"x-scheme-handler/https": "fakefox_fakefox"})
    assert leads_to(desk.open(), NEW_URL)
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    assert len(desk.pages(folder)) == 1 and desk.pages() == []


def test_a_flatpak_gets_the_page_where_it_can_read_it(desk: Desk, serve):
    serve()
    folder = desk.runtime / "app/org.example.Browser"
    program = desk.browser("flatpak", only_below=folder)
    desk.add_entry("org.example.Browser",
                   f"Exec={program} run --branch=stable org.example.Browser %u\nX-Flatpak=org.example.Browser")
    desk.set_handlers(**{"x-scheme-handler/https": "org.example.Browser"})
    assert leads_to(desk.open(), NEW_URL)
    assert len(desk.pages(folder)) == 1 and desk.pages() == []


@pytest.mark.skipif(not inside_sandbox(), reason="elsewhere there may be a /run/user/UID")
@pytest.mark.parametrize("flatpak, place", [(False, "snap/fakefox/common"), (True, ".var/app/org.example.Browser/cache")])
def test_without_a_runtime_folder_a_confined_browser_is_served_at_home(desk: Desk, serve, flatpak: bool, place: str):
    serve()
    del desk.environment["XDG_RUNTIME_DIR"]
    folder = desk.home / place
    folder.parent.mkdir(parents=True)
    for above in (folder.parent, *folder.parent.relative_to(desk.home).parents[:-1]):
        desk.own(desk.home / above)
    program = desk.browser(only_below=folder)
    kind = "X-Flatpak=org.example.Browser" if flatpak else "X-SnapInstanceName=fakefox"
    desk.add_entry("browser", f"Exec={program} %u\n{kind}")
    desk.set_handlers(**{"x-scheme-handler/https": "browser"})
    assert leads_to(desk.open(), NEW_URL)


def test_an_editor_that_opens_html_files_is_never_started(desk: Desk, serve):
    serve()
    desk.add_entry("editor", f"Exec={desk.browser('editor')} %f\nMimeType=text/html;")
    desk.add_entry("fakefox", f"Exec={desk.browser('fakefox')} %u\nMimeType=text/html;x-scheme-handler/https;")
    desk.set_handlers(**{"text/html": "editor", "application/xhtml+xml": "editor", "x-scheme-handler/https": "fakefox"})
    assert desk.open()["program"].endswith("/fakefox")
    desk.become_idle()
    assert len(desk.visits()) == 1


def test_the_administrators_browser_comes_before_the_users(desk: Desk, serve):
    serve({"browser": str(desk.browser("company-browser"))})
    assert desk.open()["program"].endswith("/company-browser")


def test_a_browser_that_fails_at_once_is_told_of_in_a_dialog(desk: Desk, serve):
    service = serve({"contact": CONTACT})
    desk.use_browser(status=3, reads=False)
    desk.click()
    (text,) = eventually("a dialog", desk.said)
    assert "did not open SageMaker Studio" in text and "fakefox ended with status 3" in text and CONTACT in text
    assert desk.pages() == []
    desk.use_browser()
    assert leads_to(desk.open(), NEW_URL), "the lock was not given back"
    assert service.links == 2


def test_a_browser_that_fails_at_once_is_told_of_in_the_terminal_too(desk: Desk, serve):
    """As every browser does where DISPLAY is of yesterday's session: nothing can be shown there."""
    serve()
    desk.environment["BROWSER"] = "/bin/false"
    done = desk.click()
    assert (done.returncode, done.stdout) == (1, "")
    assert "false ended with status 1" in done.stderr
    assert desk.pages() == []
    eventually("the page's keeper has ended", lambda: desk.keepers() == [])


def test_a_browser_that_crashes_is_told_of_too(desk: Desk, serve):
    serve()
    desk.use_browser(status=-signal.SIGSEGV, reads=False)
    desk.click()
    (text,) = eventually("a dialog", desk.said)
    assert "ended by signal 11" in text


def test_a_browser_that_read_the_page_may_end_as_it_likes(desk: Desk, serve):
    serve()
    desk.use_browser(status=1)
    assert leads_to(desk.open(), NEW_URL)
    desk.become_idle()
    assert desk.page().exists() and desk.said() == []


def test_a_browser_that_cannot_be_started_is_told_of_at_once(desk: Desk, serve):
    serve({"contact": CONTACT})
    desk.environment["BROWSER"] = str(desk.add_program("broken", "#!/nonexistent/interpreter\n"))
    done = desk.click()
    assert (done.returncode, done.stdout) == (1, "")
    assert "broken" in done.stderr and "cannot be started" in done.stderr and CONTACT in done.stderr
    assert desk.pages() == []
    eventually("the page's keeper has ended", lambda: desk.keepers() == [])
    assert len(eventually("a dialog", desk.said)) == 1


def test_without_a_browser_no_link_is_spent(desk: Desk, serve):
    service = serve({"contact": CONTACT})
    desk.log_in()
    desk.environment["BROWSER"] = "/nonexistent"
    desk.environment["PATH"] = str(desk.programs)
    (desk.programs / "fakefox").unlink()
    done = desk.click()
    assert done.returncode == 1
    assert "no web browser here" in done.stderr and CONTACT in done.stderr
    assert service.links == 0 and (desk.private / f"session-{ID}").exists()


# ---- without a display, without a helper -----------------------------------------------------------------------------

def test_without_a_display_the_link_is_printed_with_its_life(desk: Desk, serve):
    serve()
    del desk.environment["DISPLAY"]
    done = desk.click()
    assert (done.returncode, done.stdout) == (0, NEW_URL + "\n")
    assert re.search(r"lives for another (29\d|300) s", done.stderr)
    assert (desk.visits(), desk.pages(), desk.keepers()) == ([], [], [])


def test_a_failure_is_told_in_a_dialog_as_well(desk: Desk):
    done = desk.click()
    assert done.returncode == 1
    assert "does not run on this computer" in done.stderr and done.stderr.count("\n") == 1
    (text,) = eventually("a dialog", desk.said)
    assert "does not run on this computer" in text
    assert desk.pages() == [] and desk.is_idle()


def test_a_failure_is_told_in_a_dialog_when_nobody_reads_our_output_any_more(desk: Desk):
    reading, writing = os.pipe()
    os.close(reading)
    done = subprocess.run(desk.command(), stdin=subprocess.DEVNULL, stdout=writing, stderr=writing, timeout=PATIENCE,
                          **desk.as_himself())
    os.close(writing)
    assert done.returncode == 1
    (text,) = eventually("a dialog", desk.said)
    assert "does not run on this computer" in text


def test_a_limit_on_the_size_of_files_is_a_sentence(desk: Desk, serve):
    serve()
    done = desk.click(preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (10, 10)))
    assert done.returncode == 1 and "a file of your session cannot be written" in done.stderr
    assert desk.pages() == []


def test_root_in_the_users_environment_touches_and_starts_nothing(desk: Desk, serve):
    """As after `sudo -E`: what root made in her folders would be in her way, and what it started would be root's."""
    if os.geteuid() != 0:
        pytest.skip("needs root, as in the sandbox")
    service = serve()
    (desk.home / ".cache").symlink_to("/var/lib")
    before = sorted(desk.folder.rglob("*"))
    done = subprocess.run(desk.command(), env=desk.environment, stdin=subprocess.DEVNULL, capture_output=True, text=True,
                          timeout=PATIENCE)
    assert (done.returncode, done.stdout, service.requests) == (1, "", [])
    assert "run it as that user" in done.stderr
    assert sorted(desk.folder.rglob("*")) == before


def test_a_dialog_that_stays_does_not_keep_the_next_click_waiting(desk: Desk, serve):
    desk.gate.touch()
    desk.add_program("zenity", f"#!/bin/sh\nwhile [ -e {desk.gate} ]; do sleep 0.05; done\n")
    assert desk.click().returncode == 1
    serve()
    assert leads_to(desk.open(), NEW_URL)


@pytest.mark.parametrize("arguments", [["extra"], ["--nonsense"], ["--landing-uri"]])
def test_what_is_not_understood_gets_help(desk: Desk, arguments: list[str]):
    done = desk.click(*arguments)
    assert done.returncode == 2 and done.stdout == "" and done.stderr != ""


# ---- what is left ----------------------------------------------------------------------------------------------------

def test_pages_that_are_over_are_swept_and_nothing_else_is(desk: Desk, serve):
    serve()
    private = desk.make_private()
    long_ago = time.time() - 400
    for name in ("open-aaaaaa.html", ".open-bbbbbb", "open-more-aaaaaa.html", "open-aaaaaa.html.bak", "notes.html"):
        os.utime(desk.make_file(private / name), (long_ago, long_ago))
    desk.make_file(private / "open-living.html")
    desk.open()
    left = {path.name for path in private.iterdir()} - {"open.lock"}
    new = left - {"open-living.html", "open-more-aaaaaa.html", "open-aaaaaa.html.bak", "notes.html"}
    assert len(left) == 5 and len(new) == 1 and PAGE.fullmatch(new.pop())


def test_the_last_logout_leaves_nothing(desk: Desk, serve):
    serve()
    desk.log_in()
    desk.log_in(OTHER_ID)
    desk.open()
    desk.session("session-clear")
    assert len(desk.pages()) == 1, "somebody is still logged in"
    desk.session("session-clear", OTHER_ID)
    assert list(desk.private.iterdir()) == []
    eventually("the keeper ends", lambda: desk.keepers() == [])


# ---- who means harm --------------------------------------------------------------------------------------------------

@pytest.fixture
def victim(desk: Desk) -> Iterator[Path]:
    """A file of the user's that must come out unharmed."""
    path = desk.folder / "home/victim"
    path.write_bytes(b"precious")
    path.chmod(0o600)
    desk.own(path)
    yield path
    assert path.read_bytes() == b"precious" and stat.S_IMODE(path.stat().st_mode) == 0o600


@pytest.mark.parametrize("plant", PLANTS)
def test_a_plant_in_the_place_of_the_lock_does_no_harm(desk: Desk, serve, victim: Path, plant):
    serve()
    plant(desk.make_private() / "open.lock", victim)
    desk.own(desk.private / "open.lock")
    assert leads_to(desk.open(), NEW_URL)
    status = (desk.private / "open.lock").lstat()
    assert stat.S_ISREG(status.st_mode) and status.st_nlink == 1 and not desk.is_idle()


def test_a_lock_that_cannot_be_is_a_sentence(desk: Desk, serve):
    service = serve()
    desk.make_private()
    desk.make_folder("runtime/sagemaker-studio/open.lock")
    desk.make_folder("runtime/sagemaker-studio/open.lock/full")
    done = desk.click()
    assert done.returncode == 1 and "open.lock" in done.stderr and service.links == 0


@pytest.mark.parametrize("plant", PLANTS)
def test_plants_with_the_names_of_pages_are_neither_read_nor_followed(desk: Desk, serve, victim: Path, plant):
    serve()
    for name in ("open-aaaaaa.html", ".open-aaaaaa"):
        if not desk.private.exists():
            desk.make_private()
        plant(desk.private / name, victim)
    visit = desk.open()
    assert leads_to(visit, NEW_URL) and "aaaaaa" not in visit["path"]


def spoil_mode(desk: Desk) -> None:
    desk.make_private().chmod(0o777)


def spoil_runtime_mode(desk: Desk) -> None:
    desk.runtime.chmod(0o777)


def spoil_by_link(desk: Desk) -> None:
    desk.make_folder("elsewhere")
    (desk.runtime / "sagemaker-studio").symlink_to(desk.folder / "elsewhere")


def spoil_runtime_by_link(desk: Desk) -> None:
    (desk.folder / "link").symlink_to(desk.runtime)
    desk.environment["XDG_RUNTIME_DIR"] = str(desk.folder / "link")


def spoil_by_file(desk: Desk) -> None:
    desk.make_file(desk.private)


def spoil_relative(desk: Desk) -> None:
    desk.environment["XDG_RUNTIME_DIR"] = "runtime"


def spoil_missing(desk: Desk) -> None:
    desk.environment["XDG_RUNTIME_DIR"] = "/nonexistent"


def spoil_somebody_elses(desk: Desk) -> None:
    """As after `su` in root's own session, or in a folder that another user has made for us to fall into."""
    other = desk.folder / "other"
    other.mkdir(0o777)
    other.chmod(0o777)
    os.chown(other, 12002, 12002)
    desk.environment["XDG_RUNTIME_DIR"] = str(other)


@pytest.mark.skipif(not inside_sandbox(), reason="elsewhere there may be a /run/user/UID, and no other users")
@pytest.mark.parametrize("spoil", [spoil_mode, spoil_runtime_mode, spoil_by_link, spoil_runtime_by_link, spoil_by_file,
                                   spoil_relative, spoil_missing, spoil_somebody_elses])
def test_a_folder_that_is_not_safely_the_users_own_gets_no_page(desk: Desk, serve, spoil):
    serve()
    spoil(desk)
    desk.use_browser(only_below=desk.home / ".cache/sagemaker-studio")
    visit = desk.open()
    assert leads_to(visit, NEW_URL)
    assert stat.S_IMODE((desk.home / ".cache/sagemaker-studio").stat().st_mode) == 0o700
    assert list(desk.folder.rglob("open-*.html")) == [Path(visit["path"])]


@pytest.mark.skipif(not inside_sandbox(), reason="elsewhere there may be a /run/user/UID")
def test_without_any_folder_a_sentence_and_no_link(desk: Desk, serve):
    service = serve()
    desk.environment |= {"XDG_RUNTIME_DIR": "/nonexistent", "HOME": "/nonexistent"}
    done = desk.click()
    assert done.returncode == 1 and "no folder of your own" in done.stderr and service.links == 0


def secrets_of_processes() -> list[str]:
    found = []
    for path in (*Path("/proc").glob("[0-9]*/cmdline"), *Path("/proc").glob("[0-9]*/environ")):
        try:
            content = path.read_bytes()
        except OSError:
            continue
        if path.parent.name != str(os.getpid()) and any(token in content for token in TOKENS):
            found.append(str(path))
    return found


@pytest.mark.skipif(not inside_sandbox(), reason="needs another user")
def test_no_other_user_sees_the_link_anywhere(desk: Desk, serve):
    service = serve()
    desk.log_in()
    watcher = subprocess.Popen([sys.executable, Path(__file__).with_name("secret_watch.py"), "12002"], text=True,
                               stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    watcher.stdin.write("".join(f"{token.decode()}\n" for token in TOKENS) + "\n")
    watcher.stdin.flush()
    assert watcher.stdout.readline() == "watching\n"
    for count in range(2):
        desk.use_browser(gate=True)
        assert desk.click().returncode == 0
        assert len(desk.pages()) == count + 1
        assert secrets_of_processes() == []
        desk.gate.unlink()
        eventually("the browser has been there", lambda: len(desk.visits()) == count + 1)
        desk.become_idle()
    assert service.links == 1
    assert json.loads(watcher.communicate(timeout=PATIENCE)[0]) == {"found": []}
