"""The firewall rules that keep people away from the instance metadata service, against a service at its real addresses in
a network that leads nowhere else.

SPDX-License-Identifier: MIT
"""

import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from login_host import eventually, inside_sandbox, run
from metadata_wire import IPV4, IPV6, PATIENCE, MetadataWire, Namespace

pytestmark = pytest.mark.skipif(not inside_sandbox(), reason="makes network namespaces: only in tests/sandbox, as root")

GUARD = "/usr/libexec/sagemaker-studio/imds-guard"
LOGIN_DEFS = Path("/etc/login.defs")
ALICE, NOBODY, OF_A_DIRECTORY = 12001, 65534, 1234567
SYSTEM_ACCOUNT = 990  # as ec2-instance-connect, dcv, an agent
DYNAMIC_USER = 61184
SUBORDINATE = 100000  # of somebody's containers, subuid(5)
REFUSED = "ECONNREFUSED"
ADDRESSES = pytest.mark.parametrize("address", [IPV4, IPV6])


@pytest.fixture
def wire() -> Iterator[MetadataWire]:
    wire = MetadataWire(Namespace())
    yield wire
    wire.close()


def guard(wire: MetadataWire, word: str, **environment: str) -> str:
    done = run(*wire.host.command(GUARD, word), env={"PATH": "/usr/sbin:/usr/bin:/sbin:/bin", **environment})
    assert done.returncode == 0, done.stderr
    return done.stderr


@pytest.fixture
def guarded(wire: MetadataWire) -> MetadataWire:
    guard(wire, "load")
    return wire


def rules(wire: MetadataWire) -> str:
    return run(*wire.host.command("nft", "--stateless", "list", "ruleset")).stdout


@pytest.fixture
def login_defs() -> Iterator[Path]:
    before = LOGIN_DEFS.read_text()
    yield LOGIN_DEFS
    LOGIN_DEFS.write_text(before)


# ---- who passes ------------------------------------------------------------------------------------------------------


@ADDRESSES
def test_without_the_guard_everybody_has_the_keys_of_the_host(wire, address):
    wire.add_container()
    assert [wire.ask(uid, address) for uid in (0, ALICE, NOBODY)] == ["200"] * 3
    assert wire.ask(ALICE, address, in_namespace_of_his_own=True) == "200"
    assert wire.ask(0, address, in_container=True) == "200"


@ADDRESSES
def test_services_pass_and_people_are_refused_at_once(guarded, address):
    services = (0, run("id", "-u", "sagemaker-studio").stdout.strip(), SYSTEM_ACCOUNT, 999, DYNAMIC_USER, 65519)
    assert [guarded.ask(int(uid), address) for uid in services] == ["200"] * len(services)
    people = (1000, ALICE, NOBODY, 65535, OF_A_DIRECTORY, SUBORDINATE, 61183, 65520, 4294967294)
    assert [guarded.ask(uid, address) for uid in people] == [REFUSED] * len(people)


@ADDRESSES
def test_root_of_his_own_user_namespace_is_the_user_who_made_it(guarded, address):
    assert guarded.ask(ALICE, address, in_namespace_of_his_own=True) == REFUSED


@ADDRESSES
def test_a_container_is_refused_though_it_is_roots(guarded, address):
    guarded.add_container()
    assert guarded.ask(0, address, in_container=True) == REFUSED
    assert guarded.ask(0, address) == "200"


HELD_CONNECTION = """
import errno, socket, sys
connection = socket.create_connection((sys.argv[1], 80), timeout=10)
print("connected", flush=True)
sys.stdin.readline()
try:
    connection.sendall(b"GET / HTTP/1.1\\r\\nHost: x\\r\\n\\r\\n")
    print(connection.recv(12))
except OSError as error:
    print(errno.errorcode[error.errno])
"""


@ADDRESSES
@pytest.mark.parametrize("uid,answer", [(ALICE, "ECONNRESET"), (SYSTEM_ACCOUNT, "b'HTTP/1.1 200'")])
def test_a_connection_from_before_is_cut_if_it_is_a_users(wire, address, uid, answer):
    command = wire.client(uid, HELD_CONNECTION, address)
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as client:
        assert client.stdout.readline() == "connected\n"
        guard(wire, "load")
        assert client.communicate("\n", timeout=PATIENCE)[0].strip() == answer


UDP_CLIENT = """
import errno, socket, sys
client = socket.socket(socket.AF_INET6 if ":" in sys.argv[1] else socket.AF_INET, socket.SOCK_DGRAM)
try:
    client.sendto(b"x", (sys.argv[1], 80))
    print("sent")
except OSError as error:
    print(errno.errorcode[error.errno])
"""


