"""sandbox_scripts: what compare_sandbox.py sends to both sides.

Each script begins from the seed. `pair.rt(who, method, path, body, headers)`
and `pair.redmine(...)` send to both; their result is the real one's answer.
"""
import json
import random
from urllib.parse import quote

ALL = []
HISTORY = "/history?per_page=100&fields=Type,Field,OldValue,NewValue,Creator,Created,Data,ObjectId,ObjectType,Content,Foo"
PARTS = "/attachments?per_page=100&fields=Content,ContentType,TransactionId,Created,Subject,Creator"
FIELDS = ("&fields=Subject,Status,Created,LastUpdated,LastUpdatedBy,Creator,Owner,Queue,Requestor,CustomFields,_hyperlinks,"
          "Foo,Content,EffectiveId,Started,Resolved,Due,Priority,Type&fields[Queue]=Name&fields[Requestor]=EmailAddress"
          "&fields[Creator]=RealName")


def script(f):
    ALL.append((f.__name__, f))
    return f


def no_html(answer):
    """RT's mails as HTML are worded otherwise."""
    for item in answer.get("items", []) if isinstance(answer, dict) else []:
        if item.get("ContentType") == "text/html":
            item["Content"] = "<HTML>"
    return answer


def ticket(pair, subject, who="bridge", **more):
    body = {"Queue": "Incidents", "Subject": subject, "Requestor": "alice@customer.example", "Content": "x",
            "ContentType": "text/plain", **more}
    return "/ticket/" + pair.rt(who, "POST", "/ticket", body)["id"]


def look(pair, t):
    pair.rt("bridge", "GET", t)
    pair.rt("bridge", "GET", t + HISTORY)
    pair.rt("bridge", "GET", t + PARTS, mask=no_html)


@script
def rt_resources(pair):
    for path in ("/rt", "/user/bridge", "/user/alice", "/user/27", "/user/14", "/user/nobodythere", "/queue/Incidents",
                 "/queue/3", "/queue/1", "/queue/Requests", "/queue/Nope", "/queues/all", "/queues", "/nowhere", "/",
                 "/customfields", "/queue/3/customfields", "/tickets", "/ticket", "/customfield/5", "/attachments",
                 "/ticket/99999", "/ticket/99999/history", "/ticket/99999/attachments", "/ticket/1.5", "/search/1",
                 "/transactions", "/transaction/99999", "/attachment/99999", "/queue/3/history"):
        pair.rt("bridge", "GET", path)
    pair.rt("root", "GET", "/user/bridge")
    pair.rt("outsider", "GET", "/user/agent")
    pair.rt("outsider", "GET", "/queue/Incidents")
    pair.rt("outsider", "GET", "/queues/all")
    pair.rt("alice", "GET", "/rt")
    pair.rt("alice", "GET", "/user/bridge")
    pair.rt("alice", "GET", "/user/alice", mask=lambda v: v.get("Name") if isinstance(v, dict) else v)
    pair.rt(None, "GET", "/rt")
    pair.rt(None, "GET", "/rt", headers={"User-Agent": "Mozilla/5.0"})
    pair.rt(None, "GET", "/rt", headers={"Authorization": "token 1-27-00"})
    pair.rt("bridge", "PATCH", "/ticket/1", {})
    pair.rt("bridge", "DELETE", "/rt")


@script
def rt_ticket(pair):
    t = ticket(pair, "One", Content="hello\r\nworld ä", CustomFields={"Impact": "high", "Service": "Billing"},
               RefersTo="http://127.0.0.1:1/issues/1")
    look(pair, t)
    for body in ({"Status": "open"}, {"Status": "open"}, {"Status": "New"}, {"Status": "OPEN"}, {"Status": "OPEN"},
                 {"Subject": "changed", "Priority": 5, "Status": "stalled"}, {"Subject": "changed"}, {"Priority": 5},
                 {"Owner": "agent"}, {"Owner": "agent"}, {"Owner": "nobody"}, {"Owner": "nobody"}, {"Owner": "bridge"}, {"Owner": "zzz"},
                 {"Subject": ""}, {"Subject": "ä" * 150}, {"Subject": "a\r\nb"}, {"Subject": 5}, {"Priority": "x"},
                 {"Created": "2020-01-01"}, {"id": 7}, {"Foo": 1}, {"Status": None}, {"Status": ""}, {"Status": "nonsense", "Subject": "x"},
                 {"Queue": "Requests"}, {"Queue": 3}, {"Queue": "Nope"}, {"Status": "closed-unresolved"}, {"Status": "rejected"},
                 {"Status": "resolved"}, {"Status": "closed-unresolved", "Subject": "still changed"}, {"Status": "deleted"}):
        pair.rt("bridge", "PUT", t, body)
    look(pair, t)
    pair.rt("outsider", "GET", t)
    pair.rt("outsider", "PUT", t, {"Status": "open"})
    pair.rt("alice", "GET", t)
    pair.rt("bridge", "PUT", "/ticket/99999", {"Status": "open"})
    pair.rt("bridge", "POST", t, {"Subject": "x"})


@script
def rt_fields(pair):
    t = ticket(pair, "Fields", CustomFields={"Impact": "zz", "6": "by id", "Nope": "x"})
    pair.rt("bridge", "GET", t)
    for value in ({"Impact": None}, {"Impact": []}, {"Impact": ""}, {"Impact": "HIGH"}, {"Impact": "high"},
                  {"Impact": ["low", "medium"]}, {"Impact": None}, {"Service": "x"}, {"Service": ""}, {"Service": None},
                  {"Service": "0"}, {"Service": 5}, {"6": "byid"}, {"service": "lower"}, {"Service": " a\nb "},
                  {"Impact": "gigantic"}, {"Nope": "x"}, {"Defect": "http://127.0.0.1:1/issues/5"}, {"Defect": []},
                  {"Known Error": "KE-1", }, {"Known Error": "KE-1"}):
        pair.rt("bridge", "PUT", t, {"CustomFields": value})
        pair.rt("bridge", "GET", t)
    pair.rt("bridge", "PUT", t, {"CustomFields": {"Service": {"a": 1}}})
    look(pair, t)


