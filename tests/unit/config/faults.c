/* faults: every kind of fault and warning, with its place and its words.
 *
 * One row a kind. A row's text is either a whole file, or (`in`) a line put
 * into a good one, whose place it then has. */
#include "config_test.h"

#define GOOD HELPDESK PRODUCT
/* Lines 1-5 are HELPDESK, 6-9 PRODUCT; what follows begins on line 10. */
#define TOP(text) GOOD text
/* Under helpdesk, from line 6; `states` and so on. */
#define DESK(text) HELPDESK text PRODUCT
/* Under product, from line 10. */
#define BUGS(text) GOOD text

struct row {
    const char *name, *text;
    int line, column;
    const char *words;
};

static const struct row faults[] = {
    {"unknown key, near", TOP("databse: x\n"), 10, 1, "unknown key \"databse\"; did you mean \"database\"?"},
    {"unknown key, swapped letters", TOP("dry_rnu: true\n"), 10, 1,
     "unknown key \"dry_rnu\"; did you mean \"dry_run\"?"},
    {"unknown key, far", TOP("tls: { cert: a, key: b, x9: c }\n"), 10, 25,
     "unknown key \"x9\" in tls; known here: cert, key"},
    {"unknown key, longer than the right one", TOP("policy: { notes: { came-back-again: off } }\n"), 10, 20,
     "unknown key \"came-back-again\" in notes; did you mean \"came-back\"?"},
    {"unknown key in a tracker", DESK("    pol: 15s\n"), 6, 5,
     "unknown key \"pol\" in helpdesk; did you mean \"poll\"?"},
    {"unknown key, part of a name", TOP("policy: { workaround: true }\n"), 10, 11,
     "unknown key \"workaround\" in policy; did you mean \"require_workaround\"?"},
    {"unknown note", TOP("policy:\n  notes: { know-error: off }\n"), 11, 12,
     "unknown key \"know-error\" in notes; did you mean \"known-error\"?"},
    {"unknown key in a rule", TOP("policy:\n  for:\n    - match: {}\n      treat: hold\n"), 13, 7,
     "unknown key \"treat\" in policy.for; did you mean \"treatment\"?"},
    {"for inside a rule", TOP("policy:\n  for:\n    - match: {}\n      for: []\n"), 13, 7,
     "unknown key \"for\" in policy.for; known here: treatment, require_workaround, delivered_when, several_defects, "
     "on_declined, on_reopen, recurrences, on_risk_accepted, reopen_window, settle, thresholds, notes, match"},
    {"duplicate key", TOP("brake: 1\nbrake: 2\n"), 11, 1,
     "duplicate key \"brake\": it stands on line 10 already; keep one of them"},
    {"duplicate tracker", GOOD "  helpdesk: {}\n", 10, 3,
     "duplicate key \"helpdesk\": it stands on line 2 already; keep one of them"},
    {"tracker differs in case", GOOD "  HelpDesk: { connector: rt, role: ticketing, url: 'https://x' }\n", 10, 3,
     "trackers: \"HelpDesk\" differs from \"helpdesk\" on line 2 in case only"},
    {"tracker's name", GOOD "  help desk: {}\n", 10, 3,
     "trackers: \"help desk\" will not do as a name; take letters, digits, - and _, a letter first, at most 32"},
    {"tracker named like a problem", GOOD "  P-1: { connector: rt, role: ticketing, url: 'https://x' }\n", 10, 3,
     "trackers: \"P-1\" reads like a problem; take another name"},
    {"connector missing", GOOD "  more: { role: defects, url: 'https://x' }\n", 10, 3,
     "more: \"connector\" is missing; it has no default"},
    {"role missing", GOOD "  more: { connector: rt, url: 'https://x' }\n", 10, 3,
     "more: \"role\" is missing; it has no default"},
    {"url missing", GOOD "  more: { connector: rt, role: defects }\n", 10, 3,
     "more: \"url\" is missing; it has no default"},
    {"url null", GOOD "  more: { connector: rt, role: defects, url: null }\n", 10, 46,
     "more: \"url\" is missing; it has no default"},
    {"trackers missing", "brake: 5\n", 0, 0, "\"trackers\" is missing; it has no default"},
    {"no tracker", "trackers: {}\n", 0, 0, "trackers: there is none; name at least one under \"trackers:\""},
    {"empty file", "# nothing\n", 0, 0, "the file is empty; it needs at least \"trackers:\""},
    {"a list as file", "- a\n", 1, 1, "the file: a section of \"key: value\" lines is wanted here, not a list"},
    {"unknown connector", GOOD "  more: { connector: rtt, role: defects, url: 'https://x' }\n", 10, 22,
     "connector: there is no connector \"rtt\"; \"bascule connectors\" lists those there are"},
    {"connector as path", GOOD "  more: { connector: ../rt, role: defects, url: 'https://x' }\n", 10, 22,
     "connector: \"../rt\" is no connector's name; it is the name of a folder under connectors/"},
    {"role's word", GOOD "  more: { connector: rt, role: defect, url: 'https://x' }\n", 10, 32,
     "role: \"defect\" is not known here; write ticketing or defects (did you mean \"defects\"?)"},
    {"url without scheme", GOOD "  more: { connector: rt, role: defects, url: desk.example.org }\n", 10, 46,
     "url: no address; write one that begins with https:// or http://"},
    {"url with password", GOOD "  more: { connector: rt, role: defects, url: 'https://me:" SECRET "@h/' }\n", 10, 46,
     "url: a user or password has no place in the address; write them under \"auth\""},
    {"url without host", GOOD "  more: { connector: rt, role: defects, url: 'https:///x' }\n", 10, 46,
     "url: the address names no valid host; write http://HOST:PORT/PATH"},
    {"url's port", GOOD "  more: { connector: rt, role: defects, url: 'https://h:99999/' }\n", 10, 46,
     "url: the port is no number from 1 to 65535"},
    {"url's port, just too high", GOOD "  more: { connector: rt, role: defects, url: 'https://h:65536/' }\n", 10, 46,
     "url: the port is no number from 1 to 65535"},
    {"url with junk after port", GOOD "  more: { connector: rt, role: defects, url: 'https://h:80x/' }\n", 10, 46,
     "url: what follows the host is neither a port nor a path; write http://HOST:PORT/PATH"},
    {"url with space", GOOD "  more: { connector: rt, role: defects, url: 'https://h/a b' }\n", 10, 46,
     "url: the address holds a space or a character that has to be written as %XX"},
    {"url with query", DESK("    web_urls: ['https://ok', 'https://h/?a=1']\n"), 6, 30,
     "web_urls: a query or fragment (? or #) has no place here; write the address up to the path only"},
    {"a list for a text", DESK("    ca: [a]\n"), 6, 9, "ca: a text is wanted here, not a list"},
    {"a section for a span", DESK("    poll: { s: 15 }\n"), 6, 11,
     "poll: a span of time such as 30s is wanted here, not a section"},
    {"a text for a section", DESK("    states: closed\n"), 6, 13,
     "states: a section of \"native state: canonical state\" lines is wanted here, not a single value"},
    {"a text for trackers", "trackers: rt\n", 1, 11,
     "trackers: a section with one section for each tracker is wanted here, not a single value"},
    {"bad span", DESK("    poll: fast\n"), 6, 11,
     "poll: \"fast\" is no span of time; write a number with ms, s, m, h or d, such as 30s"},
    {"span without unit", DESK("    poll: 15\n"), 6, 11,
     "poll: \"15\" is no span of time; write a number with ms, s, m, h or d, such as 30s"},
    {"span out of bounds", DESK("    timeout: 1h\n"), 6, 14, "timeout: \"1h\" is out of bounds; write 100ms to 10m"},
    {"span too short", DESK("    poll: 99ms\n"), 6, 11, "poll: \"99ms\" is out of bounds; write 100ms to 1d"},
    {"no number", TOP("brake: lots\n"), 10, 8, "brake: \"lots\" will not do; write a whole number from 1 to 1000000"},
    {"number out of bounds", DESK("    concurrency: 0\n"), 6, 18,
     "concurrency: \"0\" will not do; write a whole number from 1 to 32"},
    {"number with a sign", TOP("policy: { recurrences: -1 }\n"), 10, 24,
     "recurrences: \"-1\" will not do; write a whole number from 1 to 1000"},
    {"yes for true", TOP("dry_run: yes\n"), 10, 10,
     "dry_run: \"yes\" is neither true nor false; write one of them, without quotes"},
    {"quoted true", TOP("dry_run: 'true'\n"), 10, 10,
     "dry_run: \"true\" is neither true nor false; write one of them, without quotes"},
    {"word of history", TOP("history: adoptt\n"), 10, 10,
     "history: \"adoptt\" is not known here; write adopt or assert"},
    {"word of treatment", TOP("policy:\n  treatment: clsoe\n"), 11, 14,
     "treatment: \"clsoe\" is not known here; write close, hold or leave (did you mean \"close\"?)"},
    {"word of delivered_when", TOP("policy: { delivered_when: shipped }\n"), 10, 27,
     "delivered_when: \"shipped\" is not known here; write released, fixed or version"},
    {"word of several_defects", TOP("policy: { several_defects: one }\n"), 10, 28,
     "several_defects: \"one\" is not known here; write all or any"},
    {"word of on_declined", TOP("policy: { on_declined: tell }\n"), 10, 24,
     "on_declined: \"tell\" is not known here; write keep or ask"},
    {"word of on_reopen", TOP("policy: { on_reopen: new_defects }\n"), 10, 22,
     "on_reopen: \"new_defects\" is not known here; write flag, reopen or new-defect (did you mean \"new-defect\"?)"},
    {"word of on_risk_accepted", TOP("policy: { on_risk_accepted: wont-fix }\n"), 10, 29,
     "on_risk_accepted: \"wont-fix\" is not known here; write note or close"},
    {"visibility", TOP("policy: { notes: { fixed: loud } }\n"), 10, 27,
     "fixed: \"loud\" is not known here; write off, internal or public"},
    {"recurrence is never public", TOP("policy: { notes: { recurrence: public } }\n"), 10, 32,
     "recurrence: \"public\" is not known here; write off or internal"},
    {"settle", TOP("policy: { settle: { pending: 1x } }\n"), 10, 30,
     "pending: \"1x\" is no span of time; write a number with ms, s, m, h or d, such as 30s"},
    {"settle, unlinked", TOP("policy: { settle: { unlinked: 1s } }\n"), 10, 21,
     "unknown key \"unlinked\" in settle; known here: pending, declined, delivered"},
    {"thresholds descending", TOP("policy: { thresholds: [10, 5] }\n"), 10, 28,
     "thresholds: 5 does not come after 10; write them in rising order"},
    {"thresholds equal", TOP("policy: { thresholds: [10, 10] }\n"), 10, 28,
     "thresholds: 10 does not come after 10; write them in rising order"},
    {"too many thresholds", TOP("policy: { thresholds: [1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,16,17] }\n"), 10, 23,
     "thresholds: a list of at most 16 numbers is wanted here, such as [10, 50, 100]"},
    {"threshold zero", TOP("policy: { thresholds: [0] }\n"), 10, 24,
     "thresholds: \"0\" will not do; write a whole number from 1 to 1000000"},
    {"rule without match", TOP("policy:\n  for:\n    - treatment: hold\n"), 12, 7,
     "policy.for: \"match\" is missing; it has no default"},
    {"rules as section", TOP("policy: { for: { treatment: hold } }\n"), 10, 16,
     "for: a list of rules is wanted here, each beginning with \"- match:\""},
    {"rule matches an unknown tracker",
     TOP("policy:\n  for:\n    - match: { tracker: [helpdsk] }\n      treatment: hold\n"), 12, 26,
     "tracker: there is no tracker \"helpdsk\"; did you mean \"helpdesk\"?"},
    {"rule matches a tracker of defects",
     TOP("policy:\n  for:\n    - match: { tracker: product }\n      treatment: hold\n"), 12, 25,
     "tracker: \"product\" has role defects, and rules match incidents; name a tracker with role ticketing"},
    {"rule's priority", TOP("policy:\n  for:\n    - match: { priority: urgent }\n      treatment: hold\n"), 12, 26,
     "priority: \"urgent\" is not known here; write critical, high, medium or low"},
    {"rule's empty list", TOP("policy:\n  for:\n    - match: { service: [] }\n      treatment: hold\n"), 12, 25,
     "service: an empty list matches nothing; leave the key out to match any"},
    {"state of the other role", DESK("    states: { Done: released }\n"), 6, 21,
     "states: \"released\" is not known here; write open, waiting, closed-unresolved, resolved or closed"},
    {"state's outcome", BUGS("    states:\n      Done: { state: closed, outcome: wontfix }\n"), 11, 39,
     "outcome: \"wontfix\" is not known here; write fixed, workaround, wont-fix, risk-accepted, not-reproducible, "
     "invalid, "
     "duplicate, withdrawn, incomplete, moved or unknown (did you mean \"wont-fix\"?)"},
    {"state without state", BUGS("    states: { Done: { outcome: fixed } }\n"), 10, 21,
     "states: \"state\" is missing; it has no default"},
    {"state 'unmapped'", BUGS("    states: { Done: unmapped }\n"), 10, 21,
     "states: \"unmapped\" is not known here; write open, working, fixed, released, closed-unresolved or closed"},
    {"outcomes", BUGS("    outcomes: { Done: done }\n"), 10, 23,
     "outcomes: \"done\" is not known here; write fixed, workaround, wont-fix, risk-accepted, not-reproducible, "
     "invalid, "
     "duplicate, withdrawn, incomplete, moved or unknown"},
    {"priorities' word", DESK("    priorities: { urgent: [a] }\n"), 6, 19,
     "priorities: \"urgent\" is not known here; write critical, high, medium or low"},
    {"a priority twice", DESK("    priorities: { high: [a, b], low: [c, A] }\n"), 6, 42,
     "priorities: \"A\" stands under high already; one native priority, one meaning"},
    {"write's state", DESK("    write: { released: X }\n"), 6, 14,
     "write: \"released\" is not known here; write open, waiting, closed-unresolved, resolved or closed"},
    {"write's key", DESK("    write: { resolved: { state: X } }\n"), 6, 26,
     "unknown key \"state\" in write; did you mean \"status\"?"},
    {"write says nothing", DESK("    write: { resolved: {} }\n"), 6, 24,
     "write: nothing is said; give status, resolution or label"},
    {"field of the other role", DESK("    fields: { incidents: X }\n"), 6, 15,
     "fields: incidents belongs to a tracker with role defects; here write defect, problem, known_error, service, "
     "priority or "
     "outcome"},
    {"unknown field", DESK("    fields: { known-error: X }\n"), 6, 15,
     "fields: \"known-error\" is not known here; write defect, problem, known_error, service, priority or outcome (did "
     "you mean "
     "\"known_error\"?)"},
    {"one field for two", BUGS("    fields: { incidents: X, incident_count: x }\n"), 10, 45,
     "fields: \"x\" holds incidents already; give each its own field"},
    {"import.since", DESK("    import: { since: yesterday }\n"), 6, 22,
     "since: \"yesterday\" is no time; write a day such as 2026-01-31, or 2026-01-31T08:00:00Z"},
    {"import.since, no such day", DESK("    import: { since: 2026-02-30 }\n"), 6, 22,
     "since: \"2026-02-30\" is no time; write a day such as 2026-01-31, or 2026-01-31T08:00:00Z"},
    {"pattern, unclosed", TOP("references:\n  - { pattern: 'BUG-(\\d+', tracker: product }\n"), 11, 25,
     "pattern: no valid PCRE2 at offset 8: missing closing parenthesis"},
    {"pattern, plain and not ASCII", TOP("references:\n  - pattern: Fehlér-(\\d+)[z-a]\n    tracker: product\n"), 11,
     29, "pattern: no valid PCRE2 at offset 16: range out of order in character class"},
    {"pattern in double quotes", TOP("references:\n  - { pattern: \"\\x41+)\", tracker: product }\n"), 11, 16,
     "pattern: no valid PCRE2 at offset 2: unmatched closing parenthesis"},
    {"pattern without group", TOP("references:\n  - { pattern: 'BUG-\\d+', tracker: product }\n"), 11, 16,
     "pattern: \"BUG-\\d+\" has no group 1; put the part that is the id in ( ), such as 'BUG-(\\d+)'"},
    {"pattern with an uncounted group", TOP("references:\n  - { pattern: 'BUG-(?:\\d+)', tracker: product }\n"), 11, 16,
     "pattern: \"BUG-(?:\\d+)\" has no group 1; put the part that is the id in ( ), such as 'BUG-(\\d+)'"},
    {"pattern that matches nothing", TOP("references:\n  - { pattern: '(\\d*)', tracker: product }\n"), 11, 16,
     "pattern: \"(\\d*)\" matches the empty text; it must ask for at least one character"},
    {"pattern of no tracker", TOP("references:\n  - { pattern: '#(\\d+)', tracker: prodct }\n"), 11, 35,
     "tracker: there is no tracker \"prodct\"; did you mean \"product\"?"},
    {"pattern of no tracker, far", TOP("references:\n  patterns:\n    - { pattern: '#(\\d+)', tracker: github }\n"), 12,
     37, "tracker: there is no tracker \"github\"; there are: helpdesk, product"},
    {"pattern missing", TOP("references:\n  - { tracker: product }\n"), 11, 5,
     "references: \"pattern\" is missing; it has no default"},
    {"patterns as section", TOP("references: { patterns: { pattern: x } }\n"), 10, 25,
     "patterns: a list of { pattern: '...', tracker: NAME } is wanted here"},
    {"from_requesters", TOP("references: { from_requesters: trust }\n"), 10, 32,
     "from_requesters: \"trust\" is not known here; write confirm or suggest"},
    {"listen to all", TOP("listen: 0.0.0.0:8420\n"), 10, 9,
     "listen: \"0.0.0.0\" is no loopback address: the page asks nobody who they are yet, so other machines are "
     "not served, with tls or behind_proxy neither; listen on 127.0.0.1, where a proxy on this machine that asks may "
     "stand in front"},
    {"listen to all behind a proxy", TOP("listen: 0.0.0.0:8420\nbehind_proxy: true\n"), 10, 9,
     "listen: \"0.0.0.0\" is no loopback address: the page asks nobody who they are yet, so other machines are "
     "not served, with tls or behind_proxy neither; listen on 127.0.0.1, where a proxy on this machine that asks may "
     "stand in front"},
    {"listen to all with tls", TOP("listen: \"[::]:443\"\ntls: { cert: a, key: b }\n"), 10, 9,
     "listen: \"::\" is no loopback address: the page asks nobody who they are yet, so other machines are "
     "not served, with tls or behind_proxy neither; listen on 127.0.0.1, where a proxy on this machine that asks may "
     "stand in front"},
    {"listen to a name that is not loopback", TOP("listen: 127.0.0.1.example.org:80\n"), 10, 9,
     "listen: \"127.0.0.1.example.org\" is no loopback address: the page asks nobody who they are yet, so other "
     "machines are "
     "not served, with tls or behind_proxy neither; listen on 127.0.0.1, where a proxy on this machine that asks may "
     "stand in front"},
    {"listen to a name below localhost", TOP("listen: page.localhost:80\n"), 10, 9,
     "listen: \"page.localhost\" is no loopback address: the page asks nobody who they are yet, so other machines are "
     "not served, with tls or behind_proxy neither; listen on 127.0.0.1, where a proxy on this machine that asks may "
     "stand in front"},
    {"listen without port", TOP("listen: localhost\n"), 10, 9,
     "listen: no address to listen on; write HOST:PORT, such as 127.0.0.1:8420 or [::1]:8420"},
    {"listen on port 0", TOP("listen: localhost:0\n"), 10, 9,
     "listen: the port is no number from 1 to 65535; write HOST:PORT, such as 127.0.0.1:8420"},
    {"tls without key", TOP("tls: { cert: c.pem }\n"), 10, 6, "tls: \"key\" is missing; it has no default"},
    {"public_url", TOP("public_url: bascule.example.org\n"), 10, 13,
     "public_url: no address; write one that begins with https:// or http://"},
    {"language", TOP("language: ../de\n"), 10, 11,
     "language: \"../de\" is no language; write a code such as en, de or pt-BR"},
    {"empty text", TOP("texts: ''\n"), 10, 8, "texts: the text is empty; leave the key out for its default"},
    {"variable not set", DESK("    auth: { token: { env: NOPE } }\n"), 6, 27,
     "auth of helpdesk, \"token\": the environment variable NOPE is not set; set it where bascule starts"},
    {"variable empty", DESK("    auth: { token: { env: EMPTY } }\n"), 6, 27,
     "auth of helpdesk, \"token\": the environment variable EMPTY is empty; set it where bascule starts"},
    {"variable's name", DESK("    auth: { token: { env: " SECRET " } }\n"), 6, 27,
     "auth of helpdesk, \"token\": that is no variable's name; write { env: NAME }, not the secret itself"},
    {"secret's file", DESK("    auth: { token: { file: nope } }\n"), 6, 28,
     "auth of helpdesk, \"token\": the file \"nope\" can't be read: No such file or directory"},
    {"secret's file is empty", DESK("    auth: { token: { file: empty } }\n"), 6, 28,
     "auth of helpdesk, \"token\": the file \"empty\" is empty"},
    {"secret's key", DESK("    auth: { token: { evn: TOKEN } }\n"), 6, 22,
     "auth of helpdesk, \"token\": this key is not known here; write { env: NAME } or { file: PATH } (did you mean "
     "\"env\"?)"},
    {"secret in a key", DESK("    auth: { token: { env:" SECRET " } }\n"), 6, 22,
     "auth of helpdesk, \"token\": this key is not known here; write { env: NAME } or { file: PATH }"},
    {"secret as the key", DESK("    auth: { token:" SECRET " }\n"), 6, 13,
     "auth of helpdesk: this is no entry; write NAME: { env: NAME }, with a space after the colon"},
    {"secret alone", DESK("    auth: { " SECRET " }\n"), 6, 13,
     "auth of helpdesk: this is no entry; write NAME: { env: NAME }, with a space after the colon"},
    {"secret as a variable's name", DESK("    auth: { token: { env: ghp_0a1b2c3d } }\n"), 6, 27,
     "auth of helpdesk, \"token\": the environment variable named here is not set; set it where bascule starts"},
    {"secret of both", DESK("    auth: { token: { env: TOKEN, file: token } }\n"), 6, 20,
     "auth of helpdesk, \"token\": both env and file are given; keep one of them"},
    {"secret of neither", DESK("    auth: { token: {} }\n"), 6, 20,
     "auth of helpdesk, \"token\": neither env nor file is given; write { env: NAME } or { file: PATH }"},
    {"secret as list", DESK("    auth: { token: [" SECRET "] }\n"), 6, 20,
     "auth of helpdesk, \"token\": { env: NAME } or { file: PATH } is wanted here, not a list"},
    {"secret of two lines", DESK("    auth: { token: { env: TWO_LINES } }\n"), 6, 20,
     "auth of helpdesk, \"token\": the secret holds a line end or control character; it must be one line"},
    {"secret no UTF-8", DESK("    auth: { token: { env: NOT_UTF8 } }\n"), 6, 20,
     "auth of helpdesk, \"token\": the secret is no UTF-8"},
    {"auth is a word", DESK("    auth: " SECRET "\n"), 6, 11,
     "auth: a section is wanted here, such as { token: { env: NAME } }"},
    {"scope is a word", DESK("    scope: Incidents\n"), 6, 12,
     "scope: a section with the connector's keys, such as { project: NAME } is wanted here, not a single value"},
    {"syntax: bracket", "trackers: [1, 2\n", 2, 1,
     "no valid YAML: flow sequence without a closing bracket; end the list with ]"},
    {"syntax: tab", "trackers:\n\tx: 1\n", 2, 1,
     "no valid YAML: tab character may not be used as indentation; indent with spaces"},
    {"syntax: indentation", HELPDESK "   poll: 15s\n", 6, 4,
     "no valid YAML: invalid indentation in mapping; keys of one section begin in the same column"},
    {"syntax: colon", "trackers: a: b\n", 1, 12,
     "no valid YAML: invalid nested block mapping on the same line; put text that holds \": \" in quotes"},
    {"syntax: quote", "brake: \"a\n", 1, 9,
     "no valid YAML: double-quoted scalar without closing quote; is the closing quote missing?"},
    {"second document", GOOD "---\nbrake: 5\n", 10, 1,
     "a second document begins here (---); one file, one configuration"},
    {"alias without anchor", "trackers: *all\n", 1, 12,
     "there is no anchor &all before this *all; text that begins with * needs quotes"},
    {"a list as key", "? [a, b]\n: c\n", 1, 3, "a key must be a word, not a list or a section"},
    {"no UTF-8", "brake: 5\n# caf\xe9\n", 2, 6, "this byte (0xe9) is no UTF-8; save the file as UTF-8"},
    {"control character", "brake: \x01\n", 1, 8, "a control character (0x01) has no place here; take it out"},
    {"NUL by escape", "brake: \"\\0\"\n", 1, 8,
     "this escape is no character that can be stored; write the character itself"},
};

