"""redmine: developers (dev) and their administrator (admin), in Redmine's REST.

Redmine answers 204 to moves it ignores, so every change is read back.
"""
from . import web
from .rt import Note
from .web import Unexpected

FIELDS = {"Linked incidents": "REDMINE_CF_LINKED", "Incident count": "REDMINE_CF_COUNT",
          "Closed-unresolved incidents": "REDMINE_CF_UNRESOLVED"}


class Redmine:
    def __init__(self, env):
        self.url, self.project = env["REDMINE_URL"], env["REDMINE_PROJECT"]
        self.keys = {"admin": env["REDMINE_KEY"], "dev": env["REDMINE_DEV_KEY"], "bridge": env["REDMINE_BRIDGE_KEY"]}
        self.versions = {"1.0": int(env["REDMINE_VERSION_1_0"]), "1.1": int(env["REDMINE_VERSION_1_1"])}
        self.field_ids = {name: int(env[variable]) for name, variable in FIELDS.items()}
        self.status_ids = None

    def call(self, method, path, body=None, by="admin", ok=(200, 201, 204)):
        reply = web.request(method, self.url + path, {"X-Redmine-API-Key": self.keys[by]}, body)
        if ok and reply.status not in ok:
            raise Unexpected(f"Redmine, {by}: {method} {path}: {reply.status} {reply.text[:300]}")
        return reply

    def status_id(self, name):
        if self.status_ids is None:
            found = self.call("GET", "/issue_statuses.json").json()["issue_statuses"]
            self.status_ids = {s["name"]: s["id"] for s in found}
        return self.status_ids[name]

    def issue(self, subject="Totals are wrong", description="", version=None, status=None, by="dev", project=None):
        body = {"project_id": project or self.project, "subject": subject, "description": description}
        if version:
            body["fixed_version_id"] = self.versions[version]
        made = self.call("POST", "/issues.json", {"issue": body}, by).json()["issue"]
        issue = Issue(self, made["id"])
        if status:
            issue.set(status=status)
        return issue

    def find(self, ref):
        return Issue(self, int(ref.partition(":")[2]))

    def issues(self):
        """All of the project, open or not, oldest first."""
        path = f"/issues.json?project_id={self.project}&status_id=*&sort=id&limit=100"
        return [Issue(self, i["id"]) for i in self.call("GET", path).json()["issues"]]

    def duplicates(self, copy, of):
        """A developer says: `copy` duplicates `of`."""
        body = {"relation": {"issue_to_id": of.id, "relation_type": "duplicates"}}
        return self.call("POST", f"/issues/{copy.id}/relations.json", body, "admin")

    def close_version(self, name):
        self.call("PUT", f"/versions/{self.versions[name]}.json", {"version": {"status": "closed"}})


class Issue:
    def __init__(self, redmine, id):
        self.redmine, self.id = redmine, id
        self.ref = f"product:{id}"
        self.url = f"{redmine.url}/issues/{id}"
        self.kind = "defect"

    def __repr__(self):
        return self.ref

    def get(self, include="journals,relations"):
        return self.redmine.call("GET", f"/issues/{self.id}.json?include={include}").json()["issue"]

    @property
    def status(self):
        return self.get()["status"]["name"]

    @staticmethod
    def values(body):
        return {f["name"]: f.get("value") or "" for f in body["custom_fields"]}

    @property
    def fields(self):
        return self.values(self.get())

    def set(self, status=None, version=None, description=None, subject=None, notes=None, private=False, fields=None,
            by="admin"):
        change = {}
        if status:
            change["status_id"] = self.redmine.status_id(status)
        if version:
            change["fixed_version_id"] = self.redmine.versions[version]
        if description is not None:
            change["description"] = description
        if subject:
            change["subject"] = subject
        if notes:
            change["notes"] = notes
            change["private_notes"] = private
        if fields:
            change["custom_fields"] = [{"id": self.redmine.field_ids[k], "value": v} for k, v in fields.items()]
        # two writers at once: one gets 422 and repeats, as a person would
        for _ in range(5):
            reply = self.redmine.call("PUT", f"/issues/{self.id}.json", {"issue": change}, by, ok=None)
            if reply.status != 422 or reply.json().get("errors"):
                break
        now = self.get()
        have = self.values(now)
        if reply.status not in (200, 204) or status and now["status"]["name"] != status \
                or version and now.get("fixed_version", {}).get("name") != version \
                or any(have[k] != v for k, v in (fields or {}).items()):
            raise Unexpected(f"{self}: {by} could not make it {change}: {reply.status} {reply.text[:300]}")

    def note(self, text, private=False, by="dev"):
        self.set(notes=text, private=private, by=by)

    def release(self, version="1.1"):
        """What a release manager does: target version, then closed."""
        self.set(status="Closed", version=version)

    def journals(self):
        return self.get()["journals"]

    def notes(self):
        return [Note(j["id"], j["user"]["name"], not j.get("private_notes"), j["notes"], j["created_on"])
                for j in self.journals() if j.get("notes")]

    def own_notes(self):
        return [n for n in self.notes() if n.markers]

    def delete(self):
        self.redmine.call("DELETE", f"/issues/{self.id}.json")