@script
def rt_links(pair):
    a, b, c = ticket(pair, "A"), ticket(pair, "B"), ticket(pair, "C")
    ids = [x.rsplit("/", 1)[1] for x in (a, b, c)]
    for body in ({"AddRefersTo": "http://h.example/1"}, {"AddRefersTo": "http://h.example/1"}, {"AddRefersTo": "not a url"},
                 {"AddRefersTo": ["http://h.example/2", "mailto:x@y"]}, {"DeleteRefersTo": "http://h.example/1"},
                 {"DeleteRefersTo": "http://h.example/1"}, {"RefersTo": ["http://h.example/3", "http://h.example/2"]},
                 {"RefersTo": []}, {"AddReferredToBy": "http://a.b/c"}, {"AddRefersTo": ids[1]}, {"AddRefersTo": ids[0]},
                 {"AddRefersTo": "99999"}, {"AddDependsOn": ids[2]}, {"Status": "resolved"}, {"AddMemberOf": ids[1]}):
        pair.rt("bridge", "PUT", a, body)
    for t in (a, b, c):
        pair.rt("bridge", "GET", t)
        pair.rt("bridge", "GET", t + HISTORY)
    pair.rt("bridge", "PUT", c, {"Status": "resolved"})
    pair.rt("bridge", "PUT", a, {"Status": "resolved"})
    for query in ("RefersTo = 'http://h.example/3'", "RefersTo IS NOT NULL", "DependsOn = " + ids[2], "MemberOf = " + ids[1],
                  "HasMember = " + ids[0], "ReferredToBy = 'http://a.b/c'"):
        pair.rt("bridge", "GET", "/tickets?orderby=id&query=" + quote(query))


@script
def rt_people(pair):
    t = ticket(pair, "People", Cc="bob@customer.example")
    for body in ({"Requestor": ["alice@customer.example", "bob@customer.example"]}, {"Cc": "carol@customer.example"},
                 {"Requestor": []}, {"Requestor": "carl@customer.example"}, {"AdminCc": "agent@rig.example"}):
        pair.rt("bridge", "PUT", t, body)
    pair.rt("bridge", "PUT", t, {"Requestor": "bad"})
    pair.rt("bridge", "GET", t)
    pair.rt("bridge", "GET", t + HISTORY)
    pair.rt("bridge", "GET", "/user/carl@customer.example")
    message(pair, t, "comment", Content="for the admins")
    message(pair, t, "correspond", Content="for all")
    look(pair, t)
    pair.rt("bridge", "GET", "/tickets?orderby=id&query=" + quote("Cc = 'carol@customer.example'"))


def message(pair, t, kind, who="bridge", headers=None, **body):
    return pair.rt(who, "POST", f"{t}/{kind}", {"ContentType": "text/plain", **body}, headers)


@script
def rt_messages(pair):
    t = ticket(pair, "Talk")
    message(pair, t, "comment", Content="int")
    pair.rt("bridge", "POST", t + "/comment", {"Content": "int"})
    message(pair, t, "comment", Content="")
    pair.rt("bridge", "POST", t + "/comment", {})
    message(pair, "/ticket/99999", "comment", Content="x")
    message(pair, t, "comment", "outsider", Content="x")
    message(pair, t, "comment", "alice", Content="x")
    message(pair, t, "comment", Content="x", Status="closed-unresolved", Subject="zz",
            CustomFields={"Known Error": "KE-9", "Impact": "bad"})
    message(pair, t, "correspond", Content="to you")
    pair.rt("bridge", "PUT", t, {"Status": "closed-unresolved"})
    message(pair, t, "correspond", Content="to you two", Status="closed-unresolved", CustomFields={"Problem": "P-7"})
    message(pair, t, "correspond", Content="to you three", Status="resolved")
    message(pair, t, "correspond", "alice", Content="alice says")
    message(pair, t, "comment", Content="x", Status="nonsense")
    message(pair, t, "comment", Content="x", Status="open")
    message(pair, t, "correspond", Content="x", Status="OPEN")
    message(pair, t, "correspond", "alice", Content="hm", Status="resolved")
    message(pair, t, "correspond", "alice", Content="hm", Status="stalled")
    message(pair, t, "correspond", "agent", Content="line1\r\nline2\ttab ä 日本 \n\n", Status="stalled")
    message(pair, t, "correspond", "alice", Content="still stalled")
    pair.rt("bridge", "POST", t + "/comment", b"plain words", {"Content-Type": "text/plain"})
    pair.rt("bridge", "POST", t + "/comment", b"{bad")
    pair.rt("bridge", "POST", t + "/comment", b"x", {"Content-Type": "image/png"})
    message(pair, t, "comment", headers={"If-Match": '"3"'}, Content="x")
    message(pair, t, "comment", headers={"If-Match": "*"}, Content="x")
    look(pair, t)
    pair.rt("agent", "GET", t + HISTORY)
    t = ticket(pair, "By herself", "alice")
    message(pair, t, "correspond", "alice", Content="more")
    look(pair, t)
    pair.rt("bridge", "GET", t + "/comment")
    pair.rt("bridge", "GET", t + "/links")
    first = pair.rt("bridge", "GET", t + HISTORY)["items"][0]["id"]
    pair.rt("bridge", "GET", f"/transaction/{first}")
    pair.rt("bridge", "GET", f"/transaction/{first}/attachments")
    for n in (1, 2, 3, 5, 6, 7):
        pair.rt("bridge", "GET", f"/attachment/{n}", mask=lambda v: v if v.get("Parent") == "0" else {**v, "Content": ""})


