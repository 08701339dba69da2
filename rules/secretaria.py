"""Samples for the rules beside this file; never imported, only read by ``semgrep --test``."""


def compare(token, known, signature, expected, request):
    # ruleid: secret-compared-with-an-operator
    if token == known:
        return True
    # ruleid: secret-compared-with-an-operator
    if request.signature != expected:
        return False
    # ok: secret-compared-with-an-operator
    if token == "":
        return False
    # ok: secret-compared-with-an-operator
    if len(signature) == 64:
        return False
    # ok: secret-compared-with-an-operator
    return hmac.compare_digest(token, known)


def ask(session, connection, name, table):
    # ruleid: sql-from-a-template
    session.execute(text(f"SELECT * FROM contact WHERE name = '{name}'"))
    # ruleid: sql-from-a-template
    connection.execute(f"TRUNCATE {table}")
    # ruleid: sql-from-a-template
    connection.execute("SELECT * FROM %s" % table)
    # ruleid: sql-from-a-template
    connection.execute(text("SELECT * FROM {}".format(table)))
    # ok: sql-from-a-template
    session.execute(text("SELECT * FROM contact WHERE name = :name"), {"name": name})


def tell(logger, log, reading, contact):
    # ruleid: personal-datum-in-a-log
    logger.bind(state="filed", number=reading.number).info("event_filed")
    # ruleid: personal-datum-in-a-log
    log.bind(text=reading.text).warning("odd")
    # ruleid: personal-datum-in-a-log
    with logger.contextualize(name=contact.name):
        pass
    # ok: personal-datum-in-a-log
    logger.bind(contact=person_mark(reading.number), error="timeout").info("event_filed")
    # ruleid: text-put-into-a-log-message
    logger.info(f"event of {reading.number} filed")
    # ok: text-put-into-a-log-message
    logger.info("event_filed")


def call(url):
    # ruleid: http-outside-its-rooms
    import requests

    # ruleid: http-outside-its-rooms
    from urllib.request import urlopen

    # ok: http-outside-its-rooms
    from secretaria.egress.fetching import Fetcher

    # ruleid: tls-not-verified
    requests.get(url, verify=False)
    # ok: tls-not-verified
    requests.get(url, verify="ca.pem")


def run(folder):
    # ruleid: command-through-a-shell
    subprocess.run(f"ls {folder}", shell=True)
    # ruleid: command-through-a-shell
    os.system("ls " + folder)
    # ok: command-through-a-shell
    subprocess.run(["ls", folder], check=True)


# ruleid: route-without-an-access-declaration
@get("/abertas", sync_to_thread=True)
def open_to_whom():
    """Nobody said for whom."""


# ok: route-without-an-access-declaration
@get("/equipe", sync_to_thread=True, **for_role(Role.OWNER))
def team():
    """Owners only."""


# ok: route-without-an-access-declaration
@post("/webhook", status_code=202, **for_everyone())
def hook():
    """Whoever proves it."""


# ok: route-without-an-access-declaration
@asgi("/webhook/plain", opt=for_everyone()["opt"], copy_scope=False)
async def plain_hook(scope, receive, send):
    """A plain application takes no guards or answers, only who may use it."""


# ok: route-without-an-access-declaration
@post("/painel/respostas", **CHANGES)
def change():
    """Shares its declaration with its neighbours."""
