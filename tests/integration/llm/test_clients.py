"""Hundreds of threads wait for the model at once: a few share a client, and none is made anew for a thread that asks again."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor

import pytest

from secretaria.llm import openai_client
from secretaria.llm.openai_client import THREADS_A_CLIENT, Clients


def _asked_by(threads: int, clients: Clients) -> list[tuple[int, int]]:
    """Let so many threads, all alive at once, ask twice for their client."""
    together = threading.Barrier(threads)

    def ask(_: int) -> tuple[int, int]:
        together.wait()
        return id(clients.mine()), id(clients.mine())

    with ThreadPoolExecutor(threads) as pool:
        return list(pool.map(ask, range(threads)))


def test_a_few_threads_share_a_client() -> None:
    """No client serves more of them than it was made for, and each thread keeps its own."""
    clients = Clients("chave-inventada", "http://127.0.0.1:1/v1", 5.0)
    asked = _asked_by(2 * THREADS_A_CLIENT + 1, clients)
    clients.close()
    assert all(first == second for first, second in asked)
    mine = [first for first, _ in asked]
    assert sorted(mine.count(client) for client in set(mine)) == [1, THREADS_A_CLIENT, THREADS_A_CLIENT]


def test_threads_that_come_and_go_find_clients_that_are_there(monkeypatch: pytest.MonkeyPatch) -> None:
    """A process that lives for months does not collect clients."""
    monkeypatch.setattr(openai_client, "MOST_CLIENTS", 2)
    clients = Clients("chave-inventada", "http://127.0.0.1:1/v1", 5.0)
    seen = {client for _ in range(3) for client, _ in _asked_by(THREADS_A_CLIENT, clients)}
    clients.close()
    assert len(seen) == 2