@ADDRESSES
def test_what_is_no_tcp_is_refused_as_well(wire, address):
    asks = wire.client(ALICE, UDP_CLIENT, address)
    assert run(*asks).stdout == "sent\n"
    guard(wire, "load")
    assert run(*asks).stdout == "EPERM\n"
    assert run(*wire.client(SYSTEM_ACCOUNT, UDP_CLIENT, address)).stdout == "sent\n"


def test_the_service_sees_the_end_of_the_connections_that_pass(guarded):
    """The last word of a connection has no owner any more; the service must hear it, or keeps its half for minutes."""
    assert [guarded.ask(SYSTEM_ACCOUNT) for _ in range(5)] == ["200"] * 5
    eventually("the end of every connection", lambda: not guarded.half_open())


@pytest.mark.parametrize("address", ["169.254.169.253", "169.254.169.123"], ids=["name service", "clock"])
def test_the_neighbours_of_the_metadata_service_are_none_of_the_guards_business(wire, address):
    wire.ip(wire.service, "address", "add", f"{address}/32", "dev", "host")
    wire.ip(wire.host, "route", "add", address, "dev", "wire")
    guard(wire, "load")
    assert wire.ask(ALICE, address) == "200"


ODD_WAYS = """
import errno, socket, sys
family = socket.AF_INET6 if ":" in sys.argv[1] else socket.AF_INET
client = socket.socket(family, socket.SOCK_STREAM, int(sys.argv[2]))
client.settimeout(10)
print(errno.errorcode.get(client.connect_ex((sys.argv[1], 80)), "connected"))
"""
TCP, MPTCP = 6, 262


@pytest.mark.parametrize("address,protocol", [(f"::ffff:{IPV4}", TCP), (IPV4, MPTCP), (IPV6, MPTCP)],
                         ids=["IPv4 by an IPv6 socket", "multipath TCP", "multipath TCP, IPv6"])
def test_other_ways_of_saying_the_same_are_no_way_around(wire, address, protocol):
    asks = [*wire.client(ALICE, ODD_WAYS, address), str(protocol)]
    assert run(*asks).stdout == "connected\n"
    guard(wire, "load")
    assert run(*asks).stdout == REFUSED + "\n"


def test_an_address_that_is_turned_into_that_of_the_service_is_refused_too(guarded):
    """As by a rule of somebody's container engine."""
    guarded.ip(guarded.host, "route", "add", "10.99.0.1", "dev", "wire")
    rule = "add table ip nat; add chain ip nat output { type nat hook output priority -100; };" \
           f"add rule ip nat output ip daddr 10.99.0.1 dnat to {IPV4}"
    assert run(*guarded.host.command("nft", rule)).returncode == 0
    assert [guarded.ask(uid, "10.99.0.1") for uid in (SYSTEM_ACCOUNT, ALICE)] == ["200", REFUSED]


# ---- loading and unloading -------------------------------------------------------------------------------------------


def test_loading_again_changes_nothing_and_unloading_opens_again_and_leaves_nothing(wire):
    guard(wire, "load")
    loaded = rules(wire)
    guard(wire, "load")
    assert rules(wire) == loaded != "" and wire.ask(ALICE) == REFUSED
    for _ in range(2):
        guard(wire, "unload")
        assert rules(wire) == "" and wire.ask(ALICE) == "200"


def test_the_rules_of_others_are_left_alone(wire):
    for command in ("add table inet theirs", "add chain inet theirs input { type filter hook input priority 0; }"):
        assert run(*wire.host.command("nft", command)).returncode == 0
    theirs = rules(wire)
    guard(wire, "load")
    assert theirs in rules(wire)
    guard(wire, "unload")
    assert rules(wire) == theirs


ASKING_ALL_THE_TIME = """
import errno, os, select, socket, sys
print("begun", flush=True)
answers, times = set(), 0
while not select.select([0], [], [], 0)[0]:
    client = socket.socket()
    client.settimeout(10)
    answers.add(errno.errorcode.get(client.connect_ex((sys.argv[1], 80)), "connected"))
    client.close()
    times += 1
print(*answers, times)
"""


def test_there_is_no_moment_without_the_guard_while_it_is_loaded_again(guarded):
    command = guarded.client(ALICE, ASKING_ALL_THE_TIME, IPV4)
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as client:
        assert client.stdout.readline() == "begun\n"
        for _ in range(30):
            guard(guarded, "load")
        answers, _ = client.communicate(timeout=PATIENCE)  # the end of its input ends it
    assert answers.split()[0] == REFUSED and int(answers.split()[1]) > 30 and len(answers.split()) == 2