@script
def rt_merge_delete_move(pair):
    a, b, c, d = (ticket(pair, x) for x in "ABCD")
    pair.rt("agent", "PUT", a, {"MergeInto": int(b.rsplit("/", 1)[1])})
    for t in (a, b):
        look(pair, t)
    pair.rt("bridge", "PUT", a, {"Subject": "through the merged one"})
    for query in ("id = 1", "EffectiveId = 2", "id > 0"):
        pair.rt("bridge", "GET", f"/tickets?query={quote(query)}&orderby=id&fields=EffectiveId,Status,LastUpdatedBy,Subject")
    pair.rt("agent", "PUT", c, {"Status": "closed-unresolved"})
    pair.rt("agent", "PUT", c, {"Queue": "Requests"})
    pair.rt("bridge", "GET", c)
    pair.rt("bridge", "PUT", c, {"Subject": "x"})
    pair.rt("agent", "GET", c, mask=lambda v: {**v, "_hyperlinks": []})
    pair.rt("bridge", "GET", c + HISTORY)
    message(pair, c, "comment", Content="x")
    pair.rt("agent", "PUT", c, {"Queue": "Incidents"})
    look(pair, c)
    pair.rt("bridge", "DELETE", d)
    pair.rt("agent", "DELETE", d)
    pair.rt("agent", "DELETE", d)
    pair.rt("bridge", "GET", d)
    for query in ("id > 0 AND Status = 'deleted'", "id = 4", "EffectiveId = 4"):
        pair.rt("bridge", "GET", "/tickets?query=" + quote(query))
    pair.rt("bridge", "GET", d + HISTORY)
    pair.rt("bridge", "PUT", d, {"Status": "open"})
    pair.rt("bridge", "GET", "/transactions?orderby=id&per_page=100&query="
            + quote("TicketQueue='Incidents' AND id > 20") + "&fields=Type,Field,OldValue,NewValue,ObjectId,Creator,Created")
    pair.rt("outsider", "GET", "/transactions?orderby=id&query=" + quote("TicketQueue='Incidents' AND id > 20"))
    pair.rt("bridge", "GET", "/transactions?query=" + quote("ObjectType='RT::Ticket' AND ObjectId=3") + "&fields=Type")
    pair.rt("bridge", "GET", "/transactions?orderby=id&query=" + quote("TicketId=3") + "&fields=Type,ObjectType")
    pair.rt("bridge", "GET", "/transactions?orderby=id&query=" + quote("Foo=3"))
    pair.rt("bridge", "GET", "/transactions?orderby=id&query=" + quote("Type = 'Status' AND Creator != 'bridge'") + "&fields=Creator")


@script
def rt_conditions(pair):
    t = ticket(pair, "Tags")
    pair.rt("bridge", "PUT", t, {"Subject": "x"}, {"If-Match": '"1"'})
    pair.rt("bridge", "PUT", t, {"Subject": "y"}, {"If-Match": "*"})
    pair.rt("bridge", "PUT", t, {"Subject": "z"}, {"If-None-Match": "*"})
    pair.rt("bridge", "GET", t, headers={"If-None-Match": "*"})
    pair.rt("bridge", "GET", t, headers={"If-None-Match": '"1"'})
    pair.rt("bridge", "GET", t, headers={"If-Modified-Since": "Mon, 23 Nov 2026 01:48:46 GMT"})
    pair.rt("bridge", "GET", t, headers={"If-Unmodified-Since": "Mon, 23 Nov 2026 01:48:46 GMT"})
    for body, headers in ((b"{bad", {}), (b"[]", {}), (b"", {}), (b'{"Subject":"x"}', {"Content-Type": "text/plain"}),
                          (b'{"Subject":"\xff"}', {})):
        pair.rt("bridge", "PUT", t, body, headers)
    pair.rt("bridge", "POST", "/ticket", b"{bad")
    pair.rt("bridge", "POST", "/ticket", b"{}", {"Content-Type": "text/plain"})
    for body in ({"Queue": "Nope"}, {"Subject": "x"}, {"Queue": "Incidents", "Status": "stalled"},
                 {"Queue": "Incidents", "Status": "zzz"}, {"Queue": "Incidents", "Status": "closed-unresolved"},
                 {"Queue": "Incidents"},
                 {"Queue": "Incidents", "Subject": "s\nt", "Requestor": ["new.person@customer.example"], "Status": "open",
                  "Owner": "agent"}, {"Queue": "Requests", "Subject": "x"}, {"Queue": 3, "Status": "Resolved", "Subject": "done"}):
        pair.rt("bridge", "POST", "/ticket", body)
    pair.rt("outsider", "POST", "/ticket", {"Queue": "Incidents", "Subject": "anybody may"})
    for n in range(1, 6):
        look(pair, f"/ticket/{n}")
    pair.rt("bridge", "PUT", "/tickets/bulk", [{"id": 1, "Status": "open"}, {"id": 99999, "Status": "x"}])
    pair.rt("bridge", "POST", "/tickets/bulk", [{"Queue": "Nope"}, {"Queue": "Incidents", "Subject": "b"}])
    pair.rt("bridge", "POST", "/tickets/bulk/comment", [{"id": 1, "Content": "z", "ContentType": "text/plain"},
                                                       {"id": 99999, "Content": "z", "ContentType": "text/plain"},
                                                       {"id": 1, "Content": "z"}])


