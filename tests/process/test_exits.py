"""How commands end: each exit code, one line for each error, and silence where nobody reads on."""

from __future__ import annotations

import signal
import subprocess
from pathlib import Path

import pytest

from tests.process.authorities import Authority, port
from tests.process.definitions import counts, write_definition, writes
from tests.process.served import DEADLINE_S, Daemon
from tests.waiting import wait_until

NOBODY_READS = 141  # 128 + SIGPIPE


@pytest.fixture(scope="module")
def street(tmp_path_factory: pytest.TempPathFactory) -> Daemon:
    """A daemon with the pipeline ``p``, a/count → b/sink, which runs throughout, and ``q``, which is at rest."""
    daemon = Daemon(tmp_path_factory.mktemp("street"))
    write_definition(daemon.definitions / "p.yaml", counts(), writes(daemon.folder / "numbers", pause_s=0.001))
    write_definition(daemon.definitions / "q.yaml", counts(), writes(daemon.folder / "others"), autostart=False)
    daemon.start()
    daemon.wait_loaded()
    wait_until(lambda: daemon.status("p").get("state") == "RUNNING", DEADLINE_S, "p to run")
    return daemon


@pytest.fixture(scope="module", autouse=True)
def _stopped(street: Daemon) -> object:
    yield
    street.stop()


@pytest.mark.parametrize(
    ("arguments", "code", "words"),
    [
        (("-o", "json", "status", "p/b"), 0, ""),
        (("event", "--timeout", "60", "BREAK", "p"), 1, ""),
        (("watch", "--from", "1000000"), 1, "`--from 1` begins with the oldest"),
        (("logs", "--levle", "info"), 2, "did you mean --level or --help?"),
        (("ps",), 2, "did you mean status?"),
        (("logs", "--tail", "3"), 2, "did you mean -n?"),
        (("event", "NOTE", "p", "no-equals-sign"), 2, "it is written KEY=VALUE"),
        (("-o", "json", "stop", "not a name"), 2, "it is written PIPELINE"),
        (("--address", "/nowhere/control.sock", "status"), 3, "there is no such socket (is it running?"),
        (("--address", "127.0.0.1:1", "status"), 3, "at 127.0.0.1:1: nobody listens there (is it running? over TCP"),
        (("--address", "nowhere.invalid:1", "status"), 3, "there is no host of that name (is it running? over TCP"),
        (("-o", "json", "start", "nowhere"), 4, "shows what there is"),
        (("quarantine", "show", "nothing"), 4, "`pipertctl quarantine list` shows all"),
        (("event", "--timeout", "0.2", "DOZE", "p/b", "seconds=3"), 8, "within 0.2 s"),
        (("kill", "q"), 6, "it is STOPPED"),
    ],
    ids=str,
)
def test_exit_codes(street: Daemon, arguments: tuple[str, ...], code: int, words: str) -> None:
    """The code says what kind of thing it was; what failed is one line on stderr, and in no document."""
    done = street.ctl(*arguments)
    assert done.returncode == code
    assert words in done.stderr
    assert len(done.stderr.splitlines()) == bool(words)
    assert not (words and "json" in arguments and done.stdout)


def test_what_is_done_is_exit_0(street: Daemon) -> None:
    """Each thing that is done to a pipeline ends well, and without a word on stderr."""
    for command in (("start", "q"), ("pause", "q/b"), ("-o", "json", "resume", "q/b"), ("stop", "q")):
        done = street.ctl(*command)
        assert (done.returncode, done.stderr) == (0, ""), command


def test_what_the_role_is_too_small_for_is_exit_7(street: Daemon) -> None:
    """An observer may look, and not touch."""
    observer = ("--address", str(street.runtime / "observe.sock"))
    assert street.ctl(*observer, "status").returncode == 0
    done = street.ctl(*observer, "restart", "p")
    assert (done.returncode, len(done.stderr.splitlines())) == (7, 1)
    assert "observe" in done.stderr


def test_a_definition_with_problems_is_exit_5(street: Daemon) -> None:
    """Each of its problems is a line, and one more says what comes of them."""
    bad = street.folder / "bad.yaml"
    write_definition(bad, counts(), writes(street.folder / "numbers"), shm_limit="no size")
    done = street.ctl("check", str(bad))
    assert (done.returncode, len(done.stderr.splitlines())) == (5, 1)


@pytest.mark.parametrize("arguments", [("status",), ("-h",), ("watch", "--from", "1"), ("status", "--watch")], ids=str)
def test_nobody_reads_on(street: Daemon, arguments: tuple[str, ...]) -> None:
    """``| head`` ends a command as it ends any other: without a word."""
    with subprocess.Popen(street.ctl_command(*arguments), stdout=-1, stderr=-1) as process:
        assert process.stdout is not None and process.stderr is not None
        process.stdout.close()
        assert (process.wait(DEADLINE_S), process.stderr.read()) == (NOBODY_READS, b"")


@pytest.mark.parametrize("arguments", [("watch", "--from", "1"), ("logs", "-f", "-n", "1"), ("top",)], ids=str)
def test_interrupted(street: Daemon, arguments: tuple[str, ...]) -> None:
    """Ctrl-C is 130, without a word."""
    with subprocess.Popen(street.ctl_command(*arguments), stdout=-1, stderr=-1) as process:
        assert process.stdout is not None and process.stderr is not None
        process.stdout.readline()
        process.send_signal(signal.SIGINT)
        assert (process.wait(DEADLINE_S), process.stderr.read()) == (130, b"")


def test_who_calls_over_tcp(daemon: Daemon, tmp_path: Path) -> None:
    """A certificate stands for its role; one that cannot be used, or only half of it, is one line."""
    authority = Authority(tmp_path)
    daemon.settings.write_text(authority.settings())
    daemon.start()
    certificate, key = map(str, authority.client("olga"))
    where = ("--address", f"localhost:{port(daemon)}")
    who = ("--ca", str(authority.ca), "--cert", certificate, "--key", key)
    assert daemon.ctl(*where, *who, "status").returncode == 0
    assert daemon.ctl("status", *where, *who).returncode == 0
    assert daemon.ctl(*who, "status").returncode == 0, "a socket of this machine asks for none"
    for given, code in (
        ((*where, *who, "reload"), 7),
        ((*where, "--ca", str(authority.ca), "status"), 2),
        ((*where, "--ca", str(authority.ca), "--cert", certificate, "--key", "/nowhere", "status"), 1),
    ):
        done = daemon.ctl(*given)
        assert (done.returncode, done.stdout, len(done.stderr.splitlines())) == (code, "", 1)