static const struct row warnings[] = {
    {"tls", TOP("tls: { cert: a, key: b }\n"), 10, 6,
     "tls: not served yet: \"127.0.0.1\" speaks plain http, to this machine only; a proxy in front may speak https"},
    {"secret in clear", DESK("    auth: { token: " SECRET " }\n"), 6, 20,
     "auth of helpdesk, \"token\": a secret stands here in clear; better { env: NAME } or { file: PATH }"},
    {"http to another machine", GOOD "  more: { connector: rt, role: defects, url: 'http://bugs.example.org' }\n", 10,
     46, "url: http:// sends the secret in clear over the network to bugs.example.org; better https://"},
    {"look_after below timeout", DESK("    look_after: 5s\n"), 6, 17,
     "look_after: 5s is shorter than timeout (30s); 30s is used"},
    {"two natives, one meaning", DESK("    states: { Solved: resolved, Done: { state: resolved } }\n"), 6, 33,
     "states: \"Solved\" and \"Done\" both mean resolved; the bridge writes \"Solved\", unless \"write\" says else"},
    {"two natives, one meaning, other outcomes",
     DESK("    states: { Solved: resolved, Done: { state: resolved, outcome: fixed } }\n"), 6, 33,
     "states: \"Solved\" and \"Done\" both mean resolved; the bridge writes \"Solved\", unless \"write\" says else"},
    {"two ways not to fix",
     BUGS("    states: { No: { state: closed, outcome: wont-fix }, Never: { state: closed, outcome: "
          "wont-fix } }\n"),
     10, 57, "states: \"No\" and \"Never\" both mean closed; the bridge writes \"No\", unless \"write\" says else"},
    {"one role only", HELPDESK, 0, 0, "trackers: none has role defects; there is nothing to join"},
    {"the same twice", GOOD "  again: { connector: rt, role: ticketing, url: 'http://127.0.0.1:18080/' }\n", 10, 49,
     "url: \"helpdesk\" on line 2 reads the same with the same scope; each record would be seen twice"},
    {"a rule that sets nothing", TOP("policy:\n  for:\n    - match: { service: Billing }\n"), 12, 7,
     "for: this rule sets nothing; give it a key such as treatment: leave"},
};

