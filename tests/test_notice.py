"""What a user sees who started us by a click: dialogs, notifications, the moving bar, the clipboard.

Stand-ins for zenity and its like are the only programs in PATH; each leaves its arguments in a file.  One test shows
the real zenity on a display of its own.

SPDX-License-Identifier: MIT
"""

import ctypes
import os
import pty
import shutil
import signal
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from test_launcher import NEW_URL, PATIENCE, URL, Helper, Launcher, answer, message

PR_SET_CHILD_SUBREAPER = 36
SECRET = URL.partition("token=")[2]

# A program that leaves its arguments, each ended by a NUL, and then does what `then` says.
STAND_IN = """#!/bin/sh
printf '%s\\0' "$@" >{calls}/{name}.new
/bin/mv {calls}/{name}.new {calls}/{name}
{then}
"""
UNTIL_END_OF_INPUT = "/bin/cat >/dev/null; : >{calls}/{name}.ended"
TAKES_INPUT = "/bin/cat >{calls}/{name}.input.new; /bin/mv {calls}/{name}.input.new {calls}/{name}.input"


def wait_until(true: Callable[[], object], what: str) -> None:
    give_up = time.monotonic() + PATIENCE
    while not true():
        assert time.monotonic() < give_up, f"waited in vain for {what}"
        time.sleep(0.01)


class Desktop:
    """A launcher whose PATH has stand-ins alone; what it leaves behind becomes our child, so that its end can be seen."""

    def __init__(self, launcher: Launcher, folder: Path) -> None:
        self.launcher = launcher
        self.programs, self.calls = folder / "bin", folder / "calls"
        for each in (self.programs, self.calls):
            each.mkdir()
        self.environment = launcher.environment
        self.environment.update(PATH=str(self.programs), DISPLAY=":99", LANG="C.UTF-8", HOME=str(folder))

    def has(self, name: str, then: str = "") -> None:
        program = self.programs / name
        program.write_text(STAND_IN.format(calls=self.calls, name=name, then=then.format(calls=self.calls, name=name)))
        program.chmod(0o755)

    def arguments(self, name: str) -> list[str]:
        """Those of the call, as soon as it has come."""
        wait_until((self.calls / name).exists, f"a call of {name}")
        return (self.calls / name).read_text().split("\0")[:-1]

    def text_of(self, name: str) -> str:
        return next(word for word in self.arguments(name) if word.startswith("--text=")).removeprefix("--text=")

    def called(self) -> list[str]:
        """Every program that was called, once all that the launcher left behind has ended."""
        wait_until(self.all_have_ended, "the end of what was started")
        return sorted(path.name for path in self.calls.iterdir() if "." not in path.name)

    @staticmethod
    def all_have_ended() -> bool:
        try:
            while os.waitpid(-1, os.WNOHANG)[0]:
                pass
        except ChildProcessError:
            return True
        return False

    def copy(self, **options) -> subprocess.CompletedProcess:
        return self.launcher.run("url", "--copy", "--socket", self.launcher.socket, **options)

    def start_copy(self) -> subprocess.Popen:
        return self.launcher.start("url", "--copy", "--socket", self.launcher.socket)

    def copied(self, name: str = "xclip") -> str:
        wait_until((self.calls / f"{name}.input").exists, f"the input of {name}")
        return (self.calls / f"{name}.input").read_text()


@pytest.fixture
def launcher(request: pytest.FixtureRequest, folder: Path) -> Launcher:
    program = os.environ.get("LAUNCHER")
    return Launcher(Path(program) if program else request.getfixturevalue("build").launcher, folder)


@pytest.fixture
def desktop(launcher: Launcher, folder: Path) -> Iterator[Desktop]:
    libc = ctypes.CDLL(None, use_errno=True)
    libc.prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)
    yield Desktop(launcher, folder)
    libc.prctl(PR_SET_CHILD_SUBREAPER, 0, 0, 0, 0)


