"""web: one HTTP request, plainly.

Used by the people's clients and by the backends' control ports. No retries and
no sessions: a test that needs a second try would hide what the first one said.
"""
import base64
import http.client
import json
import urllib.parse


class Unexpected(Exception):
    """A tracker answered a person with something other than what was asked for."""


class Reply:
    def __init__(self, status, headers, body):
        self.status, self.headers, self.body = status, headers, body

    @property
    def text(self):
        return self.body.decode("utf-8", "replace")

    def json(self):
        try:
            return json.loads(self.body)
        except ValueError:
            raise Unexpected(f"no JSON: {self.status} {self.text[:200]!r}") from None


def request(method, url, headers=None, body=None, timeout=30):
    """body: bytes, str, or anything that JSON can hold."""
    parts = urllib.parse.urlsplit(url)
    headers = dict(headers or {})
    headers.setdefault("User-Agent", "bascule-e2e")
    if body is not None and not isinstance(body, (bytes, str)):
        body = json.dumps(body)
        headers.setdefault("Content-Type", "application/json")
    if isinstance(body, str):
        body = body.encode()
    connection = http.client.HTTPConnection(parts.hostname, parts.port, timeout=timeout)
    try:
        connection.request(method, parts.path + ("?" + parts.query if parts.query else ""), body, headers)
        answer = connection.getresponse()
        return Reply(answer.status, dict((k.lower(), v) for k, v in answer.getheaders()), answer.read())
    finally:
        connection.close()


def basic(user, password):
    return {"Authorization": "Basic " + base64.b64encode(f"{user}:{password}".encode()).decode()}


def query(**pairs):
    """Query string; a list value repeats its key, a key's `__` becomes its `[`, `]`."""
    flat = []
    for key, value in pairs.items():
        for one in value if isinstance(value, (list, tuple)) else [value]:
            flat.append((key, one))
    return urllib.parse.urlencode(flat)
