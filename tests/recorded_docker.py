"""A docker that remembers what it was told and behaves like an engine with two services, by compose or as a stack.

Its state is one JSON file: images by name, containers, the revision of the database, every call, and what shall fail. It
is started sixty times in a release, so it imports next to nothing.
"""

from __future__ import annotations

import json
import os
import sys
import zlib

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, NoReturn

    State = dict[str, Any]

STATE_VARIABLE = "RECORDED_DOCKER"
SERVICES = ("api", "worker", "postgres", "redis", "proxy")


def say(line: str) -> None:
    """Tell whoever started us."""
    sys.stdout.write(f"{line}\n")


def fail(sentence: str, code: int = 1) -> NoReturn:
    """End as a program that failed."""
    sys.stderr.write(f"{sentence}\n")
    sys.exit(code)


def wanted_version(env_file: str) -> str:
    """Return the version compose would take: the environment's, or the one in its .env."""
    if os.environ.get("SECRETARIA_VERSION"):
        return os.environ["SECRETARIA_VERSION"]
    lines = read(env_file).splitlines()
    return next((line.partition("=")[2] for line in lines if line.startswith("SECRETARIA_VERSION=")), "")


def read(path: str) -> str:
    """Return what a file holds."""
    with open(path, encoding="utf-8") as file:  # noqa: PTH123  # pathlib takes longer to import than all the rest
        return file.read()


def breaks(state: State, what: str, version: str = "") -> bool:
    """Say whether something shall fail, for every version or for one."""
    return what in state["faults"] or f"{what}:{version}" in state["faults"]


def build(state: State, arguments: list[str]) -> None:
    """Make an image whose id follows from its labels and its tree."""
    given = [arguments[at + 1] for at, one in enumerate(arguments) if one == "--label"]
    labels = dict(one.partition("=")[::2] for one in given)
    version = labels["org.opencontainers.image.version"]
    if breaks(state, "build", version):
        fail("ERROR: could not find a version that satisfies the requirement")
    stated = read(f"{arguments[-1]}/secretaria/__init__.py")
    state["images"][arguments[arguments.index("--tag") + 1]] = {
        "Id": f"sha256:{zlib.crc32(json.dumps([labels, stated]).encode()):08x}",
        "Config": {"Labels": {**labels, "stated": stated}},
    }


def container(state: State, project: str, service: str, version: str) -> State:
    """Make a container of the image of a version."""
    image = state["images"].get(f"secretaria:{version}")
    if image is None:
        fail(f"no such image: secretaria:{version}")
    state["made"] += 1
    crashed = breaks(state, f"crash.{service}", version)
    return {
        "Id": f"{service}{state['made']:02}",
        "Name": f"/{project}-{service}-{state['made']}",
        "Image": image["Id"],
        "Created": f"{state['made']:06}",
        "RestartCount": 2 if crashed else 0,
        "State": {"Status": "restarting" if crashed else "running"},
        "Config": {"Labels": image["Config"]["Labels"]},
        "service": service,
        "project": project,
    }


def compose(state: State, arguments: list[str]) -> None:
    """Do what compose would."""
    given = {"--env-file": ".env"}
    while arguments[0] in {"--project-name", "--file", "--env-file"}:
        given[arguments[0]] = arguments[1]
        arguments = arguments[2:]
    verb, rest, version = arguments[0], arguments[1:], wanted_version(given["--env-file"])
    if verb == "version":
        say("2.26.1")
    elif verb == "config" and "json" in rest:
        env = dict(line.partition("=")[::2] for line in read(given["--env-file"]).splitlines() if "=" in line)
        services = {name: {"image": f"secretaria:{version}", "environment": env} for name in SERVICES}
        say(json.dumps({"services": services}))
    elif verb == "config":
        say("\n".join(SERVICES if "--services" in rest else (f"{name} {version}" for name in SERVICES)))
    elif verb == "up":
        up(state, given["--project-name"], rest, version)
    elif verb == "run":
        service = next(word for word in rest if word in {"owner", "api"})
        once(state, given["--project-name"], rest[rest.index(service) + 1 :], version)


def up(state: State, project: str, rest: list[str], version: str) -> None:
    """Bring services to what was asked."""
    if "--wait" in rest or "--scale" not in rest:
        return
    service, count = rest[rest.index("--scale") + 1].split("=")
    there = [one for one in state["containers"] if (one["project"], one["service"]) == (project, service)]
    if "--no-recreate" not in rest:
        image = state["images"][f"secretaria:{version}"]["Id"]
        state["containers"] = [one for one in state["containers"] if one not in there or one["Image"] == image]
        there = [one for one in there if one["Image"] == image]
    state["containers"] += [container(state, project, service, version) for _ in range(int(count) - len(there))]