@script
def rt_search(pair):
    for n, more in enumerate(({"Status": "open"}, {"CustomFields": {"Problem": "P-2", "Service": "Billing"}}, {},
                              {"Requestor": "bob@customer.example"}, {"Status": "resolved"}, {"Owner": "agent"})):
        ticket(pair, f"Search {n}", **more)
    pair.rt("agent", "PUT", "/ticket/3", {"Status": "closed-unresolved"})
    pair.rt("agent", "PUT", "/ticket/6", {"Priority": 7})
    for query in ("Status = 'open'", "Status = 'OPEN'", "Status != 'open' AND Queue = 'Incidents'", "Status = '__Active__'",
                  "Status='__Inactive__'", "Queue=3", "Queue='incidents'", "Queue='Nope'", "'CF.{Problem}' = 'P-2'",
                  "CF.{Problem} LIKE 'P'", "'CF.{Problem}' IS NOT NULL", "('CF.{Problem}' IS NOT NULL) AND id > 0",
                  "'CF.{Problem}' IS NULL", "CF.Problem = 'P-2'",
                  "'CustomField.{Problem}' = 'P-2'", "'CF.{2}'='P-2'", "'CF.{Problem}' != 'P-2'", "Subject LIKE 'search'",
                  "Subject = 'Search 1'", "Requestor = 'alice@customer.example'", "Requestor.Name='alice'",
                  "Requestor.EmailAddress LIKE 'bob'", "Owner = 'agent'", "Owner='Nobody'", "Creator = 'alice'",
                  "LastUpdatedBy != 'bridge'", "LastUpdatedBy = 'agent'", "LastUpdated > 'yesterday'", "LastUpdated > '2 hours ago'",
                  "LastUpdated > '2026-01-01 00:00:00'", "LastUpdated >= '2030-01-01 00:00:00'", "LastUpdated < '2030-01-01T00:00:00Z'",
                  "LastUpdated >= '2030-01-01T00:00:00Z'", "LastUpdated >= '1767225600'", "LastUpdated < '2026-01-01'",
                  "id > 3 AND id < 6", "(id = 1 OR id = 2) AND Status = 'open'", "NOT id = 1", "id IN (1,2)", "Priority > 3",
                  "Id = 1", 'id = "1"', "id=1 and status='open'", "id = 1 AND", "id", "(id = 1", "Content LIKE 'x'",
                  "Resolved > '2020-01-01'", "Told IS NULL", "EffectiveId = 5", "EffectiveId != 5", "Type = 'ticket'", "Foo = 1",
                  "Status =", "Lifecycle = 'incidents'", "id = 1 OR id = 2 AND Status = 'resolved'",
                  "id = 3 OR Status='open' AND id < 3", "Status='open' AND id < 3 OR id = 3", "id = 3 OR (Status='open' AND id < 3)",
                  "Queue = 'Incidents' AND ((LastUpdated > '2026-01-01 00:00:00') OR (LastUpdated >= '2026-01-01 00:00:00' AND "
                  "LastUpdated <= '2026-01-01 00:00:00' AND id > 3))", "((id = 1))", "Subject LIKE 'it\\'s'"):
        pair.rt("bridge", "GET", f"/tickets?query={quote(query)}&orderby=id&fields=Status,Subject")
    for rest in ("id>0" + FIELDS + "&orderby=id", "id>0&per_page=2&orderby=id", "id>0&per_page=2&orderby=id&page=2",
                 "id>0&page=99&per_page=5&orderby=id", "id>0&orderby=Nope", "id>0&per_page=1000&orderby=id",
                 "id>0&per_page=0&orderby=id", "id>0&per_page=x&orderby=id", "id>0&orderby=Status&order=DESC&orderby=id&order=DESC",
                 "id>0&orderby=Subject&order=DESC", "id>0&fields=Requestor,Cc,Told&orderby=id"):
        pair.rt("bridge", "GET", "/tickets?query=" + rest)
    pair.rt("outsider", "GET", "/tickets?query=id>0")
    pair.rt("alice", "GET", "/tickets?query=id>0")
    pair.rt("bridge", "POST", "/tickets", b"query=id%3E0&per_page=2&orderby=id",
            {"Content-Type": "application/x-www-form-urlencoded"})
    pair.rt("root", "GET", "/ticket/1/history?fields=Type")


@script
def rt_moves(pair):
    t, other = ticket(pair, "Moves"), ticket(pair, "Other")
    message = {"Content": "x", "ContentType": "text/plain"}
    pair.moves("rt", t, "LastUpdated", [
        ("bridge", "PUT", t, {}), ("bridge", "PUT", t, {"Subject": "Moves"}), ("bridge", "PUT", t, {"Subject": "Moved"}),
        ("bridge", "PUT", t, {"Status": "new"}), ("bridge", "PUT", t, {"Status": "open"}), ("bridge", "PUT", t, {"Status": "nonsense"}),
        ("bridge", "PUT", t, {"CustomFields": {"Problem": "P-1"}}), ("bridge", "PUT", t, {"CustomFields": {"Problem": "P-1"}}),
        ("bridge", "PUT", t, {"CustomFields": {"Problem": None}}), ("bridge", "PUT", t, {"CustomFields": {"Problem": None}}),
        ("bridge", "PUT", t, {"CustomFields": {"Impact": "gigantic"}}), ("bridge", "POST", t + "/comment", message),
        ("bridge", "POST", t + "/correspond", message), ("alice", "POST", t + "/correspond", message),
        ("bridge", "PUT", t, {"AddRefersTo": "http://a.b/c"}), ("bridge", "PUT", t, {"AddRefersTo": "http://a.b/c"}),
        ("bridge", "PUT", other, {"AddRefersTo": t.rsplit("/", 1)[1]}), ("bridge", "PUT", t, {"Cc": "bob@customer.example"}),
        ("agent", "PUT", other, {"MergeInto": int(t.rsplit("/", 1)[1])}), ("agent", "DELETE", t, None)])


def mails_of(side, masker):
    parts = ("to", "cc", "bcc", "from", "subject", "ticket")
    mails = [{k: sorted(m[k]) if isinstance(m[k], list) else masker.value(m[k]) for k in parts} for m in side.mails()]
    # within one second the real ones are in no certain order
    return sorted(mails, key=lambda m: json.dumps(m, sort_keys=True))


@script
def rt_mail(pair):
    t = ticket(pair, "Mail", Cc="bob@customer.example")
    message(pair, t, "comment", Content="nobody is told")
    message(pair, t, "correspond", Content="all are told")
    message(pair, t, "correspond", "alice", Content="only bob is told")
    message(pair, t, "correspond", Content="told twice", Status="resolved")
    pair.same("mails until a resolution", mails_of)
    pair.switch("scrip", False)
    pair.rt("bridge", "PUT", t, {"Status": "open"})
    message(pair, t, "correspond", Content="told once", Status="resolved")
    pair.switch("scrip", True)
    pair.rt("bridge", "PUT", t, {"Status": "open"})
    pair.rt("agent", "PUT", t, {"Owner": "agent"})
    message(pair, t, "correspond", Content="the owner too")
    pair.rt("bridge", "PUT", t, {"Status": "resolved"})
    ticket(pair, "By herself", "alice")
    pair.rt("bridge", "POST", "/ticket", {"Queue": "Incidents", "Subject": "for nobody"})
    pair.same("mails at the end", mails_of)
    look(pair, t)