@pytest.fixture
def helper(launcher: Launcher) -> Iterator[Callable[[Callable[[int], bytes]], Helper]]:
    started: list[Helper] = []

    def start(respond: Callable[[int], bytes]) -> Helper:
        started.append(Helper(launcher.socket, respond))
        return started[-1]

    yield start
    for each in started:
        each.stop()


def refusal(**changes: object) -> bytes:
    return message(**{"status": "error", "code": "access-denied", "message": "AWS denies it", **changes})


# ---- failures --------------------------------------------------------------------------------------------------------

def test_a_failure_is_a_dialog_as_well_as_a_line_on_stderr(desktop: Desktop, helper):
    helper(lambda _: refusal(contact="ask it-desk@example.com", request_id="0f3d"))
    desktop.has("xclip", TAKES_INPUT)
    desktop.has("zenity")
    done = desktop.copy()
    sentence = ("This computer is not allowed to open SageMaker Studio for you. "
                "Tell your administrator (it-desk@example.com).")
    details = "Details: access-denied, request id 0f3d: AWS denies it"
    assert (done.returncode, done.stdout) == (1, b"")
    assert done.stderr.decode() == f"sagemaker-studio: {sentence} {details}\n"
    assert desktop.text_of("zenity") == f"{sentence}\n\n{details}"
    assert {"--error", "--no-markup"} <= set(desktop.arguments("zenity"))
    assert desktop.called() == ["zenity"]


@pytest.mark.parametrize("there, shown_by", [
    (["zenity", "kdialog", "notify-send", "xmessage"], "zenity"), (["kdialog", "notify-send", "xmessage"], "kdialog"),
    (["notify-send", "xmessage"], "notify-send"), (["xmessage"], "xmessage"),
])
def test_one_program_shows_it_the_best_that_is_there(desktop: Desktop, helper, there: list[str], shown_by: str):
    helper(lambda _: refusal())
    for name in ("xclip", *there):
        desktop.has(name)
    desktop.copy()
    assert desktop.called() == [shown_by]
    assert "is not allowed to open" in " ".join(desktop.arguments(shown_by))


def test_a_desktop_without_notifications_gets_a_window(desktop: Desktop, helper):
    helper(lambda _: refusal())
    desktop.has("xclip")
    desktop.has("notify-send", "exit 1")
    desktop.has("xmessage")
    desktop.copy()
    assert desktop.called() == ["notify-send", "xmessage"]


@pytest.mark.parametrize("text", ["<b>A</b> & <a href='http://x/'>B</a>", "a \\n b \\x c \\\\", "-- --help -xrm x:y",
                                  "$(touch /tmp/x) `id` ; %s %n", "日本語 é", "x" * 5000])
def test_what_aws_says_is_shown_and_nothing_else(desktop: Desktop, helper, text: str):
    helper(lambda _: refusal(message=text))
    desktop.has("xclip")
    desktop.has("zenity")
    desktop.copy()
    shown = desktop.text_of("zenity")
    details = shown.partition("Details: access-denied: ")[2]
    assert details and text.startswith(details) and (len(text) > 1000 or details == text)
    assert [word for word in desktop.arguments("zenity") if text[:20] in word] == [f"--text={shown}"]


def test_in_a_terminal_there_is_no_dialog(desktop: Desktop):
    desktop.has("zenity")
    ours, theirs = pty.openpty()
    done = subprocess.run([desktop.launcher.program, "url", "--copy"], env=desktop.environment, stdout=subprocess.PIPE,
                          stderr=theirs, timeout=PATIENCE)
    said = os.read(ours, 4096)
    os.close(ours)
    os.close(theirs)
    assert done.returncode == 1 and b"sagemaker-studio: " in said
    assert desktop.called() == []


def test_without_a_display_nothing_is_started(desktop: Desktop):
    del desktop.environment["DISPLAY"]
    desktop.has("zenity")
    desktop.has("xclip", TAKES_INPUT)
    desktop.launcher.write()
    done = desktop.copy()
    assert done.returncode == 1 and b"no graphical display" in done.stderr
    assert desktop.called() == [] and desktop.launcher.fresh().exists()


