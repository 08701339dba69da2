"""What is asked of git, as argument lists; the checkout is the folder in which they run."""

from __future__ import annotations

from collections.abc import Sequence

from secretaria.machine.commands import Argv


def status(*ignored: str) -> Argv:
    """List what differs from the last commit, files git does not know left out.

    Args:
        ignored: Paths of the installation itself, which its owner may change at any time.
    """
    return ("git", "status", "--porcelain", "--untracked-files=no", "--", ".", *(f":(exclude){one}" for one in ignored))


def branch() -> Argv:
    """Name the branch of the checkout; empty where it stands on no branch."""
    return ("git", "branch", "--show-current")


def commit_of(name: str) -> Argv:
    """Name the commit behind a branch or tag."""
    return ("git", "rev-parse", "--verify", "--quiet", f"{name}^{{commit}}")


def tags() -> Argv:
    """List the tags that look like versions."""
    return ("git", "tag", "--list", "v*")


def show(commit: str, path: str) -> Argv:
    """Print a file as it was at a commit."""
    return ("git", "show", f"{commit}:{path}")


def add_worktree(folder: str, commit: str) -> Argv:
    """Check a commit out into a folder of its own, on no branch."""
    return ("git", "worktree", "add", "--quiet", "--force", "--detach", folder, commit)


def remove_worktree(folder: str) -> Argv:
    """Remove such a folder, whatever stands in it."""
    return ("git", "worktree", "remove", "--force", folder)


def prune_worktrees() -> Argv:
    """Forget worktrees whose folders are gone."""
    return ("git", "worktree", "prune")


def stage(folder: str) -> Argv:
    """Take all changes of known files in a worktree for the next commit."""
    return ("git", "-C", folder, "add", "--update")


def commit(folder: str, message: str, who: Sequence[str] = ()) -> Argv:
    """Commit in a worktree.

    Args:
        folder: The worktree.
        message: What is said of it.
        who: Name and address of who commits, where git knows none on this machine.
    """
    return ("git", "-C", folder, *as_somebody(who), "commit", "--quiet", "--no-verify", "--allow-empty", "-m", message)


def tag(name: str, commit: str, message: str, who: Sequence[str] = ()) -> Argv:
    """Make an annotated tag."""
    return ("git", *as_somebody(who), "tag", "--annotate", "-m", message, name, commit)


def identity() -> Argv:
    """Ask for whom git would commit here; fails where it knows nobody."""
    return ("git", "config", "user.email")


def fast_forward(commit: str) -> Argv:
    """Move the branch of the checkout on to a commit that follows it; fails where it does not follow."""
    return ("git", "merge", "--ff-only", "--quiet", commit)


def push(remote: str, *names: str) -> Argv:
    """Send a branch and tags, all or none."""
    return ("git", "push", "--quiet", "--atomic", remote, *names)


def fetch_tags(remote: str) -> Argv:
    """Learn which tags a remote has."""
    return ("git", "fetch", "--quiet", "--tags", remote)


def as_somebody(who: Sequence[str]) -> tuple[str, ...]:
    """Say who commits, where it must be said."""
    return ("-c", f"user.name={who[0]}", "-c", f"user.email={who[1]}") if who else ()
