"""What a desktop session starts: the icon, once and in the right folder, and Studio where the administrator wants it.

SPDX-License-Identifier: MIT
"""

import ctypes
import os
import pwd
import re
import shutil
import stat
import struct
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from login_host import eventually
from test_launcher import Helper, message

ENTRY = "/share/applications/sagemaker-studio.desktop"  # below whatever prefix
ICON = "sagemaker-studio.desktop"
PATIENCE = 30


def whoami(**changes: str) -> bytes:
    return message(**{"status": "ok", "user_profile_name": "alice-tanaka", "domain": "research", "icon": "yes",
                      "open_at_login": "no", **changes})


class Session:
    """A desktop session of somebody with a home folder: no runtime folder, no bus, and nothing from any PAM session."""

    def __init__(self, program: Path, folder: Path) -> None:
        self.program = program
        self.home = folder / "home"
        self.programs = folder / "bin"
        self.socket = folder / "helper.sock"
        for path in (self.home, self.programs):
            path.mkdir(0o700)
        self.environment = {"HOME": str(self.home), "PATH": str(self.programs)}

    @property
    def desktop(self) -> Path:
        return self.home / "Desktop"

    @property
    def icon(self) -> Path:
        return self.desktop / ICON

    @property
    def mark(self) -> Path:
        return self.home / ".local/state/sagemaker-studio/icon-placed"

    def command(self, *arguments: str) -> list[str]:
        return [str(self.program), "autostart", "--socket", str(self.socket), *arguments]

    def run(self, *arguments: str, **options) -> subprocess.CompletedProcess:
        return subprocess.run(self.command(*arguments), env=self.environment, stdin=subprocess.DEVNULL, text=True,
                              capture_output=True, timeout=PATIENCE, **options)

    def log_in(self) -> None:
        """As it goes for most people on most days: nothing is said."""
        done = self.run()
        assert (done.returncode, done.stdout, done.stderr) == (0, "", "")

    def name_desktop(self, name: str) -> Path:
        """As xdg-user-dirs-update does: the folder, then the file that names it."""
        folder = self.home / name
        folder.mkdir(exist_ok=True)
        config = self.home / ".config"
        config.mkdir(exist_ok=True)
        (config / "new").write_text(f'XDG_DESKTOP_DIR="$HOME/{name}"\n')
        (config / "new").rename(config / "user-dirs.dirs")
        return folder

    def has_a_display(self) -> None:
        """And a browser, for without one no link is asked for."""
        self.environment["DISPLAY"] = ":77"
        self.add_program("firefox", "")

    def add_program(self, name: str, script: str) -> None:
        path = self.programs / name
        path.write_text(f"#!/bin/sh\n{script}\n")
        path.chmod(0o755)


@pytest.fixture
def session(request: pytest.FixtureRequest, folder: Path) -> Session:
    program = os.environ.get("LAUNCHER")
    return Session(Path(program) if program else request.getfixturevalue("build").launcher, folder)


@pytest.fixture
def helper(session: Session) -> Iterator[Callable[[Callable[[int], bytes]], Helper]]:
    started: list[Helper] = []

    def start(respond: Callable[[int], bytes]) -> Helper:
        started.append(Helper(session.socket, respond))
        return started[-1]

    yield start
    for each in started:
        each.stop()


@pytest.fixture
def mapped(helper) -> Helper:
    return helper(lambda _: whoami())


def identity(icon: Path) -> tuple[int, ...]:
    """What changes when somebody writes it anew; reading a link changes its time of access alone."""
    status = icon.lstat()
    return status.st_ino, status.st_mode, status.st_size, status.st_mtime_ns, status.st_ctime_ns