def test_without_any_program_the_line_on_stderr_is_all(desktop: Desktop):
    done = desktop.copy()
    assert done.returncode == 1 and done.stderr.count(b"\n") == 1


def test_a_dialog_does_not_keep_the_launcher_or_its_output(desktop: Desktop, helper):
    """subprocess.run reads stdout and stderr to their end, which would come with the dialog's if it held them."""
    helper(lambda _: refusal())
    desktop.has("xclip")
    stay = desktop.calls.parent / "stay"
    os.mkfifo(stay)
    desktop.has("zenity", f"read word <{stay}")
    assert desktop.copy().returncode == 1
    desktop.arguments("zenity")
    assert not desktop.all_have_ended()
    stay.write_text("go\n")
    assert desktop.called() == ["zenity"]


def test_a_dialog_gets_the_users_own_process_settings_back(desktop: Desktop, helper):
    helper(lambda _: refusal())
    desktop.has("xclip")
    desktop.has("zenity", "umask >{calls}/{name}.umask; /usr/bin/readlink /proc/$$/fd/* >{calls}/{name}.descriptors")
    desktop.copy(umask=0o027)
    assert desktop.called() == ["zenity"]
    assert (desktop.calls / "zenity.umask").read_text() == "0027\n"
    record = desktop.calls / "zenity.descriptors"
    of_the_shell = {str(desktop.programs / "zenity"), str(record)}
    assert set(record.read_text().splitlines()) - of_the_shell == {"/dev/null"}


@pytest.mark.parametrize("locale, seen", [({"LANG": "C"}, "C.UTF-8"), ({"LANG": "C", "LC_ALL": "POSIX"}, "C.UTF-8"),
                                          ({"LANG": "C.UTF-8"}, "")])
def test_the_program_reads_its_arguments_as_utf8(desktop: Desktop, helper, locale: dict, seen: str):
    """GLib refuses an argument that is not in the encoding of the locale."""
    helper(lambda _: refusal(message="日本語"))
    desktop.environment.update(locale)
    desktop.has("xclip")
    desktop.has("zenity", 'echo "$LC_ALL" >{calls}/{name}.locale')
    desktop.copy()
    assert desktop.called() == ["zenity"]
    assert (desktop.calls / "zenity.locale").read_text() == seen + "\n"


# ---- the clipboard ---------------------------------------------------------------------------------------------------

def test_the_login_link_is_copied_once_and_never_an_argument(desktop: Desktop, helper):
    helper(lambda _: answer(url=NEW_URL))
    desktop.has("xclip", TAKES_INPUT)
    desktop.has("notify-send")
    desktop.launcher.write()
    done = desktop.copy()
    assert (done.returncode, done.stdout) == (0, b"")
    assert desktop.copied() == URL
    assert desktop.arguments("xclip") == ["-selection", "clipboard"]
    assert desktop.launcher.spent().exists()
    assert b"is on the clipboard. It is good for " in done.stderr and SECRET.encode() not in done.stderr
    assert desktop.called() == ["notify-send", "xclip"]
    assert not [word for word in desktop.arguments("notify-send") if SECRET in word]


def test_a_new_link_is_copied_with_how_long_it_is_good_for(desktop: Desktop, helper):
    helper(lambda _: answer(url=NEW_URL))
    desktop.has("xclip", TAKES_INPUT)
    desktop.has("notify-send")
    assert desktop.copy().returncode == 0
    assert desktop.copied() == NEW_URL
    assert "It is good for 300 s" in desktop.arguments("notify-send")[-1]