static bool row_holds(const struct row *row, bool warning) {
    struct parsed p = parse_text(row->text);
    bool found = false, same_place = false;
    for (size_t i = 0; i < p.faults.count; i++) {
        const struct config_fault *f = &p.faults.items[i];
        same_place = f->line == row->line && f->column == row->column && f->warning == warning;
        found = found || (same_place && str_is(f->text, row->words));
        if (strstr(f->text, SECRET))
            fail_msg("%s: the secret is shown: %s", row->name, f->text);
    }
    bool holds = found && p.faults.count == 1 && (p.rc == 0) == warning;
    if (!holds) {
        print_error("%s: rc %d, wanted alone\n  %d:%d: %s\ngot\n", row->name, p.rc, row->line, row->column, row->words);
        for (size_t i = 0; i < p.faults.count; i++)
            print_error("  %d:%d: %s%s\n", p.faults.items[i].line, p.faults.items[i].column,
                        p.faults.items[i].warning ? "warning: " : "", p.faults.items[i].text);
    }
    parsed_free(&p);
    return holds;
}

static void test_faults(void **state) {
    size_t wrong = 0;
    for (size_t i = 0; i < array_size(faults); i++)
        wrong += !row_holds(&faults[i], false);
    assert_int_equal(wrong, 0);
}