@script
def rt_switches(pair):
    t = ticket(pair, "Zones")
    created = pair.rt("bridge", "GET", t)["Created"]
    day, clock = created[:10], created[11:19]
    pair.switch("zone", "Europe/Berlin")
    pair.rt("bridge", "GET", "/user/bridge")
    for value in (f"{day} {clock}", f"{day}T{clock}Z", f"{day} {clock} UTC", f"{day} {clock} +0000", "2026-07-01 00:00:00", day, "1 hour ago"):
        for op in (">=", "<"):
            query = quote(f"id = 1 AND LastUpdated {op} '{value}'")
            pair.rt("bridge", "GET", "/tickets?query=" + query, mask=lambda v: v["total"])
            pair.rt("agent", "GET", "/tickets?query=" + query, mask=lambda v: v["total"])
    pair.switch("zone", "")
    pair.switch("rights", False)
    for path in (t, t + "/history", t + "/attachments", "/tickets?query=id>0", "/queue/Incidents", "/queues/all", "/user/bridge",
                 "/transactions?query=id>40", "/rt"):
        pair.rt("bridge", "GET", path)
    pair.rt("bridge", "PUT", t, {"Status": "open"})
    message(pair, t, "comment", Content="x")
    message(pair, t, "correspond", Content="x")
    pair.rt("bridge", "POST", "/ticket", {"Queue": "Incidents", "Subject": "x"})
    pair.rt("agent", "PUT", t, {"Status": "open"})
    i = "/issues.json?status_id=*&project_id=product"
    for path in (i, "/issues.json", "/projects/product.json", "/projects.json", "/users/current.json?include=memberships"):
        pair.redmine("bridge", "GET", path, mask=no_login)
    pair.redmine("bridge", "POST", "/issues.json", {"issue": {"project_id": "product", "subject": "x"}})
    pair.switch("rights", True)
    pair.rt("bridge", "GET", t)
    pair.redmine("bridge", "GET", i)


# ---- Redmine ----

def issue(pair, subject, who="bridge", **more):
    answer = pair.redmine(who, "POST", "/issues.json", {"issue": {"project_id": "product", "subject": subject, **more}})
    return answer["issue"]["id"] if isinstance(answer, dict) and "issue" in answer else 0


def put(pair, i, who="bridge", **fields):
    return pair.redmine(who, "PUT", f"/issues/{i}.json", {"issue": fields})


def whole(pair, i, who="bridge"):
    return pair.redmine(who, "GET", f"/issues/{i}.json?include=journals,relations,allowed_statuses,children,attachments")


def no_login(answer):
    """The sandbox remembers no logins."""
    if isinstance(answer, dict) and "user" in answer:
        answer["user"]["last_login_on"] = None
    return answer


@script
def redmine_resources(pair):
    for path in ("/issue_statuses.json", "/enumerations/issue_priorities.json", "/trackers.json", "/projects.json",
                 "/projects/product.json?include=issue_custom_fields,trackers,issue_categories,enabled_modules",
                 "/projects/product.json", "/projects/1.json", "/projects/other.json", "/projects/nope.json",
                 "/projects/product/versions.json", "/projects/other/versions.json", "/versions/1.json", "/versions/99.json",
                 "/custom_fields.json", "/issues.json", "/issues.json?project_id=other", "/issues.json?project_id=nope",
                 "/projects/product/issues.json", "/projects/product/memberships.json", "/roles.json", "/roles/6.json", "/users/6.json",
                 "/users/99.json", "/nowhere.json", "/issues/abc.json", "/issues/999.json", "/relations/5.json", "/issues.json?project_id=",
                 "/issues.json?status_id="):
        pair.redmine("bridge", "GET", path, mask=no_login)
    for who in ("bridge", "dev", "admin", "outsider"):
        pair.redmine(who, "GET", "/users/current.json?include=memberships", mask=no_login)
        pair.redmine(who, "GET", "/projects.json")
        pair.redmine(who, "GET", "/issues.json?project_id=product")
    pair.redmine("wrong", "GET", "/users/current.json")
    pair.redmine(None, "GET", "/issues.json")
    pair.redmine("admin", "GET", "/custom_fields.json")
    pair.redmine("admin", "GET", "/users/current.json", headers={"X-Redmine-Switch-User": "dev"}, mask=no_login)
    pair.redmine("bridge", "GET", "/users/current.json", headers={"X-Redmine-Switch-User": "dev"}, mask=no_login)
    pair.redmine("admin", "GET", "/users/current.json", headers={"X-Redmine-Switch-User": "zz"})
    pair.redmine("bridge", "PUT", "/versions/1.json", {"version": {"status": "closed"}})
    pair.redmine("dev", "PUT", "/versions/1.json", {"version": {"status": "closed"}})
    pair.redmine("admin", "PUT", "/versions/1.json", {"version": {"status": "nope"}})
    pair.redmine("bridge", "GET", "/versions/1.json")
    i = issue(pair, "versions")
    put(pair, i, fixed_version_id=1)
    pair.redmine("admin", "POST", "/projects/product/versions.json", {"version": {"name": "1.9"}})
    pair.redmine("admin", "PUT", "/versions/1.json", {"version": {"status": "open"}})
    put(pair, i, fixed_version_id=1)
    pair.redmine("admin", "PUT", "/versions/1.json", {"version": {"status": "closed"}})
    put(pair, i, fixed_version_id=1, notes="kept")
    whole(pair, i)
    pair.redmine("bridge", "GET", "/projects/product/versions.json")