@pytest.mark.parametrize("display, there, used, arguments", [
    ({"WAYLAND_DISPLAY": "wayland-0", "DISPLAY": ":0"}, ["wl-copy", "xclip", "xsel"], "wl-copy",
     ["--type", "text/plain;charset=utf-8"]),
    ({"WAYLAND_DISPLAY": "wayland-0", "DISPLAY": ":0"}, ["xclip", "xsel"], "xclip", ["-selection", "clipboard"]),
    ({"DISPLAY": ":0"}, ["wl-copy", "xclip", "xsel"], "xclip", ["-selection", "clipboard"]),
    ({"DISPLAY": ":0"}, ["wl-copy", "xsel"], "xsel", ["--input", "--clipboard"]),
])
def test_the_displays_own_program_takes_it(desktop: Desktop, display: dict, there: list[str], used: str,
                                           arguments: list[str]):
    desktop.environment.pop("DISPLAY")
    desktop.environment.update(display)
    for name in there:
        desktop.has(name, TAKES_INPUT)
    desktop.launcher.write()
    assert desktop.copy().returncode == 0
    assert desktop.copied(used) == URL and desktop.arguments(used) == arguments
    assert desktop.called() == [used]


@pytest.mark.parametrize("display, package", [({"WAYLAND_DISPLAY": "wayland-0"}, "wl-clipboard"),
                                              ({"DISPLAY": ":0"}, "xclip")])
def test_where_there_is_none_the_package_is_named_and_no_link_spent(desktop: Desktop, display: dict, package: str):
    desktop.environment.pop("DISPLAY")
    desktop.environment.update(display)
    desktop.has("zenity")
    desktop.launcher.write()
    done = desktop.copy()
    assert done.returncode == 1 and f"install the package {package}" in done.stderr.decode()
    assert package in desktop.text_of("zenity")
    assert desktop.launcher.fresh().exists()


def test_a_parent_that_ignores_its_children_is_no_failure_of_the_clipboard(desktop: Desktop, helper):
    """SIGCHLD stays ignored across exec, and then there is nobody to wait for (waitpid(2))."""
    desktop.has("xclip", TAKES_INPUT)
    helper(lambda _: answer(url=NEW_URL))
    done = desktop.copy(preexec_fn=lambda: signal.signal(signal.SIGCHLD, signal.SIG_IGN))
    assert done.returncode == 0 and desktop.copied() == NEW_URL


def test_a_clipboard_that_fails_is_told(desktop: Desktop):
    desktop.has("xclip", "exit 1")
    desktop.has("zenity")
    desktop.launcher.write()
    done = desktop.copy()
    assert done.returncode == 1 and b"could not put the link on the clipboard" in done.stderr
    assert SECRET.encode() not in done.stderr and SECRET not in desktop.text_of("zenity")


def test_a_program_that_reads_nothing_does_no_harm(desktop: Desktop):
    desktop.has("xclip")
    desktop.launcher.write(url=URL + "A" * 30000)
    assert desktop.copy().returncode == 0


def test_the_program_that_keeps_the_link_stays_and_holds_none_of_our_output(desktop: Desktop):
    """As xclip does: in the background once it has read everything."""
    stay = desktop.calls.parent / "stay"
    os.mkfifo(stay)
    desktop.has("xclip", TAKES_INPUT + f"; (read word <{stay}) &")
    desktop.launcher.write()
    assert desktop.copy().returncode == 0
    assert desktop.copied() == URL
    assert not desktop.all_have_ended()
    stay.write_text("go\n")
    assert desktop.called() == ["xclip"]


# ---- the moving bar --------------------------------------------------------------------------------------------------

@pytest.fixture
def slow_helper(helper) -> Iterator[threading.Event]:
    """It answers once the event is set."""
    go_on = threading.Event()

    def respond(_: int) -> bytes:
        go_on.wait(PATIENCE)
        return answer(url=NEW_URL)

    helper(respond)
    yield go_on
    go_on.set()


def test_a_bar_moves_while_a_link_is_made_and_goes_with_it(desktop: Desktop, slow_helper: threading.Event):
    desktop.has("xclip", TAKES_INPUT)
    desktop.has("zenity", UNTIL_END_OF_INPUT)
    with desktop.start_copy() as running:
        arguments = desktop.arguments("zenity")
        assert {"--progress", "--pulsate", "--auto-close", "--no-cancel"} <= set(arguments)
        assert not (desktop.calls / "zenity.ended").exists()
        (desktop.calls / "zenity").unlink()  # the next call is the news
        slow_helper.set()
        wait_until((desktop.calls / "zenity.ended").exists, "the bar's end")
        running.communicate(timeout=PATIENCE)
        assert running.returncode == 0