static void test_warnings(void **state) {
    size_t wrong = 0;
    for (size_t i = 0; i < array_size(warnings); i++)
        wrong += !row_holds(&warnings[i], true);
    assert_int_equal(wrong, 0);
}

/* What is near the limit of a warning, and should be silent. */
static void test_silent(void **state) {
    static const char *const quiet[] = {
        GOOD,
        DESK("    auth: { user: me, token: { env: TOKEN } }\n"),
        DESK("    timeout: 60s\n"),                     /* look_after follows by itself */
        DESK("    states: { A: closed, B: closed }\n"), /* the bridge never writes it */
        DESK("    states: { A: resolved, B: resolved }\n    write: { resolved: A }\n"),
        BUGS("    states: { A: working, B: working, C: { state: closed, outcome: invalid }, D: { state: closed, "
             "outcome: wont-fix } }\n"),
        GOOD "  again: { connector: rt, role: ticketing, url: 'http://127.0.0.1:18080/', scope: { queue: other } }\n",
        GOOD "  local: { connector: rt, role: ticketing, url: 'http://desk.localhost:8080' }\n",
        TOP("listen: 127.1.2.3:80\n"),
        TOP("listen: \"[::1]:80\"\n"),
        TOP("listen: 127.0.0.1:80\nbehind_proxy: true\n"),
    };
    for (size_t i = 0; i < array_size(quiet); i++) {
        struct parsed p = parse_good(quiet[i]);
        if (p.faults.count)
            fail_msg("%zu: %s", i, p.faults.items[0].text);
        parsed_free(&p);
    }
}

