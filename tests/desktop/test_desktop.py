"""A day at a desktop host, from the first login by RDP to the last logout, told in the order in which it happens: each
test goes on where the one before it has ended.  What a user does goes through the RDP client; what he sees is pixels.

SPDX-License-Identifier: MIT
"""

import json
import shutil
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from desktop_host import BACKGROUND, HERE, PATIENCE, DesktopHost, Person, processes_of
from eavesdropper import TOKEN, Eavesdropper
from login_host import LOG_FILE, eventually, run
from rdp_client import RdpClient
from stand_in_aws import StandInAws
from studio_stand_in import band

ICON = (70, 75)  # its middle: the first cell of the desktop's grid
PANELS = ((0, 0, 100, 24), (362, 722, 300, 44))  # left, top, width, height of what is in them
ASIDE = (900, 590)  # where the mouse covers nothing
LINK_FILES = ("session", "spent", "open")
ENTRY = "sagemaker-studio.desktop"
SHORT_LIFE = 20  # seconds


class Desktop:
    """What one does and sees at the client."""

    def __init__(self, host: DesktopHost, client: RdpClient, pictures: Path):
        self.host = host
        self.client = client
        self.pictures = pictures

    def log_in(self, person: Person) -> None:
        self.client.connect(person.name, person.password)
        self.client.sees("the desktop", lambda: self.client.screen.count(BACKGROUND) > 100_000, PATIENCE)
        self.client.sees("the panels", lambda: all(self.client.screen.colours(*area) > 20 for area in PANELS), PATIENCE)

    def log_out(self, person: Person) -> None:
        closed = self.host.sessions_closed(person)
        person.run("xfce4-session-logout", "--logout", "--fast")
        eventually("the session to be closed", lambda: self.host.sessions_closed(person) > closed, PATIENCE)
        self.client.wait_for_end()

    def double_click_icon(self, person: Person) -> None:
        """Not within the moment after another click in which a further one is taken for impatience, nor while the icon
        may be replaced between the two clicks."""
        eventually("the icon to be announced", lambda: not person.is_starting_session(), PATIENCE)
        eventually("the moment to be over", lambda: not person.is_opening_studio(), PATIENCE)
        self.client.double_click(*ICON)
        self.client.point_at(*ASIDE)

    def shows_icon(self) -> bool:
        left, top = ICON[0] - 24, ICON[1] - 24
        return self.client.screen.colours(left, top, 48, 48) > 20

    def wait_for_icon(self) -> None:
        self.client.sees("the icon", self.shows_icon, PATIENCE)

    def wait_for_studio(self, number: int) -> None:
        """The page that only the link redeemed as the number-th leads to."""
        colour = band(number)
        self.client.sees(f"page {number} of Studio", lambda: self.client.screen.count(colour) > 20_000, PATIENCE)

    def take_picture(self, name: str) -> None:
        """As soon as nothing moves any more."""
        seen = [b""]

        def is_still() -> bool:
            time.sleep(0.2)
            seen.append(b"".join(self.client.screen.rows(top=30)))  # below the clock
            return seen[-1] == seen[-2]

        eventually("the screen to be still", is_still)
        self.client.screen.save(self.pictures / f"{name}.png")


@pytest.fixture(scope="module")
def desktop(host: DesktopHost, client: RdpClient, pictures: Path) -> Desktop:
    return Desktop(host, client, pictures)


@pytest.fixture(scope="module")
def eavesdropper(host: DesktopHost) -> Iterator[Eavesdropper]:
    result = Eavesdropper(host.bob.uid)
    yield result
    result.stop()


@pytest.fixture(scope="module")
def aws(session_aws: StandInAws) -> StandInAws:
    """As it has been left by the step before."""
    return session_aws


@pytest.fixture
def alice(host: DesktopHost) -> Person:
    return host.alice


@pytest.fixture
def dave(host: DesktopHost) -> Person:
    return host.dave