class FolderWatch:
    """What inotify(7) tells a desktop about its folder."""

    NAMES = {0x100: "made", 0x80: "moved here", 0x40: "moved away", 0x200: "deleted"}

    def __init__(self, folder: Path):
        library = ctypes.CDLL(None, use_errno=True)
        self.descriptor = library.inotify_init1(os.O_NONBLOCK | os.O_CLOEXEC)
        assert library.inotify_add_watch(self.descriptor, os.fsencode(folder), sum(self.NAMES)) >= 0

    def events(self) -> list[tuple[str, str]]:
        content, found = os.read(self.descriptor, 65536), []
        while content:
            _, mask, _, length = struct.unpack_from("iIII", content)
            found.append((self.NAMES[mask], os.fsdecode(content[16 : 16 + length].rstrip(b"\0"))))
            content = content[16 + length :]
        return found

    def __enter__(self) -> "FolderWatch":
        return self

    def __exit__(self, *_) -> None:
        os.close(self.descriptor)


def is_ours(icon: Path) -> bool:
    return icon.is_symlink() and os.readlink(icon).endswith(ENTRY)


# ---- the icon --------------------------------------------------------------------------------------------------------

def test_the_first_login_puts_the_icon_on_the_desktop(session: Session, mapped: Helper):
    session.log_in()
    assert is_ours(session.icon)
    assert b"op=whoami\n" in mapped.requests[0] and len(mapped.requests) == 1


def test_nothing_else_appears_in_the_home_folder(session: Session, mapped: Helper):
    session.log_in()
    found = {str(path.relative_to(session.home)) for path in session.home.rglob("*") if not path.is_dir()}
    assert found == {f"Desktop/{ICON}", ".local/state/sagemaker-studio/icon-placed"}
    assert stat.S_IMODE(session.mark.stat().st_mode) == 0o600
    assert stat.S_IMODE(session.mark.parent.stat().st_mode) == 0o700


@pytest.mark.parametrize("name", ["Schreibtisch", "デスクトップ", "바탕화면", "Área de trabalho", "桌面"])
def test_the_desktop_has_its_name_in_any_language(session: Session, mapped: Helper, name: str):
    folder = session.name_desktop(name)
    session.log_in()
    assert is_ours(folder / ICON)
    assert not session.desktop.exists()


def test_an_icon_that_was_deleted_stays_deleted(session: Session, mapped: Helper):
    session.log_in()
    session.icon.unlink()
    session.log_in()
    assert list(session.desktop.iterdir()) == []


def test_an_icon_that_was_renamed_is_not_placed_again(session: Session, mapped: Helper):
    session.log_in()
    session.icon.rename(session.desktop / "Studio.desktop")
    session.log_in()
    assert [path.name for path in session.desktop.iterdir()] == ["Studio.desktop"]


def test_a_new_language_makes_no_second_icon(session: Session, mapped: Helper):
    session.log_in()
    folder = session.name_desktop("Bureau")
    session.log_in()
    assert list(folder.iterdir()) == [] and is_ours(session.icon)


def test_later_logins_make_no_desktop_folder(session: Session, mapped: Helper):
    session.log_in()
    shutil.rmtree(session.desktop)
    session.log_in()
    assert not session.desktop.exists()


def test_people_without_a_desktop_folder_get_no_icon(session: Session, mapped: Helper):
    session.name_desktop("")
    session.log_in()
    assert not (session.home / ICON).is_symlink() and not session.mark.exists()


FOREIGN = {
    "a file": lambda path: path.write_text("[Desktop Entry]\n"),
    "a folder": lambda path: path.mkdir(),
    "a link": lambda path: path.symlink_to("/usr/share/applications/other.desktop"),
    "a link to nowhere": lambda path: path.symlink_to("nowhere"),
}


@pytest.mark.parametrize("plant", FOREIGN.values(), ids=FOREIGN)
def test_what_has_the_icons_name_and_is_not_ours_is_left_alone(session: Session, mapped: Helper, plant):
    session.desktop.mkdir()
    plant(session.icon)
    before = identity(session.icon)
    session.log_in()
    assert identity(session.icon) == before and not session.mark.exists()
    done = session.run("--restore-icon")
    assert done.returncode == 1 and str(session.icon) in done.stderr
    assert identity(session.icon) == before