def once(state: State, project: str, program: list[str], version: str) -> None:
    """Run a command of ours in an image of its own; each project has a database, the shop's was there before."""
    database = "database" if project == "shop" else f"database of {project}"
    state.setdefault(database, "")
    head = state["images"][f"secretaria:{version}"]["Config"]["Labels"]["br.secretaria.migration-head"]
    if breaks(state, program[0], version):
        fail(f"erro: {program[0]} não passou")
    if program[:2] == ["migrate", "--plan"]:
        steps = state["steps"]
        if "--to" in program:
            if head == "unknown" or head < state[database]:
                fail(f"erro: o banco está na revisão {state[database]}, que esta versão não conhece")
            to = program[program.index("--to") + 1]
            back = [one for one in reversed(steps) if to < one["revision"] <= state[database]]
            say(json.dumps({"current": state[database], "to": to, "back": back}))
        else:
            pending = [one for one in steps if state[database] < one["revision"] <= head]
            say(json.dumps({"current": state[database], "head": head, "pending": pending}))
    elif program[:2] == ["migrate", "--to"]:
        state[database] = program[2]
    elif program == ["migrate"]:
        half = breaks(state, "migrate.half", version)
        state[database] = f"{head}" if not half else state[database]
        if half:
            fail("erro: a migração desistiu de esperar por uma tabela em uso")


def inside(state: State, identity: str, program: list[str]) -> None:
    """Run a program in a container."""
    (found,) = [one for one in state["containers"] if one["Id"] == identity]
    at_service(state, found["Config"]["Labels"]["org.opencontainers.image.version"], program)


def at_service(state: State, version: str, program: list[str]) -> None:
    """Look at the service from where it is reached by name."""
    if breaks(state, " ".join(program[1:3]).replace(" --e2e", ""), version):
        told = {"name": "rodada", "status": "falha", "found": "a rodada está ausente"}
        say(json.dumps(told))
        sys.exit(1)
    if program[1:3] == ["releases", "note"]:
        state["notes"].append(json.loads(program[3]))
    elif program[1:3] == ["releases", "scaled"]:
        state["notes"].append(program[3:])


def run(state: State, rest: list[str]) -> None:
    """Run a command of ours in a container of its own."""
    known = {**state["images"], **{one["Id"]: one for one in state["images"].values()}}
    at = next(place for place, one in enumerate(rest) if one in known)
    version = known[rest[at]]["Config"]["Labels"]["org.opencontainers.image.version"]
    if not os.environ.get("DATABASE_URL"):
        fail("erro: falta DATABASE_URL")
    if rest[at + 1] in {"doctor", "releases"}:
        at_service(state, version, ["secretaria", *rest[at + 1 :]])
    else:
        once(state, "shop", rest[at + 1 :], version)


def stack(state: State, file: str) -> None:
    """Bring the services of a stack to what its file says; a version that falls is taken back at once."""
    told = json.loads(read(file))["services"]
    for name in ("api", "worker"):
        labels, count = told[name]["labels"], told[name]["deploy"]["replicas"]
        image, version = labels["br.secretaria.image"], labels["org.opencontainers.image.version"]
        there = [one for one in state["containers"] if one["service"] == name and one["shall"] == "running"]
        env = [f"{key}={value}" for key, value in told[name]["environment"].items() if key != "SECRETARIA_VERSION"]
        kept = [one for one in there if one["Image"] == image and one["env"] == env]
        new = {"shall": "running", "env": env}
        made = [{**container(state, "shop", name, version), **new} for _ in range(count - len(kept))]
        state["stack"][name] = {"count": count, "update": "completed" if there else "", "env": env}
        if breaks(state, f"crash.{name}", version):
            state["stack"][name]["update"] = "rollback_completed"
            state["containers"] += [{**one, "shall": "shutdown", "State": {"Status": "failed"}} for one in made[:1]]
        else:
            others = [one for one in state["containers"] if one["service"] != name]
            state["containers"] = [*others, *kept, *made]


