"""The processes of one run, looked after: what dies is started again, what dies too often is given up.

Covered: lab and scorer, without which the run cannot go on (`LabUnreachable` if they die time and again); researchers,
of whom one that dies time and again, or says that another start would not help, is given up and the others go on; a
start that fails for want of memory or disk; a host whose death takes researchers with it, and one that hangs, which is
killed. Not covered: another process that hangs.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from aar.errors import LabUnreachable
from aar.folder import LabFolder
from aar.launch.children import Child, Lost
from aar.launch.hosting import Hosting
from aar.launch.operator_client import OperatorClient
from aar.launch.restarts import MOST_DEATHS
from aar.launch.show import Show
from aar.launch.signals import Hurry
from aar.researchers.exits import ExitCode

logger = logging.getLogger(__name__)

LEAVE_SECONDS = 10.0
"""Time for a researcher that was asked to stop to write its transcript."""


@dataclass
class Team:
    """The children of one launch.

    Attributes:
        folder: The run folder, named where a person has to go on with it.
        show: Where is said what died.
        lab: The line on which the lab is told who will not work any more.
        children: The lab and the scorer; and, while it lasts, the preparation.
        researchers: One process each.
        host: The process that they are forked from; None where each is started anew.
        hosting: What knows whether that one answers.
        given_up: The last words of researchers that are not started again, by name.
        done: Names of researchers that ended by themselves, as the lab knows.
        states: State of each researcher, as the lab said last.
    """

    folder: LabFolder
    show: Show
    lab: OperatorClient
    children: list[Child] = field(default_factory=list)
    researchers: list[Child] = field(default_factory=list)
    host: Child | None = None
    hosting: Hosting | None = None
    given_up: dict[str, str] = field(default_factory=dict)
    done: set[str] = field(default_factory=set)
    states: dict[str, str] = field(default_factory=dict)

    def add(self, child: Child) -> None:
        """Start a process without which the run cannot go on."""
        self.children.append(child)
        child.start()

    def add_researcher(self, child: Child) -> None:
        """Start a researcher."""
        self.researchers.append(child)
        child.start()

    def add_host(self, child: Child, hosting: Hosting) -> None:
        """Start the process that researchers are forked from."""
        self.host, self.hosting = child, hosting
        child.start()

    def look_after(self) -> None:
        """Start again what died, and tell the lab of researchers that have ended."""
        for child in self.children:
            if child.code() is None:
                continue
            if not child.may_restart():
                raise LabUnreachable(
                    f"{child.name} ended {MOST_DEATHS} times within an hour, last: {child.tail()} (see {child.log}); "
                    f"then continue with aar run --resume {self.folder.path}"
                )
            self._start_again(child)
        if self.host is not None and self.hosting is not None:
            self._end_if_it_hangs(self.host, self.hosting)
            self._look_after(self.host)
        for child in self.researchers:
            if self._goes_on(child) or (child.lost and child.name not in self.given_up):
                continue
            # what it said itself at its end may not have reached the lab, which would wait for it for ever
            if child.code() == 0 and child.name not in self.done and self.lab.stopped(child.name):
                self.done.add(child.name)
            if child.code() in (None, 0) or child.name in self.given_up:
                continue
            if child.code() != ExitCode.ENDED_FOR_GOOD and child.may_restart():
                self._start_again(child)
            else:
                self._give_up(child)

    def _end_if_it_hangs(self, host: Child, hosting: Hosting) -> None:
        """Kill a host that answers no more; what it forked goes with it."""
        if host.code() is None and not host.killed_for and (silence := hosting.hangs()):
            logger.warning("%s hangs: %s", host.name, silence)
            host.stop(f"hung ({silence})")

    def _lost(self) -> list[Child]:
        """Researchers that went with their host."""
        return [child for child in self.researchers if child.lost and child.name not in self.given_up]

    def _doomed(self) -> list[Child]:
        """Researchers that go with a host that is dead: the kernel may not have ended all of them yet."""
        return [
            child
            for child in self.researchers
            if child.name not in self.given_up
            and isinstance(child.process, Lost)
            and (child.lost or child.code() is None)
        ]

    def _look_after(self, host: Child) -> None:
        """Start again a host that died, and the researchers that died with it: one death, said once."""
        lost = self._lost()
        if not lost:
            return
        if host.code() is not None and not host.may_restart():
            self._give_up_with(host, self._doomed())
        elif host.code() is not None:
            self._say_died(host, f", and with it {_names(self._doomed())}")
            if host.start_later():
                self._start(host)
        if host.code() is None:
            for child in lost:
                if self.lab.restarts(child.name):
                    self._start(child)

    def heard(self, states: Mapping[str, str]) -> None:
        """Take in the lab's word on each researcher's state."""
        self.states = dict(states)

    def _goes_on(self, child: Child) -> bool:
        """Start one that had ended, once a person has let it go on; True if that was so."""
        ended = child.name in self.done or child.name in self.given_up
        if not ended or self.states.get(child.name) != "waiting" or not self.lab.restarts(child.name):
            return False
        self.done.discard(child.name)
        self.given_up.pop(child.name, None)
        self.states[child.name] = "working"  # until the lab says otherwise
        self.show.say(f"{child.name} goes on")
        self._start(child)
        return True

    def everybody_given_up(self) -> bool:
        """True if there were researchers, and none of them is left."""
        return bool(self.researchers) and len(self.given_up) == len(self.researchers)

    def state(self, name: str) -> str:
        """State of a researcher's process for the display."""
        if name in self.given_up:
            return "ended"
        child = next((child for child in self.researchers if child.name == name), None)
        if child is None:
            return "not started"
        return "running" if child.code() in (None, 0) else "restarting"

    def end(self, hurry: Hurry, *, informed: bool) -> None:
        """Ask researchers to stop, give them time to write what they have, then end everything.

        `informed` says that they end by themselves, since the lab has told them.
        """
        if informed:
            self._until_ended(LEAVE_SECONDS, hurry)
        for child in self.researchers:
            child.ask()
        self._until_ended(LEAVE_SECONDS, hurry)
        self.kill()

    def kill(self) -> None:
        """End everything at once."""
        hosts = [] if self.host is None else [self.host]
        for child in (*self.researchers, *hosts, *reversed(self.children)):
            child.stop()

    def _start_again(self, child: Child) -> None:
        """Say once that it died, and start it when its pause is over."""
        self._say_died(child)
        # the lab ends the call that its researcher was in before the next process can open one
        if child.start_later() and (child in self.children or self.lab.restarts(child.name)):
            self._start(child)

    def _say_died(self, child: Child, others: str = "") -> None:
        if child.waits_until is None:
            how = child.killed_for or f"ended (code {child.code()})"
            logger.warning("%s %s and is started again%s", child.name, how, others)
            self.show.say(f"{child.name} {how} and is started again{others}: {child.tail()}")

    def _start(self, child: Child) -> None:
        try:
            child.start()
        except OSError as error:
            child.not_started()
            self.show.say(f"{child.name} could not be started: {error}; it is tried again")

    def _give_up(self, child: Child) -> None:
        if self.lab.stopped(child.name):
            self.given_up[child.name] = child.tail()
            for_good = child.code() == ExitCode.ENDED_FOR_GOOD
            how = "ended for good" if for_good else f"ended {MOST_DEATHS} times within an hour"
            logger.error("%s %s and is given up", child.name, how)
            self.show.say(f"{child.name} {how} and is not started again: {child.tail()} (see {child.log})")

    def _give_up_with(self, host: Child, lost: Sequence[Child]) -> None:
        gone = [child for child in lost if self.lab.stopped(child.name)]
        self.given_up.update({child.name: host.tail() for child in gone})
        if gone:
            how = f"ended {MOST_DEATHS} times within an hour"
            logger.error("%s %s; given up: %s", host.name, how, _names(gone))
            self.show.say(
                f"{host.name} {how}; not started again: {_names(gone)}; {host.tail()} (see {host.log})"
            )

    def _until_ended(self, seconds: float, hurry: Hurry) -> None:
        end = time.monotonic() + seconds
        while any(child.process and child.code() is None for child in self.researchers):
            if time.monotonic() > end or hurry.asked_again:
                return
            time.sleep(0.05)


def _names(children: Sequence[Child]) -> str:
    return ", ".join(child.name for child in children)
