"""Definitions that change while their pipelines run: what changed is restarted, and nothing else is touched."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import subprocess
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest

from pipertd.definition.plan import Action, Plan
from pipertd.errors import UnknownTarget, WrongState
from pipertd.names import Target
from pipertd.supervisor.reload import Reload, Reloader
from pipertd.supervisor.view import NoticeKind, State
from tests.process.definitions import counts, write_definition, writes
from tests.process.served import DEADLINE_S, Daemon
from tests.process.supervised import Live, supervised
from tests.process.test_standby import processes
from tests.waiting import wait_until

HERE = Path(__file__).parent
P, B = Target("p"), Target("p", "b")
QUICK = {"restart": {"backoff": "10ms..10ms", "limit": "1000 in 60s"}}
Content = dict[str, Any]


class Files:
    """A folder of definitions, and the daemon's part that reads them."""

    def __init__(self, folder: Path, live: Live) -> None:
        self.folder = folder
        self.live = live
        self.reloader = Reloader([folder], live.supervisor)

    def write(self, content: Content) -> None:
        (self.folder / f"{content['pipeline']}.yaml").write_text(json.dumps(content))

    async def reload(self, *contents: Content) -> Reload:
        for content in contents:
            self.write(content)
        return await self.reloader.reload()

    async def plan(self, *contents: Content) -> Plan:
        """Reload one pipeline, and return what was done to it."""
        (plan,) = (await self.reload(*contents)).plans
        return plan

    def pids(self) -> dict[str, int | None]:
        return {flow.name: flow.pid for flow in self.live.view().flows}

    async def until_running(self) -> None:
        await self.live.until(lambda: self.live.view().state is State.RUNNING, "p to run")

    async def until_more(self, place: int = 1) -> None:
        """Messages pass to the end."""
        before = self.live.link(place).delivered
        await self.live.until_handled(before + 5, place)

    async def until_oldest_dropped(self) -> None:
        await self.live.until(lambda: self.live.link(0).dropped.get("oldest", 0) > 0, "the oldest to be dropped")


def pipeline(folder: Path, amount: int = 1_000_000_000, **more: Any) -> Content:
    """The pipeline p: a counts, b passes on slowly, c writes down."""
    return {
        "pipeline": "p",
        "path": [str(HERE)],
        "shm_limit": "16M",
        "flows": {
            "a": {**QUICK, "routines": {"count": {"class": "routines:Count", "params": {"amount": amount}}}},
            "b": {**QUICK, "routines": {"pass": {"class": "routines:Pass", "params": {"pause_s": 0.002}}}},
            "c": {**QUICK, "routines": {"write": {"class": "routines:Write", "params": {"file": f"{folder}/numbers"}}}},
        },
        "links": [{"from": "count", "to": ["pass"]}, {"from": "pass", "to": ["write"]}],
        **more,
    }


def go(folder: Path, content: Content, story: Callable[[Files], Awaitable[None]]) -> None:
    """Tell ``story`` of the pipeline p, loaded from a file."""

    async def tell() -> None:
        definitions = folder / "definitions"
        definitions.mkdir()
        async with supervised(folder) as live:
            files = Files(definitions, live)
            try:
                plan = await files.plan(content)
                assert plan.action is Action.ADDED
                await story(files)
            finally:
                await live.supervisor.close(now=True)
                await files.reloader.close()

    asyncio.run(tell())


def numbers(folder: Path) -> list[int]:
    return [int(line) for line in (folder / "numbers").read_text().split("\n")[:-1]]


