-- The database of Bascule, version 1. Words (states, outcomes, ...) are those of
-- include/bascule/model.h; times are milliseconds since 1970 UTC, 0 unknown;
-- refs are "TRACKER:ID". Laws 1, 4 and 5 of domain.md stand here too, as
-- constraints and triggers, so that no code above can break them.

CREATE TABLE meta (key TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
-- instance, generation, machine, outbox ("open" or "shut"), outbox_why, config; recovered: since when markers that
-- this database does not know are no surprise; adopts: imports adopt whatever `history` says; of a tracker NAME:
-- stop:NAME how far it is stopped, foreign:NAME the instance found there, accepted:NAME those a person accepted,
-- again:NAME when it began to be imported again, clock:NAME how far its clock was ever off ("LEAST MOST", ms)

CREATE TABLE tracker (
  name TEXT PRIMARY KEY, connector TEXT NOT NULL, role TEXT NOT NULL, url TEXT NOT NULL,
  cursor TEXT,                              -- JSON; moves only with what was read
  import TEXT NOT NULL DEFAULT 'none' CHECK (import IN ('none', 'running', 'done')),
  import_began INTEGER NOT NULL DEFAULT 0,  -- tracker's clock, whole second
  imported INTEGER NOT NULL DEFAULT 0,
  clock_offset INTEGER NOT NULL DEFAULT 0,  -- tracker's clock minus ours, ms
  last_poll INTEGER NOT NULL DEFAULT 0, last_ok INTEGER NOT NULL DEFAULT 0,
  last_change INTEGER NOT NULL DEFAULT 0,   -- newest `updated` seen
  top_id INTEGER NOT NULL DEFAULT 0,
  error TEXT, error_since INTEGER NOT NULL DEFAULT 0,
  paused INTEGER NOT NULL DEFAULT 0,
  stopped TEXT,                             -- why nothing is believed or written until a person says go on
  sweep_began INTEGER NOT NULL DEFAULT 0, sweep_at TEXT, -- where the running sweep stands
  versions TEXT                             -- JSON object: version -> closed
) WITHOUT ROWID;

-- The mirror of one remote incident or defect: what was last seen.
CREATE TABLE record (
  ref TEXT PRIMARY KEY, tracker TEXT NOT NULL, id TEXT NOT NULL,
  kind TEXT NOT NULL CHECK (kind IN ('incident', 'defect')),
  title TEXT NOT NULL DEFAULT '', url TEXT, state TEXT NOT NULL, outcome TEXT NOT NULL DEFAULT '',
  native_state TEXT, native_resolution TEXT,
  presence TEXT NOT NULL DEFAULT 'present', missing_looks INTEGER NOT NULL DEFAULT 0, merged_into TEXT,
  service TEXT, priority TEXT, reporter TEXT, assignee TEXT, version TEXT, version_closed INTEGER NOT NULL DEFAULT 0,
  created INTEGER NOT NULL DEFAULT 0, updated INTEGER NOT NULL DEFAULT 0, hash INTEGER NOT NULL DEFAULT 0,
  fields TEXT NOT NULL DEFAULT '{}', native TEXT NOT NULL DEFAULT '{}', allowed TEXT,
  duplicate_of TEXT,                        -- ref of the live record, as the tracker says
  state_at INTEGER NOT NULL DEFAULT 0,      -- when it came into this state (tracker's clock corrected to ours)
  version_at INTEGER NOT NULL DEFAULT 0,    -- when its target version was closed
  first_seen INTEGER NOT NULL, last_seen INTEGER NOT NULL, detailed_at INTEGER NOT NULL DEFAULT 0,
  outcome_set TEXT,                         -- said by a person, for a defect closed without one
  fresh INTEGER NOT NULL DEFAULT 0,         -- found by an import, and not decided on yet: what is asserted first is adopted
  forgotten INTEGER NOT NULL DEFAULT 0,     -- persons and texts stay blank
  excluded INTEGER NOT NULL DEFAULT 0,      -- a person took a deleted defect out of the reckoning
  UNIQUE (tracker, id)
) WITHOUT ROWID;
CREATE INDEX record_kind ON record (kind, state, updated);
CREATE INDEX record_version ON record (tracker, version) WHERE version IS NOT NULL;
CREATE INDEX record_duplicate ON record (duplicate_of) WHERE duplicate_of IS NOT NULL;
CREATE INDEX record_updated ON record (updated);

-- What the bridge remembers of an incident.
CREATE TABLE incident (
  ref TEXT PRIMARY KEY REFERENCES record (ref),
  verdict TEXT NOT NULL DEFAULT 'unlinked', was TEXT NOT NULL DEFAULT 'unlinked',
  turn INTEGER NOT NULL DEFAULT 0, turn_at INTEGER NOT NULL DEFAULT 0,
  linked_at INTEGER NOT NULL DEFAULT 0, delivered_at INTEGER NOT NULL DEFAULT 0,
  was_linked INTEGER NOT NULL DEFAULT 0,
  policy TEXT,                              -- JSON: the values that apply since this turn began
  adopted_turn INTEGER NOT NULL DEFAULT -1, -- this turn began as already asserted
  quiet_turn INTEGER NOT NULL DEFAULT -1,   -- this turn was begun by `policy apply`: no notes
  adopted_open INTEGER NOT NULL DEFAULT 0,
  ignored INTEGER NOT NULL DEFAULT 0,
  asserted TEXT, asserted_turn INTEGER NOT NULL DEFAULT -1, asserted_at INTEGER NOT NULL DEFAULT 0, -- last confirmed state
  overridden INTEGER NOT NULL DEFAULT 0,    -- a later read showed another state than asserted
  own_reopen INTEGER NOT NULL DEFAULT 0,    -- this pending was caused by the bridge's own reopening of a defect
  outcome TEXT NOT NULL DEFAULT '',         -- as the bridge asserts it; "" nothing asserted
  outcome_set TEXT, outcome_reason TEXT,    -- by a person
  came_back_at INTEGER NOT NULL DEFAULT 0, came_back_acked INTEGER NOT NULL DEFAULT 0, came_back_by TEXT,
  decision TEXT                             -- JSON: {rule, facts, did, why, would_change}
) WITHOUT ROWID;

CREATE TABLE problem (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  known_error INTEGER NOT NULL DEFAULT 0, title TEXT NOT NULL, symptom TEXT, error_code TEXT, service TEXT, items TEXT,
  product TEXT, version TEXT, impact INTEGER NOT NULL DEFAULT 0, urgency INTEGER NOT NULL DEFAULT 0, priority TEXT,
  owner TEXT, grp TEXT, proactive INTEGER NOT NULL DEFAULT 0, cause TEXT, cause_at INTEGER NOT NULL DEFAULT 0,
  workaround TEXT, workaround_at INTEGER NOT NULL DEFAULT 0, customer_text TEXT,
  published_text TEXT, revision INTEGER NOT NULL DEFAULT 0, confirmed_at INTEGER NOT NULL DEFAULT 0,
  solution TEXT, fixed_in TEXT, resolution TEXT NOT NULL DEFAULT '', reason TEXT, accepted_by TEXT,
  review INTEGER NOT NULL DEFAULT 0, duplicate_of INTEGER NOT NULL DEFAULT 0, change_request TEXT,
  analysis_target INTEGER NOT NULL DEFAULT 0, created INTEGER NOT NULL, known INTEGER NOT NULL DEFAULT 0,
  closed INTEGER NOT NULL DEFAULT 0, resolved_at INTEGER NOT NULL DEFAULT 0, reopened INTEGER NOT NULL DEFAULT 0,
  delivery TEXT NOT NULL DEFAULT 'none', serial INTEGER NOT NULL DEFAULT 0, delivered_at INTEGER NOT NULL DEFAULT 0,
  status TEXT NOT NULL DEFAULT 'detected',  -- derived
  fingerprint INTEGER NOT NULL DEFAULT 0,   -- of what its incidents depend on
  automatic INTEGER NOT NULL DEFAULT 0,     -- made by a reference; undone when nothing holds it
  held_acked INTEGER NOT NULL DEFAULT -1,   -- serial whose did-not-hold a person has seen
  declined_acked INTEGER NOT NULL DEFAULT 0,-- serial for which a manager pushed back
  decision TEXT                             -- JSON, as incident.decision
);
-- Published customer-safe texts, one a revision.
CREATE TABLE problem_text (problem INTEGER NOT NULL, revision INTEGER NOT NULL, text TEXT NOT NULL,
  at INTEGER NOT NULL, by TEXT, PRIMARY KEY (problem, revision)) WITHOUT ROWID;

-- Evidence (domain.md 2): exactly two of incident, defect, problem are set.
CREATE TABLE evidence (
  n INTEGER PRIMARY KEY AUTOINCREMENT,
  incident TEXT NOT NULL DEFAULT '', defect TEXT NOT NULL DEFAULT '', problem INTEGER NOT NULL DEFAULT 0,
  origin TEXT NOT NULL DEFAULT '',          -- ref of the record in which it stands; '' a person's act in page, CLI or API
  source TEXT NOT NULL,                     -- field, text, relation, person, suggestion, creation
  place TEXT NOT NULL DEFAULT '',           -- "field Defect", "subject", "comment 78"
  actor TEXT, at INTEGER NOT NULL, suggested INTEGER NOT NULL DEFAULT 0, quote TEXT,
  seen INTEGER NOT NULL,
  CHECK ((incident <> '') + (defect <> '') + (problem <> 0) = 2),
  UNIQUE (incident, defect, problem, origin, source, place)
);
CREATE INDEX evidence_incident ON evidence (incident);
CREATE INDEX evidence_defect ON evidence (defect);
CREATE INDEX evidence_problem ON evidence (problem);
CREATE INDEX evidence_origin ON evidence (origin);
-- a: record; b: record or "P-12". Evidence of the pair stands only if it is newer.
CREATE TABLE rejection (a TEXT NOT NULL, b TEXT NOT NULL, at INTEGER NOT NULL, after_n INTEGER NOT NULL, actor TEXT,
  PRIMARY KEY (a, b)) WITHOUT ROWID;

-- Links that follow from the evidence; only confirmed ones have effects.
CREATE TABLE link (
  problem INTEGER NOT NULL REFERENCES problem (id), ref TEXT NOT NULL, kind TEXT NOT NULL CHECK (kind IN ('incident', 'defect')),
  status TEXT NOT NULL CHECK (status IN ('suggested', 'confirmed', 'rejected')),
  linked_at INTEGER NOT NULL, automatic INTEGER NOT NULL DEFAULT 0, PRIMARY KEY (problem, ref)
) WITHOUT ROWID;
CREATE INDEX link_ref ON link (ref, status);

-- Mirrored values (law 1): what the bridge last computed for a field, and what it last saw itself write.
CREATE TABLE value (ref TEXT NOT NULL, field TEXT NOT NULL, computed TEXT NOT NULL, revision INTEGER NOT NULL,
  written TEXT, written_at INTEGER NOT NULL DEFAULT 0, PRIMARY KEY (ref, field)) WITHOUT ROWID;

CREATE TABLE batch (id INTEGER PRIMARY KEY AUTOINCREMENT, problem INTEGER NOT NULL DEFAULT 0, cause TEXT NOT NULL,
  state TEXT NOT NULL DEFAULT 'gathering' CHECK (state IN ('gathering', 'released', 'braked')),
  tells INTEGER NOT NULL DEFAULT 0, moves INTEGER NOT NULL DEFAULT 0, created INTEGER NOT NULL);

CREATE INDEX batch_state ON batch (state);
CREATE INDEX problem_duplicate ON problem (duplicate_of) WHERE duplicate_of <> 0;

-- The outbox.
CREATE TABLE effect (
  n INTEGER PRIMARY KEY AUTOINCREMENT, ref TEXT NOT NULL,
  kind TEXT NOT NULL CHECK (kind IN ('state', 'field', 'note', 'link', 'create')),
  key TEXT NOT NULL UNIQUE, want TEXT NOT NULL, from_states TEXT,
  state TEXT NOT NULL DEFAULT 'pending' CHECK (state IN ('pending', 'in-flight', 'unsure', 'done', 'superseded', 'parked')),
  reason TEXT NOT NULL, problem INTEGER NOT NULL DEFAULT 0, turn INTEGER NOT NULL DEFAULT 0,
  batch INTEGER NOT NULL DEFAULT 0, decision INTEGER NOT NULL DEFAULT 0,
  adopted INTEGER NOT NULL DEFAULT 0,       -- spent without leaving: history adopted, or record ignored
  marker TEXT,                              -- the word in a note's or a created record's marker
  attempts INTEGER NOT NULL DEFAULT 0, looks INTEGER NOT NULL DEFAULT 0, error TEXT, echo TEXT, outcome_note TEXT,
  created INTEGER NOT NULL, not_before INTEGER NOT NULL DEFAULT 0, sent INTEGER NOT NULL DEFAULT 0,
  alive INTEGER NOT NULL DEFAULT 0,         -- wall clock at which its request was last alive
  settled INTEGER NOT NULL DEFAULT 0
);
CREATE INDEX effect_open ON effect (ref, n) WHERE state IN ('pending', 'in-flight', 'unsure', 'parked');
CREATE INDEX effect_state ON effect (state);
CREATE INDEX effect_batch ON effect (batch) WHERE batch <> 0;
CREATE INDEX effect_ref ON effect (ref);
CREATE INDEX effect_problem ON effect (problem, kind) WHERE problem <> 0;
CREATE INDEX effect_marker ON effect (marker) WHERE marker IS NOT NULL;

CREATE TRIGGER effect_begins BEFORE INSERT ON effect WHEN NEW.state NOT IN ('pending', 'superseded')
BEGIN SELECT RAISE(ABORT, 'an effect begins pending'); END;
CREATE TRIGGER effect_stays BEFORE DELETE ON effect
BEGIN SELECT RAISE(ABORT, 'no effect is deleted (law 9)'); END;
CREATE TRIGGER effect_moves BEFORE UPDATE OF state ON effect WHEN OLD.state <> NEW.state AND NOT (
     (OLD.state = 'pending' AND NEW.state IN ('in-flight', 'superseded', 'parked', 'done'))
  OR (OLD.state = 'in-flight' AND NEW.state IN ('done', 'unsure', 'pending', 'parked'))
  OR (OLD.state = 'unsure' AND NEW.state IN ('done', 'pending', 'parked'))
  OR (OLD.state = 'superseded' AND OLD.adopted = 1 AND NEW.state = 'pending')
  OR (OLD.state = 'parked' AND NEW.state IN ('pending', 'superseded', 'done')))
BEGIN SELECT RAISE(ABORT, 'an effect cannot move so'); END;
CREATE TRIGGER effect_keeps BEFORE UPDATE OF key, ref, kind ON effect
BEGIN SELECT RAISE(ABORT, 'an effect keeps its key, record and kind'); END;

-- What has to be decided (law 4); worked off in short transactions.
CREATE TABLE due (kind TEXT NOT NULL CHECK (kind IN ('incident', 'defect', 'problem')), id TEXT NOT NULL,
  batch INTEGER NOT NULL DEFAULT 0, adopt INTEGER NOT NULL DEFAULT 0, cause TEXT, PRIMARY KEY (kind, id)) WITHOUT ROWID;
-- ... and what has to be decided again at a time.
CREATE TABLE again (kind TEXT NOT NULL, id TEXT NOT NULL, at INTEGER NOT NULL, PRIMARY KEY (kind, id)) WITHOUT ROWID;
CREATE INDEX again_at ON again (at);

-- Records to be read whole: changed ones (the list tells only that they changed), and references
-- to records that are not mirrored, which the sweep looks up again.
CREATE TABLE lookup (ref TEXT PRIMARY KEY, next INTEGER NOT NULL, tries INTEGER NOT NULL DEFAULT 0, why TEXT,
  hash INTEGER NOT NULL DEFAULT 0,          -- of the list's element that asked for this read
  adopt INTEGER NOT NULL DEFAULT 0) WITHOUT ROWID;
CREATE INDEX lookup_next ON lookup (next, ref);

CREATE TABLE attention (
  n INTEGER PRIMARY KEY AUTOINCREMENT, kind TEXT NOT NULL, subject TEXT NOT NULL, -- ref, "P-12", "effect:31" or tracker
  text TEXT NOT NULL, who TEXT NOT NULL, clear TEXT NOT NULL, since INTEGER NOT NULL, UNIQUE (kind, subject));
CREATE INDEX attention_subject ON attention (subject);

-- Append-only: all that was seen, decided, written, refused; by whom; why.
CREATE TABLE journal (
  n INTEGER PRIMARY KEY AUTOINCREMENT, at INTEGER NOT NULL, actor TEXT NOT NULL, -- "bridge", "tracker:ACCOUNT", "cli:USER"
  what TEXT NOT NULL,                       -- seen, linked, unlinked, rejected, turn, decided, written, refused, override, person, ...
  ref TEXT NOT NULL DEFAULT '', problem INTEGER NOT NULL DEFAULT 0, effect INTEGER NOT NULL DEFAULT 0,
  text TEXT NOT NULL, data TEXT);
CREATE INDEX journal_ref ON journal (ref, n);
CREATE INDEX journal_problem ON journal (problem, n) WHERE problem <> 0;
CREATE TRIGGER journal_stays BEFORE DELETE ON journal
BEGIN SELECT RAISE(ABORT, 'the journal is append-only'); END;

CREATE TABLE quarantine (tracker TEXT NOT NULL, id TEXT NOT NULL, why TEXT NOT NULL, since INTEGER NOT NULL,
  PRIMARY KEY (tracker, id)) WITHOUT ROWID;

-- Full text over what people look for.
CREATE VIRTUAL TABLE search USING fts5 (ref UNINDEXED, title, body, tokenize = 'unicode61');