# ---- the accounts ----------------------------------------------------------------------------------------------------


def test_more_accounts_are_let_through_by_name_or_uid(wire):
    warnings = guard(wire, "load", ALLOWED_ACCOUNTS=f"bob {OF_A_DIRECTORY}")
    assert warnings == ""
    assert [wire.ask(uid) for uid in (12002, OF_A_DIRECTORY, 999, ALICE)] == ["200", "200", "200", REFUSED]


def test_a_name_that_is_wrong_lets_nobody_through_and_keeps_the_guard(wire):
    wrong = ["no-such-account", "-1", "--help", "*", "alice,bob", "12001-12009", "012001", "4294967295", "4294979297",
             "99999999999"]
    warnings = guard(wire, "load", ALLOWED_ACCOUNTS=" ".join(["nobody", "65534", *wrong]))
    assert [f"{name} is neither a local account nor a uid" in warnings for name in wrong] == [True] * len(wrong)
    assert warnings.count("is nobody, who never passes") == 2
    assert [wire.ask(uid) for uid in (ALICE, 5121, NOBODY, 999)] == [REFUSED, REFUSED, REFUSED, "200"]


def test_the_name_of_an_account_is_no_pattern_of_file_names(wire, tmp_path):
    (tmp_path / "alice").touch()
    done = run(*wire.host.command("env", f"--chdir={tmp_path}", "ALLOWED_ACCOUNTS=*", GUARD, "load"))
    assert done.returncode == 0 and wire.ask(ALICE) == REFUSED


def uids(login_defs: Path, text: str | None) -> tuple[str, str]:
    if text is None:
        login_defs.unlink()
    else:
        login_defs.write_text(text)
    done = run(GUARD, "uids", env={"PATH": "/usr/sbin:/usr/bin:/sbin:/bin"})
    assert done.returncode == 0
    return done.stdout.split(",")[0], done.stderr


@pytest.mark.parametrize("line,people_begin_at", [
    ("UID_MIN 500", 500),
    ("\tUID_MIN\t\t2000  ", 2000),
    ("UID_MIN 300\nUID_MIN 400", 400),
    ("#UID_MIN 300\nUID_MAX 400\nUID_MIN 1001", 1001),
    ("UID_MIN 0x1f4", 500),
    ("UID_MIN 0764", 500),
    ('UID_MIN "5000"\r', 5000),
    ("UID_MINIMUM 300\nUID_MIN 1500", 1500),
    ("UID_MIN 1", 1),
])
def test_people_begin_where_login_defs_says(login_defs, line, people_begin_at):
    assert uids(login_defs, line + "\n") == (f"0-{people_begin_at - 1}", "")


@pytest.mark.parametrize("text", [None, "", "UID_MIN\n", "UID_MIN 300\nUID_MIN\n", "UID_MIN 0\n", "UID_MIN -5\n",
                                  "UID_MIN 1000x\n", "UID_MIN 08\n", "UID_MIN 0x\n", "UID_MIN 4294967295\n",
                                  "UID_MIN 99999999999999999999\n", "UID_MIN 1,2\n", "UID_MIN $(id)\n", "UID_MIN *\n", "UID_MIN 2000 # people\n", "UID_MIN 20 00\n"])
def test_without_a_value_that_makes_sense_they_begin_at_1000(login_defs, text):
    passing, warning = uids(login_defs, text)
    assert passing == "0-999" and "taking 1000" in warning


def test_where_people_begin_at_1_the_guard_can_still_be_loaded(wire, login_defs):
    login_defs.write_text("UID_MIN 1\n")
    guard(wire, "load")
    assert [wire.ask(uid) for uid in (0, 1, ALICE)] == ["200", REFUSED, REFUSED]


def test_nobody_is_refused_even_where_people_begin_above(wire, login_defs):
    login_defs.write_text("UID_MIN 100000\n")
    guard(wire, "load")
    assert [wire.ask(uid) for uid in (ALICE, NOBODY, 100000)] == ["200", REFUSED, REFUSED]


def test_the_service_account_passes_wherever_its_uid_lies(wire, login_defs):
    login_defs.write_text("UID_MIN 500\n")
    guard(wire, "load")
    uid = int(run("id", "-u", "sagemaker-studio").stdout)
    assert uid >= 500
    assert [wire.ask(uid), wire.ask(uid - 1), wire.ask(499)] == ["200", REFUSED, "200"]
