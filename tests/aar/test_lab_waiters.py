"""Whoever waits is woken by what concerns it, whichever process wrote that, and by nothing else."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterator
from pathlib import Path

import pytest

from aar import database, ledger
from aar.database import Database, researchers
from aar.database.figures import Figures
from aar.lab.news import News
from aar.lab.waiters import MOST_HANGING, Waiters

PATIENCE_SECONDS = 30.0
"""How long a wait may take on a busy machine before a test says that it was never woken."""


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Database]:
    store = database.open(tmp_path / "lab.db", create=True)
    with store.write() as tx:
        for name in ("r1", "r2"):
            researchers.add(tx, name)
            ledger.record_submission(tx, code_hash=name, commit=name, researcher=name, title=name)
    yield store
    store.close()


def watched(store: Database, body: Callable[[News, Waiters], Awaitable[None]]) -> None:
    async def main() -> None:
        news, stopping = News(store), asyncio.Event()
        watch = asyncio.create_task(news.watch(stopping))
        try:
            await asyncio.wait_for(body(news, Waiters(news)), PATIENCE_SECONDS)
        finally:
            stopping.set()
            await watch

    asyncio.run(main())


def decide(store: Database, submission: str) -> None:
    """Write a verdict over a connection of its own, as the scorer does."""
    other = database.open(Path(str(store.url.database)))
    with other.write() as tx:
        ledger.record_verdict(
            tx, submission, stage="dev", status="no_improvement", reply="no", figures=Figures(seeds=1, n=1)
        )
    other.close()


def test_a_verdict_that_another_process_wrote_ends_its_authors_wait(store: Database) -> None:
    async def body(news: News, waiters: Waiters) -> None:
        looks = 0

        def look() -> int:
            nonlocal looks
            looks += 1
            return looks

        waits = asyncio.create_task(
            waiters.wait("r1", look, lambda looked: looked > 1, 60.0, subjects=["s1"])
        )
        while looks == 0:
            await asyncio.sleep(0.01)
        await asyncio.to_thread(decide, store, "s1")
        assert await waits == 2

    watched(store, body)


def test_the_verdict_of_another_wakes_nobody_who_waits_for_a_submission(store: Database) -> None:
    async def body(news: News, waiters: Waiters) -> None:
        looks: dict[str, int] = {"s1": 0, "s2": 0}

        def look(id: str) -> Callable[[], int]:
            def count() -> int:
                looks[id] += 1
                return looks[id]

            return count

        waits = {
            id: asyncio.create_task(
                waiters.wait(id, look(id), lambda looked: looked > 1, 60.0, subjects=[id])
            )
            for id in looks
        }
        while not all(looks.values()):
            await asyncio.sleep(0.01)
        await asyncio.to_thread(decide, store, "s2")
        await waits["s2"]
        await asyncio.to_thread(decide, store, "s1")  # as good as any sign that the first was over
        assert looks["s1"] == 1
        await waits["s1"]

    watched(store, body)


def test_an_author_hears_of_a_verdict_also_where_it_waits_for_any_news(store: Database) -> None:
    async def body(news: News, waiters: Waiters) -> None:
        waits = asyncio.create_task(
            waiters.wait(
                "r1",
                lambda: news.concern(["r1"], since=0),
                bool,
                60.0,
                subjects=["r1"],
                others=True,
            )
        )
        await asyncio.sleep(0)
        await asyncio.to_thread(decide, store, "s1")
        assert await waits is True
        assert not news.concern(["r2"], since=0)

    watched(store, body)


def test_what_no_verdict_says_is_news_for_whoever_waits_for_any(store: Database) -> None:
    async def body(news: News, waiters: Waiters) -> None:
        seen: list[int] = []

        def look() -> int:
            with store.read() as tx:
                seen.append(len(researchers.all(tx)))
            return seen[-1]

        waits = asyncio.create_task(
            waiters.wait("r1", look, lambda count: count == 3, 60.0, subjects=["r1"], others=True)
        )
        while not seen:
            await asyncio.sleep(0.01)
        with store.write() as tx:
            researchers.add(tx, "r3")
        assert await waits == 3

    watched(store, body)


def test_nobody_holds_more_than_its_share_of_requests(store: Database) -> None:
    async def body(news: News, waiters: Waiters) -> None:
        waits = [
            asyncio.create_task(waiters.wait("r1", lambda: 0, bool, 60.0, subjects=["s1"]))
            for _ in range(MOST_HANGING + 1)
        ]
        done, hanging = await asyncio.wait(waits, return_when=asyncio.FIRST_COMPLETED)
        assert len(done) == 1
        for task in hanging:
            task.cancel()

    watched(store, body)