def test_a_link_to_where_the_package_was_before_is_set_right(session: Session, mapped: Helper):
    session.log_in()
    right = os.readlink(session.icon)
    session.icon.unlink()
    session.icon.symlink_to("/opt/studio" + ENTRY)
    session.log_in()
    assert os.readlink(session.icon) == right


def test_the_administrator_may_want_no_icons(session: Session, helper):
    helper(lambda _: whoami(icon="no"))
    session.log_in()
    assert list(session.home.iterdir()) == []


def test_sessions_that_start_together_make_one_icon(session: Session, mapped: Helper):
    running = [subprocess.Popen(session.command(), env=session.environment, stderr=subprocess.PIPE) for _ in range(8)]
    ends = [(process.communicate(timeout=PATIENCE)[1], process.returncode) for process in running]
    assert ends == [(b"", 0)] * 8
    assert is_ours(session.icon) and len(list(session.desktop.iterdir())) == 1


def test_the_state_folder_may_lie_elsewhere(session: Session, mapped: Helper, folder: Path):
    session.environment["XDG_STATE_HOME"] = str(folder / "state")
    session.log_in()
    assert (folder / "state/sagemaker-studio/icon-placed").exists() and not session.mark.exists()


def test_a_state_that_cannot_be_written_is_one_sentence(session: Session, mapped: Helper):
    (session.home / ".local").write_text("")
    done = session.run()
    assert done.returncode == 1 and done.stderr.count("\n") == 1 and str(session.mark) in done.stderr


def test_without_a_home_there_is_one_sentence(session: Session, mapped: Helper):
    del session.environment["HOME"]
    done = session.run()
    assert done.returncode == 1 and done.stderr.count("\n") == 1 and "HOME" in done.stderr


# ---- getting it back -------------------------------------------------------------------------------------------------

def test_the_icon_comes_back_when_asked_for_even_without_a_helper(session: Session):
    session.mark.parent.mkdir(parents=True)
    session.mark.write_text("")
    done = session.run("--restore-icon")
    assert (done.returncode, done.stderr) == (0, "") and str(session.icon) in done.stdout
    assert is_ours(session.icon)


@pytest.mark.parametrize("arguments", [[], ["--restore-icon"]])
def test_root_in_a_users_environment_makes_nothing(session: Session, mapped: Helper, arguments: list[str]):
    """As after `sudo -E`: what root made in a home folder would be in its owner's way."""
    if os.geteuid() != 0:
        pytest.skip("needs root, as in the sandbox")
    os.chown(session.home, pwd.getpwnam("nobody").pw_uid, -1)
    done = session.run(*arguments)
    assert (done.returncode, done.stdout, mapped.requests) == (1, "", []) and "run it as that user" in done.stderr
    assert list(session.home.iterdir()) == []


def test_what_was_restored_and_deleted_stays_deleted(session: Session, mapped: Helper):
    session.run("--restore-icon")
    session.icon.unlink()
    session.log_in()
    assert not session.icon.is_symlink()


def test_restoring_what_is_there_changes_nothing(session: Session, mapped: Helper):
    session.log_in()
    before = identity(session.icon)
    assert session.run("--restore-icon").returncode == 0
    assert identity(session.icon) == before


# ---- a desktop that starts at the same moment ------------------------------------------------------------------------