@script
def redmine_issue(pair):
    i = issue(pair, "R1", tracker_id=1, description="a\nb", custom_fields=[{"id": 2, "value": "5"}])
    issue(pair, "R2", status_id=3, priority_id=4, fixed_version_id=2, assigned_to_id=6, is_private=True)
    whole(pair, i)
    whole(pair, i, "dev")
    pair.redmine("outsider", "GET", f"/issues/{i}.json")
    put(pair, i, status_id=2, notes="working\non it", custom_fields=[{"id": 2, "value": "6"}])
    put(pair, i, notes="private one", private_notes=True, priority_id=3)
    put(pair, i, notes="private two", private_notes=True)
    put(pair, i, "dev", status_id=6, notes="not allowed")
    for fields in ({"status_id": 99}, {"custom_fields": [{"id": 99, "value": "x"}]}, {"subject": ""}, {"subject": "x" * 256},
                   {"custom_fields": [{"id": 2, "value": "abc"}]}, {"priority_id": 99}, {}, {"lock_version": 0},
                   {"done_ratio": 50, "assigned_to_id": 6, "fixed_version_id": 1, "description": "new\ntext"},
                   {"fixed_version_id": 99, "assigned_to_id": 99},
                   {"custom_fields": [{"id": 1, "value": "http://x/1\nhttp://x/2"}, {"id": 2, "value": 7}, {"id": 3, "value": ""}]},
                   {"status_id": "4"}, {"status": "Closed"}, {"due_date": "2030-12-01"}, {"due_date": "x"}, {"start_date": None},
                   {"estimated_hours": 3.5}, {"done_ratio": 5}, {"done_ratio": 500}, {"category_id": 1}, {"category_id": 9},
                   {"assigned_to_id": ""}, {"custom_fields": {"2": "9"}}, {"custom_field_values": {"2": "10"}},
                   {"custom_fields": [{"id": "2", "value": " 11 "}]}, {"custom_fields": [{"id": 2, "value": None}]},
                   {"custom_fields": [{"id": 2, "value": ["1", "2"]}]}, {"notes": "a\r\nb"}, {"notes": "   "},
                   {"private_notes": True}, {"private_notes": True, "status_id": 3}, {"tracker_id": 2}, {"author_id": 6},
                   {"created_on": "2020-01-01"}, {"is_private": True}, {"subject": "  sp  "}, {"notes": "ä 日本 😀"},
                   {"status_id": 5, "notes": "closed"}, {"status_id": 2}, {"priority_id": ""}, {"fixed_version_id": ""},
                   {"assigned_to_id": 5}, {"assigned_to_id": 7}, {"description": ""}, {"description": None}):
        put(pair, i, **fields)
    whole(pair, i)
    whole(pair, i, "dev")
    pair.redmine("outsider", "PUT", f"/issues/{i}.json", {"issue": {"notes": "x"}})
    pair.redmine("bridge", "PUT", f"/issues/{i}.json", {})
    for body, headers in ((b"{bad", {}), (b"\xff{}", {}), (b'{"issue":{"notes":"\xff"}}', {}), (b'{"issue":5}', {}), (b"[]", {}),
                          (b'{"issue":{"notes":"lost"}}', {"Content-Type": "text/plain"})):
        pair.redmine("bridge", "PUT", f"/issues/{i}.json", body, headers)
    pair.redmine("bridge", "PATCH", f"/issues/{i}.json", {"issue": {"notes": "patched"}})
    pair.redmine("bridge", "POST", f"/issues/{i}.json", {})
    pair.redmine("bridge", "PUT", "/issues/999.json", {"issue": {}})
    pair.redmine("bridge", "DELETE", f"/issues/{i}.json")
    journals = whole(pair, i)["issue"]["journals"]
    own = next(j["id"] for j in journals if j["notes"] and j["user"]["id"] == 5)
    other = next(j["id"] for j in journals if j["notes"] and j["user"]["id"] == 6)
    pair.redmine("bridge", "PUT", f"/journals/{own}.json", {"journal": {"notes": "edited"}})
    pair.redmine("bridge", "PUT", f"/journals/{other}.json", {"journal": {"notes": "edited"}})
    pair.redmine("bridge", "PUT", "/journals/999.json", {"journal": {"notes": "edited"}})
    whole(pair, i)
    for fields in ({"project_id": "other", "subject": "x"}, {"project_id": "product"}, {"project_id": "nope", "subject": ""},
                   {"project_id": "product", "subject": "x", "custom_fields": [{"id": 2, "value": "x"}]},
                   {"project_id": "product", "subject": "x", "priority_id": 99}, {"project_id": "product", "subject": "y" * 255},
                   {"project_id": 1, "subject": "status", "status_id": 5}, {"project_id": "1", "subject": "t", "tracker_id": 99},
                   {"project_id": "product", "subject": "dev's", "fixed_version_id": 99}):
        pair.redmine("bridge", "POST", "/issues.json", {"issue": fields})
    pair.redmine("dev", "POST", "/issues.json", {"issue": {"project_id": "product", "subject": "d", "status_id": 5}})
    pair.redmine("outsider", "POST", "/issues.json", {"issue": {"project_id": "product", "subject": "x"}})
    pair.redmine("bridge", "POST", "/issues.json", {})
    pair.redmine("bridge", "POST", "/issues.json", b"{bad")
    pair.redmine("admin", "POST", "/issues.json", {"issue": {"project_id": "product", "subject": "secret", "is_private": True}})
    pair.redmine("dev", "GET", "/issues.json?status_id=*&limit=100")
    pair.redmine("bridge", "GET", "/issues.json?status_id=*&limit=100")


@script
def redmine_workflow(pair):
    for who in ("dev", "bridge", "admin"):
        for status in range(1, 9):
            i = issue(pair, f"{who} {status}", status_id=status)
            whole(pair, i, who)
            put(pair, i, who, status_id=status % 8 + 1, notes="next")
            whole(pair, i, who)


def relate(pair, a, b, kind, who="bridge"):
    answer = pair.redmine(who, "POST", f"/issues/{a}/relations.json", {"relation": {"issue_to_id": b, "relation_type": kind}})
    return answer.get("relation", {}).get("id", 0) if isinstance(answer, dict) else 0


@script
def redmine_relations(pair):
    a, b, c, d = (issue(pair, x) for x in ("RA", "RB", "RC", "RD"))
    first = relate(pair, a, b, "duplicates")
    relate(pair, a, b, "duplicates")
    relate(pair, a, b, "relates")
    relate(pair, c, b, "duplicated")
    relate(pair, a, 999, "relates")
    relate(pair, a, c, "nonsense")
    relate(pair, a, a, "relates")
    relate(pair, a, d, "blocks")
    relate(pair, d, a, "blocks")
    relate(pair, c, d, "copied_to")
    pair.redmine("bridge", "POST", f"/issues/{b}/relations.json", {"relation": {"issue_to_id": d}})
    pair.redmine("bridge", "GET", f"/issues/{a}/relations.json")
    pair.redmine("bridge", "GET", f"/relations/{first}.json")
    for x in (a, b, c, d):
        whole(pair, x)
    put(pair, d, status_id=5)
    pair.redmine("bridge", "GET", f"/issues.json?issue_id={a},{b}&include=relations")
    put(pair, b, "dev", status_id=5, notes="done")
    for x in (a, b, c):
        whole(pair, x)
    put(pair, b, status_id=4)
    whole(pair, a)
    pair.redmine("bridge", "DELETE", f"/relations/{first}.json")
    pair.redmine("bridge", "DELETE", f"/relations/{first}.json")
    whole(pair, a)
    put(pair, c, project_id=2, subject="stays")
    pair.redmine("dev", "PUT", f"/issues/{c}.json", {"issue": {"project_id": "other"}})
    pair.redmine("bridge", "GET", f"/issues/{c}.json")
    whole(pair, c, "dev")
    whole(pair, b)
    whole(pair, d)
    put(pair, c, notes="x")
    pair.redmine("dev", "DELETE", f"/issues/{a}.json")
    pair.redmine("dev", "GET", f"/issues/{a}.json")
    for x in (b, d):
        whole(pair, x)


