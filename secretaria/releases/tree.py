"""The release in git: a tree of its own to build from, and, once the version has proved itself, the branch and the tag."""

from __future__ import annotations

import shutil
from datetime import date

from packaging.version import Version

from secretaria.machine import git
from secretaria.machine.runner import CommandFailed, Runner
from secretaria.releases.host import Host
from secretaria.releases.stamping import stamp


def prepare_tree(host: Host, commit: str, version: Version | None, day: date) -> str:
    """Check a commit out beside the checkout, and commit the version into it; no branch moves and nothing is marked.

    Args:
        host: The machine.
        commit: What is released.
        version: What to write into it; None takes it as it is.
        day: The date in the changelog.

    Returns:
        The commit that lies there now.
    """
    clear_tree(host)
    runner, tree = host.runner(), str(host.release_tree)
    host.release_tree.parent.mkdir(parents=True, exist_ok=True)
    runner.run(git.add_worktree(tree, commit))
    if version is None:
        return commit
    stamp(host.release_tree, version, day)
    runner.run(git.stage(tree))
    runner.run(git.commit(tree, f"Release {version}", committer(host)))
    return Runner(host.release_tree, host.variables).run(git.commit_of("HEAD")).output.strip()


def clear_tree(host: Host) -> None:
    """Remove the tree of a release, whole or half made."""
    runner = host.runner()
    if host.release_tree.exists():
        runner.succeeds(git.remove_worktree(str(host.release_tree)))
        shutil.rmtree(host.release_tree, ignore_errors=True)
    runner.succeeds(git.prune_worktrees())


def tag_exists(host: Host, version: str) -> bool:
    """Say whether a version is marked."""
    return host.runner().succeeds(git.commit_of(f"refs/tags/v{version}"))


def mark(host: Host, version: str, revision: str) -> list[str]:
    """Move the branch on to a release, tag it and send both where there is a remote; done twice is done once.

    Returns:
        What could not be done, Portuguese; the release stands without it.
    """
    runner, problems = host.runner(), []
    if not _moved(host, runner, revision):
        problems.append(f"{host.deploy.branch} andou enquanto isso; junte depois com: git merge v{version}")
    if not tag_exists(host, version):
        runner.run(git.tag(f"v{version}", revision, f"Secretaria {version}", committer(host)))
    if host.deploy.remote:
        try:
            runner.run(git.push(host.deploy.remote, host.deploy.branch, f"v{version}"))
        except CommandFailed as failed:
            problems.append(f"{host.deploy.remote} não recebeu v{version}: {failed.message}")
    return problems


def committer(host: Host) -> tuple[str, ...]:
    """Return name and address to commit under, where git knows nobody on this machine."""
    if host.runner().succeeds(git.identity()):
        return ()
    account, _, machine = host.who.partition("@")
    return (account, f"{account}@{machine or 'localhost'}")


def _moved(host: Host, runner: Runner, revision: str) -> bool:
    here = runner.run(git.branch()).output.strip()
    return here == host.deploy.branch and runner.succeeds(git.fast_forward(revision))
