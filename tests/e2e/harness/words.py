"""words: how the bridge's notes are known again by a reader.

Loose on purpose: templates are prose and may be bettered; a scenario cares
which note it is and what it names. One place, so that a new template is one
change here.
"""
import re


def word(text):
    return re.compile(text, re.I | re.S)


KNOWN_ERROR = word(r"known (error|problem)|is known")
WORKAROUND = word(r"workaround|this helps|in the meantime|until it is fixed")
FIXED = word(r"fixed")
DECLINED = word(r"no fix is planned")
DID_NOT_HOLD = word(r"did not hold|too early")
RECURRENCE = word(r"recurrence")
CAME_BACK = word(r"came back|come back|reopened")
UNLINKED = word(r"no longer|unlinked")
LINKED = word(r"incident")
RISK_ACCEPTED = word(r"accepted")
ANY = word(r"")


def naming(*parts):
    """A note in which all of these stand."""
    return re.compile("".join(f"(?=.*{re.escape(str(p))})" for p in parts), re.S)