@script
def redmine_duplicates(pair):
    a, b, c = (issue(pair, x) for x in ("A", "B", "C"))
    relate(pair, a, b, "duplicates")
    relate(pair, b, c, "duplicates")
    put(pair, c, status_id=6, notes="private words", private_notes=True)
    for x in (a, b, c):
        whole(pair, x)
    a, b = issue(pair, "loop A"), issue(pair, "loop B")
    relate(pair, a, b, "duplicates")
    relate(pair, b, a, "duplicates")
    put(pair, a, status_id=5)
    whole(pair, a)
    whole(pair, b)
    put(pair, a, status_id=3)
    a, b, c = (issue(pair, x) for x in ("circle A", "circle B", "circle C"))
    relate(pair, a, b, "duplicates")
    relate(pair, b, c, "duplicates")
    relate(pair, c, a, "duplicates")
    put(pair, a, status_id=5)
    for x in (a, b, c):
        whole(pair, x)
    p = issue(pair, "parent", "dev")
    k = issue(pair, "kid", "dev", parent_issue_id=p)
    issue(pair, "no kid", parent_issue_id=p)
    whole(pair, p)
    whole(pair, k)
    put(pair, p, status_id=5)
    whole(pair, p)
    put(pair, k, status_id=5)
    put(pair, p, status_id=5)
    whole(pair, p)
    whole(pair, k)


@script
def redmine_list(pair):
    for n, more in enumerate(({}, {"status_id": 2, "custom_fields": [{"id": 2, "value": "7"}]}, {"status_id": 5},
                              {"priority_id": 4, "fixed_version_id": 1, "assigned_to_id": 6}, {"description": "a marker here"})):
        issue(pair, f"List {n}", **more)
    put(pair, 2, notes="work")
    put(pair, 4, "dev", notes="by dev")
    for filters in ("", "status_id=*", "status_id=open", "status_id=closed", "status_id=1", "status_id=1|2", "status_id=!1",
                    "status_id=99", "status_id=zzz", "issue_id=3", "status_id=*&issue_id=2,3", "status_id=*&issue_id=%3E%3D3",
                    "status_id=*&issue_id=%3C%3D3", "status_id=*&issue_id=%3E%3C2|4", "status_id=*&issue_id=x",
                    "status_id=*&sort=id", "status_id=*&sort=id:desc", "status_id=*&sort=updated_on,id",
                    "status_id=*&sort=updated_on:desc", "status_id=*&sort=nope", "status_id=*&sort=priority,subject:desc",
                    "status_id=*&limit=2", "status_id=*&limit=2&offset=1", "status_id=*&limit=2&page=2", "status_id=*&limit=0",
                    "status_id=*&limit=1000", "status_id=*&limit=x", "status_id=*&offset=100", "status_id=*&foo=bar",
                    "status_id=*&updated_on=%3E%3D2020-01-01T00:00:00Z", "status_id=*&updated_on=%3C%3D2020-01-01T00:00:00Z",
                    "status_id=*&updated_on=%3E%3C2020-01-01T00:00:00Z|2030-01-01T00:00:00Z", "status_id=*&updated_on=2020-01-01",
                    "status_id=*&updated_on=%3E%3D2020-01-01", "status_id=*&updated_on=%3E2020-01-01T00:00:00Z",
                    "status_id=*&updated_on=%3E%3D2020-01-01T00:00:00", "status_id=*&updated_on=%3E%3D2020-01-01T00:00:00%2B00:00",
                    "status_id=*&updated_on=%3E%3D2020-01-01T00:00:00.500Z", "status_id=*&updated_on=%3E%3Dx",
                    "status_id=*&created_on=t", "status_id=*&tracker_id=1", "status_id=*&tracker_id=2",
                    "status_id=*&fixed_version_id=1", "status_id=*&fixed_version_id=*", "status_id=*&fixed_version_id=!*",
                    "status_id=*&assigned_to_id=6", "status_id=*&assigned_to_id=me", "status_id=*&author_id=me",
                    "status_id=*&cf_2=7", "status_id=*&cf_2=*", "status_id=*&cf_2=%3E%3D6", "status_id=*&cf_2=!*",
                    "status_id=*&subject=List 1", "status_id=*&subject=~list", "status_id=*&description=~marker",
                    "status_id=*&priority_id=2", "status_id=*&project_id=1", "status_id=*&project_id=product",
                    "status_id=*&last_updated_by=!me", "status_id=*&last_updated_by=me", "status_id=*&updated_by=me",
                    "status_id=*&parent_id=2", "status_id=*&include=journals,relations,attachments", "set_filter=1"):
        pair.redmine("bridge", "GET", "/issues.json?" + filters.replace(" ", "%20"))
    pair.redmine("bridge", "GET", "/search.json?q=List", mask=lambda v: v.get("total_count"))