def test_params_restart_their_flow_alone(tmp_path: Path) -> None:
    """The flow comes back with the new params in the same run: its neighbours go on, and each message arrives once."""
    content = pipeline(tmp_path)

    async def story(files: Files) -> None:
        await files.until_running()
        await files.until_more()
        before = files.pids()
        content["flows"]["b"]["routines"]["pass"]["params"]["pause_s"] = 0.001
        plan = await files.plan(content)
        assert [(flow.flow, flow.action, flow.keys) for flow in plan.flows] == [
            ("a", Action.UNCHANGED, ()),
            ("b", Action.RESTARTED, ("params of pass",)),
            ("c", Action.UNCHANGED, ()),
        ]
        after = files.pids()
        assert (after["a"], after["c"]) == (before["a"], before["c"])
        assert after["b"] != before["b"]
        assert files.live.supervisor.definitions["p"].flow("b").routines[0].params == {"pause_s": 0.001}
        await files.until_running()
        await files.until_more()
        await files.live.supervisor.stop(P)
        links = files.live.view().links
        produced = links[0].produced
        assert [(link.produced, link.delivered, link.in_flight) for link in links] == [(produced, produced, 0)] * 2
        assert numbers(tmp_path) == list(range(produced))
        assert files.live.notices(NoticeKind.DEFINITIONS_RELOADED)[-1].details == {"p": "restarted (b: params of pass)"}

    go(tmp_path, content, story)


def test_new_params_arrive(tmp_path: Path) -> None:
    """What the file says now is what the routine has."""
    content = pipeline(tmp_path)

    async def story(files: Files) -> None:
        await files.until_running()
        content["flows"]["c"]["routines"]["write"]["params"]["file"] = f"{tmp_path}/others"
        await files.reload(content)
        await files.live.until((tmp_path / "others").exists, "the new file")

    go(tmp_path, content, story)


def test_a_description_restarts_nothing(tmp_path: Path) -> None:
    """It is shown at once, with every process as it was."""
    content = pipeline(tmp_path)

    async def story(files: Files) -> None:
        await files.until_running()
        before = files.pids()
        plan = await files.plan({**content, "description": "new words"})
        assert (plan.action, plan.keys) == (Action.ADJUSTED, ("description",))
        assert (files.pids(), files.live.view().description) == (before, "new words")

    go(tmp_path, content, story)


def test_watchdog_and_restart_rule_count_at_once(tmp_path: Path) -> None:
    """A deadline that is shortened ends a flow that hangs, by the new restart rule, without any restart before."""
    content = pipeline(tmp_path)
    content["flows"]["c"] = {**QUICK, "routines": {"hang": {"class": "routines:Hang", "params": {"at": 3}}}}
    content["links"][1]["to"] = ["hang"]

    async def story(files: Files) -> None:
        await files.live.until_handled(3, 1)
        before = files.pids()
        content["flows"]["c"] |= {"watchdog": {"progress": "2s"}, "restart": {"policy": "never"}}
        plan = await files.plan(content)
        assert plan.names(Action.ADJUSTED) == ["c"]
        await files.live.until(lambda: files.live.flow("c").state is State.FAILED, "the watchdog")
        assert "its progress watchdog allows 2 s" in files.live.notices(NoticeKind.WATCHDOG_EXPIRED)[0].message
        assert {**files.pids(), "c": 0} == {**before, "c": 0}

    go(tmp_path, content, story)


@pytest.mark.parametrize(("old", "new"), [("wait", "drop_oldest"), ("drop_oldest", "wait"), ("drop_newest", "wait")])
def test_a_policy_restarts_both_ends(tmp_path: Path, old: str, new: str) -> None:
    """The run goes on under the new policy; whatever was dropped under either one is counted."""
    content = pipeline(tmp_path)
    content["links"][0]["policy"] = old
    content["flows"]["a"]["routines"]["count"]["fps"] = 1000

    async def story(files: Files) -> None:
        await files.until_running()
        await files.live.until(lambda: files.live.link(0).waiting == files.live.link(0).depth, "a full link")
        if old == "drop_oldest":
            await files.until_oldest_dropped()
        before = files.pids()
        content["links"][0]["policy"] = new
        plan = await files.plan(content)
        assert (plan.names(Action.RESTARTED), plan.begins_run) == (["a", "b"], False)
        assert files.pids()["c"] == before["c"]
        assert files.live.link(0).policy == new
        await files.until_running()
        await files.until_more()
        if new == "drop_oldest":
            await files.until_oldest_dropped()
        await files.live.supervisor.stop(P)
        for link in files.live.view().links:
            assert link.produced == link.delivered + sum(link.dropped.values())
        assert numbers(tmp_path) == sorted(set(numbers(tmp_path)))

    go(tmp_path, content, story)