@pytest.fixture(autouse=True)
def traces_of_failure(request: pytest.FixtureRequest, desktop: Desktop) -> Iterator[None]:
    """A picture, and the logs, beside the pictures of what went well."""
    failures = request.session.testsfailed
    yield
    if request.session.testsfailed > failures:
        folder = desktop.pictures / f"failed-{request.node.name}"
        folder.mkdir(exist_ok=True)
        desktop.client.screen.save(folder / "screen.png")
        for log in desktop.host.logs():
            shutil.copy(log, folder / log.name.lstrip("."))


def login_link(person: Person) -> dict[str, str]:
    (name,) = person.link_files("session")
    content = (person.link_folder / name).read_text()
    return dict(line.split("=", 1) for line in content.splitlines() if line)


def token_of(link: dict[str, str]) -> str:
    return link["url"].partition("token=")[2]


def x_servers(person: Person) -> dict[str, list[str]]:
    """Those that he finds, and those that let him in without a cookie."""
    return json.loads(run(sys.executable, HERE / "display_intruder.py", person.uid, check=True).stdout)


remembered: dict[str, str] = {}


# ---- the first login of a new user -----------------------------------------------------------------------------------


def test_the_icon_is_there_in_the_first_session(host, desktop, aws, alice, eavesdropper):
    assert list(alice.home.iterdir()) == []
    desktop.log_in(alice)
    desktop.wait_for_icon()
    assert host.sessions_opened(alice) == 1
    assert aws.count("api") == 1
    remembered["token"] = token_of(login_link(alice))
    desktop.take_picture("desktop-with-icon")


def test_a_double_click_opens_studio_with_the_link_of_the_login(host, desktop, aws, alice):
    """With no question in between: XFCE with gvfs asks before it starts what it does not trust, and the page would not
    come; without gvfs it asks less."""
    assert any(process.program == "gvfsd" for process in processes_of(alice.uid))
    desktop.double_click_icon(alice)
    desktop.wait_for_studio(1)
    (redeemed,) = host.studio.redeemed
    assert (redeemed.who, redeemed.token) == ("alice-tanaka", remembered["token"])
    assert aws.count("api") == 1, "the link of the login was there, and fresh"
    (spent,) = alice.link_files("session", "spent")
    assert spent.startswith("spent-")
    desktop.take_picture("studio-open")


def test_the_link_is_in_no_command_line_and_no_environment(alice):
    """Whoever could look: this is root."""
    assert any(process.program == "chromium" for process in processes_of(alice.uid))
    for process in processes_of(alice.uid):
        assert not [word for word in process.arguments if TOKEN in word or "token=" in word], process.program
        assert not [value for value in process.environment().values() if TOKEN in value], process.program


def test_nobody_else_is_let_into_the_x_server(host, alice):
    servers = x_servers(alice)
    assert {"/tmp/.X11-unix/X10", "@/tmp/.X11-unix/X10"} <= set(servers["let_in"]), "the user herself needs no cookie"
    assert x_servers(host.bob) == {"found": servers["found"], "let_in": []}


def test_another_click_opens_studio_with_a_new_link(host, desktop, aws, alice):
    desktop.double_click_icon(alice)
    desktop.wait_for_studio(2)
    assert aws.count("api") == 2
    assert host.studio.redeemed[1].token not in (remembered["token"], "")


# ---- the rest of the day ---------------------------------------------------------------------------------------------


def test_a_page_that_held_a_link_goes_when_the_link_does(host, desktop, aws, alice):
    host.config.set(expires_in_seconds=SHORT_LIFE)
    host.studio.link_life = SHORT_LIFE
    before = set(alice.link_files("open"))
    desktop.double_click_icon(alice)
    desktop.wait_for_studio(3)
    (page,) = set(alice.link_files("open")) - before
    remembered["page"] = page
    assert aws.count("api") == 3


def test_reconnecting_shows_the_same_session_and_opens_no_other(host, desktop, aws, alice):
    desktop.client.disconnect()
    desktop.client.connect(alice.name, alice.password)
    desktop.wait_for_studio(3)
    assert host.sessions_opened(alice) == 1
    assert aws.count("api") == 3