@script
def redmine_moves(pair):
    i, other = issue(pair, "Moves"), issue(pair, "Other")
    path = f"/issues/{i}.json"
    journal = "/journals/1.json"
    pair.moves("redmine", path, "updated_on", [
        ("bridge", "PUT", path, {"issue": {}}), ("bridge", "PUT", path, {"issue": {"subject": "Moves"}}),
        ("bridge", "PUT", path, {"issue": {"notes": "x"}}), ("bridge", "PUT", path, {"issue": {"status_id": 99}}),
        ("bridge", "PUT", path, {"issue": {"priority_id": 99}}), ("bridge", "PUT", journal, {"journal": {"notes": "edited"}}),
        ("bridge", "POST", f"/issues/{i}/relations.json", {"relation": {"issue_to_id": other, "relation_type": "duplicates"}}),
        ("bridge", "PUT", f"/issues/{other}.json", {"issue": {"notes": "not of this one"}}),
        ("bridge", "PUT", f"/issues/{other}.json", {"issue": {"status_id": 5}}), ("bridge", "DELETE", "/relations/1.json", None),
        ("dev", "PUT", path, {"issue": {"status_id": 2}}), ("outsider", "PUT", path, {"issue": {"notes": "x"}})])


@script
def redmine_times(pair):
    i = issue(pair, "Times")
    updated = pair.redmine("bridge", "GET", f"/issues/{i}.json")["issue"]["updated_on"]
    day = updated[:10]
    for zone in ("", "Europe/Berlin"):
        pair.switch("zone", zone)
        for value in (f"{day}", f"{day}T00:00:00Z", f"{day}T23:59:59Z", "2020-01-01T00:00:00"):
            for op in ("%3E%3D", "%3C%3D", "="):
                pair.redmine("bridge", "GET", f"/issues.json?status_id=*&updated_on={op.replace('=', '')}{value}",
                             mask=lambda v: v.get("total_count", v))


# ---- at random, by seed: what nobody thought of ----

STATUSES = ["new", "open", "stalled", "resolved", "closed-unresolved", "rejected", "deleted", "nonsense", "OPEN"]
VALUES = ["", None, [], "x", "low", "HIGH", "P-1", "http://127.0.0.1:1/issues/2", ["a", "b"], "0", "ä  b\n", 7, "日本"]


def random_rt(pair, dice, tickets):
    t = dice.choice(tickets)
    who = dice.choice(["bridge", "bridge", "agent", "agent", "alice", "root"])
    body = {}
    if dice.random() < 0.5:
        body["Status"] = dice.choice(STATUSES)
    if dice.random() < 0.4:
        body["CustomFields"] = {dice.choice(["Problem", "Impact", "Service", "Defect", "3", "Nope"]): dice.choice(VALUES)}
    kind = dice.choice(["put", "put", "put", "comment", "correspond", "correspond", "link", "people", "get", "delete"])
    if kind == "put":
        if dice.random() < 0.3:
            body["Subject"] = dice.choice(["S", "other", "ü" * 120, "", " x "])
        if dice.random() < 0.15:
            body["Owner"] = dice.choice(["agent", "Nobody", "root", "bridge"])
        pair.rt(who, "PUT", t, body)
    elif kind in ("comment", "correspond"):
        message(pair, t, kind, who, Content=dice.choice(["hello", "a\nb", "ä", ""]), **body)
    elif kind == "link":
        verb, far = dice.choice(["Add", "Delete", ""]), dice.choice(["RefersTo", "DependsOn", "MemberOf"])
        targets = ["http://a.b/1", "http://a.b/2", tickets[0].rsplit("/", 1)[1], tickets[1].rsplit("/", 1)[1]]
        pair.rt(who, "PUT", t, {verb + far: dice.choice(targets + [dice.sample(targets, 2)])})
    elif kind == "people":
        pair.rt(who, "PUT", t, {dice.choice(["Cc", "Requestor"]): dice.sample(["alice@customer.example", "bob@customer.example"],
                                                                            dice.choice([1, 2]))})
    elif kind == "delete" and dice.random() < 0.3:
        pair.rt(who, "DELETE", t)
    else:
        pair.rt("bridge", "GET", t)


@script
def rt_random(pair):
    dice = random.Random(f"rt {pair.seed}")
    tickets = [ticket(pair, f"Random {n}") for n in range(4)]
    before = pair.different
    for _ in range(pair.steps):
        random_rt(pair, dice, tickets)
        if pair.different > before:
            return  # what follows only says the same again
    for t in tickets:
        look(pair, t)
    pair.same("mails", mails_of)


def random_issue(dice):
    fields = {}
    pick = {"status_id": range(1, 10), "priority_id": [1, 2, 5, 9], "subject": ["s", "", "  ", "t\nu"],
            "notes": ["", " ", "n", "a\r\nb", "ä"], "private_notes": [True, False, "1"], "fixed_version_id": [1, 2, 3, ""],
            "assigned_to_id": [5, 6, 7, "", None], "done_ratio": [0, 50, 100, 101], "description": ["", None, "a\nb", "a\r\nb"],
            "custom_fields": [[{"id": 2, "value": "1"}], [{"id": 2, "value": "x"}], [{"id": 1, "value": "a\nb"}, {"id": 3, "value": None}]],
            "start_date": ["2026-01-01", "", "x"], "due_date": ["2030-01-01", "2020-01-01", None], "is_private": [False]}
    for name in dice.sample(sorted(pick), dice.choice([0, 1, 1, 2, 3])):
        fields[name] = dice.choice(list(pick[name]))
    return fields


@script
def redmine_random(pair):
    dice = random.Random(f"redmine {pair.seed}")
    issues = [issue(pair, f"Random {n}") for n in range(5)]
    before = pair.different
    for _ in range(pair.steps):
        if pair.different > before:
            return
        i, who = dice.choice(issues), dice.choice(["bridge", "bridge", "dev", "admin"])
        kind = dice.choice(["put", "put", "put", "put", "relate", "get", "post"])
        if kind == "put":
            put(pair, i, who, **random_issue(dice))
        elif kind == "relate":
            # never a circle of duplicates: what a real one does then depends on its stack
            a, b = sorted(dice.sample(issues, 2))
            relate(pair, a, b, dice.choice(["duplicates", "duplicates", "blocks", "relates", "copied_to"]), who)
        elif kind == "post":
            pair.redmine(who, "POST", "/issues.json", {"issue": {"project_id": "product", "subject": "r", **random_issue(dice)}})
        else:
            whole(pair, i, who)
    for i in issues:
        whole(pair, i)
        whole(pair, i, "dev")
    for filters in ("status_id=*&sort=id&limit=100", "sort=updated_on,id", "status_id=closed", "status_id=*&last_updated_by=!me"):
        pair.redmine("bridge", "GET", "/issues.json?" + filters)