def test_a_depth_restarts_both_ends(tmp_path: Path) -> None:
    """The run goes on with all its messages; a link that is to be deeper than its ring begins a new one."""
    content = pipeline(tmp_path)
    content["links"][1]["policy"] = "drop_oldest"

    async def story(files: Files) -> None:
        await files.until_running()
        for depth in (64, 1):
            await files.until_more()
            before = files.pids()
            content["links"][0]["depth"] = depth
            plan = await files.plan(content)
            assert (plan.names(Action.RESTARTED), plan.begins_run) == (["a", "b"], False)
            assert files.pids()["c"] == before["c"]
            assert files.live.link(0).depth == depth
            await files.until_running()
        content["links"][0]["depth"] = 65
        (plan,) = (await files.reloader.reload(dry_run=True)).plans
        assert plan.action is Action.UNCHANGED
        files.write(content)
        (plan,) = (await files.reloader.reload(dry_run=True)).plans
        assert plan.new_run == ("the ring of a/count -> b/pass has place for 64 messages in this run, and not for 65",)
        assert plan.names(Action.RESTARTED) == ["a", "b", "c"]
        await files.live.supervisor.stop(P)
        assert files.live.link(0).produced == files.live.link(0).delivered

    go(tmp_path, content, story)


def test_the_order_of_the_file_is_no_matter(tmp_path: Path) -> None:
    """Where flows and links stand at another place, a restarted flow still finds its ends, guards and counts."""
    content = pipeline(tmp_path)
    for link in content["links"]:
        link["policy"] = "drop_oldest"

    async def story(files: Files) -> None:
        await files.until_running()
        turned = {**content, "links": content["links"][::-1], "flows": dict(reversed(content["flows"].items()))}
        turned["flows"]["b"] = {**turned["flows"]["b"], "routines": {"pass": {"class": "routines:Pass"}}}
        plan = await files.plan(turned)
        assert plan.names(Action.RESTARTED) == ["b"]
        assert [link.source for link in files.live.view().links] == ["b/pass", "a/count"]
        await files.until_running()
        await files.until_more(0)
        await files.live.supervisor.stop(P)
        for link in files.live.view().links:
            assert link.produced == link.delivered + sum(link.dropped.values())

    go(tmp_path, content, story)


def test_what_does_not_fit_begins_a_new_run(tmp_path: Path) -> None:
    """The pipeline is drained before, so that nothing is lost; then all of its flows start, the new one among them."""
    content = pipeline(tmp_path)

    async def story(files: Files) -> None:
        await files.until_running()
        await files.until_more()
        before = files.pids()
        content["flows"]["d"] = {
            **QUICK,
            "routines": {"write2": {"class": "routines:Write", "params": {"file": f"{tmp_path}/others"}}},
        }
        content["links"][1]["to"] = ["write", "write2"]
        plan = await files.plan(content)
        assert plan.new_run == ("flow d is new",)
        assert (plan.names(Action.RESTARTED), plan.names(Action.ADDED)) == (["a", "b", "c"], ["d"])
        assert not set(before.values()) & set(files.pids().values())
        first = numbers(tmp_path)
        assert first[: first.index(max(first)) + 1] == list(range(max(first) + 1))
        (ended,) = files.live.notices(NoticeKind.PIPELINE_ENDED)
        assert "STOPPED" in ended.message
        await files.live.until((tmp_path / "others").exists, "numbers on the new link")
        assert len(files.live.view().links) == 3

    go(tmp_path, content, story)