class FirstLogin:
    """One with a display, at the time when its icon is there, and before it is announced again."""

    def __init__(self, session: Session):
        session.environment["DISPLAY"] = ":77"
        self.session = session
        self.process = subprocess.Popen(session.command(), env=session.environment, stdin=subprocess.DEVNULL,
                                        stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        eventually("the icon", lambda: session.icon.is_symlink() and session.mark.exists())

    def finish(self) -> None:
        assert self.process.communicate(timeout=PATIENCE) == (b"", b"") and self.process.returncode == 0
        assert [path.name for path in self.session.mark.parent.iterdir()] == [self.session.mark.name]


def test_a_desktop_that_has_missed_the_icon_hears_of_it_again(session: Session, mapped: Helper):
    """As from a file that is moved there: a new one, never absent, with no other name before."""
    session.desktop.mkdir()
    with FolderWatch(session.desktop) as watch:
        FirstLogin(session).finish()
        assert watch.events() == [("made", ICON), ("moved here", ICON)]
    assert is_ours(session.icon)


@pytest.mark.parametrize("change", [lambda icon: icon.unlink(), lambda icon: icon.rename(icon.with_name("S.desktop")),
                                    lambda icon: (icon.unlink(), icon.write_text("mine"))],
                         ids=["deleted", "renamed", "replaced"])
def test_what_the_user_does_to_the_icon_meanwhile_stays(session: Session, mapped: Helper, change):
    login = FirstLogin(session)
    change(session.icon)
    before = {path.name: identity(path) for path in session.desktop.iterdir()}
    login.finish()
    assert {path.name: identity(path) for path in session.desktop.iterdir()} == before


def test_a_desktop_folder_that_goes_meanwhile_is_not_made_again(session: Session, mapped: Helper):
    login = FirstLogin(session)
    shutil.rmtree(session.desktop)
    login.finish()
    assert not session.desktop.exists()


def test_what_an_interrupted_login_has_left_is_in_no_ones_way(session: Session, mapped: Helper):
    session.mark.parent.mkdir(parents=True)
    session.mark.with_name("icon-placed-anew").symlink_to("/nonexistent")
    session.desktop.mkdir()
    with FolderWatch(session.desktop) as watch:
        FirstLogin(session).finish()
        assert watch.events() == [("made", ICON), ("moved here", ICON)]
    assert is_ours(session.icon)


def test_later_logins_announce_nothing(session: Session, mapped: Helper):
    session.log_in()
    before = identity(session.icon)
    session.environment["DISPLAY"] = ":77"
    session.log_in()
    assert identity(session.icon) == before


# ---- trust -----------------------------------------------------------------------------------------------------------

def test_gnome_is_told_to_trust_the_icon_once(session: Session, mapped: Helper):
    session.add_program("gio", f'[ -L "{session.icon}" ] && printf "%s\\n" "$@" >>"{session.home}/told"')
    session.environment["DBUS_SESSION_BUS_ADDRESS"] = "unix:path=/nonexistent"
    session.log_in()
    session.log_in()
    told = (session.home / "told").read_text().splitlines()
    assert told == ["set", "-t", "string", str(session.icon), "metadata::trusted", "true"]


def test_without_a_session_bus_nothing_is_told(session: Session, mapped: Helper):
    session.add_program("gio", f': >"{session.home}/told"')
    session.log_in()
    assert is_ours(session.icon) and not (session.home / "told").exists()


def test_a_program_that_never_ends_holds_nothing_up(session: Session, mapped: Helper):
    session.add_program("gio", f'echo $$ >"{session.home}/pid"; exec /bin/sleep 600')
    session.environment["DBUS_SESSION_BUS_ADDRESS"] = "unix:path=/nonexistent"
    session.log_in()
    assert is_ours(session.icon)
    with pytest.raises(ProcessLookupError):
        os.kill(int((session.home / "pid").read_text()), 0)


# ---- who gets something, and when ------------------------------------------------------------------------------------

@pytest.mark.parametrize("said", [message(status="none", reason="no-rule", contact="it-desk@example.com"),
                                  message(status="error", code="not-eligible", message="uid 0 is not a person's")],
                         ids=["not mapped", "not eligible"])
def test_those_who_have_nothing_to_do_with_studio_notice_nothing(session: Session, helper, said: bytes):
    helper(lambda _: said)
    session.log_in()
    assert list(session.home.iterdir()) == []


def test_an_error_of_the_helpers_is_one_sentence_and_no_icon(session: Session, helper):
    helper(lambda _: message(status="error", code="config", message="the map has an error"))
    done = session.run()
    assert done.returncode == 1 and done.stderr.count("\n") == 1 and "the map has an error" in done.stderr
    assert list(session.home.iterdir()) == []


def test_a_helper_that_restarts_is_asked_again(session: Session, helper):
    asked = helper(lambda count: b"" if count < 3 else whoami())
    session.log_in()
    assert is_ours(session.icon) and len(asked.requests) == 3


def test_a_helper_that_comes_late_is_waited_for(session: Session, helper):
    process = subprocess.Popen(session.command(), env=session.environment, stderr=subprocess.PIPE)
    helper(lambda _: whoami())
    assert process.communicate(timeout=PATIENCE) == (None, b"") and process.returncode == 0
    assert is_ours(session.icon)


def test_a_host_without_a_helper_is_one_sentence(session: Session):
    done = session.run()
    assert done.returncode == 1 and done.stderr.count("\n") == 1
    assert list(session.home.iterdir()) == []


# ---- opening Studio --------------------------------------------------------------------------------------------------

def refusal() -> bytes:
    return message(status="error", code="throttled", message="too many people at once")


def test_studio_is_opened_where_the_administrator_wants_it(session: Session, helper):
    session.has_a_display()
    asked = helper(lambda count: whoami(open_at_login="yes") if count == 1 else refusal())
    done = session.run()
    assert b"op=issue\n" in asked.requests[-1]
    assert done.returncode == 1 and "too many people at once" in done.stderr
    assert is_ours(session.icon)


def test_studio_is_not_opened_otherwise(session: Session, mapped: Helper):
    session.log_in()
    assert not any(b"op=issue\n" in request for request in mapped.requests)


def test_without_a_display_no_link_gets_into_the_log_of_the_session(session: Session, helper):
    """There `open` would print it, and what a session's programs print is kept."""
    asked = helper(lambda _: whoami(open_at_login="yes"))
    session.log_in()
    assert len(asked.requests) == 1 and is_ours(session.icon)


def test_opening_does_not_wait_for_the_icon(session: Session, helper):
    """At a first login the icon waits for the name of the desktop folder, which here comes after `open` has asked."""

    def respond(count: int) -> bytes:
        if count == 1:
            return whoami(open_at_login="yes")
        session.name_desktop("Bureau")
        return refusal()

    session.has_a_display()
    session.add_program("xdg-user-dirs-update", "")
    helper(respond)
    session.run()
    assert is_ours(session.home / "Bureau" / ICON) and not session.desktop.exists()


# ---- the whole of it -------------------------------------------------------------------------------------------------

def test_a_mapped_user_gets_the_icon_from_the_real_helper(session: Session, start_helper, config, user):
    config.set_domain(more="[desktop]\nopen_at_login = no\nicon = yes\n")
    session.socket = start_helper().socket
    options = {}
    if os.geteuid() == 0:  # in the sandbox, where the launcher is installed
        account = pwd.getpwnam(user.name)
        session.program = Path("/usr/bin/sagemaker-studio")
        os.chown(session.home, account.pw_uid, account.pw_gid)
        options = {"user": account.pw_uid, "group": account.pw_gid, "extra_groups": [], "umask": 0o022}
    done = session.run(cwd="/", **options)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    assert is_ours(session.icon)


def test_help_and_mistakes(session: Session):
    shown = session.run("--help")
    assert shown.returncode == 0 and re.match(r"usage: sagemaker-studio autostart .*--restore-icon", shown.stdout)
    for wrong in ("--wrong", "extra"):
        assert session.run(wrong).returncode == 2
