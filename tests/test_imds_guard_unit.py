"""The unit that keeps people away from the instance metadata service, under a real systemd.

SPDX-License-Identifier: MIT
"""

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from login_host import eventually, run
from metadata_wire import IPV4, IPV6, Here, MetadataWire

pytestmark = pytest.mark.skipif(not Path("/run/studio-systemd-box").exists(), reason="only in tests/systemd-box")

UNIT, FIREWALL = "sagemaker-studio-imds-guard.service", "nftables.service"
DROP_INS = Path("/run/systemd/system") / f"{UNIT}.d"
ALICE, BOB, NOBODY = 12001, 12002, 65534
REFUSED = "ECONNREFUSED"
EXPOSURE = 15  # tenths, of `systemd-analyze security`


def systemctl(*words: str) -> str:
    done = run("systemctl", *words)
    assert done.returncode == 0, f"systemctl {' '.join(words)}: {done.stderr}"
    return done.stdout.strip()


def is_active(unit: str = UNIT) -> bool:
    return run("systemctl", "is-active", "--quiet", unit).returncode == 0


@pytest.fixture(scope="module")
def wire() -> Iterator[MetadataWire]:
    wire = MetadataWire(Here())
    yield wire
    wire.close()


@pytest.fixture(autouse=True)
def nothing_left() -> Iterator[None]:
    yield
    systemctl("stop", UNIT, FIREWALL)
    assert run("nft", "list", "ruleset").stdout == ""


def test_systemd_has_nothing_to_say_about_the_unit_and_it_is_hardly_exposed():
    verified = run("systemd-analyze", "verify", "--man=no", UNIT)
    assert (verified.returncode, verified.stdout, verified.stderr) == (0, "", "")
    done = run("systemd-analyze", "security", f"--threshold={EXPOSURE}", "--no-pager", UNIT)
    assert done.returncode == 0, done.stdout


def test_installing_enables_nothing(wire):
    assert run("systemctl", "is-enabled", UNIT).stdout.strip() == "disabled"
    assert not is_active() and wire.ask(ALICE) == "200"


@pytest.mark.parametrize("address", [IPV4, IPV6])
def test_it_keeps_people_out_while_it_is_active(wire, address):
    systemctl("start", UNIT)
    assert [wire.ask(uid, address) for uid in (ALICE, NOBODY)] == [REFUSED] * 2
    assert wire.ask(ALICE, address, in_namespace_of_his_own=True) == REFUSED
    assert wire.ask(int(run("id", "-u", "sagemaker-studio").stdout), address) == "200"
    systemctl("reload", UNIT)
    assert wire.ask(ALICE, address) == REFUSED
    systemctl("stop", UNIT)
    assert wire.ask(ALICE, address) == "200"


def test_a_dynamic_user_of_systemd_is_a_service(wire):
    systemctl("start", UNIT)
    wire.assert_it_leads_nowhere(wire.host)
    asks = "import http.client; c = http.client.HTTPConnection('%s', timeout=10); c.request('GET', '/'); " % IPV4
    done = run("systemd-run", "--quiet", "--pipe", "--wait", "--collect", "--property=DynamicUser=yes",
               "/usr/bin/python3", "-I", "-c", asks + "import os; print(os.getuid() > 61183, c.getresponse().status)")
    assert done.stdout == "True 200\n", done.stderr


def test_a_drop_in_lets_more_accounts_through(wire):
    DROP_INS.mkdir(parents=True)
    (DROP_INS / "test.conf").write_text('[Service]\nEnvironment="ALLOWED_ACCOUNTS=bob no-such-account"\n')
    systemctl("daemon-reload")
    try:
        systemctl("start", UNIT)
        assert [wire.ask(uid) for uid in (BOB, ALICE)] == ["200", REFUSED]
        run("journalctl", "--sync")
        assert "no-such-account is neither a local account" in run("journalctl", f"--unit={UNIT}", "--boot").stdout
    finally:
        shutil.rmtree(DROP_INS)
        systemctl("daemon-reload")


@pytest.mark.parametrize("verb", ["restart", "reload"])
def test_it_outlives_what_the_hosts_own_firewall_does(wire, verb):
    """Debian's nftables.conf begins with `flush ruleset`."""
    systemctl("start", FIREWALL, UNIT)
    assert "flush ruleset" in Path("/etc/nftables.conf").read_text()
    systemctl(verb, FIREWALL)
    eventually("the guard to be there again", lambda: is_active() and wire.ask(ALICE) == REFUSED)


def test_it_says_so_when_the_hosts_firewall_is_stopped_and_took_it_along(wire):
    systemctl("start", FIREWALL, UNIT)
    systemctl("stop", FIREWALL)
    eventually("the guard to be inactive", lambda: not is_active())


# As cloud-init's on EC2 images of Debian and Ubuntu: it wants the network before sysinit.target.
EARLY_NETWORK_USER = """\
[Unit]
DefaultDependencies=no
After=network-pre.target
Before=sysinit.target
[Service]
ExecStart=/bin/true
"""


def test_it_comes_before_the_network_and_makes_no_circle_with_what_needs_the_network_early():
    units = Path("/run/systemd/system")
    early, wanted = units / "early-network-user.service", units / "sysinit.target.wants"
    early.write_text(EARLY_NETWORK_USER)
    wanted.mkdir()
    (wanted / early.name).symlink_to(early)
    systemctl("enable", UNIT)
    try:
        assert "network-pre.target" in systemctl("show", "--value", "--property=Before", UNIT).split()
        done = run("systemd-analyze", "verify", "--man=no", "multi-user.target")
        assert "cycle" not in done.stderr, done.stderr
    finally:
        systemctl("disable", UNIT)
        shutil.rmtree(wanted)
        early.unlink()
        systemctl("daemon-reload")