def test_a_problem_changes_nothing(tmp_path: Path) -> None:
    """All problems of all files are said in one notice, and what runs goes on as it was."""
    content = pipeline(tmp_path)

    async def story(files: Files) -> None:
        await files.until_running()
        before = files.pids()
        definitions = files.live.supervisor.definitions
        content["flows"]["b"]["routines"]["pass"]["params"] = {"pause": 1}
        (files.folder / "q.yaml").write_text("pipeline: q\nflow: {}\n")
        outcome = await files.reload({**content, "description": "never seen"})
        assert outcome.plans == ()
        said = [str(problem) for problem in outcome.problems]
        assert [any(what in each for each in said) for what in ("no such param", "q.yaml")] == [True, True]
        (notice,) = files.live.notices(NoticeKind.RELOAD_FAILED)
        assert notice.message.endswith(f"nothing is changed: {said[0]} (and {len(said) - 1} more problems)")
        (files.folder / "q.yaml").unlink()
        outcome = await files.reload()
        assert [problem.text for problem in outcome.problems] == [
            "cannot set param 'pause', because b/pass has no such param (did you mean 'pause_s'?)"
        ]
        assert (files.pids(), files.live.supervisor.definitions) == (before, definitions)
        notice = files.live.notices(NoticeKind.RELOAD_FAILED)[-1]
        assert notice.message == f"definitions are not reloaded, and nothing is changed: {outcome.problems[0]}"
        assert "no such param" in notice.details["problems"]
        await files.until_more()

    go(tmp_path, content, story)


def test_a_missing_folder_removes_nothing(tmp_path: Path) -> None:
    """Where there is no folder of definitions at all, the machine is broken, not every pipeline gone."""

    async def story(files: Files) -> None:
        await files.until_running()
        files.folder.rename(tmp_path / "elsewhere")
        outcome = await files.reload()
        assert "because there is no folder" in outcome.problems[0].text
        assert files.live.view().state is State.RUNNING

    go(tmp_path, pipeline(tmp_path), story)


def test_not_enough_memory_changes_nothing(tmp_path: Path) -> None:
    """A run that would not fit is refused with the arithmetic before the old one is touched."""
    content = pipeline(tmp_path)

    async def story(files: Files) -> None:
        await files.until_running()
        before = files.pids()
        outcome = await files.reload({**content, "shm_limit": "40T"})
        assert "cannot start p: its shm_limit is 43980465111040 bytes and /dev/shm has" in outcome.problems[0].text
        assert outcome.problems[0].file.name == "p.yaml"
        assert files.pids() == before

    go(tmp_path, content, story)


def test_files_that_come_and_go(tmp_path: Path) -> None:
    """A new definition is loaded and started; one whose file went is stopped, drained and forgotten."""
    other = {**pipeline(tmp_path), "pipeline": "q"}
    other["flows"] = json.loads(json.dumps(other["flows"]).replace("numbers", "others"))

    async def story(files: Files) -> None:
        await files.until_running()
        await files.until_more()
        outcome = await files.reload(other)
        assert [(plan.pipeline, plan.action) for plan in outcome.plans] == [
            ("p", Action.UNCHANGED),
            ("q", Action.ADDED),
        ]
        await files.live.until((tmp_path / "others").exists, "numbers of q")
        (files.folder / "p.yaml").unlink()
        outcome = await files.reload()
        assert [(plan.pipeline, plan.action) for plan in outcome.plans] == [
            ("p", Action.REMOVED),
            ("q", Action.UNCHANGED),
        ]
        with pytest.raises(UnknownTarget):
            files.live.supervisor.snapshot(P)
        assert files.live.notices(NoticeKind.PIPELINE_REMOVED)[0].pipeline == "p"
        assert numbers(tmp_path) == list(range(len(numbers(tmp_path))))
        assert not [pid for name in "abc" for pid in processes(f"p/{name}")]

    go(tmp_path, pipeline(tmp_path), story)


def test_a_flow_that_gave_up_is_cured_by_its_definition_only(tmp_path: Path) -> None:
    """A FAILED flow stays so when something else changes, and is started afresh when its own definition does."""
    content = impatient(pipeline(tmp_path))
    bad = {"restart": {"policy": "never"}, "routines": {"write": {"class": "routines:Crash"}}}
    good = content["flows"]["c"]
    content["flows"]["c"] = bad

    async def story(files: Files) -> None:
        await files.live.until(lambda: files.live.flow("c").state is State.FAILED, "c to fail")
        content["flows"]["b"]["routines"]["pass"]["params"]["pause_s"] = 0.0
        plan = await files.plan(content)
        assert plan.names(Action.UNCHANGED) == ["a", "c"]
        assert files.live.flow("c").state is State.FAILED
        content["flows"]["c"] = good
        await files.reload(content)
        await files.until_running()
        await files.until_more()
        assert numbers(tmp_path)[0] == 0

    go(tmp_path, content, story)