def test_somebody_without_a_rule_is_told_so_in_a_dialog(host, desktop, aws, alice):
    host.config.set_map(host.config.MAP.replace("alice", "#alice"))
    desktop.double_click_icon(alice)
    visible = ("xdotool", "search", "--onlyvisible", "--class", "zenity")
    eventually("a dialog", lambda: alice.run(*visible).stdout, PATIENCE)
    (dialog,) = [process for process in processes_of(alice.uid) if process.program == "zenity"]
    assert "it-desk@example.com" in " ".join(dialog.arguments)
    desktop.take_picture("not-mapped")
    desktop.client.press("Return")
    eventually("the dialog to go", lambda: not any(p.program == "zenity" for p in processes_of(alice.uid)), PATIENCE)
    assert aws.count("api") == 3
    host.config.set_map(host.config.MAP)


def test_past_the_life_of_the_last_link_a_click_opens_studio_with_a_new_one(host, desktop, aws, alice):
    eventually("the page to go", lambda: remembered["page"] not in alice.link_files("open"), SHORT_LIFE + PATIENCE)
    host.config.set()
    host.studio.link_life = 300
    desktop.double_click_icon(alice)
    desktop.wait_for_studio(4)
    assert aws.count("api") == 4


def test_after_the_logout_nothing_is_left(desktop, alice):
    assert alice.link_files("spent") != [] and alice.link_files("open") != []
    (alice.home / "Desktop" / ENTRY).unlink()  # for the next login
    desktop.log_out(alice)
    eventually("the files to go", lambda: alice.link_files(*LINK_FILES) == [], PATIENCE)
    eventually("programs of ours to end", lambda: not [process for process in processes_of(alice.uid)
                                                       if "sagemaker-studio" in process.program], PATIENCE)


# ---- the next login, and another user --------------------------------------------------------------------------------


def test_with_open_at_login_studio_opens_by_itself_and_a_deleted_icon_stays_deleted(host, desktop, aws, alice):
    host.config.set(open_at_login="yes")
    desktop.log_in(alice)
    desktop.wait_for_studio(5)
    assert aws.count("api") == 5, "the login's own link is the one that is opened"
    assert list((alice.home / "Desktop").iterdir()) == []
    assert not desktop.shows_icon()
    desktop.take_picture("opened-at-login")
    desktop.log_out(alice)
    host.config.set(expires_in_seconds=SHORT_LIFE)


def test_the_icon_goes_into_the_desktop_folder_whatever_its_name(host, desktop, dave):
    dave.write(dave.home / ".config/user-dirs.dirs", 'XDG_DESKTOP_DIR="$HOME/デスクトップ"\n')
    dave.make_folder(dave.home / "デスクトップ")
    desktop.log_in(dave)
    desktop.wait_for_icon()
    assert (dave.home / "デスクトップ" / ENTRY).is_symlink()
    assert not (dave.home / "Desktop").exists()


def test_a_login_link_that_has_expired_is_not_opened(host, desktop, aws, dave):
    link = login_link(dave)
    host.config.set()
    eventually("the link to be too old", lambda: time.time() > int(link["expires_at"]) - 9, PATIENCE)
    desktop.double_click_icon(dave)
    desktop.wait_for_studio(6)
    assert aws.count("api") == 7
    assert host.studio.redeemed[-1].token != token_of(link)
    assert host.studio.redeemed[-1].who == "dave-mori"
    desktop.log_out(dave)


# ---- looking back ----------------------------------------------------------------------------------------------------


def test_nobody_else_has_seen_a_token(eavesdropper):
    assert eavesdropper.found() == []


def test_no_token_is_in_a_log(host):
    logs = host.logs()
    assert LOG_FILE in logs and host.alice.home / ".xsession-errors" in logs
    assert [log for log in logs if TOKEN in log.read_text(errors="replace")] == []


def test_every_link_was_good_and_opened_once(host, aws):
    assert aws.violations == []
    assert host.studio.refused == []
    assert len({redemption.token for redemption in host.studio.redeemed}) == 6
