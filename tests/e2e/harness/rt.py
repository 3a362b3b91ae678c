"""rt: people at the service desk and their customers, in Request Tracker's REST 2.0.

The agent works with a token; customers (alice, bob) answer under their own
name, as by mail. Every change is read back: a test whose person could not do
what the story says must fail there, not later for another reason.
"""
import re

from . import web
from .web import Unexpected

MARKER = re.compile(r"\[P-\d+ · [0-9a-z]+-[0-9a-z]+\]")
QUOTED = re.compile(r"^\s*>", re.M)


class Note:
    """One note on a record, whoever wrote it."""

    def __init__(self, id, by, public, text, at):
        self.id, self.by, self.public, self.text, self.at = id, by, public, text, at

    @property
    def markers(self):
        """Own markers: not those in quoted lines."""
        return MARKER.findall("\n".join(line for line in self.text.splitlines() if not QUOTED.match(line)))

    def __repr__(self):
        return f"<{'public' if self.public else 'internal'} by {self.by}: {self.text!r}>"


class RT:
    def __init__(self, env):
        self.url = env["RT_URL"]
        self.queue = env["RT_QUEUE"]
        self.at = None  # a sandbox's people can act at another time
        self.tokens = {"agent": env["RT_AGENT_TOKEN"], "root": env["RT_ROOT_TOKEN"], "bridge": env["RT_TOKEN"]}

    def call(self, method, path, body=None, by="root", ok=(200, 201, 204)):
        if by in self.tokens:
            headers = {"Authorization": "token " + self.tokens[by]}
        else:
            headers = web.basic(by, by + "-pw")
        if self.at:
            headers["X-Sandbox-At"] = self.at
        reply = web.request(method, self.url + "/REST/2.0" + path, headers, body)
        if ok and reply.status not in ok:
            raise Unexpected(f"RT, {by}: {method} {path}: {reply.status} {reply.text[:300]}")
        return reply

    def ticket(self, subject="It does not work", text="Please help.", requester="alice", fields=None, status=None,
               by="agent", refers_to=None):
        """A new incident, opened by the agent for a customer."""
        body = {"Queue": self.queue, "Subject": subject, "Content": text, "ContentType": "text/plain",
                "Requestor": requester + "@customer.example", "CustomFields": fields or {}}
        if refers_to:
            body["RefersTo"] = refers_to
        made = Ticket(self, int(self.call("POST", "/ticket", body, by).json()["id"]), requester)
        if status:
            made.set(status=status, by=by)
        return made


    def tickets(self, query):
        """What is found, as RT shows it: id, status, fields; by id."""
        found, last = {}, 0
        while True:
            items = self.call("GET", "/tickets?" + web.query(
                query=f"({query}) AND Queue = '{self.queue}' AND id > {last}", orderby="id", per_page=100,
                fields="Status,LastUpdated,CustomFields")).json()["items"]
            found.update({int(i["id"]): i for i in items})
            if len(items) < 100:
                return found
            last = max(found)

    def transactions(self, query="id > 0"):
        """Those of the queue that are found, oldest first, but RT's own records of its mail."""
        found, last = [], 0
        while True:
            asked = f"TicketQueue = '{self.queue}' AND {query} AND id > {last}"
            items = self.call("GET", "/transactions?" + web.query(
                query=asked, orderby="id", per_page=100,
                fields="Type,Field,OldValue,NewValue,ObjectId,Creator,Created")).json()["items"]
            found += [i for i in items if i["Type"] not in ("EmailRecord", "CommentEmailRecord")]
            if len(items) < 100:
                return found
            last = items[-1]["id"]


class Ticket:
    def __init__(self, rt, id, requester="alice"):
        self.rt, self.id, self.requester = rt, id, requester
        self.ref = f"helpdesk:{id}"
        self.url = f"{rt.url}/Ticket/Display.html?id={id}"
        self.kind = "incident"

    def __repr__(self):
        return self.ref

    def get(self):
        return self.rt.call("GET", f"/ticket/{self.id}").json()

    @property
    def status(self):
        return self.get()["Status"]

    @staticmethod
    def values(body):
        """Custom fields of a ticket's JSON: name -> text, "" when empty."""
        return {f["name"]: ", ".join(v for v in f["values"] if v) for f in body["CustomFields"]}

    @property
    def fields(self):
        return self.values(self.get())

    def set(self, status=None, subject=None, fields=None, by="agent", **other):
        body = dict(other)
        if status:
            body["Status"] = status
        if subject:
            body["Subject"] = subject
        if fields:
            body["CustomFields"] = {k: v or None for k, v in fields.items()}
        said = self.rt.call("PUT", f"/ticket/{self.id}", body, by).text
        now = self.get()
        have = self.values(now)
        if status and now["Status"] != status or subject and now["Subject"] != subject \
                or any(have[k] != (v or "") for k, v in (fields or {}).items()):
            raise Unexpected(f"{self}: {by} could not make it {body}: {said}")

    def comment(self, text, by="agent", **more):
        """Internal."""
        self.rt.call("POST", f"/ticket/{self.id}/comment", {"Content": text, "ContentType": "text/plain", **more}, by)

    def reply(self, text, by="agent", **more):
        """To the customer; with by=the requester's name: from the customer. RT opens a closed ticket on it."""
        self.rt.call("POST", f"/ticket/{self.id}/correspond",
                     {"Content": text, "ContentType": "text/plain", **more}, by)

    def history(self):
        """Every transaction but RT's own record of its mail."""
        found, page = [], 1
        while True:
            items = self.rt.call("GET", f"/ticket/{self.id}/history?per_page=100&page={page}&"
                                 "fields=Type,Field,OldValue,NewValue,Creator,Created").json()["items"]
            found += [i for i in items if i["Type"] not in ("EmailRecord", "CommentEmailRecord")]
            if len(items) < 100:
                return found
            page += 1

    def moves(self):
        """Its states so far: [(who, from, to)]."""
        return [(i["Creator"]["id"], i["OldValue"], i["NewValue"]) for i in self.history() if i["Type"] == "Status"]

    def notes(self):
        """Comments and correspondence, oldest first."""
        texts = {}
        for i in self.rt.call("GET", f"/ticket/{self.id}/attachments?per_page=100&"
                              "fields=Content,ContentType,TransactionId,Created").json()["items"]:
            if i.get("ContentType", "").startswith("text/"):
                texts.setdefault(str(i["TransactionId"]), i["Content"] or "")
        return [Note(i["id"], i["Creator"]["id"], i["Type"] == "Correspond", texts.get(str(i["id"]), ""), i["Created"])
                for i in self.history() if i["Type"] in ("Comment", "Correspond")]

    def own_notes(self):
        """The bridge's: known by their marker, never by the account."""
        return [n for n in self.notes() if n.markers]