def test_a_flow_that_backs_off_is_started_afresh(tmp_path: Path) -> None:
    """A new definition does not wait for the old one's next try."""
    content = pipeline(tmp_path)
    content["flows"]["c"] = {
        "restart": {"backoff": "1h..1h"},
        "routines": {"write": {"class": "routines:Crash"}},
    }

    async def story(files: Files) -> None:
        await files.live.until(lambda: files.live.flow("c").state is State.BACKING_OFF, "c to back off")
        content["flows"]["c"]["routines"] = {
            "write": {"class": "routines:Write", "params": {"file": f"{tmp_path}/numbers"}}
        }
        await files.reload(content)
        await files.until_running()
        await files.until_more()

    go(tmp_path, content, story)


def test_what_an_operator_stopped_stays_down(tmp_path: Path) -> None:
    """It takes the new definition over, and starts with it when somebody starts it; so within a new run too."""
    content = impatient(pipeline(tmp_path))

    async def story(files: Files) -> None:
        await files.until_running()
        await files.live.supervisor.stop(Target("p", "c"))
        content["flows"]["c"]["routines"]["write"]["params"]["file"] = f"{tmp_path}/others"
        (planned,) = (await files.reload(content)).plans
        assert (planned.action, planned.flows[2].action) == (Action.ADJUSTED, Action.ADJUSTED)
        assert files.live.flow("c").state is State.STOPPED
        content["links"][0]["depth"] = 70
        plan = await files.plan(content)
        assert plan.new_run == ("the ring of a/count -> b/pass has place for 64 messages in this run, and not for 70",)
        assert files.live.flow("c").state is State.STOPPED
        await files.live.supervisor.start(Target("p", "c"))
        await files.live.until((tmp_path / "others").exists, "the new file")
        assert files.live.link(0).depth == 70
        await files.live.supervisor.stop(P, now=True)
        await files.reload(impatient(pipeline(tmp_path)))
        assert files.live.view().state is State.STOPPED

    go(tmp_path, content, story)


def test_reloads_and_restarts_queue(tmp_path: Path) -> None:
    """Asked for all at once, each is done behind the other, and all of them come to an end."""
    content = pipeline(tmp_path)

    async def story(files: Files) -> None:
        await files.until_running()
        content["flows"]["b"]["routines"]["pass"]["params"]["pause_s"] = 0.001
        files.write(content)
        reloads = [files.reloader.reload(), files.reloader.reload()]
        restarts = [files.live.supervisor.restart(B), files.live.supervisor.restart(P)]
        first, second, *_ = await asyncio.gather(*reloads, *restarts)
        assert isinstance(first, Reload)
        assert isinstance(second, Reload)
        assert [plan.action for plan in (*first.plans, *second.plans)] == [Action.RESTARTED, Action.UNCHANGED]
        await files.until_running()
        assert files.live.flow("b").generation == 4
        await files.until_more()

    go(tmp_path, content, story)


def impatient(content: Content) -> Content:
    """Nobody has to wait long for what cannot drain."""
    for flow in content["flows"].values():
        flow["watchdog"] = {"stop": "1s"}
    return content


def slow_to_stop(folder: Path) -> Content:
    """The flow c does not stop by itself, and is killed when its time is over."""
    content = pipeline(folder)
    hang = {"class": "routines:Hang", "params": {"at": -1}}
    content["flows"]["c"] = {**QUICK, "routines": {"write": hang}}
    return impatient(content)


def test_a_stop_meanwhile_has_the_last_word(tmp_path: Path) -> None:
    """What is stopped while a reload restarts it stays down, with the new definition."""
    content = slow_to_stop(tmp_path)

    async def story(files: Files) -> None:
        await files.until_running()
        content["flows"]["c"]["routines"]["write"]["params"]["at"] = -2
        reloading = asyncio.create_task(files.reload(content))
        await files.live.until(lambda: files.live.flow("c").state is State.STOPPING, "c to be stopped")
        await files.live.supervisor.stop(P)
        await reloading
        assert {flow.state for flow in files.live.view().flows} == {State.STOPPED}
        assert files.live.supervisor.definitions["p"].flow("c").routines[0].params == {"at": -2}

    go(tmp_path, content, story)