def tell_service(state: State, verb: str, rest: list[str]) -> None:
    """Tell what a service of the stack is and does."""
    name = rest[-1].removeprefix("shop_")
    if verb == "ls":
        say("\n".join(f"shop_{one}" for one in state["stack"]))
    elif verb == "inspect" and name not in state["stack"]:
        fail(f"no such service: {name}")
    elif verb == "inspect":
        known = state["stack"][name]
        template = {"ContainerSpec": {"Env": known["env"]}}
        spec = {"Mode": {"Replicated": {"Replicas": known["count"]}}, "TaskTemplate": template}
        say(json.dumps([{"Spec": spec, "UpdateStatus": {"State": known["update"], "Message": "task failed"}}]))
    elif verb == "ps":
        say("\n".join(one["Id"] for one in state["containers"] if one["service"] == name))
    elif verb == "logs":
        say(f"the last words of {rest[-1]}")
    elif verb == "rm":
        gone = {one.removeprefix("shop_") for one in rest}
        state["stack"] = {one: known for one, known in state["stack"].items() if one not in gone}
        state["containers"] = [one for one in state["containers"] if one["service"] not in gone]
    elif verb == "scale":
        name, _, count = name.partition("=")
        state["stack"][name]["count"] = int(count)


def task(one: State) -> State:
    """Return a container as Swarm tells of its task."""
    labels = {**one["Config"]["Labels"], "br.secretaria.image": one["Image"]}
    return {
        "ID": one["Id"],
        "Slot": 1,
        "CreatedAt": one["Created"],
        "DesiredState": one["shall"],
        "Status": {"State": one["State"]["Status"]},
        "Spec": {"ContainerSpec": {"Image": "secretaria", "Labels": labels, "Env": one["env"]}},
        "NetworksAttachments": [{"Network": {"Spec": {"Name": "shop_outside"}}, "Addresses": ["10.0.2.5/24"]}],
    }


def docker(state: State, arguments: list[str]) -> None:  # noqa: C901, PLR0912  # one branch for each verb
    """Do what the engine would."""
    verb, rest = arguments[0], arguments[1:]
    if verb == "compose":
        compose(state, rest)
    elif verb == "version":
        say("20.10.24")
    elif verb == "info" and "Swarm" in rest[-1]:
        say(state["manages"])
    elif verb == "info":
        say("/tmp")
    elif verb == "run":
        run(state, rest)
    elif verb == "stack":
        stack(state, rest[rest.index("--compose-file") + 1])
    elif verb == "service":
        tell_service(state, rest[0], rest[1:])
    elif arguments[:2] == ["node", "ls"]:
        say("\n".join(state["machines"]))
    elif arguments[:3] == ["inspect", "--type", "task"]:
        say(json.dumps([task(one) for one in state["containers"] if one["Id"] in rest]))
    elif verb == "build":
        build(state, rest)
    elif verb == "ps" and "--format" in rest:
        say("\n".join(f"{name} 0.1.1" for name in ("postgres", "redis", "proxy")))
    elif verb == "ps":
        project, service = (
            next(one.rpartition("=")[2] for one in rest if f".{name}=" in one) for name in ("project", "service")
        )
        say(
            "\n".join(
                one["Id"] for one in state["containers"] if (one["project"], one["service"]) == (project, service)
            )
        )
    elif arguments[:2] == ["container", "inspect"]:
        say(json.dumps([one for one in state["containers"] if one["Id"] in rest]))
    elif arguments[:2] == ["image", "inspect"]:
        named = [one for name, one in state["images"].items() if rest[1] in {name, one["Id"]}]
        if not named:
            fail("No such image")
        say(json.dumps(named[:1]))
    elif arguments[:2] == ["image", "ls"]:
        say("\n".join(name.partition(":")[2] for name in reversed(state["images"])))
    elif arguments[:2] == ["image", "rm"]:
        state["images"].pop(rest[1], None)
    elif verb == "tag":
        (state["images"][rest[1]],) = [one for one in state["images"].values() if one["Id"] == rest[0]][:1]
    elif verb == "exec":
        inside(state, rest[0], rest[1:])
    elif verb == "rm":
        state["containers"] = [one for one in state["containers"] if one["Id"] != rest[-1]]
    elif verb == "stop":
        (found,) = [one for one in state["containers"] if one["Id"] == rest[-1]]
        found["State"] = {"Status": "exited"}
    elif verb == "logs":
        say(f"the last words of {rest[-1]}")


def main() -> None:
    """Read the state, do what was asked, note it and keep the state, also where it failed."""
    path = os.environ[STATE_VARIABLE]
    state: State = json.loads(read(path))
    state["calls"].append(sys.argv[1:])
    try:
        docker(state, sys.argv[1:])
    finally:
        with open(f"{path}.draft", "w", encoding="utf-8") as draft:  # noqa: PTH123  # the same
            json.dump(state, draft)
        os.replace(f"{path}.draft", path)  # noqa: PTH105  # the same