def test_a_bar_does_not_outlive_a_launcher_that_is_killed(desktop: Desktop, slow_helper: threading.Event):
    desktop.has("xclip", TAKES_INPUT)
    desktop.has("zenity", UNTIL_END_OF_INPUT)
    with desktop.start_copy() as running:
        desktop.arguments("zenity")
        running.kill()
        wait_until((desktop.calls / "zenity.ended").exists, "the bar's end")
    assert desktop.called() == ["zenity"]


def test_quick_work_shows_no_bar(desktop: Desktop, helper):
    helper(lambda _: answer(url=NEW_URL))
    desktop.has("xclip", TAKES_INPUT)
    desktop.has("notify-send")
    desktop.has("zenity", UNTIL_END_OF_INPUT)
    assert desktop.copy().returncode == 0
    assert desktop.called() == ["notify-send", "xclip"]


def test_where_there_is_no_bar_a_notification_does(desktop: Desktop, slow_helper: threading.Event):
    desktop.has("xclip", TAKES_INPUT)
    desktop.has("notify-send")
    with desktop.start_copy() as running:
        assert "Getting a link" in desktop.arguments("notify-send")[-1]
        slow_helper.set()
        running.communicate(timeout=PATIENCE)
        assert running.returncode == 0


# ---- the real zenity -------------------------------------------------------------------------------------------------

@pytest.fixture
def display(desktop: Desktop) -> Iterator[str]:
    reading, writing = os.pipe()
    server = subprocess.Popen(["Xvfb", "-displayfd", str(writing), "-screen", "0", "900x420x24", "-nolisten", "tcp"],
                              pass_fds=[writing], stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                              stderr=subprocess.DEVNULL)
    os.close(writing)
    with os.fdopen(reading) as numbers:
        name = ":" + numbers.readline().strip()
    (desktop.programs / "zenity").symlink_to(shutil.which("zenity"))
    desktop.environment["DISPLAY"] = name
    yield name
    server.terminate()
    server.wait(PATIENCE)


def bar_is_shown() -> bool:
    return subprocess.run(["pgrep", "--full", "zenity --progress"], stdout=subprocess.DEVNULL).returncode == 0


def windows(display: str) -> list[str]:
    done = subprocess.run(["xdotool", "search", "--onlyvisible", "--name", "^SageMaker Studio$"], capture_output=True,
                          text=True, env={**os.environ, "DISPLAY": display}, timeout=PATIENCE)
    return done.stdout.split()


def keep_picture(display: str, name: str) -> None:
    if shutil.which("import") is None or "SANDBOX_RESULTS" not in os.environ:
        return
    time.sleep(0.5)  # for a person who looks at it, until it is painted; nothing is asserted
    subprocess.run(["import", "-window", "root", f"{os.environ['SANDBOX_RESULTS']}/{name}.png"], timeout=PATIENCE,
                   env={**os.environ, "DISPLAY": display})


@pytest.mark.skipif(not all(map(shutil.which, ("Xvfb", "zenity", "xdotool"))), reason="needs Xvfb, zenity and xdotool")
def test_the_real_zenity_shows_bar_and_dialog(desktop: Desktop, helper, display: str):
    go_on = threading.Event()

    def respond(_: int) -> bytes:
        go_on.wait(PATIENCE)
        return refusal(message='"User: arn:aws:sts::111122223333:assumed-role/<b>host</b>/i-0 & co" is \\not allowed',
                       contact="ask it-desk@example.com", request_id="0f3d")

    helper(respond)
    desktop.has("xclip", TAKES_INPUT)
    with desktop.start_copy() as running:
        wait_until(lambda: windows(display), "the bar")
        keep_picture(display, "zenity-progress")
        go_on.set()
        wait_until(lambda: not bar_is_shown(), "the bar's end")  # the dialog may get its window's number
        wait_until(lambda: windows(display), "the dialog")
        keep_picture(display, "zenity-error")
        running.communicate(timeout=PATIENCE)
    assert len(windows(display)) == 1