def test_a_reload_waits_for_a_stop(tmp_path: Path) -> None:
    """It does not start what is on its way down; the pipeline has the new definition then, and stays down."""
    content = slow_to_stop(tmp_path)

    async def story(files: Files) -> None:
        await files.until_running()
        stopping = asyncio.create_task(files.live.supervisor.stop(P))
        await files.live.until(lambda: files.live.flow("c").state is State.STOPPING, "c to be stopped")
        content["flows"]["a"]["routines"]["count"]["params"]["amount"] = 5
        await files.reload(content)
        assert {flow.state for flow in files.live.view().flows} == {State.STOPPED}
        assert [flow.generation for flow in files.live.view().flows] == [1, 1, 1]
        assert files.live.supervisor.definitions["p"].flow("a").routines[0].params == {"amount": 5}
        await stopping

    go(tmp_path, content, story)


def test_a_start_meanwhile_waits(tmp_path: Path) -> None:
    """It comes behind the reload, and finds the flow up: no second process is started."""
    content = slow_to_stop(tmp_path)

    async def story(files: Files) -> None:
        await files.until_running()
        content["flows"]["c"]["routines"]["write"]["params"]["at"] = -2
        reloading = asyncio.create_task(files.reload(content))
        await files.live.until(lambda: files.live.flow("c").state is State.STOPPING, "c to be stopped")
        await files.live.supervisor.start(P)
        assert (files.live.flow("c").generation, files.live.flow("c").state) == (2, State.STARTING)
        await reloading
        await files.until_running()
        assert files.live.flow("c").generation == 2

    go(tmp_path, content, story)


@pytest.mark.parametrize("new_run", [False, True])
def test_the_end_of_the_daemon_meanwhile(tmp_path: Path, new_run: bool) -> None:
    """A supervisor that is closed starts nothing more, and the reload comes to its end."""
    content = slow_to_stop(tmp_path)

    async def story(files: Files) -> None:
        await files.until_running()
        content["flows"]["c"]["routines"]["write"]["params"]["at"] = -2
        content["links"][1]["depth"] = 70 if new_run else 4
        reloading = asyncio.create_task(files.reload(content))
        await files.live.until(lambda: files.live.flow("c").state is State.STOPPING, "c to be stopped")
        files.reloader.give_up()
        await files.live.supervisor.close()
        await reloading
        assert {flow.state for flow in files.live.view().flows} == {State.STOPPED}
        with pytest.raises(WrongState, match="part of a daemon that is stopping"):
            await files.reload()

    go(tmp_path, content, story)


def test_a_standby_has_the_new_definition(tmp_path: Path) -> None:
    """When the restarted flow dies, its successor works by the definition of its predecessor, not an older one."""
    content = pipeline(tmp_path)
    content["flows"]["c"]["standby"] = True

    async def story(files: Files) -> None:
        await files.until_running()
        await files.live.until(lambda: len(processes("p/c")) == 2, "a standby")
        content["flows"]["c"]["routines"]["write"]["params"]["file"] = f"{tmp_path}/others"
        await files.reload(content)
        await files.until_running()
        await files.live.until(lambda: len(processes("p/c")) == 2, "another standby")
        (standby,) = processes("p/c") - {files.live.flow("c").pid}
        before = len((tmp_path / "numbers").read_text())
        os.kill(files.live.pid("c"), signal.SIGKILL)
        await files.live.until(lambda: files.live.flow("c").pid == standby, "the standby to take over")
        await files.until_more()
        assert len((tmp_path / "numbers").read_text()) == before

    go(tmp_path, content, story)


def test_a_standby_comes_and_goes_by_its_key(tmp_path: Path) -> None:
    """It begins to stand by, and ends, with its flow running on."""
    content = pipeline(tmp_path)

    async def story(files: Files) -> None:
        await files.until_running()
        before = files.pids()
        content["flows"]["c"]["standby"] = True
        await files.reload(content)
        await files.live.until(lambda: len(processes("p/c")) == 2, "a standby")
        content["flows"]["c"]["standby"] = False
        await files.reload(content)
        await files.live.until(lambda: len(processes("p/c")) == 1, "no standby")
        assert files.pids() == before

    go(tmp_path, content, story)


