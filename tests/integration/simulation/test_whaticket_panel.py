"""The panel's API of the simulated Whaticket over real HTTP: sessions, tickets and messages."""

from __future__ import annotations

from tests.integration.simulation.sites import AUTHORIZED, EMAIL, NUMBER, PASSWORD, Open, Site


def test_panel_sessions_last_fifteen_minutes(community: Site) -> None:
    """A token dies after 15 minutes and the cookie buys a new one; the answer tells no expiry."""
    opened = community.http.post("/auth/login", json={"email": EMAIL, "password": PASSWORD})
    assert set(opened.json()) == {"token", "user"}
    assert "HttpOnly" in opened.headers["set-cookie"]
    old = {"Authorization": f"Bearer {opened.json()['token']}"}
    assert community.http.get("/tickets", headers=old).status_code == 200
    community.clock.advance(15 * 60)
    assert community.http.get("/tickets", headers=old).status_code == 403
    renewed = community.http.post("/auth/refresh_token").json()["token"]
    assert community.http.get("/tickets", headers={"Authorization": f"Bearer {renewed}"}).status_code == 200


def test_the_panel_stays_closed_to_strangers(community: Site) -> None:
    """No token, the static token, a wrong password and a missing cookie are refused in the recorded words."""
    assert community.http.get("/tickets").json() == {"error": "ERR_SESSION_EXPIRED"}
    assert community.http.get("/tickets", headers=AUTHORIZED).status_code == 403
    wrong = community.http.post("/auth/login", json={"email": EMAIL, "password": "outra"})
    assert (wrong.status_code, wrong.json()) == (401, {"error": "ERR_INVALID_CREDENTIALS"})
    assert community.http.post("/auth/login", json={}).status_code == 500
    assert community.http.post("/auth/refresh_token").status_code == 401


def test_tickets_are_listed_forty_a_page(community: Site) -> None:
    """Status, page and search choose tickets; showAll shows those of other people too."""
    for last in range(101, 142):
        community.book.receive(f"5520900000{last}", "oi", name=f"Cliente {last}")
    session = community.log_in()
    first = community.http.get("/tickets", params={"status": "pending"}, headers=session).json()
    assert (len(first["tickets"]), first["count"], first["hasMore"]) == (40, 41, True)
    second = community.http.get("/tickets", params={"pageNumber": "2"}, headers=session).json()
    assert (len(second["tickets"]), second["hasMore"]) == (1, False)
    found = community.http.get("/tickets", params={"searchParam": "cliente 120"}, headers=session).json()["tickets"]
    assert [ticket["contact"]["number"] for ticket in found] == ["5520900000120"]
    community.book.change(community.book.tickets()[0], {"status": "open", "userId": 9})
    listed = {"status": "open"}
    assert community.http.get("/tickets", params=listed, headers=session).json()["count"] == 0
    listed["showAll"] = "true"
    assert community.http.get("/tickets", params=listed, headers=session).json()["count"] == 1


def test_a_ticket_is_handed_over_and_closed(community: Site) -> None:
    """Only the fields given change; the answer is the ticket; an unknown one is 404."""
    community.book.receive(NUMBER, "oi")
    session = community.log_in()
    taken = community.http.put("/tickets/1", json={"status": "open", "userId": 7}, headers=session).json()
    assert (taken["status"], taken["userId"]) == ("open", 7)
    back = community.http.put("/tickets/1", json={"status": "pending", "queueId": 2}, headers=session).json()
    assert (back["status"], back["userId"], back["queueId"]) == ("pending", 7, 2)
    assert community.http.get("/tickets/1", headers=session).json()["queueId"] == 2
    unknown = community.http.get("/tickets/99", headers=session)
    assert (unknown.status_code, unknown.json()) == (404, {"error": "ERR_NO_TICKET_FOUND"})


def test_a_second_open_ticket_is_refused(open_site: Open) -> None:
    """Community names the conflict; saas swallows it into a 500."""
    for flavour, status, error in (
        ("community", 400, "ERR_OTHER_OPEN_TICKET"),
        ("saas", 500, "Internal server error"),
    ):
        site = open_site("community" if flavour == "community" else "saas")
        site.book.change(site.book.receive(NUMBER, "oi"), {"status": "closed"})
        site.clock.advance(60)
        site.book.receive(NUMBER, "oi de novo")
        answer = site.http.put("/tickets/1", json={"status": "open"}, headers=site.log_in())
        assert (answer.status_code, answer.json()) == (status, {"error": error})


def test_messages_can_be_read_back_late(community: Site) -> None:
    """What was sent shows after its delay; looking marks the ticket as read, as the customer sees."""
    community.book.receive(NUMBER, "quanto custa?", message_id="3EB0AA")
    community.faults.shown_after_seconds = 5
    community.send("R$ 180")
    session = community.log_in()
    assert [item["body"] for item in community.http.get("/messages/1", headers=session).json()["messages"]] == [
        "quanto custa?"
    ]
    community.clock.advance(5)
    read = community.http.get("/messages/1", headers=session).json()
    assert [(item["body"], item["fromMe"]) for item in read["messages"]] == [("quanto custa?", False), ("R$ 180", True)]
    assert read["messages"][1]["id"] == community.ledger.sent()[0].message_id
    assert (read["ticket"]["unreadMessages"], read["hasMore"], community.book.seen) == (0, False, [1, 1])


def test_a_person_writes_inside_a_ticket(community: Site) -> None:
    """The panel's own send goes to the ticket's customer and answers with nothing."""
    community.book.receive(NUMBER, "oi")
    answer = community.http.post("/messages/1", json={"body": "Aqui é a Marta"}, headers=community.log_in())
    assert (answer.status_code, answer.content) == (200, b"")
    assert (community.ledger.sent()[0].number, community.ledger.sent()[0].body) == (NUMBER, "Aqui é a Marta")


def test_ticketz_keeps_its_own_panel_errors(open_site: Open) -> None:
    """The JWT routes of ticketz refuse in other words."""
    site = open_site("ticketz")
    assert site.http.get("/tickets").json() == {"error": "ERR_UNAUTHORIZED"}
    wrong = site.http.get("/tickets", headers=AUTHORIZED)
    assert (wrong.status_code, wrong.json()) == (403, {"error": "ERR_SESSION_EXPIRED"})