static void test_all_at_once_in_order(void **state) {
    struct parsed p = parse_text(
        DESK("    poll: fast\n    auth: { token: { env: NOPE } }\n") "brake: lots\npolicy: { treatment: no }\n");
    static const int lines[] = {6, 7, 12, 13};
    assert_int_equal(p.rc, -EINVAL);
    assert_null(p.settings);
    assert_int_equal(p.faults.count, array_size(lines));
    for (size_t i = 0; i < array_size(lines); i++)
        assert_int_equal(p.faults.items[i].line, lines[i]);
    parsed_free(&p);
}

static void test_bounded(void **state) {
    cleanup_buf struct buf b = {0};
    buf_str(&b, GOOD);
    for (int i = 0; i < 80; i++)
        buf_printf(&b, "wrong%d: 1\n", i);
    struct parsed p = parse_text(buf_text(&b));
    assert_int_equal(p.rc, -EINVAL);
    assert_int_equal(p.faults.count, 50);
    assert_string_equal(p.faults.items[49].text, "and 31 more; mend these first");
    parsed_free(&p);
}

/* Warnings come first in the file, and many: the one fault still shows. */
static void test_warnings_crowd_nothing_out(void **state) {
    cleanup_buf struct buf b = {0};
    buf_str(&b, HELPDESK "    auth:\n");
    for (int i = 0; i < 80; i++)
        buf_printf(&b, "      k%d: " SECRET "\n", i);
    buf_str(&b, PRODUCT "    auth: { key: { env: NOPE } }\n");
    struct parsed p = parse_text(buf_text(&b));
    bool shown = false;
    assert_int_equal(p.rc, -EINVAL);
    assert_true(p.faults.count <= 50);
    for (size_t i = 0; i < p.faults.count; i++)
        shown = shown || (!p.faults.items[i].warning && strstr(p.faults.items[i].text, "NOPE"));
    assert_true(shown);
    parsed_free(&p);
}

static void test_fault_text(void **state) {
    cleanup_arena struct arena *a = arena_new();
    assert_string_equal(config_fault_text(a, "b.yaml", &(struct config_fault){3, 5, false, "x"}), "b.yaml:3:5: x");
    assert_string_equal(config_fault_text(a, "b.yaml", &(struct config_fault){3, 5, true, "x"}),
                        "b.yaml:3:5: warning: x");
    assert_string_equal(config_fault_text(a, "b.yaml", &(struct config_fault){0, 0, false, "x"}), "b.yaml: x");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_faults),     cmocka_unit_test(test_warnings),
        cmocka_unit_test(test_silent),     cmocka_unit_test(test_all_at_once_in_order),
        cmocka_unit_test(test_bounded),    cmocka_unit_test(test_warnings_crowd_nothing_out),
        cmocka_unit_test(test_fault_text),
    };
    return cmocka_run_group_tests_name("config/faults", tests, NULL, NULL);
}