@pytest.mark.parametrize(("old", "new"), [("drop_oldest", "wait"), ("wait", "drop_oldest"), ("drop_newest", "wait")])
def test_a_policy_within_a_flow(tmp_path: Path, old: str, new: str) -> None:
    """Its flow is restarted once; what its link dropped before and behind is counted."""
    content = pipeline(tmp_path)
    fast, slow = {"class": "routines:Count", "fps": 1000}, {"class": "routines:Pass", "params": {"pause_s": 0.005}}
    content["flows"] = {"a": {**QUICK, "routines": {"count": fast, "pass": slow}}, "c": content["flows"]["c"]}
    content["links"][0] |= {"policy": old, "depth": 3}

    async def story(files: Files) -> None:
        await files.until_running()
        await files.until_more()
        content["links"][0]["policy"] = new
        plan = await files.plan(content)
        assert (plan.names(Action.RESTARTED), plan.begins_run) == (["a"], False)
        await files.until_running()
        await files.until_more()
        await files.live.supervisor.stop(P)
        for link in files.live.view().links:
            assert link.produced == link.delivered + sum(link.dropped.values()), link

    go(tmp_path, content, story)


def test_what_came_to_its_end_stays_there(tmp_path: Path) -> None:
    """A flow whose stream ended is not begun anew by a reload; nor is a pipeline."""
    content = pipeline(tmp_path, amount=20)
    content["flows"]["c"]["routines"]["write"]["params"]["pause_s"] = 0.05

    async def story(files: Files) -> None:
        await files.live.until(lambda: files.live.flow("a").state is State.EXITED, "the end of a")
        content["flows"]["a"]["routines"]["count"]["params"]["amount"] = 30
        plan = await files.plan(content)
        assert plan.names(Action.RESTARTED, Action.ADJUSTED) == plan.names(Action.ADJUSTED) == ["a"]
        assert files.live.flow("a").state is State.EXITED
        await files.live.until(lambda: files.live.view().state is State.EXITED, "the end of p")
        assert numbers(tmp_path) == list(range(20))
        await files.reload({**content, "shm_limit": "17M"})
        assert files.live.view().state is State.EXITED
        assert files.live.supervisor.definitions["p"].shm_limit == 17 << 20

    go(tmp_path, content, story)


def test_a_daemon_that_is_stopped_while_it_checks(daemon: Daemon) -> None:
    """It does not wait for a class whose import never ends, and changes nothing any more."""
    (daemon.folder / "endless.py").write_text("import time\n\ntime.sleep(3600)\n")
    write_definition(daemon.definitions / "p.yaml", counts(), writes(daemon.folder / "numbers"))
    daemon.start()
    wait_until(lambda: daemon.status("p").get("state") == "RUNNING", DEADLINE_S, "p to run")
    endless = {"class": "endless:Endless"}
    write_definition(daemon.definitions / "q.yaml", counts(), endless, path=[str(HERE), str(daemon.folder)])
    assert daemon.process is not None
    reloading = subprocess.Popen(
        daemon.ctl_command("reload"), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    try:
        wait_until(lambda: _checks(daemon.process.pid), DEADLINE_S, "the check")  # type: ignore[union-attr]
        assert daemon.stop() == 0
        _, said = reloading.communicate(timeout=DEADLINE_S)
    finally:
        reloading.kill()
    assert reloading.returncode == 6
    assert said == "pipertctl: cannot reload definitions: it is part of a daemon that is stopping\n"
    assert not daemon.notices("definitions_reloaded")


def _checks(daemon: int) -> bool:
    """Whether the daemon has a child that imports classes."""
    try:
        children = Path(f"/proc/{daemon}/task").glob("*/children")
        pids = {pid for each in children for pid in each.read_text().split()}
        return any(b"pipertd.flow.describe" in Path(f"/proc/{pid}/cmdline").read_bytes() for pid in pids)
    except (FileNotFoundError, ProcessLookupError):  # a thread or a child that ended meanwhile
        return False
